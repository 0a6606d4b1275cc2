/* SPDX-License-Identifier: MIT */
#include "sync/pop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "sync/fetch.h"
#include "sync/head.h"
#include "sync/intake.h"
#include "sync/link.h"
#include "sync/popname.h"
#include "sync/popplan.h"
#include "base/banned.h"

enum {
    ROWS_AT_ONCE = 200, /* in one transaction */
    RUN_MOST = 4096,    /* messages asked for in one run */
    PASS_OVER = 4       /* times FETCH_MESSAGE_MAX: what is still longer has no end */
};

/* Messages that are fetched in runs. */
struct batch {
    const struct popplan_item **items;
    size_t n, done; /* so many were asked for and answered */
    enum intake_what what;
};

struct visit {
    struct sync_account *w;
    struct arena *a;
    struct pop3 *pop;
    struct cache_folder inbox;
    struct popplan_state state;
    const struct popplan *plan;
    struct batch batch;
    int64_t began; /* of the run, monotonic ms */
    struct intake *in;
    uint64_t size; /* of the message that comes in, so far */
    size_t refused;
};

/* NULL on failure; *refused: the server did not take the login. */
static struct pop3 *open_once(struct sync_account *w, bool *refused, struct error *err)
{
    struct net_login login;
    *refused = false;
    if (account_login(w, NET_POP3, &login, err) < 0)
        return NULL;
    account_state(w, "connecting", "");
    struct pop3_options o = {
        .endpoint = account_endpoint(w->cfg, NET_POP3),
        .login = &login,
        .cancel = w->cancel,
        .log = w->log,
        .connect_ms = LINK_CONNECT_MS,
        .wait_ms = LINK_SILENCE_MS,
    };
    struct pop3 *p = pop3_open(&o, err);
    *refused = p == NULL && err->code == ERR_AUTH && err->retry == RETRY_NEVER;
    return p;
}

static struct pop3 *visit_open(struct sync_account *w, struct error *err)
{
    bool refused;
    struct pop3 *p = open_once(w, &refused, err);
    if (refused && account_token_again(w, err))
        p = open_once(w, &refused, err);
    if (refused)
        account_password_refuse(w);
    return p;
}

/* ------------------------------------------------------------------ rows */

typedef int rows_fn(struct visit *v, const struct str *uids, size_t n, struct error *err);

static int rows_gone(struct visit *v, const struct str *uids, size_t n, struct error *err)
{
    return cache_pop_gone(v->w->cache, v->w->id, uids, n, v->state.now, err);
}

static int rows_forget(struct visit *v, const struct str *uids, size_t n, struct error *err)
{
    return cache_pop_forget(v->w->cache, v->w->id, uids, n, err);
}

static int rows_deleting(struct visit *v, const struct str *uids, size_t n, struct error *err)
{
    return cache_pop_deleting(v->w->cache, v->w->id, uids, n, err);
}

static int rows_kept(struct visit *v, const struct str *uids, size_t n, struct error *err)
{
    return cache_pop_kept(v->w->cache, v->w->id, uids, n, err);
}

static int rows_do(struct visit *v, rows_fn *step, const struct str *uids, size_t n,
                   struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i += ROWS_AT_ONCE)
        rc = step(v, uids + i, n - i < ROWS_AT_ONCE ? n - i : ROWS_AT_ONCE, err);
    return rc;
}

static int rows_read(struct visit *v, struct error *err)
{
    struct cache_pop *rows;
    int rc = cache_pop_all(v->w->cache, v->a, v->w->id, &rows, &v->state.rows_n, err);
    v->state.rows = rows;
    return rc;
}

/* Another server, or another mailbox there, may give the same unique-ids to other messages: to take
 * them for known would be to delete there what never came here. */
static int64_t server_number(const struct config_server *s)
{
    unsigned char digest[32];
    int64_t number = 0;
    char *where = xasprintf("%s\n%s\n%u", s->host, s->user, s->port);
    struct hash *h = hash_new();
    hash_add(h, str_c(where));
    hash_end(&h, digest);
    free(where);
    for (size_t i = 0; i < 7; i++)
        number = number << 8 | digest[i];
    return number;
}

static int plan_make(struct visit *v, struct error *err)
{
    const struct pop3_entry *entries;
    struct pop3_entry *named;
    struct popplan_item *items;
    size_t n;
    if (pop3_list(v->pop, &entries, &n, err) != 0)
        return -1;
    if (popname_needed(entries, n)) {
        if (popname_make(v->pop, v->a, entries, n, &named, err) != 0)
            return -1;
        entries = named;
    }
    if (popplan_items(v->a, entries, n, &items, &v->state.items_n, err) != 0 ||
        cache_pop_server(v->w->cache, v->w->id, server_number(&v->w->cfg->in), v->state.now, err) !=
            0 ||
        rows_read(v, err) != 0)
        return -1;
    v->state.items = items;
    v->refused = n - v->state.items_n;
    v->plan = popplan(v->a, &v->state);
    if (v->plan->gone_n > 0)
        log_line(v->w->log, LOG_INFO, "%s: %zu messages are no longer on the server",
                 v->w->cfg->name, v->plan->gone_n);
    if (rows_do(v, rows_gone, v->plan->gone, v->plan->gone_n, err) != 0)
        return -1;
    return rows_do(v, rows_forget, v->plan->forget, v->plan->forget_n, err);
}

/* ------------------------------------------------------------------ what is new */

/* The server said it was smaller. It stays there, and the rest of it is passed over, but not for
 * ever. */
static int endless(struct visit *v, size_t i, uint64_t size, bool last, struct error *err)
{
    if (size / FETCH_MESSAGE_MAX >= PASS_OVER)
        return error_set(err, ERR_LIMIT, RETRY_LATER, _("%s says more than tmail can take"),
                         v->w->cfg->in.host);
    if (last) {
        v->refused++;
        log_line(v->w->log, LOG_ERROR, "%s: message %u is larger than the server said",
                 v->w->cfg->name, v->batch.items[i]->entry->number);
    }
    if (!intake_is_open(v->in))
        return 0;
    if (intake_bytes(v->in, (struct str){ "", 0 }, true, err) != 0)
        return -1;
    return intake_end(v->in, NULL, err);
}

static int message_end(struct visit *v, size_t i, struct error *err)
{
    const struct popplan_item *item = v->batch.items[i];
    bool whole = v->batch.what == INTAKE_WHOLE;
    struct intake_facts facts = { .received = v->state.now,
                                  .size = whole ? 0 : item->entry->size,
                                  .where.folder = v->inbox.id,
                                  .pop = item->uid };
    v->w->fetched -= whole && item->again; /* the intake counts it */
    if (whole)
        account_progress(v->w, v->inbox.name, (int64_t)i + 1, (int64_t)v->batch.n, 0);
    return intake_end(v->in, &facts, err);
}

static int on_chunk(void *arg, size_t i, struct str bytes, bool last, struct error *err)
{
    struct visit *v = arg;
    i += v->batch.done;
    v->size += bytes.n;
    uint64_t size = v->size;
    if (last)
        v->size = 0;
    if (size > FETCH_MESSAGE_MAX)
        return endless(v, i, size, last, err);
    if (intake_bytes(v->in, bytes, last, err) != 0)
        return -1;
    return last ? message_end(v, i, err) : 0;
}

/* It is asked for again the next time, if it is still listed then. */
static int on_refused(void *arg, size_t i, const char *words, struct error *err)
{
    struct visit *v = arg;
    (void)err;
    v->refused++;
    log_line(v->w->log, LOG_ERROR, "%s: message %u: %s", v->w->cfg->name,
             v->batch.items[v->batch.done + i]->entry->number, words);
    return 0;
}

static bool on_enough(void *arg)
{
    const struct visit *v = arg;
    return clock_mono_ms() - v->began >= FETCH_RUN_MS || v->w->urgent(v->w->between_arg);
}

/* As many of the next as are answered within FETCH_RUN_MS. */
static int run(struct visit *v, struct pop3_entry *entries, struct error *err)
{
    struct batch *b = &v->batch;
    size_t n = b->n - b->done < RUN_MOST ? b->n - b->done : RUN_MOST, answered = 0;
    for (size_t i = 0; i < n; i++)
        entries[i] = *b->items[b->done + i]->entry;
    v->began = clock_mono_ms();
    v->in = intake_new(v->w, b->what, err);
    if (v->in == NULL)
        return -1;
    int rc =
        pop3_fetch(v->pop, entries, n, b->what == INTAKE_WHOLE ? -1 : 0,
                   &(struct pop3_handler){
                       .chunk = on_chunk, .refused = on_refused, .enough = on_enough, .arg = v },
                   &answered, err);
    b->done += answered;
    return intake_finish(&v->in, rc, err);
}

/* All of a batch, with what is urgent in between. */
static int batch_fetch(struct visit *v, const struct popplan_item **items, size_t n,
                       enum intake_what what, struct error *err)
{
    struct pop3_entry *entries = arena_array(v->a, n < RUN_MOST ? n : RUN_MOST, sizeof *entries);
    int rc = 0;
    v->batch = (struct batch){ .items = items, .n = n, .what = what };
    while (rc == 0 && v->batch.done < n) {
        rc = v->w->between(v->w->between_arg, err);
        if (rc == 0)
            rc = run(v, entries, err);
    }
    return rc;
}

/* The person is told when its headers come, once; where the server cannot give headers alone
 * (RFC 1939 §7: TOP is optional) each time. */
static int large_fetch(struct visit *v, struct error *err)
{
    const struct popplan *p = v->plan;
    for (size_t i = 0; i < p->large_n; i++) {
        struct error why = { 0 };
        (void)fetch_too_large(p->large[i]->entry->size, &why);
        account_prefix(v->w, &why);
        account_error(v->w, &why);
    }
    if (p->large_n == 0 || (pop3_caps(v->pop) & POP3_CAP_TOP) == 0)
        return 0;
    return batch_fetch(v, p->large, p->large_n, INTAKE_HEADERS, err);
}

static int messages_fetch(struct visit *v, struct error *err)
{
    const struct popplan *p = v->plan;
    if (p->fetch_n > 0)
        account_progress(v->w, v->inbox.name, 0, (int64_t)p->fetch_n, 0);
    if (batch_fetch(v, p->fetch, p->fetch_n, INTAKE_WHOLE, err) != 0 || large_fetch(v, err) != 0)
        return -1;
    return commit_flush(v->w->commit, err);
}

static void refused_say(struct visit *v)
{
    struct error why = { 0 };
    if (v->refused == 0)
        return;
    (void)error_set(&why, ERR_REFUSED, RETRY_LATER,
                    P_("the server did not give %zu new message; it is tried again",
                       "the server did not give %zu new messages; they are tried again",
                       v->refused),
                    v->refused);
    account_prefix(v->w, &why);
    account_error(v->w, &why);
}

/* ------------------------------------------------------------------ what may go there */

/* What DELE was sent for. */
struct due {
    struct str *uids; /* those that the server marked first */
    size_t n, marked;
};

/* The server's answers: what it did not mark stays as it was. */
static int due_sort(struct visit *v, const struct popplan_item *const *items, const bool *marked,
                    struct due *due, struct error *err)
{
    size_t refused = due->n;
    due->marked = 0;
    for (size_t i = 0; i < due->n; i++)
        if (marked[i])
            due->uids[due->marked++] = arena_str(v->a, items[i]->uid); /* outlives the link */
    for (size_t i = due->n; i-- > 0;)
        if (!marked[i])
            due->uids[--refused] = items[i]->uid;
    if (refused < due->n)
        log_line(v->w->log, LOG_ERROR, "%s: %zu messages were not deleted: the server refused it",
                 v->w->cfg->name, due->n - refused);
    return rows_do(v, rows_kept, due->uids + refused, due->n - refused, err);
}

/* Marks what is due on the server. That it is safe here, and about to go there, is on the disk
 * before. */
static int due_delete(struct visit *v, struct due *due, struct error *err)
{
    if (rows_read(v, err) != 0)
        return -1;
    const struct popplan_item **items = popplan_due(v->a, &v->state, &due->n);
    if (due->n == 0)
        return 0;
    struct pop3_entry *entries = arena_array(v->a, due->n, sizeof *entries);
    bool *marked = arena_array(v->a, due->n, sizeof *marked);
    due->uids = arena_array(v->a, due->n, sizeof *due->uids);
    for (size_t i = 0; i < due->n; i++) {
        entries[i] = *items[i]->entry;
        due->uids[i] = items[i]->uid;
    }
    if (rows_do(v, rows_deleting, due->uids, due->n, err) != 0)
        return -1;
    (void)sys_fault(FAULT_EXIT, "pop3 before dele");
    if (pop3_dele(v->pop, entries, due->n, marked, err) != 0 ||
        due_sort(v, items, marked, due, err) != 0)
        return -1;
    (void)sys_fault(FAULT_EXIT, "pop3 before quit");
    return 0;
}

/* Only what was marked makes the answer matter: where it is lost the rows say so, and the next
 * visit sees what became of it. What is said to be gone holds nothing back from now on: the server
 * may give its unique-id to another message before we come again. */
static int leave(struct visit *v, const struct due *due, struct error *err)
{
    struct error lost = { 0 };
    int rc = pop3_quit(&v->pop, &lost);
    (void)sys_fault(FAULT_EXIT, "pop3 after quit");
    if (due->marked == 0)
        return 0;
    if (rc == 0)
        return rows_do(v, rows_gone, due->uids, due->marked, err);
    *err = lost;
    return -1;
}

static int visit_do(struct visit *v, struct error *err)
{
    struct due due = { 0 };
    v->pop = visit_open(v->w, err);
    if (v->pop == NULL)
        return -1;
    account_state(v->w, "syncing", "");
    if (plan_make(v, err) != 0 || messages_fetch(v, err) != 0)
        return -1;
    refused_say(v);
    if (due_delete(v, &due, err) != 0)
        return -1;
    return leave(v, &due, err);
}

/* The INBOX, or 1 where another folder was asked for. */
static int inbox_find(struct visit *v, struct str only, struct error *err)
{
    struct sync_account *w = v->w;
    struct cache_folder f;
    int rc = cache_folder_by_role(w->cache, v->a, w->id, ROLE_INBOX, &v->inbox, err);
    if (rc != 0 || only.n == 0 || str_eq(only, v->inbox.name))
        return rc;
    rc = cache_folder_by_name(w->cache, v->a, w->id, only, &f, err);
    if (rc == 1)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no folder %.*s"), STR_ARG(only));
    return rc == 0 ? 1 : -1;
}

int pop_pass(struct sync_account *w, struct str only, struct error *err)
{
    struct visit v = { .w = w,
                       .a = arena_new(1 << 16),
                       .state = { .now = clock_wall_ms() / 1000,
                                  .keep_days = w->cfg->keep_days,
                                  .body_max = FETCH_MESSAGE_MAX } };
    struct error also = { 0 };
    int rc = inbox_find(&v, only, err);
    if (rc == 0)
        rc = visit_do(&v, err);
    pop3_close(&v.pop);
    /* What a pass that broke off left with the commit thread is stored as far as it is whole. */
    if (rc < 0 && commit_flush(w->commit, &also) != 0)
        log_line(w->log, LOG_ERROR, "%s: %s", w->cfg->name, also.text);
    arena_free(&v.a);
    return rc < 0 ? -1 : 0;
}
