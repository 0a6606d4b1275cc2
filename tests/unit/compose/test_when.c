/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "compose/when.h"

enum { NOW = 1767614400 /* 2026-01-05 12:00:00 UTC */, HOUR = 3600, DAY = 24 * HOUR };

static void times_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int64_t after; /* NOW; -1: refused */
    } rows[] = {
        { "+2h", 2 * HOUR },
        { " +90m ", 90 * 60 },
        { "+0m", 0 },
        { "+3d", 3 * DAY },
        { "+1w", 7 * DAY },
        { "18:30", 6 * HOUR + 1800 },
        { "12:01", 60 },
        { "12:00", DAY },
        { "11:59", DAY - 60 },
        { "00:00", 12 * HOUR },
        { "2026-01-06", 12 * HOUR },
        { "2026-01-06 08:00", 20 * HOUR },
        { "2026-01-06T08:00", 20 * HOUR },
        { "2026-01-06  08:00", 20 * HOUR },
        { "2026-02-28 12:00", 54 * DAY },
        { "2026-02-29 12:00", -1 },
        { "2028-02-29", 785 * DAY - 12 * HOUR },
        { "2026-13-01", -1 },
        { "2026-00-10", -1 },
        { "2026-01-32", -1 },
        { "2026-01-05 11:59", -1 },
        { "2025-12-31", -1 },
        { "2226-01-05", -1 },
        { "24:00", -1 },
        { "12:60", -1 },
        { "9:30", -1 },
        { "2026-1-6", -1 },
        { "2026-01-06 8:00", -1 },
        { "2026-01-06 08:00:00", -1 },
        { "2026-01-06 08:00 UTC", -1 },
        { "+2", -1 },
        { "+h", -1 },
        { "+-2h", -1 },
        { "+2h30m", -1 },
        { "+2y", -1 },
        { "+99999999999999999999h", -1 },
        { "+5270401m", -1 },
        { "tomorrow", -1 },
        { "", -1 },
    };
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        int64_t at = 0;
        int rc = when_read(str_c(rows[i].text), NOW, &at, &err);
        if (rc != (rows[i].after < 0 ? -1 : 0) || (rc == 0 && at != NOW + rows[i].after))
            fail_msg("\"%s\": %d, %lld s away", rows[i].text, rc, (long long)(at - NOW));
        if (rc != 0)
            assert_int_equal(err.code, ERR_USAGE);
    }
}

/* An hour that a day does not have, and one that it has twice. */
static void clocks_that_are_put_forward_and_back(void **state)
{
    struct error err;
    int64_t at = 0;
    (void)state;
    setenv("TZ", "Europe/Amsterdam", 1);
    tzset();
    assert_int_equal(when_read(STR("2026-03-29 02:30"), NOW, &at, &err), 0);
    assert_true(at == 1774747800 || at == 1774744200);
    assert_int_equal(when_read(STR("2026-10-25 02:30"), NOW, &at, &err), 0);
    assert_true(at == 1792888200 || at == 1792891800);
    assert_int_equal(when_read(STR("2026-07-01 08:00"), NOW, &at, &err), 0);
    assert_int_equal(at, 1782885600);
    setenv("TZ", "UTC", 1);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_strictly),
        cmocka_unit_test(clocks_that_are_put_forward_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
