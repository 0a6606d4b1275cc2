/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "net/deflate.h"

enum { RATIO = 250, OUT_MAX = 4 << 20 };

static struct deflater *deflater_of(uint64_t free)
{
    struct deflate_options o = { .window_bits = 15, .memory = 8, .free = free, .ratio = RATIO };
    struct error err;
    struct deflater *d = deflater_new(&o, &err);
    assert_non_null(d);
    return d;
}

static void pack(struct deflater *d, struct str in, struct buf *out)
{
    do
        assert_int_equal(deflater_write(d, &in, true, out), 0);
    while (in.n > 0);
}

/* All of in, each call with up to step bytes that lie where a sanitizer sees the end of them. */
static int unpack(struct deflater *d, struct str in, size_t step, struct buf *out)
{
    int rc = 0;
    while (rc == 0 && (in.n > 0 || deflater_full(d))) {
        struct str piece = str_head(in, step), left = piece;
        char *copy = xmalloc(piece.n + 1);
        memcpy(copy, piece.p, piece.n);
        left.p = copy;
        rc = deflater_read(d, &left, out);
        in = str_skip(in, piece.n - left.n);
        free(copy);
    }
    return rc;
}

static void what_goes_in_comes_out_in_any_split(void **state)
{
    struct buf text = BUF_INIT(1 << 20), packed = BUF_INIT(1 << 20);
    (void)state;
    for (unsigned k = 0; k < 20000; k++)
        buf_addf(&text, "* %u FETCH (UID %u FLAGS (\\Seen))\r\n", k, k * 7919 % 10007);
    struct deflater *d = deflater_of(OUT_MAX);
    pack(d, STR("first\r\n"), &packed);
    size_t first = packed.len;
    pack(d, buf_str(&text), &packed);
    assert_true(packed.len < text.len / 4);
    for (size_t step = 1; step <= packed.len; step = step * 3 + 1) {
        struct buf out = BUF_INIT(1 << 20);
        struct deflater *u = deflater_of(OUT_MAX);
        assert_int_equal(unpack(u, str_head(buf_str(&packed), first), step, &out), 0);
        assert_str(buf_str(&out), "first\r\n"); /* flushed: nothing is held back */
        buf_clear(&out);
        assert_int_equal(unpack(u, str_skip(buf_str(&packed), first), step, &out), 0);
        assert_true(str_eq(buf_str(&out), buf_str(&text)));
        deflater_free(&u);
        buf_free(&out);
    }
    deflater_free(&d);
    buf_free(&text);
    buf_free(&packed);
}

static void a_bomb_is_refused(void **state)
{
    struct buf packed = BUF_INIT(1 << 20), out = BUF_INIT(64 << 20);
    char *zeros = xcalloc(1, 16 << 20);
    (void)state;
    struct deflater *d = deflater_of(OUT_MAX);
    pack(d, (struct str){ zeros, 16 << 20 }, &packed);
    assert_int_equal(unpack(d, buf_str(&packed), 1000, &out), -1);
    assert_true(out.len <= OUT_MAX + DEFLATE_STEP);
    deflater_free(&d);
    free(zeros);
    buf_free(&packed);
    buf_free(&out);
}

static void what_is_not_deflate_is_refused(void **state)
{
    static const struct str rows[] = {
        STR("* OK in the clear\r\n"),
        STR("\x78\x9c\x03\x00\x00\x00\x00\x01"), /* zlib's header */
        STR("\x03\x00* OK behind the end\r\n"),
        STR("\xff\xff\xff\xff"),
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct buf out = BUF_INIT(1 << 20);
        struct deflater *d = deflater_of(OUT_MAX);
        assert_int_equal(unpack(d, rows[k], rows[k].n, &out), -1);
        deflater_free(&d);
        buf_free(&out);
    }
}

static void full_buffers_are_told(void **state)
{
    struct buf packed = BUF_INIT(1 << 20), small = BUF_INIT(DEFLATE_STEP - 1);
    struct str in = STR("x");
    (void)state;
    struct deflater *d = deflater_of(OUT_MAX);
    assert_int_equal(deflater_write(d, &in, true, &small), -1);
    pack(d, STR("x"), &packed);
    struct str left = buf_str(&packed);
    assert_int_equal(deflater_read(d, &left, &small), -1);
    deflater_free(&d);
    deflater_free(&d);
    buf_free(&packed);
    buf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_in_any_split),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(what_is_not_deflate_is_refused),
        cmocka_unit_test(full_buffers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
