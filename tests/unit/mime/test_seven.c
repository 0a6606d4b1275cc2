/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "mime/seven.h"

#include "base/banned.h"

#define TOP "From: a@b\r\nSubject: s\r\n"
#define MIXED "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"

static const struct {
    const char *name, *in, *out;
    bool all;
} rows[] = {
    { "seven bits stay as they are", TOP "\r\nplain = text\r\n", TOP "\r\nplain = text\r\n", true },
    { "nothing", "", "", true },
    { "a text that says what it is",
      TOP "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
          "Content-Transfer-Encoding: 8bit\r\nX-Y: z\r\n\r\ncaf\xe9 = 1\r\n",
      TOP "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
          "X-Y: z\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9 =3D 1\r\n",
      true },
    { "one that says nothing", TOP "\r\ncaf\xc3\xa9\r\n",
      TOP "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n",
      true },
    { "and is not UTF-8", TOP "\r\ncaf\xe9\r\n",
      TOP "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n",
      true },
    { "an encoding with a fold",
      TOP "Content-Transfer-Encoding:\r\n 8bit\r\nContent-Type: text/plain\r\n\r\n\xe9\r\n",
      TOP "Content-Type: text/plain\r\nMIME-Version: 1.0\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E9\r\n",
      true },
    { "one part of several",
      TOP MIXED "Content-Transfer-Encoding: 8bit\r\n\r\npre\r\n--b\r\n\r\nas it is\r\n--b\r\n"
                "Content-Type: application/x\r\n\r\n\xe9\xe9\xe9\r\n--b--\r\nafter\r\n",
      TOP MIXED "Content-Transfer-Encoding: 7bit\r\n\r\npre\r\n--b\r\n\r\nas it is\r\n--b\r\n"
                "Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n6enp\r\n"
                "\r\n--b--\r\nafter\r\n",
      true },
    { "a message in a message",
      TOP "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
          "Subject: in\r\nContent-Type: text/plain\r\n\r\n\xe9\r\n",
      TOP "Content-Type: message/rfc822\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 7bit\r\n"
          "\r\nSubject: in\r\nContent-Type: text/plain\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E9\r\n",
      true },
    { "what is signed stays",
      TOP
      "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
      "\xe9\r\n--b--\r\n",
      TOP
      "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
      "\xe9\r\n--b--\r\n",
      false },
    { "what says that it is encoded stays",
      TOP "Content-Transfer-Encoding: quoted-printable\r\n\r\n\xe9\r\n",
      TOP "Content-Transfer-Encoding: quoted-printable\r\n\r\n\xe9\r\n", false },
    { "headers stay", "Subject: \xe9\r\n\r\nx\r\n", "Subject: \xe9\r\n\r\nx\r\n", false },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct error err = { 0 };
        bool all = false;
        assert_int_equal(mime_seven(str_c(rows[i].in), &out, &all, &err), 0);
        if (!str_eqc(buf_str(&out), rows[i].out) || all != rows[i].all)
            fail_msg("%s: %d\n%.*s", rows[i].name, all, STR_ARG(buf_str(&out)));
        buf_free(&out);
    }
}

static void test_limit(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(40);
    struct error err = { 0 };
    bool all = true;
    assert_int_equal(mime_seven(STR(TOP "\r\n\xe9\r\n"), &out, &all, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_false(all);
    buf_free(&out);
}

/* Whatever comes, nothing is read beyond it, and what is done once is done. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t n = 0; n <= strlen(rows[i].in); n++) {
            struct buf out = BUF_INIT(1 << 16), twice = BUF_INIT(1 << 16);
            struct error err = { 0 };
            bool all;
            char *exact = xmemdup0(rows[i].in, n);
            assert_int_equal(mime_seven((struct str){ exact, n }, &out, &all, &err), 0);
            assert_int_equal(mime_seven(buf_str(&out), &twice, &all, &err), 0);
            assert_true(str_eq(buf_str(&out), buf_str(&twice)));
            free(exact);
            buf_free(&out);
            buf_free(&twice);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
