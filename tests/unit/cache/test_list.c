/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/message.h"
#include "cache/sql.h"

enum { ROWS_MAX = 2000 };

/* Pages of three sizes, forwards from the top and backwards from the end, give each row once and in order. */
static void walk(struct fixture *f, const struct cache_query *q, const int64_t *want, size_t want_n)
{
    static const size_t sizes[] = { 1, 7, 50 };
    struct cache_row rows[50];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t at = 0, n = sizes[i];
        struct cache_key key, *from = NULL;
        for (;; from = &key, n = sizes[i]) {
            OK(cache_list(f->c, f->a, q, from, CACHE_NEXT, rows, &n, &f->err));
            for (size_t j = 0; j < n; j++) {
                assert_true(at < want_n);
                assert_int_equal(rows[j].id, want[at]);
                int64_t position = 0;
                OK(cache_list_position(f->c, q, &rows[j].key, &position, &f->err));
                assert_int_equal(position, at);
                at++;
            }
            if (n < sizes[i])
                break;
            key = rows[n - 1].key;
        }
        assert_int_equal(at, want_n);
        from = NULL;
        for (n = sizes[i];; from = &key, n = sizes[i]) {
            OK(cache_list(f->c, f->a, q, from, CACHE_PREV, rows, &n, &f->err));
            for (size_t j = n; j-- > 0;) {
                assert_true(at > 0);
                assert_int_equal(rows[j].id, want[--at]);
            }
            if (n < sizes[i])
                break;
            key = rows[0].key;
        }
        assert_int_equal(at, 0);
    }
}

static void folder_pages(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), want[120];
    OK(cache_begin(f->c, false, &f->err));
    for (int i = 0; i < 120; i++) /* two of each date */
        want[119 - i] = put(f, i / 2 * 2, inbox, (uint32_t)i + 1, i % 3 ? CACHE_SEEN : 0);
    OK(cache_commit(f->c, &f->err));
    struct cache_query q = { .kind = LIST_FOLDER, .folder = inbox };
    walk(f, &q, want, 120);
    int64_t total, unread;
    OK(cache_list_count(f->c, &q, &total, &unread, &f->err));
    assert_int_equal(total, 120);
    assert_int_equal(unread, 40);
    struct cache_row row, next;
    OK(cache_list_unread(f->c, f->a, &q, NULL, &row, &f->err));
    assert_int_equal(row.id, want[2]);
    assert_int_equal(cache_list_unread(f->c, f->a, &q, &row.key, &next, &f->err), 0);
    assert_int_equal(next.id, want[5]);
    fixture_close(f);
}

static void inboxes_of_all_accounts_are_one(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox[3], want[60];
    static const char *const names[] = { "one", "two", "three" };
    for (int i = 0; i < 3; i++) {
        OK(cache_account_id(f->c, str_c(names[i]), &f->account, &f->err));
        inbox[i] = folder_make(f, "INBOX", ROLE_INBOX);
        folder_make(f, "Other", ROLE_NONE);
    }
    for (int i = 0; i < 60; i++) {
        int which = i * 7 % 11 % 3;
        OK(cache_account_id(f->c, str_c(names[which]), &f->account, &f->err));
        want[59 - i] = put(f, i, inbox[which], (uint32_t)i + 1, CACHE_SEEN);
    }
    struct cache_query q = { .kind = LIST_INBOXES };
    walk(f, &q, want, 60);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_pages),
        cmocka_unit_test(inboxes_of_all_accounts_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
