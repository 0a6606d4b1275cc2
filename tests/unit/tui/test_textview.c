/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>

#include "tui/list.h"
#include "tui/textview.h"

static void lines_are_cut_at_blanks(void **state)
{
    static const struct {
        const char *in;
        unsigned width;
        bool keep_last;
        const char *want; /* rows with | between */
    } rows[] = {
        { "one two three", 8, false, "one two |three" },
        { "one two three\n", 80, false, "one two three" },
        { "one\n\ntwo\n", 80, true, "one||two|" },
        { "", 80, false, "" },
        { "", 80, true, "" },
        { "abcdefghij", 4, false, "abcd|efgh|ij" },
        { "日本語", 4, false, "日本|語" },
        { "日", 1, false, "日" },
        { "a\tb", 8, false, "a\t|b" },
        { "abcd efgh", 4, false, "abcd |efgh" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wrap w = { 0 };
        struct buf out = BUF_INIT(1000);
        wrap_text(&w, str_c(rows[i].in), rows[i].width, rows[i].keep_last);
        for (size_t j = 0; j < w.n; j++) {
            buf_adds(&out, j > 0 ? "|" : "");
            buf_add(&out, rows[i].in + w.lines[j].start, w.lines[j].length);
        }
        assert_string_equal(buf_c(&out), rows[i].want);
        buf_free(&out);
        wrap_free(&w);
    }
}

static void text_scrolls_and_keeps_its_place(void **state)
{
    (void)state;
    struct textview v;
    struct buf out = BUF_INIT(1000);
    struct grid *g = grid_new(3, 10);
    textview_init(&v, 1000);
    textview_add(&v, STR("head\n"), THEME_LABEL);
    textview_add(&v, STR("alpha beta gamma\nx\ty\nend\n"), THEME_TEXT);
    textview_paint(&v, 5, 5, THEME_QUOTE1);
    textview_layout(&v, 10, 3);
    textview_draw(&v, g, 0, 0);
    grid_dump(g, true, &out);
    assert_str(buf_str(&out), "head\nllll......\nalpha beta\n11111.....\ngamma\n..........\n");
    assert_true(textview_scroll(&v, 100));
    assert_false(textview_scroll(&v, 1));
    assert_int_equal(textview_percent(&v), 100);
    textview_layout(&v, 5, 3);
    buf_clear(&out);
    grid_clear(g);
    textview_draw(&v, g, 0, 0);
    grid_dump(g, false, &out);
    assert_str(buf_str(&out), "gamma\nx\ny\n");
    textview_clear(&v);
    buf_free(&out);
    grid_free(&g);
}

static void a_list_keeps_its_cursor_in_sight(void **state)
{
    (void)state;
    struct list l = { 0 };
    list_set(&l, 10, 4);
    assert_true(list_move(&l, 5));
    assert_int_equal(l.cursor, 5);
    assert_int_equal(l.top, 2);
    assert_true(list_page(&l, 4));
    assert_int_equal(l.cursor, 9);
    assert_int_equal(l.top, 6);
    assert_false(list_page(&l, 4));
    list_go(&l, 0);
    assert_int_equal(l.top, 0);
    assert_false(list_move(&l, -1));
    list_go(&l, 99);
    list_set(&l, 3, 4);
    assert_int_equal(l.cursor, 2);
    assert_int_equal(l.top, 0);
    list_set(&l, 0, 4);
    assert_false(list_move(&l, 1));
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_cut_at_blanks),
        cmocka_unit_test(text_scrolls_and_keeps_its_place),
        cmocka_unit_test(a_list_keeps_its_cursor_in_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
