/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static void dates_have_their_two_forms(void **state)
{
    char out[CLOCK_RFC5322_MAX], iso[CLOCK_RFC3339_MAX];
    (void)state;
    setenv("TZ", "UTC-1", 1);
    tzset();
    clock_rfc5322(1769860800, out);
    assert_string_equal(out, "Sat, 31 Jan 2026 13:00:00 +0100");
    clock_rfc3339(1769860800, iso);
    assert_string_equal(iso, "2026-01-31T12:00:00Z");
    clock_rfc3339(INT64_MAX, iso);
    assert_string_equal(iso, "1970-01-01T00:00:00Z");
    setenv("TZ", "XXX+3:30", 1);
    tzset();
    clock_rfc5322(0, out);
    assert_string_equal(out, "Wed, 31 Dec 1969 20:30:00 -0330");
}

static void deadlines_end(void **state)
{
    (void)state;
    assert_int_equal(clock_left_ms(-1), -1);
    assert_int_equal(clock_left_ms(clock_mono_ms() - 5), 0);
    assert_int_equal(clock_left_ms(INT64_MAX), INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_have_their_two_forms),
        cmocka_unit_test(deadlines_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
