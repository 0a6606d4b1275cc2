/* SPDX-License-Identifier: MIT */
#include "server/conn.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/log.h"
#include "server/limits.h"
#include "server/link.h"
#include "server/protocol.h"
#include "server/store.h"
#include "server/tls.h"
#include "base/banned.h"

enum { TRACE_LINE = 300, TRACE_LOOK = 4096, SLOW_BYTES = 1024, TRIM_MS = 200 };

struct conn {
    struct conn_news ended;
    struct conn_setup setup;
    int fd;
    struct link *link;
    char peer[64];
    bool gone, logged_in;
    struct desk desk;
    struct protocol_env env;
    const struct session_ops *ops;
    void *session;
    struct buf in, out;
    struct buf line;    /* what came of a line for the log, until its end comes too */
    bool secret_begins; /* the last line said that a literal with a secret follows */
    int64_t login_by_ms;
    int64_t progress_ms; /* when something was answered, or SLOW_BYTES had come */
    size_t slow_n;       /* bytes since then */
};

static void conn_drop(struct msg *m)
{
    struct conn *c = (struct conn *)m;
    if (c->fd >= 0)
        close(c->fd);
    tls_free(&c->setup.tls);
    buf_wipe(&c->in);
    buf_wipe(&c->line);
    buf_free(&c->out);
    free(c);
}

/* ---- the log of the dialogue ---- */

static void trace_line(const struct conn *c, const char *who, struct str line)
{
    line = str_head(line, TRACE_LINE);
    log_line(c->setup.log, LOG_INFO, "%s %d %s: %.*s", server_port_names[c->env.port], c->fd, who,
             STR_ARG(line));
}

static void trace_server(const struct conn *c, struct str bytes)
{
    struct str line;
    while (c->setup.options->trace && str_line(&bytes, &line))
        trace_line(c, "S", line);
}

/* Whole lines, wherever they were cut on their way: half a line does not look like a secret. The
 * session has not seen what comes in here, so that behind a secret it cannot say which of the lines
 * that came along belong to it: none of them is shown. */
static void trace_client(struct conn *c, struct str bytes)
{
    bool hide = c->secret_begins;
    while (c->setup.options->trace && bytes.n > 0) {
        size_t n = str_find(bytes, '\n');
        bool ends = n < bytes.n;
        buf_add_str(&c->line, str_head(str_head(bytes, n), TRACE_LOOK - c->line.len));
        bytes = str_skip(bytes, n + 1);
        if (!ends)
            break;
        struct str line = buf_str(&c->line);
        if (str_ends(line, "\r"))
            line.n--;
        hide = hide || c->ops->secret(c->session, line);
        c->secret_begins = hide && str_ends(line, "}");
        trace_line(c, "C", hide ? STR("***") : line);
        buf_clear(&c->line);
    }
}

/* ---- the socket ---- */

/* Of a limit, which its table keeps small. */
static int ms_of(uint64_t seconds)
{
    return (int)seconds * 1000;
}

/* Waits for events on the socket or on extra (-1: none); poll's revents of both. False when it is
 * time to end. */
static bool wait_for(struct conn *c, short events, int extra, int wait_ms, bool *extra_ready)
{
    struct pollfd p[3] = { { .fd = c->fd, .events = events },
                           { .fd = c->setup.stop_fd, .events = POLLIN },
                           { .fd = extra, .events = POLLIN } };
    int n;
    do
        n = poll(p, COUNT(p), wait_ms);
    while (n < 0 && errno == EINTR);
    *extra_ready = p[2].revents != 0;
    return n > 0 && p[1].revents == 0;
}

static int flush(void *arg, struct buf *out)
{
    struct conn *c = arg;
    struct str rest = buf_str(out);
    bool unused;
    int sent = 0;
    trace_server(c, rest);
    while (out->len > 0 && !c->gone && (sent = link_write(c->link, &rest)) == 0)
        c->gone = !wait_for(c, link_events(c->link), -1, ms_of(c->setup.options->limits.write_s),
                            &unused);
    c->gone = c->gone || sent < 0;
    buf_clear(out);
    return c->gone ? -1 : 0;
}

/* The time that a command may take begins anew: not with each byte, or one now and then would be
 * enough to stay for ever. */
static void progress(struct conn *c)
{
    c->progress_ms = clock_mono_ms();
    c->slow_n = 0;
}

/* 0; -1 when nothing more will come. */
static int receive(struct conn *c)
{
    size_t before = c->in.len;
    int rc = link_read(c->link, &c->in);
    if (rc > 0)
        trace_client(c, str_skip(buf_str(&c->in), before));
    c->slow_n += c->in.len - before;
    if (c->slow_n >= SLOW_BYTES)
        progress(c);
    return rc < 0 ? -1 : 0;
}

/* The handshake, with its time limit. */
static int secure(struct conn *c)
{
    struct error err;
    bool unused;
    int64_t by_ms = clock_mono_ms() + ms_of(c->setup.options->limits.login_s);
    int rc = link_secure(c->link, c->setup.tls, &err);
    while (rc == 0 && (rc = link_handshake(c->link, &err)) == 0)
        if (!wait_for(c, link_events(c->link), -1, clock_left_ms(by_ms), &unused))
            return -1;
    if (rc < 0) {
        log_line(c->setup.log, LOG_INFO, "%s %d: %s", server_port_names[c->env.port], c->fd,
                 err.text);
        return -1;
    }
    if (c->setup.options->trace)
        log_line(c->setup.log, LOG_INFO, "%s %d: %s %s", server_port_names[c->env.port], c->fd,
                 link_tls(c->link)->version, link_tls(c->link)->cipher);
    return 0;
}

static void *secure_thread(void *arg)
{
    struct conn *c = arg;
    return secure(c) == 0 ? c : NULL;
}

static int thread_start(pthread_t *thread, int detach, void *run(void *), struct conn *c)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, SERVER_STACK_BYTES);
    pthread_attr_setdetachstate(&attr, detach);
    int rc = pthread_create(thread, &attr, run, c);
    pthread_attr_destroy(&attr);
    return rc;
}

/* A handshake goes deep into the stack, and leaves behind what the allocator and OpenSSL keep for
 * its thread: with a thread of its own that does not stay for as long as the session does. */
static int secure_apart(struct conn *c)
{
    pthread_t thread;
    void *secured = NULL;
    if (thread_start(&thread, PTHREAD_CREATE_JOINABLE, secure_thread, c) != 0)
        return secure(c);
    pthread_join(thread, &secured);
    return secured != NULL ? 0 : -1;
}

/* ---- the loop ---- */

static enum session_step feed(struct conn *c)
{
    struct str in = buf_str(&c->in);
    enum session_step step = c->ops->feed(c->session, &in, &c->out);
    buf_consume(&c->in, c->in.len - in.n);
    return step;
}

/* A refused login is answered late; only the end of the server or of the connection is noticed
 * meanwhile. */
static void hold_back(struct conn *c, int delay_ms)
{
    struct pollfd p[2] = { { .fd = c->setup.stop_fd, .events = POLLIN }, { .fd = c->fd } };
    if (delay_ms > 0)
        poll(p, COUNT(p), delay_ms);
}

static void news_drop(struct msg *m)
{
    free(m);
}

/* Whoever is logged in does not have to make room for others. */
static void login_tell(struct conn *c)
{
    if (c->logged_in || !c->ops->logged_in(c->session))
        return;
    struct conn_news *news = xcalloc(1, sizeof *news);
    news->m.kind = CONN_LOGGED_IN;
    news->m.drop = news_drop;
    news->fd = c->fd;
    c->logged_in = true;
    queue_put_now(c->setup.news, &news->m);
}

static int wait_ms(const struct conn *c)
{
    const struct server_limits *limits = &c->setup.options->limits;
    if (c->ops->login_first && !c->ops->logged_in(c->session))
        return clock_left_ms(c->login_by_ms);
    return clock_left_ms(c->progress_ms +
                         ms_of(c->ops->idles ? limits->idle_s : limits->command_s));
}

/* Nothing that came along in the clear may count as said within TLS: with such bytes it ends. */
static int step_starttls(struct conn *c)
{
    if (c->in.len > 0 || secure_apart(c) != 0)
        return -1;
    buf_clear(&c->line);
    c->secret_begins = false;
    c->ops->secured(c->session, link_tls(c->link));
    return 0;
}

static int step_compress(struct conn *c)
{
    struct error err;
    return c->in.len > 0 ? -1 : link_compress(c->link, &err);
}

/* Who is silent needs no room. */
static void buffers_trim(struct conn *c)
{
    if (c->in.len == 0)
        buf_free(&c->in);
    if (c->out.len == 0)
        buf_free(&c->out);
}

/* As wait_for, for as long as the session may be silent. */
static bool wait_long(struct conn *c, int extra, bool *more)
{
    int ms = wait_ms(c);
    short events = link_events(c->link);
    if (wait_for(c, events, extra, ms < 0 || ms > TRIM_MS ? TRIM_MS : ms, more))
        return true;
    buffers_trim(c);
    return wait_for(c, events, extra, wait_ms(c), more);
}

/* The next bytes, or what the session has to say by itself. -1: it is over. */
static int listen_to(struct conn *c)
{
    bool more = false;
    int extra = c->ops->event_fd != NULL ? c->ops->event_fd(c->session) : -1;
    /* Whoever never stops to talk has no more time than others. */
    bool late = wait_ms(c) == 0;
    if (late || (!link_pending(c->link) && !wait_long(c, extra, &more))) {
        if (c->ops->goodbye != NULL)
            c->ops->goodbye(c->session, &c->out);
        flush(c, &c->out);
        return -1;
    }
    if (more)
        c->ops->wake(c->session, &c->out);
    return receive(c);
}

static void talk(struct conn *c)
{
    int rc = 0;
    while (rc == 0) {
        enum session_step step = feed(c);
        bool answered = c->out.len > 0;
        login_tell(c);
        hold_back(c, c->ops->delay_ms(c->session));
        if (flush(c, &c->out) != 0 || step == SESSION_CLOSE)
            return;
        if (answered)
            progress(c); /* from when the last of it has gone: a slow client reads for long */
        if (step == SESSION_STARTTLS)
            rc = step_starttls(c);
        else if (step == SESSION_COMPRESS)
            rc = step_compress(c);
        else if (step != SESSION_WAIT)
            rc = listen_to(c);
    }
}

static void serve(struct conn *c)
{
    progress(c);
    c->ops = protocol_start(&c->env, &c->session, &c->out);
    talk(c);
    if (c->line.len > 0)
        trace_client(c, STR("\n"));
    protocol_end(&c->env, c->ops, &c->session);
}

static void *conn_thread(void *arg)
{
    struct conn *c = arg;
    struct error err;
    if (desk_open(&c->desk, c->setup.store, &err) == 0) {
        c->link = link_new(c->fd);
        c->login_by_ms = clock_mono_ms() + ms_of(c->setup.options->limits.login_s);
        if (!c->env.secure || secure_apart(c) == 0)
            serve(c);
        link_end(c->link);
        link_free(&c->link);
        desk_close(&c->desk);
    }
    tls_free(&c->setup.tls);
    queue_put_now(c->setup.news, &c->ended.m);
    return NULL;
}

int conn_start(const struct conn_setup *setup, int fd, enum server_port port, const char *peer,
               bool loopback, struct error *err)
{
    pthread_t thread;
    struct conn *c = xcalloc(1, sizeof *c);
    c->ended.m.kind = CONN_ENDED;
    c->ended.m.drop = conn_drop;
    c->ended.fd = fd;
    c->setup = *setup;
    c->setup.tls = tls_share(setup->tls);
    c->fd = fd;
    c->env = (struct protocol_env){ .options = setup->options,
                                    .desk = &c->desk,
                                    .log = setup->log,
                                    .peer = c->peer,
                                    .port = port,
                                    .stop_fd = setup->stop_fd,
                                    .loopback = loopback,
                                    .secure = protocol_is_tls(port),
                                    .starttls = setup->tls != NULL && !protocol_is_tls(port),
                                    .flush = flush,
                                    .arg = c };
    struct str name = str_head(str_c(peer), sizeof c->peer - 1);
    memcpy(c->peer, name.p, name.n);
    buf_init(&c->in, SERVER_OUT_MAX);
    buf_init(&c->line, TRACE_LOOK);
    buf_init(&c->out, SERVER_OUT_MAX);
    if (thread_start(&thread, PTHREAD_CREATE_DETACHED, conn_thread, c) == 0)
        return 0;
    conn_drop(&c->ended.m);
    return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
}
