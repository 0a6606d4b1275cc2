/* SPDX-License-Identifier: MIT */
#include "server/tls.h"

#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "server/tlscert.h"
#include "base/banned.h"

struct tls {
    SSL_CTX *ctx;
};

/* OpenSSL's own reason, where it has one. */
static const char *tls_reason(void)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    return why != NULL ? why : _("it does not fit");
}

static SSL_CTX *ctx_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Clients resume with tickets: nothing of them is kept here. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"tmaild", 6);
    SSL_CTX_set_num_tickets(ctx, 1);
    return ctx;
}

static int ctx_load(SSL_CTX *ctx, const char *cert, const char *key, struct error *err)
{
    ERR_clear_error();
    if (access(cert, R_OK) != 0 || access(key, R_OK) != 0)
        return error_sys(err, _("cannot read %s"), access(cert, R_OK) != 0 ? cert : key);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return error_set(err, ERR_TLS, RETRY_NEVER, _("cannot use the certificate in %s: %s"), cert,
                         tls_reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return error_set(err, ERR_TLS, RETRY_NEVER, _("cannot use the private key in %s: %s"), key,
                         tls_reason());
    return 0;
}

/* ---- self-made ---- */

struct own {
    char *dir, *ca, *cert, *key; /* paths */
    const char *names[OPTIONS_DOMAINS_MAX + 5];
    size_t names_n;
};

static void own_init(struct own *w, const struct server_options *o)
{
    static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
    *w = (struct own){ .dir = xasprintf("%s/tls", o->root),
                       .ca = xasprintf("%s/tls/ca.pem", o->root),
                       .cert = xasprintf("%s/tls/cert.pem", o->root),
                       .key = xasprintf("%s/tls/key.pem", o->root) };
    w->names[w->names_n++] = o->host;
    for (size_t i = 0; i < o->domains_n; i++)
        w->names[w->names_n++] = o->domains[i];
    for (size_t i = 0; i < COUNT(always); i++)
        w->names[w->names_n++] = always[i];
    w->names[w->names_n++] = o->listen;
}

static void own_clear(struct own *w)
{
    free(w->dir);
    free(w->ca);
    free(w->cert);
    free(w->key);
}

static int own_make(const struct own *w, int64_t now, struct error *err)
{
    struct tlscert_text text;
    tlscert_text_init(&text);
    int rc = tlscert_make(w->names, w->names_n, now, &text, err);
    if (rc == 0)
        rc = file_mkdirs(w->dir, err);
    if (rc == 0)
        rc = file_replace(w->key, buf_str(&text.key), 0600, err);
    if (rc == 0)
        rc = file_replace(w->cert, buf_str(&text.cert), 0644, err);
    if (rc == 0)
        rc = file_replace(w->ca, buf_str(&text.ca), 0644, err);
    tlscert_text_clear(&text);
    return rc;
}

/* What is there, if it can be used; a crash between its files leaves a key that does not fit. */
static bool own_usable(const struct own *w, SSL_CTX *ctx, int64_t now)
{
    struct error ignored;
    struct buf cert = BUF_INIT(TLSCERT_TEXT_MAX);
    struct buf ca = BUF_INIT(TLSCERT_TEXT_MAX);
    bool ok = file_read(w->cert, &cert, &ignored) == 0 && file_read(w->ca, &ca, &ignored) == 0 &&
              ca.len > 0 && str_search(buf_str(&cert), buf_str(&ca)) < cert.len &&
              tlscert_fits(buf_str(&cert), w->names, w->names_n, now) &&
              ctx_load(ctx, w->cert, w->key, &ignored) == 0;
    buf_free(&cert);
    buf_free(&ca);
    return ok;
}

/* --fault for the certificate: one that ended, or another host's. The next start without makes a
 * right one again. */
static bool own_spoil(const struct server_options *o, struct own *w, int64_t *now)
{
    bool spoilt = false;
    for (size_t i = 0; i < o->faults_n; i++)
        if (str_eqc(str_c(o->faults[i]), "tls=expired")) {
            *now -= (int64_t)(TLSCERT_DAYS + 2) * 24 * 60 * 60;
            spoilt = true;
        } else if (str_eqc(str_c(o->faults[i]), "tls=othername")) {
            w->names[0] = "another.example";
            w->names_n = 1;
            spoilt = true;
        }
    return spoilt;
}

static int own_load(const struct server_options *o, SSL_CTX *ctx, struct error *err)
{
    struct own w;
    int64_t now = clock_wall_ms() / 1000;
    int rc = 0;
    own_init(&w, o);
    if (own_spoil(o, &w, &now) || !own_usable(&w, ctx, now)) {
        rc = own_make(&w, now, err);
        if (rc == 0)
            rc = ctx_load(ctx, w.cert, w.key, err);
    }
    own_clear(&w);
    return rc;
}

/* ---- handles ---- */

bool tls_wanted(const struct server_options *o)
{
    return o->tls_cert == NULL || !str_eqc(str_c(o->tls_cert), "none");
}

struct tls *tls_new(const struct server_options *o, struct error *err)
{
    SSL_CTX *ctx = ctx_new();
    int rc = ctx == NULL ? error_set(err, ERR_TLS, RETRY_LATER, _("cannot begin TLS"))
             : o->tls_cert != NULL
                 ? ctx_load(ctx, o->tls_cert, o->tls_key != NULL ? o->tls_key : o->tls_cert, err)
                 : own_load(o, ctx, err);
    if (rc != 0) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    struct tls *t = xcalloc(1, sizeof *t);
    t->ctx = ctx;
    return t;
}

struct tls *tls_share(const struct tls *t)
{
    if (t == NULL)
        return NULL;
    struct tls *copy = xcalloc(1, sizeof *copy);
    SSL_CTX_up_ref(t->ctx);
    copy->ctx = t->ctx;
    return copy;
}

void tls_free(struct tls **t)
{
    if (*t == NULL)
        return;
    SSL_CTX_free((*t)->ctx);
    free(*t);
    *t = NULL;
}

struct ssl_st *tls_accept(const struct tls *t, int fd)
{
    SSL *ssl = SSL_new(t->ctx);
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_free(ssl);
    return NULL;
}
