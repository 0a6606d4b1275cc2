/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>

#include "base/utf8.h"
#include "tui/editor.h"

static uint32_t key_of(uint32_t letter)
{
    static const struct {
        uint32_t letter, key;
    } map[] = {
        { 'U', TERM_KEY_UP },
        { 'D', TERM_KEY_DOWN },
        { 'L', TERM_KEY_LEFT },
        { 'R', TERM_KEY_RIGHT },
        { 'H', TERM_KEY_HOME },
        { 'E', TERM_KEY_END },
        { 'N', TERM_KEY_ENTER },
        { 'B', TERM_KEY_BACKSPACE },
        { 'X', TERM_KEY_DELETE },
        { 'P', TERM_KEY_PGDN },
        { 'Q', TERM_KEY_PGUP },
        { 'K', 11 },
        { 'Y', 25 },
    };
    for (size_t i = 0; i < COUNT(map); i++)
        if (map[i].letter == letter)
            return map[i].key;
    return letter;
}

/* Capital letters are keys (above), all else is typed. */
static void keys_edit_the_text(void **state)
{
    static const struct {
        const char *start, *keys, *want;
    } rows[] = {
        { "", "abcNd", "abc\nd" },
        { "one\ntwo", "DExH.", "one\n.twox" },
        { "one\ntwo\nthree", "DK", "one\nthree" },
        { "one\ntwo\nthree", "KPEnNY", "two\nthreen\none\n" },
        { "abc", "RRBx", "axc" },
        { "abc", "X", "bc" },
        { "long line\nx\nlong line", "EDD!", "long line\nx\nlong line!" },
        { "a\nb", "DB", "ab" },
        { "ab", "UUDDx", "xab" },
        { "e\xCC\x81x", "RBy", "yx" },
        { "word word word", "DDD.", "word word .word" },
        { "", "BXKULRP", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct editor e;
        struct error err;
        struct str in = str_c(rows[i].keys);
        uint32_t cp;
        assert_int_equal(editor_init(&e, str_c(rows[i].start), &err), 0);
        editor_layout(&e, 10, 3);
        while (utf8_next(&in, &cp)) {
            struct term_input k = { .key = key_of(cp) };
            assert_int_equal(editor_key(&e, &k), EDITOR_MORE);
        }
        assert_string_equal(buf_c(&e.text), rows[i].want);
        editor_clear(&e);
    }
}

static void it_ends_by_key_and_draws_its_window(void **state)
{
    (void)state;
    struct editor e;
    struct error err;
    struct grid *g = grid_new(2, 10);
    struct buf out = BUF_INIT(100);
    assert_int_equal(editor_init(&e, STR("one\ntwo\nthree\n"), &err), 0);
    editor_layout(&e, 10, 2);
    struct term_input down = { .key = TERM_KEY_DOWN }, done = { .key = 24 }, abort = { .key = 3 };
    editor_key(&e, &down);
    editor_key(&e, &down);
    editor_draw(&e, g, 0, 0);
    grid_dump(g, false, &out);
    assert_str(buf_str(&out), "two\nthree\n");
    assert_int_equal(editor_key(&e, &done), EDITOR_DONE);
    assert_int_equal(editor_key(&e, &abort), EDITOR_ABORT);
    editor_clear(&e);
    buf_free(&out);
    grid_free(&g);
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_edit_the_text),
        cmocka_unit_test(it_ends_by_key_and_draws_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
