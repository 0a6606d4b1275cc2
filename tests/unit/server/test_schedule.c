/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "server/schedule.h"

enum { MANY = 2000 };

static void the_earliest_is_first(void **state)
{
    static struct due many[MANY];
    struct schedule s = { 0 };
    int64_t last = -1;
    unsigned random = 1;
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        random = random * 1103515245u + 12345u;
        schedule_put(&s, &many[i], random / 65536 % 500);
    }
    for (size_t i = 0; i < MANY; i += 3)
        schedule_take(&s, &many[i]);
    for (size_t n = s.n; n > 0; n--) {
        struct due *d = schedule_first(&s);
        assert_true(d->at >= last);
        last = d->at;
        schedule_take(&s, d);
        assert_int_equal(d->place, 0);
        assert_int_equal(s.n, n - 1);
    }
    assert_null(schedule_first(&s));
    schedule_clear(&s);
}

static void equals_keep_their_order(void **state)
{
    struct due d[50] = { { 0 } };
    struct schedule s = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(d); i++)
        schedule_put(&s, &d[i], 7);
    for (size_t i = 0; i < COUNT(d); i++) {
        assert_ptr_equal(schedule_first(&s), &d[i]);
        schedule_take(&s, &d[i]);
    }
    schedule_take(&s, &d[0]); /* not in it: nothing happens */
    schedule_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_is_first),
        cmocka_unit_test(equals_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
