/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/sql.h"

static int64_t pragma(struct fixture *f, const char *sql)
{
    int64_t n = -1;
    OK(sql_int(f->c, sql, SQL_NONE, &n, &f->err));
    return n;
}

static void a_new_store_is_private_and_as_laid_down(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct stat st;
    char *dir;
    fixture_open(f);
    dir = xasprintf("%s/data", f->dir);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    free(dir);
    assert_int_equal(pragma(f, "PRAGMA auto_vacuum"), 2);
    assert_int_equal(pragma(f, "PRAGMA user_version"), CACHE_SCHEMA);
    assert_int_equal(pragma(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    fixture_close(f);
}

/* The child's part: waits until all are there, then opens. */
static int open_at_once(const char *path, int gate)
{
    struct error err = { 0 };
    char c;
    (void)!read(gate, &c, 1);
    struct cache *opened = cache_open(path, CACHE_WRITE, &err);
    int rc = opened != NULL ? 0 : 1;
    if (rc != 0)
        fprintf(stderr, "%s\n", err.text);
    cache_close(&opened);
    return rc;
}

/* Several scripts send for the first time in the same moment: one of them once found a store half
 * made, and took it for a file of somebody else. */
static void many_programs_make_one_store(void **state)
{
    (void)state;
    enum { ROUNDS = 12, PROGRAMS = 12 };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    for (int round = 0; round < ROUNDS; round++) {
        char *path = xasprintf("%s/new%d.db", f->dir, round);
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
        free(path);
    }
    fixture_close(f);
}

static void file_set(struct fixture *f, const char *bytes, size_t n)
{
    cache_close(&f->c);
    char *wal = xasprintf("%s-wal", f->path), *shm = xasprintf("%s-shm", f->path);
    unlink(wal);
    unlink(shm);
    free(wal);
    free(shm);
    OK(file_replace(f->path, (struct str){ bytes, n }, 0600, &f->err));
}

static void other_files_are_refused_and_left_as_they_are(void **state)
{
    (void)state;
    static const char *const made[] = {
        "PRAGMA user_version = 9999; PRAGMA application_id = 1953325420; CREATE TABLE x(y)",
        "CREATE TABLE foreign_table(y)",
    };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    for (size_t i = 0; i <= COUNT(made); i++) {
        struct buf before = BUF_INIT(1 << 20), after = BUF_INIT(1 << 20);
        sqlite3 *db;
        if (i == COUNT(made))
            file_set(f, "This is a text, and no database at all.\n", 40);
        else {
            file_set(f, "", 0);
            assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
            assert_int_equal(sqlite3_exec(db, made[i], NULL, NULL, NULL), SQLITE_OK);
            sqlite3_close(db);
        }
        OK(file_read(f->path, &before, &f->err));
        for (int mode = 0; mode < 2; mode++) {
            f->err = (struct error){ 0 };
            assert_null(cache_open(f->path, mode ? CACHE_WRITE : CACHE_READ, &f->err));
            assert_int_equal(f->err.code, ERR_STORE);
        }
        OK(file_read(f->path, &after, &f->err));
        assert_true(str_eq(buf_str(&before), buf_str(&after)));
        buf_free(&before);
        buf_free(&after);
    }
    fixture_close(f);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    char *none = xasprintf("%s/none.db", f->dir);
    assert_null(cache_open(none, CACHE_READ, &f->err));
    assert_int_equal(f->err.code, ERR_NOINPUT);
    assert_int_equal(access(none, F_OK), -1);
    free(none);
    if (geteuid() != 0) {
        cache_close(&f->c);
        assert_int_equal(chmod(f->path, 0), 0);
        assert_null(cache_open(f->path, CACHE_WRITE, &f->err));
        assert_int_equal(f->err.code, ERR_STORE);
    }
    fixture_close(f);
}

/* It tells what is broken, and does not go on for ever. */
static void a_store_is_looked_through(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    OK(cache_begin(f->c, false, &f->err));
    for (int i = 0; i < 2000; i++)
        put(f, i, inbox, (uint32_t)i + 1, 0);
    OK(cache_commit(f->c, &f->err));
    OK(cache_check(f->c, 60000, &f->err));
    assert_int_equal(cache_check(f->c, 0, &f->err), 1);
    OK(cache_check(f->c, 60000, &f->err)); /* and is as before */
    fixture_close(f);
}

static void damage_is_an_error_not_a_crash(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX);
    for (int i = 0; i < 200; i++)
        put(f, i, inbox, (uint32_t)i + 1, 0);
    cache_checkpoint(f->c);
    cache_close(&f->c);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    char junk[512];
    memset(junk, 0x5A, sizeof junk);
    for (off_t at = 4096; at < lseek(fd, 0, SEEK_END); at += 4096)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);
    f->c = cache_open(f->path, CACHE_WRITE, &f->err);
    struct cache_row rows[50];
    size_t n = 50;
    struct cache_query q = { .kind = LIST_FOLDER, .folder = inbox };
    if (f->c != NULL)
        assert_int_equal(cache_list(f->c, f->a, &q, NULL, CACHE_NEXT, rows, &n, &f->err), -1);
    assert_int_equal(f->err.code, ERR_STORE);
    fixture_close(f);
}

static void a_reader_sees_what_is_committed_and_never_writes(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    struct cache *reader = cache_open(f->path, CACHE_READ, &f->err);
    assert_non_null(reader);
    int64_t before = cache_version(reader), id = 0;
    struct cache_folder folder = { .account = f->account,
                                   .name = STR("INBOX"),
                                   .wire = STR("INBOX") };
    OK(cache_begin(f->c, false, &f->err));
    OK(cache_folder_put(f->c, &folder, &f->err));
    struct cache_folder *all;
    size_t n;
    OK(cache_folders(reader, f->a, 0, &all, &n, &f->err)); /* beside the open write */
    assert_int_equal(n, 0);
    assert_int_equal(cache_version(reader), before);
    OK(cache_commit(f->c, &f->err));
    assert_int_not_equal(cache_version(reader), before);
    OK(cache_folders(reader, f->a, 0, &all, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(cache_account_id(reader, STR("new"), &id, &f->err), -1);
    cache_close(&reader);
    fixture_close(f);
}

/* The log of a writer that left without folding it back is read by whoever comes first. */
static void a_reader_alone_finds_the_log(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct cache_folder *all;
    size_t n = 0;
    fixture_open(f);
    cache_checkpoint(f->c);
    folder_make(f, "INBOX", ROLE_INBOX);
    cache_close(&f->c);
    f->c = cache_open(f->path, CACHE_READ, &f->err);
    if (f->c == NULL)
        fail_msg("%s", f->err.text);
    OK(cache_folders(f->c, f->a, 0, &all, &n, &f->err));
    assert_int_equal(n, 1);
    fixture_close(f);
}

static void what_a_person_made_is_fsynced(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    fixture_open(f);
    for (int durable = 0; durable < 2; durable++) {
        OK(cache_begin(f->c, durable == 1, &f->err));
        assert_int_equal(pragma(f, "PRAGMA synchronous"), durable ? 2 : 1);
        OK(cache_commit(f->c, &f->err));
    }
    int64_t draft = 0;
    OK(cache_begin(f->c, false, &f->err));
    OK(cache_commit(f->c, &f->err));
    OK(cache_draft_put(f->c, &draft, 1, STR(""), STR(""), STR("x"), 1, &f->err));
    assert_int_equal(pragma(f, "PRAGMA synchronous"), 2);
    fixture_close(f);
}

static void a_failure_inside_undoes_all(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct cache_folder *all;
    size_t n;
    fixture_open(f);
    OK(cache_begin(f->c, false, &f->err));
    folder_make(f, "A", ROLE_NONE);
    struct cache_op op = { .kind = OP_APPEND, .message = 1, .target = 77 };
    int64_t id;
    assert_int_equal(cache_journal_add(f->c, &op, &id, &f->err), -1);
    assert_int_equal(cache_commit(f->c, &f->err), -1);
    OK(cache_folders(f->c, f->a, 0, &all, &n, &f->err));
    assert_int_equal(n, 0);
    OK(cache_begin(f->c, false, &f->err));
    OK(cache_begin(f->c, true, &f->err)); /* durable inside of one that is not */
    folder_make(f, "A", ROLE_NONE);
    OK(cache_commit(f->c, &f->err));
    OK(cache_commit(f->c, &f->err));
    assert_int_equal(pragma(f, "SELECT value FROM meta WHERE name = 'pulse'"), 1);
    OK(cache_folders(f->c, f->a, 0, &all, &n, &f->err));
    assert_int_equal(n, 1);
    fixture_close(f);
}

static void folders_come_in_order(void **state)
{
    (void)state;
    static const char *const want[] = { "INBOX", "Drafts", "Trash", "Alpha", "Beta" };
    struct fixture fx, *f = &fx;
    struct cache_folder *all, one;
    size_t n;
    fixture_open(f);
    folder_make(f, "Beta", ROLE_NONE);
    folder_make(f, "Trash", ROLE_TRASH);
    folder_make(f, "Alpha", ROLE_NONE);
    folder_make(f, "Drafts", ROLE_DRAFTS);
    folder_make(f, "INBOX", ROLE_INBOX);
    OK(cache_folders(f->c, f->a, f->account, &all, &n, &f->err));
    assert_int_equal(n, COUNT(want));
    for (size_t i = 0; i < n; i++)
        assert_str(all[i].name, want[i]);
    all[1].uidvalidity = 9;
    all[1].highestmodseq = UINT64_C(1) << 62;
    OK(cache_folder_state(f->c, &all[1], &f->err));
    assert_int_equal(folder_make(f, "Drafts", ROLE_DRAFTS), all[1].id);
    assert_int_equal(cache_folder_by_role(f->c, f->a, f->account, ROLE_DRAFTS, &one, &f->err), 0);
    assert_int_equal(one.uidvalidity, 9);
    assert_true(one.highestmodseq == UINT64_C(1) << 62);
    assert_int_equal(cache_folder_by_name(f->c, f->a, f->account, STR("None"), &one, &f->err), 1);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_private_and_as_laid_down),
        cmocka_unit_test(many_programs_make_one_store),
        cmocka_unit_test(other_files_are_refused_and_left_as_they_are),
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(a_store_is_looked_through),
        cmocka_unit_test(damage_is_an_error_not_a_crash),
        cmocka_unit_test(a_reader_sees_what_is_committed_and_never_writes),
        cmocka_unit_test(a_reader_alone_finds_the_log),
        cmocka_unit_test(what_a_person_made_is_fsynced),
        cmocka_unit_test(a_failure_inside_undoes_all),
        cmocka_unit_test(folders_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
