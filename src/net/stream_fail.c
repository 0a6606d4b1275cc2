/* SPDX-License-Identifier: MIT */
#include <openssl/x509_vfy.h>

#include "base/i18n.h"
#include "net/stream_conn.h"
#include "base/banned.h"

int stream_timed_out(const struct stream *s, int wait_ms, struct error *err)
{
    return error_set(err, ERR_NET, RETRY_LATER, _("%s:%u did not answer within %d seconds"),
                     s->host, s->port, (wait_ms + 999) / 1000);
}

/* What the command of a tunnel says of its end. */
int stream_tunnel_ended(const struct stream *s, struct error *err)
{
    char words[TUNNEL_SAYS_MAX];
    tunnel_says(s->tunnel, words, sizeof words);
    if (words[0] == '\0')
        return error_set(err, ERR_NET, RETRY_LATER, _("the tunnel to %s has ended"), s->host);
    return error_set(err, ERR_NET, RETRY_LATER, _("the tunnel to %s has ended: %s"), s->host,
                     words);
}

int stream_lost(const struct stream *s, CURLcode rc, struct error *err)
{
    log_line(s->log, LOG_INFO, "%s:%u: %s %s", s->host, s->port, curl_easy_strerror(rc), s->why);
    if (tls_wants_certificate(&s->peer))
        return tls_stranger(s->host, err);
    if (s->tunnel != NULL)
        return stream_tunnel_ended(s, err);
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

const char *stream_clear_scheme(const struct endpoint *ep)
{
    return ep->proto == NET_IMAP ? "imap" : ep->proto == NET_POP3 ? "pop3" : "smtp";
}

int stream_mute(const struct stream *s, const struct endpoint *ep, int wait_ms, struct error *err)
{
    return error_set(err, ERR_NET, RETRY_LATER,
                     _("%s:%u did not greet within %d seconds: if TLS is spoken there from the "
                       "start, it is %ss://"),
                     s->host, s->port, (wait_ms + 999) / 1000, stream_clear_scheme(ep));
}

static bool is_proxy_trouble(const struct stream *s, CURLcode rc)
{
    return rc == CURLE_COULDNT_RESOLVE_PROXY || rc == CURLE_PROXY || rc == CURLE_COULDNT_CONNECT ||
           str_isearch(str_c(s->why), STR("proxy")) < strlen(s->why) ||
           str_isearch(str_c(s->why), STR("SOCKS")) < strlen(s->why) ||
           str_isearch(str_c(s->why), STR("CONNECT tunnel")) < strlen(s->why);
}

/* In the handshake, without a word of TLS about it. */
static bool was_cut_off(const struct stream *s)
{
    struct str why = str_c(s->why);
    return s->peer.alert == 0 &&
           (str_isearch(why, STR("reset")) < why.n || str_isearch(why, STR("syscall")) < why.n ||
            str_isearch(why, STR("eof")) < why.n);
}

/* What libcurl says went wrong while connecting, as our sentence. */
static int hung_up(const struct stream *s, struct error *err)
{
    if (s->tunnel != NULL)
        return stream_tunnel_ended(s, err);
    return error_set(err, ERR_NET, RETRY_LATER,
                     _("%s:%u hung up before it greeted as a mail server does: check host and "
                       "port, or try later"),
                     s->host, s->port);
}

/* RFC 3501 §6.2.1: who is let in already cannot ask for TLS any more, which is what somebody in between would
 * want. */
static int no_starttls(const struct stream *s, struct error *err)
{
    if (s->said != NULL && str_istarts(buf_str(s->said), "* PREAUTH"))
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("%s:%u lets us in before TLS (PREAUTH), which nobody should: somebody "
                           "may be in between; nothing was sent, try the TLS port"),
                         s->host, s->port);
    return error_set(err, ERR_TLS, RETRY_LATER,
                     _("%s:%u does not offer STARTTLS: nothing was sent in the clear; try the "
                       "TLS port"),
                     s->host, s->port);
}

int stream_connect_failed(struct stream *s, CURLcode rc, const struct endpoint *ep, int wait_ms,
                          struct error *err)
{
    log_line(s->log, LOG_INFO, "%s:%u: curl %d: %s", s->host, s->port, (int)rc, s->why);
    if (ep->opportunistic && tls_was_tried(s))
        return error_set(err, ERR_TLS, RETRY_NOW, _("%s:%u offers TLS, but it cannot be used"),
                         s->host, s->port);
    if (ep->proxy != NULL && is_proxy_trouble(s, rc))
        return error_set(err, ERR_NET, RETRY_LATER,
                         _("%s:%u cannot be reached through the proxy: %s"), s->host, s->port,
                         s->why[0] != '\0' ? s->why : curl_easy_strerror(rc));
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, ERR_NET, RETRY_LATER,
                         _("the server %s cannot be found: is the name right, is the network up?"),
                         s->host);
    case CURLE_COULDNT_CONNECT:
        return refused_connect(s, err);
    case CURLE_OPERATION_TIMEDOUT:
        return stream_timed_out(s, wait_ms, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return not_trusted(s, err);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return tls_unpinned(s->host, &s->peer, err);
    case CURLE_SSL_CERTPROBLEM:
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("the files of tls-cert and tls-key cannot be used: they must be PEM, "
                           "fit each other, and need no passphrase (%s)"),
                         ep->cert_file);
    case CURLE_SSL_CACERT_BADFILE:
        return no_authorities(ep, err);
    case CURLE_SSL_CONNECT_ERROR:
        if (s->tunnel != NULL && was_cut_off(s))
            return stream_tunnel_ended(s, err);
        return tls_failed(s->host, s->port, stream_clear_scheme(ep), s->why, &s->peer, err);
    case CURLE_USE_SSL_FAILED:
        return no_starttls(s, err);
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
        return hung_up(s, err);
    case CURLE_URL_MALFORMAT:
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("this is no host name: %s"), s->host);
    default:
        return stream_lost(s, rc, err);
    }
}
