/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "server/bodystructure.h"
#include "server/limits.h"

#define MIXED(b) "Content-Type: multipart/mixed; boundary=" b "\r\n\r\n"
#define PLAIN "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" "

static void structures_are_told(void **state)
{
    static const struct {
        const char *in, *want;
        bool extended;
    } rows[] = {
        { "", PLAIN "0 0)", false },
        { "A: b\r\n\r\none\r\ntwo", PLAIN "8 1)", false },
        { "A: b\r\n\r\nx\r\n", PLAIN "3 1 NIL NIL NIL NIL)", true },
        { "Content-Type: TEXT/Html; Charset=\"utf-8\"; x=y z; q=a (c)\r\n"
          "Content-Transfer-Encoding: (c (d)) BASE64\r\nContent-ID: <i@x>\r\n"
          "Content-Description: a \"b\"\r\nContent-MD5: Q2hlY2s=\r\n"
          "Content-Disposition: attachment;\r\n filename=\"a\\\"b.txt\"; size=3\r\n"
          "Content-Language: en, de (German)\r\nContent-Location: http://x/\r\n\r\nx",
          "(\"TEXT\" \"Html\" (\"Charset\" \"utf-8\" \"x\" \"y z\" \"q\" \"a\") \"<i@x>\" \"a "
          "\\\"b\\\"\" \"BASE64\" 1 0 \"Q2hlY2s=\" (\"attachment\" (\"filename\" \"a\\\"b.txt\" "
          "\"size\" \"3\")) (\"en\" \"de\") \"http://x/\")",
          true },
        { MIXED("b") "--b\r\n\r\nx\r\n--b\r\nContent-Type: image/png\r\n\r\ny\r\n--b--\r\n",
          "(" PLAIN "1 0)(\"image\" \"png\" NIL NIL NIL \"7bit\" 1) \"mixed\")", false },
        { MIXED("b") "--b\r\n\r\nx\r\n--b--\r\n",
          "(" PLAIN "1 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)", true },
        /* Nothing between the boundaries: the grammar wants a part. */
        { MIXED("b") "--b--\r\n", "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0) \"mixed\")",
          false },
        /* No boundary at all: text. */
        { "Content-Type: multipart/mixed\r\n\r\nx", PLAIN "1 0)", false },
        { "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
          "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 18 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL "
          "NIL) " PLAIN "3 1) 3)",
          false },
        /* NIL for a mailbox or a host would be a group. */
        { "Content-Type: message/rfc822\r\n\r\nFrom: jane\r\nTo: g: a@b;\r\n\r\n",
          "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 27 (NIL NIL ((NIL NIL \"jane\" \"\")) "
          "((NIL NIL \"jane\" \"\")) ((NIL NIL \"jane\" \"\")) ((NIL NIL \"g\" NIL)(NIL NIL \"a\" "
          "\"b\")(NIL NIL NIL NIL)) NIL NIL NIL NIL) " PLAIN "0 0) 3)",
          false },
        /* A message that is encoded was not looked into. */
        { "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==",
          "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 4)", false },
        { "Content-Type: nonsense\r\n\r\nx", PLAIN "1 0)", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct section_src src;
        struct buf out = BUF_INIT(4096);
        section_src_init(&src, str_c(rows[i].in));
        bodystructure_put(&src, rows[i].extended ? STRUCTURE_EXTENDED : 0, &out);
        assert_str(buf_str(&out), rows[i].want);
        section_src_clear(&src);
        buf_free(&out);
    }
}

static void global_messages_have_two_shapes(void **state)
{
    const char *in = MIXED("b") "--b\r\nContent-Type: message/global\r\n\r\nSubject: in\r\n\r\nx"
                                "\r\n--b\r\n\r\ny\r\n--b--\r\n";
    static const char *const want[] = {
        "((\"message\" \"global\" NIL NIL NIL \"7bit\" 16)(\"text\" \"plain\" (\"charset\" "
        "\"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")",
        "((\"message\" \"global\" NIL NIL NIL \"7bit\" 16 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL "
        "NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) 2)(\"text\" "
        "\"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0) \"mixed\")",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(want); i++) {
        struct section_src src;
        struct buf out = BUF_INIT(4096);
        section_src_init(&src, str_c(in));
        bodystructure_put(&src, i == 0 ? 0 : STRUCTURE_GLOBAL, &out);
        assert_str(buf_str(&out), want[i]);
        section_src_clear(&src);
        buf_free(&out);
    }
}

static void what_would_be_too_long_is_one_part(void **state)
{
    struct buf in = BUF_INIT(64 << 20);
    struct buf out = BUF_INIT(64 << 20);
    struct section_src src;
    (void)state;
    buf_adds(&in, MIXED("b"));
    /* Each has a name as long as a field may be. */
    for (size_t i = 0; i < 1500; i++) {
        buf_adds(&in, "--b\r\nContent-Type: text/plain; name=");
        for (size_t k = 0; k < 7000; k++)
            buf_addc(&in, 'n');
        buf_adds(&in, "\r\n\r\n\r\n");
    }
    section_src_init(&src, buf_str(&in));
    bodystructure_put(&src, 0, &out);
    assert_true(out.len < 100 && str_starts(buf_str(&out), "(\"application\" \"octet-stream\""));
    section_src_clear(&src);
    buf_free(&in);
    buf_free(&out);
}

/* As many levels as there may be, and then some. */
static void depth_is_bounded(void **state)
{
    struct buf in = BUF_INIT(1 << 20);
    struct buf out = BUF_INIT(1 << 20);
    struct section_src src;
    (void)state;
    for (size_t i = 0; i < 3 * (size_t)IMAP_PART_DEPTH; i++)
        buf_adds(&in, "Content-Type: message/rfc822\r\n\r\n");
    section_src_init(&src, buf_str(&in));
    bodystructure_put(&src, STRUCTURE_EXTENDED, &out);
    assert_int_equal(src.guard.parts_n, IMAP_PART_DEPTH + 1);
    int depth = 0;
    for (size_t i = 0; i < out.len; i++)
        depth += out.data[i] == '(' ? 1 : out.data[i] == ')' ? -1 : 0;
    assert_int_equal(depth, 0);
    assert_true(str_search(buf_str(&out), STR("octet-stream")) < out.len);
    section_src_clear(&src);
    buf_free(&in);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_told),
        cmocka_unit_test(global_messages_have_two_shapes),
        cmocka_unit_test(what_would_be_too_long_is_one_part),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
