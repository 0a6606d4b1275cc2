/* SPDX-License-Identifier: MIT */
#include "sync/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/imap.h"
#include "sync/account.h"
#include "sync/link.h"
#include "sync/sched.h"
#include "sync/want.h"
#include "base/banned.h"

enum {
    PASSWORD_MAX = 64 << 10,
    PAUSE_MS = 500,        /* between two events: who talks without end is not heard more often */
    STOOD_MS = 60000,      /* a link that held so long was no failure */
    LISTEN_MS = 28 * 60000 /* a server may take 30 minutes of silence for the end (RFC 3501 §5.4) */
};

struct watch {
    const struct config_account *cfg;
    struct buf password;
    struct signin signin;
    struct queue *wants;
    struct queue *stop; /* closed, or with a kick in it, it ends the waits */
    struct net_cancel *cancel;
    struct log *log;
    bool inbox, news; /* what the server spoke of */
    pthread_t thread;
};

/* 0, -1. */
static int watch_login(struct watch *w, struct net_login *login, struct error *err)
{
    struct str token;
    if (signin_is_used(w->cfg)) {
        if (signin_token(&w->signin, &token, err) != 0)
            return -1;
        account_login_fill(w->cfg, NET_IMAP, token, login);
        return 0;
    }
    if (w->cfg->oauth_command != NULL) { /* the token that we were given may have expired */
        buf_wipe(&w->password);
        buf_init(&w->password, PASSWORD_MAX);
        if (config_secret(w->cfg, &w->password, -1, err) != 0)
            return -1;
    }
    account_login_fill(w->cfg, NET_IMAP, buf_str(&w->password), login);
    return 0;
}

static struct imap *watch_open(struct watch *w, struct error *err)
{
    struct net_login login;
    if (watch_login(w, &login, err) != 0)
        return NULL;
    struct imap_options o = {
        .endpoint = account_endpoint(w->cfg, NET_IMAP),
        .login = &login,
        .cancel = w->cancel,
        .log = w->log,
        .connect_ms = LINK_CONNECT_MS,
        .wait_ms = LINK_SILENCE_MS,
        .enable = CAP_UTF8_ACCEPT,
    };
    struct imap *i = imap_open(&o, err);
    if (i == NULL && err->code == ERR_AUTH && signin_is_used(w->cfg) && signin_refused(&w->signin))
        err->retry = RETRY_LATER; /* with another token */
    return i;
}

static int note(void *arg, const struct imap_resp *r, struct error *err)
{
    struct watch *w = arg;
    (void)err;
    bool inbox = r->kind == IMAP_STATUS && str_ieqc(r->status.name, "INBOX");
    w->inbox |= inbox;
    w->news |= !inbox && (r->kind == IMAP_STATUS || r->kind == IMAP_LIST);
    return 0;
}

static void tell(struct watch *w, enum want_kind kind)
{
    want_put(w->wants, want_new(kind, 0, 0, (struct str){ "", 0 }));
}

static bool noted_tell(struct watch *w)
{
    bool any = w->inbox || w->news;
    if (w->inbox)
        tell(w, WANT_INBOX);
    if (w->news)
        tell(w, WANT_NEWS);
    w->inbox = w->news = false;
    return any;
}

/* Until the link breaks (-1) or it is told to stop (0). 1: the server says no to NOTIFY, or says
 * that it will not go on with it. */
static int watch_notify(struct watch *w, struct imap *i, struct error *err)
{
    imap_on_unsolicited(i, note, w);
    if (imap_notify(i, NULL, err) != 0)
        return err->code == ERR_REFUSED ? 1 : -1;
    for (;;) {
        msg_drop(queue_take(w->stop, noted_tell(w) ? PAUSE_MS : 0));
        int rc = imap_listen(i, queue_fd(w->stop), LISTEN_MS, err);
        if (rc < 0 || queue_closed(w->stop))
            return rc < 0 ? -1 : 0;
        if (rc == 0 && !w->inbox && !w->news)
            return 1; /* NOTIFICATIONOVERFLOW */
        if (rc == 2 && imap_command(i, STR("NOOP"), NULL, err) != 0)
            return -1;
    }
}

/* The worker need not wait until DONE is answered. */
static int note_idle(void *arg, const struct imap_resp *r, struct error *err)
{
    struct watch *w = arg;
    (void)err;
    bool event = r->kind == IMAP_EXISTS || r->kind == IMAP_EXPUNGE || r->kind == IMAP_FETCH ||
                 r->kind == IMAP_VANISHED;
    if (event && !w->inbox)
        tell(w, WANT_INBOX);
    w->inbox |= event;
    return 0;
}

/* The same without 1. */
static int watch_idle(struct watch *w, struct imap *i, struct error *err)
{
    if (imap_command(i, STR("EXAMINE INBOX"), &(struct imap_handler){ 0 }, err) != 0)
        return -1;
    imap_on_unsolicited(i, note_idle, w);
    for (;;) {
        int rc = imap_idle(i, queue_fd(w->stop), err);
        if (rc < 0 || queue_closed(w->stop))
            return rc < 0 ? -1 : 0;
        msg_drop(queue_take(w->stop, w->inbox ? PAUSE_MS : 0));
        w->inbox = false;
    }
}

static void watch_link(struct watch *w, struct imap *i, struct error *err)
{
    int rc = (imap_caps(i) & CAP_NOTIFY) != 0 ? watch_notify(w, i, err) : 1;
    if (rc != 1)
        return;
    error_clear(err);
    (void)watch_idle(w, i, err);
}

static int backoff(unsigned failures)
{
    unsigned draw;
    clock_random(&draw, sizeof draw);
    return (int)sync_sched_backoff_ms(failures, draw % 1000);
}

/* Waits so long, or until the network is another one: true. */
static bool kicked(struct watch *w, int wait_ms)
{
    struct msg *kick = queue_take(w->stop, wait_ms);
    msg_drop(kick);
    return kick != NULL;
}

static void *watch_run(void *arg)
{
    struct watch *w = arg;
    prctl(PR_SET_NAME, "watch"); /* as ps -L and top -H show it */
    for (unsigned failures = 0; !queue_closed(w->stop);) {
        struct error err = { 0 };
        struct imap *i = watch_open(w, &err);
        int64_t began = clock_mono_ms();
        if (i != NULL) {
            /* something may have come while nobody looked: also during a long first pass */
            tell(w, WANT_INBOX);
            watch_link(w, i, &err);
            imap_close(&i);
            if (clock_mono_ms() - began >= STOOD_MS)
                failures = 0;
        }
        if (err.code != ERR_NONE)
            log_line(w->log, LOG_INFO, "%s: watching: %s", w->cfg->name, err.text);
        if ((err.code == ERR_AUTH || err.code == ERR_REFUSED) && err.retry == RETRY_NEVER) {
            tell(w, WANT_UNWATCH);
            break;
        }
        if (!queue_closed(w->stop) && kicked(w, backoff(++failures)))
            failures = 0;
    }
    return NULL;
}

static void watch_clear(struct watch *w)
{
    net_cancel_free(&w->cancel);
    queue_free(&w->stop);
    buf_wipe(&w->password);
    signin_clear(&w->signin);
    free(w);
}

struct watch *watch_start(const struct config_account *cfg, const char *store, struct str password,
                          struct queue *wants, struct log *log, struct error *err)
{
    struct watch *w = xcalloc(1, sizeof *w);
    *w = (struct watch){ .cfg = cfg, .wants = wants, .log = log };
    buf_init(&w->password, PASSWORD_MAX);
    buf_add_str(&w->password, password);
    w->stop = queue_new(1, err);
    w->cancel = w->stop != NULL ? net_cancel_new(err) : NULL;
    signin_init(&w->signin, cfg, store, w->cancel, log);
    if (w->cancel != NULL) {
        if (pthread_create(&w->thread, NULL, watch_run, w) == 0)
            return w;
        (void)error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    }
    watch_clear(w);
    return NULL;
}

static void kick_drop(struct msg *m)
{
    free(m);
}

void watch_network(struct watch *w, enum net_change what)
{
    if (w == NULL)
        return;
    struct msg *kick = xcalloc(1, sizeof *kick);
    kick->drop = kick_drop;
    net_cancel_network(w->cancel, what);
    (void)queue_put_now(w->stop, kick);
}

void watch_free(struct watch **w)
{
    if (*w == NULL)
        return;
    queue_close((*w)->stop);
    net_cancel_set((*w)->cancel);
    pthread_join((*w)->thread, NULL);
    watch_clear(*w);
    *w = NULL;
}
