/* SPDX-License-Identifier: MIT */
#include "ui/hand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "ui/hand_in.h"
#include "base/banned.h"

enum { QUEUE_LIMIT = 256, BUS_RETRY_MS = 5000 };

static void ask_drop(struct msg *m)
{
    struct ask *a = (struct ask *)m;
    free(a->ops);
    if (a->text != NULL)
        explicit_bzero(a->text, strlen(a->text)); /* may be a password */
    free(a->text);
    free(a->text2);
    draft_free(&a->draft);
    free(a);
}

struct ask *ask_new(enum ask_kind kind)
{
    struct ask *a = xcalloc(1, sizeof *a);
    a->m = (struct msg){ .kind = (int)kind, .drop = ask_drop };
    return a;
}

static void say_drop(struct msg *m)
{
    struct say *s = (struct say *)m;
    arena_free(&s->arena);
    draft_free(&s->draft);
    free(s->note);
    free(s);
}

struct say *say_new(enum say_kind kind)
{
    struct say *s = xcalloc(1, sizeof *s);
    s->m = (struct msg){ .kind = (int)kind, .drop = say_drop };
    return s;
}

void hand_say(struct hand *h, struct say *s)
{
    queue_put_now(h->says, &s->m);
}

void hand_note(struct hand *h, int rc, char *note, const struct error *err)
{
    struct say *s = say_new(SAY_NOTE);
    s->rc = rc;
    s->note = note;
    if (rc < 0)
        s->err = *err;
    hand_say(h, s);
}

void hand_hint(struct hand *h, enum bus_hint_kind kind, int64_t id, struct str text)
{
    struct bus_hint hint = { .kind = kind, .id = id, .text = text };
    if (h->bus != NULL)
        bus_hint(h->bus, &hint);
}

static int read_body(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct hand_body *b = arg;
    return cache_body_read(b->cache, b->message, offset, want, out, err);
}

struct decode_src hand_source(struct hand *h, int64_t message, struct hand_body *b)
{
    struct buf key = BUF_INIT(sizeof b->key - 1);
    b->cache = h->cache;
    b->message = message;
    buf_addf(&key, "message-%lld", (long long)message);
    memcpy(b->key, buf_c(&key), key.len + 1);
    buf_free(&key);
    return (struct decode_src){ .read = read_body, .arg = b, .key = str_c(b->key) };
}

int hand_summary(struct hand *h, struct arena *a, int64_t message, struct mime_summary *out,
                 struct error *err)
{
    struct str flat;
    int rc = cache_summary(h->cache, a, message, &flat, err);
    if (rc == 1)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("this message is not here any more"));
    return rc == 0 ? mime_summary_read(a, flat, out, err) : -1;
}

void hand_event(struct hand *h, const struct bus_event *ev)
{
    struct say *s = say_new(SAY_EVENT);
    s->arena = arena_new(256);
    s->event = *ev;
    s->event.account = arena_str(s->arena, ev->account);
    s->event.folder = arena_str(s->arena, ev->folder);
    s->event.state = arena_str(s->arena, ev->state);
    s->event.text = arena_str(s->arena, ev->text);
    s->event.config = arena_str(s->arena, ev->config);
    hand_say(h, s);
}

static void bus_connect(struct hand *h)
{
    struct bus_where where = { .store = h->start->store,
                               .config = h->start->config->path,
                               .log = h->start->log_path,
                               .schema = CACHE_SCHEMA };
    struct error err;
    int started;
    int64_t now = clock_mono_ms();
    if (h->start->offline || h->bus != NULL || h->cache == NULL || now < h->bus_retry)
        return;
    h->bus_retry = now + BUS_RETRY_MS;
    h->bus = bus_open(&where, &started, &err);
    if (h->bus != NULL) {
        h->bus_why[0] = '\0';
        /* An engine that died may have stored mail and not told of it. */
        hand_event(h, &(struct bus_event){ .kind = EVENT_FOLDERS });
    } else if (strcmp(h->bus_why, err.text) != 0) { /* said once, not every five seconds */
        snprintf(h->bus_why, sizeof h->bus_why, "%s", err.text);
        hand_note(h, -1, NULL, &err);
    }
}

/* What the servers refused while nobody was here to be told, or just now: said, then forgotten. */
static void refusals_tell(struct hand *h)
{
    struct arena *a = arena_new(4096);
    struct cache_failure *refused;
    struct error err;
    size_t n = 0;
    int rc = cache_journal_failures(h->cache, a, &refused, &n, &err);
    if (rc == 0 && n > 0) {
        struct str why = refused[0].text;
        char *text = n == 1 ? xasprintf("%.*s", STR_ARG(why))
                            : xasprintf(P_("%.*s (and %zu other before it)",
                                           "%.*s (and %zu others before it)", n - 1),
                                        STR_ARG(why), n - 1);
        hand_event(h, &(struct bus_event){ .kind = EVENT_ERROR, .text = str_c(text) });
        free(text);
        rc = cache_journal_forget(h->cache, 0, &err);
    }
    if (rc != 0)
        hand_event(h, &(struct bus_event){ .kind = EVENT_ERROR, .text = str_c(err.text) });
    arena_free(&a);
}

static void bus_pump(struct hand *h)
{
    struct bus_event ev;
    struct error err;
    int rc;
    while (h->bus != NULL && (rc = bus_next(h->bus, &ev, &err)) != 1) {
        if (rc == 0) {
            if (ev.kind == EVENT_OP_FAILED)
                refusals_tell(h);
            else if (!hand_search_found(h, &ev))
                hand_event(h, &ev);
            continue;
        }
        bus_close(&h->bus);
        h->bus_retry = clock_mono_ms() + 500;
        hand_event(h, &(struct bus_event){ .kind = EVENT_BYE });
    }
}

static void engine_ask(struct hand *h, const struct ask *a)
{
    h->bus_retry = a->m.kind == ASK_SYNC ? 0 : h->bus_retry;
    bus_connect(h);
    if (h->bus == NULL && a->m.kind == ASK_SYNC) {
        hand_note(h, 0, xstrdup(_("Offline: nothing was asked of the servers")), NULL);
        return;
    }
    if (a->m.kind == ASK_SYNC)
        hand_hint(h, HINT_SYNC, clock_wall_ms(), STR(""));
    else if (a->m.kind == ASK_BODY)
        hand_hint(h, HINT_BODY, a->id, STR(""));
    else
        hand_hint(h, HINT_ANSWER, a->id, str_c(a->text));
}

static void dispatch(struct hand *h, struct ask *a)
{
    switch ((enum ask_kind)a->m.kind) {
    case ASK_OPS:
        hand_ops(h, a);
        break;
    case ASK_UNDO:
        hand_undo(h);
        break;
    case ASK_TEXT:
        hand_text(h, a);
        break;
    case ASK_RAW:
        hand_raw(h, a);
        break;
    case ASK_SAVE:
        hand_save(h, a);
        break;
    case ASK_BODY:
    case ASK_SYNC:
    case ASK_ANSWER:
        engine_ask(h, a);
        break;
    case ASK_SEARCH:
        bus_connect(h);
        hand_search(h, a);
        break;
    case ASK_NEW:
        hand_new(h, a);
        break;
    case ASK_REPLY:
    case ASK_FORWARD:
        hand_reply(h, a);
        break;
    case ASK_LOAD:
        hand_load(h, a->id, NULL);
        break;
    case ASK_KEEP:
        hand_keep(h, a);
        break;
    case ASK_STORE:
        hand_store(h, a);
        break;
    case ASK_EDIT:
        hand_edit(h, a);
        break;
    case ASK_ATTACH:
        hand_attach(h, a);
        break;
    case ASK_QUEUE:
        hand_queue(h, a);
        break;
    case ASK_CANCEL:
        hand_cancel(h, a);
        break;
    case ASK_RETRY:
        hand_retry(h, a);
        break;
    case ASK_DROP:
        hand_drop(h, a);
        break;
    case ASK_QUIT:
        break;
    }
}

/* Without a store nothing can be done: each question is answered with why. */
static void refuse(struct hand *h, const struct error *why)
{
    struct say *s = say_new(SAY_NOTE);
    s->rc = -1;
    s->err = *why;
    hand_say(h, s);
}

static void run(struct hand *h, const struct error *why)
{
    for (;;) {
        bus_pump(h); /* also what was read along with a greeting or a hint: no poll tells of it */
        struct pollfd fds[2] = { { queue_fd(h->asks), POLLIN, 0 }, { -1, POLLIN, 0 } };
        if (h->bus != NULL)
            fds[1].fd = bus_fd(h->bus);
        /* What the person asks for comes before looking for the engine. */
        bool looking = !h->start->offline && h->bus == NULL && h->cache != NULL;
        struct ask *a = (struct ask *)queue_take(h->asks, 0);
        if (a == NULL && hand_search_step(h))
            continue;
        if (a == NULL) {
            poll(fds, 2, looking ? clock_left_ms(h->bus_retry) : -1);
            a = (struct ask *)queue_take(h->asks, 0);
        }
        if (a == NULL) {
            bus_connect(h);
            continue;
        }
        bool quit = a->m.kind == ASK_QUIT;
        if (!quit && h->cache == NULL)
            refuse(h, why);
        else
            dispatch(h, a);
        msg_drop(&a->m);
        if (quit)
            return;
    }
}

static void *hand_main(void *arg)
{
    struct hand *h = arg;
    struct error err = { 0 };
    struct say *ready = say_new(SAY_READY);
    h->cache = cache_open(h->start->store, CACHE_WRITE, &err);
    ready->rc = h->cache != NULL ? 0 : -1;
    ready->err = err;
    hand_say(h, ready);
    if (h->cache != NULL)
        refusals_tell(h);
    struct error decode_err;
    h->decode = decode_new(NULL, NULL, &decode_err);
    if (h->decode != NULL)
        decode_warm(h->decode);
    run(h, &err);
    hand_search_end(h);
    bus_close(&h->bus);
    decode_free(&h->decode);
    cache_close(&h->cache);
    hand_say(h, say_new(SAY_BYE));
    return NULL;
}

static void hand_free(struct hand **h)
{
    queue_free(&(*h)->asks);
    queue_free(&(*h)->says);
    queue_free(&(*h)->answers);
    free(*h);
    *h = NULL;
}

struct hand *hand_start(const struct ui_start *start, struct error *err)
{
    struct hand *h = xcalloc(1, sizeof *h);
    sigset_t all, old;
    mode_t mask = umask(077);
    umask(mask);
    h->umask = mask;
    h->start = start;
    h->asks = queue_new(QUEUE_LIMIT, err);
    h->says = h->asks != NULL ? queue_new(QUEUE_LIMIT, err) : NULL;
    h->answers = h->says != NULL ? queue_new(1, err) : NULL;
    if (h->answers != NULL) {
        sigfillset(&all); /* signals are the screen's */
        pthread_sigmask(SIG_SETMASK, &all, &old);
        int rc = pthread_create(&h->thread, NULL, hand_main, h);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (rc == 0)
            return h;
        errno = rc;
        error_sys(err, _("cannot start a thread"));
    }
    if (h->asks != NULL)
        queue_free(&h->asks);
    if (h->says != NULL)
        queue_free(&h->says);
    if (h->answers != NULL)
        queue_free(&h->answers);
    free(h);
    return NULL;
}

void hand_ask(struct hand *h, struct ask *a)
{
    queue_put_now(h->asks, &a->m);
}

struct say *hand_next(struct hand *h, int wait_ms)
{
    return (struct say *)queue_take(h->says, wait_ms);
}

int hand_fd(const struct hand *h)
{
    return queue_fd(h->says);
}

void hand_answer(struct hand *h, int rc)
{
    struct say *s = say_new(SAY_RUN);
    s->rc = rc;
    queue_put_now(h->answers, &s->m);
}

int hand_stop(struct hand **h, int wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    bool gone = false;
    if (*h == NULL)
        return 0;
    hand_ask(*h, ask_new(ASK_QUIT));
    queue_close((*h)->answers);
    while (!gone) {
        struct say *s = hand_next(*h, clock_left_ms(until));
        if (s == NULL)
            return -1;
        gone = s->m.kind == SAY_BYE;
        msg_drop(&s->m);
    }
    pthread_join((*h)->thread, NULL);
    hand_free(h);
    return 0;
}
