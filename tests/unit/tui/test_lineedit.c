/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>

#include "base/utf8.h"
#include "tui/lineedit.h"

#define LEFT "\x1C"
#define BACK "\b"

/* Keys as characters: LEFT and BACK stand for their keys. */
static enum lineedit_result type(struct lineedit *l, const char *keys)
{
    struct str in = str_c(keys);
    uint32_t cp;
    enum lineedit_result r = LINE_MORE;
    while (utf8_next(&in, &cp)) {
        struct term_input i = { .key = cp };
        if (cp == 0x1C)
            i.key = TERM_KEY_LEFT;
        if (cp == '\b')
            i.key = TERM_KEY_BACKSPACE;
        r = lineedit_key(l, &i);
    }
    return r;
}

static void keys_edit_the_line(void **state)
{
    static const struct {
        const char *start, *keys, *want;
        enum lineedit_result result;
    } rows[] = {
        { "", "abc", "abc", LINE_MORE },
        { "", "ab" LEFT "x", "axb", LINE_MORE },
        { "né", BACK, "n", LINE_MORE },
        { "", BACK "\x15\x0B\x17\x04", "", LINE_MORE },
        { "one two ", "\x17", "one ", LINE_MORE },
        { "one", "\x01x\x05y", "xoney", LINE_MORE },
        { "one two", LEFT LEFT LEFT "\x0B", "one ", LINE_MORE },
        { "one two", LEFT LEFT LEFT "\x15", "two", LINE_MORE },
        { "e\xCC\x81x", LEFT BACK, "x", LINE_MORE },
        { "x", "\033", "x", LINE_CANCEL },
        { "x", "\x03", "x", LINE_CANCEL },
        { "x", "\t", "x", LINE_COMPLETE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lineedit l;
        lineedit_init(&l, str_c(rows[i].start), false);
        assert_int_equal(type(&l, rows[i].keys), rows[i].result);
        assert_string_equal(buf_c(&l.text), rows[i].want);
        lineedit_clear(&l);
    }
}

static void the_cursor_stays_in_sight(void **state)
{
    (void)state;
    struct lineedit l;
    struct grid *g = grid_new(1, 10);
    struct buf out = BUF_INIT(100);
    lineedit_init(&l, STR("0123456789abcdef"), false);
    lineedit_draw(&l, g, 0, 0, 6);
    grid_dump(g, false, &out);
    assert_str(buf_str(&out), "bcdef\n");
    buf_clear(&out);
    grid_clear(g);
    l.hidden = true;
    lineedit_draw(&l, g, 0, 0, 6);
    grid_dump(g, false, &out);
    assert_str(buf_str(&out), "\n");
    lineedit_clear(&l);
    buf_free(&out);
    grid_free(&g);
}

static void a_paste_is_one_line(void **state)
{
    (void)state;
    struct lineedit l;
    lineedit_init(&l, STR("<>"), false);
    type(&l, LEFT);
    lineedit_paste(&l, STR("a\nb\033\n"));
    assert_string_equal(buf_c(&l.text), "<a b >");
    lineedit_clear(&l);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_edit_the_line),
        cmocka_unit_test(the_cursor_stays_in_sight),
        cmocka_unit_test(a_paste_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
