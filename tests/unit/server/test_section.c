/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/section.h"

#define MESSAGE "Subject: one\r\n two\r\nFrom: a@b\r\nX: y\r\n\r\nbody\r\nmore"

static void items_name_their_bytes(void **state)
{
    static const struct {
        const char *item, *name, *bytes;
        bool peek;
    } rows[] = {
        { "BODY[]", "", MESSAGE, false },
        { "body.peek[]", "", MESSAGE, true },
        { "BODY.PEEK[]<9.3>", "", "one", true },
        { "BODY[]<1000.3>", "", "", false },
        { "RFC822", "RFC822", MESSAGE, false },
        { "RFC822.HEADER", "RFC822.HEADER", "Subject: one\r\n two\r\nFrom: a@b\r\nX: y\r\n\r\n",
          true },
        { "BODY[HEADER]", "HEADER", "Subject: one\r\n two\r\nFrom: a@b\r\nX: y\r\n\r\n", false },
        { "BODY[TEXT]", "TEXT", "body\r\nmore", false },
        { "BODY[1]", "1", "body\r\nmore", false },
        { "BODY.PEEK[HEADER.FIELDS (subject)]", "HEADER.FIELDS (subject)",
          "Subject: one\r\n two\r\n\r\n", true },
        { "BODY.PEEK[HEADER.FIELDS (\"From\" none)]", "HEADER.FIELDS (\"From\" none)",
          "From: a@b\r\n\r\n", true },
        { "BODY[HEADER.FIELDS.NOT (Subject X)]", "HEADER.FIELDS.NOT (Subject X)",
          "From: a@b\r\n\r\n", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct section s;
        struct buf out = BUF_INIT(4096);
        assert_int_equal(section_read(str_c(rows[i].item), &s), 0);
        assert_str(s.name, rows[i].name);
        assert_int_equal(s.peek, rows[i].peek);
        section_bytes(&s, STR(MESSAGE), &out);
        assert_str(section_partial(&s, buf_str(&out)), rows[i].bytes);
        buf_free(&out);
    }
}

#define NESTED                                                                                     \
    "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"                \
    "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\neHkA\r\n"         \
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/x;"         \
    " boundary=c\r\n\r\n--c\r\nA: 1\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--\r\n"                     \
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: plain\r\nContent-Language: nl\r\n\r\n"    \
    "text\r\n--b--\r\n"

static void numbers_name_parts(void **state)
{
    static const struct {
        const char *item, *bytes; /* NULL: there is no such part */
    } rows[] = {
        { "BODY[1]", "eHkA" },
        { "BODY[1.MIME]", "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" },
        { "BINARY[1]", "xy\0" },
        { "BINARY.SIZE[1]", "xy\0" },
        { "BODY[1.1]", NULL },
        { "BODY[1.TEXT]", NULL },
        { "BODY[1.HEADER]", NULL },
        { "BODY[2.HEADER.FIELDS (subject)]", "Subject: in\r\n\r\n" },
        { "BODY[2.TEXT]", "--c\r\nA: 1\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--" },
        { "BODY[2.MIME]", "Content-Type: message/rfc822\r\n\r\n" },
        { "BODY[2.1]", "one" },
        { "BODY[2.1.MIME]", "A: 1\r\n\r\n" },
        { "BODY[2.2]", "two" },
        { "BODY[2.3]", NULL },
        { "BODY[2.1.1]", NULL },
        { "BODY[3.1]", "text" },
        { "BODY[3.1.MIME]", "Content-Language: nl\r\n\r\n" },
        { "BODY[3.HEADER]", "Subject: plain\r\nContent-Language: nl\r\n\r\n" },
        { "BODY[3.TEXT]", "text" },
        { "BODY[3.2]", NULL },
        { "BODY[4]", NULL },
        { "BODY[4294967295]", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct section s;
        struct buf out = BUF_INIT(4096);
        bool nul = rows[i].bytes != NULL && str_starts(str_c(rows[i].bytes), "xy");
        assert_int_equal(section_read(str_c(rows[i].item), &s), 0);
        assert_int_equal(section_bytes(&s, STR(NESTED), &out), rows[i].bytes == NULL);
        assert_true(str_eq(buf_str(&out), nul ? STR("xy\0") : str_c(rows[i].bytes)));
        buf_free(&out);
    }
}

static void fields_are_unfolded(void **state)
{
    struct str name;
    struct str rest =
        STR("X\r\n y\r\nSubject:\r\n one\r\n \r\n\ttwo \r\nsubject: x\r\n\r\nA: b\r\n");
    struct buf value = BUF_INIT(4096);
    (void)state;
    assert_true(section_field(rest, "Subject", &value));
    assert_str(buf_str(&value), "one two");
    assert_false(section_field(rest, "A", &value));
    assert_true(section_next_field(&rest, &name, &value));
    assert_str(name, "Subject");
    assert_str(buf_str(&value), "one two");
    assert_true(section_next_field(&rest, &name, &value));
    assert_str(buf_str(&value), "x");
    assert_false(section_next_field(&rest, &name, &value));
    buf_free(&value);
}

static void an_unknown_encoding_is_told(void **state)
{
    struct section s;
    struct buf out = BUF_INIT(4096);
    (void)state;
    assert_int_equal(section_read(STR("BINARY.PEEK[1]<1.2>"), &s), 0);
    assert_true(s.peek && s.partial);
    assert_int_equal(section_bytes(&s, STR("Content-Transfer-Encoding: x-none\r\n\r\nabc"), &out),
                     2);
    assert_str(buf_str(&out), "abc");
    buf_free(&out);
}

static void nonsense_is_refused(void **state)
{
    static const char *const rows[] = { "",
                                        "FOO",
                                        "BODY[",
                                        "BODY[FOO]",
                                        "BODY[]<1>",
                                        "BODY[]<1.0>",
                                        "BODY[0]",
                                        "BODY[1.]",
                                        "BODY[1.0]",
                                        "BODY[01]",
                                        "BODY[1..2]",
                                        "BODY[MIME]",
                                        "BODY[4294967296]",
                                        "BODY[1.FOO]",
                                        "BINARY[1.TEXT]",
                                        "BINARY[HEADER]",
                                        "BINARY.SIZE[1]<0.5>",
                                        "BODY[HEADER.FIELDS ()]",
                                        "BODY[HEADER.FIELDS]",
                                        "BODY[HEADER.FIELDS (A]",
                                        "BODY[]x" };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct section s;
        assert_int_equal(section_read(str_c(rows[i]), &s), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_name_their_bytes), cmocka_unit_test(numbers_name_parts),
        cmocka_unit_test(fields_are_unfolded),    cmocka_unit_test(an_unknown_encoding_is_told),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
