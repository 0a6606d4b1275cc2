/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "tui/keymap.h"

static enum keymap_result feed(struct keymap *k, uint32_t key, bool alt, const char **command)
{
    struct term_input in = { .key = key, .alt = alt };
    *command = "";
    return keymap_feed(k, "index", &in, command);
}

static void sequences_find_their_commands(void **state)
{
    (void)state;
    struct error err;
    const char *c;
    struct keymap *k = keymap_new();
    assert_int_equal(keymap_bind(k, "index", "d <Del>", "delete", &err), 0);
    assert_int_equal(keymap_bind(k, "index", "gg", "top", &err), 0);
    assert_int_equal(keymap_bind(k, "index", "^D <Alt-v>", "thread", &err), 0);
    assert_int_equal(keymap_bind(k, "*", "? <F1>", "help", &err), 0);
    assert_int_equal(keymap_bind(k, "reader", "x", "other", &err), 0);
    assert_int_equal(feed(k, 'd', false, &c), KEYMAP_FOUND);
    assert_string_equal(c, "delete");
    assert_int_equal(feed(k, TERM_KEY_DELETE, false, &c), KEYMAP_FOUND);
    assert_int_equal(feed(k, 'g', false, &c), KEYMAP_PARTIAL);
    assert_int_equal(feed(k, 'g', false, &c), KEYMAP_FOUND);
    assert_string_equal(c, "top");
    assert_int_equal(feed(k, 'g', false, &c), KEYMAP_PARTIAL);
    assert_int_equal(feed(k, 'x', false, &c), KEYMAP_NONE);
    assert_int_equal(feed(k, 4, false, &c), KEYMAP_FOUND);
    assert_string_equal(c, "thread");
    assert_int_equal(feed(k, 'v', true, &c), KEYMAP_FOUND);
    assert_int_equal(feed(k, TERM_KEY_ESC, false, &c), KEYMAP_PARTIAL);
    assert_int_equal(feed(k, 'v', false, &c), KEYMAP_FOUND);
    assert_int_equal(feed(k, TERM_KEY_F1, false, &c), KEYMAP_FOUND);
    assert_string_equal(c, "help");
    assert_int_equal(feed(k, 'x', false, &c), KEYMAP_NONE);
    keymap_free(&k);
}

static void a_key_goes_to_its_newest_owner(void **state)
{
    (void)state;
    struct error err;
    const char *c;
    struct buf out = BUF_INIT(100);
    struct keymap *k = keymap_new();
    assert_int_equal(keymap_bind(k, "index", "d <Del>", "delete", &err), 0);
    assert_int_equal(keymap_bind(k, "index", "d", "mine", &err), 0);
    assert_int_equal(feed(k, 'd', false, &c), KEYMAP_FOUND);
    assert_string_equal(c, "mine");
    keymap_show(k, "index", "delete", &out);
    assert_str(buf_str(&out), "<Del>");
    keymap_unbind(k, "index", "mine");
    assert_int_equal(feed(k, 'd', false, &c), KEYMAP_NONE);
    buf_free(&out);
    keymap_free(&k);
}

static void wrong_names_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = { "<Nope>", "<Alt-Nope>", "abcde", "<F13>", "<>x<Q>" };
    struct error err;
    struct keymap *k = keymap_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(keymap_bind(k, "index", rows[i], "x", &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
    }
    keymap_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_find_their_commands),
        cmocka_unit_test(a_key_goes_to_its_newest_owner),
        cmocka_unit_test(wrong_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
