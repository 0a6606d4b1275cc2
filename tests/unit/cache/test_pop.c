/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/pop.h"
#include "cache/sql.h"

#include "base/banned.h"

static int64_t pragma(struct fixture *f, const char *sql)
{
    int64_t n = -1;
    OK(sql_int(f->c, sql, SQL_NONE, &n, &f->err));
    return n;
}

static void pop_put(struct fixture *f, int64_t inbox, const char *uid, int text)
{
    struct cache_message m = message_make(f, text, arena_fmt(f->a, "text of message %d", text));
    OK(cache_pop_put(f->c, &m, inbox, str_c(uid), &f->err));
}

static struct cache_pop *rows_of(struct fixture *f, size_t want)
{
    struct cache_pop *rows;
    size_t n;
    OK(cache_pop_all(f->c, f->a, f->account, &rows, &n, &f->err));
    assert_int_equal(n, want);
    return rows;
}

static int64_t total(struct fixture *f, int64_t folder)
{
    struct cache_folder row;
    OK(cache_folder_get(f->c, f->a, folder, &row, &f->err));
    return row.total;
}

/* Of all statements so far. */
static int64_t sql_steps(struct fixture *f)
{
    int64_t steps = 0;
    for (size_t i = 0; i < COUNT(f->c->slots); i++)
        if (f->c->slots[i].stmt != NULL)
            steps += sqlite3_stmt_status(f->c->slots[i].stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    return steps;
}

static void one_row_and_one_place_for_each(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    pop_put(f, inbox, "b", 1);
    pop_put(f, inbox, "a", 2);
    pop_put(f, inbox, "a\n2", 2); /* the server lists it twice: two messages, as with IMAP */
    struct cache_pop *rows = rows_of(f, 3);
    assert_str(rows[0].uid, "a");
    assert_str(rows[1].uid, "a\n2");
    assert_str(rows[2].uid, "b");
    assert_int_equal(uid_in(f, rows[2].message, inbox), 1);
    assert_int_equal(uid_in(f, rows[0].message, inbox), 2);
    assert_int_equal(uid_in(f, rows[1].message, inbox), 3);
    assert_true(rows[0].fetched_at > 1000 && rows[0].gone_at == 0 && !rows[0].deleting);
    pop_put(f, inbox, "b", 1); /* fetched twice by mistake */
    rows_of(f, 3);
    assert_int_equal(total(f, inbox), 3);
    fixture_close(f);
}

/* Numbers are never used again, and do not meet those that a server gave before. */
static void local_uids_rise(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    uint32_t uid = 0;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    put(f, 1, inbox, 77, 0);
    OK(cache_folder_next_uid(f->c, inbox, &uid, &f->err));
    assert_int_equal(uid, 78);
    OK(cache_folder_next_uid(f->c, inbox, &uid, &f->err));
    assert_int_equal(uid, 79);
    OK(cache_place_gone(f->c, inbox, 77, &f->err));
    OK(cache_folder_next_uid(f->c, inbox, &uid, &f->err));
    assert_int_equal(uid, 80);
    assert_int_equal(cache_folder_next_uid(f->c, 4711, &uid, &f->err), 1);
    fixture_close(f);
}

static void expunge(struct fixture *f, int64_t message, int64_t folder)
{
    struct cache_op op = { .kind = OP_EXPUNGE, .message = message, .folder = folder };
    int64_t id = 0;
    OK(cache_journal_add(f->c, &op, &id, &f->err));
    OK(cache_journal_close(f->c, id, FATE_DONE, 0, 0, NULL, &f->err));
}

static void what_was_removed_here_keeps_its_row(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    pop_put(f, inbox, "a", 1);
    expunge(f, rows_of(f, 1)->message, inbox);
    assert_int_equal(rows_of(f, 1)->message, 0);
    pop_put(f, inbox, "a", 1);
    assert_int_equal(total(f, inbox), 0);
    pop_put(f, inbox, "b", 1); /* the same bytes while the other is still there: new mail */
    assert_int_equal(total(f, inbox), 1);
    OK(cache_pop_forget(f->c, f->account, (struct str[]){ STR("a"), STR("none") }, 2, &f->err));
    assert_str(rows_of(f, 1)->uid, "b");
    fixture_close(f);
}

/* A server that was rebuilt: its messages have other unique-ids. */
static void bytes_find_their_row_again(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    const struct str all[] = { STR("a"), STR("b"), STR("c") };
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), work = folder_make(f, "Work", ROLE_NONE);
    for (size_t i = 0; i < COUNT(all); i++)
        pop_put(f, inbox, all[i].p, i == 2 ? 1 : (int)i); /* b and c are alike */
    struct cache_pop *before = rows_of(f, 3);
    int64_t a = before[0].message;
    struct cache_op move = { .kind = OP_MOVE, .message = a, .folder = inbox, .target = work };
    int64_t id = 0;
    OK(cache_journal_add(f->c, &move, &id, &f->err));
    expunge(f, before[1].message, inbox);
    OK(cache_pop_gone(f->c, f->account, all, COUNT(all), 5000, &f->err));
    assert_int_equal(rows_of(f, 3)->gone_at, 5000);
    pop_put(f, inbox, "new-a", 0);
    pop_put(f, inbox, "c", 1); /* this one kept its name */
    pop_put(f, inbox, "new-b", 1);
    struct cache_pop *after = rows_of(f, 3);
    assert_str(after[0].uid, "c");
    assert_int_equal(after[0].message, before[2].message);
    assert_str(after[1].uid, "new-a");
    assert_int_equal(after[1].message, a);
    assert_str(after[2].uid, "new-b");
    assert_int_equal(after[2].message, 0);
    assert_int_equal(total(f, inbox), 1);
    assert_int_equal(total(f, work), 1);
    pop_put(f, inbox, "more", 1); /* none of that is gone any more */
    assert_int_equal(total(f, inbox), 2);
    fixture_close(f);
}

/* Two whose names changed places are each known again, though the first takes the other's name. */
static void names_that_changed_places_double_nothing(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    const struct str all[] = { STR("a"), STR("a\n2") };
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    pop_put(f, inbox, "a", 1);
    pop_put(f, inbox, "a\n2", 2);
    struct cache_pop *before = rows_of(f, 2);
    OK(cache_pop_gone(f->c, f->account, all, COUNT(all), 5000, &f->err));
    pop_put(f, inbox, "a\n2", 1);
    pop_put(f, inbox, "a", 2);
    struct cache_pop *after = rows_of(f, 2);
    assert_int_equal(after[0].message, before[1].message);
    assert_int_equal(after[1].message, before[0].message);
    assert_int_equal(after[0].gone_at + after[1].gone_at, 0);
    assert_int_equal(total(f, inbox), 2);
    fixture_close(f);
}

/* A server that gives an old unique-id to a new message. */
static void a_used_uid_with_other_bytes_is_new_mail(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    pop_put(f, inbox, "1", 1);
    OK(cache_pop_gone(f->c, f->account, &STR("1"), 1, 5000, &f->err));
    pop_put(f, inbox, "1", 2);
    struct cache_pop *rows = rows_of(f, 2);
    assert_str(rows[0].uid, "1");
    assert_int_equal(rows[0].gone_at, 0);
    assert_int_equal(rows[1].gone_at, 5000);
    assert_int_equal(total(f, inbox), 2);
    pop_put(f, inbox, "2", 1); /* the other turns up */
    assert_int_equal(total(f, inbox), 2);
    assert_str(rows_of(f, 2)[1].uid, "2");
    fixture_close(f);
}

static void deleting_makes_all_durable(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    pop_put(f, inbox, "a", 1);
    pop_put(f, inbox, "b", 2);
    assert_int_equal(pragma(f, "PRAGMA synchronous"), 1);
    OK(cache_pop_deleting(f->c, f->account, &STR("b"), 1, &f->err));
    assert_int_equal(pragma(f, "PRAGMA synchronous"), 2); /* FULL: its commit fsynced the log */
    struct cache_pop *rows = rows_of(f, 2);
    assert_true(!rows[0].deleting && rows[1].deleting);
    fixture_close(f);
}

/* What a message costs does not grow with their number: steps of SQLite's machine. */
static void many_cost_as_much_as_few_each(void **state)
{
    (void)state;
    enum { FEW = 500, MANY = 3000 };
    struct fixture fx, *f = &fx;
    int64_t steps[2];
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    OK(cache_begin(f->c, false, &f->err));
    for (int i = 0, k = 0; i <= MANY; i++) {
        int64_t before = sql_steps(f);
        pop_put(f, inbox, arena_fmt(f->a, "uid-%d", MANY - i), i);
        if (i == FEW || i == MANY)
            steps[k++] = sql_steps(f) - before;
    }
    OK(cache_commit(f->c, &f->err));
    if (steps[1] > steps[0] + 50)
        fail_msg("%lld steps, then %lld", (long long)steps[0], (long long)steps[1]);
    fixture_close(f);
}

static void another_server_knows_none(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    OK(cache_pop_server(f->c, f->account, 7, 1000, &f->err));
    pop_put(f, inbox, "a", 1);
    pop_put(f, inbox, "b", 2);
    OK(cache_pop_server(f->c, f->account, 7, 2000, &f->err));
    assert_int_equal(rows_of(f, 2)[0].gone_at, 0);
    OK(cache_pop_server(f->c, f->account, 8, 3000, &f->err));
    assert_int_equal(rows_of(f, 2)[0].gone_at, 3000);
    pop_put(f, inbox, "a", 2); /* the same message under another name */
    pop_put(f, inbox, "c", 3);
    OK(cache_pop_server(f->c, f->account, 8, 4000, &f->err));
    assert_int_equal(total(f, inbox), 3);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_row_and_one_place_for_each),
        cmocka_unit_test(local_uids_rise),
        cmocka_unit_test(what_was_removed_here_keeps_its_row),
        cmocka_unit_test(bytes_find_their_row_again),
        cmocka_unit_test(names_that_changed_places_double_nothing),
        cmocka_unit_test(a_used_uid_with_other_bytes_is_new_mail),
        cmocka_unit_test(another_server_knows_none),
        cmocka_unit_test(deleting_makes_all_durable),
        cmocka_unit_test(many_cost_as_much_as_few_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
