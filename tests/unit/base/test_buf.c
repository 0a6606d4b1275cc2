/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

static void a_ceiling_is_sticky(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(8);
    struct error err;
    buf_adds(&b, "12345");
    buf_adds(&b, "6789");
    buf_adds(&b, "x");
    assert_str(buf_str(&b), "12345");
    assert_int_equal(buf_check(&b, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    buf_clear(&b);
    buf_addf(&b, "%s", "12345678");
    assert_int_equal(buf_check(&b, &err), 0);
    assert_null(buf_room(&b, 1));
    buf_free(&b);
}

static void consume_and_truncate_keep_the_end(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100);
    buf_addf(&b, "%d-%s", 42, "abc");
    buf_consume(&b, 3);
    assert_string_equal(buf_c(&b), "abc");
    buf_truncate(&b, 1);
    assert_string_equal(buf_c(&b), "a");
    memcpy(buf_room(&b, 2), "zz", 2);
    buf_grown(&b, 2);
    char *own = buf_detach(&b);
    assert_string_equal(own, "azz");
    assert_string_equal(buf_c(&b), "");
    free(own);
}

static void arenas_give_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena *a = arena_new(10);
    for (size_t n = 1; n < 3000; n += 7) {
        unsigned char *p = arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xFF, n);
    }
    assert_memory_equal(arena_str(a, STR("x\0y")).p, "x\0y", 4);
    arena_free(&a);
    assert_null(a);
    arena_free(&a);
}

static void errors_are_cut_at_a_character(void **state)
{
    (void)state;
    struct error err;
    char text[ERROR_TEXT_MAX + 10];
    memset(text, 'a', sizeof text);
    memcpy(text + ERROR_TEXT_MAX - 3, "\xE2\x82\xAC", 4);
    assert_int_equal(error_set(&err, ERR_PARSE, RETRY_NEVER, "%s", text), -1);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 3);
    error_set(&err, ERR_NET, RETRY_LATER, "lost");
    error_prefix(&err, "account %s: ", "work");
    assert_string_equal(err.text, "account work: lost");
    assert_int_equal(err.code, ERR_NET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ceiling_is_sticky),
        cmocka_unit_test(consume_and_truncate_keep_the_end),
        cmocka_unit_test(arenas_give_zeroed_aligned_memory),
        cmocka_unit_test(errors_are_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
