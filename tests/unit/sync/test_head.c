/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/head.h"

#include "base/banned.h"

static const struct {
    const char *message, *header;
} rows[] = {
    { "A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore", "A: 1\r\nB: 2\r\n\r\n" },
    { "A: 1\nB: 2\n\nbody", "A: 1\nB: 2\n\n" },
    { "\r\nno header at all\r\n\r\n", "\r\n" },
    { "\n\n", "\n" },
    { "A: 1\r\n\rB: 2\r\n\r\nbody", "A: 1\r\n\rB: 2\r\n\r\n" },
    { "A: 1\r\r\n\r\nbody", "A: 1\r\r\n\r\n" },
    { "header only\r\n", "header only\r\n" },
    { "", "" },
};

static void head_of(const char *a, size_t n, const char *b, size_t m, uint64_t size,
                    unsigned char out[32])
{
    struct head h;
    head_init(&h);
    head_add(&h, (struct str){ a, n });
    head_add(&h, (struct str){ b, m });
    head_end(&h, size, out);
}

static void test_splits(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        const char *s = rows[r].message;
        size_t n = strlen(s);
        unsigned char want[32], got[32];
        head_of(rows[r].header, strlen(rows[r].header), "", 0, n, want);
        for (size_t cut = 0; cut <= n; cut++) {
            head_of(s, cut, s + cut, n - cut, 0, got);
            assert_memory_equal(want, got, sizeof got);
        }
    }
}

static void test_size_counts(void **state)
{
    unsigned char a[32], b[32];
    (void)state;
    head_of("A: 1\r\n\r\nx", 9, "", 0, 0, a);
    head_of("A: 1\r\n\r\nxy", 10, "", 0, 0, b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_size_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
