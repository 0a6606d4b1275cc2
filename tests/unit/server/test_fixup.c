/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/fixup.h"

static void header_is_told_from_body(void **state)
{
    static const struct {
        const char *text, *header, *body;
    } rows[] = {
        { "Dit is een voorbeeld.\r\n", "", "Dit is een voorbeeld.\r\n" },
        { "from: a@b\r\nto:c@d\r\nsubject: testing\r\nJohn, I am\r\n",
          "from: a@b\r\nto:c@d\r\nsubject: testing\r\n", "John, I am\r\n" },
        { "from: a@b\nsubject: x\n\nbody\n", "from: a@b\nsubject: x\n", "body\n" },
        { "Subject: x\r\nFoo: y\r\n\r\nbody", "Subject: x\r\nFoo: y\r\n", "body" },
        { "Subject: x\r\nFoo: y\r\nbody", "Subject: x\r\n", "Foo: y\r\nbody" },
        { "Note: call me\r\n\r\nbye\r\n", "", "Note: call me\r\n\r\nbye\r\n" },
        { "http://x.y/\r\n", "", "http://x.y/\r\n" },
        { "Subject: a\r\n b\r\n\tc\r\n\r\nx", "Subject: a\r\n b\r\n\tc\r\n", "x" },
        { " indented\r\nSubject: x\r\n", "", " indented\r\nSubject: x\r\n" },
        { "\r\nSubject: x\r\n", "", "\r\nSubject: x\r\n" },
        { "Subject : x\r\nbody", "Subject : x\r\n", "body" },
        { "Subject: only\r\n", "Subject: only\r\n", "" },
        { "X-Mine: 1\r\ntext", "X-Mine: 1\r\n", "text" },
        { "", "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str header;
        struct str body;
        fixup_split(str_c(rows[i].text), &header, &body);
        assert_str(header, rows[i].header);
        assert_str(body, rows[i].body);
    }
}

static void what_is_missing_is_filled_in(void **state)
{
    static const struct {
        const char *text;
        size_t rcpts;
        const char *has[4], *lacks[3];
    } rows[] = {
        { "hi\r\n",
          1,
          { "\r\nFrom: a@b.c\r\n", "\r\nTo: d@e.f\r\n",
            "\r\nDate: ", "\r\nMessage-ID: <id1@host>" },
          { NULL } },
        { "hi\r\n", 2, { "To: undisclosed-recipients:;" }, { "d@e.f" } },
        { "Cc: x@y\r\nFrom: z@z\r\nDate: d\r\nSubject: s\r\nMessage-ID: <m>\r\n\r\nx\r\n",
          1,
          { "\r\nCc: x@y\r\n" },
          { "\r\nTo:", "a@b.c\r\n", "id1@host" } },
        { "gr\xC3\xBC\xC3\x9F\r\n", 1, { "charset=utf-8" }, { NULL } },
        { "gr\xFC\r\n", 1, { "charset=unknown-8bit" }, { NULL } },
        { "Message-ID: <m>\r\n\r\ngr\xC3\xBC\r\n", 1, { "\r\n\r\ngr\xC3\xBC\r\n" }, { "MIME" } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct fixup_env env = { .sender = STR("a@b.c"),
                                 .rcpt = STR("d@e.f"),
                                 .rcpts_n = rows[i].rcpts,
                                 .host = STR("host"),
                                 .helo = STR("me) evil\r\nX: y"),
                                 .peer = STR("127.0.0.1"),
                                 .id = STR("id1"),
                                 .with = "SMTP",
                                 .now = 1000000000 };
        fixup_message(&env, str_c(rows[i].text), &out);
        assert_true(
            str_starts(buf_str(&out), "Return-Path: <a@b.c>\r\nReceived: from me??evil??X:?y ("));
        for (size_t k = 0; k < COUNT(rows[i].has) && rows[i].has[k] != NULL; k++)
            assert_true(str_search(buf_str(&out), str_c(rows[i].has[k])) < out.len);
        for (size_t k = 0; k < COUNT(rows[i].lacks) && rows[i].lacks[k] != NULL; k++)
            assert_int_equal(str_search(str_skip(buf_str(&out), 24), str_c(rows[i].lacks[k])) + 24 <
                                     out.len &&
                                 rows[i].rcpts == 1,
                             false);
        buf_free(&out);
    }
}

static void hops_are_counted(void **state)
{
    (void)state;
    assert_int_equal(fixup_hops(STR("Received: a\r\n by b\r\nX: y\r\nreceived: c\r\n")), 2);
    assert_int_equal(fixup_hops(STR("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_told_from_body),
        cmocka_unit_test(what_is_missing_is_filled_in),
        cmocka_unit_test(hops_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
