/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "net/tls.h"
#include "base/banned.h"

enum {
    STREAM_SAID_MAX = 64 << 10, /* all that a server may say before we speak */
    STREAM_READ_MAX = 256 << 10,
    STREAM_READ_STEP = 16 << 10, /* one TLS record */
    /* A link that stalls is found out: the other end must confirm bytes within STREAM_UNHEARD_MS (RFC
     * 5482), and is asked whether it is there when nothing came for STREAM_PROBE_S. */
    STREAM_UNHEARD_MS = 20000,
    STREAM_PROBE_S = 30,
    STREAM_PROBE_EVERY_S = 5
};

struct stream {
    CURLM *multi;
    struct curl_slist *connect_to;
    CURL *easy; /* stays in multi: taken out, libcurl closes the connection */
    curl_socket_t fd;
    struct net_cancel *cancel;
    struct net_changes changes;
    int grace_ms;
    int64_t grace_until; /* monotonic; 0: no cancel seen since the grace was given */
    struct log *log;
    struct buf *said;
    bool smtp;
    struct tls_peer peer;
    struct tls_binding binding;
    bool upgraded; /* the TLS handshake was begun, what was said before it is forgotten */
    char host[256];
    unsigned port;
    char why[CURL_ERROR_SIZE];
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

static int timed_out(const struct stream *s, int wait_ms, struct error *err)
{
    return error_set(err, ERR_NET, RETRY_LATER, _("%s:%u did not answer within %d seconds"),
                     s->host, s->port, (wait_ms + 999) / 1000);
}

static int lost(const struct stream *s, CURLcode rc, struct error *err)
{
    log_line(s->log, LOG_INFO, "%s:%u: %s %s", s->host, s->port, curl_easy_strerror(rc), s->why);
    return error_set(err, ERR_NET, RETRY_LATER, _("the connection to %s:%u was lost"), s->host,
                     s->port);
}

static int refused_connect(struct stream *s, struct error *err)
{
    long sys = 0;
    curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &sys);
    error_set(err, ERR_NET, RETRY_LATER, _("cannot connect to %s:%u: %s"), s->host, s->port,
              sys != 0 ? strerror((int)sys) : s->why);
    err->sys = (int)sys;
    return -1;
}

static int not_trusted(struct stream *s, struct error *err)
{
    long verify = 0;
    curl_easy_getinfo(s->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (verify == X509_V_ERR_UNSPECIFIED)
        verify = X509_V_OK; /* the chain held, and libcurl stopped at the name */
    return tls_distrust(s->host, verify, &s->peer, err);
}

static int no_authorities(const struct endpoint *ep, struct error *err)
{
    if (ep->ca_file == NULL)
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("this computer knows no certificate authorities: install its package "
                           "ca-certificates, or name a CA file with tls-ca"));
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("the file of tls-ca cannot be used: %s"),
                     ep->ca_file);
}

/* What is said is forgotten once the handshake begins. */
static bool tls_was_tried(const struct stream *s)
{
    struct str said = s->said != NULL ? buf_str(s->said) : STR("");
    return s->upgraded || str_isearch(said, STR("STARTTLS")) < said.n;
}

static const char *clear_scheme(const struct endpoint *ep)
{
    return ep->proto == NET_IMAP ? "imap" : ep->proto == NET_POP3 ? "pop3" : "smtp";
}

/* What libcurl says went wrong while connecting, as our sentence. */
static int connect_failed(struct stream *s, CURLcode rc, const struct endpoint *ep, int wait_ms,
                          struct error *err)
{
    log_line(s->log, LOG_INFO, "%s:%u: curl %d: %s", s->host, s->port, (int)rc, s->why);
    if (ep->opportunistic && tls_was_tried(s))
        return error_set(err, ERR_TLS, RETRY_NOW, _("%s:%u offers TLS, but it cannot be used"),
                         s->host, s->port);
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERR_NET, RETRY_LATER,
                         _("the server %s cannot be found: is the name right, is the network up?"),
                         s->host);
    case CURLE_COULDNT_CONNECT:
        return refused_connect(s, err);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(s, wait_ms, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return not_trusted(s, err);
    case CURLE_SSL_CACERT_BADFILE:
        return no_authorities(ep, err);
    case CURLE_SSL_CONNECT_ERROR:
        return tls_failed(s->host, s->port, clear_scheme(ep), s->why, err);
    case CURLE_USE_SSL_FAILED:
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("%s:%u does not offer STARTTLS: nothing was sent in the clear; try the "
                           "TLS port"),
                         s->host, s->port);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR:
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_LOGIN_DENIED:
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("%s:%u does not greet as a mail server should, or put more behind its "
                           "answer to STARTTLS: the connection was closed"),
                         s->host, s->port);
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return error_set(err, ERR_NET, RETRY_LATER,
                         _("%s:%u hung up before it greeted as a mail server does: check host and "
                           "port, or try later"),
                         s->host, s->port);
    case CURLE_URL_MALFORMAT:
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("this is no host name: %s"), s->host);
    default:
        return lost(s, rc, err);
    }
}

static size_t on_said(char *p, size_t size, size_t n, void *arg)
{
    struct stream *s = arg;
    /* libcurl waits for a line of SMTP for as long as others come; so do these others. */
    if (s->smtp && s->said->len == 0 && size * n > 0 && !ascii_is_digit(p[0]))
        return 0;
    buf_add(s->said, p, size * n);
    return s->said->over ? 0 : size * n;
}

/* libcurl may be built on others, whose contexts look otherwise. */
static bool is_openssl(void)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    return v->ssl_version != NULL && str_starts(str_c(v->ssl_version), "OpenSSL");
}

/* The handshake begins: what was said in the clear may be anybody's (SECURITY.md §1c). */
static CURLcode on_handshake(CURL *easy, void *ssl_ctx, void *arg)
{
    struct stream *s = arg;
    (void)easy;
    if (is_openssl())
        tls_watch(ssl_ctx, &s->peer);
    s->upgraded = true;
    buf_clear(s->said);
    return CURLE_OK;
}

/* By its number, or the one name that libcurl itself never looks up: "127.example.org" may be
 * anybody's. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return str_ieqc(str_c(host), "localhost") || str_eqc(str_c(host), "[::1]");
}

static const char *scheme(const struct endpoint *ep)
{
    if (ep->tls != TLS_STARTTLS)
        return ep->tls == TLS_DIRECT ? "https" : "http";
    return clear_scheme(ep);
}

/* The path of an SMTP URL is the EHLO name. */
static int set_url(struct stream *s, const struct endpoint *ep, struct error *err)
{
    struct buf host = BUF_INIT(sizeof s->host);
    struct buf path = BUF_INIT(sizeof s->host);
    char port[8];
    bool v6 = strchr(ep->host, ':') != NULL && ep->host[0] != '[';
    buf_addf(&host, v6 ? "[%s]" : "%s", ep->host);
    if (ep->proto == NET_SMTP)
        buf_addf(&path, "/%s", ep->ehlo_name ? ep->ehlo_name : "localhost");
    snprintf(port, sizeof port, "%u", ep->port);
    CURLU *u = curl_url();
    bool ok = u != NULL && !host.over && !path.over &&
              curl_url_set(u, CURLUPART_SCHEME, scheme(ep), 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_HOST, buf_c(&host), 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_PORT, port, 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_PATH, path.len ? buf_c(&path) : "/", CURLU_URLENCODE) ==
                  CURLUE_OK;
    char *url = NULL;
    ok = ok && curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK &&
         curl_easy_setopt(s->easy, CURLOPT_URL, url) == CURLE_OK;
    curl_free(url);
    curl_url_cleanup(u);
    buf_free(&host);
    buf_free(&path);
    return ok ? 0 : connect_failed(s, CURLE_URL_MALFORMAT, ep, 0, err);
}

static bool may_be_clear(const struct endpoint *ep)
{
    return ep->opportunistic || (ep->loopback_plain && is_loopback(ep->host));
}

/* To the address that is given, by the name of the host. */
static int set_address(struct stream *s, const struct endpoint *ep)
{
    struct buf to = BUF_INIT(sizeof s->host);
    bool v6 = strchr(ep->address, ':') != NULL;
    buf_addf(&to, v6 ? "::[%s]:%u" : "::%s:%u", ep->address, ep->port);
    s->connect_to = curl_slist_append(NULL, buf_c(&to));
    buf_free(&to);
    return s->connect_to != NULL &&
                   curl_easy_setopt(s->easy, CURLOPT_CONNECT_TO, s->connect_to) == CURLE_OK
               ? 0
               : -1;
}

static void set_options(struct stream *s, const struct endpoint *ep, int wait_ms)
{
    CURL *e = s->easy;
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->why);
    curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* without it a cancel waits for the resolver */
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L); /* an IDLE outlives the memory of routers */
    curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)STREAM_PROBE_S);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, (long)STREAM_PROBE_EVERY_S);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* else the https_proxy of the environment */
    curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)wait_ms + ep->greet_ms);
    if (ep->path != NULL)
        curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, ep->path);
    if (ep->ca_file != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, ep->ca_file);
    /* A libcurl whose TLS library has no such callback leaves said alone: the clients then ask
     * again. */
    bool watched = curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_handshake) == CURLE_OK;
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, s);
    if (ep->tls != TLS_STARTTLS)
        return;
    curl_easy_setopt(e, CURLOPT_USE_SSL,
                     (long)(may_be_clear(ep) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (ep->opportunistic) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!watched && !may_be_clear(ep))
        return;
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_said);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
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

static int connect_loop(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
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
        int running = 0;
        if (curl_multi_perform(s->multi, &running) != CURLM_OK)
            return lost(s, CURLE_FAILED_INIT, err);
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
            return timed_out(s, wait_ms, err);
        curl_multi_poll(s->multi, stop, s->cancel ? COUNT(stop) : 0, left, NULL);
        if (net_cancel_changed(s->cancel, &s->changes, &what))
            return error_set(err, ERR_NET, RETRY_NOW,
                             _("the network changed while connecting to %s:%u"), s->host, s->port);
    }
    if (rc != CURLE_OK)
        return connect_failed(s, rc, ep, wait_ms, err);
    rc = curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
    if (rc != CURLE_OK || s->fd == CURL_SOCKET_BAD)
        return lost(s, rc, err);
    /* A Unix socket has no such thing and needs none. */
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){ STREAM_UNHEARD_MS },
                     sizeof(unsigned));
    return 0;
}

static struct stream *stream_new(const struct endpoint *ep, struct net_cancel *cancel,
                                 struct log *log)
{
    struct stream *s = xcalloc(1, sizeof *s);
    s->fd = CURL_SOCKET_BAD;
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

static int stream_connect(struct stream *s, const struct endpoint *ep, int wait_ms,
                          struct error *err)
{
    if (ep->proto == NET_LMTP && ep->tls == TLS_STARTTLS)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("STARTTLS over LMTP is not supported"));
    if (s->multi == NULL || s->easy == NULL)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start libcurl: %s"),
                         _("out of memory"));
    if (set_url(s, ep, err) < 0)
        return -1;
    set_options(s, ep, wait_ms);
    if (ep->address != NULL && set_address(s, ep) < 0)
        return connect_failed(s, CURLE_URL_MALFORMAT, ep, wait_ms, err);
    if (sys_fault(FAULT_CONNECT, "stream connect") != 0) {
        snprintf(s->why, sizeof s->why, "%s", strerror(errno));
        return connect_failed(s, CURLE_COULDNT_CONNECT, ep, wait_ms, err);
    }
    if (curl_multi_add_handle(s->multi, s->easy) != CURLM_OK)
        return lost(s, CURLE_FAILED_INIT, err);
    return connect_loop(s, ep, wait_ms, err);
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
        *secure =
            ep->tls == TLS_DIRECT || s->upgraded || (ep->tls == TLS_STARTTLS && !may_be_clear(ep));
        s->said = NULL;
        if (*secure)
            tls_bind(&s->peer, &s->binding);
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
        return lost(s, rc != CURLE_OK ? rc : CURLE_RECV_ERROR, err);
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
    return lost(s, rc, err);
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
            return lost(s, CURLE_SEND_ERROR, err);
        int waited = got == 2 ? stream_wait(s, true, -1, wait_ms, err) : got;
        if (waited < 0)
            return -1;
        if (waited == 2)
            return timed_out(s, wait_ms, err);
    }
    return 0;
}

int stream_ended(const struct stream *s, int rc, int wait_ms, struct error *err)
{
    if (rc == 1)
        return error_set(err, ERR_NET, RETRY_LATER, _("%s closed the connection"), s->host);
    return rc == 2 ? timed_out(s, wait_ms, err) : -1;
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
    free(*s);
    *s = NULL;
}
