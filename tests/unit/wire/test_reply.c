/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>
#include "wire/reply.h"

static void replies_are_read(void **state)
{
    static const struct {
        const char *in;
        enum wire_result want;
        unsigned code, subject;
        bool last;
        const char *text;
    } rows[] = {
        { "250 ok\r\n", WIRE_OK, 250, 0, true, "ok" },
        { "250-SIZE 100\r\n", WIRE_OK, 250, 0, false, "SIZE 100" },
        { "250\r\n", WIRE_OK, 250, 0, true, "" },
        { "250 \n", WIRE_OK, 250, 0, true, "" },
        { "550 5.1.1 no such user\r\n", WIRE_OK, 550, 1, true, "no such user" },
        { "550 5.1.1\r\n", WIRE_OK, 550, 1, true, "" },
        { "550 4.1.1 x\r\n", WIRE_OK, 550, 0, true, "4.1.1 x" }, /* another class: text */
        { "220 2.1.0.4 x\r\n", WIRE_OK, 220, 0, true, "2.1.0.4 x" },
        { "250", WIRE_MORE, 0, 0, 0, "" },
        { "", WIRE_MORE, 0, 0, 0, "" },
        { "25\r\n", WIRE_BAD, 0, 0, 0, "" },
        { "hello\r\n", WIRE_BAD, 0, 0, 0, "" },
        { "150 x\r\n", WIRE_BAD, 0, 0, 0, "" },
        { "2500 x\r\n", WIRE_BAD, 0, 0, 0, "" },
        { "250 a\rb\r\n", WIRE_BAD, 0, 0, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str in = str_c(rows[i].in);
        struct wire_reply r;
        assert_int_equal(wire_reply_next(&in, &r), rows[i].want);
        if (rows[i].want != WIRE_OK) {
            assert_int_equal(in.n, strlen(rows[i].in));
            continue;
        }
        assert_int_equal(in.n, 0);
        assert_int_equal(r.code, rows[i].code);
        assert_int_equal(r.enhanced[1], rows[i].subject);
        assert_int_equal(r.last, rows[i].last);
        assert_str(r.text, rows[i].text);
        for (size_t cut = 0; cut + 1 < strlen(rows[i].in); cut++) {
            struct str part = { rows[i].in, cut };
            assert_int_equal(wire_reply_next(&part, &r), WIRE_MORE);
        }
    }
}

static void an_endless_line_is_bad(void **state)
{
    char *big = xmalloc(WIRE_REPLY_LINE_MAX + 1);
    struct wire_reply r;
    (void)state;
    memset(big, '2', WIRE_REPLY_LINE_MAX + 1);
    struct str in = { big, WIRE_REPLY_LINE_MAX + 1 };
    assert_int_equal(wire_reply_next(&in, &r), WIRE_BAD);
    free(big);
}

static void replies_are_written_on_one_line(void **state)
{
    struct buf out = BUF_INIT(2000);
    (void)state;
    wire_reply_put(&out, 250, "2.1.0", false, "a\r\nb");
    wire_reply_put(&out, 221, NULL, true, "bye");
    assert_string_equal(buf_c(&out), "250-2.1.0 a  b\r\n221 bye\r\n");
    buf_free(&out);
}

struct stuff_row {
    const char *in, *want;
};

static void stuff(const char *in, size_t cut, struct buf *out)
{
    struct wire_stuff s = { 0 };
    wire_stuff_add(&s, (struct str){ in, cut }, out);
    wire_stuff_add(&s, str_c(in + cut), out);
    wire_stuff_end(&s, out);
}

static void dots_are_stuffed(void **state)
{
    static const struct stuff_row rows[] = {
        { "a\r\nb\r\n", "a\r\nb\r\n.\r\n" },
        { "a\nb", "a\r\nb\r\n.\r\n" },
        { ".\r\n", "..\r\n.\r\n" },
        { "a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n" },
        { "a\r.\rb", "a\r\n..\r\nb\r\n.\r\n" },
        { "a.b\r\n\r\n..c", "a.b\r\n\r\n...c\r\n.\r\n" },
        { "", ".\r\n" },
        { "a\r", "a\r\n.\r\n" },
        { "a\r\r\n", "a\r\n\r\n.\r\n" },
    };
    struct buf out = BUF_INIT(2000);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].in); cut++) {
            buf_clear(&out);
            stuff(rows[i].in, cut, &out);
            assert_string_equal(buf_c(&out), rows[i].want);
        }
    buf_free(&out);
}

struct unstuff_row {
    bool lenient;
    const char *in;
    enum wire_result want;
    const char *out, *left;
};

static void unstuff(const struct unstuff_row *row, size_t cut, struct buf *out)
{
    struct wire_unstuff u = { .lenient = row->lenient };
    struct str head = { row->in, cut }, tail = str_c(row->in + cut);
    enum wire_result r = wire_unstuff_next(&u, &head, out);
    if (r == WIRE_MORE) {
        assert_int_equal(head.n, 0);
        r = wire_unstuff_next(&u, &tail, out);
        assert_int_equal(tail.n, strlen(row->left));
    }
    assert_int_equal(r, row->want);
    assert_string_equal(buf_c(out), row->out);
}

/* SECURITY.md §2: none of the smuggled ends ends the data of a CRLF session. */
static void only_the_real_end_ends_the_data(void **state)
{
    static const struct unstuff_row rows[] = {
        { false, "a\r\n.\r\nQUIT\r\n", WIRE_OK, "a\r\n", "QUIT\r\n" },
        { false, ".\r\n", WIRE_OK, "", "" },
        { false, "..a\r\n.b\r\n.\r\n", WIRE_OK, ".a\r\nb\r\n", "" },
        { false, "a\r\n", WIRE_MORE, "a\r\n", "" },
        { false, "a\n.\nb\r\n.\r\n", WIRE_BAD, "a\n.\nb\r\n", "" },
        { false, "a\n.\r\nb\r\n.\r\n", WIRE_BAD, "a\n.\r\nb\r\n", "" },
        { false, "a\r.\rb\r\n.\r\n", WIRE_BAD, "a\r.\rb\r\n", "" },
        { false, "a\r\n.\nb\r\n.\r\n", WIRE_BAD, "a\r\n\nb\r\n", "" },
        { false, "a\r\n.\rb\r\n.\r\n", WIRE_BAD, "a\r\n\rb\r\n", "" },
        { false, "a\r\r\n.\r\n", WIRE_BAD, "a\r\r\n", "" },
        { true, "a\n.\nquit\n", WIRE_OK, "a\r\n", "quit\n" },
        { true, "a\n..\n.\n", WIRE_OK, "a\r\n.\r\n", "" },
        { true, "a\r\n.\r\n", WIRE_OK, "a\r\n", "" },
    };
    struct buf out = BUF_INIT(2000);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut < strlen(rows[i].in) - strlen(rows[i].left); cut++) {
            buf_clear(&out);
            unstuff(&rows[i], cut, &out);
        }
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read),
        cmocka_unit_test(an_endless_line_is_bad),
        cmocka_unit_test(replies_are_written_on_one_line),
        cmocka_unit_test(dots_are_stuffed),
        cmocka_unit_test(only_the_real_end_ends_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
