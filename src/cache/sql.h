/* SPDX-License-Identifier: MIT */
/* sql.h - inside of src/cache only: the handle's parts, and SQL statements prepared once and run
 * with typed arguments. A statement is known by the address of its text, so that the texts must
 * be literals or static tables.
 * Must not know: which tables there are. */
#ifndef TMAIL_CACHE_SQL_H
#define TMAIL_CACHE_SQL_H

#include <sqlite3.h>
#include <openssl/evp.h>
#include <zstd.h>

#include "base/buf.h"
#include "cache/db.h"

enum { SQL_CACHE = 256 }; /* slots for prepared statements; the program has far fewer */

struct sql_slot {
    const char *sql;
    sqlite3_stmt *stmt;
};
struct cache {
    sqlite3 *db;
    char *path;
    enum cache_mode mode;
    unsigned depth;    /* of begin */
    bool full;         /* what PRAGMA synchronous stands at */
    bool want_durable; /* asked for inside of a transaction that began without */
    struct sql_slot slots[SQL_CACHE];
    EVP_MD *sha256;
    ZSTD_CCtx *zip;    /* made when first needed */
    struct buf packed; /* the frame it made last */
    ZSTD_DCtx *unzip;
};

struct sql_arg {
    enum { SQL_INT, SQL_TEXT, SQL_BLOB } kind;
    int64_t i;
    struct str s;
};
#define SQL_I(value) ((struct sql_arg){ .kind = SQL_INT, .i = (int64_t)(value) })
#define SQL_T(view) ((struct sql_arg){ .kind = SQL_TEXT, .s = (view) })
#define SQL_B(view) ((struct sql_arg){ .kind = SQL_BLOB, .s = (view) })
/* An argument list: SQL_ARGS(SQL_I(1), SQL_T(name)) gives the array and its length. */
#define SQL_ARGS(...)                                                                              \
    (const struct sql_arg[]){ __VA_ARGS__ },                                                       \
        sizeof((const struct sql_arg[]){ __VA_ARGS__ }) / sizeof(struct sql_arg)
#define SQL_NONE NULL, 0

/* The statement, reset and bound; the arguments must live until it is stepped. NULL on failure. */
sqlite3_stmt *sql_bind(struct cache *c, const char *sql, const struct sql_arg *args, size_t n,
                       struct error *err);
/* 0: a row; 1: no more, reset; -1: failed, reset. */
int sql_step(struct cache *c, sqlite3_stmt *s, struct error *err) MUST_CHECK;
/* Binds and runs to the end. */
int sql_run(struct cache *c, const char *sql, const struct sql_arg *args, size_t n,
            struct error *err) MUST_CHECK;
/* The first column of the first row. 1: no row, *out untouched. */
int sql_int(struct cache *c, const char *sql, const struct sql_arg *args, size_t n, int64_t *out,
            struct error *err) MUST_CHECK;
/* Rows that the newest sql_run changed. */
int64_t sql_changes(const struct cache *c);
/* A column: borrowed until the next step; copied into a. */
struct str sql_col(sqlite3_stmt *s, int column);
struct str sql_str(struct arena *a, sqlite3_stmt *s, int column);
/* Fills *err from what SQLite says of result code rc. Returns -1. */
int sql_error(struct cache *c, int rc, struct error *err);
void sql_clear(struct cache *c);
/* Ends what a function began: commits when rc is not negative, else undoes all. Gives rc, or -1. */
int sql_end(struct cache *c, int rc, struct error *err) MUST_CHECK;

#endif
