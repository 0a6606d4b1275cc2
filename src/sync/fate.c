/* SPDX-License-Identifier: MIT */
#include "sync/fate.h"

#include "base/clock.h"
#include "sync/say.h"
#include "sync/sched.h"
#include "base/banned.h"

static int close_all(struct sync_account *w, const struct cache_op *ops, size_t n,
                     enum cache_fate fate, int64_t retry_at, const struct error *why,
                     struct error *err)
{
    int rc = cache_begin(w->cache, fate == FATE_FAILED, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = cache_journal_close(w->cache, ops[i].id, fate, 0, retry_at, why, err);
    if (rc == 0)
        rc = cache_commit(w->cache, err);
    if (rc != 0)
        cache_rollback(w->cache);
    return rc;
}

int fate_later(struct sync_account *w, const struct cache_op *ops, size_t n, int64_t wait_s,
               struct error *err)
{
    return close_all(w, ops, n, FATE_LATER, clock_wall_ms() / 1000 + wait_s, NULL, err);
}

int fate_failed(struct sync_account *w, const struct cache_op *ops, size_t n,
                const struct error *why, struct error *err)
{
    struct error said = *why;
    account_prefix(w, &said);
    if (close_all(w, ops, n, FATE_FAILED, 0, &said, err) != 0)
        return -1;
    say_event(w->events, &(struct bus_event){ .kind = EVENT_OP_FAILED,
                                              .account = str_c(w->cfg->name),
                                              .text = str_c(said.text) });
    if (ops[0].folder != 0)
        account_folder_changed(w, ops[0].folder);
    if (ops[0].target != 0)
        account_folder_changed(w, ops[0].target);
    return 0;
}

int fate_refused(struct sync_account *w, const struct cache_op *ops, size_t n,
                 const struct error *why, struct error *err)
{
    if (why->retry != RETRY_LATER)
        return fate_failed(w, ops, n, why, err);
    return fate_later(w, ops, n, sync_sched_backoff_ms(ops[0].attempts + 1, 500) / 1000, err);
}
