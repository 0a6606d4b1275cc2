/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/i18n.h"
#include "net/words.h"
#include "base/banned.h"

enum { EXPORTER_SIZE = 32, CERT_NAMES_MAX = 100 };

/* ------------------------------------------------------------------ what is seen */

static void see_pin(X509 *cert, char *out, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE], text[TLS_PIN_SIZE] = { 0 };
    unsigned char *der = NULL;
    unsigned n = 0;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    if (len > 0 && EVP_Digest(der, (size_t)len, digest, &n, EVP_sha256(), NULL) == 1 && n == 32) {
        EVP_EncodeBlock(text, digest, (int)n);
        snprintf(out, size, "sha256//%.44s", (const char *)text);
    }
    OPENSSL_free(der);
}

static void see_day(const ASN1_TIME *t, char *out, size_t size)
{
    struct tm tm;
    if (t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 && strftime(out, size, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}

static void add_name(struct buf *names, const ASN1_STRING *s)
{
    if (s == NULL || names->over)
        return;
    if (names->len > 0)
        buf_adds(names, ", ");
    buf_add(names, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void add_part(struct buf *names, const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at >= 0)
        add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

/* DNS names; the common name where there are none. */
static void see_names(X509 *cert, char *out, size_t size)
{
    struct buf names = BUF_INIT(4096);
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && i < CERT_NAMES_MAX; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            add_name(&names, name->d.dNSName);
    }
    GENERAL_NAMES_free(all);
    if (names.len == 0)
        add_part(&names, X509_get_subject_name(cert), NID_commonName);
    net_words(out, size, buf_str(&names));
    buf_free(&names);
}

/* The organisation is who people know; the name may be no more than a number. */
static void see_issuer(X509 *cert, char *out, size_t size)
{
    struct buf names = BUF_INIT(4096);
    add_part(&names, X509_get_issuer_name(cert), NID_organizationName);
    if (names.len == 0)
        add_part(&names, X509_get_issuer_name(cert), NID_commonName);
    net_words(out, size, buf_str(&names));
    buf_free(&names);
}

static int64_t see_end(const X509 *cert)
{
    struct tm tm = { 0 };
    const ASN1_TIME *t = X509_get0_notAfter(cert);
    return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static int see(X509_STORE_CTX *store, void *arg)
{
    struct tls_peer *p = arg;
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    int ok = X509_verify_cert(store);
    p->verify = X509_STORE_CTX_get_error(store);
    X509 *fault = X509_STORE_CTX_get_current_cert(store); /* may be one of the chain */
    const X509 *at = fault != NULL ? fault : cert;
    p->ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (cert != NULL) {
        p->seen = true;
        see_pin(cert, p->pin, sizeof p->pin);
        see_names(cert, p->names, sizeof p->names);
        see_issuer(cert, p->issuer, sizeof p->issuer);
        p->ends_at = see_end(cert);
        see_day(X509_get0_notBefore(at), p->since, sizeof p->since);
        see_day(X509_get0_notAfter(at), p->until, sizeof p->until);
    }
    return ok;
}

/* A fatal alert of the other side: with TLS 1.3 it comes after the handshake. */
static void hear(int ours, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
    struct tls_peer *p = arg;
    const unsigned char *alert = bytes;
    (void)version;
    (void)ssl;
    if (!ours && type == SSL3_RT_ALERT && n == 2 && alert[0] == SSL3_AL_FATAL)
        p->alert = alert[1];
}

void tls_watch(SSL_CTX *ctx, struct tls_peer *p)
{
    SSL_CTX_set_msg_callback(ctx, hear);
    SSL_CTX_set_msg_callback_arg(ctx, p);
    SSL_CTX_set_cert_verify_callback(ctx, see, p);
}

void tls_bind(const struct tls_peer *p, struct tls_binding *out)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    SSL *ssl = p->ssl;
    *out = (struct tls_binding){ 0 };
    if (ssl == NULL)
        return;
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        if (SSL_export_keying_material(ssl, out->bytes, EXPORTER_SIZE, label, sizeof label - 1,
                                       NULL, 0, 0) == 1) {
            out->kind = TLS_BINDING_EXPORTER;
            out->n = EXPORTER_SIZE;
        }
        return;
    }
    if (SSL_get_extms_support(ssl) != 1)
        return; /* RFC 7627: without it two channels can be made to share it */
    out->n = SSL_session_reused(ssl) ? SSL_get_peer_finished(ssl, out->bytes, sizeof out->bytes)
                                     : SSL_get_finished(ssl, out->bytes, sizeof out->bytes);
    out->kind = out->n > 0 && out->n <= sizeof out->bytes ? TLS_BINDING_UNIQUE : TLS_BINDING_NONE;
}

void tls_tell(const struct tls_peer *p, struct tls_facts *out)
{
    *out = (struct tls_facts){ .trusted = p->verify == X509_V_OK, .ends_at = p->ends_at };
    snprintf(out->version, sizeof out->version, "%s",
             p->ssl != NULL ? SSL_get_version(p->ssl) : "TLS");
    snprintf(out->cipher, sizeof out->cipher, "%s",
             p->ssl != NULL ? SSL_get_cipher_name(p->ssl) : "");
    snprintf(out->issuer, sizeof out->issuer, "%s", p->issuer);
    snprintf(out->until, sizeof out->until, "%s", p->until);
}

/* ------------------------------------------------------------------ what is told */

/* What can be done by who knows better: said last. */
static int or_pin(const struct tls_peer *p, struct error *err)
{
    if (p->pin[0] == '\0')
        return -1;
    struct error all = *err;
    error_set(&all, err->code, err->retry,
              _("%s; if its operator confirms this key, set tls-pin = \"%s\""), err->text, p->pin);
    all.sys = err->sys;
    *err = all;
    return -1;
}

/* The certificate may be mended, the network may be another one tomorrow: nothing is given up for
 * it. */
__attribute__((format(printf, 3, 4))) static int say(struct error *err, long verify,
                                                     const char *fmt, ...)
{
    char words[ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    error_set(err, ERR_TLS, RETRY_LATER, "%s", words);
    err->sys = (int)verify;
    return -1;
}

static int wrong_name(const char *host, long verify, const struct tls_peer *p, struct error *err)
{
    if (p->names[0] == '\0')
        return say(err, verify,
                   _("the certificate is not for %s: check the host name in the configuration; if "
                     "it is right, somebody may be in between"),
                   host);
    return say(err, verify,
               _("the certificate is not for %s but for %s: check the host name in the "
                 "configuration; if it is right, somebody may be in between"),
               host, p->names);
}

static int unknown_signer(const char *host, long verify, const struct tls_peer *p,
                          struct error *err)
{
    if (verify == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        say(err, verify,
            _("the certificate of %s is signed by itself alone: if it is your own server, name the "
              "certificate's file with tls-ca"),
            host);
    else if (p->issuer[0] != '\0')
        say(err, verify,
            _("the certificate of %s is signed by nobody whom this computer knows (the signer "
              "calls itself \"%s\"): if it is your own server, name its CA file with tls-ca"),
            host, p->issuer);
    else
        say(err, verify,
            _("the certificate of %s is signed by nobody whom this computer knows: if it is your "
              "own server, name its CA file with tls-ca"),
            host);
    return or_pin(p, err);
}

int tls_distrust(const char *host, long verify, const struct tls_peer *p, struct error *err)
{
    switch (verify) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        wrong_name(host, verify, p, err);
        return or_pin(p, err);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        say(err, verify,
            _("the certificate of %s has expired (%s): its operator must renew it, or the clock of "
              "this computer is wrong"),
            host, p->until[0] != '\0' ? p->until : "?");
        return or_pin(p, err);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return say(err, verify,
                   _("the certificate of %s is not valid yet (%s): is the clock of this computer "
                     "right?"),
                   host, p->since[0] != '\0' ? p->since : "?");
    case X509_V_ERR_CERT_REVOKED:
        return say(err, verify, _("the certificate of %s was revoked: do not trust it"), host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return unknown_signer(host, verify, p, err);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        say(err, verify,
            _("the certificate of %s is too weak to be trusted (%s): its operator must renew it"),
            host, X509_verify_cert_error_string(verify));
        return or_pin(p, err);
    default:
        say(err, verify, _("the certificate of %s cannot be trusted (%s)"), host,
            X509_verify_cert_error_string(verify));
        return or_pin(p, err);
    }
}

int tls_unpinned(const char *host, const struct tls_peer *p, struct error *err)
{
    return say(err, p->verify,
               _("the key of %s is none of those of tls-pin: somebody may be in between, or its "
                 "operator has changed it; its key now is %s"),
               host, p->pin[0] != '\0' ? p->pin : "?");
}

static bool says(const char *why, const char *words)
{
    return str_isearch(str_c(why), str_c(words)) < strlen(why);
}

bool tls_wants_certificate(const struct tls_peer *p)
{
    switch (p->alert) {
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case TLS1_AD_UNKNOWN_CA:
    case TLS1_AD_ACCESS_DENIED:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

int tls_stranger(const char *host, struct error *err)
{
    return error_set(err, ERR_TLS, RETRY_LATER,
                     _("%s wants a certificate of yours, or does not take the one it was shown: "
                       "set tls-cert and tls-key"),
                     host);
}

int tls_failed(const char *host, unsigned port, const char *clear, const char *why,
               const struct tls_peer *p, struct error *err)
{
    if (says(why, "wrong version number") || says(why, "packet length too long") ||
        says(why, "http request"))
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("port %u of %s does not speak TLS from the start: did you mean %s://, "
                           "which begins it with STARTTLS?"),
                         port, host, clear);
    if (p->alert == TLS1_AD_PROTOCOL_VERSION || says(why, "unsupported protocol") ||
        says(why, "unsupported version"))
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("%s:%u speaks no TLS that is safe today (1.2 or newer): its operator "
                           "must renew its software"),
                         host, port);
    if (says(why, "dh key too small") || says(why, "key too small") || says(why, "md too weak"))
        return error_set(err, ERR_TLS, RETRY_LATER,
                         _("%s:%u encrypts too weakly to be safe: its operator must mend it"), host,
                         port);
    if (tls_wants_certificate(p))
        return tls_stranger(host, err);
    return error_set(err, ERR_TLS, RETRY_LATER,
                     _("%s:%u does not speak TLS as it should: check the port, and whether "
                       "STARTTLS is what it wants"),
                     host, port);
}
