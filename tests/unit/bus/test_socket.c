/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "bus/socket.h"

struct pair {
    struct socket_end end;
    int other;
};

static void pair_open(struct pair *p)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    socket_end_init(&p->end, fds[0]);
    p->other = fds[1];
}

static void pair_close(struct pair *p)
{
    socket_end_clear(&p->end);
    if (p->other >= 0)
        close(p->other);
}

static void put(struct pair *p, struct str s)
{
    assert_int_equal(send(p->other, s.p, s.n, MSG_NOSIGNAL), s.n);
}

static void a_line_is_whole_wherever_it_was_cut(void **state)
{
    const struct str all = STR("one\r\n\n\0two\nlast");
    const struct str want[] = { STR("one\r"), STR(""), STR("\0two") };
    (void)state;
    for (size_t cut = 0; cut <= all.n; cut++) {
        struct pair p;
        struct str line;
        size_t n = 0;
        pair_open(&p);
        for (int half = 0; half < 2; half++) {
            put(&p, half == 0 ? str_head(all, cut) : str_skip(all, cut));
            assert_int_equal(socket_end_pump(&p.end), 0);
            for (; socket_end_line(&p.end, &line); n++)
                assert_true(n < COUNT(want) && str_eq(line, want[n]));
        }
        assert_int_equal(n, COUNT(want)); /* what has no end is no line */
        pair_close(&p);
    }
}

static void the_last_words_are_heard(void **state)
{
    struct pair p;
    struct str line;
    (void)state;
    pair_open(&p);
    put(&p, STR("bye\n"));
    close(p.other);
    p.other = -1;
    assert_int_equal(socket_end_pump(&p.end), -1);
    assert_true(socket_end_line(&p.end, &line));
    assert_str(line, "bye");
    assert_false(socket_end_line(&p.end, &line));
    pair_close(&p);
}

static void a_line_without_an_end_is_refused(void **state)
{
    struct pair p;
    char chunk[4096];
    size_t sent = 0;
    int rc = 0;
    (void)state;
    pair_open(&p);
    memset(chunk, 'x', sizeof chunk);
    while (rc == 0 && sent < 4 * SOCKET_LINE_MAX) {
        ssize_t n = send(p.other, chunk, sizeof chunk, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        rc = socket_end_pump(&p.end);
    }
    assert_int_equal(rc, -1);
    assert_in_range(sent, SOCKET_LINE_MAX, 2 * SOCKET_LINE_MAX);
    pair_close(&p);
}

static void long_lines_pass_one_after_the_other(void **state)
{
    enum { LONG = SOCKET_LINE_MAX - 1, LINES = 3 };
    struct pair p;
    struct str line;
    char *text = xmalloc(LONG + 1);
    (void)state;
    memset(text, 'x', LONG);
    text[LONG] = '\n';
    pair_open(&p);
    for (size_t n = 0, at = 0; n < LINES;) {
        ssize_t sent = send(p.other, text + at, LONG + 1 - at, MSG_NOSIGNAL);
        at = (at + (sent > 0 ? (size_t)sent : 0)) % (LONG + 1);
        assert_int_equal(socket_end_pump(&p.end), 0);
        for (; socket_end_line(&p.end, &line); n++)
            assert_int_equal(line.n, LONG);
    }
    pair_close(&p);
    free(text);
}

static void who_never_reads_is_given_up(void **state)
{
    struct pair p;
    int rc = 0;
    size_t said = 0;
    (void)state;
    pair_open(&p);
    for (; rc == 0 && said < 2 * (size_t)SOCKET_WAITING_MAX; said += 1000) {
        for (int i = 0; i < 1000; i++)
            buf_addc(&p.end.out, 'x');
        rc = socket_end_pump(&p.end);
    }
    assert_int_equal(rc, -1);
    assert_true(said >= SOCKET_WAITING_MAX);
    pair_close(&p);
}

static void one_lock_for_a_store(void **state)
{
    struct error err;
    char *dir = file_temp_dir("tmail-socket", &err);
    char *store = xasprintf("%s/mail.db", dir), *none = xasprintf("%s/none/mail.db", dir);
    (void)state;
    setenv("XDG_RUNTIME_DIR", dir, 1);
    assert_int_equal(socket_connect(store), -1);
    assert_int_equal(socket_connect(none), -1);
    assert_false(socket_is_locked(store) || socket_is_locked(none));
    int lock = socket_lock(store, &err);
    assert_true(lock >= 0);
    assert_int_equal(socket_lock(store, &err), -1);
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(socket_connect(store), -1); /* the lock alone listens to nobody */
    assert_true(socket_is_locked(store));
    close(lock);
    assert_false(socket_is_locked(store));
    lock = socket_lock(store, &err);
    assert_true(lock >= 0);
    int fd = socket_listen(store, &err), client = socket_connect(store);
    assert_true(fd >= 0 && client >= 0 && socket_peer_is_us(client));
    assert_int_equal(socket_peer(client), getpid());
    socket_unlink(store);
    assert_int_equal(socket_connect(store), -1);
    close(client);
    close(fd);
    close(lock);
    file_remove_tree(dir);
    free(none);
    free(store);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_whole_wherever_it_was_cut),
        cmocka_unit_test(the_last_words_are_heard),
        cmocka_unit_test(a_line_without_an_end_is_refused),
        cmocka_unit_test(long_lines_pass_one_after_the_other),
        cmocka_unit_test(who_never_reads_is_given_up),
        cmocka_unit_test(one_lock_for_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
