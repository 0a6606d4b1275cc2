/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "server/bounce.h"
#include "wire/smtp_dsn.h"

static const char mail[] = "From: jane@example.org\r\nSubject: the original\r\n\r\nits text\r\n";

static int mail_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    struct str s = str_c(arg);
    (void)err;
    s = str_skip(s, at < s.n ? (size_t)at : s.n);
    buf_add_str(out, str_head(s, want < s.n ? want : s.n));
    return 0;
}

struct lab {
    struct spool_env env;
    bool about[3];
    struct bounce b;
    struct buf text;
};

/* Three recipients of which the middle one is none of the report's. */
static void lab_init(struct lab *l, enum bounce_kind kind)
{
    *l = (struct lab){ .about = { true, false, true } };
    l->env = (struct spool_env){ .id = "m1",
                                 .sender = xstrdup("jane@example.org"),
                                 .envid = xstrdup("mine+2B1"),
                                 .arrived_at = 1767225600,
                                 .size = sizeof mail - 1 };
    struct spool_rcpt *r = spool_env_add(&l->env, "one@b.example", NULL, "rfc822;One+40b", 0);
    r->code = 550;
    r->enhanced = xstrdup("5.1.1");
    r->host = xstrdup("mx.b.example");
    r->why = xstrdup("nobody of this name");
    spool_env_add(&l->env, "two@b.example", NULL, NULL, 0);
    spool_env_add(&l->env, "three@example.org", "three", NULL, 0);
    l->b = (struct bounce){ .kind = kind,
                            .env = &l->env,
                            .about = l->about,
                            .host = "here.example",
                            .id = "report1",
                            .boundary = "line",
                            .now = 1767229200,
                            .until = 1767657600,
                            .read = mail_read,
                            .arg = (void *)(uintptr_t)mail };
    buf_init(&l->text, 4 << 20);
}

static void lab_clear(struct lab *l)
{
    spool_env_clear(&l->env);
    buf_free(&l->text);
}

static void make(struct lab *l)
{
    struct error err;
    struct spill out;
    spill_init(&out, -1, 4 << 20);
    assert_int_equal(bounce_put(&l->b, &out, &err), 0);
    buf_clear(&l->text);
    assert_int_equal(spill_read(&out, 0, (size_t)spill_size(&out), &l->text, &err), 0);
    spill_clear(&out);
}

static bool has(const struct lab *l, const char *what)
{
    struct str s = buf_str(&l->text);
    return str_search(s, str_c(what)) < s.n;
}

static void all_fields_of_a_failure(void **state)
{
    struct lab l;
    (void)state;
    lab_init(&l, BOUNCE_FAILED);
    make(&l);
    static const char *const lines[] = {
        "Return-Path: <>\r\nFrom: ",
        "\r\nTo: <jane@example.org>\r\n",
        "\r\nAuto-Submitted: auto-replied\r\n",
        "\r\nMessage-ID: <report1@here.example>\r\n",
        "\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n",
        "\r\n<one@b.example>: mx.b.example said: 550 nobody of this name\r\n",
        "\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; here.example\r\n",
        "\r\nOriginal-Envelope-Id: mine+1\r\n",
        "\r\nArrival-Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n",
        "\r\n\r\nOriginal-Recipient: rfc822;One@b\r\nFinal-Recipient: rfc822; one@b.example\r\n",
        "\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.b.example\r\n",
        "\r\nDiagnostic-Code: smtp; 550 nobody of this name\r\n",
        "\r\nLast-Attempt-Date: Thu, 1 Jan 2026 01:00:00 +0000\r\n",
        "\r\n\r\nFinal-Recipient: rfc822; three@example.org\r\nAction: failed\r\nStatus: 4.4.7\r\n",
        "\r\n--line\r\nContent-Type: message/rfc822\r\n",
        "its text\r\n\r\n--line--\r\n",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        if (!has(&l, lines[i]))
            fail_msg("%s is not in\n%s", lines[i], buf_c(&l.text));
    assert_false(has(&l, "two@b.example"));
    assert_false(has(&l, "Will-Retry-Until"));
    assert_int_equal(str_search(buf_str(&l.text), STR("From: Mail")), bounce_path_bytes());
    lab_clear(&l);
}

static void delays_and_successes(void **state)
{
    struct lab l;
    (void)state;
    lab_init(&l, BOUNCE_DELAYED);
    make(&l);
    assert_true(has(&l, "Action: delayed\r\nStatus: 4.4.7\r\n"));
    assert_true(has(&l, "Will-Retry-Until: Tue, 6 Jan 2026 00:00:00 +0000\r\n"));
    assert_true(has(&l, "Content-Type: text/rfc822-headers\r\n"));
    assert_false(has(&l, "its text"));
    lab_clear(&l);
    lab_init(&l, BOUNCE_DELIVERED);
    make(&l);
    assert_true(has(&l, "Action: relayed\r\nStatus: 2.0.0\r\n"));
    assert_true(has(&l, "Action: delivered\r\nStatus: 2.0.0\r\n"));
    assert_false(has(&l, "its text"));
    lab_clear(&l);
}

/* RET=HDRS, and what is too large to come back; a header without an end. */
static void how_much_comes_back(void **state)
{
    static const char endless[] = "Subject: no end";
    struct lab l;
    (void)state;
    lab_init(&l, BOUNCE_FAILED);
    l.env.ret = SMTP_RET_HDRS;
    make(&l);
    assert_true(has(&l, "Content-Type: text/rfc822-headers\r\n"));
    assert_true(has(&l, "Subject: the original\r\n\r\n--line--\r\n"));
    l.env.ret = SMTP_RET_FULL;
    l.env.size = BOUNCE_RETURN_MAX + 1;
    make(&l);
    assert_false(has(&l, "its text"));
    l.b.arg = (void *)(uintptr_t)endless;
    make(&l);
    assert_true(has(&l, "Subject: no end\r\n--line--\r\n"));
    lab_clear(&l);
}

/* RFC 6533 */
static void addresses_in_utf8(void **state)
{
    struct lab l;
    (void)state;
    lab_init(&l, BOUNCE_FAILED);
    l.env.utf8 = true;
    spool_env_add(&l.env, "j\xc3\xb6rg@b.example", NULL, NULL, 0);
    l.about[1] = false;
    bool about[] = { true, false, false, true };
    l.b.about = about;
    make(&l);
    assert_true(has(&l, "report-type=global-delivery-status;"));
    assert_true(has(&l, "Content-Type: message/global-delivery-status\r\n"));
    assert_true(has(&l, "Final-Recipient: utf-8; j\xc3\xb6rg@b.example\r\n"));
    assert_true(has(&l, "Content-Type: message/global\r\n"));
    lab_clear(&l);
}

/* A peer's words, 8-bit in a mail that is not: no place for them in the fields for programs. */
static void words_that_are_no_ascii(void **state)
{
    struct lab l;
    (void)state;
    lab_init(&l, BOUNCE_FAILED);
    free(l.env.rcpts[0].why);
    l.env.rcpts[0].why = xstrdup("caf\xc3\xa9");
    make(&l);
    assert_true(has(&l, "Diagnostic-Code: smtp; 550 caf??\r\n"));
    lab_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_of_a_failure), cmocka_unit_test(delays_and_successes),
        cmocka_unit_test(how_much_comes_back),     cmocka_unit_test(addresses_in_utf8),
        cmocka_unit_test(words_that_are_no_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
