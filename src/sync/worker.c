/* SPDX-License-Identifier: MIT */
#include "sync/worker.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/journal.h"
#include "sync/boxes.h"
#include "sync/link.h"
#include "sync/local.h"
#include "sync/outbox.h"
#include "sync/pop.h"
#include "sync/pull.h"
#include "sync/push.h"
#include "sync/say.h"
#include "sync/sched.h"
#include "sync/searches.h"
#include "sync/spool.h"
#include "sync/spoolwatch.h"
#include "sync/watch.h"
#include "base/banned.h"

enum {
    PASSWORD_MAX = 64 << 10,
    ASK_MS = 180000, /* so long a question for a password stands */
    FIRST_MS = 200, /* who starts the engine says what is wanted within this time: not everything is
                       done twice then */
    QUOTA_MS = 3600000, /* so often the quota is asked for */
    HELD_BACK_MS = 2000 /* what is due but cannot be done yet is looked at again after this */
};

struct worker {
    struct sync_account acc;
    struct worker_options o;
    struct queue *wants;
    struct sync_sched sched;
    struct watch *watch;
    struct spoolwatch *spoolwatch;
    bool unwatched; /* the system cannot watch its folders */
    struct wants bodies, sends, passes, searches;
    struct wants current;   /* passes that this round answers */
    bool inbox, news, work; /* the watcher, the journal or the outbox asks for a round */
    bool full, asking, answered;
    int64_t started_at, held_until;
    int64_t quota_at; /* monotonic ms: not asked for before */
    pthread_t thread;
};

/* ------------------------------------------------------------------ what is wanted */

/* A person asks: what was given up is tried again. */
static void wake(struct worker *w)
{
    w->sched.login_needed = false;
    if (w->acc.password_refused || w->acc.out_refused)
        account_password_forget(&w->acc);
}

static void go_full(struct worker *w)
{
    if (w->full)
        return;
    w->full = true;
    w->acc.may_ask = true;
    if (w->acc.cfg->receive != RECEIVE_NONE)
        w->sched.interval_ms = w->o.cfg->sync_interval_s * 1000;
}

static bool has_mail(const struct worker *w)
{
    return w->full && w->acc.cfg->receive != RECEIVE_NONE;
}

/* Its mail lies in files of this machine. */
static bool is_spool(const struct worker *w)
{
    return w->acc.kind != NULL;
}

/* Its folders lie here alone: what a person does there waits for nobody. */
static bool is_local(const struct worker *w)
{
    return w->acc.cfg->receive == RECEIVE_POP3 || is_spool(w);
}

/* Its mail lies on a server that can be asked what it has. */
static bool has_server(const struct worker *w)
{
    return has_mail(w) && !is_local(w);
}

static void note(struct worker *w, struct want *want)
{
    switch ((enum want_kind)want->msg.kind) {
    case WANT_WORK:
        go_full(w);
        w->work = true;
        break;
    case WANT_INBOX:
        w->inbox = true;
        break;
    case WANT_NEWS:
        w->news = true;
        break;
    case WANT_NETWORK:
        w->sched.failures = 0;
        watch_network(w->watch, (enum net_change)want->id);
        break;
    case WANT_UNWATCH:
        watch_free(&w->watch);
        break;
    case WANT_PASS:
        wake(w);
        go_full(w);
        wants_add(&w->passes, want);
        return;
    case WANT_BODY:
        wake(w);
        go_full(w);
        wants_add(&w->bodies, want);
        return;
    case WANT_SEARCH:
        wake(w);
        go_full(w);
        wants_add(&w->searches, want);
        return;
    case WANT_SEND:
        wake(w);
        wants_add(&w->sends, want);
        return;
    case WANT_ANSWER:
        if (!w->asking)
            break;
        buf_clear(&w->acc.password);
        buf_add_str(&w->acc.password, buf_str(&want->text));
        w->answered = true;
        break;
    }
    msg_drop(&want->msg);
}

/* Waits for the first, takes all that are there. */
static void wants_note(struct worker *w, int wait_ms)
{
    struct msg *m = queue_take(w->wants, wait_ms);
    while (m != NULL) {
        note(w, (struct want *)m);
        m = queue_take(w->wants, 0);
    }
}

/* The password from a person; the answer comes over the bus. */
static int ask(void *arg, struct error *err)
{
    struct worker *w = arg;
    int64_t until = clock_mono_ms() + ASK_MS;
    struct bus_event ev = { .kind = EVENT_ASK,
                            .id = (int64_t)w->o.number + 1,
                            .account = str_c(w->acc.cfg->name),
                            .state = STR("password"),
                            .text = str_c(_("Password:")) };
    w->answered = false;
    w->asking = true;
    say_put(w->o.events, say_new_event(SAY_ASK, w->o.number, &ev));
    while (!w->answered && !queue_closed(w->wants) && clock_mono_ms() < until)
        wants_note(w, clock_left_ms(until));
    w->asking = false;
    if (queue_closed(w->wants))
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
    if (!w->answered || w->acc.password.len == 0)
        return error_set(
            err, ERR_AUTH, RETRY_NEVER,
            _("login needed: no password was given; set password-command for this account"));
    return 0;
}

/* ------------------------------------------------------------------ the outbox */

static void send_answer(struct worker *w, const struct want *want, const struct error *round)
{
    struct error state, err = { 0 };
    if (outbox_state(&w->acc, want->id, &state, &err) != 0)
        state = err;
    if (state.code == ERR_NET && round->code != ERR_NONE)
        state = *round;
    say_event(w->o.events, &(struct bus_event){ .kind = EVENT_DONE,
                                                .id = want->id,
                                                .account = str_c(w->acc.cfg->name),
                                                .sent = state.code == ERR_NONE,
                                                .code = (int)state.code,
                                                .text = str_c(state.text) });
}

typedef int pending_fn(struct cache *c, int64_t account, int64_t *n, int64_t *due,
                       struct error *err);

/* When the journal or the outbox has something next, wall ms; SCHED_NEVER when nothing waits or
 * nobody can tell. */
static int64_t due_at(struct worker *w, pending_fn *pending)
{
    int64_t n = 0, due = 0;
    struct error err = { 0 };
    if (pending(w->acc.cache, w->acc.id, &n, &due, &err) != 0 || due == 0)
        return SCHED_NEVER;
    return due * 1000;
}

static bool is_due(struct worker *w, pending_fn *pending)
{
    return due_at(w, pending) <= clock_wall_ms();
}

/* A trouble here does not keep new mail from coming in: it is told, and noted in *first if it is
 * the first one. */
static void outbox_round(struct worker *w, struct error *first)
{
    struct error err = { 0 };
    if (w->sends.head == NULL && !w->acc.unended && !is_due(w, cache_outbox_pending))
        return;
    struct wants now = w->sends;
    if (now.head == NULL)
        now.tail = &now.head;
    w->sends = (struct wants){ 0 };
    for (struct want *s = now.head; s != NULL; s = (struct want *)s->msg.next)
        if (outbox_hurry(&w->acc, s->id, &err) < 0)
            break;
    if (outbox_all(&w->acc, &err) != 0) {
        account_prefix(&w->acc, &err);
        account_error(&w->acc, &err);
        if (sync_sched_needs_login(&err))
            account_state(&w->acc, "login-needed", err.text);
        if (first->code == ERR_NONE)
            *first = err;
    }
    for (struct want *s; (s = wants_take(&now)) != NULL; msg_drop(&s->msg))
        send_answer(w, s, &err);
}

/* ------------------------------------------------------------------ the mailboxes */

static void body_answer(struct worker *w, int64_t id, const char *why_not)
{
    say_event(w->o.events,
              &(struct bus_event){ .kind = EVENT_BODY, .id = id, .text = str_c(why_not) });
}

/* POP3's messages come whole: what is not here never will be. */
static int body_get(struct worker *w, int64_t id, struct error *err)
{
    return is_local(w) ? local_body(&w->acc, id, err) : pull_body(&w->acc, id, err);
}

/* Each stays wanted until it is answered, so that a link that breaks asks again. */
static int bodies_do(struct worker *w, struct error *err)
{
    while (w->bodies.head != NULL) {
        int64_t id = w->bodies.head->id;
        int rc = body_get(w, id, err);
        if (rc < 0 && err->code != ERR_REFUSED)
            return -1;
        body_answer(w, id,
                    rc == 0   ? ""
                    : rc == 1 ? _("the message is no longer on the server")
                              : err->text);
        msg_drop(&wants_take(&w->bodies)->msg);
    }
    return 0;
}

static int push(struct worker *w, struct error *err)
{
    if (is_spool(w))
        return spool_push(&w->acc, err);
    return is_local(w) ? local_push(&w->acc, err) : push_all(&w->acc, err);
}

/* What may not wait for the end of a long fetch. */
static int between(void *arg, struct error *err)
{
    struct worker *w = arg;
    struct error first = { 0 };
    wants_note(w, 0);
    if (queue_closed(w->wants) || net_cancel_is_set(w->acc.cancel))
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
    outbox_round(w, &first);
    if (bodies_do(w, err) != 0 || push(w, err) != 0)
        return -1;
    searches_begin(&w->acc, &w->searches, has_server(w));
    return searches_do(&w->acc, &w->searches, err);
}

static bool urgent(void *arg)
{
    const struct worker *w = arg;
    struct pollfd p = { .fd = queue_fd(w->wants), .events = POLLIN };
    return poll(&p, 1, 0) > 0;
}

static bool pass_is_due(const struct worker *w)
{
    struct sync_sched s = w->sched;
    int64_t now = clock_wall_ms();
    s.work_due = SCHED_NEVER;
    s.woken = false;
    return w->passes.head != NULL || w->current.head != NULL || sync_sched_next(&s, now) <= now;
}

static int pass_one(struct worker *w, enum pull_how how, struct str only, struct error *err)
{
    if (is_spool(w))
        return spool_pass(&w->acc, how, only, err);
    return is_local(w) ? pop_pass(&w->acc, only, err) : pull_pass(&w->acc, how, only, err);
}

/* One look at everything answers all who asked for everything; folders asked for by name are done
 * one by one. */
static int passes_do(struct worker *w, struct error *err)
{
    struct str none = { "", 0 };
    bool all = w->current.head == NULL && w->passes.head == NULL;
    enum pull_how how = all ? PULL_CHANGED : PULL_ALL;
    for (struct want *p; (p = wants_take(&w->passes)) != NULL;)
        wants_add(&w->current, p);
    for (struct want *p = w->current.head; p != NULL; p = (struct want *)p->msg.next)
        all |= p->text.len == 0;
    account_state(&w->acc, "syncing", "");
    if (all && pass_one(w, how, none, err) != 0)
        return -1;
    for (struct want *p = w->current.head; p != NULL && !all; p = (struct want *)p->msg.next)
        if (pass_one(w, PULL_ALL, buf_str(&p->text), err) != 0)
            return -1;
    if (all)
        w->sched.pass_at = clock_wall_ms();
    w->inbox = w->news = false;
    return 0;
}

static int mail_do(struct worker *w, struct error *err)
{
    if (pull_folders(&w->acc, err) != 0 || bodies_do(w, err) != 0 || push(w, err) != 0 ||
        searches_do(&w->acc, &w->searches, err) != 0)
        return -1;
    if (pass_is_due(w))
        return passes_do(w, err);
    if (w->inbox && pull_inbox(&w->acc, err) != 0)
        return -1;
    w->inbox = false;
    if (w->news && pull_pass(&w->acc, PULL_CHANGED, (struct str){ "", 0 }, err) != 0)
        return -1;
    w->news = false;
    return 0;
}

/* Before the first look, so that nothing comes between the two. */
static void spoolwatch_begin(struct worker *w)
{
    struct error err = { 0 };
    if (w->spoolwatch != NULL || w->unwatched)
        return;
    w->spoolwatch = spoolwatch_start(w->acc.kind, w->acc.cfg, w->wants, w->o.log, &err);
    w->unwatched = w->spoolwatch == NULL;
    if (w->unwatched)
        log_line(w->o.log, LOG_ERROR, "%s: %s", w->acc.cfg->name, err.text);
}

/* What needs no server. */
static int local_do(struct worker *w, struct error *err)
{
    if (is_spool(w))
        spoolwatch_begin(w);
    if ((is_spool(w) ? spool_folders : local_folders)(&w->acc, err) != 0 || push(w, err) != 0)
        return -1;
    return bodies_do(w, err);
}

/* A link that died in its sleep is opened anew once, without a word. */
static int mail_link(struct worker *w, struct error *err)
{
    for (int attempt = 0;; attempt++) {
        bool slept = w->acc.imap != NULL;
        error_clear(err);
        w->acc.pass_due = pass_is_due(w);
        if (link_open(&w->acc, err) == 0 && mail_do(w, err) == 0)
            return 0;
        if (err->code != ERR_USAGE)
            link_close(&w->acc);
        bool again = (slept && err->code == ERR_NET) || err->retry == RETRY_NOW;
        if (attempt > 0 || !again || queue_closed(w->wants))
            return -1;
    }
}

static void watch_begin(struct worker *w)
{
    struct error err = { 0 };
    if (is_local(w) || w->watch != NULL || (imap_caps(w->acc.imap) & (CAP_IDLE | CAP_NOTIFY)) == 0)
        return;
    w->watch =
        watch_start(w->acc.cfg, w->o.store, buf_str(&w->acc.password), w->wants, w->o.log, &err);
    if (w->watch == NULL)
        log_line(w->o.log, LOG_ERROR, "%s", err.text);
}

static void mail_failed(struct worker *w, struct error *err)
{
    unsigned draw;
    clock_random(&draw, sizeof draw);
    sync_sched_failed(&w->sched, err, clock_wall_ms(), draw % 1000);
    account_prefix(&w->acc, err);
    if (sync_sched_needs_login(err))
        account_state(&w->acc, "login-needed", err->text);
    else if (err->code == ERR_NET || err->code == ERR_TLS || err->code == ERR_AUTH)
        account_state(&w->acc, "offline", err->text);
    else
        account_state(&w->acc, "idle", "");
    if (err->code == ERR_CANCELLED)
        w->inbox = w->news = false;
    else
        account_error(&w->acc, err);
    for (struct want *b; (b = wants_take(&w->bodies)) != NULL; msg_drop(&b->msg))
        body_answer(w, b->id, err->text);
    searches_failed(&w->acc, &w->searches, err);
    for (struct want *p; (p = wants_take(&w->passes)) != NULL;)
        wants_add(&w->current, p);
}

static bool looks_due(const struct worker *w)
{
    return w->inbox || w->news || pass_is_due(w);
}

static bool anything_due(struct worker *w)
{
    return w->bodies.head != NULL || w->searches.head != NULL || looks_due(w) ||
           is_due(w, cache_journal_pending);
}

static void mail_round(struct worker *w, struct error *first)
{
    struct error err = { 0 };
    searches_begin(&w->acc, &w->searches, has_server(w));
    if (!has_mail(w)) {
        for (struct want *p; (p = wants_take(&w->passes)) != NULL;)
            wants_add(&w->current, p);
        wants_drop(&w->bodies);
        sync_sched_worked(&w->sched);
        return;
    }
    if (!anything_due(w))
        return;
    int rc = is_local(w) ? local_do(w, &err) : 0;
    if (rc == 0 && is_local(w) && !looks_due(w))
        return;
    if (rc == 0)
        rc = is_local(w) ? passes_do(w, &err) : mail_link(w, &err);
    if (rc == 0) {
        sync_sched_worked(&w->sched);
        watch_begin(w);
        account_state(&w->acc, "idle", "");
        return;
    }
    mail_failed(w, &err);
    if (first->code == ERR_NONE)
        *first = err;
}

/* ------------------------------------------------------------------ the thread */

static void passes_answer(struct worker *w, const struct error *first)
{
    for (struct want *p; (p = wants_take(&w->current)) != NULL; msg_drop(&p->msg)) {
        struct bus_event ev = { .fetched = w->acc.fetched,
                                .sent = w->acc.sent,
                                .code = (int)first->code,
                                .later = first->code != ERR_NONE && first->retry != RETRY_NEVER,
                                .text = str_c(first->text) };
        struct say *s = say_new_event(SAY_PASS, w->o.number, &ev);
        s->request = p->request;
        say_put(w->o.events, s);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What is overdue although all was just tried is held back for a moment. */
static void hold_back(struct worker *w)
{
    int64_t now = clock_wall_ms();
    bool overdue = w->acc.unended || is_due(w, cache_outbox_pending) ||
                   (has_mail(w) && is_due(w, cache_journal_pending));
    w->held_until = overdue ? now + HELD_BACK_MS : 0;
}

static void say_state(struct worker *w, enum say_kind kind, int64_t due)
{
    struct say *s = say_new(kind, w->o.number);
    s->due = due;
    say_put(w->o.events, s);
}

/* Nobody waits for it; a link that breaks here is opened anew by the next round. */
static void quota_look(struct worker *w)
{
    struct error ignored = { 0 };
    if (w->acc.imap == NULL || clock_mono_ms() < w->quota_at)
        return;
    w->quota_at = clock_mono_ms() + QUOTA_MS;
    if (boxes_quota(&w->acc, &ignored) != 0)
        link_close(&w->acc);
}

static void round_do(struct worker *w)
{
    struct error first = { 0 };
    w->acc.fetched = w->acc.sent = 0;
    w->work = false;
    say_state(w, SAY_BUSY, 0);
    outbox_round(w, &first);
    mail_round(w, &first);
    passes_answer(w, &first);
    quota_look(w);
    if (sync_sched_needs_login(&first))
        w->sched.login_needed = true;
    hold_back(w);
}

static bool person_waits(const struct worker *w)
{
    return w->bodies.head != NULL || w->sends.head != NULL || w->passes.head != NULL ||
           w->searches.head != NULL;
}

/* The outbox has its own times: that new mail cannot be fetched does not hold it up. */
static int64_t next_at(struct worker *w, int64_t outbox_due)
{
    bool person = person_waits(w);
    int64_t now = clock_wall_ms(), held = w->held_until;
    int64_t journal_due = has_mail(w) ? due_at(w, cache_journal_pending) : SCHED_NEVER;
    w->sched.woken = person || ((w->inbox || w->news || w->work) && w->sched.failures == 0);
    if (w->acc.unended)
        outbox_due = held;
    w->sched.work_due = journal_due < held ? held : journal_due;
    int64_t next = sync_sched_next(&w->sched, now);
    if (is_local(w))
        next = earlier(next, w->sched.work_due);
    if (!w->sched.login_needed)
        next = earlier(next, outbox_due < held ? held : outbox_due);
    return person || next >= w->started_at + FIRST_MS ? next : w->started_at + FIRST_MS;
}

static int wait_for(int64_t next)
{
    int64_t wait = next == SCHED_NEVER ? INT_MAX : next - clock_wall_ms();
    return wait < 0       ? 0
           : wait > 60000 ? 60000
                          : (int)wait; /* a clock that was set is noticed within a minute */
}

static void *worker_run(void *arg)
{
    struct worker *w = arg;
    int64_t idle_said = -1;        /* with this time for the outbox; -1: not since the last round */
    prctl(PR_SET_NAME, "account"); /* as ps -L and top -H show it */
    if (has_mail(w))
        decode_warm(w->acc.decode);
    while (!queue_closed(w->wants)) {
        int64_t outbox_due = due_at(w, cache_outbox_pending);
        int64_t next = next_at(w, outbox_due);
        if (next > clock_wall_ms()) {
            if (w->sched.login_needed) /* what cannot go out keeps no engine alive */
                outbox_due = SCHED_NEVER;
            if (idle_said != outbox_due)
                say_state(w, SAY_IDLE, outbox_due);
            idle_said = outbox_due;
            wants_note(w, wait_for(next));
            continue;
        }
        net_cancel_clear(w->acc.cancel);
        if (queue_closed(w->wants))
            break;
        round_do(w);
        idle_said = -1;
        wants_note(w, 0);
    }
    watch_free(&w->watch);
    spoolwatch_free(&w->spoolwatch);
    link_close(&w->acc);
    say_state(w, SAY_ENDED, 0);
    return NULL;
}

static void worker_clear(struct worker *w)
{
    spool_home_clear(&w->acc);
    wants_drop(&w->bodies);
    wants_drop(&w->sends);
    wants_drop(&w->passes);
    wants_drop(&w->current);
    wants_drop(&w->searches);
    imap_close(&w->acc.imap);
    decode_free(&w->acc.decode);
    commit_port_free(&w->acc.commit);
    cache_close(&w->acc.cache);
    net_cancel_free(&w->acc.cancel);
    queue_free(&w->wants);
    buf_wipe(&w->acc.password);
    signin_clear(&w->acc.signin);
    free(w);
}

static int worker_make(struct worker *w, struct error *err)
{
    struct sync_account *a = &w->acc;
    w->wants = queue_new(INT_MAX, err);
    a->cancel = w->wants != NULL ? net_cancel_new(err) : NULL;
    spool_home_init(a, w->o.store);
    signin_init(&a->signin, a->cfg, w->o.store, a->cancel, w->o.log);
    a->cache = a->cancel != NULL ? cache_open(w->o.store, CACHE_WRITE, err) : NULL;
    a->commit = a->cache != NULL ? commit_port_new(w->o.commit, w->o.number, err) : NULL;
    a->decode = a->commit != NULL ? decode_new(NULL, NULL, err) : NULL;
    if (a->decode == NULL)
        return -1;
    return cache_account_id(a->cache, str_c(a->cfg->name), &a->id, err);
}

struct worker *worker_start(const struct worker_options *o, struct error *err)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->o = *o;
    w->acc = (struct sync_account){ .config = o->cfg,
                                    .cfg = &o->cfg->accounts[o->number],
                                    .events = o->events,
                                    .log = o->log,
                                    .may_ask = !o->outbox_only,
                                    .between = between,
                                    .urgent = urgent,
                                    .between_arg = w,
                                    .ask = ask,
                                    .ask_arg = w };
    buf_init(&w->acc.password, PASSWORD_MAX);
    w->started_at = clock_wall_ms();
    if (!o->outbox_only)
        go_full(w);
    if (worker_make(w, err) == 0) {
        if (pthread_create(&w->thread, NULL, worker_run, w) == 0)
            return w;
        (void)error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    }
    worker_clear(w);
    return NULL;
}

int64_t worker_account(const struct worker *w)
{
    return w->acc.id;
}

void worker_tell(struct worker *w, struct want *want)
{
    want_put(w->wants, want);
}

void worker_cancel(struct worker *w)
{
    net_cancel_set(w->acc.cancel);
}

void worker_network(struct worker *w, enum net_change what)
{
    net_cancel_network(w->acc.cancel, what);
    worker_tell(w, want_new(WANT_NETWORK, what, 0, (struct str){ "", 0 }));
}

void worker_stop(struct worker *w)
{
    queue_close(w->wants);
    net_cancel_set(w->acc.cancel);
}

void worker_free(struct worker **w)
{
    if (*w == NULL)
        return;
    worker_stop(*w);
    pthread_join((*w)->thread, NULL);
    worker_clear(*w);
    *w = NULL;
}
