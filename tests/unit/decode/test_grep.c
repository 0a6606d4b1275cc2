/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "base/utf8.h"
#include "decode/grep.h"

#define WORKER TEST_BUILDDIR "/tmail-decode"

static const char letter[] = "From: Anna Bloom <anna@x>\r\n"
                             "To: joe@y\r\n"
                             "Cc: bob@z\r\n"
                             "Subject: =?utf-8?q?Caf=C3=A9?=\r\n"
                             "List-Id: <dev.list>\r\n"
                             "MIME-Version: 1.0\r\n"
                             "Content-Type: multipart/mixed; boundary=b\r\n"
                             "\r\n"
                             "--b\r\n"
                             "Content-Type: text/plain; charset=iso-8859-1\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "The gr=FCne lamp=\r\n"
                             "post   is\r\n"
                             "over there.\r\n"
                             "--b\r\n"
                             "Content-Type: text/html\r\n"
                             "\r\n"
                             "<p title=hidden>bold <b>wo</b>rds</p>\r\n"
                             "--b\r\n"
                             "Content-Type: application/octet-stream\r\n"
                             "\r\n"
                             "zebra\r\n"
                             "--b--\r\n";

enum { NO, YES, OPEN /* the text would tell */ };
static const struct {
    enum grep_where where;
    const char *words;
    int whole, header;
} rows[] = {
    { GREP_ALL, "anna", YES, YES },
    { GREP_ALL, "CAF\xC3\x89", YES, YES },
    { GREP_ALL, "bob@z", YES, YES },
    { GREP_ALL, "dev.list", YES, YES },
    { GREP_ALL, "GR\xC3\x9CNE lamppost  IS over", YES, OPEN },
    { GREP_ALL, "bold words", YES, OPEN },
    { GREP_ALL, "hidden", NO, OPEN },
    { GREP_ALL, "zebra", NO, OPEN },
    { GREP_TEXT, "anna", NO, OPEN },
    { GREP_TEXT, "lamppost", YES, OPEN },
    { GREP_CC, "bob", YES, YES },
    { GREP_CC, "joe", NO, NO },
    { GREP_LIST, "dev", YES, YES },
    { GREP_LIST, "anna", NO, NO },
};

static void words_are_found(void **state)
{
    struct error err = { 0 };
    struct mime_summary sum;
    struct arena *a = arena_new(4096);
    struct decode *d = decode_new(WORKER, NULL, &err);
    struct decode_src raw = { .bytes = str_c(letter), .key = STR("letter") };
    (void)state;
    assert_int_equal(decode_summary(d, a, raw, &sum, &err), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf folded = BUF_INIT(1024);
        bool has;
        utf8_fold(&folded, str_c(rows[i].words));
        int whole = decode_grep(d, &sum, &raw, rows[i].where, buf_str(&folded), &has, &err);
        whole = whole != 0 ? OPEN : has;
        int header = decode_grep(d, &sum, NULL, rows[i].where, buf_str(&folded), &has, &err);
        header = header != 0 ? OPEN : has;
        if (whole != rows[i].whole || header != rows[i].header)
            fail_msg("%s: %d, %d", rows[i].words, whole, header);
        buf_free(&folded);
    }
    decode_free(&d);
    arena_free(&a);
}

static void without_a_decoder_nobody_knows(void **state)
{
    struct error err = { 0 };
    struct mime_part_info part = { .length = 5, .type = STR("text/plain") };
    struct mime_summary sum = { .parts = &part, .parts_n = 1 };
    struct decode *d = decode_new("/nonexistent/tmail-decode", NULL, &err);
    struct decode_src raw = { .bytes = STR("hello"), .key = STR("k") };
    bool has;
    (void)state;
    assert_int_equal(decode_grep(d, &sum, &raw, GREP_TEXT, STR("hello"), &has, &err), -1);
    assert_int_equal(err.code, ERR_SYS);
    decode_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found),
        cmocka_unit_test(without_a_decoder_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
