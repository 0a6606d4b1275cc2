/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "server/limits.h"
#include "server/link.h"

/* A link on one end of a pair of sockets; the test has the other. */
struct pair {
    struct link *l;
    int fds[2];
};

static void pair_open(struct pair *p)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p->fds), 0);
    p->l = link_new(p->fds[0]);
}

static void pair_close(struct pair *p)
{
    link_free(&p->l);
    close(p->fds[0]);
    if (p->fds[1] >= 0)
        close(p->fds[1]);
}

static void in_the_clear(void **state)
{
    struct pair p;
    struct buf in = BUF_INIT(1 << 20);
    (void)state;
    pair_open(&p);
    assert_int_equal(link_read(p.l, &in), 0);
    assert_int_equal(write(p.fds[1], "hello", 5), 5);
    assert_int_equal(link_read(p.l, &in), 1);
    assert_string_equal(buf_c(&in), "hello");
    assert_false(link_pending(p.l));
    close(p.fds[1]);
    p.fds[1] = -1;
    assert_int_equal(link_read(p.l, &in), -1);
    struct str more = STR("x");
    assert_int_equal(link_write(p.l, &more), -1);
    pair_close(&p);
    buf_free(&in);
}

/* Writes all of text, reading what comes at the other end whenever that is needed. */
static void pump(struct pair *p, struct str text, struct buf *got)
{
    char bytes[4096];
    unsigned waits = 0;
    int rc;
    do {
        ssize_t n;
        rc = link_write(p->l, &text);
        waits += rc == 0;
        while ((n = read(p->fds[1], bytes, sizeof bytes)) > 0)
            buf_add(got, bytes, (size_t)n);
    } while (rc == 0);
    assert_int_equal(rc, 1);
    assert_int_equal(text.n, 0);
    assert_true(waits > 0);
}

/* Bytes that do not deflate, always the same. */
static char *noise(size_t n)
{
    char *text = xcalloc(1, n);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)(x >> 24);
    }
    return text;
}

static void inflated(struct str wire, struct buf *out, size_t most)
{
    z_stream z = { .next_in = (Bytef *)wire.p, .avail_in = (uInt)wire.n };
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    z.next_out = (Bytef *)buf_room(out, most);
    z.avail_out = (uInt)most;
    assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    buf_grown(out, most - z.avail_out);
    inflateEnd(&z);
}

static void what_does_not_fit_waits(void **state)
{
    enum { N = 3000000 };
    char *text = noise(N);
    (void)state;
    for (int deflated = 0; deflated < 2; deflated++) {
        struct pair p;
        struct error err;
        struct buf got = BUF_INIT(2 * N);
        struct buf out = BUF_INIT(2 * N);
        pair_open(&p);
        if (deflated)
            assert_int_equal(link_compress(p.l, &err), 0);
        pump(&p, (struct str){ text, N }, &got);
        if (deflated)
            inflated(buf_str(&got), &out, N + 1);
        else
            buf_add_str(&out, buf_str(&got));
        assert_int_equal(out.len, N);
        assert_memory_equal(out.data, text, N);
        pair_close(&p);
        buf_free(&got);
        buf_free(&out);
    }
    free(text);
}

static void deflated_to(struct buf *out, const char *text, size_t n)
{
    z_stream z = { .next_in = (Bytef *)text, .avail_in = (uInt)n };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = (Bytef *)buf_room(out, n + 1000);
    z.avail_out = (uInt)n + 1000;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    buf_grown(out, n + 1000 - z.avail_out);
    deflateEnd(&z);
}

static void whatever_the_pieces(void **state)
{
    enum { N = 40000 };
    char *text = noise(N);
    struct buf wire = BUF_INIT(1 << 20);
    (void)state;
    memset(text + 1000, 'x', 30000); /* some of it opens wide */
    deflated_to(&wire, text, N);
    for (size_t piece = 1; piece <= wire.len; piece = piece * 3 + 1) {
        struct pair p;
        struct error err;
        struct buf in = BUF_INIT(1 << 20);
        pair_open(&p);
        assert_int_equal(link_compress(p.l, &err), 0);
        for (size_t at = 0; at < wire.len; at += piece) {
            struct str s = str_head(str_skip(buf_str(&wire), at), piece);
            size_t before = in.len;
            assert_int_equal(write(p.fds[1], s.p, s.n), s.n);
            while (link_read(p.l, &in) == 1) {
                assert_true(in.len - before <= 64 << 10);
                before = in.len;
            }
            assert_false(link_pending(p.l));
        }
        assert_int_equal(in.len, N);
        assert_memory_equal(in.data, text, N);
        pair_close(&p);
        buf_free(&in);
    }
    buf_free(&wire);
    free(text);
}

static void bombs_and_nonsense_end_it(void **state)
{
    enum { N = 20 << 20 };
    struct buf wire = BUF_INIT(N + 2000);
    struct buf in = BUF_INIT(N);
    struct error err;
    struct pair p;
    int rc = 1;
    (void)state;
    char *zeros = xcalloc(1, N);
    deflated_to(&wire, zeros, N);
    free(zeros);
    assert_true(wire.len < 64 << 10);
    pair_open(&p);
    assert_int_equal(link_compress(p.l, &err), 0);
    assert_int_equal(write(p.fds[1], wire.data, wire.len), wire.len);
    while (rc == 1)
        rc = link_read(p.l, &in);
    assert_int_equal(rc, -1);
    assert_true(in.len < 2 * LINK_INFLATE_FREE);
    pair_close(&p);
    pair_open(&p);
    assert_int_equal(link_compress(p.l, &err), 0);
    assert_int_equal(write(p.fds[1], "\377\377\377\377", 4), 4);
    assert_int_equal(link_read(p.l, &in), -1);
    pair_close(&p);
    buf_free(&wire);
    buf_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_clear),
        cmocka_unit_test(what_does_not_fit_waits),
        cmocka_unit_test(whatever_the_pieces),
        cmocka_unit_test(bombs_and_nonsense_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
