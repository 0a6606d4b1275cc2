/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "cache/schema.h"
#include "cache/sql.h"

#include "base/banned.h"

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* For each table of the store attached as "old": sql with %s for its name. */
static size_t tables_run(sqlite3 *db, const char *before, const char *between, const char *behind,
                         bool count, struct fixture *f)
{
    sqlite3_stmt *s;
    size_t n = 0;
    static const char names[] = "SELECT name FROM old.sqlite_schema WHERE type = 'table' AND"
                                " name NOT LIKE 'sqlite_%'";
    assert_int_equal(sqlite3_prepare_v2(db, names, -1, &s, NULL), SQLITE_OK);
    for (; sqlite3_step(s) == SQLITE_ROW; n++) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        const char *sql = arena_fmt(f->a, "%s%s%s%s%s", before, name, between, name, behind);
        if (!count)
            run(db, sql);
        else if (number(db, sql) != 0)
            fail_msg("table %s is not what it was", name);
    }
    sqlite3_finalize(s);
    return n;
}

static sqlite3 *opened(struct fixture *f, const char *path, const char *attach)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (attach != NULL)
        run(db, arena_fmt(f->a, "ATTACH '%s' AS old", attach));
    return db;
}

/* One of everything, in every table of version 1. */
static void fill(struct fixture *f)
{
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), work = folder_make(f, "Work", ROLE_NONE);
    int64_t m[10], op = 0, draft = 0, entry = 0;
    struct error why = { .text = "a reason" };
    for (int i = 0; i < 10; i++)
        m[i] = put(f, i, inbox, (uint32_t)i + 1, i % 2 ? CACHE_SEEN : 0);
    struct cache_op ops[] = {
        { .kind = OP_MOVE, .message = m[0], .folder = inbox, .target = work },
        { .kind = OP_FLAGS, .message = m[1], .folder = inbox, .add = CACHE_FLAGGED },
        { .kind = OP_EXPUNGE, .message = m[2], .folder = inbox },
    };
    OK(cache_journal_add_all(f->c, ops, COUNT(ops), &f->err));
    struct cache_op refused = { .kind = OP_COPY, .message = m[3], .folder = inbox, .target = work };
    OK(cache_journal_add(f->c, &refused, &op, &f->err));
    OK(cache_journal_close(f->c, op, FATE_FAILED, 0, 0, &why, &f->err));
    struct cache_message out = message_make(f, 77, "outgoing");
    struct outbox_rcpt to = { .address = STR("a@t") };
    OK(cache_draft_put(f->c, &draft, f->account, STR("s"), STR("r"), STR("x"), 1, &f->err));
    OK(cache_outbox_add(f->c,
                        &(struct outbox_entry){ .account = f->account,
                                                .body = out.body,
                                                .size = out.size,
                                                .sender = STR("me@t"),
                                                .message_id = STR("<77@t>"),
                                                .rcpts = &to,
                                                .rcpts_n = 1 },
                        draft, &entry, &f->err));
}

/* The rows of each of its tables, from the store attached as "old", which may have more columns. */
static size_t tables_copy(sqlite3 *db, struct fixture *f)
{
    sqlite3_stmt *s;
    size_t n = 0;
    static const char tables[] =
        "SELECT m.name, (SELECT group_concat(c.name) FROM pragma_table_info(m.name, 'main') c)"
        " FROM main.sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    assert_int_equal(sqlite3_prepare_v2(db, tables, -1, &s, NULL), SQLITE_OK);
    for (; sqlite3_step(s) == SQLITE_ROW; n++) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        const char *columns = (const char *)sqlite3_column_text(s, 1);
        run(db, arena_fmt(f->a, "INSERT INTO main.%s(%s) SELECT %s FROM old.%s", name, columns,
                          columns, name));
    }
    sqlite3_finalize(s);
    return n;
}

/* A store as the first version of tmail left it, with the content of f's store. */
static char *version_1(struct fixture *f, const char *name)
{
    char *path = xasprintf("%s/%s", f->dir, name);
    sqlite3 *db = opened(f, path, f->path);
    run(db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
    run(db, schema_scripts[0]);
    run(db, "DELETE FROM main.meta");
    assert_true(tables_copy(db, f) >= 15);
    run(db, "DELETE FROM main.sqlite_sequence;"
            "INSERT INTO main.sqlite_sequence SELECT * FROM old.sqlite_sequence");
    run(db, arena_fmt(f->a, "PRAGMA main.application_id = %d; PRAGMA main.user_version = 1",
                      SCHEMA_APPLICATION));
    sqlite3_close(db);
    return path;
}

static void check_migrated(struct fixture *f, const char *path)
{
    sqlite3 *db = opened(f, path, f->path);
    assert_int_equal(number(db, "PRAGMA main.user_version"), CACHE_SCHEMA);
    assert_int_equal(number(db, "SELECT count(*) FROM pragma_integrity_check"
                                " WHERE integrity_check <> 'ok'"),
                     0);
    assert_int_equal(number(db, "SELECT count(*) FROM main.pop"), 0);
    tables_run(db, "SELECT count(*) FROM (SELECT * FROM old.", " EXCEPT SELECT * FROM main.", ")",
               true, f);
    tables_run(db, "SELECT count(*) FROM (SELECT * FROM main.", " EXCEPT SELECT * FROM old.", ")",
               true, f);
    tables_run(db, "SELECT (SELECT count(*) FROM main.", ") - (SELECT count(*) FROM old.", ")",
               true, f);
    assert_int_equal(number(db, "SELECT count(*) FROM (SELECT * FROM old.sqlite_sequence EXCEPT"
                                " SELECT * FROM main.sqlite_sequence)"),
                     0);
    sqlite3_close(db);
}

static void a_version_1_store_keeps_all_that_is_in_it(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    fill(f);
    cache_close(&f->c);
    char *path = version_1(f, "old.db");
    assert_null(cache_open(path, CACHE_READ, &f->err)); /* a reader never writes */
    assert_int_equal(f->err.code, ERR_NOINPUT);
    assert_int_equal(f->err.retry, RETRY_NOW);
    f->c = cache_open(path, CACHE_WRITE, &f->err);
    if (f->c == NULL)
        fail_msg("%s", f->err.text);
    check_migrated(f, path);
    int64_t id = put(f, 500, 1, 500, 0); /* and it goes on from there */
    assert_int_equal(id, 11);
    fixture_close(f);
    free(path);
}

/* What the scripts make must be the same for ever: a change of one that was given out is a mistake.
 */
static void scripts_given_out_stay_as_they_are(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        unsigned sum;
    } given[] = { { 7496, 0x9b0e0a2 } };
    for (size_t i = 0; i < COUNT(given); i++) {
        unsigned sum = 1;
        for (const char *p = schema_scripts[i]; *p != '\0'; p++)
            sum = sum * 31 + (unsigned char)*p;
        assert_int_equal(strlen(schema_scripts[i]), given[i].n);
        assert_int_equal(sum, given[i].sum);
    }
}

static int open_at_once(const char *path, int gate)
{
    struct error err = { 0 };
    char c;
    (void)!read(gate, &c, 1);
    struct cache *opened_too = cache_open(path, CACHE_WRITE, &err);
    if (opened_too == NULL)
        fprintf(stderr, "%s\n", err.text);
    int rc = opened_too != NULL ? 0 : 1;
    cache_close(&opened_too);
    return rc;
}

static void many_programs_migrate_one_store(void **state)
{
    (void)state;
    enum { ROUNDS = 8, PROGRAMS = 8 };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    fill(f);
    cache_close(&f->c);
    for (int round = 0; round < ROUNDS; round++) {
        char *path = version_1(f, arena_fmt(f->a, "old%d.db", round));
        int gate[2], status;
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < PROGRAMS; i++)
            if (fork() == 0) {
                close(gate[1]);
                _exit(open_at_once(path, gate[0]));
            }
        close(gate[0]);
        close(gate[1]); /* now */
        for (int i = 0; i < PROGRAMS; i++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        check_migrated(f, path);
        free(path);
    }
    fixture_close(f);
}

/* A script that fails half way leaves the store as it was. */
static void a_failed_migration_changes_nothing(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    fill(f);
    cache_close(&f->c);
    char *path = version_1(f, "old.db");
    sqlite3 *db = opened(f, path, NULL);
    run(db, "CREATE TABLE elsewhere(x); CREATE INDEX pop_gone ON elsewhere(x)");
    sqlite3_close(db);
    assert_null(cache_open(path, CACHE_WRITE, &f->err));
    db = opened(f, path, NULL);
    assert_int_equal(number(db, "PRAGMA user_version"), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'pop'"), 0);
    run(db, "DROP TABLE elsewhere");
    sqlite3_close(db);
    f->c = cache_open(path, CACHE_WRITE, &f->err);
    assert_non_null(f->c);
    check_migrated(f, path);
    fixture_close(f);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_1_store_keeps_all_that_is_in_it),
        cmocka_unit_test(scripts_given_out_stay_as_they_are),
        cmocka_unit_test(many_programs_migrate_one_store),
        cmocka_unit_test(a_failed_migration_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
