/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/message.h"
#include "cache/sql.h"

enum { ROWS_MAX = 2000 };

/* Pages of three sizes, forwards from the top and backwards from the end, give each row once and in
 * order. */
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

/* n messages, each a thread of its own, made by SQL alone: the counts do not matter here. */
static void fill(struct fixture *f, int64_t folder, int n)
{
    char *sql = xasprintf(
        "DROP TRIGGER IF EXISTS placement_out; DROP TRIGGER IF EXISTS thread_out;"
        "DELETE FROM message; DELETE FROM placement; DELETE FROM folder_thread; BEGIN;"
        "INSERT INTO message SELECT value, 1, value, value / 2, 0, 10, 0, 0, 0, 0, NULL, NULL,"
        " 'from', 'to', 'subject', '', '', '', NULL FROM generate_series_of;"
        "INSERT INTO placement SELECT %d, date, id, id, id %% 1000 <> 0, 0, 0, id, '', NULL"
        " FROM message;"
        "INSERT INTO folder_thread SELECT folder, date, thread, 1, 1 - flags FROM placement;"
        "COMMIT;",
        (int)folder);
    char *numbers = xasprintf("CREATE TEMP VIEW generate_series_of AS WITH RECURSIVE s(value) AS"
                              " (SELECT 1 UNION ALL SELECT value + 1 FROM s WHERE value < %d)"
                              " SELECT value FROM s",
                              n);
    sqlite3_exec(f->c->db, "DROP VIEW IF EXISTS generate_series_of", NULL, NULL, NULL);
    assert_int_equal(sqlite3_exec(f->c->db, numbers, NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(f->c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(f->c->db));
    free(sql);
    free(numbers);
}

/* Asks everything that a screen asks, from a key in the middle; gives the steps of SQLite's
 * machine. */
static int ask(struct fixture *f, int64_t folder, int64_t middle)
{
    static const enum cache_list_kind kinds[] = { LIST_FOLDER, LIST_INBOXES, LIST_DIFFERENT_THREADS,
                                                  LIST_CONVERSATION };
    int steps = 0;
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (int dir = 0; dir < 2; dir++)
            for (int from = 0; from < 2; from++) {
                struct cache_query q = { .kind = kinds[i], .folder = folder, .thread = middle };
                struct cache_key key = { middle / 2, middle };
                struct cache_row rows[50], row;
                size_t n = 50;
                OK(cache_list(f->c, f->a, &q, from ? &key : NULL, dir ? CACHE_NEXT : CACHE_PREV,
                              rows, &n, &f->err));
                if (kinds[i] != LIST_CONVERSATION)
                    assert_int_equal(n, 50);
                OK(cache_list_unread(f->c, f->a, &q, from ? &key : NULL, &row, &f->err));
            }
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->c->db, s)) != NULL;)
        if (strstr(sqlite3_sql(s), "LIMIT ?4") != NULL)
            steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

static void a_page_costs_the_same_in_any_folder(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    fill(f, inbox, 3000);
    int small = ask(f, inbox, 1500);
    fill(f, inbox, 100000);
    int large = ask(f, inbox, 50500);
    assert_true(small > 1000);
    assert_int_equal(small, large);
    fixture_close(f);
}

static void no_list_sorts(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    int lists = 0;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    fill(f, inbox, 200);
    ask(f, inbox, 100);
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(f->c->db, s)) != NULL;) {
        if (strstr(sqlite3_sql(s), "LIMIT ?4") == NULL)
            continue;
        char *explain = xasprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(s));
        sqlite3_stmt *plan;
        assert_int_equal(sqlite3_prepare_v2(f->c->db, explain, -1, &plan, NULL), SQLITE_OK);
        free(explain);
        lists++;
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(plan, 3);
            if (strstr(line, "TEMP B-TREE") != NULL || strncmp(line, "SCAN", 4) == 0)
                fail_msg("%s in %s", line, sqlite3_sql(s));
        }
        sqlite3_finalize(plan);
    }
    assert_int_equal(lists, 9);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_pages),
        cmocka_unit_test(inboxes_of_all_accounts_are_one),
        cmocka_unit_test(a_page_costs_the_same_in_any_folder),
        cmocka_unit_test(no_list_sorts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
