/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "net/imap.h"
#include "net/sasl.h"

/* A server of IMAP that speaks TLS by OpenSSL and has logins by SCRAM alone, bound to the channel as it sees
 * it: RFC 5929 and RFC 9266 from the other side. */
enum { LINE = 4096, CERT_DAYS = 40, DAY_S = 86400 };

struct server {
    int version;          /* the only one that it speaks */
    uint64_t options;     /* SSL_OP_... */
    bool elsewhere;       /* its channel is another one: TLS ends in front of it */
    struct tls_binding b; /* as it sees it */
    unsigned logins;      /* begun */
    char mech[32];        /* of the last */
    char first[LINE];     /* its client's first message */
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    uint16_t port;
    pthread_t thread;
};

/* ------------------------------------------------------------------ a certificate */

static EVP_PKEY *key;
static X509 *cert;
static char ca_file[] = "/tmp/tmail-test-tls.XXXXXX";

static void name_put(X509_NAME *name, const char *field, const char *value)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC,
                                                (const unsigned char *)value, -1, -1, 0),
                     1);
}

static int certificate_make(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), CERT_DAYS * DAY_S);
    X509_set_pubkey(cert, key);
    name_put(X509_get_subject_name(cert), "O", "Signers & \x1b Co");
    name_put(X509_get_subject_name(cert), "CN", "127.0.0.1");
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION *san =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, (char *)(uintptr_t) "IP:127.0.0.1");
    X509_add_ext(cert, san, -1);
    X509_EXTENSION_free(san);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    int fd = mkstemp(ca_file);
    FILE *f = fdopen(fd, "w");
    assert_int_equal(PEM_write_X509(f, cert), 1);
    return fclose(f);
}

static int certificate_drop(void **state)
{
    (void)state;
    X509_free(cert);
    EVP_PKEY_free(key);
    return unlink(ca_file);
}

/* ------------------------------------------------------------------ the server */

static void server_bind(struct server *v)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    struct tls_binding *b = &v->b;
    if (SSL_version(v->ssl) >= TLS1_3_VERSION) {
        b->kind = TLS_BINDING_EXPORTER;
        b->n = 32;
        SSL_export_keying_material(v->ssl, b->bytes, b->n, label, sizeof label - 1, NULL, 0, 0);
    } else {
        b->kind = TLS_BINDING_UNIQUE; /* the first Finished: the client's */
        b->n = SSL_get_peer_finished(v->ssl, b->bytes, sizeof b->bytes);
    }
    if (v->elsewhere)
        b->bytes[0] ^= 1;
}

static int server_knows(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
    const struct server *v = gsasl_callback_hook_get(lib);
    Gsasl_property ours =
        v->b.kind == TLS_BINDING_EXPORTER ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE;
    if (prop == GSASL_PASSWORD)
        return gsasl_property_set(session, prop, "pencil");
    if (prop != ours)
        return GSASL_NO_CALLBACK;
    struct buf text = BUF_INIT(200);
    login_base64((struct str){ (const char *)v->b.bytes, v->b.n }, &text);
    int rc = gsasl_property_set(session, prop, buf_c(&text));
    buf_free(&text);
    return rc;
}

static void say(struct server *v, const char *line)
{
    SSL_write(v->ssl, line, (int)strlen(line));
}

static bool hear(struct server *v, char line[LINE])
{
    int n = 0;
    while (n < LINE - 1 && SSL_read(v->ssl, line + n, 1) == 1 && line[n] != '\n')
        n++;
    bool whole = n > 0 && line[n] == '\n' && line[n - 1] == '\r';
    line[whole ? n - 1 : n] = '\0';
    return whole;
}

static void log_in(struct server *v, const char *tag, const char *mech, const char *first)
{
    Gsasl *lib;
    Gsasl_session *session = NULL;
    char line[LINE], out[2 * LINE];
    gsasl_init(&lib);
    gsasl_callback_hook_set(lib, v);
    gsasl_callback_set(lib, server_knows);
    snprintf(line, sizeof line, "%s", first);
    snprintf(v->mech, sizeof v->mech, "%s", mech);
    snprintf(v->first, sizeof v->first, "%s", first);
    v->logins++;
    int rc = gsasl_server_start(lib, mech, &session);
    while (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) {
        char *said = NULL;
        rc = gsasl_step64(session, line, &said);
        bool over = rc == GSASL_OK && (said == NULL || said[0] == '\0');
        snprintf(out, sizeof out, "+ %s\r\n", said != NULL ? said : "");
        gsasl_free(said);
        if (over || (rc != GSASL_OK && rc != GSASL_NEEDS_MORE))
            break;
        say(v, out);
        if (!hear(v, line))
            rc = GSASL_AUTHENTICATION_ERROR;
        if (rc == GSASL_OK && line[0] == '\0')
            break; /* it has taken our proof */
    }
    snprintf(out, sizeof out, "%s %s\r\n", tag, rc == GSASL_OK ? "OK in" : "NO not you");
    say(v, out);
    gsasl_finish(session);
    gsasl_done(lib);
}

static void *serve(void *arg)
{
    static const char caps[] =
        "CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN";
    struct server *v = arg;
    char line[LINE], tag[16], verb[32], mech[32], first[LINE], out[LINE];
    int fd = accept(v->fd, NULL, NULL);
    v->ssl = SSL_new(v->ctx);
    SSL_set_fd(v->ssl, fd);
    if (SSL_accept(v->ssl) == 1) {
        server_bind(v);
        snprintf(out, sizeof out, "* OK [%s] hi\r\n", caps);
        say(v, out);
        while (hear(v, line)) {
            tag[0] = verb[0] = mech[0] = first[0] = '\0';
            sscanf(line, "%15s %31s %31s %4095s", tag, verb, mech, first);
            if (strcmp(verb, "AUTHENTICATE") == 0) {
                log_in(v, tag, mech, first);
                continue;
            }
            snprintf(out, sizeof out, "* %s\r\n%s OK\r\n", caps, tag);
            say(v, out);
        }
    }
    SSL_free(v->ssl);
    close(fd);
    return NULL;
}

static void server_start(struct server *v)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    v->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(v->ctx, v->version);
    SSL_CTX_set_max_proto_version(v->ctx, v->version);
    SSL_CTX_set_options(v->ctx, v->options);
    assert_int_equal(SSL_CTX_use_certificate(v->ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(v->ctx, key), 1);
    v->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(v->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(v->fd, 1), 0);
    assert_int_equal(getsockname(v->fd, (struct sockaddr *)&at, &n), 0);
    v->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&v->thread, NULL, serve, v), 0);
}

static void server_end(struct server *v)
{
    pthread_join(v->thread, NULL);
    close(v->fd);
    SSL_CTX_free(v->ctx);
}

/* ------------------------------------------------------------------ tests */

/* The binding of both sides is the same, or the login is none: that is what keeps out who stands in between with a
 * certificate that holds. */
static void a_login_is_bound_to_its_channel(void **state)
{
    static const struct {
        int version;
        uint64_t options;
        bool elsewhere;
        const char *mech, *named, *flag; /* the first message begins with */
        int code;
    } rows[] = {
        { TLS1_3_VERSION, 0, false, "SCRAM-SHA-256-PLUS", "TLSv1.3", "p=tls-exporter,,", ERR_NONE },
        { TLS1_2_VERSION, 0, false, "SCRAM-SHA-256-PLUS", "TLSv1.2", "p=tls-unique,,", ERR_NONE },
        { TLS1_3_VERSION, 0, true, "SCRAM-SHA-256-PLUS", "TLSv1.3", "p=tls-exporter,,", ERR_AUTH },
        { TLS1_2_VERSION, 0, true, "SCRAM-SHA-256-PLUS", "TLSv1.2", "p=tls-unique,,", ERR_AUTH },
        /* RFC 7627: this one binds nothing */
        { TLS1_2_VERSION, SSL_OP_NO_EXTENDED_MASTER_SECRET, false, "SCRAM-SHA-256", "TLSv1.2",
          "n,,", ERR_NONE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server v = { .version = rows[i].version,
                            .options = rows[i].options,
                            .elsewhere = rows[i].elsewhere };
        struct net_login login = { .user = "user", .secret = STR("pencil") };
        struct net_facts facts = { 0 };
        struct error err = { 0 };
        char first[LINE];
        server_start(&v);
        struct imap *c = imap_open(&(struct imap_options){ .endpoint = { .proto = NET_IMAP,
                                                                         .host = "127.0.0.1",
                                                                         .port = v.port,
                                                                         .tls = TLS_DIRECT,
                                                                         .ca_file = ca_file },
                                                           .login = &login,
                                                           .connect_ms = 20000,
                                                           .wait_ms = 20000,
                                                           .facts = &facts },
                                   &err);
        bool in = c != NULL;
        imap_close(&c);
        server_end(&v);
        if (in != (rows[i].code == ERR_NONE) || (!in && (int)err.code != rows[i].code))
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(v.logins, 1); /* and nothing else was tried */
        assert_string_equal(v.mech, rows[i].mech);
        struct buf flag = BUF_INIT(LINE);
        int n =
            EVP_DecodeBlock((unsigned char *)first, (unsigned char *)v.first, (int)strlen(v.first));
        buf_add(&flag, first, n > 0 ? (size_t)n : 0);
        if (!str_starts(buf_str(&flag), rows[i].flag))
            fail_msg("row %zu: %s", i, buf_c(&flag));
        buf_free(&flag);
        assert_string_equal(facts.tls.version, rows[i].named);
        assert_string_equal(facts.login, rows[i].mech);
    }
}

static void what_is_seen_is_told(void **state)
{
    struct server v = { .version = TLS1_3_VERSION };
    struct buf said = BUF_INIT(64 << 10);
    struct error err = { 0 };
    struct endpoint ep = {
        .proto = NET_IMAP, .host = "127.0.0.1", .tls = TLS_DIRECT, .ca_file = ca_file
    };
    bool secure = false;
    (void)state;
    server_start(&v);
    ep.port = v.port;
    struct stream *s = stream_open(&ep, 20000, NULL, NULL, &said, &secure, &err);
    assert_non_null(s);
    const struct tls_facts *f = stream_facts(s);
    int64_t left = f->ends_at - (int64_t)time(NULL);
    assert_true(secure && f->trusted && f->cipher[0] != '\0');
    assert_in_range(left, (CERT_DAYS - 1) * DAY_S, CERT_DAYS * DAY_S);
    assert_null(strchr(f->issuer, '\x1b'));
    assert_non_null(strstr(f->issuer, "Signers & "));
    assert_int_equal(strlen(f->until), strlen("2026-11-27"));
    stream_close(&s);
    server_end(&v);
    /* nobody vouches for it: who says so himself is named */
    v = (struct server){ .version = TLS1_3_VERSION };
    server_start(&v);
    ep.port = v.port;
    ep.ca_file = NULL;
    assert_null(stream_open(&ep, 20000, NULL, NULL, &said, &secure, &err));
    assert_int_equal(err.code, ERR_TLS);
    server_end(&v);
    buf_free(&said);
}

/* Pure: the sentence for each verdict. */
static void distrust_is_told_in_words(void **state)
{
    const struct tls_peer peer = { .seen = true,
                                   .pin = "sha256//abc=",
                                   .names = "other.example",
                                   .issuer = "Some \"CA\"",
                                   .until = "2020-06-01" };
    static const struct {
        long verify;
        const char *words[3];
    } rows[] = {
        { X509_V_OK, { "not for h but for other.example", "sha256//abc=" } },
        { X509_V_ERR_CERT_HAS_EXPIRED, { "expired (2020-06-01)", "clock", "tls-pin" } },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
          { "signed by nobody whom this computer knows", "calls itself \"Some \"CA\"\"",
            "tls-ca" } },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, { "signed by itself alone", "tls-ca" } },
        { X509_V_ERR_CERT_REVOKED, { "revoked" } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        assert_int_equal(tls_distrust("h", rows[i].verify, &peer, &err), -1);
        assert_int_equal(err.code, ERR_TLS);
        for (size_t k = 0; k < COUNT(rows[i].words) && rows[i].words[k] != NULL; k++)
            if (strstr(err.text, rows[i].words[k]) == NULL)
                fail_msg("row %zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_is_bound_to_its_channel),
        cmocka_unit_test(what_is_seen_is_told),
        cmocka_unit_test(distrust_is_told_in_words),
    };
    struct error err = { 0 };
    signal(SIGPIPE, SIG_IGN); /* the client may be gone while we speak */
    if (net_init(&err) != 0)
        return 1;
    int rc = cmocka_run_group_tests(tests, certificate_make, certificate_drop);
    net_cleanup();
    return rc;
}
