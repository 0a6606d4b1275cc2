/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "cache/words.h"
#include "base/banned.h"

static void what_can_be_a_keyword(void **state)
{
    static const struct {
        const char *word;
        bool ok;
    } rows[] = {
        { "todo", true },         { "$Forwarded", true }, { "a.b-c/d~", true }, { "", false },
        { "a b", false },         { "\\Seen", false },    { "a\\b", false },    { "x(", false },
        { "x)", false },          { "{1}", false },       { "50%", false },     { "a*", false },
        { "a]", false },          { "\"q\"", false },     { "a\tb", false },    { "a\r\nb", false },
        { "caf\xC3\xA9", false }, { "\x7F", false },
    };
    char longest[CACHE_WORD_MAX + 2];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (cache_word_ok(str_c(rows[i].word)) != rows[i].ok)
            fail_msg("row %zu: %s", i, rows[i].word);
    memset(longest, 'x', sizeof longest);
    assert_true(cache_word_ok((struct str){ longest, CACHE_WORD_MAX }));
    assert_false(cache_word_ok((struct str){ longest, CACHE_WORD_MAX + 1 }));
}

static void case_makes_no_difference(void **state)
{
    (void)state;
    assert_true(words_has(STR("todo Urgent"), STR("URGENT")));
    assert_false(words_has(STR("todo Urgent"), STR("urg")));
    assert_false(words_has(STR(""), STR("x")));
    assert_false(words_has(STR("x"), STR("")));
}

static void sets_are_laid_on_one_another(void **state)
{
    static const struct {
        const char *set, *add, *del, *laid;
    } rows[] = {
        { "", "", "", "" },
        { "a b", "c", "", "a b c" },
        { "a b", "", "a", "b" },
        { "a b", "c d", "B", "a c d" },
        { "Todo", "todo", "", "Todo" }, /* the first spelling stays */
        { "a", "b", "b", "a b" },       /* what is added stays added */
        { "a", "A", "a", "A" },
        { "  a   b ", "", "x", "a b" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        words_lay(str_c(rows[i].set), str_c(rows[i].add), str_c(rows[i].del), &out);
        if (strcmp(buf_c(&out), rows[i].laid) != 0)
            fail_msg("row %zu: %s", i, buf_c(&out));
        buf_free(&out);
    }
}

static void a_set_is_parted_by_another(void **state)
{
    struct buf in = BUF_INIT(100), out = BUF_INIT(100);
    (void)state;
    words_filter(STR("a b C d"), STR("c A x"), true, &in);
    words_filter(STR("a b C d"), STR("c A x"), false, &out);
    assert_string_equal(buf_c(&in), "a C");
    assert_string_equal(buf_c(&out), "b d");
    buf_free(&in);
    buf_free(&out);
}

static void too_many_are_none(void **state)
{
    char text[CACHE_WORDS_MAX + 1], to[CACHE_WORDS_MAX];
    (void)state;
    memset(text, 'x', sizeof text);
    words_copy(to, (struct str){ text, CACHE_WORDS_MAX - 1 });
    assert_int_equal(strlen(to), CACHE_WORDS_MAX - 1);
    words_copy(to, (struct str){ text, CACHE_WORDS_MAX });
    assert_string_equal(to, "");
    words_copy(to, (struct str){ 0 });
    assert_string_equal(to, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_a_keyword),
        cmocka_unit_test(case_makes_no_difference),
        cmocka_unit_test(sets_are_laid_on_one_another),
        cmocka_unit_test(a_set_is_parted_by_another),
        cmocka_unit_test(too_many_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
