/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/judge.h"

#include "base/banned.h"

enum { NOW = 1000, RCPTS = 3 };

/* before, now, after: each recipient's code; 0: not answered. */
static const struct {
    const char *name;
    enum smtp_outcome outcome;
    unsigned before[RCPTS], answers[RCPTS], after[RCPTS];
    enum outbox_state state;
    bool first_out, later;
} rows[] = {
    { "all taken",
      SMTP_SENT,
      { 0 },
      { 250, 250, 251 },
      { 250, 250, 251 },
      OUTBOX_SENT,
      true,
      false },
    { "one refused for good",
      SMTP_SENT,
      { 0 },
      { 250, 550, 250 },
      { 250, 550, 250 },
      OUTBOX_FAILED,
      true,
      false },
    { "one may be tried later",
      SMTP_SENT,
      { 0 },
      { 250, 451, 250 },
      { 250, 451, 250 },
      OUTBOX_QUEUED,
      true,
      true },
    { "the rest of an earlier attempt",
      SMTP_SENT,
      { 250, 451, 250 },
      { 250 },
      { 250, 250, 250 },
      OUTBOX_SENT,
      false,
      false },
    { "later and for good",
      SMTP_SENT,
      { 0 },
      { 250, 451, 550 },
      { 250, 451, 550 },
      OUTBOX_QUEUED,
      true,
      true },
    { "refused as a whole: nobody has it",
      SMTP_REJECTED,
      { 0 },
      { 250, 250, 550 },
      { 0, 0, 550 },
      OUTBOX_FAILED,
      false,
      false },
    { "unreachable", SMTP_UNSENT, { 0 }, { 0 }, { 0 }, OUTBOX_QUEUED, false, true },
    { "unreachable, some have it from before",
      SMTP_UNSENT,
      { 250, 0, 250 },
      { 0 },
      { 250, 0, 250 },
      OUTBOX_QUEUED,
      false,
      true },
    { "in doubt", SMTP_IN_DOUBT, { 0 }, { 250, 250, 250 }, { 0 }, OUTBOX_DOUBT, false, false },
};

static const struct {
    const char *name;
    struct child_job job;
    enum smtp_outcome outcome;
} commands[] = {
    { "done", { .code = 0, .taken = 10 }, SMTP_SENT },
    { "not started", { .code = -1 }, SMTP_UNSENT },
    { "for later", { .code = 75, .taken = 10 }, SMTP_UNSENT },
    { "for later, before it had all", { .code = 75, .taken = 5 }, SMTP_UNSENT },
    { "refused", { .code = 69, .taken = 10 }, SMTP_REJECTED },
    { "refused, before it had all", { .code = 1, .taken = 5 }, SMTP_REJECTED },
    { "the highest exit code", { .code = 128, .taken = 10 }, SMTP_REJECTED },
    { "a signal", { .code = 128 + 9, .taken = 10 }, SMTP_IN_DOUBT },
    { "a signal, before it had all", { .code = 128 + 15, .taken = 5 }, SMTP_IN_DOUBT },
    { "a signal, before it had any", { .code = 128 + 9, .taken = 0 }, SMTP_UNSENT },
    { "time was up", { .code = 128 + 9, .killed = true, .taken = 10 }, SMTP_IN_DOUBT },
    { "time was up just as it ended", { .code = 0, .killed = true, .taken = 10 }, SMTP_IN_DOUBT },
    { "time was up, it read nothing", { .code = 128 + 9, .killed = true }, SMTP_UNSENT },
    { "content with a part", { .code = 0, .taken = 5 }, SMTP_IN_DOUBT },
};

static void test_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct child_job job = commands[i].job;
        job.input = STR("0123456789");
        if (judge_command(&job) != commands[i].outcome)
            fail_msg("%s: %d", commands[i].name, judge_command(&job));
    }
}

static void check_row(size_t i)
{
    struct arena *a = arena_new(1024);
    struct outbox_rcpt rcpts[RCPTS] = { 0 };
    struct smtp_rcpt answers[RCPTS] = { 0 };
    size_t which[RCPTS];
    struct error why = { 0 };
    for (size_t k = 0; k < RCPTS; k++)
        rcpts[k] = (struct outbox_rcpt){ STR("a@b"), rows[i].before[k], { "", 0 } };
    struct outbox_entry e = { .rcpts = rcpts, .rcpts_n = RCPTS, .dot_sent = true, .attempts = 1 };
    struct smtp_envelope env = { .rcpts = answers, .rcpts_n = judge_open(&e, which) };
    for (size_t k = 0; k < env.rcpts_n; k++)
        answers[k] = (struct smtp_rcpt){ .address = "a@b", .code = rows[i].answers[k] };
    bool first = judge_attempt(a, &e, &env, which, rows[i].outcome, &why, NOW);
    if (first != rows[i].first_out || e.state != rows[i].state ||
        (e.not_before > NOW) != rows[i].later || e.attempts != 1 || e.dot_sent)
        fail_msg("%s: state %d, first %d, attempts %u", rows[i].name, e.state, first, e.attempts);
    for (size_t k = 0; k < RCPTS; k++)
        if (rcpts[k].code != rows[i].after[k])
            fail_msg("%s: recipient %zu has %u", rows[i].name, k, rcpts[k].code);
    arena_free(&a);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
                                        cmocka_unit_test(test_commands) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
