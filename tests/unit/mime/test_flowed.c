/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/flowed.h"

/* clang-format off */
static const struct { const char *in; bool delsp; const char *want; } rows[] = {
    { "", false, "" },
    { "one \ntwo\n", false, "one two\n" },
    { "one \r\ntwo\r\n\r\nthree\r\n", false, "one two\n\nthree\n" },
    { "one \ntwo\n", true, "onetwo\n" },
    { "fixed\nlines\n", false, "fixed\nlines\n" },
    { " stuffed\n From me\n >not a quote\n", false, "stuffed\nFrom me\n>not a quote\n" },
    { "> a \n> b\n>> c\n", false, "> a b\n> > c\n" },
    { ">a \n>> b \n>> c\nend\n", false, "> a \n> > b c\nend\n" },   /* flows into another depth */
    { "text \n-- \nJane\n", false, "text \n-- \nJane\n" },
    { "> -- \n> Jane\n", false, "> -- \n> Jane\n" },
    { "no end \n", false, "no end \n" },
    { "no newline", false, "no newline\n" },
    { ">\n>\n", false, "> \n> \n" },
};
/* clang-format on */

static void paragraphs_are_joined(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1000);
        flowed_unwrap(str_c(rows[i].in), rows[i].delsp, &out);
        assert_string_equal(buf_c(&out), rows[i].want);
        buf_free(&out);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    for (size_t i = 0; i < 100000; i++)
        buf_addc(&in, '>');
    flowed_unwrap(buf_str(&in), false, &out);
    assert_int_equal(out.len, 2 * FLOWED_DEPTH_MAX + 1);
    buf_free(&in);
    buf_free(&out);
}

static void marks_are_counted(void **state)
{
    (void)state;
    struct str rest;
    assert_int_equal(flowed_depth(STR("plain"), &rest), 0);
    assert_str(rest, "plain");
    assert_int_equal(flowed_depth(STR(" > not at the start"), &rest), 0);
    assert_int_equal(flowed_depth(STR("> one"), &rest), 1);
    assert_str(rest, "one");
    assert_int_equal(flowed_depth(STR("> > >three"), &rest), 3);
    assert_str(rest, "three");
    assert_int_equal(flowed_depth(STR(">>  two"), &rest), 2);
    assert_str(rest, " two");
    assert_int_equal(flowed_depth(STR(">"), &rest), 1);
    assert_int_equal(rest.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paragraphs_are_joined),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(marks_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
