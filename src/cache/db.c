/* SPDX-License-Identifier: MIT */
#include "cache/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/faults.h"
#include "cache/schema.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

enum {
    BUSY_MS = 5000,
    /* Past this any writer folds the log back. The engine does when it has nothing else to do: in
     * the middle of a long fetch it would cost a sixth of its time. */
    WAL_PAGES_MAX = 64000,
    CHECK_STEPS = 1000, /* of SQLite's, between two looks at the clock */
    VACUUM_PAGES = 200  /* given back to the disk at each checkpoint */
};

static int exec(struct cache *c, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sql_error(c, rc, err);
}

/* Creates the file with mode 0600 when there is none. An existing one is not opened: closing a
 * second descriptor of it would drop SQLite's locks of other handles in this process (POSIX). */
static int file_create(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path) {
        char *dir = xmemdup0(path, (size_t)(slash - path));
        int rc = file_mkdirs(dir, err);
        free(dir);
        if (rc < 0)
            return -1;
    }
    int fd = sys_fault(FAULT_OPEN, "store create") != 0
                 ? -1
                 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return error_sys(err, _("Cannot create the store %s"), path);
    return 0;
}

static int file_check(const char *path, enum cache_mode mode, struct error *err)
{
    int want = mode == CACHE_READ ? R_OK : R_OK | W_OK;
    if (access(path, want) == 0)
        return 0;
    if (errno == ENOENT)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("There is no store at %s yet"), path);
    error_sys(err, _("Cannot open the store %s; check who may read and write it"), path);
    err->code = ERR_STORE;
    return -1;
}

/* 0: the version is in *version, 0 for an empty file. Anything that is not our file is refused. */
static int version_read(struct cache *c, int64_t *version, struct error *err)
{
    int64_t application = 0, tables = 0;
    if (sql_int(c, "PRAGMA user_version", SQL_NONE, version, err) < 0 ||
        sql_int(c, "PRAGMA application_id", SQL_NONE, &application, err) < 0 ||
        sql_int(c, "SELECT count(*) FROM sqlite_schema", SQL_NONE, &tables, err) < 0)
        return -1;
    if (*version == 0 && application == 0 && tables == 0)
        return 0;
    if (application != SCHEMA_APPLICATION || *version < 1)
        return sql_error(c, SQLITE_NOTADB, err);
    if (*version > CACHE_SCHEMA)
        return error_set(err, ERR_STORE, RETRY_NEVER,
                         _("The store %s was made by a newer tmail; use that one"), c->path);
    return 0;
}

/* auto_vacuum and WAL must be set before the first table. Two programs may try it at once: SQLite
 * calls no busy handler for the change to WAL, so that we wait ourselves. */
static int file_format(struct cache *c, struct error *err)
{
    for (int waited = 0;; waited += 10) {
        int rc = sqlite3_exec(c->db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
                              NULL, NULL, NULL);
        if (rc == SQLITE_OK)
            return 0;
        if ((rc & 0xFF) != SQLITE_BUSY || waited >= BUSY_MS)
            return sql_error(c, rc, err);
        sqlite3_sleep(10);
    }
}

static int migrate(struct cache *c, struct error *err)
{
    int64_t version = 0;
    char mark[96];
    if (exec(c, "BEGIN IMMEDIATE", err) < 0)
        return -1;
    if (version_read(c, &version, err) < 0)
        goto out;
    for (; version < CACHE_SCHEMA; version++)
        if (exec(c, schema_scripts[version], err) < 0)
            goto out;
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SCHEMA_APPLICATION, CACHE_SCHEMA);
    if (exec(c, mark, err) == 0 && exec(c, "COMMIT", err) == 0)
        return 0;
out:
    sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

static int schema_ready(struct cache *c, struct error *err)
{
    int64_t version = 0;
    /* In one transaction: another program may be making the tables between two of the questions. */
    if (exec(c, "BEGIN", err) < 0)
        return -1;
    int rc = version_read(c, &version, err);
    sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    if (rc < 0)
        return -1;
    if (version == CACHE_SCHEMA)
        return 0;
    if (c->mode == CACHE_READ)
        return version == 0
                   ? error_set(err, ERR_NOINPUT, RETRY_LATER, _("The store %s is empty as yet"),
                               c->path)
                   : error_set(err, ERR_NOINPUT, RETRY_NOW,
                               _("The store %s is from an older tmail; start tmail once"), c->path);
    if (version == 0 && file_format(c, err) < 0)
        return -1;
    return migrate(c, err);
}

static int handle_open(struct cache *c, struct error *err)
{
    int flags = c->mode == CACHE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int rc = sqlite3_open_v2(c->path, &c->db, flags | SQLITE_OPEN_NOMUTEX, cache_faults());
    if (rc != SQLITE_OK)
        return sql_error(c, rc, err);
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, BUSY_MS);
    sqlite3_wal_autocheckpoint(c->db, c->mode == CACHE_READ ? 0 : WAL_PAGES_MAX);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Else statements that touch a partial index are compiled anew for each value bound. */
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    if (schema_ready(c, err) < 0)
        return -1;
    if (c->mode == CACHE_READ)
        return 0;
    if (exec(c, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4000", err) < 0)
        return -1;
    return sweep_loose_bodies(c, err);
}

struct cache *cache_open(const char *path, enum cache_mode mode, struct error *err)
{
    if (mode == CACHE_WRITE && file_create(path, err) < 0)
        return NULL;
    if (file_check(path, mode, err) < 0)
        return NULL;
    struct cache *c = xcalloc(1, sizeof *c);
    c->path = xstrdup(path);
    c->mode = mode;
    if (handle_open(c, err) < 0)
        cache_close(&c);
    return c;
}

void cache_close(struct cache **c)
{
    if (*c == NULL)
        return;
    sql_clear(*c);
    sqlite3_close((*c)->db);
    EVP_MD_free((*c)->sha256);
    ZSTD_freeCCtx((*c)->zip);
    buf_free(&(*c)->packed);
    ZSTD_freeDCtx((*c)->unzip);
    free((*c)->path);
    free(*c);
    *c = NULL;
}

static int level_set(struct cache *c, bool full, struct error *err)
{
    if (c->full == full)
        return 0;
    /* Works while it is compiled: a cached statement would do nothing. */
    if (exec(c, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err) < 0)
        return -1;
    c->full = full;
    return 0;
}

const char *cache_path(const struct cache *c)
{
    return c->path;
}

int cache_begin(struct cache *c, bool durable, struct error *err)
{
    if (c->depth > 0) {
        c->want_durable |= durable;
        c->depth++;
        return 0;
    }
    const char *sql = c->mode == CACHE_READ ? "BEGIN" : "BEGIN IMMEDIATE";
    if (level_set(c, durable, err) < 0 || sql_run(c, sql, SQL_NONE, err) < 0)
        return -1;
    c->want_durable = durable;
    c->depth = 1;
    return 0;
}

int cache_commit(struct cache *c, struct error *err)
{
    if (c->depth == 0) /* what was begun has been undone by a failure inside of it */
        return error_set(err, ERR_STORE, RETRY_LATER,
                         _("A change to the store %s was not completed"), c->path);
    if (--c->depth > 0)
        return 0;
    if (sql_run(c, "COMMIT", SQL_NONE, err) < 0) {
        cache_rollback(c);
        return -1;
    }
    if (!c->want_durable || c->full)
        return 0;
    /* The level cannot be raised inside of a transaction: one more, whose commit fsyncs the log
     * with all before it. */
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(
        c, sql_run(c, "UPDATE meta SET value = value + 1 WHERE name = 'pulse'", SQL_NONE, err),
        err);
}

void cache_rollback(struct cache *c)
{
    c->depth = 0;
    c->want_durable = false;
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

int64_t cache_version(struct cache *c)
{
    struct error err;
    int64_t version = 0;
    return sql_int(c, "PRAGMA data_version", SQL_NONE, &version, &err) < 0 ? -1 : version;
}

static int time_is_over(void *deadline)
{
    return clock_mono_ms() >= *(int64_t *)deadline;
}

int cache_check(struct cache *c, int wait_ms, struct error *err)
{
    sqlite3_stmt *st = NULL;
    const unsigned char *said = NULL;
    int64_t deadline = clock_mono_ms() + wait_ms;
    sqlite3_progress_handler(c->db, CHECK_STEPS, time_is_over, &deadline);
    if (sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        said = sqlite3_column_text(st, 0);
    bool whole = said != NULL && str_eqc(str_c((const char *)said), "ok");
    bool late = said == NULL && sqlite3_errcode(c->db) == SQLITE_INTERRUPT;
    if (!whole)
        (void)error_set(err, ERR_STORE, RETRY_NEVER,
                        _("the store %s is damaged: move it away, and what the servers have is "
                          "fetched again"),
                        cache_path(c));
    sqlite3_finalize(st);
    sqlite3_progress_handler(c->db, 0, NULL, NULL);
    return whole ? 0 : late ? 1 : -1;
}

void cache_checkpoint(struct cache *c)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
    sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    /* Waits for nobody, and nobody waits for the first of the two, which has the work. Emptied where
     * possible: the next to open the store would have to read the whole log. */
    sqlite3_busy_timeout(c->db, 0);
    sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(c->db, BUSY_MS);
}
