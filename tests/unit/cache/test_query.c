/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "cache/query.h"

/* Fully bracketed, as it was understood. */
static void show(const struct query *q, struct buf *out)
{
    static const char *const fields[] = { "",         "body:", "from:", "to:", "cc:",
                                          "subject:", "list:", "in:",   "tag:" };
    static const char *const kinds[] = { "&", "|" };
    if (q->kind == QUERY_NOT) {
        buf_addc(out, '!');
        show(q->a, out);
    } else if (q->kind == QUERY_TERM && q->field <= QUERY_TAG)
        buf_addf(out, "%s'%.*s'", fields[q->field], STR_ARG(q->text));
    else if (q->kind == QUERY_TERM && q->field == QUERY_FLAG)
        buf_addf(out, "flag %c%u", q->on ? '+' : '-', q->flag);
    else if (q->kind == QUERY_TERM)
        buf_addf(out, "%d %lld", (int)q->field, (long long)q->number);
    else {
        buf_addc(out, '(');
        show(q->a, out);
        buf_adds(out, kinds[q->kind]);
        show(q->b, out);
        buf_addc(out, ')');
    }
}

static const struct {
    const char *text, *want;
} good[] = {
    { "budget", "'budget'" },
    { "  budget ", "'budget'" },
    { "q3 plan", "('q3'&'plan')" },
    { "q3 AND plan", "('q3'&'plan')" },
    { "\"q3 plan\"", "'q3 plan'" },
    { "\"say \\\"hi\\\" \\\\\"", "'say \"hi\" \\'" },
    { "subject:\"q3 plan\" from:anna", "(subject:'q3 plan'&from:'anna')" },
    { "FROM:Anna", "from:'Anna'" },
    { "a OR b c", "('a'|('b'&'c'))" },
    { "a b OR c", "(('a'&'b')|'c')" },
    { "(a OR b) -c", "(('a'|'b')&!'c')" },
    { "NOT (a b)", "!('a'&'b')" },
    { "--a", "!!'a'" },
    { "-list:dev", "!list:'dev'" },
    { "- a", "('-'&'a')" },
    { "OR:x ORacle", "('OR:x'&'ORacle')" },
    { "or and not", "(('or'&'and')&'not')" },
    { "12:30 re:plan", "('12:30'&'re:plan')" },
    { "in:Archive/2025 tag:todo", "(in:'Archive/2025'&tag:'todo')" },
    { "is:unread", "flag -1" },
    { "-is:flagged", "!flag +4" },
    { "has:attachment", "10 0" },
    { "before:1970-01-02", "11 86400" },
    { "since:1971", "12 31536000" },
    { "after:1970-02", "12 2678400" },
    { "larger:500k smaller:2M", "(13 512000&14 2097152)" },
    { "caf\xC3\xA9", "'caf\xC3\xA9'" },
};

static const struct {
    const char *text;
    enum error_code code;
} bad[] = {
    { "", ERR_USAGE },
    { "  ", ERR_USAGE },
    { "a\r\nt1 LOGOUT", ERR_USAGE },
    { "a\n", ERR_USAGE },
    { "from:\x01", ERR_USAGE },
    { "caf\xE9", ERR_USAGE },
    { "\"open", ERR_USAGE },
    { "(a", ERR_USAGE },
    { "a)", ERR_USAGE },
    { "()", ERR_USAGE },
    { "from:", ERR_USAGE },
    { "\"\"", ERR_USAGE },
    { "a OR", ERR_USAGE },
    { "OR a", ERR_USAGE },
    { "NOT", ERR_USAGE },
    { "is:nice", ERR_USAGE },
    { "has:charm", ERR_USAGE },
    { "before:yesterday", ERR_USAGE },
    { "before:2026-13", ERR_USAGE },
    { "before:2026-02-31", ERR_USAGE },
    { "before:2026-01-01-01", ERR_USAGE },
    { "larger:huge", ERR_USAGE },
    { "larger:9G", ERR_USAGE },
};

static void what_is_typed_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct arena *a = arena_new(1024);
        struct buf out = BUF_INIT(1024);
        struct error err = { 0 };
        const struct query *q = query_parse(a, str_c(good[i].text), &err);
        if (q == NULL)
            fail_msg("%s: %s", good[i].text, err.text);
        show(q, &out);
        if (strcmp(buf_c(&out), good[i].want) != 0)
            fail_msg("%s: %s, wanted %s", good[i].text, buf_c(&out), good[i].want);
        buf_free(&out);
        arena_free(&a);
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct arena *a = arena_new(1024);
        struct error err = { 0 };
        if (query_parse(a, str_c(bad[i].text), &err) != NULL || err.code != bad[i].code ||
            err.text[0] == '\0')
            fail_msg("%s: code %d", bad[i].text, err.code);
        arena_free(&a);
    }
    struct arena *a = arena_new(1024);
    struct error err = { 0 };
    assert_null(query_parse(a, (struct str){ "a\0b", 3 }, &err));
    arena_free(&a);
}

static void limits_hold(void **state)
{
    (void)state;
    static const char *const units[] = { "(", "-", "NOT ", "a ", "a OR ", "x" };
    for (size_t i = 0; i < COUNT(units); i++) {
        struct arena *a = arena_new(1024);
        struct buf text = BUF_INIT(1 << 20);
        struct error err = { 0 };
        for (int n = 0; n < (int)(QUERY_MAX + 2); n++)
            buf_adds(&text, units[i]);
        assert_null(query_parse(a, buf_str(&text), &err));
        assert_int_equal(err.code, ERR_LIMIT);
        error_clear(&err);
        assert_null(
            query_parse(a, str_trim(str_head(buf_str(&text), i < 5 ? 1500 : QUERY_MAX + 1)), &err));
        assert_int_equal(err.code, ERR_LIMIT);
        buf_free(&text);
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_is_understood),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
