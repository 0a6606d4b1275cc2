/* SPDX-License-Identifier: MIT */
#include "sync/local.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/journal.h"
#include "sync/boxes.h"
#include "sync/fetch.h"
#include "sync/folders.h"
#include "base/banned.h"

enum { PUSH_MOST = 200 }; /* operations in one transaction */

static const struct {
    enum cache_role role;
    const char *name;
} local_names[] = {
    { ROLE_INBOX, "INBOX" }, { ROLE_DRAFTS, "Drafts" },   { ROLE_SENT, "Sent" },
    { ROLE_TRASH, "Trash" }, { ROLE_ARCHIVE, "Archive" },
};

int local_folders(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(1024);
    struct cache_folder f;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(local_names); i++)
        rc = folders_need(w, a, local_names[i].role, local_names[i].name, &f, err);
    arena_free(&a);
    return rc;
}

static int op_end(struct sync_account *w, const struct cache_op *op, struct error *err)
{
    uint32_t uid = 0;
    struct error why = { 0 };
    if (op->message == 0)
        return boxes_local(w, op, err);
    int rc = op->target != 0 ? cache_folder_next_uid(w->cache, op->target, &uid, err) : 0;
    if (rc < 0)
        return -1;
    if (rc == 1)
        (void)error_set(&why, ERR_REFUSED, RETRY_NEVER, _("the folder is gone"));
    return cache_journal_close(w->cache, op->id, rc == 1 ? FATE_FAILED : FATE_DONE, uid, 0, &why,
                               err);
}

/* What is due and its end in one transaction: nobody takes an operation back between the two. */
static int batch_end(struct sync_account *w, struct cache_op *ops, size_t *n, struct error *err)
{
    int rc = cache_begin(w->cache, false, err);
    if (rc == 0)
        rc = cache_journal_due(w->cache, w->id, clock_wall_ms() / 1000, ops, n, err);
    for (size_t i = 0; rc == 0 && i < *n; i++)
        rc = op_end(w, &ops[i], err);
    if (rc == 0)
        rc = cache_commit(w->cache, err);
    if (rc != 0)
        cache_rollback(w->cache);
    return rc;
}

int local_push(struct sync_account *w, struct error *err)
{
    struct cache_op *ops = xcalloc(PUSH_MOST, sizeof *ops);
    size_t n;
    int rc;
    do {
        n = PUSH_MOST;
        rc = batch_end(w, ops, &n, err);
    } while (rc == 0 && n > 0);
    free(ops);
    return rc;
}

int local_body(struct sync_account *w, int64_t message, struct error *err)
{
    struct arena *a = arena_new(1024);
    struct cache_row row;
    int rc = cache_row_get(w->cache, a, message, 0, &row, err);
    if (rc == 0 && (row.flags & CACHE_BODY_HERE) == 0)
        rc = row.size > FETCH_MESSAGE_MAX ? fetch_too_large(row.size, err) : 1;
    arena_free(&a);
    return rc;
}
