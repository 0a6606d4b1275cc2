/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/searchkeys.h"

#define CAFE "caf\xC3\xA9"

/* [word]: sent as a literal. */
static const struct {
    const char *query, *keys;
} rows[] = {
    { "budget", "TEXT \"budget\"" },
    { "say\\ \"a \\\"b\\\"\"", "TEXT \"say\\\\\" TEXT \"a \\\"b\\\"\"" },
    { "from:anna subject:\"q3 plan\"", "FROM \"anna\" SUBJECT \"q3 plan\"" },
    { "to:joe cc:bob body:x list:dev", "TO \"joe\" CC \"bob\" BODY \"x\" HEADER List-Id \"dev\"" },
    { "a OR b", "OR TEXT \"a\" TEXT \"b\"" },
    { "a OR b OR c", "OR OR TEXT \"a\" TEXT \"b\" TEXT \"c\"" },
    { "(a (b c in:x)) OR (c in:x)", "OR (TEXT \"a\" TEXT \"b\" TEXT \"c\") TEXT \"c\"" },
    { "a (b OR c d)", "TEXT \"a\" OR TEXT \"b\" (TEXT \"c\" TEXT \"d\")" },
    { "(a b) OR c", "OR (TEXT \"a\" TEXT \"b\") TEXT \"c\"" },
    { "-a", "NOT TEXT \"a\"" },
    { "-(a OR b)", "NOT TEXT \"a\" NOT TEXT \"b\"" },
    { "-(a b)", "OR NOT TEXT \"a\" NOT TEXT \"b\"" },
    { "--a", "TEXT \"a\"" },
    { "is:unread a", "UNSEEN TEXT \"a\"" },
    { "-is:unread a", "SEEN TEXT \"a\"" },
    { "is:forwarded", "KEYWORD $Forwarded" },
    { "-is:flagged", "UNFLAGGED" },
    { "tag:todo", "KEYWORD todo" },
    { "-tag:todo", "UNKEYWORD todo" },
    { "tag:\"a b\" x", "TEXT \"x\"" }, /* no such keyword can be sent */
    { "tag:a]) x", NULL },
    { "has:attachment", "HEADER Content-Type \"multipart/mixed\"" },
    { "in:Archive", "ALL" },
    { "in:Archive a", "TEXT \"a\"" },
    { "in:Archive OR a", "ALL" },
    { "-(in:Archive a)", "ALL" },
    { "before:2026", "OR SENTBEFORE 3-Jan-2026 BEFORE 3-Jan-2026" },
    { "since:2026-01", "OR SENTSINCE 31-Dec-2025 SINCE 31-Dec-2025" },
    { "-since:2026-01", "OR SENTBEFORE 3-Jan-2026 BEFORE 3-Jan-2026" },
    { "larger:1k", "LARGER 1024" },
    { "-smaller:10", "NOT SMALLER 10" },
    { CAFE, "CHARSET UTF-8 TEXT [" CAFE "]" },
    { "from:" CAFE " a OR " CAFE, "CHARSET UTF-8 OR (FROM [" CAFE "] TEXT \"a\") TEXT [" CAFE "]" },
};

static const struct {
    enum searchkeys_how how;
    const char *query, *keys;
} wide[] = {
    { SEARCHKEYS_UTF8, CAFE, "TEXT [" CAFE "]" },
    { SEARCHKEYS_UTF8, "a", "TEXT \"a\"" },
    { SEARCHKEYS_ASCII, CAFE, "TEXT \"caf\"" },
    { SEARCHKEYS_ASCII, "\xC3\xA9t\xC3\xA9 b", "TEXT \"b\"" },
    { SEARCHKEYS_ASCII, "-" CAFE " b", "TEXT \"b\"" },
    { SEARCHKEYS_ASCII, CAFE " OR \xC3\xA9", NULL },
    { SEARCHKEYS_ASCII, "-" CAFE, NULL },
};

static void check_one(const char *text, enum searchkeys_how how, const char *want)
{
    struct arena *a = arena_new(4096);
    struct error err = { 0 };
    struct buf said = BUF_INIT(8192);
    struct str *pieces;
    size_t n;
    bool is_wide;
    const struct query *q = query_parse(a, str_c(text), &err);
    if (q == NULL) {
        assert_null(want);
        arena_free(&a);
        return;
    }
    int rc = searchkeys(a, q, how, &pieces, &n, &is_wide, &err);
    assert_int_equal(rc, want == NULL ? 1 : 0);
    for (size_t i = 0; i < n; i++)
        buf_addf(&said, i % 2 ? "[%.*s]" : "%.*s", STR_ARG(pieces[i]));
    if (want != NULL && strcmp(buf_c(&said), want) != 0)
        fail_msg("%s: %s, wanted %s", text, buf_c(&said), want);
    assert_int_equal(n % 2, 1);
    buf_free(&said);
    arena_free(&a);
}

static void queries_become_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_one(rows[i].query, SEARCHKEYS_CHARSET, rows[i].keys);
    for (size_t i = 0; i < COUNT(wide); i++)
        check_one(wide[i].query, wide[i].how, wide[i].keys);
}

/* Whatever can be typed fits, and no line ends in it. */
static void the_longest_fits(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(QUERY_MAX);
    for (int i = 0; i < QUERY_TERMS_MAX; i++)
        buf_adds(&text, i % 2 ? "-" CAFE " " : "a\\\\ ");
    struct arena *a = arena_new(4096);
    struct error err = { 0 };
    struct str *pieces;
    size_t n;
    bool is_wide;
    const struct query *q = query_parse(a, buf_str(&text), &err);
    assert_non_null(q);
    assert_int_equal(searchkeys(a, q, SEARCHKEYS_CHARSET, &pieces, &n, &is_wide, &err), 0);
    assert_true(is_wide);
    assert_int_equal(n, QUERY_TERMS_MAX + 1);
    for (size_t i = 0; i < n; i++)
        assert_true(str_is_line(pieces[i]));
    buf_free(&text);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_become_keys),
        cmocka_unit_test(the_longest_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
