/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>

#include "server/agent.h"
#include "server/agent_in.h"
#include "server/relay_out.h"

static void codes_and_fates(void **state)
{
    static const struct {
        unsigned code;
        enum relay_fate fate;
    } rows[] = { { 0, RELAY_LATER },     { 200, RELAY_SENT },    { 250, RELAY_SENT },
                 { 299, RELAY_SENT },    { 300, RELAY_LATER },   { 354, RELAY_LATER },
                 { 400, RELAY_LATER },   { 421, RELAY_LATER },   { 499, RELAY_LATER },
                 { 500, RELAY_REFUSED }, { 550, RELAY_REFUSED }, { 599, RELAY_REFUSED },
                 { 600, RELAY_LATER },   { 199, RELAY_LATER } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (relay_fate(rows[i].code) != rows[i].fate)
            fail_msg("%u", rows[i].code);
}

/* A refusal must not become a success in the report because a peer says 550 2.0.0. */
static void results_agree_with_themselves(void **state)
{
    static const struct {
        enum relay_fate fate;
        const char *given, *want;
    } rows[] = { { RELAY_SENT, "2.1.5", "2.1.5" },      { RELAY_SENT, "5.1.1", "2.0.0" },
                 { RELAY_REFUSED, "5.1.1", "5.1.1" },   { RELAY_REFUSED, "4.2.0", "5.0.0" },
                 { RELAY_REFUSED, NULL, "5.0.0" },      { RELAY_LATER, "", "4.0.0" },
                 { RELAY_LATER, "4.7.123", "4.7.123" }, { RELAY_LATER, "2.0.0", "4.0.0" } };
    struct relay_rcpt r = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        relay_result(&r, rows[i].fate, 1, rows[i].given, NULL, "words\r\nof \x1b[31m somebody");
        assert_int_equal(r.fate, rows[i].fate);
        assert_string_equal(r.enhanced, rows[i].want);
        assert_string_equal(r.host, "");
        for (const char *c = r.text; *c != '\0'; c++)
            assert_true((unsigned char)*c >= ' ');
    }
    relay_result(&r, RELAY_LATER, 0, NULL, "mx", "");
    assert_string_equal(r.text, "-");
}

static void those_without_a_result(void **state)
{
    struct relay_rcpt rcpts[3] = { { .address = "a@b" }, { .skip = true }, { .address = "c@d" } };
    struct relay_mail mail = { .rcpts = rcpts, .n = 3 };
    struct relay_rcpt why = { 0 };
    (void)state;
    snprintf(rcpts[1].text, sizeof rcpts[1].text, "as it was");
    relay_begin(&mail, 1);
    assert_true(relay_has_open(&mail, 1));
    relay_result(&rcpts[0], RELAY_SENT, 250, "2.0.0", "mx", "ok");
    assert_true(relay_has_open(&mail, 1));
    relay_result(&why, RELAY_REFUSED, 0, "5.4.6", NULL, "a loop");
    relay_close_open(&mail, 1, &why);
    assert_false(relay_has_open(&mail, 1));
    assert_int_equal(rcpts[0].fate, RELAY_SENT);
    assert_string_equal(rcpts[1].text, "as it was");
    assert_int_equal(rcpts[2].fate, RELAY_REFUSED);
    assert_string_equal(rcpts[2].enhanced, "5.4.6");
}

static void smart_hosts(void **state)
{
    static const struct {
        const char *spec, *host;
        unsigned port;
        enum net_tls tls;
        bool opportunistic;
    } rows[] = {
        { "mx.example", "mx.example", 25, TLS_STARTTLS, true },
        { "mx.example:2525", "mx.example", 2525, TLS_STARTTLS, true },
        { "smtp://mx.example:587", "mx.example", 587, TLS_STARTTLS, false },
        { "smtps://mx.example", "mx.example", 465, TLS_DIRECT, false },
        { "SMTPS://192.0.2.1:1", "192.0.2.1", 1, TLS_DIRECT, false },
        { "[2001:db8::1]:26", "2001:db8::1", 26, TLS_STARTTLS, true },
        { "[::1]", "::1", 25, TLS_STARTTLS, true },
    };
    static const char *const bad[] = { "",    ":25",  "mx:0",    "mx:65536",  "mx:25x",
                                       "a b", "[::1", "[::1]25", "http://mx", "smtp://a/b",
                                       "mx:", "a@b",  "[]:25",   "a\nb",      "smtps://" };
    struct relay_host h;
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(relay_host_read(rows[i].spec, &h, &err), 0);
        assert_string_equal(h.host, rows[i].host);
        assert_int_equal(h.port, rows[i].port);
        assert_int_equal(h.tls, rows[i].tls);
        assert_int_equal(h.opportunistic, rows[i].opportunistic);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (relay_host_read(bad[i], &h, &err) == 0)
            fail_msg("%s", bad[i]);
}

static void a_login_goes_to_nobody_else(void **state)
{
    static const struct {
        const char *relay;
        bool ok;
    } rows[] = { { "smtp://mx.example", true },
                 { "smtps://mx.example", true },
                 { "mx.example", false },
                 { "127.0.0.1:25", true },
                 { "[::1]:25", true },
                 { "127.example:25", false },
                 { NULL, false } };
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server_options o = { .relay = (char *)(uintptr_t)rows[i].relay,
                                    .relay_login = { "me", "pw" } };
        if ((relay_check(&o, &err) == 0) != rows[i].ok)
            fail_msg("row %zu", i);
    }
}

static void agents_that_can_be_used(void **state)
{
    static const struct {
        const char *spec;
        bool ok, foreign;
    } rows[] = {
        { "mbox", true, false },
        { "maildir:/var/mail/{account}", true, true },
        { "command:/usr/bin/procmail -d {account}", true, true },
        { "lmtp:127.0.0.1:24", true, true },
        { "lmtp:[::1]:24", true, true },
        { "lmtp:/run/lmtp", true, true },
        { "lmtp:host", true, true },
        { "maildir:", false, true },
        { "command:", false, true },
        { "command:'open", false, true },
        { "lmtp:", false, true },
        { "lmtp:smtps://x", false, true },
        { "lmtp:a/b", false, true },
        { "Mbox", false, false },
        { "pipe:x", false, false },
    };
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if ((agent_check(rows[i].spec, &err) == 0) != rows[i].ok ||
            agent_is_foreign(rows[i].spec) != rows[i].foreign)
            fail_msg("%s", rows[i].spec);
    assert_false(agent_is_foreign(NULL));
}

static void names_in_paths_and_words(void **state)
{
    static const struct {
        const char *text, *account, *want; /* NULL: refused */
    } rows[] = {
        { "/m/{account}/x", "jane", "/m/jane/x" },
        { "{account}@{account}", "jane", "jane@jane" },
        { "no name", "jane", "no name" },
        { "{accoun}", "jane", "{accoun}" },
        { "/m/{account}", "../x", NULL },
        { "/m/{account}", "a/b", NULL },
        { "/m/{account}", ".", NULL },
        { "/m/{account}", "", NULL },
        { "/m/{account}", "a\nb", NULL },
        { "{account}", "-v", NULL },
        { "/m/{account}", "-v", "/m/-v" },
        { "x{account}", "{account}", "x{account}" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        struct error err;
        int rc = agent_fill(rows[i].text, rows[i].account, &out, &err);
        if ((rc == 0) != (rows[i].want != NULL))
            fail_msg("row %zu", i);
        if (rc == 0)
            assert_str(buf_str(&out), rows[i].want);
        buf_free(&out);
    }
    struct buf tight = BUF_INIT(5);
    struct error err;
    assert_int_equal(agent_fill("/m/{account}", "jane", &tight, &err), -1);
    buf_free(&tight);
}

struct pieces {
    struct str text;
    size_t most;
};

static int pieces_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    const struct pieces *p = arg;
    (void)err;
    buf_add_str(out, str_head(str_skip(p->text, (size_t)at), p->most < want ? p->most : want));
    return 0;
}

/* Whatever the size of the pieces: CRLF becomes LF, a CR on its own stays. */
static void line_ends_of_the_last_delivery(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = { { "a\r\nb\r\n", "Return-Path: <s@x>\na\nb\n" },
                 { "", "Return-Path: <s@x>\n" },
                 { "\r\r\n\r", "Return-Path: <s@x>\n\r\n\r" },
                 { "a\nb\rc", "Return-Path: <s@x>\na\nb\rc" } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t most = 1; most <= strlen(rows[i].text) + 1; most++) {
            struct pieces p = { str_c(rows[i].text), most };
            struct relay_mail m = { .sender = "s@x", .read = pieces_read, .arg = &p };
            struct agent_text t = { .mail = &m };
            struct buf out = BUF_INIT(1000);
            struct error err;
            size_t before;
            do {
                before = out.len;
                assert_int_equal(agent_text_read(&t, &out, &err), 0);
            } while (out.len > before);
            assert_str(buf_str(&out), rows[i].want);
            buf_free(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_fates),
        cmocka_unit_test(results_agree_with_themselves),
        cmocka_unit_test(those_without_a_result),
        cmocka_unit_test(smart_hosts),
        cmocka_unit_test(a_login_goes_to_nobody_else),
        cmocka_unit_test(agents_that_can_be_used),
        cmocka_unit_test(names_in_paths_and_words),
        cmocka_unit_test(line_ends_of_the_last_delivery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
