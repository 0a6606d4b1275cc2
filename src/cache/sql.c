/* SPDX-License-Identifier: MIT */
#include "cache/sql.h"

#include <errno.h>

#include "base/i18n.h"
#include "base/banned.h"

/* Even to read, SQLite makes a file beside the store. */
static bool is_full(struct cache *c, int code, int extended)
{
    int os = sqlite3_system_errno(c->db);
    return code == SQLITE_FULL || extended == SQLITE_IOERR_SHMSIZE ||
           (code == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT));
}

int sql_error(struct cache *c, int rc, struct error *err)
{
    int code = rc & 0xFF, sys = sqlite3_extended_errcode(c->db);
    const char *path = c->path;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        error_set(err, ERR_STORE, RETRY_LATER,
                  _("The store %s is in use by another program for too long; try again"), path);
    else if (is_full(c, code, sys))
        error_set(err, ERR_STORE, RETRY_LATER,
                  _("The disk with the store %s is full; make room and try again"), path);
    else if (code == SQLITE_NOTADB)
        error_set(err, ERR_STORE, RETRY_NEVER,
                  _("%s is not a store of tmail; move it away and start again"), path);
    else if (code == SQLITE_CORRUPT)
        error_set(err, ERR_STORE, RETRY_NEVER,
                  _("The store %s is damaged; move it away and start again: mail is fetched anew "
                    "from the server"),
                  path);
    else if (code == SQLITE_CANTOPEN || code == SQLITE_PERM || code == SQLITE_READONLY)
        error_set(err, ERR_STORE, RETRY_NEVER,
                  _("The store %s cannot be opened; check that it and its folder belong to you and "
                    "can be written"),
                  path);
    else if (code == SQLITE_IOERR)
        error_set(err, ERR_STORE, RETRY_LATER,
                  _("The store %s cannot be read or written; check the disk"), path);
    else
        error_set(err, ERR_STORE, RETRY_NEVER, _("The store %s failed: %s"), path,
                  sqlite3_errstr(rc));
    err->sys = sys;
    return -1;
}

/* Finds the statement's slot by the address of its text, or a free one. */
static struct sql_slot *slot_find(struct cache *c, const char *sql)
{
    size_t at = ((uintptr_t)sql >> 3) % SQL_CACHE;
    for (size_t i = 0; i < SQL_CACHE; i++, at = (at + 1) % SQL_CACHE) {
        struct sql_slot *slot = &c->slots[at];
        if (slot->sql == sql || slot->sql == NULL)
            return slot;
    }
    return NULL;
}

static sqlite3_stmt *statement(struct cache *c, const char *sql, struct error *err)
{
    struct sql_slot *slot = slot_find(c, sql);
    if (slot == NULL) {
        error_set(err, ERR_LIMIT, RETRY_NEVER, _("Too many kinds of questions to the store"));
        return NULL;
    }
    if (slot->stmt == NULL) {
        int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
        if (rc != SQLITE_OK) {
            sql_error(c, rc, err);
            return NULL;
        }
        slot->sql = sql;
    }
    return slot->stmt;
}

static int bind_one(sqlite3_stmt *s, int at, const struct sql_arg *a)
{
    const char *p = a->s.n > 0 ? a->s.p : "";
    if (a->kind == SQL_INT)
        return sqlite3_bind_int64(s, at, a->i);
    if (a->kind == SQL_TEXT)
        return sqlite3_bind_text64(s, at, p, a->s.n, SQLITE_STATIC, SQLITE_UTF8);
    return sqlite3_bind_blob64(s, at, p, a->s.n, SQLITE_STATIC);
}

sqlite3_stmt *sql_bind(struct cache *c, const char *sql, const struct sql_arg *args, size_t n,
                       struct error *err)
{
    sqlite3_stmt *s = statement(c, sql, err);
    if (s == NULL)
        return NULL;
    sqlite3_reset(s);
    for (size_t i = 0; i < n; i++) {
        int rc = bind_one(s, (int)i + 1, &args[i]);
        if (rc != SQLITE_OK) {
            sql_error(c, rc, err);
            return NULL;
        }
    }
    return s;
}

int sql_step(struct cache *c, sqlite3_stmt *s, struct error *err)
{
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return 0;
    sqlite3_reset(s);
    if (rc == SQLITE_DONE)
        return 1;
    return sql_error(c, rc, err);
}

int sql_run(struct cache *c, const char *sql, const struct sql_arg *args, size_t n,
            struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, sql, args, n, err);
    if (s == NULL)
        return -1;
    int rc;
    do
        rc = sql_step(c, s, err);
    while (rc == 0);
    return rc < 0 ? -1 : 0;
}

int sql_int(struct cache *c, const char *sql, const struct sql_arg *args, size_t n, int64_t *out,
            struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, sql, args, n, err);
    if (s == NULL)
        return -1;
    int rc = sql_step(c, s, err);
    if (rc == 0) {
        *out = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
    }
    return rc;
}

int64_t sql_changes(const struct cache *c)
{
    return sqlite3_changes64(c->db);
}

struct str sql_col(sqlite3_stmt *s, int column)
{
    const void *p = sqlite3_column_blob(s, column);
    return (struct str){ p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(s, column) };
}

struct str sql_str(struct arena *a, sqlite3_stmt *s, int column)
{
    return arena_str(a, sql_col(s, column));
}

void sql_clear(struct cache *c)
{
    for (size_t i = 0; i < SQL_CACHE; i++)
        sqlite3_finalize(c->slots[i].stmt);
    memset(c->slots, 0, sizeof c->slots);
}

int sql_end(struct cache *c, int rc, struct error *err)
{
    if (rc < 0) {
        cache_rollback(c);
        return -1;
    }
    return cache_commit(c, err) < 0 ? -1 : rc;
}
