/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/build.h"

/* clang-format off */
static const struct { const char *name, *value; bool addresses; const char *want; } fields[] = {
    { "Subject", "hello", false, "Subject: hello\r\n" },
    { "Subject", "", false, "" },
    { "Subject", "caf\xC3\xA9teria", false, "Subject: =?utf-8?q?caf=C3=A9teria?=\r\n" },
    { "Subject", "\xD0\xBF\xD1\x80\xD0\xB8", false, "Subject: =?utf-8?b?0L/RgNC4?=\r\n" },
    { "Subject", "plain caf\xC3\xA9 and the caf\xC3\xA9 too", false,
      "Subject: plain =?utf-8?q?caf=C3=A9_and_the_caf=C3=A9?= too\r\n" },
    { "Subject", "is =?utf-8?q?this?= one", false,
      "Subject: is =?utf-8?b?PT91dGYtOD9xP3RoaXM/PQ==?= one\r\n" },
    { "Subject", "bad \xFF byte", false, "Subject: bad =?utf-8?b?77+9?= byte\r\n" },
    { "Subject", "esc \x1B[0m", false, "Subject: esc =?utf-8?q?=1B=5B0m?=\r\n" },
    { "To", "jane@x.org", true, "To: jane@x.org\r\n" },
    { "To", "Jane <jane@x.org>,bob@y.org", true, "To: Jane <jane@x.org>, bob@y.org\r\n" },
    { "To", "\"Roe, J.\" <jane@x.org>", true, "To: \"Roe, J.\" <jane@x.org>\r\n" },
    { "To", "J\xC3\xA9" "a <j@x.org>", true, "To: =?utf-8?q?J=C3=A9a?= <j@x.org>\r\n" },
    { "To", "Friends: a@b, c@d;, e@f", true, "To: Friends: a@b, c@d;, e@f\r\n" },
    { "To", "nobody:;", true, "To: nobody:;\r\n" },
    { "To", "\xC3\xA9: a@b;", true, "To: =?utf-8?b?w6k=?=: a@b;\r\n" },
};
/* clang-format on */

static void fields_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct error err = { 0 };
        struct buf out = BUF_INIT(10000);
        struct str value = str_c(fields[i].value);
        assert_int_equal(mime_field_put(&out, fields[i].name, value, fields[i].addresses, &err), 0);
        assert_string_equal(buf_c(&out), fields[i].want);
        buf_free(&out);
    }
}

static void long_fields_are_folded(void **state)
{
    (void)state;
    static const char *const words[] = { "word ", "\xE2\x82\xAC ", "\xF0\x9F\x98\x80",
                                         "caf\xC3\xA9s " };
    for (size_t i = 0; i < COUNT(words); i++) {
        struct error err = { 0 };
        struct buf value = BUF_INIT(10000), out = BUF_INIT(100000);
        for (size_t k = 0; k < 200; k++)
            buf_adds(&value, words[i]);
        assert_int_equal(mime_field_put(&out, "Subject", buf_str(&value), false, &err), 0);
        for (struct str in = buf_str(&out), line; str_line(&in, &line);)
            assert_true(line.n <= 78 && (line.p[0] == ' ' || str_starts(line, "Subject: ")));
        buf_free(&value);
        buf_free(&out);
    }
    struct error err = { 0 };
    struct buf value = BUF_INIT(100000), out = BUF_INIT(100000);
    for (size_t k = 0; k < 300; k++)
        buf_addf(&value, "Person Number %zu <person%zu@example.org>, ", k, k);
    assert_int_equal(mime_field_put(&out, "To", buf_str(&value), true, &err), 0);
    for (struct str in = buf_str(&out), line; str_line(&in, &line);)
        assert_true(line.n <= 78);
    buf_free(&value);
    buf_free(&out);
}

static void bad_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str value;
        bool addresses;
        enum error_code want;
    } bad[] = {
        { "Subject", { "a\r\nBcc: b@c", 11 }, false, ERR_USAGE },
        { "Subject", { "a\nb", 3 }, false, ERR_USAGE },
        { "Subject", { "a\rb", 3 }, false, ERR_USAGE },
        { "Subject", { "a\0b", 3 }, false, ERR_USAGE },
        { "To", { "a@b\n", 4 }, true, ERR_USAGE },
        { "Sub ject", { "a", 1 }, false, ERR_USAGE },
        { "Subject:", { "a", 1 }, false, ERR_USAGE },
        { "", { "a", 1 }, false, ERR_USAGE },
        { "To", { "no address here", 15 }, true, ERR_ADDRESS },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = { 0 };
        struct buf out = BUF_INIT(10000);
        assert_int_equal(mime_field_put(&out, bad[i].name, bad[i].value, bad[i].addresses, &err),
                         -1);
        assert_int_equal(err.code, bad[i].want);
        buf_free(&out);
    }
}

static void parameters_are_written(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(10000);
    assert_int_equal(mime_param_put(&out, "filename", STR("a \"b\".txt"), &err), 0);
    assert_string_equal(buf_c(&out), ";\r\n filename=\"a \\\"b\\\".txt\"");
    buf_clear(&out);
    assert_int_equal(mime_param_put(&out, "filename", STR("\xE2\x82\xAC.txt"), &err), 0);
    assert_string_equal(buf_c(&out), ";\r\n filename*=utf-8''%E2%82%AC.txt");
    buf_clear(&out);
    assert_int_equal(mime_param_put(&out, "filename", STR("\xE2\x82\xAC-0123456789-abcdef"), &err),
                     0);
    assert_string_equal(buf_c(&out), ";\r\n filename*0*=utf-8''%E2%82%AC-0123456789-a"
                                     ";\r\n filename*1*=bcdef");
    assert_int_equal(mime_param_put(&out, "filename", STR("a\nb"), &err), -1);
    buf_free(&out);
}

static int collect(void *arg, struct str bytes, struct error *err)
{
    (void)err;
    buf_add_str(arg, bytes);
    return 0;
}

static int refuse(void *arg, struct str bytes, struct error *err)
{
    (void)arg;
    (void)bytes;
    return error_set(err, ERR_SYS, RETRY_LATER, "no");
}

/* Gives its text in two chunks. */
struct feed {
    struct str left;
};

static int feed_read(void *arg, struct buf *chunk, struct error *err)
{
    struct feed *f = arg;
    (void)err;
    if (f->left.n == 0)
        return 0;
    size_t n = (f->left.n + 1) / 2;
    buf_add_str(chunk, str_head(f->left, n));
    f->left = str_skip(f->left, n);
    return 1;
}

static int feed_fail(void *arg, struct buf *chunk, struct error *err)
{
    (void)arg;
    (void)chunk;
    return error_set(err, ERR_NOINPUT, RETRY_NEVER, "gone");
}

static struct mime_outline outline(void)
{
    return (struct mime_outline){
        .from = STR("Jane <jane@x.org>"),
        .to = STR("bob@y.org"),
        .bcc = STR("secret@z.org"),
        .subject = STR("s"),
        .message_id = STR("<1@x.org>"),
        .date = STR("Mon, 23 Nov 2026 08:05:59 +0000"),
        .boundary = STR("b"),
        .text = STR("hello\n"),
    };
}

static void a_simple_message(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(100000);
    struct mime_outline m = outline();
    struct mime_field agent = { STR("User-Agent"), STR("tmail/1") };
    m.extra = &agent;
    m.extra_n = 1;
    assert_int_equal(mime_build(&m, collect, &out, &err), 0);
    assert_string_equal(buf_c(&out), "Date: Mon, 23 Nov 2026 08:05:59 +0000\r\n"
                                     "From: Jane <jane@x.org>\r\n"
                                     "To: bob@y.org\r\n"
                                     "Subject: s\r\n"
                                     "Message-ID: <1@x.org>\r\n"
                                     "User-Agent: tmail/1\r\n"
                                     "MIME-Version: 1.0\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Transfer-Encoding: 7bit\r\n"
                                     "\r\n"
                                     "hello\r\n");
    buf_free(&out);
}

static void text_is_encoded_as_it_needs(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *want;
    } bodies[] = {
        { { "a\r\nb", 4 }, "7bit\r\n\r\na\r\nb\r\n" },
        { { "", 0 }, "7bit\r\n\r\n" },
        { { "caf\xC3\xA9\n", 6 }, "quoted-printable\r\n\r\ncaf=C3=A9\r\n" },
        { { "a\rb\n", 4 }, "quoted-printable\r\n\r\na=0Db\r\n" },
        { { "a\0b\n", 4 }, "quoted-printable\r\n\r\na=00b\r\n" },
        { { "\x1B[0m\n", 5 }, "quoted-printable\r\n\r\n=1B[0m\r\n" },
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct error err = { 0 };
        struct buf out = BUF_INIT(100000);
        struct mime_outline m = outline();
        m.text = bodies[i].text;
        assert_int_equal(mime_build(&m, collect, &out, &err), 0);
        assert_true(str_ends(buf_str(&out), bodies[i].want));
        buf_free(&out);
    }
}

static void attachments_follow_the_text(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(100000);
    struct mime_outline m = outline();
    struct feed file = { STR("abc\n") }, uu = { STR("abc") };
    struct feed message = { STR("Subject: x\n\nbody\r\n") };
    struct mime_source parts[] = {
        { .name = STR("a.txt"), .read = feed_read, .arg = &file },
        { .name = STR("old.txt"), .uuencode = true, .read = feed_read, .arg = &uu },
        { .message = true, .read = feed_read, .arg = &message },
    };
    m.boundary = STR("b");
    m.parts = parts;
    m.parts_n = COUNT(parts);
    assert_int_equal(mime_build(&m, collect, &out, &err), 0);
    assert_true(str_ends(buf_str(&out),
                         "Content-Type: multipart/mixed;\r\n boundary=\"b\"\r\n"
                         "\r\n"
                         "--b\r\n"
                         "Content-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: 7bit\r\n"
                         "\r\n"
                         "hello\r\n"
                         "\r\n"
                         "begin 644 old.txt\r\n#86)C\r\n`\r\nend\r\n"
                         "\r\n--b\r\n"
                         "Content-Type: text/plain\r\n"
                         "Content-Disposition: attachment;\r\n filename=\"a.txt\"\r\n"
                         "Content-Transfer-Encoding: base64\r\n"
                         "\r\n"
                         "YWJjCg==\r\n"
                         "\r\n--b\r\n"
                         "Content-Type: message/rfc822\r\n"
                         "Content-Disposition: attachment\r\n"
                         "Content-Transfer-Encoding: 8bit\r\n"
                         "\r\n"
                         "Subject: x\r\n\r\nbody\r\n"
                         "\r\n--b--\r\n"));
    assert_true(str_search(buf_str(&out), STR("secret")) == out.len);
    buf_free(&out);
}

static int build_with(struct mime_outline m, struct buf *out, struct error *err)
{
    int rc = mime_build(&m, collect, out, err);
    buf_clear(out);
    return rc;
}

static void refusals_come_before_the_first_byte(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(100000);
    struct mime_outline m[8];
    struct mime_field bcc = { STR("Bcc"), STR("x@y.org") }, folded = { STR("X-A"), STR("b\r\nc") };
    struct mime_source source = { .name = STR("a\nb"), .read = feed_fail };
    struct mime_source typed = { .name = STR("a"), .type = STR("a/b\nX: y"), .read = feed_fail };
    for (size_t i = 0; i < COUNT(m); i++)
        m[i] = outline();
    m[0].subject = STR("a\nb");
    m[1].from = STR("a\r\n@b");
    m[2].references = STR("<a>\n<b>");
    m[3].extra = &bcc;
    m[4].extra = &folded;
    m[3].extra_n = m[4].extra_n = 1;
    m[5].parts = &source;
    m[6].parts = &typed;
    m[7].parts = &typed;
    m[5].parts_n = m[6].parts_n = m[7].parts_n = 1;
    m[6].boundary = STR("b");
    m[7].boundary = STR("b\r\n");
    for (size_t i = 0; i < COUNT(m); i++) {
        struct error err = { 0 };
        assert_int_equal(build_with(m[i], &out, &err), -1);
        assert_int_equal(err.code, ERR_USAGE);
        assert_int_equal(out.len, 0);
    }
    buf_free(&out);
}

static void errors_of_source_and_sink_come_through(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(100000);
    struct mime_outline m = outline();
    struct mime_source source = { .name = STR("a"), .read = feed_fail };
    assert_int_equal(mime_build(&m, refuse, NULL, &err), -1);
    assert_int_equal(err.code, ERR_SYS);
    m.boundary = STR("b");
    m.parts = &source;
    m.parts_n = 1;
    assert_int_equal(build_with(m, &out, &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    source.uuencode = true;
    assert_int_equal(build_with(m, &out, &err), -1);
    source.uuencode = false;
    source.message = true;
    assert_int_equal(build_with(m, &out, &err), -1);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_written),
        cmocka_unit_test(long_fields_are_folded),
        cmocka_unit_test(bad_fields_are_refused),
        cmocka_unit_test(parameters_are_written),
        cmocka_unit_test(a_simple_message),
        cmocka_unit_test(text_is_encoded_as_it_needs),
        cmocka_unit_test(attachments_follow_the_text),
        cmocka_unit_test(refusals_come_before_the_first_byte),
        cmocka_unit_test(errors_of_source_and_sink_come_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
