/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

static void numbers_fit_or_are_refused(void **state)
{
    static const struct {
        const char *in;
        int want;
        uint64_t value;
        size_t left;
    } rows[] = {
        { "0", 0, 0, 0 },
        { "23 EXISTS", 0, 23, 7 },
        { "18446744073709551615", 0, UINT64_MAX, 0 },
        { "18446744073709551616", -1, 0, 20 },
        { "99999999999999999999999", -1, 0, 23 },
        { "", -1, 0, 0 },
        { "-1", -1, 0, 2 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str in = str_c(rows[i].in);
        uint64_t v = 0;
        assert_int_equal(str_u64(&in, &v), rows[i].want);
        assert_int_equal(in.n, rows[i].left);
        if (rows[i].want == 0)
            assert_true(v == rows[i].value);
    }
}

static void lines_end_in_lf_or_crlf(void **state)
{
    (void)state;
    struct str in = STR("a\r\nb\n\nlast"), line;
    const char *want[] = { "a", "b", "", "last" };
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_true(str_line(&in, &line));
        assert_str(line, want[i]);
    }
    assert_false(str_line(&in, &line));
}

static void search_ignores_ascii_case_only(void **state)
{
    (void)state;
    assert_int_equal(str_isearch(STR("see Attached file"), STR("attached")), 4);
    assert_int_equal(str_isearch(STR("abc"), STR("abcd")), 3);
    /* Long enough for the table. */
    char hay[1000];
    memset(hay, 'x', sizeof hay);
    memcpy(hay + 990, "aNeEdLeXyZ", 10);
    assert_int_equal(str_isearch((struct str){ hay, sizeof hay }, STR("NEEDLE")), 991);
    assert_int_equal(str_isearch((struct str){ hay, sizeof hay }, STR("xyz")), 997);
    assert_int_equal(str_isearch((struct str){ hay, sizeof hay }, STR("xxA")), 988);
    assert_int_equal(str_isearch((struct str){ hay, sizeof hay }, STR("needles")), sizeof hay);
    assert_int_equal(str_isearch((struct str){ hay, sizeof hay }, STR("")), 0);
    assert_false(str_ieq(STR("\xC3\x84"), STR("\xC3\xA4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_fit_or_are_refused),
        cmocka_unit_test(lines_end_in_lf_or_crlf),
        cmocka_unit_test(search_ignores_ascii_case_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
