/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/popplan.h"

#include "base/banned.h"

enum { DAY_S = 24 * 3600, WORDS_MAX = 16 };

/* One situation in words. there: the listing, oldest first; what begins with + is large. here: rows
 * in the order of their uids, "uid@fetched" or "uid@fetched-gone", times in days, with a trailing !
 * where deleting, ? where the person removed it; '_' stands for the LF of a second name. */
struct row {
    const char *name;
    const char *there, *here;
    int now;
    const char *fetch, *gone, *forget;
    int keep;
    const char *due;
};

static const struct row rows[] = {
    { "both empty", "", "", 1, "", "", "", 0, "" },
    { "first visit, newest first", "a c b", "", 1, "b c a", "", "", 0, "" },
    { "nothing new, kept", "a b", "a@1 b@1", 2, "", "", "", 14, "" },
    { "nothing new, nothing kept", "b a", "a@2 b@2", 2, "", "", "", 0, "b a" },
    { "kept for ever", "a b", "a@1 b@1", 4000, "", "", "", -1, "" },
    { "old enough to the day", "c b a", "a@1 b@2 c@3", 16, "", "", "", 14, "b a" },
    { "a clock that was set back", "a b", "a@90 b@90", 2, "", "", "", 14, "" },
    { "one new, one gone", "b d", "a@1 b@1", 5, "d", "a", "", 0, "b" },
    { "the mailbox became empty", "", "a@1 b@1", 5, "", "a b", "", 0, "" },
    { "gone and not for long", "", "a@1-5", 12, "", "", "", 0, "" },
    { "gone for long", "", "a@1-5", 13, "", "", "a", 0, "" },
    { "gone and back: it may be another", "a", "a@1-5", 6, "a", "", "", 0, "" },
    { "deleted, the answer came or not", "b", "a@1! b@1!", 6, "b", "b", "a", 0, "" },
    { "deleted in vain, now kept for ever", "a", "a@1!", 6, "a", "a", "", -1, "" },
    { "and asked for in vain", "a", "a@1-5!", 6, "a", "", "", 0, "" },
    { "all names changed", "x y", "a@1 b@1", 2, "y x", "a b", "", 0, "" },
    { "one listed twice", "a b a", "", 1, "a_2 b a", "", "", 0, "" },
    { "one of two is new: nobody knows which", "a b a", "a@1 b@1", 1, "a_2 a", "a", "", 14, "" },
    { "and what is deleted is what was fetched", "a b a", "a@1 b@1", 1, "a_2 a", "a", "", 0,
      "a b" },
    { "one of two is gone: nobody knows which", "a", "a@1 a_2@1", 1, "a", "a a_2", "", 14, "" },
    { "two alike that are kept", "a b a", "a@1 a_2@1 b@1", 14, "", "", "", 14, "" },
    { "two alike from before are fetched before they are deleted", "a b a", "a@1 a_2@2 b@1", 16,
      "a_2 a", "a a_2", "", 14, "a b a_2" },
    { "one alike is due, the other not", "a b a", "a@1 a_2@2 b@1", 15, "a", "a", "", 14, "a b" },
    { "alike once, long ago", "a", "a@1 a_2@1-2", 20, "", "", "a_2", 14, "a" },
    { "often the same", "a a a a a a a a a a a", "a@1 a_10@1 a_11@1 a_2@1 a_3@1 a_4@1", 1,
      "a_11 a_10 a_9 a_8 a_7 a_6 a_5 a_4 a_3 a_2 a", "a a_10 a_11 a_2 a_3 a_4", "", 0,
      "a a_2 a_3 a_4 a_10 a_11" },
    { "too large", "+a b +c", "", 1, "b +c +a", "", "", 0, "" },
    { "headers of the large one are here", "+a b", "+a@0 b@1", 1, "", "", "", 0, "b" },
    { "the large one was removed here", "+a", "+a@0?", 20, "", "", "", 14, "+a" },
    { "one was removed here", "a b", "a@5? b@5", 18, "", "", "", 14, "" },
    { "and its time came", "a b", "a@5? b@6", 19, "", "", "", 14, "a" },
    { "names that begin alike", "ab a abc !", "a@1 ab@1", 1, "! abc", "", "", 0, "ab a" },
};

static size_t words_of(struct arena *a, const char *text, struct str *out)
{
    struct str in = arena_cstr(a, text), word;
    size_t n = 0;
    while (str_word(&in, &word)) {
        char *copy = arena_fmt(a, "%.*s", STR_ARG(word));
        for (char *p = copy; *p != '\0'; p++)
            if (*p == '_')
                *p = '\n';
        out[n++] = str_c(copy);
    }
    return n;
}

static size_t rows_of(struct arena *a, const char *text, struct cache_pop *out)
{
    struct str words[WORDS_MAX];
    size_t n = words_of(a, text, words);
    for (size_t i = 0; i < n; i++) {
        uint64_t day = 0;
        struct str in = words[i];
        out[i] = (struct cache_pop){ .message = !str_ends(in, "?"), .deleting = str_ends(in, "!") };
        assert_int_equal(str_until(&in, '@', &out[i].uid), 0);
        assert_int_equal(str_u64(&in, &day), 0);
        out[i].fetched_at = (int64_t)day * DAY_S;
        if (str_lit(&in, "-") == 0 && str_u64(&in, &day) == 0)
            out[i].gone_at = (int64_t)day * DAY_S;
    }
    return n;
}

static void check_words(const struct row *r, struct arena *a, const char *want,
                        const struct str *got, size_t n)
{
    struct str words[WORDS_MAX];
    size_t want_n = words_of(a, want, words);
    bool same = want_n == n;
    for (size_t i = 0; i < n && same; i++)
        same = str_eq(words[i], got[i]);
    if (!same)
        fail_msg("%s: wanted \"%s\", got %zu, first %.*s", r->name, want, n,
                 n > 0 ? (int)got[0].n : 0, n > 0 ? got[0].p : "");
}

static void check_items(const struct row *r, struct arena *a, const char *want,
                        const struct popplan_item *const *items, size_t n)
{
    struct str got[WORDS_MAX];
    assert_true(n <= WORDS_MAX);
    for (size_t i = 0; i < n; i++)
        got[i] = items[i]->uid;
    check_words(r, a, want, got, n);
}

static void check_row(const struct row *r)
{
    struct arena *a = arena_new(4096);
    struct error err = { 0 };
    struct str uids[WORDS_MAX];
    struct pop3_entry entries[WORDS_MAX];
    struct cache_pop here[WORDS_MAX];
    struct popplan_item *items;
    const struct popplan_item **due, *come[WORDS_MAX];
    size_t n = words_of(a, r->there, uids), due_n;
    for (size_t i = 0; i < n; i++)
        entries[i] =
            (struct pop3_entry){ (uint32_t)i + 1, uids[i].p[0] == '+' ? 101 : 100, uids[i] };
    assert_int_equal(popplan_items(a, entries, n, &items, &n, &err), 0);
    struct popplan_state s = { .items = items,
                               .items_n = n,
                               .rows = here,
                               .rows_n = rows_of(a, r->here, here),
                               .now = (int64_t)r->now * DAY_S,
                               .keep_days = r->keep,
                               .body_max = 100 };
    const struct popplan *p = popplan(a, &s);
    assert_true(p->fetch_n + p->large_n <= WORDS_MAX);
    memcpy(come, p->fetch, p->fetch_n * sizeof *come);
    memcpy(come + p->fetch_n, p->large, p->large_n * sizeof *come);
    check_items(r, a, r->fetch, come, p->fetch_n + p->large_n);
    check_words(r, a, r->gone, p->gone, p->gone_n);
    check_words(r, a, r->forget, p->forget, p->forget_n);
    due = popplan_due(a, &s, &due_n);
    check_items(r, a, r->due, due, due_n);
    for (size_t i = 1; i < due_n; i++)
        assert_true(due[i]->entry->number > due[i - 1]->entry->number);
    arena_free(&a);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i]);
}

/* Not a second before its time. */
static void test_seconds(void **state)
{
    (void)state;
    struct arena *a = arena_new(1024);
    struct error err = { 0 };
    struct pop3_entry entry = { 1, 100, STR("a") };
    struct cache_pop row = { .uid = STR("a"), .message = 0, .fetched_at = 1000 };
    struct popplan_item *items;
    size_t n;
    assert_int_equal(popplan_items(a, &entry, 1, &items, &n, &err), 0);
    struct popplan_state s = { items, 1, &row, 1, 1000 + 14 * DAY_S - 1, 14, 0 };
    popplan_due(a, &s, &n);
    assert_int_equal(n, 0);
    s.now++;
    popplan_due(a, &s, &n);
    assert_int_equal(n, 1); /* also what was removed here */
    arena_free(&a);
}

/* Without unique-ids nothing can be told; what has none stays where it is. */
static void test_no_uidl(void **state)
{
    (void)state;
    struct arena *a = arena_new(1024);
    struct error err = { 0 };
    struct pop3_entry entries[] = { { 1, 100, { "", 0 } }, { 2, 100, { "", 0 } } };
    struct popplan_item *items;
    size_t n;
    assert_int_equal(popplan_items(a, entries, COUNT(entries), &items, &n, &err), -1);
    assert_int_equal(err.code, ERR_PROTO);
    assert_int_equal(popplan_items(a, entries, 0, &items, &n, &err), 0);
    assert_int_equal(n, 0);
    entries[1].uid = STR("a");
    assert_int_equal(popplan_items(a, entries, COUNT(entries), &items, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(items[0].entry->number, 2);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_no_uidl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
