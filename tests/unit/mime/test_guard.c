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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_begin_and_end_where_they_do),
        cmocka_unit_test(parameters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
