/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/i18n.h"
#include "net/stream_conn.h"
#include "base/banned.h"

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
    return stream_clear_scheme(ep);
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
    return ok ? 0 : stream_connect_failed(s, CURLE_URL_MALFORMAT, ep, 0, err);
}

bool stream_may_be_clear(const struct endpoint *ep)
{
    /* a proxy's "localhost" is another machine */
    return ep->opportunistic ||
           (ep->loopback_plain && ep->pin == NULL && ep->proxy == NULL && is_loopback(ep->host));
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

/* A key that is known needs nobody who vouches for it. */
static bool set_tls(CURL *e, const struct endpoint *ep)
{
    bool ok = true;
    if (ep->ca_file != NULL)
        ok = curl_easy_setopt(e, CURLOPT_CAINFO, ep->ca_file) == CURLE_OK;
    if (ep->pin != NULL) {
        ok = ok && curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, ep->pin) == CURLE_OK;
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (ep->cert_file != NULL) {
        const char *key = ep->key_file != NULL ? ep->key_file : ep->cert_file;
        ok = ok && curl_easy_setopt(e, CURLOPT_SSLCERT, ep->cert_file) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SSLKEY, key) == CURLE_OK &&
             /* without one OpenSSL asks on the terminal */
             curl_easy_setopt(e, CURLOPT_KEYPASSWD, "") == CURLE_OK;
    }
    return ok;
}

/* "": none, else libcurl would take the environment's. */
static bool set_proxy(CURL *e, const struct endpoint *ep)
{
    bool through = ep->proxy != NULL && ep->tunnel == NULL && ep->path == NULL;
    bool ok = curl_easy_setopt(e, CURLOPT_PROXY, through ? ep->proxy : "") == CURLE_OK;
    if (through)
        ok = ok && curl_easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, 1L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK;
    return ok;
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
    curl_easy_setopt(e, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)wait_ms + ep->greet_ms);
    if (ep->path != NULL)
        curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, ep->path);
    /* A libcurl whose TLS library has no such callback leaves said alone: the clients then ask
     * again. */
    bool watched = curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_handshake) == CURLE_OK;
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, s);
    if (ep->tls != TLS_STARTTLS)
        return;
    curl_easy_setopt(e, CURLOPT_USE_SSL,
                     (long)(stream_may_be_clear(ep) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (ep->opportunistic) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!watched && !stream_may_be_clear(ep))
        return;
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_said);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
}

static int set_tunnel(struct stream *s, const struct endpoint *ep, struct error *err)
{
    s->tunnel = tunnel_new(str_c(ep->tunnel), ep->host, ep->port, err);
    if (s->tunnel == NULL)
        return -1;
    return curl_easy_setopt(s->easy, CURLOPT_ABSTRACT_UNIX_SOCKET, tunnel_name(s->tunnel)) ==
                   CURLE_OK
               ? 0
               : stream_lost(s, CURLE_FAILED_INIT, err);
}

int stream_setup(struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
{
    if (set_url(s, ep, err) < 0)
        return -1;
    set_options(s, ep, wait_ms);
    if (!set_tls(s->easy, ep) || !set_proxy(s->easy, ep))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("this libcurl cannot do what the configuration asks of it (%s)"),
                         ep->pin != NULL     ? "tls-pin"
                         : ep->proxy != NULL ? "proxy"
                                             : "TLS");
    if (ep->tunnel != NULL)
        return set_tunnel(s, ep, err);
    if (ep->address != NULL && set_address(s, ep) < 0)
        return stream_connect_failed(s, CURLE_URL_MALFORMAT, ep, wait_ms, err);
    return 0;
}
