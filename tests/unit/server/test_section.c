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

static void nonsense_is_refused(void **state)
{
    static const char *const rows[] = { "",
                                        "FOO",
                                        "BODY[",
                                        "BODY[FOO]",
                                        "BODY[]<1>",
                                        "BODY[]<1.0>",
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
        cmocka_unit_test(items_name_their_bytes),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
