/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/sched.h"

#include "base/banned.h"

enum { NOW = 1000000, EVERY = 300000 };

static const struct {
    const char *name;
    struct sync_sched s;
    int64_t want;
} rows[] = {
    { "first pass at once", { .interval_ms = EVERY, .work_due = SCHED_NEVER }, NOW },
    { "outbox only, nothing in it", { .work_due = SCHED_NEVER }, SCHED_NEVER },
    { "outbox only, due later", { .work_due = NOW + 10000 }, NOW + 10000 },
    { "interval",
      { .pass_at = NOW - 1000, .interval_ms = EVERY, .work_due = SCHED_NEVER },
      NOW - 1000 + EVERY },
    { "work before the interval",
      { .pass_at = NOW - 1000, .interval_ms = EVERY, .work_due = NOW + 5 },
      NOW + 5 },
    { "backoff holds work back",
      { .pass_at = NOW, .interval_ms = EVERY, .work_due = NOW, .failures = 1, .failed_at = NOW },
      NOW + SCHED_FIRST_MS * 4 / 5 },
    { "backoff shorter than the interval changes nothing",
      { .pass_at = NOW,
        .interval_ms = EVERY,
        .work_due = SCHED_NEVER,
        .failures = 1,
        .failed_at = NOW },
      NOW + EVERY },
    { "a wake breaks the backoff",
      { .woken = true, .failures = 9, .failed_at = NOW, .work_due = SCHED_NEVER },
      NOW },
    { "a refused login waits",
      { .login_needed = true, .interval_ms = EVERY, .work_due = NOW },
      SCHED_NEVER },
    { "a refused login and a wake",
      { .login_needed = true, .woken = true, .work_due = SCHED_NEVER },
      NOW },
};

static void test_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (sync_sched_next(&rows[i].s, NOW) != rows[i].want)
            fail_msg("%s: %lld", rows[i].name, (long long)sync_sched_next(&rows[i].s, NOW));
}

static void test_backoff(void **state)
{
    (void)state;
    assert_int_equal(sync_sched_backoff_ms(0, 500), 0);
    assert_int_equal(sync_sched_backoff_ms(1, 0), SCHED_FIRST_MS * 4 / 5);
    assert_int_equal(sync_sched_backoff_ms(1, 999), SCHED_FIRST_MS * 6 / 5);
    assert_int_equal(sync_sched_backoff_ms(2, 0), SCHED_FIRST_MS * 8 / 5);
    assert_int_equal(sync_sched_backoff_ms(1000000, 999), SCHED_MOST_MS * 6 / 5);
    for (unsigned n = 1; n < 30; n++)
        assert_true(sync_sched_backoff_ms(n + 1, 0) >= sync_sched_backoff_ms(n, 0));
}

static void test_history(void **state)
{
    (void)state;
    struct sync_sched s = { .woken = true, .interval_ms = EVERY, .work_due = SCHED_NEVER };
    struct error err = { 0 };
    error_set(&err, ERR_NET, RETRY_LATER, "gone");
    sync_sched_failed(&s, &err, NOW, 0);
    assert_int_equal(sync_sched_next(&s, NOW), NOW + SCHED_FIRST_MS * 4 / 5);
    sync_sched_failed(&s, &err, NOW, 0);
    assert_int_equal(sync_sched_next(&s, NOW), NOW + SCHED_FIRST_MS * 8 / 5);
    sync_sched_worked(&s);
    s.pass_at = NOW;
    assert_int_equal(sync_sched_next(&s, NOW), NOW + EVERY);
    error_set(&err, ERR_CANCELLED, RETRY_LATER, "stopped");
    s.pass_at = 0;
    sync_sched_failed(&s, &err, NOW, 0);
    assert_int_equal(s.failures, 0);
    assert_int_equal(sync_sched_next(&s, NOW), NOW + EVERY);
    error_set(&err, ERR_AUTH, RETRY_LATER, "ask again later");
    sync_sched_failed(&s, &err, NOW, 0);
    assert_int_equal(s.failures, 1);
    assert_false(s.login_needed);
    error_set(&err, ERR_AUTH, RETRY_NEVER, "no");
    sync_sched_failed(&s, &err, NOW, 0);
    assert_int_equal(sync_sched_next(&s, NOW), SCHED_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
