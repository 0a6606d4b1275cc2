/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/sql.h"

enum { STEP = 41, STEPS_MAX = 20000, PAGES_MAX = 200 };

static int64_t number(struct fixture *f, const char *sql)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(f->c->db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static int count_down(void *arg)
{
    int *left = arg;
    return --*left > 0 ? 0 : raise(SIGKILL);
}

/* What a person does, one after the other; each is whole or not at all. */
static int actions(struct fixture *f, int64_t message, int64_t from, int64_t to)
{
    struct cache_op move = { .kind = OP_MOVE, .message = message, .folder = from, .target = to };
    int64_t op = 0, draft = 0, folder, seen;
    if (cache_journal_add(f->c, &move, &op, &f->err) < 0 ||
        cache_draft_put(f->c, &draft, f->account, STR("s"), STR("t"), STR("text"), 1, &f->err) < 0)
        return -1;
    struct cache_message m = message_make(f, 77, "an outgoing mail");
    struct outbox_rcpt to_whom = { .address = STR("a@t") };
    struct outbox_entry e = {
        .account = f->account, .body = m.body, .rcpts = &to_whom, .rcpts_n = 1
    };
    if (cache_outbox_add(f->c, &e, draft, &op, &f->err) < 0 ||
        cache_outbox_cancel(f->c, op, &f->err) < 0 || cache_draft_drop(f->c, draft, &f->err) < 0)
        return -1;
    return cache_journal_undo(f->c, &folder, &seen, &f->err) < 0 ? -1 : 0;
}

/* True when the child came to the end of it before it was killed. */
static bool killed_after(struct fixture *f, int steps, int64_t message, int64_t from, int64_t to)
{
    int status = 0;
    cache_close(&f->c);
    pid_t pid = fork();
    if (pid == 0) {
        f->c = cache_open(f->path, CACHE_WRITE, &f->err);
        if (f->c == NULL)
            _exit(2);
        sqlite3_progress_handler(f->c->db, 1, count_down, &steps);
        _exit(actions(f, message, from, to) < 0 ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    f->c = cache_open(f->path, CACHE_WRITE, &f->err);
    assert_non_null(f->c);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFEXITED(status);
}

static void whole(struct fixture *f)
{
    assert_int_equal(number(f, "SELECT count(*) FROM placement"), 1);
    assert_int_equal(number(f, "SELECT (SELECT count(*) FROM ghost) - (SELECT count(*) FROM"
                               " journal)"),
                     0);
    assert_int_equal(number(f, "SELECT (SELECT count(*) FROM undo) - (SELECT count(*) FROM step)"),
                     0);
    assert_int_equal(number(f, "SELECT (SELECT sum(total) FROM folder) - (SELECT count(*) FROM"
                               " placement)"),
                     0);
    assert_int_equal(number(f, "SELECT count(*) FROM draft WHERE outbox > 0 AND outbox NOT IN"
                               " (SELECT id FROM outbox)"),
                     0);
    assert_int_equal(number(f, "SELECT count(*) FROM outbox WHERE id NOT IN (SELECT entry FROM"
                               " outbox_rcpt)"),
                     0);
}

static void tidy(struct fixture *f)
{
    int64_t folder, message;
    OK(cache_journal_undo(f->c, &folder, &message, &f->err));
    assert_int_equal(sqlite3_exec(f->c->db,
                                  "DELETE FROM draft; DELETE FROM outbox; DELETE FROM outbox_rcpt",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
}

static void killed_at_every_step_nothing_is_half_done(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX),
            trash = folder_make(f, "Trash", ROLE_TRASH);
    int64_t m = put(f, 1, inbox, 7, 0);
    int rounds = 0;
    for (int steps = STEP; steps < STEPS_MAX; steps += STEP, rounds++) {
        bool ended = killed_after(f, steps, m, inbox, trash);
        whole(f);
        tidy(f);
        assert_int_equal(uid_in(f, m, inbox), 7);
        if (ended)
            break;
    }
    assert_true(rounds > 20);
    fixture_close(f);
}

/* The disk is full after so many pages more. */
static void a_full_disk_leaves_all_as_it_was(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), pages = number(f, "PRAGMA page_count");
    char *text = xcalloc(CACHE_FRAME + 1000, 1);
    for (size_t i = 0; i < CACHE_FRAME + 999; i++) /* does not compress well */
        text[i] = (char)(1 + (i * i * 2654435761u >> 11) % 250);
    bool done = false;
    for (int more = 0; more < PAGES_MAX && !done; more += 3) {
        struct cache_body *b = cache_body_create(f->c, &f->err);
        struct cache_message m = { .account = f->account, .subject = STR("s") };
        struct cache_placement w = { .folder = inbox, .uid = 1 };
        int known = 0;
        int64_t id = 0;
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", (int)pages + more);
        sqlite3_exec(f->c->db, sql, NULL, NULL, NULL);
        f->err = (struct error){ 0 };
        bool ok = cache_body_append(b, str_c(text), &f->err) == 0;
        if (ok)
            ok = cache_body_finish(&b, &m.body, m.identity, &known, &f->err) == 0;
        else
            cache_body_drop(&b);
        done = ok && cache_message_put(f->c, &m, &w, &id, &f->err) == 0;
        if (!done)
            assert_int_equal(f->err.code, ERR_STORE);
        assert_int_equal(number(f, "SELECT count(*) FROM placement"), done);
        assert_int_equal(number(f, "SELECT count(*) FROM message"), done);
        assert_int_equal(number(f, "SELECT total FROM folder"), done);
        sqlite3_exec(f->c->db,
                     "DELETE FROM frame WHERE 1 > (SELECT count(*) FROM message);"
                     "DELETE FROM body WHERE 1 > (SELECT count(*) FROM message)",
                     NULL, NULL, NULL);
    }
    assert_true(done);
    free(text);
    fixture_close(f);
}

static void a_busy_store_says_later(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    struct cache *other = cache_open(f->path, CACHE_WRITE, &f->err);
    assert_non_null(other);
    OK(cache_begin(other, false, &f->err));
    sqlite3_busy_timeout(f->c->db, 1);
    assert_int_equal(cache_begin(f->c, true, &f->err), -1);
    assert_int_equal(f->err.code, ERR_STORE);
    assert_int_equal(f->err.retry, RETRY_LATER);
    OK(cache_commit(other, &f->err));
    OK(cache_begin(f->c, true, &f->err));
    OK(cache_commit(f->c, &f->err));
    cache_close(&other);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_step_nothing_is_half_done),
        cmocka_unit_test(a_full_disk_leaves_all_as_it_was),
        cmocka_unit_test(a_busy_store_says_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
