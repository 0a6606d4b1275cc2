/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/pace.h"

static void rate_and_rest_come_from_the_beginning(void **state)
{
    static const struct {
        int64_t now;
        struct pace_at at;
        bool told;
        int64_t rate, left;
    } rows[] = {
        { 5000, { 0, 100, 7000, 0 }, true, 0, 0 },  /* it begins; what came before does not count */
        { 5050, { 1, 100, 8000, 0 }, false, 0, 0 }, /* too soon to say anything */
        { 5500, { 5, 100, 12000, 0 }, true, 0, 0 }, /* nobody knows yet how fast it is */
        { 7000, { 20, 100, 47000, 0 }, true, 20000, 8 }, /* 2 s for 20 of 100 and 40,000 bytes */
        { 7200, { 21, 100, 51000, 400000 }, true, 20000, 20 }, /* the rest is said to be larger */
        { 7210, { 100, 100, 207000, 0 }, true, 90000, 0 },     /* the end is always told */
        { 9000, { 50, 50, 207000, 0 }, true, 0, 0 }, /* another piece of work, over at once */
        { 9500, { 10, 50, 207000, 9 }, true, 0, 0 }, /* and one of the same size */
    };
    struct pace p = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t rate, left;
        bool told = pace_note(&p, rows[i].now, &rows[i].at, &rate, &left);
        if (told != rows[i].told || rate != rows[i].rate || left != rows[i].left)
            fail_msg("row %zu: %d %lld %lld", i, told, (long long)rate, (long long)left);
    }
}

static void what_servers_say_is_bounded(void **state)
{
    (void)state;
    assert_true(pace_bytes_ms(1000, 100, 7) == 70);
    assert_true(pace_bytes_ms(1000, 0, 7) == 0);
    assert_true(pace_bytes_ms(UINT64_MAX, 1, INT64_MAX) == PACE_MOST_MS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_and_rest_come_from_the_beginning),
        cmocka_unit_test(what_servers_say_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
