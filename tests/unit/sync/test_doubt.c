/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/doubt.h"

static void one_by_one_the_bad_one_is_found(void **state)
{
    struct doubt d = { 0 };
    struct doubt_message at = { 3, 7, 50, false };
    uint32_t uids[] = { 51, 50, 49 };
    (void)state;
    assert_false(doubt_broke(&d, &at, 9));
    assert_true(d.careful == 3 && doubt_any(&d, 3) && !doubt_any(&d, 4));
    assert_true(doubt_broke(&d, &at, 0));
    assert_true(d.careful == 0 && doubt_any(&d, 3));
    struct doubt_message of = { 3, 7, 0, false };
    assert_int_equal(doubt_keep(&d, &of, uids, 3), 2);
    assert_true(uids[0] == 51 && uids[1] == 49);
    uids[1] = 50;
    of.header = true; /* its header may be sound */
    assert_int_equal(doubt_keep(&d, &of, uids, 2), 2);
    at.header = true;
    assert_true(doubt_broke(&d, &at, 0));
    assert_int_equal(doubt_keep(&d, &of, uids, 2), 1);
    uids[0] = 50;
    of.uidvalidity = 8; /* another one */
    assert_int_equal(doubt_keep(&d, &of, uids, 1), 1);
}

static void care_ends_when_all_came(void **state)
{
    struct doubt d = { 0 };
    struct doubt_message at = { 3, 7, 50, false };
    (void)state;
    assert_false(doubt_broke(&d, &at, 1));
    doubt_over(&d, 4);
    assert_true(d.careful == 3);
    doubt_over(&d, 3);
    assert_false(doubt_any(&d, 3));
}

static void the_list_is_bounded(void **state)
{
    struct doubt d = { 0 };
    (void)state;
    for (uint32_t uid = 1; uid <= 3 * DOUBT_MOST; uid++)
        assert_true(doubt_broke(&d, &(struct doubt_message){ 3, 7, uid, false }, 0));
    assert_int_equal(d.n, DOUBT_MOST);
    uint32_t uids[] = { 3 * DOUBT_MOST, 1 };
    assert_int_equal(doubt_keep(&d, &(struct doubt_message){ 3, 7, 0, false }, uids, 2), 1);
    assert_int_equal(uids[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_one_the_bad_one_is_found),
        cmocka_unit_test(care_ends_when_all_came),
        cmocka_unit_test(the_list_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
