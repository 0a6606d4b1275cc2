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

static struct fixup_env env_of(size_t rcpts)
{
    return (struct fixup_env){ .sender = STR("a@b.c"),
                               .rcpt = STR("d@e.f"),
                               .rcpts_n = rcpts,
                               .host = STR("host"),
                               .helo = STR("me) evil\r\nX: y"),
                               .peer = STR("127.0.0.1"),
                               .id = STR("id1"),
                               .with = "SMTP",
                               .now = 1000000000 };
}

/* The message made of text in pieces of step bytes. */
static void fixed(const struct fixup_env *env, struct str text, size_t step, struct fixup *f,
                  struct buf *out)
{
    struct spill spill;
    struct error err;
    spill_init(&spill, -1, 4 << 20);
    fixup_init(f, env, &spill);
    for (; text.n > 0; text = str_skip(text, step))
        fixup_add(f, str_head(text, step));
    assert_int_equal(fixup_end(f, &err), 0);
    assert_int_equal(spill_read(&spill, 0, 4 << 20, out, &err), 0);
    fixup_clear(f);
    spill_clear(&spill);
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
        struct buf out = BUF_INIT(1 << 16), cut = BUF_INIT(1 << 16);
        struct fixup_env env = env_of(rows[i].rcpts);
        struct fixup f;
        fixed(&env, str_c(rows[i].text), 4096, &f, &out);
        assert_int_equal(f.path, strlen("Return-Path: <a@b.c>\r\n"));
        for (size_t step = 1; step < 10; step++) {
            buf_clear(&cut);
            fixed(&env, str_c(rows[i].text), step, &f, &cut);
            assert_string_equal(buf_c(&cut), buf_c(&out));
        }
        buf_free(&cut);
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

static void hops_and_loops_are_seen(void **state)
{
    static const struct {
        const char *text, *forward;
        size_t hops;
        bool looped;
    } rows[] = {
        { "Received: a\r\n by b\r\nX: y\r\n\r\nReceived: no\r\n", "", 1, false },
        { "Received: a\r\nX-Y: y\r\nreceived: c\r\n", "", 2, false },
        { "", "", 0, false },
        { "Delivered-To: me@here\r\n\r\nx\r\n", "", 0, false },
        { "Delivered-To: me@here\r\n\r\nx\r\n", "Me@here", 0, true },
        { "Delivered-To: you@here\r\n\r\nDelivered-To: me@here\r\n", "me@here", 0, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct fixup_env env = env_of(1);
        struct fixup f;
        env.forward = str_c(rows[i].forward);
        fixed(&env, str_c(rows[i].text), 3, &f, &out);
        assert_int_equal(f.hops, rows[i].hops);
        assert_int_equal(f.looped, rows[i].looped);
        assert_int_equal(str_search(buf_str(&out), STR("\r\nDelivered-To: ")) < 40,
                         rows[i].forward[0] != '\0');
        buf_free(&out);
    }
}

static void a_return_path_of_others_goes(void **state)
{
    struct buf out = BUF_INIT(1 << 16);
    struct fixup_env env = env_of(1);
    struct fixup f;
    (void)state;
    env.tls = STR("TLS1.3 X");
    fixed(&env, STR("Return-Path:\r\n <wrong@x>\r\nSubject: s\r\n t\r\n\r\nReturn-Path: y\r\n"), 7,
          &f, &out);
    assert_int_equal(str_search(buf_str(&out), STR("wrong")), out.len);
    assert_true(str_search(buf_str(&out), STR("Subject: s\r\n t\r\n")) < out.len);
    assert_true(str_search(buf_str(&out), STR("\r\n\t(using TLS1.3 X)\r\n")) < out.len);
    assert_true(str_ends(buf_str(&out), "\r\n\r\nReturn-Path: y\r\n"));
    buf_free(&out);
}

/* Beyond what is in memory, and a character on every seam. */
static void a_body_has_any_size(void **state)
{
    struct buf text = BUF_INIT(4 << 20), out = BUF_INIT(4 << 20);
    struct fixup_env env = env_of(1);
    struct fixup f;
    (void)state;
    while (text.len < 200 << 10)
        buf_adds(&text, "\xE2\x82\xAC\r\n\xE2\x82\xAC\xE2\x82\xAC\r\n");
    fixed(&env, buf_str(&text), 1000, &f, &out);
    assert_true(str_ends(buf_str(&out), buf_c(&text)));
    assert_true(str_search(buf_str(&out), STR("charset=utf-8")) < out.len);
    buf_free(&text);
    buf_free(&out);
}

static void a_header_has_a_ceiling(void **state)
{
    struct fixup_env env = env_of(1);
    struct error err;
    (void)state;
    for (int kind = 0; kind < 2; kind++) { /* many fields; one line without an end */
        struct spill spill;
        struct fixup f;
        spill_init(&spill, -1, 64 << 20);
        fixup_init(&f, &env, &spill);
        for (int i = 0; i < 200000; i++)
            fixup_add(&f, kind == 0 ? STR("X-Field: x\r\n") : STR("xxxxxxxxxxxx"));
        assert_int_equal(fixup_end(&f, &err), -1);
        assert_int_equal(err.code, ERR_LIMIT);
        assert_true(f.head.len < 2 << 20);
        fixup_clear(&f);
        spill_clear(&spill);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_told_from_body), cmocka_unit_test(what_is_missing_is_filled_in),
        cmocka_unit_test(hops_and_loops_are_seen),  cmocka_unit_test(a_return_path_of_others_goes),
        cmocka_unit_test(a_body_has_any_size),      cmocka_unit_test(a_header_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
