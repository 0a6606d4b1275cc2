/* SPDX-License-Identifier: MIT */
#include "sync/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/message.h"
#include "cache/outbox.h"
#include "sync/commit.h"
#include "sync/roam.h"
#include "sync/say.h"
#include "sync/worker.h"
#include "base/banned.h"

enum {
    REQUESTS_MAX = 256,
    DUE_SOON_MS = 60000,
    SETTLE_MS = 100, /* so long a hint waits at most for settings to come into force */
    PLACES_MAX = 16,
    LOOK_MS = 5000 /* so often it looks whether somebody is still there: events and hints wake it at
                      once */
};

/* Somebody waits for a pass over several accounts. */
struct request {
    int64_t number, id, fetched, sent;
    unsigned client;
    size_t left; /* accounts that have not answered */
    int code;
    bool later;
    char text[ERROR_TEXT_MAX];
};

/* What an account said last: for who comes later. */
struct last {
    char state[32], text[ERROR_TEXT_MAX];
    bool asking; /* a question that nobody has answered */
};

struct engine {
    struct engine_options o;
    struct config *cfg;
    struct cache *cache;
    struct queue *events;
    struct roam *roam;
    struct commit *commit;
    struct worker **workers;
    bool *busy;
    int64_t *due;
    struct last *last;
    size_t n, ended;
    struct request requests[REQUESTS_MAX];
    size_t requests_n;
    int64_t request_last, active_at;
    struct timespec config_time;
    int wait_fd; /* events, o.stop_fd or the network */
    bool full, stop, reload;
};

/* ------------------------------------------------------------------ accounts */

static void config_stamp(struct engine *e, struct timespec *t)
{
    struct stat st;
    *t = e->o.config_path != NULL && stat(e->o.config_path, &st) == 0 ? st.st_mtim
                                                                      : (struct timespec){ 0 };
}

static int accounts_start(struct engine *e, struct error *err)
{
    e->n = e->cfg->accounts_n;
    e->ended = 0;
    e->workers = xcalloc(e->n + 1, sizeof(struct worker *));
    e->busy = xcalloc(e->n + 1, sizeof *e->busy);
    e->due = xcalloc(e->n + 1, sizeof *e->due);
    e->last = xcalloc(e->n + 1, sizeof *e->last);
    e->commit = commit_start(e->o.store, e->n, e->events, e->o.log, err);
    if (e->commit == NULL)
        return -1;
    for (size_t i = 0; i < e->n; i++) {
        e->busy[i] = true; /* until it says otherwise */
        e->due[i] = INT64_MAX;
        e->workers[i] = worker_start(&(struct worker_options){ .cfg = e->cfg,
                                                               .number = i,
                                                               .store = e->o.store,
                                                               .commit = e->commit,
                                                               .events = e->events,
                                                               .log = e->o.log,
                                                               .outbox_only = !e->full },
                                     err);
        if (e->workers[i] == NULL)
            return -1;
    }
    return 0;
}

static void accounts_free(struct engine *e)
{
    for (size_t i = 0; i < e->n && e->workers != NULL; i++)
        worker_free(&e->workers[i]);
    commit_stop(&e->commit);
    free(e->workers);
    free(e->busy);
    free(e->due);
    free(e->last);
    e->workers = NULL;
    e->busy = NULL;
    e->due = NULL;
    e->last = NULL;
    e->n = 0;
}

static void say_error(struct engine *e, unsigned client, const struct error *why)
{
    log_line(e->o.log, LOG_ERROR, "%s", why->text);
    bus_server_say(e->o.bus, client,
                   &(struct bus_event){
                       .kind = EVENT_ERROR, .code = (int)why->code, .text = str_c(why->text) });
}

static bool any_busy(const struct engine *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->busy[i])
            return true;
    return false;
}

static void config_look(struct engine *e)
{
    struct timespec now;
    config_stamp(e, &now);
    if (now.tv_sec != e->config_time.tv_sec || now.tv_nsec != e->config_time.tv_nsec)
        e->reload = true;
}

/* Only while nothing is under way, so that no mail is cut. A mistake in the file leaves the old
 * settings in force. */
static void config_reload(struct engine *e)
{
    struct error err = { 0 };
    if (!e->reload || any_busy(e) || e->requests_n > 0) /* a request may lie with an idle worker */
        return;
    e->reload = false;
    config_stamp(e, &e->config_time);
    struct config *fresh = xcalloc(1, sizeof *fresh);
    if (config_load(fresh, e->o.config_path, &err) != 0) {
        say_error(e, 0, &err);
        config_free(fresh);
        free(fresh);
        return;
    }
    accounts_free(e);
    config_free(e->cfg);
    free(e->cfg);
    e->cfg = fresh;
    if (accounts_start(e, &err) != 0) {
        say_error(e, 0, &err);
        e->stop = true;
    }
}

/* ------------------------------------------------------------------ hints */

static void done_say(struct engine *e, unsigned client, int64_t id, enum error_code code,
                     const char *text)
{
    bus_server_say(e->o.bus, client,
                   &(struct bus_event){
                       .kind = EVENT_DONE, .id = id, .code = (int)code, .text = str_c(text) });
}

/* To one account or to all: who asks waits for all of them. */
static void hint_wide(struct engine *e, const struct bus_hint *h, unsigned client,
                      enum want_kind kind, struct str text)
{
    struct request *r = &e->requests[e->requests_n];
    struct error err = { 0 };
    if (e->requests_n == REQUESTS_MAX) {
        done_say(e, client, h->id, ERR_LIMIT, _("too many are waiting"));
        return;
    }
    *r = (struct request){ .number = ++e->request_last, .id = h->id, .client = client };
    for (size_t i = 0; i < e->n; i++) {
        if (h->account.n > 0 && !str_ieqc(h->account, e->cfg->accounts[i].name))
            continue;
        r->left++;
        worker_tell(e->workers[i], want_new(kind, 0, r->number, text));
    }
    if (r->left > 0) {
        e->requests_n++;
        return;
    }
    if (h->account.n > 0)
        error_set(&err, ERR_USAGE, RETRY_NEVER, _("there is no account \"%.*s\" in %s"),
                  STR_ARG(h->account), e->o.config_path);
    done_say(e, client, h->id, err.code, err.text);
}

static struct worker *worker_of(struct engine *e, int64_t account)
{
    for (size_t i = 0; i < e->n; i++)
        if (worker_account(e->workers[i]) == account)
            return e->workers[i];
    return NULL;
}

static void hint_body(struct engine *e, const struct bus_hint *h, unsigned client)
{
    struct cache_where where[PLACES_MAX];
    size_t n = PLACES_MAX;
    struct error err = { 0 };
    struct worker *w = NULL;
    if (cache_message_where(e->cache, h->id, where, &n, &err) == 0)
        for (size_t i = 0; i < n && w == NULL; i++)
            w = worker_of(e, where[i].account);
    if (w != NULL)
        worker_tell(w, want_new(WANT_BODY, h->id, 0, (struct str){ "", 0 }));
    else
        bus_server_say(e->o.bus, client,
                       &(struct bus_event){
                           .kind = EVENT_BODY,
                           .id = h->id,
                           .text =
                               str_c(_("the message is in no folder of a configured account")) });
}

static void hint_send(struct engine *e, const struct bus_hint *h, unsigned client)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry entry;
    struct error err = { 0 };
    int rc = cache_outbox_get(e->cache, a, h->id, &entry, &err);
    struct worker *w = rc == 0 ? worker_of(e, entry.account) : NULL;
    if (w != NULL)
        worker_tell(w, want_new(WANT_SEND, h->id, 0, (struct str){ "", 0 }));
    else if (rc ==
             1) /* it went out with others before it was asked for, or its writer took it back */
        done_say(e, client, h->id, ERR_NONE, "");
    else if (rc < 0)
        done_say(e, client, h->id, err.code, err.text);
    else
        done_say(e, client, h->id, ERR_USAGE, _("its account is not in the configuration"));
    arena_free(&a);
}

static void all_tell(struct engine *e, enum want_kind kind)
{
    for (size_t i = 0; i < e->n; i++)
        worker_tell(e->workers[i], want_new(kind, 0, 0, (struct str){ "", 0 }));
}

/* How things stand, for who was not there when it was said. A login that was given up is tried once
 * more. */
static void newcomer_tell(struct engine *e, unsigned client)
{
    for (size_t i = 0; i < e->n; i++) {
        const struct last *l = &e->last[i];
        struct bus_event ev = { .kind = EVENT_STATE,
                                .account = str_c(e->cfg->accounts[i].name),
                                .state = str_c(l->state),
                                .text = str_c(l->text) };
        if (l->asking)
            ev = (struct bus_event){ .kind = EVENT_ASK,
                                     .id = (int64_t)i + 1,
                                     .account = ev.account,
                                     .state = STR("password") };
        else if (strcmp(l->state, "login-needed") == 0)
            worker_tell(e->workers[i], want_new(WANT_PASS, 0, 0, (struct str){ "", 0 }));
        if (l->asking || l->state[0] != '\0')
            bus_server_say(e->o.bus, client, &ev);
    }
}

static void hint_answer(struct engine *e, const struct bus_hint *h)
{
    if (h->id < 1 || (uint64_t)h->id > e->n)
        return;
    e->last[h->id - 1].asking = false;
    worker_tell(e->workers[h->id - 1], want_new(WANT_ANSWER, 0, 0, h->text));
}

/* ------------------------------------------------------------------ what the threads say */

static struct request *request_of(struct engine *e, int64_t number)
{
    for (size_t i = 0; i < e->requests_n; i++)
        if (e->requests[i].number == number)
            return &e->requests[i];
    return NULL;
}

static void pass_found(struct engine *e, const struct say *s)
{
    const struct request *r = request_of(e, s->request);
    struct bus_event ev = s->ev;
    if (r == NULL)
        return;
    ev.id = r->id;
    bus_server_say(e->o.bus, r->client, &ev);
}

static void pass_ended(struct engine *e, const struct say *s)
{
    struct request *r = request_of(e, s->request);
    if (r == NULL)
        return;
    r->fetched += s->ev.fetched;
    r->sent += s->ev.sent;
    if (r->code == ERR_NONE && s->ev.code != ERR_NONE) {
        struct str text = str_head(s->ev.text, sizeof r->text - 1);
        r->code = s->ev.code;
        r->later = s->ev.later;
        memcpy(r->text, text.n > 0 ? text.p : "", text.n);
    }
    if (--r->left > 0)
        return;
    bus_server_say(e->o.bus, r->client,
                   &(struct bus_event){ .kind = EVENT_DONE,
                                        .id = r->id,
                                        .fetched = r->fetched,
                                        .sent = r->sent,
                                        .code = r->code,
                                        .later = r->later,
                                        .text = str_c(r->text) });
    *r = e->requests[--e->requests_n];
}

static void question(struct engine *e, const struct say *s)
{
    e->last[s->account].asking = bus_server_clients(e->o.bus) > 0;
    if (e->last[s->account].asking)
        bus_server_say(e->o.bus, 0, &s->ev);
    else
        worker_tell(e->workers[s->account], want_new(WANT_ANSWER, 0, 0, (struct str){ "", 0 }));
}

static void state_note(struct engine *e, const struct bus_event *ev)
{
    for (size_t i = 0; i < e->n; i++)
        if (str_eqc(ev->account, e->cfg->accounts[i].name)) {
            struct last *l = &e->last[i];
            l->asking = false;
            snprintf(l->state, sizeof l->state, "%.*s", STR_ARG(ev->state));
            snprintf(l->text, sizeof l->text, "%.*s", STR_ARG(ev->text));
        }
}

static void said(struct engine *e, const struct say *s)
{
    switch ((enum say_kind)s->msg.kind) {
    case SAY_EVENT:
        if (s->ev.kind == EVENT_STATE)
            state_note(e, &s->ev);
        bus_server_say(e->o.bus, 0, &s->ev);
        break;
    case SAY_BUSY:
        e->busy[s->account] = true;
        break;
    case SAY_IDLE:
        e->busy[s->account] = false;
        e->due[s->account] = s->due;
        break;
    case SAY_PASS:
        pass_ended(e, s);
        break;
    case SAY_FOUND:
        pass_found(e, s);
        break;
    case SAY_ASK:
        question(e, s);
        break;
    case SAY_ENDED:
        e->ended++;
        break;
    }
}

static void said_all(struct engine *e)
{
    for (struct msg *m; (m = queue_take(e->events, 0)) != NULL; msg_drop(m))
        if (e->workers != NULL)
            said(e, (struct say *)m);
}

/* A file that was just mended counts for what is asked next: a worker that has answered and is not
 * through yet gets a moment. */
static void config_settle(struct engine *e)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;
    while (e->reload && e->requests_n == 0 && any_busy(e) && clock_mono_ms() < until) {
        struct msg *m = queue_take(e->events, clock_left_ms(until));
        if (m != NULL)
            said(e, (struct say *)m);
        msg_drop(m);
    }
}

/* Who says this wants more than mail sent. */
static bool is_full(enum bus_hint_kind kind)
{
    return kind == HINT_HELLO || kind == HINT_WAKE || kind == HINT_SYNC || kind == HINT_BODY ||
           kind == HINT_SEARCH;
}

static void hint_do(struct engine *e, const struct bus_hint *h, unsigned client)
{
    bool more = !e->full && h->kind == HINT_HELLO; /* who came for the outbox has company now */
    e->full = e->full || is_full(h->kind);
    config_look(e);
    if (h->kind == HINT_SYNC || h->kind == HINT_SEND)
        config_settle(e);
    config_reload(e);
    switch (h->kind) {
    case HINT_WAKE:
        all_tell(e, WANT_WORK);
        /* Another reader on this store sees what this one did. */
        bus_server_say(e->o.bus, 0, &(struct bus_event){ .kind = EVENT_FOLDERS });
        break;
    case HINT_SYNC:
        hint_wide(e, h, client, WANT_PASS, h->folder);
        break;
    case HINT_BODY:
        hint_body(e, h, client);
        break;
    case HINT_SEARCH:
        hint_wide(e, h, client, WANT_SEARCH, h->text);
        break;
    case HINT_SEND:
        hint_send(e, h, client);
        break;
    case HINT_ANSWER:
        hint_answer(e, h);
        break;
    case HINT_CANCEL:
        for (size_t i = 0; i < e->n; i++)
            worker_cancel(e->workers[i]);
        break;
    case HINT_STOP:
        e->stop = true;
        break;
    case HINT_HELLO:
        if (more)
            all_tell(e, WANT_WORK);
        newcomer_tell(e, client);
        break;
    case HINT_KINDS:
        break;
    }
}

/* ------------------------------------------------------------------ the engine's life */

/* True while somebody listens, something is done, or a mail is about to go out. */
static bool is_needed(const struct engine *e)
{
    int64_t soon = clock_wall_ms() + DUE_SOON_MS;
    if (bus_server_clients(e->o.bus) > 0 || any_busy(e))
        return true;
    for (size_t i = 0; i < e->n; i++)
        if (e->due[i] <= soon)
            return true;
    return false;
}

static bool is_over(struct engine *e)
{
    int64_t now = clock_mono_ms();
    if (is_needed(e))
        e->active_at = now;
    return e->stop || now - e->active_at >= ENGINE_STAY_MS;
}

/* A new network is tried at once, whatever failed on the old one. */
static void network_look(struct engine *e)
{
    enum net_change what;
    if (!roam_look(e->roam, &what))
        return;
    log_line(e->o.log, LOG_INFO, what == NET_WOKEN ? "awake again" : "the network changed");
    for (size_t i = 0; i < e->n; i++)
        worker_network(e->workers[i], what);
}

static bool is_readable(const struct engine *e, int fd)
{
    struct epoll_event ready[3];
    int n = epoll_wait(e->wait_fd, ready, COUNT(ready), 0);
    for (int i = 0; i < n; i++)
        if (ready[i].data.fd == fd)
            return true;
    return false;
}

static int life(struct engine *e, struct error *err)
{
    e->active_at = clock_mono_ms();
    while (!is_over(e)) {
        struct bus_hint hint;
        unsigned client;
        int rc = bus_server_wait(e->o.bus, e->wait_fd, LOOK_MS, &hint, &client, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            hint_do(e, &hint, client);
        if (rc == 2 && is_readable(e, e->o.stop_fd))
            e->stop = true;
        network_look(e);
        said_all(e);
        config_reload(e);
    }
    return 0;
}

/* Cancels everything and gives it ENGINE_STOP_MS. 1: something did not end. */
static int farewell(struct engine *e)
{
    int64_t until = clock_mono_ms() + ENGINE_STOP_MS;
    bus_server_say(e->o.bus, 0, &(struct bus_event){ .kind = EVENT_BYE });
    for (size_t i = 0; i < e->n; i++)
        worker_stop(e->workers[i]);
    while (e->ended < e->n && clock_mono_ms() < until) {
        struct msg *m = queue_take(e->events, clock_left_ms(until));
        if (m != NULL)
            said(e, (struct say *)m);
        msg_drop(m);
    }
    return e->ended < e->n;
}

static int watch_fd(struct engine *e, int fd, struct error *err)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
    if (fd < 0 || epoll_ctl(e->wait_fd, EPOLL_CTL_ADD, fd, &ev) == 0)
        return 0;
    return error_sys(err, _("cannot wait for signals"));
}

static int engine_start(struct engine *e, struct error *err)
{
    e->events = queue_new(1u << 30, err);
    if (e->events == NULL)
        return -1;
    e->wait_fd = epoll_create1(EPOLL_CLOEXEC);
    if (e->wait_fd < 0)
        return error_sys(err, _("cannot wait for signals"));
    e->roam = roam_new();
    if (watch_fd(e, queue_fd(e->events), err) != 0 || watch_fd(e, e->o.stop_fd, err) != 0 ||
        watch_fd(e, roam_fd(e->roam), err) != 0)
        return -1;
    e->cache = cache_open(e->o.store, CACHE_WRITE, err);
    if (e->cache == NULL || cache_outbox_recover(e->cache, 0, clock_boot(), err) != 0)
        return -1;
    config_stamp(e, &e->config_time);
    return accounts_start(e, err);
}

int engine_run(const struct engine_options *o, struct error *err)
{
    struct engine e = { .o = *o, .cfg = o->cfg, .wait_fd = -1, .full = !o->outbox_only };
    int rc = engine_start(&e, err);
    if (rc == 0) {
        bus_ready();
        rc = life(&e, err);
    }
    if (rc == 0)
        rc = farewell(&e);
    if (rc == 1)
        return 1;
    accounts_free(&e);
    cache_close(&e.cache);
    queue_free(&e.events);
    roam_free(&e.roam);
    if (e.wait_fd >= 0)
        close(e.wait_fd);
    config_free(e.cfg);
    free(e.cfg);
    return rc;
}
