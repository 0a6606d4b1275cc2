/* SPDX-License-Identifier: MIT */
#include "sync/outbox.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "sync/attempt.h"
#include "sync/judge.h"
#include "sync/say.h"
#include "base/banned.h"

enum { SOON_SIZE = 64 << 10 };

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

static void entry_say(struct sync_account *w, const struct outbox_entry *e)
{
    static const char *const names[] = { [OUTBOX_QUEUED] = "queued",
                                         [OUTBOX_SENDING] = "sending",
                                         [OUTBOX_DOUBT] = "doubt",
                                         [OUTBOX_FAILED] = "failed",
                                         [OUTBOX_SENT] = "sent" };
    say_event(w->events, &(struct bus_event){ .kind = EVENT_OUTBOX,
                                              .id = e->id,
                                              .account = str_c(w->cfg->name),
                                              .state = str_c(names[e->state]),
                                              .text = e->reason });
}

/* ------------------------------------------------------------------ what was answered */

/* All recipients have it: that is written at once and by itself; the copy and the rest follow
 * together with those of others (settle). Else the end and a copy that is due are one transaction:
 * after a crash there are both or none. */
static int end_write(struct attempt *t, struct error *err)
{
    struct cache *c = t->round->w->cache;
    if (t->entry.state == OUTBOX_SENT)
        return cache_outbox_sent(c, t->entry.id, err);
    bool copy = t->copy && t->entry.save_sent;
    if (copy)
        t->entry.save_sent = false;
    if (cache_begin(c, true, err) != 0)
        return -1;
    if (cache_outbox_update(c, &t->entry, err) == 0 && (!copy || attempt_copy_store(t, err) == 0))
        return cache_commit(c, err);
    cache_rollback(c);
    return -1;
}

static void gone_add(struct round *r, struct attempt *t)
{
    t->next = NULL;
    *r->gone_tail = t;
    r->gone_tail = &t->next;
    r->gone_n++;
}

int attempt_write(struct round *r, struct error *err)
{
    struct attempt *t = r->unwritten;
    if (t == NULL)
        return 0;
    if (t->copy)
        attempt_copy_prepare(t);
    if (end_write(t, err) != 0)
        return -1;
    r->unwritten = NULL;
    r->w->sent += t->copy;
    entry_say(r->w, &t->entry);
    if (t->entry.state == OUTBOX_SENT)
        gone_add(r, t);
    else
        attempt_free(&t);
    return 0;
}

static int gone_store(struct round *r, struct error *err)
{
    struct cache *c = r->w->cache;
    for (struct attempt *t = r->gone; t != NULL; t = t->next) {
        if (t->entry.save_sent && attempt_copy_store(t, err) != 0)
            return -1;
        if (cache_outbox_drop(c, t->entry.id, err) != 0)
            return -1;
    }
    return 0;
}

static void gone_clear(struct round *r)
{
    while (r->gone != NULL) {
        struct attempt *t = r->gone;
        r->gone = t->next;
        attempt_free(&t);
    }
    r->gone_tail = &r->gone;
    r->gone_n = 0;
}

/* The copies of those that went, and their entries away, in one durable transaction. */
static int settle(struct round *r, struct error *err)
{
    if (r->gone == NULL)
        return 0;
    (void)sys_fault(FAULT_EXIT, "outbox settle");
    if (cache_begin(r->w->cache, true, err) != 0)
        return -1;
    int rc = gone_store(r, err);
    if (rc == 0)
        rc = cache_commit(r->w->cache, err);
    if (rc != 0)
        cache_rollback(r->w->cache);
    gone_clear(r);
    return rc;
}

/* NULL and *rc: 1 when there is none of that number, -1. */
static struct attempt *attempt_find(struct round *r, int64_t id, int *rc, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    *rc = cache_outbox_get(r->w->cache, a, id, &e, err);
    if (*rc == 0)
        return attempt_new(r, a, &e);
    arena_free(&a);
    return NULL;
}

/* What was SENT when an engine ended. */
static int settle_found(struct round *r, struct error *err)
{
    int64_t ids[OUTBOX_BATCH];
    size_t n;
    int rc = 0;
    while (rc == 0 && (rc = cache_outbox_unsettled(r->w->cache, r->w->id, ids, &n, err)) == 0) {
        for (size_t i = 0; rc == 0 && i < n; i++) {
            struct attempt *t = attempt_find(r, ids[i], &rc, err);
            if (t == NULL)
                break;
            attempt_copy_prepare(t);
            gone_add(r, t);
        }
        if (rc == 0)
            rc = settle(r, err);
    }
    return rc < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------ the round */

/* The copy for Sent wants the decoder: it starts while the message goes out. */
static void decoder_warm(struct sync_account *w, const struct outbox_entry *e)
{
    struct error ignored = { 0 };
    if (e->save_sent && w->decode == NULL)
        w->decode = decode_new(NULL, NULL, &ignored);
    if (e->save_sent && w->decode != NULL)
        decode_warm(w->decode);
}

static int attempt_do(struct attempt *t, struct error *err)
{
    struct round *r = t->round;
    struct outbox_entry *e = &t->entry;
    struct error why = { 0 };
    entry_say(r->w, e);
    decoder_warm(r->w, e);
    (void)sys_fault(FAULT_EXIT, "outbox taken");
    enum smtp_outcome outcome = attempt_send(t, &why);
    (void)sys_fault(FAULT_EXIT, "outbox answered");
    if (attempt_write(r, err) != 0)
        return -1;
    t->copy = judge_attempt(t->a, e, &t->env, t->which, outcome, &why, now_s());
    if (why.code != ERR_NONE)
        log_line(r->w->log, LOG_ERROR, "%s: outbox %lld: %s", r->w->cfg->name, (long long)e->id,
                 why.text);
    r->unwritten = t;
    /* Else the next one writes it along with its own mark, which comes soon. */
    bool soon = t->next != NULL && t->next->entry.size <= SOON_SIZE;
    return soon && e->state == OUTBOX_SENT ? 0 : attempt_write(r, err);
}

/* More of what is due, behind tail. 1: there is no more. */
static int queue_fill(struct round *r, int64_t began, struct attempt **tail, struct error *err)
{
    int64_t ids[OUTBOX_BATCH];
    size_t n;
    int rc = cache_outbox_take(r->w->cache, r->w->id, began, ids, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        *tail = attempt_find(r, ids[i], &rc, err);
        if (*tail != NULL)
            tail = &(*tail)->next;
        else if (rc == 1)
            rc = 0; /* it went away meanwhile */
    }
    return rc;
}

static void queue_clear(struct attempt **queue)
{
    while (*queue != NULL) {
        struct attempt *t = *queue;
        *queue = t->next;
        attempt_free(&t);
    }
}

/* It goes back to where it was taken from, later where a server could not be reached. */
static int put_back(struct attempt *t, struct error *err)
{
    struct outbox_entry *e = &t->entry;
    struct error why = t->round->unreachable;
    if (why.code == ERR_CANCELLED) {
        e->state = OUTBOX_QUEUED;
        e->attempts--;
    } else {
        (void)judge_attempt(t->a, e, &t->env, t->which, SMTP_UNSENT, &why, now_s());
    }
    return cache_outbox_update(t->round->w->cache, e, err);
}

/* No server can be reached: one durable transaction for what was taken, and for what is due besides.
 * When all is to stop that stays due. */
static int wait_all(struct round *r, int64_t began, struct attempt **queue, struct error *err)
{
    bool stopped = r->unreachable.code == ERR_CANCELLED;
    struct attempt **tail = queue;
    int rc = cache_begin(r->w->cache, true, err);
    while (rc == 0) {
        for (; rc == 0 && *tail != NULL; tail = &(*tail)->next)
            rc = put_back(*tail, err);
        if (rc == 0)
            rc = stopped ? 1 : queue_fill(r, began, tail, err);
    }
    if (rc == 1)
        rc = cache_commit(r->w->cache, err);
    if (rc < 0)
        cache_rollback(r->w->cache);
    for (struct attempt *t = *queue; rc == 0 && t != NULL; t = t->next)
        entry_say(r->w, &t->entry);
    return rc;
}

/* What goes next is known before the last one of a batch does: they share a write. */
static int queue_run(struct round *r, int64_t began, struct error *err)
{
    struct attempt *queue = NULL;
    int rc = queue_fill(r, began, &queue, err);
    while (rc == 0 && queue != NULL && r->unreachable.code == ERR_NONE) {
        struct attempt *t = queue;
        if (t->next == NULL && queue_fill(r, began, &t->next, err) < 0)
            rc = -1;
        queue = t->next;
        if (rc == 0)
            rc = attempt_do(t, err);
        if (rc != 0 && r->unwritten != t)
            attempt_free(&t);
        if (rc == 0 && r->gone_n >= OUTBOX_BATCH)
            rc = settle(r, err);
    }
    if (rc >= 0 && r->unreachable.code != ERR_NONE)
        rc = wait_all(r, began, &queue, err);
    queue_clear(&queue);
    return rc < 0 ? -1 : 0;
}

int outbox_all(struct sync_account *w, struct error *err)
{
    struct round r = { .w = w, .boot = clock_boot(), .gone_tail = &r.gone };
    int rc = w->unended ? cache_outbox_recover(w->cache, w->id, r.boot, err) : 0;
    if (rc == 0)
        rc = settle_found(&r, err);
    if (rc == 0)
        rc = queue_run(&r, now_s(), err);
    if (rc == 0)
        rc = settle(&r, err);
    w->unended = rc != 0;
    attempt_free(&r.unwritten);
    gone_clear(&r);
    smtp_close(&r.smtp);
    if (rc == 0 && r.unreachable.code != ERR_NONE) {
        *err = r.unreachable;
        rc = -1;
    }
    return rc;
}

int outbox_hurry(struct sync_account *w, int64_t id, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    int rc = cache_outbox_get(w->cache, a, id, &e, err);
    if (rc == 0 && (e.account != w->id || e.state != OUTBOX_QUEUED))
        rc = 1;
    if (rc == 0 && e.not_before > now_s()) {
        e.not_before = now_s();
        rc = cache_outbox_update(w->cache, &e, err);
    }
    arena_free(&a);
    return rc;
}

static void state_error(const struct outbox_entry *e, struct error *state)
{
    switch (e->state) {
    case OUTBOX_SENT:
        break;
    case OUTBOX_QUEUED:
    case OUTBOX_SENDING:
        (void)error_set(state, ERR_NET, RETRY_LATER, "%.*s", STR_ARG(e->reason));
        break;
    case OUTBOX_DOUBT:
        (void)error_set(state, ERR_DOUBT, RETRY_NEVER, "%.*s", STR_ARG(e->reason));
        break;
    case OUTBOX_FAILED: {
        bool address = false;
        for (size_t i = 0; i < e->rcpts_n; i++)
            address |= e->rcpts[i].code >= 500;
        (void)error_set(state, address ? ERR_ADDRESS : ERR_REFUSED, RETRY_NEVER, "%.*s",
                        STR_ARG(e->reason));
        break;
    }
    }
}

int outbox_state(struct sync_account *w, int64_t id, struct error *state, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    error_clear(state);
    int rc = cache_outbox_get(w->cache, a, id, &e, err);
    if (rc == 0)
        state_error(&e, state);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}
