/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "wire/smtp_dsn.h"

static void xtext(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
    } rows[] = {
        { "", "" },         { "Bob@x", "Bob@x" }, { "a+2Bb+3Dc", "a+b=c" }, { "a+20b", "a b" },
        { "a+2bb", "a+b" }, { "a=b", NULL },      { "a b", NULL },          { "a+", NULL },
        { "a+2", NULL },    { "a+2G", NULL },     { "a+0Ab", NULL },        { "a+00", NULL },
        { "a+7F", NULL },   { "\x80", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100), again = BUF_INIT(100), back = BUF_INIT(100);
        int rc = wire_xtext_read(str_c(rows[i].in), &out);
        assert_int_equal(rc, rows[i].out != NULL ? 0 : -1);
        assert_string_equal(buf_c(&out), rows[i].out != NULL ? rows[i].out : "");
        wire_xtext_put(&again, buf_str(&out));
        assert_int_equal(wire_xtext_read(buf_str(&again), &back), 0);
        assert_string_equal(buf_c(&back), buf_c(&out));
        buf_free(&out);
        buf_free(&again);
        buf_free(&back);
    }
}

static void notify(void **state)
{
    static const struct {
        const char *in;
        unsigned notify; /* 0: refused */
        const char *out;
    } rows[] = {
        { "NEVER", SMTP_NOTIFY_NEVER, "NEVER" },
        { "success", SMTP_NOTIFY_SUCCESS, "SUCCESS" },
        { "FAILURE,DELAY", SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY, "FAILURE,DELAY" },
        { "delay,success", SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, "SUCCESS,DELAY" },
        { "", 0, "" },
        { "NEVER,DELAY", 0, "" },
        { "SUCCESS,", 0, "" },
        { ",SUCCESS", 0, "" },
        { "SOMETIMES", 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned got = 0;
        struct buf out = BUF_INIT(100);
        assert_int_equal(wire_notify_read(str_c(rows[i].in), &got), rows[i].notify != 0 ? 0 : -1);
        assert_int_equal(got, rows[i].notify);
        wire_notify_put(&out, got);
        assert_string_equal(buf_c(&out), rows[i].out);
        buf_free(&out);
    }
}

static void ret(void **state)
{
    unsigned got = 0;
    (void)state;
    assert_int_equal(wire_ret_read(STR("full"), &got), 0);
    assert_int_equal(got, SMTP_RET_FULL);
    assert_int_equal(wire_ret_read(STR("HDRS"), &got), 0);
    assert_int_equal(got, SMTP_RET_HDRS);
    assert_int_equal(wire_ret_read(STR(""), &got), -1);
    assert_int_equal(wire_ret_read(STR("ALL"), &got), -1);
}

static void envelope_ids_and_original_recipients(void **state)
{
    static const struct {
        const char *in;
        bool envid, orcpt, orcpt_utf8;
    } rows[] = {
        { "QQ314159", true, false, false },
        { "rfc822;Bob@x.y", true, true, true },
        { "rfc822;Bob+2Bx@x.y", true, true, true },
        { "rfc822;a b", false, false, false },
        { "rfc822;", true, false, false },
        { ";a@b", true, false, false },
        { "rfc 822;a@b", false, false, false },
        { "utf-8;\xC3\xA9@b", false, false, true },
        { "utf-8;\\x{E9}@b", true, true, true },
        { "utf-8;\xC3@b", false, false, false },
        { "", false, false, false },
    };
    char line[SMTP_ORCPT_MAX + 2];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(wire_envid_ok(str_c(rows[i].in)), rows[i].envid);
        assert_int_equal(wire_orcpt_ok(str_c(rows[i].in), false), rows[i].orcpt);
        assert_int_equal(wire_orcpt_ok(str_c(rows[i].in), true), rows[i].orcpt_utf8);
    }
    memset(line, 'a', sizeof line);
    memcpy(line, "a;", 2);
    assert_true(wire_orcpt_ok((struct str){ line, SMTP_ORCPT_MAX }, false));
    assert_false(wire_orcpt_ok((struct str){ line, SMTP_ORCPT_MAX + 1 }, false));
    assert_true(wire_envid_ok((struct str){ line, SMTP_ENVID_MAX }));
    assert_false(wire_envid_ok((struct str){ line, SMTP_ENVID_MAX + 1 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xtext),
        cmocka_unit_test(notify),
        cmocka_unit_test(ret),
        cmocka_unit_test(envelope_ids_and_original_recipients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
