/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "server/accounts.h"

#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"    \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void options_init(struct server_options *o, bool accept_any, const char *user)
{
    char *argv[] = { "tmaild", "--domain", "a.nl", "--domain", "b.nl", NULL, NULL, NULL, NULL };
    int argc = 5;
    struct error err;
    char *copy = user != NULL ? xstrdup(user) : NULL;
    if (user != NULL) {
        argv[argc++] = "--user";
        argv[argc++] = copy;
    }
    if (accept_any)
        argv[argc++] = "--accept-any";
    assert_int_equal(options_read(o, argc, argv, &err), 0);
    free(copy);
}

/* "account", "far@address"... blank separated, or the kind. */
static void rcpt_text(const struct accounts *a, const char *local, const char *domain,
                      struct buf *out)
{
    static const char *const kinds[] = { "", "unknown", "bad", "elsewhere" };
    struct rcpt_list list = { 0 };
    enum rcpt_kind kind = accounts_rcpt(a, str_c(local), str_c(domain), &list);
    buf_clear(out);
    buf_adds(out, kinds[kind]);
    for (size_t i = 0; kind == RCPT_LOCAL && i < list.n; i++)
        buf_addf(out, "%s%s", i > 0 ? " " : "",
                 list.targets[i].account != NULL ? list.targets[i].account
                                                 : list.targets[i].address);
    rcpt_list_clear(&list);
}

static void test_rcpt(void **state)
{
    (void)state;
    static const char users[] = "# who is here\njane:*\nbob:*:\n\na+b:*\npost:*\n";
    static const char aliases[] = "team: jane, bob, far@away.org\n"
                                  "all: team, post\n"
                                  "jane: jane, copy@away.org\n"
                                  "info@b.nl: bob\n"
                                  "info: post\n"
                                  "list: jane+list, Bob@a.nl, bob@B.nl\n"
                                  "*@b.nl: post\n";
    static const struct {
        const char *local, *domain, *want;
    } rows[] = {
        { "bob", "a.nl", "bob" },
        { "BOB", "A.NL", "bob" },
        { "bob+x", "a.nl", "bob" },
        { "bob+", "a.nl", "bob" },
        { "+bob", "a.nl", "unknown" },
        { "a+b", "a.nl", "a+b" },
        { "jane", "a.nl", "jane copy@away.org" },
        { "jane+q", "a.nl", "jane copy@away.org" },
        { "team", "a.nl", "jane copy@away.org bob far@away.org" },
        { "team+x", "", "jane copy@away.org bob far@away.org" },
        { "all", "localhost", "jane copy@away.org bob far@away.org post" },
        { "list", "a.nl", "jane copy@away.org bob" },
        { "info", "a.nl", "post" },
        { "info", "b.nl", "bob" },
        { "nobody", "a.nl", "unknown" },
        { "nobody", "b.nl", "post" },
        { "postmaster", "a.nl", "jane" },
        { "Postmaster", "b.nl", "jane" },
        { "bob", "c.nl", "elsewhere" },
        { "../bob", "a.nl", "bad" },
        { "", "a.nl", "bad" },
    };
    struct server_options o;
    struct error err = { 0 };
    struct buf text = BUF_INIT(4096);
    options_init(&o, false, NULL);
    struct accounts *a = accounts_read(&o, STR(users), STR(aliases), &err);
    assert_string_equal(err.text, "");
    assert_non_null(a);
    for (size_t i = 0; i < COUNT(rows); i++) {
        rcpt_text(a, rows[i].local, rows[i].domain, &text);
        if (!str_eqc(buf_str(&text), rows[i].want))
            fail_msg("%s@%s: %s", rows[i].local, rows[i].domain, buf_c(&text));
    }
    assert_int_equal(accounts_keeps(a), KEEPS_NONE);
    accounts_free(&a);
    options_free(&o);
    buf_free(&text);
}

static void test_any(void **state)
{
    (void)state;
    struct server_options o;
    struct error err;
    struct buf text = BUF_INIT(4096);
    options_init(&o, true, "xxx:pw");
    struct accounts *a = accounts_read(&o, STR(""), STR("x: y@z.org\n"), &err);
    assert_non_null(a);
    rcpt_text(a, "Who", "ever.org", &text);
    assert_string_equal(buf_c(&text), "who");
    rcpt_text(a, "who+detail", "ever.org", &text);
    assert_string_equal(buf_c(&text), "who");
    rcpt_text(a, "postmaster", "ever.org", &text);
    assert_string_equal(buf_c(&text), "xxx");
    accounts_free(&a);
    a = accounts_read(&o, STR(""), STR("*: xxx\n"), &err);
    rcpt_text(a, "who", "ever.org", &text);
    assert_string_equal(buf_c(&text), "xxx");
    assert_int_equal(accounts_keeps(a), KEEPS_ALL);
    accounts_free(&a);
    options_free(&o);
    buf_free(&text);
}

/* An address of an alias may have a local part that is no name of an account. */
static void test_any_bad_name(void **state)
{
    (void)state;
    struct server_options o;
    struct error err;
    options_init(&o, true, NULL);
    assert_null(accounts_read(&o, STR(""), STR("x: /q@z.org\n"), &err));
    assert_int_equal(err.code, ERR_CONFIG);
    options_free(&o);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *users, *aliases, *where;
    } rows[] = {
        { "jane\n", "", "users, line 1:" },
        { "#\n\njane:\n", "", "users, line 3:" },
        { "jane::" VERIFIER "\n", "", "users, line 1:" },
        { ":x\n", "", "users, line 1:" },
        { "a/b:x\n", "", "users, line 1:" },
        { ".a:x\n", "", "users, line 1:" },
        { "jane:x:SCRAM-SHA-256$0:AAAA$AAAA:AAAA\n", "", "users, line 1:" },
        { "jane:x:SCRAM-SHA-1$4096:AAAA$AAAA:AAAA\n", "", "users, line 1:" },
        { "jane:x:SCRAM-\n", "", "users, line 1:" },
        { "jane:x:pw\n", "", "users, line 1:" },
        { "jane:x\nJANE:x\n", "", "account jane" },
        { "jane:x\n", "jane\n", "aliases, line 1:" },
        { "jane:x\n", "x:\n", "aliases, line 1:" },
        { "jane:x\n", "x: jane,\n y:z\n", "aliases, line 2:" },
        { "jane:x\n", "x: ,jane\n", "aliases, line 1:" },
        { "jane:x\n", "x: |command\n", "aliases, line 1:" },
        { "jane:x\n", "x: /file\n", "aliases, line 1:" },
        { "jane:x\n", "x: a|b@c.nl\n", "aliases, line 1:" },
        { "jane:x\n", "x: -f@c.nl\n", "aliases, line 1:" },
        { "jane:x\n", "x: a@\n", "aliases, line 1:" },
        { "jane:x\n", "x: a@b@c.nl\n", "aliases, line 1:" },
        { "jane:x\n", "x: jane\nX: jane\n", "aliases, line" },
        { "jane:x\n", "x: nobody\n", "aliases, line 1:" },
        { "jane:x\n", "x: x\n", "aliases, line 1:" },
        { "jane:x\n", "#\nx: y\ny: x\n", "aliases, line" },
        { "jane:x\n", "x: y@a.nl\ny: z\nz: jane, x+q\n", "aliases, line" },
        { "jane:x\n", "*: x\nx: *\n", "aliases, line" },
    };
    struct server_options o;
    options_init(&o, false, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct accounts *a = accounts_read(&o, str_c(rows[i].users), str_c(rows[i].aliases), &err);
        if (a != NULL || err.code != ERR_CONFIG || !str_starts(str_c(err.text), rows[i].where))
            fail_msg("row %zu: %s", i, err.text);
    }
    options_free(&o);
}

static void test_chain_limit(void **state)
{
    (void)state;
    struct server_options o;
    struct error err;
    options_init(&o, false, "jane:pw");
    for (int n = ACCOUNTS_ALIAS_DEPTH; n <= ACCOUNTS_ALIAS_DEPTH + 1; n++) {
        struct buf aliases = BUF_INIT(1 << 16);
        for (int i = 1; i < n; i++)
            buf_addf(&aliases, "x%d: x%d\n", i, i + 1);
        buf_addf(&aliases, "x%d: jane\n", n);
        struct accounts *a = accounts_read(&o, STR(""), buf_str(&aliases), &err);
        assert_int_equal(a != NULL, n == ACCOUNTS_ALIAS_DEPTH);
        accounts_free(&a);
        buf_free(&aliases);
    }
    options_free(&o);
}

static void test_secret(void **state)
{
    (void)state;
    static const char users[] = "jane:hash:" VERIFIER ":a:b c\n"
                                "bob:hash:" VERIFIER "\n"
                                "eve:hash::plain\n";
    struct server_options o;
    struct error err;
    struct user_secret s;
    struct user_secret again;
    options_init(&o, false, "xxx:pw");
    struct accounts *a = accounts_read(&o, STR(users), STR(""), &err);
    assert_non_null(a);
    accounts_secret(a, STR("Jane@b.nl"), &s);
    assert_true(s.known && s.has_plain && !s.by_plain);
    assert_string_equal(s.account, "jane");
    assert_string_equal(s.plain, "a:b c");
    assert_string_equal(s.crypt, "hash");
    assert_int_equal(s.scram.iterations, 4096);
    accounts_secret(a, STR("jane@c.nl"), &s);
    assert_false(s.known);
    accounts_secret(a, STR("bob"), &s);
    assert_true(s.known && !s.has_plain);
    accounts_secret(a, STR("eve"), &s);
    assert_true(s.known && s.has_plain);
    assert_true(s.scram.iterations > 0);
    accounts_secret(a, STR("xxx"), &s);
    assert_true(s.known && s.has_plain && s.by_plain && secret_holds(&s, STR("pw")));
    assert_false(secret_holds(&s, STR("pW")) || secret_holds(&s, STR("")));
    assert_string_equal(s.crypt, "hash");
    /* Who is not there looks as those who are, each time. */
    accounts_secret(a, STR("nobody"), &s);
    accounts_secret(a, STR("nobody"), &again);
    assert_memory_equal(&s.scram, &again.scram, sizeof s.scram);
    assert_false(s.known || s.has_plain || secret_holds(&s, STR("")));
    assert_string_equal(s.crypt, "hash");
    assert_int_equal(s.scram.iterations, 4096);
    accounts_secret(a, STR("../x"), &s);
    assert_string_equal(s.account, "");
    assert_int_equal(accounts_keeps(a), KEEPS_SOME);
    accounts_free(&a);
    options_free(&o);
}

static void test_change(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct user_secret s = { .crypt = "new" };
    struct buf a = BUF_INIT(1 << 16);
    struct buf b = BUF_INIT(1 << 16);
    s.scram = (struct secret_scram){ .iterations = 4096, .salt_n = 3 };
    assert_int_equal(accounts_change(STR("# x\nbob:h\n"), ACCOUNTS_ADD, STR("Jane"), &s, &a, &err),
                     0);
    assert_true(str_starts(buf_str(&a), "# x\nbob:h\njane:new:SCRAM-SHA-256$4096:AAAA$"));
    assert_true(str_ends(buf_str(&a), "=:\n"));
    assert_int_equal(accounts_change(buf_str(&a), ACCOUNTS_ADD, STR("BOB"), &s, &b, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    buf_clear(&b);
    assert_int_equal(accounts_change(buf_str(&a), ACCOUNTS_REMOVE, STR("bob"), NULL, &b, &err), 0);
    assert_true(str_starts(buf_str(&b), "# x\njane:"));
    s.has_plain = true;
    memcpy(s.plain, "p:w", 4);
    buf_clear(&a);
    assert_int_equal(accounts_change(buf_str(&b), ACCOUNTS_PASSWORD, STR("jane"), &s, &a, &err), 0);
    assert_true(str_ends(buf_str(&a), "=:p:w\n"));
    buf_clear(&b);
    assert_int_equal(accounts_names(buf_str(&a), &b, &err), 0);
    assert_string_equal(buf_c(&b), "jane plain\n");
    static const char *const bad[] = { "", "a:b", "a@b", "a+b", "#a", "-a", "a b", "a/b", "*" };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(accounts_change(STR(""), ACCOUNTS_ADD, str_c(bad[i]), &s, &b, &err), -1);
    assert_int_equal(accounts_change(STR(""), ACCOUNTS_REMOVE, STR("jane"), &s, &b, &err), -1);
    buf_free(&a);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rcpt),         cmocka_unit_test(test_any),
        cmocka_unit_test(test_any_bad_name), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_chain_limit),  cmocka_unit_test(test_secret),
        cmocka_unit_test(test_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
