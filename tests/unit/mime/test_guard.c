/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "mime/guard.h"

/* The skeleton as text: kind, depth, content; "!" unclosed, "*" opaque. */
static void skeleton(struct arena *a, struct str raw, const struct guard_limits *limits,
                     struct buf *out)
{
    struct guard g;
    guard_scan(a, raw, limits, &g);
    for (size_t i = 0; i < g.parts_n; i++) {
        const struct guard_part *p = &g.parts[i];
        assert_true(p->header <= p->offset && p->offset <= p->end && p->end <= raw.n);
        buf_addf(out, "%c%u%s%s", "LMR"[p->kind], p -> depth, p -> unclosed ? "!" : "",
                 p->opaque ? "*" : "");
        if (p->kind == GUARD_LEAF)
            buf_addf(out, "(%.*s)", (int)(p->end - p->offset), raw.p + p->offset);
    }
    if (g.over)
        buf_adds(out, " over");
}

/* What is told of a message in pieces, as text. Each piece is gone when the next one comes. */
struct told {
    struct buf out;
};

static void on_field(void *arg, const struct guard_field *f)
{
    struct told *t = arg;
    buf_addf(&t->out, "<%.*s=%.*s%s>", STR_ARG(f->name), STR_ARG(f->value), f->cut ? "..." : "");
}

static void on_begin(void *arg, const struct guard_part *p)
{
    struct told *t = arg;
    buf_addf(&t->out, "<begin %c%u %zu %zu %d%d%d", "LMR"[p->kind], p -> depth, p -> header,
             p -> offset, p -> opaque, p -> unclosed, p -> digest);
    buf_addf(&t->out, " %.*s|%.*s|%.*s|%.*s|%.*s>", STR_ARG(p->type), STR_ARG(p->content_type),
             STR_ARG(p->encoding), STR_ARG(p->disposition), STR_ARG(p->id));
}

static void on_content(void *arg, struct str bytes)
{
    buf_add_str(&((struct told *)arg)->out, bytes);
}

static void on_end(void *arg, const struct guard_part *p)
{
    struct told *t = arg;
    buf_addf(&t->out, "<end %c%u %zu %zu %d>", "LMR"[p->kind], p -> depth, p -> offset, p -> end,
             p -> unclosed);
}

/* Cut at cut, and then after each step bytes. */
static void tell(struct guard_reader *r, struct told *t, struct str raw, size_t cut, size_t step)
{
    buf_clear(&t->out);
    for (size_t at = 0; at < raw.n;) {
        size_t n = at < cut ? cut - at : step;
        struct str s = str_head(str_skip(raw, at), n);
        char *piece = xmalloc(s.n);
        memcpy(piece, s.p, s.n);
        guard_reader_feed(r, (struct str){ piece, s.n }, false);
        memset(piece, '-', s.n);
        free(piece);
        at += s.n;
    }
    guard_reader_feed(r, (struct str){ NULL, 0 }, true);
    if (guard_reader_over(r))
        buf_adds(&t->out, " over");
}

/* The same is told wherever the bytes are cut. */
static void check_every_split(struct str raw, const struct guard_limits *limits)
{
    struct told whole = { .out = BUF_INIT(1 << 20) }, cut = { .out = BUF_INIT(1 << 20) };
    struct guard_sink sink = { on_field, on_begin, on_content, on_end, &whole };
    struct guard_reader *r = guard_reader_new(limits, &sink);
    guard_reader_feed(r, raw, true);
    if (guard_reader_over(r))
        buf_adds(&whole.out, " over");
    guard_reader_free(&r);
    sink.arg = &cut;
    r = guard_reader_new(limits, &sink);
    for (size_t at = 0; at < raw.n; at++) {
        tell(r, &cut, raw, at, raw.n);
        assert_str(buf_str(&cut.out), buf_c(&whole.out));
        tell(r, &cut, raw, at, 30);
        assert_str(buf_str(&cut.out), buf_c(&whole.out));
    }
    for (size_t step = 1; step < 5; step++) {
        tell(r, &cut, raw, 0, step);
        assert_str(buf_str(&cut.out), buf_c(&whole.out));
    }
    guard_reader_free(&r);
    buf_free(&whole.out);
    buf_free(&cut.out);
}

#define MIXED(b) "Content-Type: multipart/mixed; boundary=" b "\n\n"

static void parts_begin_and_end_where_they_do(void **state)
{
    static const struct guard_limits small = {
        .header_bytes = 60, .fields = 3, .parts = 3, .depth = 1
    };
    static const struct guard_limits imap = {
        .header_bytes = 1000, .fields = 30, .parts = 30, .depth = 9, .blank_ends = true
    };
    static const struct {
        const char *in, *want;
        const struct guard_limits *limits;
    } rows[] = {
        { "", "L0()", NULL },
        { "\nbody\n", "L0(body\n)", NULL },
        { "just text\nmore: x\n", "L0(just text\nmore: x\n)", NULL },
        { "Subject: x\nJohn, I am testing\n", "L0(John, I am testing\n)", NULL },
        { "Subject: x\nJohn, I am testing\n", "L0()", &imap },
        { "Subject: x\nJohn,\n I am\nA: b\n\ntesting\n", "L0(testing\n)", &imap },
        { MIXED("b") "--b\nno field\n--b\n\ny\n--b--", "M0L1()L1(y)", &imap },
        { "From me Mon\nA: b\n\nx", "L0(x)", NULL },
        { "Content-Type: text/html; charset=utf-8\nSubject: a long one, folded\n here\n"
          "Content-ID: <x@example.org>\n\nx",
          "L0(x)", NULL },
        { "A: b\r\n c\r\n\r\nx\r\n", "L0(x\r\n)", NULL },
        { MIXED("b") "pre\n--b\n\none\n--b\n\ntwo\n\n--b--\nepi", "M0L1(one)L1(two\n)", NULL },
        { "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nA: "
          "b\r\n\r\none\r\n--b--\r\n",
          "M0L1(one)", NULL },
        { MIXED("b") "--b\n\n--b  \n--b--", "M0L1()L1()", NULL },
        { MIXED("b") "--b\n\none", "M0!L1(one)", NULL },
        { MIXED("b") "no boundary at all", "L0!(no boundary at all)", NULL },
        { MIXED("b"), "M0", NULL },
        { "Content-Type: multipart/mixed\n\nx", "L0!(x)", NULL },
        { MIXED("b") "--b\n" MIXED("bb") "--bb\n\nx\n--bb--\n--b\n\ny\n--b--\n", "M0M1L2(x)L1(y)",
          NULL },
        { MIXED("b") "--b\n" MIXED("c") "--c\n\nx\n--b--\n", "M0M1!L2(x)", NULL },
        { MIXED("b") "--b\nContent-Type: message/rfc822\n\nSubject: i\n\nin\n--b--\n", "M0R1L2(in)",
          NULL },
        { "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3Vi", "L0(U3Vi)",
          NULL },
        { "Content-Type: multipart/digest; boundary=b\n\n--b\n\nS: x\n\nd\n--b--", "M0R1L2(d)",
          NULL },
        { MIXED("b") "--b\nA: b\n--b--\n", "M0L1()", NULL },
        { MIXED("b") "--bx\n--b\n\n--bx\n--b--", "M0L1(--bx)", NULL },
        { MIXED("b") "--b\n\n1\n--b\n\n2\n--b\n\n3\n--b--",
          "M0!L1(1)L1*(\n2\n--b\n\n3\n--b--) over", &small },
        { MIXED("b") "--b\n" MIXED("c") "--c\n\nx\n--b--", "M0L1*(--c\n\nx) over", &small },
        { "A: b\nA: b\nA: b\nA: b\n\nx", "L0(x) over", &small },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct buf out = BUF_INIT(4096);
        skeleton(a, str_c(rows[i].in),
                 rows[i].limits != NULL ? rows[i].limits : &guard_limits_default, &out);
        assert_str(buf_str(&out), rows[i].want);
        arena_free(&a);
        buf_free(&out);
        check_every_split(str_c(rows[i].in),
                          rows[i].limits != NULL ? rows[i].limits : &guard_limits_default);
        /* Cut anywhere, it is still a message. */
        for (size_t cut = 0; cut < strlen(rows[i].in); cut++) {
            a = arena_new(1024);
            char *copy = xmemdup0(rows[i].in, cut);
            skeleton(a, (struct str){ copy, cut }, &guard_limits_default, &out);
            arena_free(&a);
            buf_free(&out);
            free(copy);
        }
    }
}

static void parameters_are_found(void **state)
{
    static const char *const rows[][2] = {
        { "multipart/mixed; boundary=abc", "abc" },
        { "multipart/mixed; x=\"boundary=no\"; BOUNDARY = \"a b\"", "a b" },
        { "multipart/mixed;\r\n\tboundary=\"a\\\"b\"; y=z", "a\"b" },
        { "multipart/mixed", "" },
        { "multipart/mixed; boundary", "" },
        { "multipart/mixed; boundary=\"open", "open" },
        { ";;;=;=;", "" },
    };
    struct arena *a = arena_new(1024);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_str(guard_param(a, str_c(rows[i][0]), "boundary"), rows[i][1]);
    arena_free(&a);
}

/* Longer than what is kept of them, whole and in pieces. */
static void long_lines_are_bounded(void **state)
{
    static const struct {
        const char *head, *again, *tail;
        size_t n;
        const char *want; /* how what is told begins */
    } rows[] = {
        { "A: ", "x", "\n\nbody", GUARD_VALUE_MAX, "<A= xxx" },
        { "A: ", "x", "\r\n\r\nbody", GUARD_VALUE_MAX - 1, "<A= xxx" },
        { "A: ", "x\n ", "y\n\nbody", GUARD_VALUE_MAX, "<A= x\n x" },
        { "", "X", ": y\n\nbody", GUARD_NAME_MAX, "<begin L0 0 0 " },
        { "", "X", ": y\n\nbody", GUARD_NAME_MAX - 1, "<XXX" },
        { "", "no end of it ", "", GUARD_NAME_MAX, "<begin L0 0 0 " },
        { MIXED("b") "--b", " ", "\n\nx\n--b--\n", GUARD_BOUNDARY_MAX - 3, "<Content-Type" },
        { MIXED("b") "--b", " ", "\n\nx\n--b--\n", GUARD_BOUNDARY_MAX, "<Content-Type" },
        { MIXED("b") "--b\n\n", "--", "\n--b--\n", GUARD_NAME_MAX, "<Content-Type" },
        { MIXED("b") "--b\n\n", "\r", "\r\n--b--\n", 1000, "<Content-Type" },
    };
    static const size_t steps[] = { 1, 3, 1000, 65536 };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf raw = BUF_INIT(1 << 20);
        struct told whole = { .out = BUF_INIT(1 << 21) }, cut = { .out = BUF_INIT(1 << 21) };
        struct guard_sink sink = { on_field, on_begin, on_content, on_end, &whole };
        struct guard_reader *r = guard_reader_new(&guard_limits_default, &sink);
        buf_adds(&raw, rows[i].head);
        for (size_t k = 0; k < rows[i].n; k++)
            buf_adds(&raw, rows[i].again);
        buf_adds(&raw, rows[i].tail);
        assert_false(raw.over);
        guard_reader_feed(r, buf_str(&raw), true);
        assert_true(str_starts(buf_str(&whole.out), rows[i].want));
        guard_reader_free(&r);
        sink.arg = &cut;
        r = guard_reader_new(&guard_limits_default, &sink);
        for (size_t k = 0; k < COUNT(steps); k++) {
            tell(r, &cut, buf_str(&raw), 7, steps[k]);
            assert_int_equal(cut.out.len, whole.out.len);
            assert_memory_equal(cut.out.data, whole.out.data, whole.out.len);
        }
        guard_reader_free(&r);
        buf_free(&raw);
        buf_free(&whole.out);
        buf_free(&cut.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_begin_and_end_where_they_do),
        cmocka_unit_test(long_lines_are_bounded),
        cmocka_unit_test(parameters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
