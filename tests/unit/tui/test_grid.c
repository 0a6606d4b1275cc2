/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>

#include "base/utf8.h"
#include "tui/grid.h"

/* What is written into 12 columns, and what stands there: whatever comes in, only harmless
 * characters stay. */
static void only_harmless_characters_stay(void **state)
{
    static const struct {
        const char *in, *want;
        unsigned width;
    } rows[] = {
        { "plain", "plain", 5 },
        { "\033[31mred", "\uFFFD[31mred", 8 },
        { "\033]52;c;x\a", "\uFFFD]52;c;x\uFFFD", 9 },
        { "a\tb\nc\rd", "a b c d", 7 },
        { "\xC2\x9B"
          "31m",
          "\uFFFD31m", 4 },
        { "\xC2\x9Dx", "\uFFFDx", 2 },
        { "\x7F\x01\x1F", "\uFFFD\uFFFD\uFFFD", 3 },
        { "\xE2\x80\xAEgpj.exe", "gpj.exe", 7 },
        { "\xE2\x81\xA6x\xE2\x80\x8F", "x", 1 },
        { "\xFF\xC0\x80", "\uFFFD\uFFFD\uFFFD", 3 },
        { "日本語テスト全", "日本語テスト", 12 },
        { "e\xCC\x81", "e\xCC\x81", 1 },
        { "\xCC\x81", " \xCC\x81", 1 },
        { "👩\u200D💻", "👩💻", 4 },
        { "🇳🇱", "NL", 2 },
        { "❤\uFE0F", "❤", 1 },
        { "a\xC2\xAD"
          "b",
          "ab", 2 },
        { "much too long for it", "much too lon", 12 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct grid *g = grid_new(1, 12);
        struct buf out = BUF_INIT(1000);
        assert_int_equal(grid_put(g, 0, 0, str_c(rows[i].in), THEME_TEXT), rows[i].width);
        grid_dump(g, false, &out);
        buf_truncate(&out, out.len - 1);
        assert_str(buf_str(&out), rows[i].want);
        buf_free(&out);
        grid_free(&g);
    }
}

static void every_byte_and_code_point_is_tamed(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(16), out = BUF_INIT(1000);
    struct grid *g = grid_new(1, 8);
    for (uint32_t cp = 0; cp < 0x30000; cp++) {
        uint32_t seen;
        if (cp >= 0xD800 && cp < 0xE000)
            continue;
        buf_clear(&in);
        buf_clear(&out);
        utf8_put(&in, cp);
        grid_clear(g);
        grid_put(g, 0, 0, buf_str(&in), THEME_TEXT);
        grid_dump(g, false, &out);
        struct str s = str_head(buf_str(&out), out.len - 1);
        while (utf8_next(&s, &seen))
            assert_false(seen < 0x20 || (seen >= 0x7F && seen < 0xA0) ||
                         utf8_is_bidi_control(seen));
    }
    grid_free(&g);
    buf_free(&in);
    buf_free(&out);
}

static void a_cell_holds_few_combining_characters(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(10000), out = BUF_INIT(10000);
    struct grid *g = grid_new(1, 8);
    buf_addc(&in, 'x');
    for (int i = 0; i < 1000; i++)
        buf_adds(&in, "\xCC\x81");
    buf_addc(&in, 'y');
    assert_int_equal(grid_put(g, 0, 0, buf_str(&in), THEME_TEXT), 2);
    grid_dump(g, false, &out);
    assert_int_equal(out.len, 2 + 2 * GRID_COMBINING_MAX + 1);
    grid_free(&g);
    buf_free(&in);
    buf_free(&out);
}

static void half_of_a_wide_character_does_not_stay(void **state)
{
    (void)state;
    struct grid *g = grid_new(1, 6);
    struct buf out = BUF_INIT(1000);
    grid_put(g, 0, 0, STR("日本語"), THEME_TEXT);
    grid_put(g, 0, 1, STR("x"), THEME_STRONG);
    grid_put(g, 0, 4, STR("y"), THEME_STRONG);
    grid_dump(g, true, &out);
    assert_str(buf_str(&out), " x本y\n.s..s.\n");
    grid_free(&g);
    buf_free(&out);
}

static void outside_is_nothing(void **state)
{
    (void)state;
    struct grid *g = grid_new(2, 4);
    struct buf out = BUF_INIT(1000);
    assert_int_equal(grid_put(g, 2, 0, STR("x"), THEME_TEXT), 0);
    assert_int_equal(grid_put(g, 0, 4, STR("x"), THEME_TEXT), 0);
    assert_int_equal(grid_put(g, 0, 3, STR("日"), THEME_TEXT), 0);
    assert_int_equal(grid_put_fit(g, 1, 2, 9, STR("abc"), THEME_BAR | THEME_SELECTED), 2);
    grid_dump(g, true, &out);
    assert_str(buf_str(&out), "\n....\n  ab\n..BB\n");
    grid_free(&g);
    buf_free(&out);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_harmless_characters_stay),
        cmocka_unit_test(every_byte_and_code_point_is_tamed),
        cmocka_unit_test(a_cell_holds_few_combining_characters),
        cmocka_unit_test(half_of_a_wide_character_does_not_stay),
        cmocka_unit_test(outside_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
