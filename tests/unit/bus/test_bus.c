/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/bus.h"
#include "bus/socket.h"

/* A store's folder, and an engine for it: a process that answers every hint that has a number with
 * EVENT_DONE and sends the hint's text back, until it is told to stop. */
struct place {
    char *dir, *store, *config;
    pid_t engine;
};

static void engine_loop(struct bus_server *s)
{
    struct bus_hint h;
    struct error err;
    unsigned client;
    while (bus_server_wait(s, -1, 20000, &h, &client, &err) == 0 && h.kind != HINT_STOP)
        if (h.kind != HINT_HELLO)
            bus_server_say(s, client,
                           &(struct bus_event){ .kind = EVENT_DONE, .id = h.id, .text = h.text });
}

static void engine_start(struct place *p, int64_t schema)
{
    int ready[2];
    struct error err;
    char c;
    assert_int_equal(file_pipe(ready, &err), 0);
    p->engine = fork();
    if (p->engine == 0) {
        const struct bus_where where = { .store = p->store, .config = p->config, .schema = schema };
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
        struct bus_server *s = bus_listen(&where, &err);
        if (s == NULL || write(ready[1], "x", 1) != 1)
            _exit(1);
        engine_loop(s);
        bus_server_free(&s);
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
}

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);
    struct error err;
    p->dir = file_temp_dir("tmail-bus", &err);
    p->store = xasprintf("%s/mail.db", p->dir);
    p->config = xasprintf("%s/tmailrc", p->dir);
    setenv("XDG_RUNTIME_DIR", p->dir, 1);
    *state = p;
    return file_replace(p->config, STR(""), 0600, &err);
}

static int teardown(void **state)
{
    struct place *p = *state;
    file_remove_tree(p->dir);
    free(p->dir);
    free(p->store);
    free(p->config);
    free(p);
    return 0;
}

static int engine_end(struct place *p)
{
    int status;
    assert_int_equal(waitpid(p->engine, &status, 0), p->engine);
    return status;
}

static struct bus *client(const struct place *p, const char *config, int64_t schema,
                          struct error *err)
{
    int started;
    const struct bus_where where = {
        .store = p->store, .config = config, .schema = schema, .engine = "/nonexistent/tmail-sync"
    };
    return bus_open(&where, &started, err);
}

static void a_question_has_its_answer(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    struct bus_event ev;
    engine_start(p, 1);
    struct bus *b = client(p, p->config, 1, &err);
    struct bus *other = client(p, p->config, 1, &err);
    assert_non_null(b);
    assert_non_null(other);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_SEND, .id = 7, .text = STR("\xC3\xA9\n") });
    assert_int_equal(bus_wait(b, &ev, 20000, &err), 0);
    assert_int_equal(ev.kind, EVENT_DONE);
    assert_true(ev.id == 7);
    assert_str(ev.text, "\xC3\xA9\n");
    assert_int_equal(bus_next(other, &ev, &err), 1); /* not for others */
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(bus_wait(b, &ev, 20000, &err), -1); /* gone: open again */
    assert_int_equal(err.retry, RETRY_NOW);
    bus_close(&b);
    bus_close(&b);
    bus_close(&other);
    assert_int_equal(engine_end(p), 0);
}

static void another_configuration_is_refused(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    char *other = xasprintf("%s/other", p->dir);
    assert_int_equal(file_replace(other, STR(""), 0600, &err), 0);
    engine_start(p, 1);
    assert_null(client(p, other, 1, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    struct bus *b = client(p, p->config, 1, &err);
    assert_non_null(b); /* and the engine goes on for the right one */
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(engine_end(p), 0);
    bus_close(&b);
    free(other);
}

static void an_older_engine_is_asked_to_go(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    engine_start(p, 1);
    assert_null(client(p, p->config, 2, &err)); /* it went, and there is no new one to start */
    assert_int_equal(engine_end(p), 0);
    assert_int_equal(err.code, ERR_SYS);
}

static void a_newer_engine_stays(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    engine_start(p, 3);
    assert_null(client(p, p->config, 2, &err));
    assert_int_equal(err.code, ERR_STORE);
    struct bus *b = client(p, p->config, 3, &err);
    assert_non_null(b);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(engine_end(p), 0);
    bus_close(&b);
}

static void one_engine_for_a_store(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    const struct bus_where where = { .store = p->store, .config = p->config, .schema = 1 };
    engine_start(p, 1);
    assert_null(bus_listen(&where, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(err.retry, RETRY_NEVER);
    kill(p->engine, SIGKILL); /* and a dead one is in nobody's way */
    engine_end(p);
    engine_start(p, 1);
    struct bus *b = client(p, p->config, 1, &err);
    assert_non_null(b);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(engine_end(p), 0);
    bus_close(&b);
}

static void send_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* hung up on: what the caller wants to see */
        s = str_skip(s, (size_t)n);
    }
}

/* Reads until the engine hangs up. */
static bool is_hung_up_on(int fd)
{
    char chunk[65536];
    ssize_t n;
    while ((n = recv(fd, chunk, sizeof chunk, 0)) > 0)
        ;
    return n == 0 || errno == ECONNRESET;
}

static int raw_client(const struct place *p)
{
    const struct timeval patience = { 20, 0 };
    int fd = socket_connect(p->store);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

/* Whoever does not speak our language, says no end of it, or never listens is hung up on; the
 * others notice nothing. */
static void bad_clients_are_dropped(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    struct bus_event ev;
    struct buf big = BUF_INIT(32 << 20), nested = BUF_INIT(1 << 20);
    buf_adds(&nested, "{\"hint\":");
    for (int i = 0; i < 100000; i++)
        buf_addc(&nested, '[');
    buf_addc(&nested, '\n');
    for (int i = 0; i < 2 << 20; i++)
        buf_addc(&big, 'x');
    const struct str rows[] = {
        STR("GET / HTTP/1.1\r\n"), STR("\n"),        STR("{\"hint\":\"dance\"}\n"),
        STR("\0\xFF\n"),           buf_str(&nested), buf_str(&big)
    };
    engine_start(p, 1);
    struct bus *b = client(p, p->config, 1, &err);
    assert_non_null(b);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = raw_client(p);
        send_all(fd, rows[i]);
        assert_true(is_hung_up_on(fd));
        close(fd);
    }
    buf_clear(&big);
    while (big.len < 24u << 20) {
        buf_adds(&big, "{\"hint\":\"send\",\"id\":1,\"text\":\"");
        for (int i = 0; i < 500000; i++)
            buf_addc(&big, 'x');
        buf_adds(&big, "\"}\n");
    }
    int fd = raw_client(p);
    send_all(fd, buf_str(&big)); /* the answers are not read */
    assert_true(is_hung_up_on(fd));
    close(fd);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_SEND, .id = 7 });
    assert_int_equal(bus_wait(b, &ev, 20000, &err), 0);
    assert_true(ev.kind == EVENT_DONE && ev.id == 7);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(engine_end(p), 0);
    bus_close(&b);
    buf_free(&big);
    buf_free(&nested);
}

/* sun_path holds 107 bytes; a store may lie deeper, and there may be no runtime folder. */
static void a_long_path_without_a_runtime_folder(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    unsetenv("XDG_RUNTIME_DIR");
    free(p->store);
    p->store = xasprintf("%s/%0100d/%0100d/mail.db", p->dir, 1, 2);
    char *folder = xmemdup0(p->store, strlen(p->store) - strlen("/mail.db"));
    assert_int_equal(file_mkdirs(folder, &err), 0);
    engine_start(p, 1);
    struct bus *b = client(p, p->config, 1, &err);
    assert_non_null(b);
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    assert_int_equal(engine_end(p), 0);
    bus_close(&b);
    free(folder);
}

/* Two programs start the engine at once: the slower one says so, ends with 75, and that is no
 * error. */
static void another_engine_was_faster(void **state)
{
    struct place *p = *state;
    struct error err = { 0 };
    int started = 1;
    char *engine = xasprintf("%s/engine", p->dir), *mark = xasprintf("%s/mark", p->dir);
    char *text = xasprintf("#!/bin/sh\n"
                           "test -e %s && { echo second >&2; exit 70; }\n"
                           ": >%s\necho 'another engine works' >&2\nexit 75\n",
                           mark, mark);
    assert_int_equal(file_replace(engine, str_c(text), 0700, &err), 0);
    struct bus_where where = { .store = p->store, .engine = engine, .schema = 1 };
    assert_null(bus_open(&where, &started, &err));
    assert_true(str_search(str_c(err.text), STR("second")) < strlen(err.text));
    free(engine);
    free(mark);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_question_has_its_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(another_configuration_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_engine_is_asked_to_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_newer_engine_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(one_engine_for_a_store, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_clients_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(another_engine_was_faster, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_path_without_a_runtime_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
