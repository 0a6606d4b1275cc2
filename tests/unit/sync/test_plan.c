/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "config/config.h"
#include "sync/plan.h"
#include "wire/imap_resp.h"

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
        seen[i] = (struct sync_seen){ .uid = uids[i], .flags = flags[i] };
    size_t known_n = read_items(row->here, uids, flags, body);
    for (size_t i = 0; i < known_n; i++)
        known[i] = (struct cache_known){
            .uid = uids[i], .flags = flags[i], .body_here = body[i], .size = uids[i]
        };
    struct arena *a = arena_new(1024);
    const struct sync_plan *p = sync_plan(
        a, &(struct sync_remote){ .uidvalidity = row->validity_there, .rows = seen, .n = seen_n },
        &(struct sync_local){ .uidvalidity = row->validity_here,
                              .rows = known,
                              .n = known_n,
                              .bodies = { .max = LARGE, .since = INT64_MIN } });
    assert_false(p->doubtful);
    assert_int_equal(p->unsettle, row->unsettle);
    check_uids(row->name, row->bodies, p->bodies, p->bodies_n);
    check_uids(row->name, row->gone, p->gone, p->gone_n);
    size_t n = read_items(row->reflag, uids, flags, body);
    assert_int_equal(p->reflag_n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p->reflag[i].uid, uids[i]);
        assert_int_equal(p->reflag[i].flags, flags[i]);
    }
    arena_free(&a);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(&rows[i]);
}

/* A view of what changed only. */
static const struct {
    const char *name, *changed, *gone, *present;
    unsigned exists, known; /* there now; the store believed */
    const char *here;       /* what the store has of that */
    const char *bodies, *went, *reflag;
    bool doubtful;
} changes[] = {
    { "nothing", "", "", NULL, 5, 5, "", "", "", "", false },
    { "new ones", "8 9/1", "", NULL, 7, 5, "", "9 8", "", "", false },
    { "a flag", "3/4", "", NULL, 5, 5, "3", "", "", "3/4", false },
    { "a flag that the store has", "3/4", "", NULL, 5, 5, "3/4", "", "", "", false },
    { "one gone", "", "3", NULL, 4, 5, "3", "", "3", "", false },
    { "gone, and it never was here", "", "3:4,77:99", NULL, 4, 5, "3", "", "3", "", false },
    { "gone and new", "9", "2:3", NULL, 4, 5, "2 3", "9", "2 3", "", false },
    { "a lie: gone and yet there", "3/1", "3", NULL, 5, 5, "3", "", "", "3/1", false },
    { "a lie: gone, but the count says no", "", "3", NULL, 5, 5, "3", "", "3", "", true },
    { "something went, and nothing was said", "", "", NULL, 4, 5, "", "", "", "", true },
    { "something came, and nothing was said", "", "", NULL, 6, 5, "", "", "", "", true },
    { "told twice, the later one counts", "3/1 3/4", "", NULL, 5, 5, "3", "", "", "3/4", false },
    { "uids that are there", "", "", "1:2,4:5", 4, 5, "1 2 3 4 5", "", "3", "", false },
    { "none is there", "", "", "", 0, 2, "1 2", "", "1 2", "", false },
    { "there, and new", "6", "", "1,6", 2, 2, "1 2", "6", "2", "", false },
    { "uids that do not add up", "", "", "1", 2, 2, "1 2", "", "2", "", true },
};

static void check_change(size_t i)
{
    uint32_t uids[16];
    unsigned flags[16];
    bool body[16];
    struct error err = { 0 };
    struct sync_seen seen[16];
    struct cache_known known[16] = { 0 };
    struct ranges gone = { 0 }, present = { 0 };
    size_t seen_n = read_items(changes[i].changed, uids, flags, body);
    for (size_t k = 0; k < seen_n; k++)
        seen[k] = (struct sync_seen){ .uid = uids[k], .flags = flags[k] };
    size_t known_n = read_items(changes[i].here, uids, flags, body);
    for (size_t k = 0; k < known_n; k++)
        known[k] = (struct cache_known){ .uid = uids[k], .flags = flags[k], .body_here = body[k] };
    assert_int_equal(ranges_add(&gone, str_c(changes[i].gone), &err), 0);
    ranges_tidy(&gone);
    if (changes[i].present != NULL)
        assert_int_equal(ranges_add(&present, str_c(changes[i].present), &err), 0);
    ranges_tidy(&present);
    struct arena *a = arena_new(1024);
    const struct sync_plan *p =
        sync_plan(a,
                  &(struct sync_remote){ .uidvalidity = 7,
                                         .rows = seen,
                                         .n = seen_n,
                                         .partial = true,
                                         .gone = &gone,
                                         .present = changes[i].present != NULL ? &present : NULL,
                                         .exists = changes[i].exists },
                  &(struct sync_local){ .uidvalidity = 7,
                                        .rows = known,
                                        .n = known_n,
                                        .known = changes[i].known,
                                        .bodies = { .since = INT64_MIN } });
    if (p->doubtful != changes[i].doubtful)
        fail_msg("%s: doubtful %d", changes[i].name, p->doubtful);
    check_uids(changes[i].name, changes[i].bodies, p->bodies, p->bodies_n);
    check_uids(changes[i].name, changes[i].went, p->gone, p->gone_n);
    size_t n = read_items(changes[i].reflag, uids, flags, body);
    assert_int_equal(p->reflag_n, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(p->reflag[k].uid, uids[k]);
        assert_int_equal(p->reflag[k].flags, flags[k]);
    }
    ranges_clear(&gone);
    ranges_clear(&present);
    arena_free(&a);
}

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++)
        check_change(i);
}

static void test_keywords(void **state)
{
    (void)state;
    struct arena *a = arena_new(1024);
    struct sync_seen seen[] = { { .uid = 1, .keywords = STR("work") },
                                { .uid = 2, .keywords = STR("") },
                                { .uid = 3, .keywords = STR("a b") } };
    struct cache_known known[] = { { .uid = 1, .body_here = true, .keywords = STR("work") },
                                   { .uid = 2, .body_here = true, .keywords = STR("old") },
                                   { .uid = 3, .body_here = true, .keywords = STR("a") } };
    const struct sync_plan *p =
        sync_plan(a, &(struct sync_remote){ .uidvalidity = 7, .rows = seen, .n = 3 },
                  &(struct sync_local){ .uidvalidity = 7, .rows = known, .n = 3 });
    assert_int_equal(p->reflag_n, 2);
    assert_int_equal(p->reflag[0].uid, 2);
    assert_true(str_eqc(p->reflag[1].keywords, "a b"));
    arena_free(&a);
}

/* Which bodies are wanted once it is known what they are. */
static void test_bodies(void **state)
{
    static const struct {
        int64_t since;
        bool unknown;
        const char *uids;
    } wanted[] = {
        { INT64_MIN, true, "9 8 7 4 3" }, { INT64_MIN, false, "8 7 4" },
        { 105, true, "9 8 7 3" },         { 105, false, "8 7" },
        { INT64_MAX, true, "9 3" },       { INT64_MAX, false, "" },
    };
    const struct cache_known known[] = {
        { .uid = 1, .received = 900 },
        { .uid = 4, .received = 104 },
        { .uid = 5, .received = 900, .body_here = true },
        { .uid = 6, .received = 900, .size = LARGE + 1 },
        { .uid = 7, .received = 105, .size = LARGE },
        { .uid = 8, .received = 106 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        uint32_t uids[] = { 9, 8, 7, 6, 5, 4, 3 };
        struct sync_bodies bodies = { .max = LARGE, .since = wanted[i].since };
        size_t n = sync_wanted(uids, COUNT(uids), known, COUNT(known), &bodies, wanted[i].unknown);
        check_uids("bodies", wanted[i].uids, uids, n);
    }
    uint32_t uids[] = { 9, 8, 7, 6, 5, 4, 3 };
    check_uids("unknown", "9 3", uids, sync_unknown(uids, COUNT(uids), known, COUNT(known)));
    assert_int_equal(sync_unknown(uids, 2, known, 0), 2);
}

enum {
    M = STATUS_MESSAGES,
    N = STATUS_UIDNEXT,
    V = STATUS_UIDVALIDITY,
    U = STATUS_UNSEEN,
    S = STATUS_HIGHESTMODSEQ,
    NUMBERS = M | N | V | U,
    ALL = NUMBERS | S
};
/* A folder as the store remembers it: UIDVALIDITY 7, UIDNEXT 50, mod-sequence 900, 20 messages, 3
 * unread, compared at 1,000,000 with all bodies. What is different is in the row. */
static const struct {
    const char *name;
    struct cache_folder f;
    struct sync_there there;
    bool modseq, person;
    int64_t later_s;
    enum sync_look look;
    bool due, left;
    const char *uids; /* that new messages may have */
} looks[] = {
    { "nothing new", { 0 }, { ALL, 20, 3, 50, 7, 900 }, true, true, 9, LOOK_NONE, 0, 0, "" },
    { "a new one", { 0 }, { ALL, 21, 4, 51, 7, 901 }, true, 0, 9, LOOK_CHANGES, 0, 0, "50" },
    { "two new", { 0 }, { ALL, 22, 5, 52, 7, 905 }, true, 0, 9, LOOK_CHANGES, 0, 0, "51 50" },
    { "a flag", { 0 }, { ALL, 20, 2, 50, 7, 901 }, true, 0, 9, LOOK_CHANGES, 0, 0, "" },
    { "one gone", { 0 }, { ALL, 19, 3, 50, 7, 901 }, true, 0, 9, LOOK_CHANGES, 0, true, "" },
    { "gone, and no mod-sequence for it",
      { 0 },
      { ALL, 19, 3, 50, 7, 900 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      true,
      "" },
    { "one came, one went",
      { 0 },
      { ALL, 20, 3, 51, 7, 903 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      true,
      "50" },
    { "too many for a guess",
      { 0 },
      { ALL, 120, 103, 150, 7, 990 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      0,
      "" },
    { "the mod-sequence went back",
      { 0 },
      { ALL, 20, 3, 50, 7, 899 },
      true,
      0,
      9,
      LOOK_ALL,
      0,
      0,
      "" },
    { "UIDNEXT went back", { 0 }, { ALL, 20, 3, 40, 7, 950 }, true, 0, 9, LOOK_ALL, 0, true, "" },
    { "NOMODSEQ", { 0 }, { ALL, 20, 3, 50, 7, 0 }, true, 0, 9, LOOK_ALL, 0, 0, "" },
    { "STATUS without mod-sequence",
      { 0 },
      { NUMBERS, 20, 3, 50, 7, 0 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      0,
      "" },
    { "no STATUS",
      { 0 },
      { 0 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      true,
      "89 88 87 86 85 84 83 82 81 80 79 78 77 76 75 74 73 72 71 70 69 68 67 66 65 64 63 62 61 60 "
      "59 58 "
      "57 56 55 54 53 52 51 50" },
    { "renumbered", { 0 }, { ALL, 20, 3, 50, 8, 900 }, true, 0, 9, LOOK_ALL, 0, 0, "" },
    { "never seen",
      { .uidvalidity = UINT32_MAX },
      { ALL, 20, 3, 50, 7, 900 },
      true,
      0,
      9,
      LOOK_ALL,
      0,
      0,
      "" },
    { "other bodies are wanted now",
      { .offline = 90 },
      { ALL, 20, 3, 50, 7, 900 },
      true,
      0,
      9,
      LOOK_ALL,
      0,
      0,
      "" },
    { "compared a week ago",
      { 0 },
      { ALL, 20, 3, 50, 7, 900 },
      true,
      0,
      PLAN_COMPARE_MODSEQ_S,
      LOOK_ALL,
      true,
      0,
      "" },
    { "the clock went back",
      { 0 },
      { ALL, 20, 3, 50, 7, 900 },
      true,
      0,
      -1,
      LOOK_ALL,
      true,
      0,
      "" },
    { "no mod-sequences here yet",
      { .highestmodseq = UINT64_MAX },
      { ALL, 20, 3, 50, 7, 900 },
      true,
      0,
      9,
      LOOK_NONE,
      0,
      0,
      "" },
    { "numbers: nothing new", { 0 }, { NUMBERS, 20, 3, 50, 7, 0 }, 0, 0, 9, LOOK_NONE, 0, 0, "" },
    { "numbers: a person asks",
      { 0 },
      { NUMBERS, 20, 3, 50, 7, 0 },
      0,
      true,
      9,
      LOOK_ALL,
      0,
      0,
      "" },
    { "numbers: read", { 0 }, { NUMBERS, 20, 2, 50, 7, 0 }, 0, 0, 9, LOOK_ALL, 0, 0, "" },
    { "numbers: one came, one went",
      { 0 },
      { NUMBERS, 20, 3, 51, 7, 0 },
      0,
      0,
      9,
      LOOK_ALL,
      0,
      true,
      "50" },
    { "numbers: some are missing",
      { 0 },
      { M | N | V, 20, 0, 50, 7, 0 },
      0,
      0,
      9,
      LOOK_ALL,
      0,
      0,
      "" },
    { "numbers: compared an hour ago",
      { 0 },
      { NUMBERS, 20, 3, 50, 7, 0 },
      0,
      0,
      PLAN_COMPARE_S,
      LOOK_ALL,
      0,
      0,
      "" },
    { "empty, nothing can have left",
      { .there = INT64_MAX },
      { ALL, 0, 0, 50, 7, 990 },
      true,
      0,
      9,
      LOOK_CHANGES,
      0,
      0,
      "" },
};

static struct cache_folder remembered(const struct cache_folder *other)
{
    struct cache_folder f = { .uidvalidity = 7,
                              .uidnext = 50,
                              .highestmodseq = 900,
                              .there = 20,
                              .there_unseen = 3,
                              .compared_at = 1000000,
                              .offline = OFFLINE_ALL };
    if (other->uidvalidity == UINT32_MAX)
        f = (struct cache_folder){ .there = -1, .offline = FOLDER_OFFLINE_NEVER };
    if (other->highestmodseq == UINT64_MAX)
        f.highestmodseq = 0;
    if (other->there == INT64_MAX)
        f.there = 0;
    if (other->offline != 0)
        f.offline = other->offline;
    return f;
}

static void test_looks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct cache_folder f = remembered(&looks[i].f);
        struct sync_ask ask = { .modseq = looks[i].modseq,
                                .person = looks[i].person,
                                .offline = OFFLINE_ALL,
                                .now_s = f.compared_at + looks[i].later_s };
        bool due = false;
        enum sync_look look = sync_look(&f, &looks[i].there, &ask, &due);
        if (look != looks[i].look || due != looks[i].due)
            fail_msg("%s: %d, due %d", looks[i].name, look, due);
        if (sync_may_have_left(&f, &looks[i].there) != looks[i].left)
            fail_msg("%s: may something have left", looks[i].name);
        uint32_t first, last, uids[PLAN_DIRECT];
        size_t n = 0;
        sync_new_uids(&f, &looks[i].there, &first, &last);
        for (uint32_t uid = last; first > 0 && uid >= first; uid--)
            uids[n++] = uid;
        if (strlen(looks[i].uids) < 30)
            check_uids(looks[i].name, looks[i].uids, uids, n);
        else
            assert_int_equal(n, PLAN_DIRECT);
    }
}

static void test_ranges(void **state)
{
    static const struct {
        const char *first, *second;
        size_t n;
        const char *in, *out;
    } sets[] = {
        { "1", "", 1, "1", "2 4294967295" },
        { "5:3", "4:9", 1, "3 5 9", "2 10" },
        { "9,1:2", "3", 2, "1 3 9", "4 8 10" },
        { "7:4294967295", "1:6", 1, "1 6 7 4294967295", "" },
        { "4294967295", "4294967290:4294967294", 1, "4294967290", "4294967289" },
        { "2:2000000", "1000000", 1, "1000000 1000001", "1" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        uint32_t uids[16];
        unsigned flags[16];
        bool body[16];
        struct error err = { 0 };
        struct ranges r = { 0 };
        assert_int_equal(ranges_add(&r, str_c(sets[i].first), &err), 0);
        assert_int_equal(ranges_add(&r, str_c(sets[i].second), &err), 0);
        ranges_tidy(&r);
        assert_int_equal(r.n, sets[i].n);
        size_t n = read_items(sets[i].in, uids, flags, body);
        for (size_t k = 0; k < n; k++)
            assert_true(ranges_has(&r, uids[k]));
        n = read_items(sets[i].out, uids, flags, body);
        for (size_t k = 0; k < n; k++)
            assert_false(ranges_has(&r, uids[k]));
        ranges_clear(&r);
    }
    struct ranges r = { 0 };
    struct error err = { 0 };
    assert_int_equal(ranges_add(&r, STR("1,,2"), &err), -1);
    assert_int_equal(err.code, ERR_PROTO);
    ranges_clear(&r);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < UINT32_MAX / 2; i++)
        rc = ranges_put(&r, i * 2 + 1, i * 2 + 1, &err);
    assert_int_equal(rc, -1);
    assert_int_equal(r.n, RANGES_MAX);
    ranges_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_changes),
        cmocka_unit_test(test_keywords), cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_looks),    cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
