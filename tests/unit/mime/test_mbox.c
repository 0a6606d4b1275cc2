/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/mbox.h"

/* clang-format off */
static const struct { const char *line; bool want; } rows[] = {
    { "From jane@x.org Thu Jan  1 00:00:00 1970", true },
    { "From jane@x.org Thu Jan  1 00:00:00 1970\r", true },
    { "From MAILER-DAEMON Mon Nov 23 08:05:59 2026", true },
    { "From jane roe@x.org Mon Nov 23 08:05 2026", true },
    { "From - Mon Nov 23 08:05:59 CET 2026", true },
    { "From a@b Mon Nov 23 08:05:59 2026 +0100", true },
    { "From a@b Mon Nov 23 08:05:59 -0800 2026 remote from c", true },
    { "From me to you", false },
    { "From Monday on", false },
    { "From a@b Mon Nov 32 08:05:59 2026", false },
    { "From a@b Mon Nov 23 24:05:59 2026", false },
    { "From a@b Mon Nov 23 08:05:59", false },
    { " From a@b Mon Nov 23 08:05:59 2026", false },
    { ">From a@b Mon Nov 23 08:05:59 2026", false },
    { "From: a@b", false },
    { "From ", false },
    { "", false },
};
/* clang-format on */

static void from_lines_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(mbox_is_from_line(str_c(rows[i].line)), rows[i].want);
}

static void from_lines_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *sender;
        int64_t when;
        const char *want;
    } made[] = {
        { "jane@x.org", 0, "From jane@x.org Thu Jan  1 00:00:00 1970\n" },
        { "", 1795421159, "From MAILER-DAEMON Mon Nov 23 08:05:59 2026\n" },
        { "a b\n@x", -99999999999, "From a-b-@x Thu Jan  1 00:00:00 1970\n" },
        { "a@b", INT64_MAX, "From a@b Thu Jan  1 00:00:00 1970\n" },
    };
    for (size_t i = 0; i < COUNT(made); i++) {
        struct buf out = BUF_INIT(1000);
        mbox_from_line(str_c(made[i].sender), made[i].when, &out);
        assert_string_equal(buf_c(&out), made[i].want);
        assert_true(mbox_is_from_line(str_head(buf_str(&out), out.len - 1)));
        buf_free(&out);
    }
}

static void dates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t want;
    } dates[] = {
        { "From a@b Mon Nov 23 08:05:59 2026", 1795421159 },
        { "From a@b Mon Nov 23 08:05:59 CET 2026", 1795421159 },
        { "From a@b Mon Nov 23 08:05 2026", 1795421100 },
        { "From a@b Thu Jan  1 00:00:00 1970", 0 },
        { "From a@b Mon Nov 99 08:05:59 2026", 7 },
        { "From a@b Mon Nov 23 08:05:59", 7 },
        { "From ", 7 },
    };
    for (size_t i = 0; i < COUNT(dates); i++)
        assert_int_equal(mbox_from_date(str_c(dates[i].line), 7), dates[i].want);
}

static void quoting_is_reversible(void **state)
{
    (void)state;
    assert_true(mbox_needs_quote(STR("From me")));
    assert_true(mbox_needs_quote(STR(">>From me")));
    assert_false(mbox_needs_quote(STR("> From me")));
    assert_false(mbox_needs_quote(STR("From: me")));
    assert_true(mbox_is_quoted(STR(">From me")));
    assert_false(mbox_is_quoted(STR("From me")));
    assert_false(mbox_is_quoted(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_lines_are_known),
        cmocka_unit_test(from_lines_are_written),
        cmocka_unit_test(dates_are_read),
        cmocka_unit_test(quoting_is_reversible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
