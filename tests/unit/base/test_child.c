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

/* What a command that reads and says nothing more was given is all of it; one that does not read leaves
 * what does not fit into the pipe. */
static void it_is_known_what_was_handed_over(void **state)
{
    static const struct {
        const char *script;
        int wait_ms, rc, code;
        bool killed, all;
    } rows[] = {
        { "cat > /dev/null", 10000, 0, 0, false, true },
        { "exec >&-; test $(wc -c) -eq 300000", 10000, 0, 0, false, true },
        { "exit 0", 10000, 0, 0, false, false },
        { "cat > /dev/null; exit 75", 10000, -1, 75, false, true },
        { "cat > /dev/null; kill -9 $$", 10000, -1, 137, false, true },
        { "exec sleep 60", 20, -1, 137, true, false },
        { "exec yes", 10000, -1, 137, true, false },
    };
    (void)state;
    struct buf in = BUF_INIT(1 << 20);
    while (in.len < 300000)
        buf_adds(&in, "some text\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[] = { (char *)"sh", (char *)"-c", (char *)rows[i].script, NULL };
        struct child_job job = {
            .argv = argv, .input = buf_str(&in), .err_fd = -1, .wait_ms = rows[i].wait_ms
        };
        struct buf out = BUF_INIT(100);
        struct error err = { 0 };
        assert_int_equal(child_job(&job, &out, &err), rows[i].rc);
        assert_int_equal(job.code, rows[i].code);
        assert_int_equal(job.killed, rows[i].killed);
        assert_int_equal(job.taken == in.len, rows[i].all);
        buf_free(&out);
    }
    char *missing[] = { (char *)"/nonexistent/program", NULL };
    struct child_job job = {
        .argv = missing, .input = buf_str(&in), .err_fd = -1, .wait_ms = 1000
    };
    struct buf out = BUF_INIT(100);
    struct error err = { 0 };
    assert_int_equal(child_job(&job, &out, &err), -1);
    assert_int_equal(job.code, -1);
    assert_int_equal(job.taken, 0);
    buf_free(&out);
    buf_free(&in);
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
        cmocka_unit_test(it_is_known_what_was_handed_over),
        cmocka_unit_test(who_waits_for_a_stopped_job_stops_too),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
