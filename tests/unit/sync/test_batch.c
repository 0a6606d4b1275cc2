/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/batch.h"

#include "base/banned.h"

static void test_groups(void **state)
{
    (void)state;
    struct cache_op ops[] = {
        { .id = 1, .kind = OP_FLAGS, .folder = 1, .uid = 9, .add = CACHE_SEEN },
        { .id = 2, .kind = OP_MOVE, .folder = 1, .target = 2, .uid = 4 },
        { .id = 3, .kind = OP_FLAGS, .folder = 1, .uid = 7, .add = CACHE_SEEN },
        { .id = 4, .kind = OP_FLAGS, .folder = 1, .uid = 8, .del = CACHE_SEEN },
        { .id = 5, .kind = OP_MOVE, .folder = 1, .target = 3, .uid = 5 },
        { .id = 6, .kind = OP_FLAGS, .folder = 2, .uid = 7, .add = CACHE_SEEN },
        { .id = 7, .kind = OP_MOVE, .folder = 1, .target = 2, .uid = 3 },
        { .id = 8, .kind = OP_MOVE, .folder = 1, .target = 2, .uid = 2, .begun = true },
        { .id = 9, .kind = OP_APPEND, .target = 2 },
        { .id = 10, .kind = OP_APPEND, .target = 2 },
    };
    static const struct {
        size_t n;
        const char *uids;
    } want[] = { { 1, "8" }, { 2, "7,9" }, { 1, "7" }, { 2, "3:4" },
                 { 1, "2" }, { 1, "5" },   { 1, "" },  { 1, "" } };
    size_t at = 0;
    batch_sort(ops, COUNT(ops));
    for (size_t i = 0; i < COUNT(want); i++) {
        struct buf set = BUF_INIT(100);
        size_t n = batch_head(ops + at, COUNT(ops) - at, 100);
        assert_int_equal(n, want[i].n);
        batch_uids(ops + at, n, &set);
        assert_string_equal(buf_c(&set), want[i].uids);
        buf_free(&set);
        at += n;
    }
    assert_int_equal(at, COUNT(ops));
    assert_int_equal(batch_head(ops + 1, 2, 1), 1);
}

static const struct {
    const char *from, *to;
    uint32_t uid, want;
} copies[] = {
    { "3", "17", 3, 17 },
    { "3:5", "17:19", 4, 18 },
    { "3:5,9", "17,30,31:32", 5, 31 },
    { "3:5,9", "17,30,31:32", 9, 32 },
    { "9,3", "17:18", 3, 18 },
    { "3:5", "17:19", 6, 0 },
    { "3:5", "17", 4, 0 },
    { "1:4294967295", "1:4294967295", 4000000000u, 4000000000u },
    { "", "", 1, 0 },
    { "x", "1", 1, 0 },
};

static void test_copyuid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(copies); i++)
        if (batch_new_uid(str_c(copies[i].from), str_c(copies[i].to), copies[i].uid) !=
            copies[i].want)
            fail_msg("row %zu", i);
}

static void test_covers(void **state)
{
    (void)state;
    struct cache_op ops[] = { { .uid = 3 }, { .uid = 5 } };
    uint32_t ours[] = { 5, 3 }, theirs[] = { 3, 4 };
    assert_true(batch_covers(ops, 2, ours, 2));
    assert_true(batch_covers(ops, 2, ours, 0));
    assert_false(batch_covers(ops, 2, theirs, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_copyuid),
        cmocka_unit_test(test_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
