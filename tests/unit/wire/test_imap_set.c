/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>
#include "wire/imap_set.h"

static void sets_are_read_or_refused(void **state)
{
    static const struct {
        const char *in;
        bool valid;
        uint64_t count; /* with * = 9 */
    } rows[] = {
        { "1", true, 1 },
        { "1:3,7", true, 4 },
        { "3:1", true, 3 },
        { "7:*", true, 3 },
        { "*", true, 1 },
        { "12:*", true, 4 }, /* RFC 3501 §9: the order is not told */
        { "1:4294967295", true, 4294967295u },
        { "", false, UINT64_MAX },
        { "0", false, UINT64_MAX },
        { "1,", false, UINT64_MAX },
        { ",1", false, UINT64_MAX },
        { "1,,2", false, UINT64_MAX },
        { "1:", false, UINT64_MAX },
        { ":2", false, UINT64_MAX },
        { "1:2:3", false, UINT64_MAX },
        { "4294967296", false, UINT64_MAX },
        { "-1", false, UINT64_MAX },
        { "1 2", false, UINT64_MAX },
        { "x", false, UINT64_MAX },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* no terminator behind it: a read too far is seen */
        char *copy = xmalloc(strlen(rows[i].in) + 1);
        memcpy(copy, rows[i].in, strlen(rows[i].in));
        struct str s = { copy, strlen(rows[i].in) };
        assert_int_equal(imap_set_valid(s), rows[i].valid);
        assert_true(imap_set_count(s, 9) == rows[i].count);
        free(copy);
    }
}

static void membership(void **state)
{
    (void)state;
    assert_true(imap_set_has(STR("1:3,7"), 9, 2));
    assert_false(imap_set_has(STR("1:3,7"), 9, 4));
    assert_true(imap_set_has(STR("5:*"), 9, 8));
    assert_false(imap_set_has(STR("5:*"), 9, 10));
}

static void ranges_are_joined(void **state)
{
    (void)state;
    static const uint32_t numbers[] = { 1, 2, 3, 7, 9, 10, UINT32_MAX };
    struct buf out = BUF_INIT(200);
    imap_set_put(&out, numbers, COUNT(numbers));
    assert_string_equal(buf_c(&out), "1:3,7,9:10,4294967295");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_read_or_refused),
        cmocka_unit_test(membership),
        cmocka_unit_test(ranges_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
