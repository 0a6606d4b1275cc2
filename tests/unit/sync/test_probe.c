/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/jline.h"
#include "sync/probe.h"

static int echo_run(struct probe *p, const json_t *question, struct error *err)
{
    json_t *o = json_object();
    (void)err;
    jline_put(o, "say", STR("echo"));
    jline_put(o, "text", jline_text(question, "text"));
    probe_say(p, o);
    probe_progress(p, "%s", "half of it");
    return 0;
}

static int ask_run(struct probe *p, const json_t *question, struct error *err)
{
    struct buf answer = BUF_INIT(100);
    (void)question;
    int rc = probe_ask(p, "secret", "what is it?", &answer, err);
    if (rc == 0)
        probe_progress(p, "<%s>", buf_c(&answer));
    buf_free(&answer);
    return rc;
}

static int wait_run(struct probe *p, const json_t *question, struct error *err)
{
    struct pollfd fd = { net_cancel_fd(probe_cancel(p)), POLLIN, 0 };
    (void)question;
    probe_progress(p, "%s", "waiting");
    poll(&fd, 1, -1);
    return error_set(err, ERR_CANCELLED, RETRY_LATER, "broken off");
}

static const struct probe_kind kinds[] = {
    { "echo", 20000, echo_run },
    { "ask", 20000, ask_run },
    { "wait", 20000, wait_run },
    { "short", 10, wait_run },
};

struct run {
    int ends[2], stop[2];
    pthread_t thread;
    int rc;
    struct buf in;
};

static void *serve(void *arg)
{
    struct run *r = arg;
    struct error err;
    r->rc = probe_serve(&(struct probe_setup){ .kinds = kinds,
                                               .kinds_n = COUNT(kinds),
                                               .in = r->ends[1],
                                               .out = r->ends[1],
                                               .stop_fd = r->stop[0] },
                        &err);
    shutdown(r->ends[1], SHUT_WR);
    return NULL;
}

static void start(struct run *r, const char *question)
{
    struct error err;
    *r = (struct run){ 0 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->ends), 0);
    assert_int_equal(file_pipe(r->stop, &err), 0);
    assert_int_equal(file_write_fd(r->ends[0], str_c(question), "", &err), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

/* All that it says to its end. */
static void finish(struct run *r, int rc, const char *lines)
{
    struct error err;
    struct buf said = BUF_INIT(4096);
    assert_int_equal(file_read_fd(r->ends[0], &said, &err), 0);
    pthread_join(r->thread, NULL);
    assert_int_equal(r->rc, rc);
    assert_str(buf_str(&said), lines);
    buf_free(&said);
    close(r->ends[0]);
    close(r->ends[1]);
    close(r->stop[0]);
    if (r->stop[1] >= 0)
        close(r->stop[1]);
}

static void test_echo(void **state)
{
    struct run r;
    (void)state;
    start(&r, "{\"probe\":\"echo\",\"text\":\"caf\\u00e9\"}\n");
    finish(&r, 0,
           "{\"say\":\"echo\",\"text\":\"caf\u00e9\"}\n{\"say\":\"progress\",\"text\":\"half of "
           "it\"}\n"
           "{\"say\":\"end\"}\n");
}

static void test_answer(void **state)
{
    struct run r;
    struct error err;
    char line[200];
    (void)state;
    start(&r, "{\"probe\":\"ask\"}\n");
    ssize_t n = read(r.ends[0], line, sizeof line);
    assert_str(((struct str){ line, (size_t)n }),
               "{\"say\":\"ask\",\"text\":\"what is it?\",\"id\":1,\"what\":\"secret\"}\n");
    /* that of another question is none */
    assert_int_equal(
        file_write_fd(r.ends[0],
                      STR("{\"answer\":7,\"text\":\"no\"}\n{\"answer\":1,\"text\":\"it\"}\n"), "",
                      &err),
        0);
    finish(&r, 0, "{\"say\":\"progress\",\"text\":\"<it>\"}\n{\"say\":\"end\"}\n");
}

/* Its first line is there. */
static void has_begun(struct run *r)
{
    char c;
    do
        assert_int_equal(read(r->ends[0], &c, 1), 1);
    while (c != '\n');
}

static void test_broken_off(void **state)
{
    static const char ended[] =
        "{\"say\":\"end\",\"text\":\"broken off\",\"code\":10,\"later\":true}\n";
    struct run r;
    (void)state;
    start(&r, "{\"probe\":\"wait\"}\n");
    has_begun(&r);
    shutdown(r.ends[0], SHUT_WR);
    finish(&r, 0, ended);
    start(&r, "{\"probe\":\"wait\"}\n");
    has_begun(&r);
    close(r.stop[1]);
    r.stop[1] = -1;
    finish(&r, 0, ended);
    start(&r, "{\"probe\":\"short\"}\n");
    has_begun(&r);
    finish(&r, 0, ended);
    start(&r, "{\"probe\":\"wait\"}\nnonsense\n");
    has_begun(&r);
    finish(&r, 0, ended);
}

static void test_asked_in_vain(void **state)
{
    struct run r;
    (void)state;
    start(&r, "{\"probe\":\"ask\"}\n");
    has_begun(&r);
    shutdown(r.ends[0], SHUT_WR);
    finish(&r, 0, "{\"say\":\"end\",\"text\":\"broken off\",\"code\":10}\n");
}

static void test_nonsense(void **state)
{
    static const struct {
        const char *line;
        int rc;
        const char *said;
    } rows[] = {
        { "{\"probe\":\"what\"}\n", 0,
          "{\"say\":\"end\",\"text\":\"this engine does not know that question\",\"code\":11}\n" },
        { "{}\n", 0,
          "{\"say\":\"end\",\"text\":\"this engine does not know that question\",\"code\":11}\n" },
        { "[1]\n", -1, "" },
        { "\n", -1, "" },
        { "{\"probe\":\"echo\"", -1, "" }, /* the line has no end */
    };
    struct run r;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        start(&r, rows[i].line);
        shutdown(r.ends[0], SHUT_WR);
        finish(&r, rows[i].rc, rows[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),       cmocka_unit_test(test_answer),
        cmocka_unit_test(test_broken_off), cmocka_unit_test(test_asked_in_vain),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
