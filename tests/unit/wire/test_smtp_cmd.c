/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "wire/smtp_cmd.h"

static void commands_are_read(void **state)
{
    static const struct {
        const char *in;
        int code; /* 0: fine */
        enum smtp_verb verb;
        const char *arg, *local, *domain;
        size_t params;
    } rows[] = {
        { "helo wxs.nl", 0, SMTP_HELO, "wxs.nl", "", "", 0 },
        { "EHLO [127.0.0.1]", 0, SMTP_EHLO, "[127.0.0.1]", "", "", 0 },
        { "HELO", 501, SMTP_HELO, "", "", "", 0 },
        { "mail from:test@test.nl", 0, SMTP_MAIL, "test@test.nl", "test", "test.nl", 0 },
        { "mail from: test@sample.com", 0, SMTP_MAIL, "test@sample.com", "test", "sample.com", 0 },
        { "MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME", 0, SMTP_MAIL, "a@b", "a", "b", 2 },
        { "MAIL FROM : < a@b >", 0, SMTP_MAIL, "a@b", "a", "b", 0 },
        { "MAIL FROM:<>", 0, SMTP_MAIL, "", "", "", 0 },
        { "RCPT TO:<>", 501, SMTP_RCPT, "", "", "", 0 },
        { "MAIL FROM:", 501, SMTP_MAIL, "", "", "", 0 },
        { "rcpt to:xxx@wxs.nl", 0, SMTP_RCPT, "xxx@wxs.nl", "xxx", "wxs.nl", 0 },
        { "rcpt to: postmaster", 0, SMTP_RCPT, "postmaster", "postmaster", "", 0 },
        { "RCPT TO:<@x,@y:a@b>", 0, SMTP_RCPT, "a@b", "a", "b", 0 },
        { "RCPT TO:<\"a b>\"@c>", 0, SMTP_RCPT, "\"a b>\"@c", "\"a b>\"", "c", 0 },
        { "RCPT TO:<\"a@x\"@c>", 0, SMTP_RCPT, "\"a@x\"@c", "\"a@x\"", "c", 0 },
        { "RCPT TO:<a@[IPv6:::1]>", 0, SMTP_RCPT, "a@[IPv6:::1]", "a", "[IPv6:::1]", 0 },
        { "MAIL FROM:<;id;>", 553, SMTP_MAIL, "", "", "", 0 }, /* CVE-2020-7247 */
        { "MAIL FROM:<a@b", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a@b>x", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a@>", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<@b>", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a@b.>", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a@b..c>", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a b@c>", 553, SMTP_MAIL, "", "", "", 0 },
        { "MAIL FROM:<a@b> =x", 501, SMTP_MAIL, "", "", "", 0 },
        { "MAIL TO:<a@b>", 501, SMTP_MAIL, "", "", "", 0 },
        { "MAIL", 501, SMTP_MAIL, "", "", "", 0 },
        { "data", 0, SMTP_DATA, "", "", "", 0 },
        { " quit ", 0, SMTP_QUIT, "", "", "", 0 },
        { "VRFY jane", 0, SMTP_VRFY, "jane", "", "", 0 },
        { "verb on", 0, SMTP_VERB, "on", "", "", 0 },
        { "starttls", 0, SMTP_STARTTLS, "", "", "", 0 },
        { "AUTH PLAIN AHg=", 0, SMTP_AUTH, "PLAIN AHg=", "", "", 0 },
        { "", 500, SMTP_UNKNOWN, "", "", "", 0 },
        { "FOO bar", 500, SMTP_UNKNOWN, "", "", "", 0 },
        { "NOOP a\x01", 500, SMTP_UNKNOWN, "", "", "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct smtp_cmd c;
        int r = wire_smtp_cmd(str_c(rows[i].in), &c, &err);
        assert_int_equal(r == 0 ? 0 : err.sys, rows[i].code);
        assert_int_equal(c.verb, rows[i].verb);
        if (r != 0)
            continue;
        assert_str(c.arg, rows[i].arg);
        assert_str(c.local, rows[i].local);
        assert_str(c.domain, rows[i].domain);
        assert_int_equal(c.params_n, rows[i].params);
    }
}

static void chunks_are_read(void **state)
{
    static const struct {
        const char *in;
        int code;
        uint64_t chunk;
        bool last;
    } rows[] = {
        { "BDAT 86 LAST", 0, 86, true },
        { "bdat 0 last", 0, 0, true },
        { "BDAT 5", 0, 5, false },
        { "BDAT 18446744073709551615", 0, UINT64_MAX, false },
        { "BDAT 18446744073709551616", 501, 0, false },
        { "BDAT", 501, 0, false },
        { "BDAT LAST", 501, 0, false },
        { "BDAT -1", 501, 0, false },
        { "BDAT 5LAST", 501, 5, false },
        { "BDAT 7 FIRST", 501, 7, false },
        { "BDAT 7 LAST 8", 501, 7, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct smtp_cmd c;
        int r = wire_smtp_cmd(str_c(rows[i].in), &c, &err);
        assert_int_equal(r == 0 ? 0 : err.sys, rows[i].code);
        assert_int_equal(c.verb, SMTP_BDAT);
        assert_int_equal(c.chunk, rows[i].chunk);
        assert_int_equal(c.last, rows[i].last);
    }
}

static void too_much_is_refused(void **state)
{
    char line[1000] = "MAIL FROM:<a@b>";
    struct error err;
    struct smtp_cmd c;
    (void)state;
    for (int i = 0; i <= SMTP_PARAMS_MAX; i++)
        memcpy(line + 15 + 4 * i, " X=1", 5);
    assert_int_equal(wire_smtp_cmd(str_c(line), &c, &err), -1);
    assert_int_equal(err.sys, 501);
    memset(line + 11, 'a', 400);
    memcpy(line + 411, "@b>", 4);
    assert_int_equal(wire_smtp_cmd(str_c(line), &c, &err), -1);
    assert_int_equal(err.sys, 501);
}

static void addresses_for_the_wire(void **state)
{
    static const struct {
        struct str in;
        bool ascii, utf8;
    } rows[] = {
        { STR("a@b"), true, true },
        { STR("a.b+c@d-e.f"), true, true },
        { STR("\"a b\"@c"), true, true },
        { STR("a@[127.0.0.1]"), true, true },
        { STR("\xC3\xA9@b"), false, true },
        { STR("a@\xC3\xA9"), false, true },
        { STR("a@\xC3"), false, false },
        { STR("a"), false, false },
        { STR("@b"), false, false },
        { STR("a@"), false, false },
        { STR("a@b\r\nRCPT TO:<c@d>"), false, false },
        { STR("a\0@b"), false, false },
        { STR("a@b\0"), false, false },
        { STR("<a@b>"), false, false },
        { STR("a b@c"), false, false },
        { STR("a@b c"), false, false },
        { STR("\"a\nb\"@c"), false, false },
        { STR("\"a@c"), false, false },
        { STR("a@-b"), false, false },
        { STR("a@b."), false, false },
        { STR("a@[]"), false, false },
        { STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b"), false,
          false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(wire_smtp_addr_ok(rows[i].in, false), rows[i].ascii);
        assert_int_equal(wire_smtp_addr_ok(rows[i].in, true), rows[i].utf8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read),
        cmocka_unit_test(chunks_are_read),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(addresses_for_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
