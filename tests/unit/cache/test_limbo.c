/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/sql.h"

#include "base/banned.h"

static struct cache_message headers_of(const struct cache_message *m)
{
    struct cache_message h = *m;
    h.body = 0;
    memcpy(h.identity, m->head, sizeof h.identity);
    return h;
}

static int64_t place(struct fixture *f, const struct cache_message *m, int64_t folder, uint32_t uid)
{
    struct cache_placement w = { .folder = folder, .uid = uid };
    int64_t id = 0;
    OK(cache_message_put(f->c, m, &w, &id, &f->err));
    return id;
}

static int body_here(struct fixture *f, int64_t message)
{
    int64_t here = 0;
    OK(sql_int(f->c, "SELECT count(*) FROM message WHERE id = ? AND body > 0",
               SQL_ARGS(SQL_I(message)), &here, &f->err));
    return here != 0;
}

static void what_left_one_folder_is_known_in_another_by_its_header(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t a = folder_make(f, "A", ROLE_NONE), b = folder_make(f, "B", ROLE_NONE);
    struct cache_message m = message_make(f, 1, "one"), head = headers_of(&m);
    int64_t id = place(f, &m, a, 7);
    int64_t twin = place(f, &head, b, 1);
    assert_int_not_equal(twin, id); /* while it lies there, its header says nothing */
    OK(cache_place_gone(f->c, b, 1, &f->err));
    OK(cache_place_left(f->c, a, 7, 100, &f->err));
    bool any = false;
    OK(cache_limbo_any(f->c, f->account, &any, &f->err));
    assert_true(any);
    assert_int_equal(known_n(f, a), 0);
    assert_int_equal(place(f, &head, b, 2), id);
    assert_true(body_here(f, id));
    OK(cache_limbo_any(f->c, f->account, &any, &f->err));
    assert_false(any);
    assert_int_equal(cache_limbo_sweep(f->c, f->account, INT64_MAX, &f->err), 1);
    assert_int_equal(uid_in(f, id, b), 2);
    fixture_close(f);
}

static void limbo_ends(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t a = folder_make(f, "A", ROLE_NONE), b = folder_make(f, "B", ROLE_NONE);
    struct cache_message m = message_make(f, 1, "one"), two = message_make(f, 2, "two");
    struct cache_message head = headers_of(&m);
    int64_t id = place(f, &m, a, 7), other = place(f, &two, a, 8);
    OK(cache_place_left(f->c, a, 7, 100, &f->err));
    OK(cache_folder_left(f->c, a, 200, &f->err));
    OK(cache_folder_drop(f->c, a, &f->err));
    assert_int_equal(cache_limbo_sweep(f->c, f->account, 100, &f->err), 1);
    assert_true(body_here(f, id) && body_here(f, other));
    assert_int_equal(cache_limbo_sweep(f->c, f->account, 101, &f->err), 1);
    assert_false(body_here(f, id));
    assert_true(body_here(f, other));
    assert_int_not_equal(place(f, &head, b, 1), id);
    fixture_close(f);
}

static void what_the_server_calls_a_message_finds_it(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t a = folder_make(f, "A", ROLE_NONE), b = folder_make(f, "B", ROLE_NONE);
    struct cache_message m = message_make(f, 1, "one"), two = message_make(f, 2, "two");
    m.objectid = two.objectid = STR("Mabc");
    int64_t id = place(f, &m, a, 7);
    struct cache_placement w = { .folder = b, .uid = 3, .flags = CACHE_SEEN };
    assert_int_equal(cache_place_objectid(f->c, f->account, STR("Mabd"), &w, &f->err), 1);
    assert_int_equal(cache_place_objectid(f->c, f->account + 1, STR("Mabc"), &w, &f->err), 1);
    assert_int_equal(cache_place_objectid(f->c, f->account, STR("Mabc"), &w, &f->err), 0);
    assert_int_equal(uid_in(f, id, b), 3);
    assert_int_equal(flags_in(f, id, b), CACHE_SEEN);
    /* A second copy in that folder is a message of its own; so is what is called the same with
     * other bytes. */
    w.uid = 4;
    assert_int_equal(cache_place_objectid(f->c, f->account, STR("Mabc"), &w, &f->err), 1);
    assert_int_not_equal(place(f, &m, b, 4), id);
    assert_int_not_equal(place(f, &two, b, 5), id);
    /* The name is learnt later, and again. */
    struct cache_message three = message_make(f, 3, "three");
    int64_t third = place(f, &three, a, 9);
    three.objectid = STR("M3");
    assert_int_equal(place(f, &three, a, 9), third);
    three.objectid = STR("Mabc"); /* a lie */
    assert_int_equal(place(f, &three, a, 9), third);
    w = (struct cache_placement){ .folder = b, .uid = 9 };
    assert_int_equal(cache_place_objectid(f->c, f->account, STR("M3"), &w, &f->err), 0);
    assert_int_equal(uid_in(f, third, b), 9);
    fixture_close(f);
}

static void a_folder_keeps_its_state(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t a = folder_make(f, "A", ROLE_NONE);
    struct cache_folder folder;
    OK(cache_folder_get(f->c, f->a, a, &folder, &f->err));
    assert_int_equal(folder.offline, FOLDER_OFFLINE_NEVER);
    assert_int_equal(folder.there, -1);
    folder.highestmodseq = INT64_MAX; /* RFC 7162 §7: 63 bits */
    folder.there = 5;
    folder.there_unseen = 2;
    folder.compared_at = 77;
    folder.offline = 90;
    OK(cache_folder_state(f->c, &folder, &f->err));
    fixture_reopen(f);
    OK(cache_folder_get(f->c, f->a, a, &folder, &f->err));
    assert_true(folder.highestmodseq == INT64_MAX);
    assert_int_equal(folder.there, 5);
    assert_int_equal(folder.there_unseen, 2);
    assert_int_equal(folder.compared_at, 77);
    assert_int_equal(folder.offline, 90);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_left_one_folder_is_known_in_another_by_its_header),
        cmocka_unit_test(limbo_ends),
        cmocka_unit_test(what_the_server_calls_a_message_finds_it),
        cmocka_unit_test(a_folder_keeps_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
