/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/rate.h"

static void so_many_at_once_and_then_as_time_goes_by(void **state)
{
    static struct rate r;
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(rate_take(&r, STR("a"), 10, 1000));
    assert_false(rate_take(&r, STR("a"), 10, 1000));
    assert_true(rate_take(&r, STR("b"), 10, 1000));
    assert_false(rate_take(&r, STR("a"), 10, 6999));
    assert_true(rate_take(&r, STR("a"), 10, 7000));
    assert_false(rate_take(&r, STR("a"), 10, 7000));
    assert_false(rate_take(&r, STR("a"), 10, 500)); /* a clock that went back */
    for (int i = 0; i < 10; i++)
        assert_true(rate_take(&r, STR("a"), 10, 1000000));
    assert_false(rate_take(&r, STR("a"), 10, 1000000));
}

static void the_oldest_makes_room(void **state)
{
    static struct rate r;
    char name[] = "0000";
    (void)state;
    for (int i = 0; i <= RATE_CLIENTS; i++) {
        for (int digit = 3, n = i; digit >= 0; digit--, n /= 10)
            name[digit] = (char)('0' + n % 10);
        assert_true(rate_take(&r, STR("busy"), 100000, i));
        assert_true(rate_take(&r, str_c(name), 1, i));
        assert_false(rate_take(&r, str_c(name), 1, i));
    }
    assert_false(rate_take(&r, STR("1024"), 1, 1024));
    assert_true(rate_take(&r, STR("0000"), 1, 1024)); /* forgotten meanwhile */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_once_and_then_as_time_goes_by),
        cmocka_unit_test(the_oldest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
