/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "net/stream_conn.h"
#include "base/banned.h"

enum {
    STREAM_SAID_MAX = 64 << 10, /* all that a server may say before we speak */
    STREAM_READ_MAX = 256 << 10,
    STREAM_READ_STEP = 16 << 10, /* one TLS record */
};

int net_init(struct error *err)
{
    CURLcode rc = curl_global_init(CURL_GLOBAL_ALL);
    if (rc != CURLE_OK)
        return error_set(err, ERR_SYS, RETRY_NEVER, _("cannot start libcurl: %s"),
                         curl_easy_strerror(rc));
    return 0;
}

void net_cleanup(void)
{
    curl_global_cleanup();
}

/* What is left of the grace once a cancel has been seen. */
static int grace_left_ms(struct stream *s)
{
    if (s->grace_ms == 0)
        return 0;
    if (s->grace_until == 0)
        s->grace_until = clock_mono_ms() + s->grace_ms;
    return clock_left_ms(s->grace_until);
}

static int check_cancelled(struct stream *s, struct error *err)
{
    if (net_cancel_is_set(s->cancel) && grace_left_ms(s) == 0)
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
    return 0;
}

/* A link that cannot live any more is not waited for. */
static int check_network(struct stream *s, struct error *err)
{
    enum net_change what;
    if (!net_cancel_changed(s->cancel, &s->changes, &what) ||
        (what == NET_MOVED && net_address_is_ours(s->fd)))
        return 0;
    return error_set(err, ERR_NET, RETRY_NOW,
                     what == NET_WOKEN ? _("the connection to %s:%u did not outlive the sleep")
                                       : _("the connection to %s:%u went with the network"),
                     s->host, s->port);
}

void stream_grace(struct stream *s, int grace_ms)
{
    s->grace_ms = grace_ms;
    s->grace_until = 0;
}

static bool is_done(CURLM *multi, CURLcode *rc)
{
    int left = 0;
    CURLMsg *m;
    while ((m = curl_multi_info_read(multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            *rc = m->data.result;
            return true;
        }
    return false;
}

/* Connected, the peer may take its time to greet. */
static bool is_connected(struct stream *s)
{
    curl_off_t at = 0;
    return curl_easy_getinfo(s->easy, CURLINFO_CONNECT_TIME_T, &at) == CURLE_OK && at > 0;
}

static int move_on(struct stream *s, struct error *err)
{
    int running = 0;
    if (curl_multi_perform(s->multi, &running) != CURLM_OK)
        return stream_lost(s, CURLE_FAILED_INIT, err);
    return s->tunnel != NULL ? tunnel_accept(s->tunnel, err) : 0;
}

static int out_of_time(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
{
    if (ep->tls == TLS_STARTTLS && is_connected(s))
        return stream_mute(s, ep, wait_ms, err);
    return stream_timed_out(s, wait_ms, err);
}

int stream_connect_loop(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    bool may_greet = ep->greet_ms > 0 && ep->tls == TLS_STARTTLS;
    struct curl_waitfd stop[] = {
        { .fd = net_cancel_fd(s->cancel), .events = CURL_WAIT_POLLIN },
        { .fd = net_cancel_change_fd(s->cancel), .events = CURL_WAIT_POLLIN },
    };
    enum net_change what;
    CURLcode rc = CURLE_OK;
    for (;;) {
        if (move_on(s, err) < 0)
            return -1;
        if (is_done(s->multi, &rc))
            break;
        if (check_cancelled(s, err) < 0)
            return -1;
        if (may_greet && is_connected(s)) {
            deadline = clock_mono_ms() + ep->greet_ms;
            may_greet = false;
        }
        int left = clock_left_ms(deadline);
        if (left == 0)
            return out_of_time(s, ep, wait_ms, err);
        curl_multi_poll(s->multi, stop, s->cancel ? COUNT(stop) : 0, left, NULL);
        if (net_cancel_changed(s->cancel, &s->changes, &what))
            return error_set(err, ERR_NET, RETRY_NOW,
                             _("the network changed while connecting to %s:%u"), s->host, s->port);
    }
    if (rc != CURLE_OK)
        return stream_connect_failed(s, rc, ep, wait_ms, err);
    rc = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
    if (rc != CURLE_OK || s->fd == CURL_SOCKET_BAD)
        return stream_lost(s, rc, err);
    /* A Unix socket has no such thing and needs none. */
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){ STREAM_UNHEARD_MS },
                     sizeof(unsigned));
    return 0;
}

static struct stream *stream_new(const struct endpoint *ep, struct net_cancel *cancel,
                                 struct log *log)
{
    struct stream *s = xcalloc(1, sizeof *s);
    s->fd = s->handed = CURL_SOCKET_BAD;
    s->cancel = cancel;
    (void)net_cancel_changed(cancel, &s->changes, &(enum net_change){ NET_MOVED });
    s->log = log;
    s->port = ep->port;
    s->smtp = ep->proto == NET_SMTP;
    snprintf(s->host, sizeof s->host, "%s", ep->host);
    s->multi = curl_multi_init();
    s->easy = curl_easy_init();
    return s;
}

/* As if the peer had broken the link: nothing more goes through. */
static int is_broken(struct stream *s, enum fault_kind kind, const char *point)
{
    if (sys_fault(kind, point) == 0)
        return 0;
    shutdown(s->fd, SHUT_RDWR);
    return -1;
}

int stream_connect_begin(struct stream *s, const struct endpoint *ep, int wait_ms,
                         struct error *err)
{
    if (s->multi == NULL || s->easy == NULL)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start libcurl: %s"),
                         _("out of memory"));
    if (stream_setup(s, ep, wait_ms, err) < 0)
        return -1;
    if (sys_fault(FAULT_CONNECT, "stream connect") != 0) {
        snprintf(s->why, sizeof s->why, "%s", strerror(errno));
        return stream_connect_failed(s, CURLE_COULDNT_CONNECT, ep, wait_ms, err);
    }
    if (curl_multi_add_handle(s->multi, s->easy) != CURLM_OK)
        return stream_lost(s, CURLE_FAILED_INIT, err);
    return stream_connect_loop(s, ep, wait_ms, err);
}

static int stream_connect(struct stream *s, const struct endpoint *ep, int wait_ms,
                          struct error *err)
{
    if (ep->proto == NET_LMTP && ep->tls == TLS_STARTTLS)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("STARTTLS over LMTP is not supported"));
    if (ep->proto == NET_IMAP && ep->tls == TLS_STARTTLS)
        return stream_starttls(s, ep, wait_ms, err);
    return stream_connect_begin(s, ep, wait_ms, err);
}

struct stream *stream_open(const struct endpoint *ep, int wait_ms, struct net_cancel *cancel,
                           struct log *log, struct buf *said, bool *secure, struct error *err)
{
    struct buf words = BUF_INIT(STREAM_SAID_MAX);
    struct stream *s = stream_new(ep, cancel, log);
    s->said = &words;
    int rc = stream_connect(s, ep, wait_ms, err);
    buf_clear(said);
    buf_add_str(said, buf_str(&words));
    if (rc < 0)
        stream_close(&s);
    else {
        *secure = ep->tls == TLS_DIRECT || s->upgraded ||
                  (ep->tls == TLS_STARTTLS && !stream_may_be_clear(ep));
        s->said = NULL;
        if (*secure && s->upgraded) {
            tls_bind(&s->peer, &s->binding);
            tls_tell(&s->peer, &s->facts);
        }
        s->peer.ssl = NULL;
        log_line(log, LOG_INFO, "%s:%u: connected%s", s->host, s->port,
                 *secure ? ", TLS" : " in the clear");
    }
    buf_free(&words);
    return s;
}

const struct tls_binding *stream_binding(const struct stream *s)
{
    return &s->binding;
}

const struct tls_facts *stream_facts(const struct stream *s)
{
    return &s->facts;
}

/* One piece of what is there: 0, 1 on orderly close, 2 when there is nothing, -1. */
static int recv_step(struct stream *s, struct buf *into, struct error *err)
{
    size_t room = into->max - into->len;
    if (room == 0)
        return error_set(err, ERR_LIMIT, RETRY_LATER, _("%s:%u says more than tmail can take"),
                         s->host, s->port);
    if (room > STREAM_READ_STEP)
        room = STREAM_READ_STEP;
    size_t got = 0;
    CURLcode rc = curl_easy_recv(s->easy, buf_room(into, room), room, &got);
    if (rc == CURLE_AGAIN)
        return 2;
    if (rc != CURLE_OK || is_broken(s, FAULT_RECV, "stream recv") != 0)
        return stream_lost(s, rc != CURLE_OK ? rc : CURLE_RECV_ERROR, err);
    buf_grown(into, got);
    return got == 0 ? 1 : 0;
}

/* All that is there, up to STREAM_READ_MAX; a close or an error behind it is told by the next call.
 */
static int recv_all(struct stream *s, struct buf *into, struct error *err)
{
    size_t before = into->len;
    int rc = recv_step(s, into, err);
    while (rc == 0 && into->len - before < STREAM_READ_MAX && into->len < into->max) {
        struct error later;
        if (recv_step(s, into, &later) != 0)
            break;
    }
    return rc;
}

/* What ends a wait whatever the link does. */
static int check_outside(struct stream *s, bool network, struct error *err)
{
    if (check_cancelled(s, err) < 0)
        return -1;
    return network ? check_network(s, err) : 0;
}

int stream_wait(struct stream *s, bool writable, int wake_fd, int wait_ms, struct error *err)
{
    bool in_grace = net_cancel_is_set(s->cancel) && grace_left_ms(s) > 0;
    struct pollfd fds[] = {
        { .fd = s->fd, .events = (short)(writable ? POLLIN | POLLOUT : POLLIN) },
        { .fd = in_grace ? -1 : net_cancel_fd(s->cancel), .events = POLLIN },
        { .fd = wake_fd, .events = POLLIN },
        { .fd = net_cancel_change_fd(s->cancel), .events = POLLIN },
    };
    if (in_grace && (wait_ms < 0 || wait_ms > grace_left_ms(s)))
        wait_ms = grace_left_ms(s);
    if (check_network(s, err) < 0)
        return -1;
    int n = poll(fds, COUNT(fds), wait_ms);
    if (check_outside(s, fds[3].revents != 0, err) < 0)
        return -1;
    if (n < 0 && errno != EINTR)
        return error_sys(err, _("cannot wait for the network"));
    /* A signal, or a change that is none for this link: the caller looks again. */
    if (n < 0 || fds[0].revents != 0 || fds[3].revents != 0)
        return 0;
    return fds[2].revents != 0 ? 1 : 2;
}

int stream_read(struct stream *s, struct buf *into, int wait_ms, struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    for (;;) {
        if (check_cancelled(s, err) < 0)
            return -1;
        int rc = recv_all(s, into, err);
        if (rc != 2)
            return rc;
        int left = clock_left_ms(deadline);
        if (left == 0)
            return 2;
        if (stream_wait(s, false, -1, left, err) < 0)
            return -1;
    }
}

int stream_send(struct stream *s, struct str bytes, size_t *sent, struct error *err)
{
    *sent = 0;
    if (bytes.n == 0)
        return 0;
    CURLcode rc = is_broken(s, FAULT_SEND, "stream send") != 0
                      ? CURLE_SEND_ERROR
                      : curl_easy_send(s->easy, bytes.p, bytes.n, sent);
    if (rc == CURLE_OK || rc == CURLE_AGAIN)
        return 0;
    return stream_lost(s, rc, err);
}

int stream_write(struct stream *s, struct str bytes, struct buf *into, int wait_ms,
                 struct error *err)
{
    while (bytes.n > 0) {
        size_t sent = 0;
        if (check_cancelled(s, err) < 0 || stream_send(s, bytes, &sent, err) < 0)
            return -1;
        bytes = str_skip(bytes, sent);
        if (sent > 0)
            continue;
        int got = recv_all(s, into, err);
        if (got == 1)
            return stream_lost(s, CURLE_SEND_ERROR, err);
        int waited = got == 2 ? stream_wait(s, true, -1, wait_ms, err) : got;
        if (waited < 0)
            return -1;
        if (waited == 2)
            return stream_timed_out(s, wait_ms, err);
    }
    return 0;
}

int stream_ended(const struct stream *s, int rc, int wait_ms, struct error *err)
{
    if (rc == 1 && s->tunnel != NULL)
        return stream_tunnel_ended(s, err);
    if (rc == 1)
        return error_set(err, ERR_NET, RETRY_LATER, _("%s closed the connection"), s->host);
    return rc == 2 ? stream_timed_out(s, wait_ms, err) : -1;
}

void stream_close(struct stream **s)
{
    if (*s == NULL)
        return;
    if ((*s)->multi != NULL && (*s)->easy != NULL)
        curl_multi_remove_handle((*s)->multi, (*s)->easy);
    curl_easy_cleanup((*s)->easy);
    curl_multi_cleanup((*s)->multi);
    curl_slist_free_all((*s)->connect_to);
    if ((*s)->handed != CURL_SOCKET_BAD)
        close((*s)->handed);
    tunnel_end(&(*s)->tunnel);
    free(*s);
    *s = NULL;
}
