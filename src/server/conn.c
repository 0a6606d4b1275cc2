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
#include "server/deliver.h"
#include "server/imapd.h"
#include "server/limits.h"
#include "server/popd.h"
#include "server/smtpd.h"
#include "server/store.h"
#include "base/banned.h"

enum { READ_BYTES = 16 << 10, TRACE_LINE = 300, TRACE_LOOK = 4096 };

struct conn {
    struct conn_news ended;
    struct conn_setup setup;
    int fd;
    enum server_port port;
    char peer[64];
    bool loopback, gone, logged_in;
    struct desk desk;
    struct smtpd *smtpd; /* one of the three */
    struct imapd *imapd;
    struct popd *popd;
    struct buf in, out;
    struct buf line;    /* what came of a line for the log, until its end comes too */
    bool secret_begins; /* the last line said that a literal with a secret follows */
    int64_t login_by_ms;
};

static void conn_drop(struct msg *m)
{
    struct conn *c = (struct conn *)m;
    if (c->fd >= 0)
        close(c->fd);
    buf_wipe(&c->in);
    buf_wipe(&c->line);
    buf_free(&c->out);
    free(c);
}

/* ---- the log of the dialogue ---- */

static bool is_secret(const struct conn *c, struct str line)
{
    if (c->smtpd != NULL)
        return smtpd_secret(c->smtpd) || str_istarts(line, "AUTH");
    if (c->popd != NULL)
        return popd_secret(c->popd, line);
    return imapd_secret(c->imapd) || str_isearch(line, STR(" LOGIN ")) < line.n ||
           str_isearch(line, STR(" AUTHENTICATE ")) < line.n;
}

static void trace_line(const struct conn *c, const char *who, struct str line)
{
    line = str_head(line, TRACE_LINE);
    log_line(c->setup.log, LOG_INFO, "%s %d %s: %.*s", server_port_names[c->port], c->fd, who,
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
        hide = hide || is_secret(c, line);
        c->secret_begins = hide && c->imapd != NULL && str_ends(line, "}");
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
    size_t sent = 0;
    bool unused;
    trace_server(c, buf_str(out));
    while (sent < out->len && !c->gone) {
        ssize_t n =
            sys_fault(FAULT_SEND, "conn send") != 0
                ? -1
                : send(c->fd, out->data + sent, out->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            c->gone = !wait_for(c, POLLOUT, -1, ms_of(c->setup.options->limits.write_s), &unused);
        else if (errno != EINTR)
            c->gone = true;
    }
    buf_clear(out);
    return c->gone ? -1 : 0;
}

/* 0; -1 when nothing more will come. */
static int receive(struct conn *c)
{
    char bytes[READ_BYTES];
    ssize_t n;
    do
        n = sys_fault(FAULT_RECV, "conn recv") != 0
                ? -1
                : recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        return -1;
    trace_client(c, (struct str){ bytes, (size_t)n });
    buf_add(&c->in, bytes, (size_t)n);
    return 0;
}

/* ---- what SMTP sessions ask for ---- */

static bool smtp_login(void *arg, struct str name, struct str password, int *delay_ms)
{
    struct conn *c = arg;
    struct buf account = BUF_INIT(4096);
    bool ok = desk_login(&c->desk, str_c(c->peer), name, password, &account, delay_ms);
    buf_free(&account);
    return ok;
}

static int smtp_deliver(void *arg, struct deliver_mail *mail, struct error *err)
{
    struct conn *c = arg;
    return deliver_do(&c->desk, c->setup.options, c->setup.log, mail, err);
}

static bool smtp_room(void *arg, uint64_t bytes)
{
    struct conn *c = arg;
    return desk_room(&c->desk, bytes);
}

static int64_t smtp_now(void *arg)
{
    (void)arg;
    return clock_wall_ms() / 1000;
}

/* ---- the loop ---- */

static enum session_step feed(struct conn *c, int *delay_ms)
{
    struct str in = buf_str(&c->in);
    enum session_step step;
    if (c->smtpd != NULL) {
        step = smtpd_feed(c->smtpd, &in, &c->out);
        *delay_ms = smtpd_delay_ms(c->smtpd);
    } else if (c->popd != NULL) {
        step = popd_feed(c->popd, &in, &c->out);
        *delay_ms = popd_delay_ms(c->popd);
    } else {
        step = imapd_feed(c->imapd, &in, &c->out);
        *delay_ms = imapd_delay_ms(c->imapd);
    }
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

static bool is_logged_in(const struct conn *c)
{
    return c->smtpd != NULL  ? smtpd_logged_in(c->smtpd)
           : c->popd != NULL ? popd_logged_in(c->popd)
                             : imapd_logged_in(c->imapd);
}

/* Whoever is logged in does not have to make room for others. */
static void login_tell(struct conn *c)
{
    if (c->logged_in || !is_logged_in(c))
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
    if (c->smtpd == NULL && !is_logged_in(c))
        return clock_left_ms(c->login_by_ms);
    return ms_of(c->imapd != NULL ? limits->idle_s : limits->command_s);
}

/* POP3 is silent: a line would be taken for the answer to a command (RFC 1939 §3). */
static void say_goodbye(struct conn *c)
{
    if (c->smtpd != NULL)
        buf_addf(&c->out, "421 4.3.2 %s closing connection\r\n", c->setup.options->host);
    else if (c->imapd != NULL)
        buf_adds(&c->out, "* BYE closing connection\r\n");
}

static void talk(struct conn *c)
{
    enum session_step step = SESSION_MORE;
    while (!c->gone) {
        bool more = false;
        int delay_ms;
        step = feed(c, &delay_ms);
        login_tell(c);
        hold_back(c, delay_ms);
        if (flush(c, &c->out) != 0 || step == SESSION_CLOSE)
            return;
        if (step == SESSION_WAIT)
            continue;
        int extra = c->imapd != NULL ? imapd_event_fd(c->imapd) : -1;
        if (!wait_for(c, POLLIN, extra, wait_ms(c), &more)) {
            say_goodbye(c);
            flush(c, &c->out);
            return;
        }
        if (more)
            imapd_wake(c->imapd, &c->out);
        if (receive(c) != 0)
            return;
    }
}

static void session_start(struct conn *c, const struct smtpd_ops *smtp_ops)
{
    const char *host = c->setup.options->host;
    struct imapd_setup imap = { &c->desk, c->peer, host, c->loopback, flush, c };
    struct popd_setup pop = { &c->desk, c->peer, host, c->loopback, flush, c };
    struct smtpd_setup smtp = { .options = c->setup.options,
                                .ops = smtp_ops,
                                .peer = c->peer,
                                .tmp_dir = c->desk.tmp_dir,
                                .submission = c->port == PORT_SUBMISSION,
                                .loopback = c->loopback };
    struct error err;
    if (c->port == PORT_IMAP)
        c->imapd = imapd_new(&imap, &c->out, &err);
    else if (c->port == PORT_POP3)
        c->popd = popd_new(&pop, &c->out);
    else
        c->smtpd = smtpd_new(&smtp, &c->out);
}

static void *conn_thread(void *arg)
{
    struct conn *c = arg;
    struct error err;
    struct smtpd_ops smtp_ops = {
        .login = smtp_login, .deliver = smtp_deliver, .room = smtp_room, .now = smtp_now, .arg = c
    };
    if (desk_open(&c->desk, c->setup.store, &err) == 0) {
        c->login_by_ms = clock_mono_ms() + ms_of(c->setup.options->limits.login_s);
        session_start(c, &smtp_ops);
        if (c->imapd != NULL || c->popd != NULL || c->smtpd != NULL)
            talk(c);
        if (c->line.len > 0)
            trace_client(c, STR("\n"));
        imapd_free(&c->imapd);
        popd_free(&c->popd);
        smtpd_free(&c->smtpd);
        desk_close(&c->desk);
    }
    shutdown(c->fd, SHUT_WR);
    queue_put_now(c->setup.news, &c->ended.m);
    return NULL;
}

int conn_start(const struct conn_setup *setup, int fd, enum server_port port, const char *peer,
               bool loopback, struct error *err)
{
    pthread_attr_t attr;
    pthread_t thread;
    struct conn *c = xcalloc(1, sizeof *c);
    c->ended.m.kind = CONN_ENDED;
    c->ended.m.drop = conn_drop;
    c->ended.fd = fd;
    c->setup = *setup;
    c->fd = fd;
    c->port = port;
    c->loopback = loopback;
    struct str name = str_head(str_c(peer), sizeof c->peer - 1);
    memcpy(c->peer, name.p, name.n);
    buf_init(&c->in, SERVER_OUT_MAX);
    buf_init(&c->line, TRACE_LOOK);
    buf_init(&c->out, SERVER_OUT_MAX);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, SERVER_STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, conn_thread, c);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return 0;
    conn_drop(&c->ended.m);
    return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
}
