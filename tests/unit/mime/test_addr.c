/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/addr.h"

/* Each element as name|local|domain, groups as name: and ; */
static void describe(struct str field, struct buf *out)
{
    static struct mime_addr found[MIME_ADDR_MAX];
    struct arena *a = arena_new(256);
    size_t n = mime_addr_list(a, field, found, COUNT(found));
    for (size_t i = 0; i < n; i++) {
        if (found[i].group_end)
            buf_adds(out, ";");
        else if (found[i].group_start)
            buf_addf(out, "%.*s:", STR_ARG(found[i].name));
        else
            buf_addf(out, "%.*s|%.*s|%.*s\n", STR_ARG(found[i].name), STR_ARG(found[i].local),
                     STR_ARG(found[i].domain));
    }
    arena_free(&a);
}

/* clang-format off */
static const struct { const char *in, *want; } rows[] = {
    { "", "" },
    { "jane@x.org", "|jane|x.org\n" },
    { "Jane <jane@x.org>", "Jane|jane|x.org\n" },
    { "\"Roe, Jane\" <jane@x.org>, bob@y.org", "Roe, Jane|jane|x.org\n|bob|y.org\n" },
    { "\"a \\\"b\\\" c\" <j@x>", "a \"b\" c|j|x\n" },
    { "jane@x.org (Jane (J.) Roe)", "Jane (J.) Roe|jane|x.org\n" },
    { "Jane (comment) Roe <jane@x.org>", "Jane Roe|jane|x.org\n" },
    { "=?x?= \xC3\x84nne \t M\xC3\xBCller\r\n <a@b.c>", "=?x?= \xC3\x84nne M\xC3\xBCller|a|b.c\n" },
    { "=?utf-8?q?Roe,_J?= <j@x>, a@b", "=?utf-8?q?Roe,_J?=|j|x\n|a|b\n" },
    { "=?utf-8?q?Roe, J?= <j@x>", "|=?utf-8?q?Roe|\nJ?=|j|x\n" },
    { "a > b <c@d>", "a > b|c|d\n" },
    { "=[g:@8>1", "" },
    { "a@b:c", "a@b:|c|\n;" },
    { "<a@[1>]>", "|a|[1>]\n" },
    { "\" Jane\" j@x", "Jane|j|x\n" },
    { "Jane j@x>", "Jane|j|x\n" },
    { "jane . roe @ x . org", "|jane.roe|x.org\n" },
    { "\"jane roe\"@x.org", "|jane roe|x.org\n" },
    { "\"a\\\"@b\"@x.org", "|a\"@b|x.org\n" },
    { "<@a,@b:jane@x.org>", "|jane|x.org\n" },
    { "j@[192.0.2.1], k@[IPv6:2001:db8::1]", "|j|[192.0.2.1]\n|k|[IPv6:2001:db8::1]\n" },
    { "Friends: a@b, Bob <b@c>; c@d", "Friends:|a|b\nBob|b|c\n;|c|d\n" },
    { "undisclosed-recipients:;", "undisclosed-recipients:;" },
    { "open: a@b", "open:|a|b\n;" },
    { "a:b:c:d@e;", "a:|d|e\n;" },                 /* groups do not nest */
    { "a@b; c@d", "|a|b\n|c|d\n" },                 /* Outlook's separator */
    { ",,;; ,", "" },
    { "root", "|root|\n" },
    { "just some words, a@b", "|a|b\n" },
    { "Jane Roe jane@x.org", "Jane Roe|jane|x.org\n" },
    { "Jane <jane@x.org", "Jane|jane|x.org\n" },
    { "\"never closed <a@b>", "|never closed <a@b>|\n" },
    { "(never closed a@b", "" },
    { "<>", "" },
    { "@x.org", "" },
    { "jane@", "" },
};
/* clang-format on */

static void fields_are_read(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1 << 20);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        describe(str_c(rows[i].in), &out);
        assert_string_equal(buf_c(&out), rows[i].want);
    }
    buf_free(&out);
}

/* Any beginning of any row gives something without a crash, and what is shown reads back the same.
 */
static void what_is_shown_reads_back(void **state)
{
    (void)state;
    struct buf shown = BUF_INIT(1 << 20), once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);
    struct mime_addr found[8];
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].in); cut++) {
            struct arena *a = arena_new(256);
            struct str in = str_head(str_c(rows[i].in), cut);
            buf_clear(&shown);
            buf_clear(&once);
            buf_clear(&twice);
            size_t n = mime_addr_list(a, in, found, COUNT(found));
            for (size_t k = 0; k < n; k++) {
                bool joined = k == 0 || found[k].group_end || found[k - 1].group_start;
                buf_adds(&shown, joined ? "" : ", ");
                mime_addr_show(&found[k], &shown);
            }
            describe(in, &once);
            describe(buf_str(&shown), &twice);
            assert_string_equal(buf_c(&once), buf_c(&twice));
            arena_free(&a);
        }
    }
    buf_free(&shown);
    buf_free(&once);
    buf_free(&twice);
}

/* clang-format off */
static const struct { const char *in, *domain, *want; } one_rows[] = {
    { "jane@x.org", "", "jane@x.org" },
    { " Jane Roe <jane@x.org> ", "", "jane@x.org" },
    { "jane", "y.org", "jane@y.org" },
    { "\"a b\"@x.org", "", "\"a b\"@x.org" },
    { "j@xn--nxasmq6b.example", "", "j@xn--nxasmq6b.example" },
    { "j\xC3\xB6rg@b\xC3\xBC" "cher.example", "", "j\xC3\xB6rg@b\xC3\xBC" "cher.example" },
    { "jane", "", NULL },
    { "", "y.org", NULL },
    { "a@b, c@d", "", NULL },
    { "a@b c@d", "", NULL },
    { "a b", "y.org", NULL },
    { "Jane <jane@x.org> junk", "", NULL },
    { "Jane <>", "y.org", NULL },
    { "a@b@c..d", "", NULL },
    { "a@-b.org", "", NULL },
    { "a@b.org.", "", NULL },
    { "a\nBcc: x@y.org", "", NULL },
    { "a\x7F@b.org", "", NULL },
    { "a\xC2\x85@b.org", "", NULL },
    { "a\xFF@b.org", "", NULL },
    { "friends:;", "", NULL },
    { "\"\"", "y.org", NULL },
    { "friends: a@b;", "", NULL },
};
/* clang-format on */

static void a_typed_address_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(one_rows); i++) {
        struct arena *a = arena_new(256);
        struct error err = { 0 };
        struct mime_addr addr;
        struct buf spec = BUF_INIT(1000);
        int got = mime_addr_one(a, str_c(one_rows[i].in), str_c(one_rows[i].domain), &addr, &err);
        assert_int_equal(got, one_rows[i].want != NULL ? 0 : -1);
        if (got == 0) {
            mime_addr_spec(&addr, &spec);
            assert_string_equal(buf_c(&spec), one_rows[i].want);
        } else {
            assert_int_equal(err.code, ERR_ADDRESS);
        }
        buf_free(&spec);
        arena_free(&a);
    }
}

static void limits_of_rfc_5321_hold(void **state)
{
    (void)state;
    struct arena *a = arena_new(256);
    struct error err = { 0 };
    struct mime_addr addr;
    struct buf text = BUF_INIT(1000);
    for (size_t i = 0; i < 64; i++)
        buf_addc(&text, 'a');
    buf_adds(&text, "@x.org");
    assert_int_equal(mime_addr_one(a, buf_str(&text), str_c(""), &addr, &err), 0);
    buf_clear(&text);
    for (size_t i = 0; i < 65; i++)
        buf_addc(&text, 'a');
    buf_adds(&text, "@x.org");
    assert_int_equal(mime_addr_one(a, buf_str(&text), str_c(""), &addr, &err), -1);
    buf_clear(&text);
    buf_adds(&text, "a@");
    for (size_t i = 0; i < 256; i++)
        buf_addc(&text, 'b');
    assert_int_equal(mime_addr_one(a, buf_str(&text), str_c(""), &addr, &err), -1);
    buf_free(&text);
    arena_free(&a);
}

/* A megabyte of the characters that have cost others their stack or their memory. */
static void hostile_fields_stay_small(void **state)
{
    (void)state;
    static const char *const bits[] = { ";", "a:", "(", "\"", "<", ",", "a@b,", "\\", "[", "x(" };
    static struct mime_addr found[MIME_ADDR_MAX];
    for (size_t i = 0; i < COUNT(bits); i++) {
        struct buf field = BUF_INIT(2 << 20);
        while (field.len < 1 << 20)
            buf_adds(&field, bits[i]);
        struct arena *a = arena_new(256);
        assert_true(mime_addr_list(a, buf_str(&field), found, COUNT(found)) <= MIME_ADDR_MAX);
        assert_true(arena_used(a) <= 20 * field.len);
        arena_free(&a);
        buf_free(&field);
    }
}

static void same_mailbox(void **state)
{
    (void)state;
    struct mime_addr a = { .local = STR("Jane"), .domain = STR("X.org") };
    struct mime_addr b = { .local = STR("Jane"), .domain = STR("x.ORG") };
    struct mime_addr c = { .local = STR("jane"), .domain = STR("x.org") };
    assert_true(mime_addr_same(&a, &b));
    assert_false(mime_addr_same(&a, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(what_is_shown_reads_back),
        cmocka_unit_test(a_typed_address_is_checked),
        cmocka_unit_test(limits_of_rfc_5321_hold),
        cmocka_unit_test(hostile_fields_stay_small),
        cmocka_unit_test(same_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
