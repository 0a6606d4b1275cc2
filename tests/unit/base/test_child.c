/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

static void words_honour_quotes_and_expand_nothing(void **state)
{
    static const struct {
        const char *command;
        const char *words[5];
    } rows[] = {
        { "pass show mail/work", { "pass", "show", "mail/work" } },
        { "  a   'b c'  \"d 'e\" ", { "a", "b c", "d 'e" } },
        { "sh -c 'echo $HOME `id`'", { "sh", "-c", "echo $HOME `id`" } },
        { "a\\ b \"\\\"\" ''", { "a b", "\"", "" } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);
        struct error err;
        char **argv;
        assert_int_equal(child_split(a, str_c(rows[i].command), &argv, &err), 0);
        size_t n = 0;
        for (; rows[i].words[n] != NULL; n++)
            assert_string_equal(argv[n], rows[i].words[n]);
        assert_null(argv[n]);
        arena_free(&a);
    }
}

static void commands_that_are_none_are_refused(void **state)
{
    static const char *const rows[] = { "", "   ", "a 'b", "a \"b" };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(0);
        struct error err;
        char **argv;
        assert_int_equal(child_split(a, str_c(rows[i]), &argv, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        arena_free(&a);
    }
}

static int run(char *const argv[], struct str input, struct buf *out, int wait_ms)
{
    struct error err;
    return child_run(argv, input, out, -1, wait_ms, &err);
}

static void a_program_gets_input_and_gives_output(void **state)
{
    (void)state;
    char *cat[] = { (char *)"cat", NULL };
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    for (int i = 0; i < 40000; i++)
        buf_addf(&in, "%d\n", i);
    assert_int_equal(run(cat, buf_str(&in), &out, 10000), 0);
    assert_true(str_eq(buf_str(&in), buf_str(&out)));
    buf_free(&in);
    buf_free(&out);
}

static void failures_are_failures(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(100);
    char *missing[] = { (char *)"/nonexistent/program", NULL };
    char *fails[] = { (char *)"false", NULL };
    char *sleeps[] = { (char *)"sleep", (char *)"60", NULL };
    char *endless[] = { (char *)"yes", NULL };
    assert_int_equal(run(missing, STR(""), &out, 1000), -1);
    assert_int_equal(run(fails, STR(""), &out, 10000), -1);
    assert_int_equal(run(sleeps, STR(""), &out, 20), -1);
    assert_int_equal(run(endless, STR(""), &out, 10000), -1);
    buf_free(&out);
}

/* A group of its own, as a shell gives to each job: its parent here plays the shell. */
static void who_waits_for_a_stopped_job_stops_too(void **state)
{
    (void)state;
    char *job[] = { (char *)"sh", (char *)"-c", (char *)"kill -STOP $$; exit 7", NULL };
    struct child_io io = { .in = -1, .out = -1, .err = -1 };
    struct error err;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(child_wait_job(child_start(job, &io, &err)));
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_honour_quotes_and_expand_nothing),
        cmocka_unit_test(commands_that_are_none_are_refused),
        cmocka_unit_test(a_program_gets_input_and_gives_output),
        cmocka_unit_test(failures_are_failures),
        cmocka_unit_test(who_waits_for_a_stopped_job_stops_too),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
