/* SPDX-License-Identifier: MIT */
#include "cache/spool.h"

#include "base/i18n.h"
#include "cache/sql.h"
#include "base/banned.h"

enum { ROWS_FIRST = 64 };

int cache_spool_all(struct cache *c, struct arena *a, int64_t folder, struct cache_spool **out,
                    size_t *n, struct error *err)
{
    size_t cap = ROWS_FIRST;
    *n = 0;
    *out = arena_array(a, cap, sizeof **out);
    sqlite3_stmt *s =
        sql_bind(c, "SELECT name, uid, place FROM spool WHERE folder = ? ORDER BY name",
                 SQL_ARGS(SQL_I(folder)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0) {
        if (*n == cap) {
            struct cache_spool *more = arena_array(a, 2 * cap, sizeof *more);
            memcpy(more, *out, cap * sizeof *more);
            *out = more;
            cap *= 2;
        }
        (*out)[(*n)++] = (struct cache_spool){ .name = sql_str(a, s, 0),
                                               .uid = (uint32_t)sqlite3_column_int64(s, 1),
                                               .place = sql_str(a, s, 2) };
    }
    return rc < 0 ? -1 : 0;
}

int cache_spool_by_uid(struct cache *c, struct arena *a, int64_t folder, uint32_t uid,
                       struct cache_spool *out, struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, "SELECT name, place FROM spool WHERE folder = ? AND uid = ?",
                               SQL_ARGS(SQL_I(folder), SQL_I(uid)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc != 0)
        return rc;
    *out = (struct cache_spool){ .name = sql_str(a, s, 0), .uid = uid, .place = sql_str(a, s, 1) };
    sqlite3_reset(s);
    return 0;
}

static int row_new(struct cache *c, int64_t folder, struct str name, struct str place,
                   uint32_t *uid, struct error *err)
{
    int rc = cache_folder_next_uid(c, folder, uid, err);
    if (rc == 1)
        return error_set(err, ERR_STORE, RETRY_LATER, _("That folder is no longer here"));
    if (rc < 0)
        return -1;
    return sql_run(c, "INSERT INTO spool(folder, name, uid, place) VALUES(?, ?, ?, ?)",
                   SQL_ARGS(SQL_I(folder), SQL_B(name), SQL_I(*uid), SQL_B(place)), err);
}

int cache_spool_new(struct cache *c, int64_t folder, struct cache_spool *rows, size_t n,
                    struct error *err)
{
    int rc = cache_begin(c, false, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = row_new(c, folder, rows[i].name, (struct str){ "", 0 }, &rows[i].uid, err);
    return sql_end(c, rc, err);
}

int cache_spool_here(struct cache *c, int64_t folder, const struct cache_spool *rows, size_t n,
                     struct error *err)
{
    int rc = cache_begin(c, false, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = sql_run(c,
                     "UPDATE spool SET place = ?3 WHERE folder = ?1 AND name = ?2 AND place = x''"
                     " AND (EXISTS (SELECT 1 FROM placement WHERE folder = ?1 AND uid = ?4"
                     " AND uid > 0)"
                     " OR EXISTS (SELECT 1 FROM ghost WHERE folder = ?1 AND uid = ?4))",
                     SQL_ARGS(SQL_I(folder), SQL_B(rows[i].name), SQL_B(rows[i].place),
                              SQL_I(rows[i].uid)),
                     err);
    return sql_end(c, rc, err);
}

static int row_put(struct cache *c, int64_t folder, struct str name, struct str place,
                   uint32_t *uid, struct error *err)
{
    int64_t had = 0;
    int rc = sql_int(c, "SELECT uid FROM spool WHERE folder = ? AND name = ?",
                     SQL_ARGS(SQL_I(folder), SQL_B(name)), &had, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return row_new(c, folder, name, place, uid, err);
    *uid = (uint32_t)had;
    return sql_run(c, "UPDATE spool SET place = ?3 WHERE folder = ?1 AND name = ?2",
                   SQL_ARGS(SQL_I(folder), SQL_B(name), SQL_B(place)), err);
}

int cache_spool_put(struct cache *c, int64_t folder, struct str name, struct str place,
                    uint32_t *uid, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, row_put(c, folder, name, place, uid, err), err);
}

int cache_spool_forget(struct cache *c, int64_t folder, uint32_t uid, struct error *err)
{
    return sql_run(c, "DELETE FROM spool WHERE folder = ? AND uid = ?",
                   SQL_ARGS(SQL_I(folder), SQL_I(uid)), err);
}

int cache_spool_gone(struct cache *c, int64_t folder, const uint32_t *uids, size_t n, int64_t since,
                     struct error *err)
{
    int rc = cache_begin(c, false, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        rc = cache_place_left(c, folder, uids[i], since, err);
        if (rc >= 0)
            rc = cache_spool_forget(c, folder, uids[i], err);
    }
    return sql_end(c, rc, err);
}

int cache_spool_seen(struct cache *c, int64_t folder, uint64_t print, int64_t now,
                     struct error *err)
{
    return sql_run(c,
                   "UPDATE folder SET uidvalidity = max(uidvalidity, 1), highestmodseq = ?2,"
                   " synced_at = ?3 WHERE id = ?1",
                   SQL_ARGS(SQL_I(folder), SQL_I(print & INT64_MAX), SQL_I(now)), err);
}
