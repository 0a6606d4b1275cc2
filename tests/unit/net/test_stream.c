/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <openssl/x509_vfy.h>
#include <pthread.h>

#include "base/clock.h"
#include "net/login.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/words.h"
#include "unit/net/script.h"

static const struct endpoint base = { .proto = NET_IMAP, .host = "127.0.0.1", .tls = TLS_STARTTLS };

/* Before TLS, as SECURITY.md §1c has it: the least doubt closes the connection. */
static void starttls_is_had_or_nothing_is(void **state)
{
    static const struct {
        enum net_proto proto;
        bool plain_ok;
        const char *script;
        enum error_code code; /* ERR_NONE: open, in the clear */
    } rows[] = {
        /* words behind the answer to STARTTLS, in the same segment */
        { NET_IMAP, false,
          "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: s2 STARTTLS\n"
          "S: s2 OK go\\r\\n* OK injected\nE:\n",
          ERR_PROTO },
        { NET_IMAP, false, "S: * OK hi\nC: s2 STARTTLS\ns: s2 OK go\\r\\n*\nE:\n", ERR_PROTO },
        { NET_IMAP, false, "S: * OK hi\nC: s2 STARTTLS\nS: s2\nE:\n", ERR_PROTO },
        /* what comes before it is nobody's business */
        { NET_IMAP, false,
          "S: * OK hi\nC: s2 STARTTLS\nS: \\r\\n* OK [ALERT] pay\\r\\ns1 OK no\\r\\ns2 OK go\nX:\n",
          ERR_TLS },
        { NET_SMTP, false,
          "S: 220 hi\nC: EHLO me\nS: 250-hi\\r\\n250 STARTTLS\nC: STARTTLS\n"
          "S: 220 go\\r\\n250 injected\nE:\n",
          ERR_PROTO },
        /* not offered, refused, taken away by PREAUTH */
        { NET_IMAP, false, "S: * OK hi\nC: s2 STARTTLS\nS: s2 BAD what\nE:\n", ERR_TLS },
        { NET_IMAP, false, "S: * OK hi\nC: s2 STARTTLS\nS: s2 NO\nE:\n", ERR_TLS },
        { NET_IMAP, false, "S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\nE:\n", ERR_TLS },
        { NET_SMTP, false, "S: 220 hi\nC: EHLO me\nS: 250 hi\nE:\n", ERR_TLS },
        { NET_SMTP, false,
          "S: 220 hi\nC: EHLO me\nS: 250-hi\\r\\n250 STARTTLS\nC: STARTTLS\nS: 454 no\nE:\n",
          ERR_TLS },
        /* no handshake comes */
        { NET_SMTP, false,
          "S: 220 hi\nC: EHLO me\nS: 250-hi\\r\\n250 STARTTLS\nC: STARTTLS\nS: 220 go\nX:\n",
          ERR_TLS },
        { NET_IMAP, false, "S: * BYE no\nE:\n", ERR_PROTO },
        { NET_IMAP, false, "S: hello\nE:\n", ERR_PROTO },
        { NET_IMAP, false, "S: s2 OK\nE:\n", ERR_PROTO },
        { NET_IMAP, false, "s: * OK\nX:\n", ERR_NET },
        { NET_IMAP, false, "R: 9000 * OK no\\x20end\nE:\n", ERR_PROTO },
        /* the loopback may go on in the clear where STARTTLS is not offered */
        { NET_SMTP, true, "S: 220 hi\nC: EHLO me\nS: 250 hi\nE:\n", ERR_NONE },
        { NET_IMAP, true,
          "S: * OK hi\nC: s1 CAPABILITY\nS: * CAPABILITY IMAP4rev1\\r\\ns1 OK\nE:\n", ERR_NONE },
        { NET_IMAP, true, "S: * OK [CAPABILITY IMAP4rev1] hi\nE:\n", ERR_NONE },
        { NET_IMAP, true,
          "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\nC: s2 STARTTLS\nS: s2 NO\nE:\n", ERR_NONE },
        { NET_IMAP, true, "S: * PREAUTH hi\nE:\n", ERR_NONE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf said = BUF_INIT(64 << 10);
        struct error err = { 0 };
        bool secure = true;
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        struct endpoint ep = base;
        ep.proto = rows[i].proto;
        ep.port = script_port(server);
        ep.ehlo_name = "me";
        ep.loopback_plain = rows[i].plain_ok;
        struct stream *s = stream_open(&ep, 5000, NULL, NULL, &said, &secure, &err);
        bool opened = s != NULL;
        stream_close(&s);
        if (!script_end(&server) || opened != (rows[i].code == ERR_NONE) ||
            (!opened && err.code != rows[i].code))
            fail_msg("row %zu: %d %s", i, (int)err.code, err.text);
        if (opened) {
            assert_false(secure);
            assert_true(said.len > 0);
        }
        buf_free(&said);
    }
}

/* Only the loopback itself may be spoken to in the clear, not a name that looks like it. */
static void what_only_looks_like_the_loopback_is_none(void **state)
{
    struct buf said = BUF_INIT(1024);
    struct error err = { 0 };
    bool secure = false;
    (void)state;
    struct script *server = script_start(STR("S: 220 hi\nC: EHLO me\nS: 250 hi\nE:\n"), SIZE_MAX);
    struct endpoint ep = base;
    ep.proto = NET_SMTP;
    ep.host = "127.localhost";
    ep.port = script_port(server);
    ep.ehlo_name = "me";
    ep.loopback_plain = true;
    assert_null(stream_open(&ep, 5000, NULL, NULL, &said, &secure, &err));
    assert_int_equal(err.code, ERR_TLS);
    assert_true(script_end(&server));
    buf_free(&said);
}

static void what_cannot_be_reached_is_told(void **state)
{
    struct script *gone = script_start(STR("E:\n"), SIZE_MAX);
    const struct {
        const char *host;
        uint16_t port;
        enum net_tls tls;
        enum error_code code;
    } rows[] = {
        { "no such host", 25, TLS_NONE, ERR_CONFIG },
        { "name.invalid", 25, TLS_NONE, ERR_NET },
        { "127.0.0.1", script_port(gone), TLS_NONE, ERR_NET },
        { "127.0.0.1", script_port(gone), TLS_DIRECT, ERR_NET },
    };
    (void)state;
    script_end(&gone);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf said = BUF_INIT(1024);
        struct error err = { 0 };
        bool secure = false;
        struct endpoint ep = base;
        ep.host = rows[i].host;
        ep.port = rows[i].port;
        ep.tls = rows[i].tls;
        assert_null(stream_open(&ep, 2000, NULL, NULL, &said, &secure, &err));
        if (err.code != rows[i].code)
            fail_msg("row %zu: %d %s", i, (int)err.code, err.text);
        buf_free(&said);
    }
}

static void a_silent_server_costs_the_deadline(void **state)
{
    static const enum net_tls kinds[] = { TLS_DIRECT, TLS_STARTTLS };
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct buf said = BUF_INIT(1024);
        struct error err = { 0 };
        bool secure = false;
        struct script *server = script_start(STR("H:\n"), SIZE_MAX);
        struct endpoint ep = base;
        ep.port = script_port(server);
        ep.tls = kinds[i];
        assert_null(stream_open(&ep, 50, NULL, NULL, &said, &secure, &err));
        assert_int_equal(err.code, ERR_NET);
        assert_int_equal(err.retry, RETRY_LATER);
        /* which may have been the wrong way to begin */
        assert_int_equal(strstr(err.text, "imaps://") != NULL, kinds[i] == TLS_STARTTLS);
        assert_true(script_end(&server));
        buf_free(&said);
    }
}

static void *cancel_it(void *arg)
{
    net_cancel_set(arg);
    return NULL;
}

/* Nobody answers, the wait is a minute: only the cancel can end these in time. */
static void a_cancel_ends_every_wait(void **state)
{
    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        struct buf said = BUF_INIT(1024);
        struct error err = { 0 };
        bool secure = false;
        struct net_cancel *c = net_cancel_new(&err);
        assert_non_null(c);
        struct script *server = script_start(STR("H:\n"), SIZE_MAX);
        struct endpoint ep = base;
        pthread_t t;
        ep.port = script_port(server);
        ep.tls = reading ? TLS_NONE : TLS_DIRECT;
        struct stream *s = NULL;
        if (reading) {
            s = stream_open(&ep, 60000, c, NULL, &said, &secure, &err);
            assert_non_null(s);
        }
        assert_int_equal(pthread_create(&t, NULL, cancel_it, c), 0);
        if (reading)
            assert_int_equal(stream_read(s, &said, 60000, &err), -1);
        else
            assert_null(stream_open(&ep, 60000, c, NULL, &said, &secure, &err));
        assert_int_equal(err.code, ERR_CANCELLED);
        pthread_join(t, NULL);
        assert_true(net_cancel_is_set(c));
        net_cancel_clear(c);
        assert_false(net_cancel_is_set(c));
        stream_close(&s);
        assert_true(script_end(&server));
        net_cancel_free(&c);
        buf_free(&said);
    }
}

/* Two streams of one thread: who slept for long has lost both; a move concerns only those whose
 * address went, which the loopback's never does. */
static void a_change_of_the_network_ends_what_it_cut(void **state)
{
    static const struct {
        enum net_change what;
        bool lost;
    } rows[] = { { NET_MOVED, false }, { NET_WOKEN, true } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct buf said = BUF_INIT(1024);
        bool secure;
        struct script *server = script_start(STR("H:\nN:\nH:\n"), SIZE_MAX);
        struct net_cancel *c = net_cancel_new(&err);
        struct endpoint ep = base;
        ep.tls = TLS_NONE;
        ep.port = script_port(server);
        struct stream *s[2] = { NULL };
        for (size_t k = 0; k < COUNT(s); k++) {
            s[k] = stream_open(&ep, 5000, c, NULL, &said, &secure, &err);
            if (s[k] == NULL)
                fail_msg("%s", err.text);
        }
        assert_int_equal(stream_wait(s[0], false, -1, 0, &err), 2);
        net_cancel_network(c, rows[i].what);
        for (size_t k = 0; k < COUNT(s); k++) {
            int rc = stream_wait(s[k], false, -1, rows[i].lost ? 60000 : 0, &err);
            assert_int_equal(rc < 0, rows[i].lost);
            if (rc < 0)
                assert_int_equal(err.code, ERR_NET);
            stream_close(&s[k]);
        }
        (void)script_end(&server);
        net_cancel_free(&c);
        buf_free(&said);
    }
}

/* With a grace what is about to come is still taken, and the wait has an end without it. */
static void a_grace_lets_the_last_answer_in(void **state)
{
    struct buf said = BUF_INIT(1024);
    struct error err = { 0 };
    bool secure = false;
    (void)state;
    struct net_cancel *c = net_cancel_new(&err);
    struct script *server = script_start(STR("S: 250 taken\nH:\n"), SIZE_MAX);
    struct endpoint ep = base;
    ep.port = script_port(server);
    ep.tls = TLS_NONE;
    struct stream *s = stream_open(&ep, 60000, c, NULL, &said, &secure, &err);
    assert_non_null(s);
    net_cancel_set(c);
    assert_int_equal(stream_read(s, &said, 60000, &err), -1);
    assert_int_equal(err.code, ERR_CANCELLED);
    stream_grace(s, 60000);
    assert_int_equal(stream_read(s, &said, 60000, &err), 0);
    assert_true(str_starts(buf_str(&said), "250 "));
    stream_grace(s, 20);
    int rc;
    do {
        error_clear(&err);
        rc = stream_read(s, &said, 60000, &err);
    } while (rc == 0);
    assert_int_equal(rc, -1);
    assert_int_equal(err.code, ERR_CANCELLED);
    stream_close(&s);
    assert_true(script_end(&server));
    net_cancel_free(&c);
    buf_free(&said);
}

static void reading_tells_bytes_silence_and_the_end(void **state)
{
    struct buf in = BUF_INIT(16), said = BUF_INIT(1024);
    struct error err = { 0 };
    bool secure = true;
    (void)state;
    struct script *server = script_start(STR("S: hello\nC: more\nS: 0123456789\nX:\n"), SIZE_MAX);
    struct endpoint ep = base;
    ep.port = script_port(server);
    ep.tls = TLS_NONE;
    struct stream *s = stream_open(&ep, 5000, NULL, NULL, &said, &secure, &err);
    assert_non_null(s);
    assert_false(secure);
    while (in.len < 7)
        assert_int_equal(stream_read(s, &in, 5000, &err), 0);
    assert_str(buf_str(&in), "hello\r\n");
    assert_int_equal(stream_read(s, &in, 0, &err), 2);
    assert_int_equal(stream_write(s, STR("more\r\n"), &in, 5000, &err), 0);
    int rc;
    while ((rc = stream_read(s, &in, 5000, &err)) == 0)
        ;
    assert_int_equal(rc, -1); /* full before the end */
    assert_int_equal(err.code, ERR_LIMIT);
    buf_clear(&in);
    while ((rc = stream_read(s, &in, 5000, &err)) == 0)
        ;
    assert_int_equal(rc, 1);
    stream_close(&s);
    assert_true(script_end(&server));
    buf_free(&in);
    buf_free(&said);
}

static void distrust_is_said_plainly(void **state)
{
    static const long rows[] = { X509_V_OK,
                                 X509_V_ERR_CERT_HAS_EXPIRED,
                                 X509_V_ERR_CERT_NOT_YET_VALID,
                                 X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                 X509_V_ERR_CERT_REVOKED,
                                 X509_V_ERR_CERT_SIGNATURE_FAILURE };
    char texts[COUNT(rows)][ERROR_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct tls_peer peer = { .until = "2026-01-02" };
        assert_int_equal(tls_distrust("mail.example.org", rows[i], &peer, &err), -1);
        assert_int_equal(err.code, ERR_TLS);
        assert_int_equal(err.retry, RETRY_LATER);
        assert_non_null(strstr(err.text, "mail.example.org"));
        memcpy(texts[i], err.text, sizeof texts[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
}

static void foreign_words_are_made_fit(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { " plain \r\n", "plain" },
        { "a\x1b[2Jb\tc", "a [2Jb c" },
        { "a\xE2\x80\xAE"
          "b",
          "a b" },
        { "a\xFF"
          "b",
          "a\xEF\xBF\xBD"
          "b" },
        { "0123456789abcdef", "0123456789" },
        { "123456789\xC3\xA9", "123456789" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[11];
        net_words(out, sizeof out, str_c(rows[i].in));
        assert_string_equal(out, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starttls_is_had_or_nothing_is),
        cmocka_unit_test(what_only_looks_like_the_loopback_is_none),
        cmocka_unit_test(what_cannot_be_reached_is_told),
        cmocka_unit_test(a_silent_server_costs_the_deadline),
        cmocka_unit_test(a_cancel_ends_every_wait),
        cmocka_unit_test(a_change_of_the_network_ends_what_it_cut),
        cmocka_unit_test(a_grace_lets_the_last_answer_in),
        cmocka_unit_test(reading_tells_bytes_silence_and_the_end),
        cmocka_unit_test(distrust_is_said_plainly),
        cmocka_unit_test(foreign_words_are_made_fit),
    };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
