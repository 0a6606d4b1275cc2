/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>
#include <unistd.h>

#include "sync/spooltext.h"

#include "base/banned.h"

static const struct {
    const char *in, *out, *head;
} rows[] = {
    { "", "", "" },
    { "a: b\n\nc\n", "a: b\r\n\r\nc\r\n", "a: b\r\n\r\n" },
    { "a: b\r\n\r\nc\r\n", "a: b\r\n\r\nc\r\n", "a: b\r\n\r\n" },
    { "a: b\n\r\nc", "a: b\r\n\r\nc", "a: b\r\n\r\n" },
    { "a\rb\n\n\n", "a\rb\r\n\r\n\r\n", "a\rb\r\n\r\n" },
    { "a\r\r\n\nx\r", "a\r\r\n\r\nx\r", "a\r\r\n\r\n" },
    { "no header ends", "no header ends", "no header ends" },
};

struct taken {
    struct buf bytes;
    bool ended;
};

static int take(void *arg, struct str bytes, bool last, struct error *err)
{
    struct taken *t = arg;
    (void)err;
    assert_false(t->ended);
    buf_add_str(&t->bytes, bytes);
    t->ended = last;
    return 0;
}

/* pad bytes without a line's end stand before, so that the text lies at any place of the reader's
 * buffer; the file has more in it than the message. */
static void read_at(size_t pad, const char *in, bool headers_only, const char *want)
{
    struct error err = { 0 };
    struct taken t = { .bytes = BUF_INIT(1 << 20) };
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs("before", f);
    for (size_t i = 0; i < pad; i++)
        fputc('x', f);
    fputs(in, f);
    fputs("\nbehind", f);
    fflush(f);
    struct spooltext s = {
        .fd = fileno(f), .at = 6, .n = (int64_t)(pad + strlen(in)), .headers_only = headers_only
    };
    assert_int_equal(spooltext_read(&s, take, &t, &err), 0);
    assert_true(t.ended);
    assert_int_equal(t.bytes.len, pad + strlen(want));
    assert_string_equal(buf_c(&t.bytes) + pad, want);
    buf_free(&t.bytes);
    fclose(f);
}

static void lines_end_in_crlf(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t pad = 0; pad < 40; pad++)
            read_at(pad > 20 ? 16384 - pad : pad, rows[i].in, false, rows[i].out);
}

static const struct {
    const char *in, *out;
} mbox_rows[] = {
    { "A: b\nStatus: RO\nX-Status: F\n folded\nC: d\n e\n\n>From x\n>>From y\n> From z\nStatus: "
      "R\n",
      "A: b\r\nC: d\r\n e\r\n\r\nFrom x\r\n>From y\r\n> From z\r\nStatus: R\r\n" },
    { "X-UID: 1\n\n>From x", "\r\nFrom x" },
    { "Lines: 1", "" },
    { ">From x\nA: b\n\n", ">From x\r\nA: b\r\n\r\n" },
};

static void of_an_mbox(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mbox_rows); i++)
        for (size_t pad = 0; pad < 20000; pad += pad < 16000 ? 7900 : 1 + pad % 7) {
            struct error err = { 0 };
            struct taken t = { .bytes = BUF_INIT(1 << 20) };
            FILE *f = tmpfile();
            assert_non_null(f);
            fputs("X: ", f);
            for (size_t k = 0; k < pad; k++)
                fputc('x', f);
            fprintf(f, "\n%s", mbox_rows[i].in);
            fflush(f);
            struct spooltext s = { .fd = fileno(f), .n = ftell(f), .mbox = true };
            assert_int_equal(spooltext_read(&s, take, &t, &err), 0);
            assert_string_equal(buf_c(&t.bytes) + pad + 5, mbox_rows[i].out);
            buf_free(&t.bytes);
            fclose(f);
        }
}

static void headers_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        read_at(0, rows[i].in, true, rows[i].head);
}

/* It was cut while it was read. */
static void a_shorter_file(void **state)
{
    struct error err = { 0 };
    struct taken t = { .bytes = BUF_INIT(1 << 20) };
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs("a\n", f);
    fflush(f);
    struct spooltext s = { .fd = fileno(f), .n = 100000 };
    assert_int_equal(spooltext_read(&s, take, &t, &err), 0);
    assert_string_equal(buf_c(&t.bytes), "a\r\n");
    assert_true(t.ended);
    buf_free(&t.bytes);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_crlf),
        cmocka_unit_test(of_an_mbox),
        cmocka_unit_test(headers_alone),
        cmocka_unit_test(a_shorter_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
