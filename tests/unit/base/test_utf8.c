/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>

#include "base/utf8.h"

static void widths_are_those_of_the_terminal(void **state)
{
    static const struct {
        const char *text;
        unsigned width, clusters;
    } rows[] = {
        { "", 0, 0 },
        { "abc", 3, 3 },
        { "\xC3\xA9", 1, 1 },                 /* e acute, composed */
        { "e\xCC\x81", 1, 1 },                /* the same, combining */
        { "\xE6\x97\xA5\xE6\x9C\xAC", 4, 2 }, /* two wide characters */
        { "a\xFFz", 3, 3 },                   /* an invalid byte is one replacement */
        { "\xE2\x82", 2, 2 },                 /* a cut sequence */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str s = str_c(rows[i].text), cluster;
        unsigned n = 0, w;
        assert_int_equal(utf8_width(s), rows[i].width);
        while (utf8_cluster(&s, &cluster, &w))
            n++;
        assert_int_equal(n, rows[i].clusters);
    }
}

static void fit_never_cuts_a_cluster(void **state)
{
    (void)state;
    unsigned used;
    assert_str(utf8_fit(STR("a\xE6\x97\xA5z"), 2, &used), "a");
    assert_int_equal(used, 1);
    assert_str(utf8_fit(STR("e\xCC\x81x"), 1, &used), "e\xCC\x81");
    assert_str(utf8_fit(STR("abc"), 0, &used), "");
    assert_int_equal(utf8_cut(STR("a\xE6\x97\xA5"), 3), 1);
    assert_int_equal(utf8_cut(STR("abc"), 9), 3);
}

static void clean_gives_valid_text(void **state)
{
    static const char *const rows[] = { "ok",     "\xC0\x80",    "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                        "a\x80z", "\xEF\xBF\xBD" };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        utf8_clean(&out, str_c(rows[i]));
        assert_true(utf8_valid(buf_str(&out)));
        assert_int_equal(utf8_valid(str_c(rows[i])), i == 0 || i == 5);
        buf_free(&out);
    }
}

static void folded_text_has_no_case(void **state)
{
    static const char *const rows[][2] = {
        { "Abc XYZ", "abc xyz" },
        { "\xC3\x89t\xC3\xA9", "\xC3\xA9t\xC3\xA9" },
        { "\xCE\xA3\xCF\x82\xCF\x83", "\xCF\x83\xCF\x83\xCF\x83" },
        { "\xD0\x90\xD1\x8F", "\xD0\xB0\xD1\x8F" },
        { "a\x80z", "a\xEF\xBF\xBDz" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        utf8_fold(&out, str_c(rows[i][0]));
        assert_str(buf_str(&out), rows[i][1]);
        buf_free(&out);
    }
}

static void endless_accents_are_cut_into_clusters(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(10000);
    buf_addc(&b, 'e');
    for (int i = 0; i < 1000; i++)
        buf_adds(&b, "\xCC\x81");
    struct str s = buf_str(&b), cluster;
    unsigned w;
    while (utf8_cluster(&s, &cluster, &w))
        assert_true(cluster.n <= 64);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_those_of_the_terminal),
        cmocka_unit_test(fit_never_cuts_a_cluster),
        cmocka_unit_test(clean_gives_valid_text),
        cmocka_unit_test(folded_text_has_no_case),
        cmocka_unit_test(endless_accents_are_cut_into_clusters),
    };
    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
