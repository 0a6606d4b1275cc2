/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/plan.h"

#include "base/banned.h"

/* One situation in words: "uid/flags" items; a local item with a trailing - has no body yet. */
struct row {
    const char *name;
    uint32_t validity_there, validity_here;
    const char *there, *here;
    const char *bodies, *gone, *reflag;
    bool unsettle;
};

enum { LARGE = 1000 }; /* each message is as large as its number */
static const struct row rows[] = {
    { "both empty", 7, 0, "", "", "", "", "", false },
    { "first sync, holes in the numbers", 7, 0, "2 5/1 9", "", "9 5 2", "", "", false },
    { "nothing new", 7, 7, "2 5/1", "2 5/1", "", "", "", false },
    { "the mailbox became empty", 7, 7, "", "2 5", "", "2 5", "", false },
    { "one new, one gone, one flagged", 7, 7, "2 5/4 9", "2 3 5/0", "9", "3", "5/4", false },
    { "several flags, ascending", 7, 7, "1/1 2/1 3/1", "1 2/1 3", "", "", "1/1 3/1", false },
    { "a flag taken off", 7, 7, "4/0", "4/9", "", "", "4/0", false },
    { "resumed: headers only, no body", 7, 7, "2 5 9", "2- 5 9-", "9 2", "", "", false },
    { "no body and other flags", 7, 7, "2/1", "2-", "2", "", "2/1", false },
    { "UIDVALIDITY changed", 8, 7, "1 2", "1 2 3", "2 1", "", "", true },
    { "UIDVALIDITY changed, now empty", 8, 7, "", "1 2 3", "", "", "", true },
    { "waiting for the server is left alone", 7, 7, "5", "0 0 5", "", "", "", false },
    { "waiting, and the mailbox is empty", 7, 7, "", "0 0", "", "", "", false },
    { "answered out of order, with doubles", 7, 7, "9 2 9 5 0", "", "9 5 2", "", "", false },
    { "highest numbers", 7, 7, "4294967295", "4294967294", "4294967295", "4294967294", "", false },
    { "too large", 7, 7, "999 1000 1001/1 1002", "1000- 1001-", "1002 1000 999", "", "1001/1",
      false },
    { "flags that are no server's do not count", 7, 7, "3/32", "3/0", "", "", "", false },
};

static size_t read_items(const char *text, uint32_t *uids, unsigned *flags, bool *body)
{
    struct str in = str_c(text), word;
    size_t n = 0;
    while (str_word(&in, &word)) {
        uint32_t f = 0;
        body[n] = !str_ends(word, "-");
        assert_int_equal(str_u32(&word, &uids[n]), 0);
        if (str_lit(&word, "/") == 0)
            assert_int_equal(str_u32(&word, &f), 0);
        flags[n++] = f;
    }
    return n;
}

static void check_uids(const char *name, const char *want, const uint32_t *got, size_t n)
{
    uint32_t uids[16];
    unsigned flags[16];
    bool body[16];
    size_t want_n = read_items(want, uids, flags, body);
    if (want_n != n || memcmp(uids, got, n * sizeof *got) != 0)
        fail_msg("%s: wanted \"%s\", got %zu", name, want, n);
}

static void check_row(const struct row *row)
{
    uint32_t uids[16];
    unsigned flags[16];
    bool body[16];
    struct sync_seen seen[16];
    struct cache_known known[16] = { 0 };
    size_t seen_n = read_items(row->there, uids, flags, body);
    for (size_t i = 0; i < seen_n; i++)
        seen[i] = (struct sync_seen){ uids[i], flags[i] };
    size_t known_n = read_items(row->here, uids, flags, body);
    for (size_t i = 0; i < known_n; i++)
        known[i] = (struct cache_known){
            .uid = uids[i], .flags = flags[i], .body_here = body[i], .size = uids[i]
        };
    struct arena *a = arena_new(1024);
    const struct sync_plan *p =
        sync_plan(a, &(struct sync_remote){ row->validity_there, seen, seen_n },
                  &(struct sync_local){ row->validity_here, known, known_n, LARGE });
    assert_int_equal(p->unsettle, row->unsettle);
    check_uids(row->name, row->bodies, p->bodies, p->bodies_n);
    check_uids(row->name, row->gone, p->gone, p->gone_n);
    size_t n = read_items(row->reflag, uids, flags, body);
    assert_int_equal(p->reflag_n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p->reflag[i].uid, uids[i]);
        assert_int_equal(p->reflag[i].flags, flags[i]);
    }
    assert_int_equal(p->headers_n, 0);
    arena_free(&a);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i]);
}

/* Many at once: headers of the newest first, and only of what the store has never heard of. */
static void check_many(size_t n, size_t here, size_t want_headers)
{
    struct arena *a = arena_new(1 << 16);
    struct sync_seen *seen = arena_array(a, n, sizeof *seen);
    struct cache_known *known = arena_array(a, here, sizeof *known);
    for (size_t i = 0; i < n; i++)
        seen[i].uid = (uint32_t)i + 1;
    for (size_t i = 0; i < here; i++)
        known[i].uid = (uint32_t)(n - here + i) + 1; /* the newest: headers of a pass broken off */
    const struct sync_plan *p = sync_plan(a, &(struct sync_remote){ 7, seen, n },
                                          &(struct sync_local){ 7, known, here, 0 });
    assert_int_equal(p->bodies_n, n);
    assert_int_equal(p->fresh_n, n - here);
    assert_int_equal(p->headers_n, want_headers);
    if (want_headers > 0)
        assert_int_equal(p->headers[0], n - here);
    assert_int_equal(p->bodies[0], n);
    assert_int_equal(p->bodies[n - 1], 1);
    arena_free(&a);
}

static void test_headers_first(void **state)
{
    (void)state;
    check_many(PLAN_DIRECT, 0, 0);
    check_many(PLAN_DIRECT + 1, 0, PLAN_DIRECT + 1);
    check_many(PLAN_HEADERS + 50, 0, PLAN_HEADERS);
    check_many(PLAN_HEADERS + 50, 50, PLAN_HEADERS);
    check_many(PLAN_HEADERS + PLAN_DIRECT, PLAN_HEADERS, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_headers_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
