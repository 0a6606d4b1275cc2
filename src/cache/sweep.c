/* SPDX-License-Identifier: MIT */
#include "cache/sweep.h"

#include "base/clock.h"
#include "cache/body.h"
#include "cache/sql.h"
#include "base/banned.h"

enum { LOOSE_SECONDS = 24 * 3600 };

static int body_delete(struct cache *c, int64_t body, struct error *err)
{
    int64_t first = body * CACHE_FRAMES_MAX;
    if (sql_run(c, "DELETE FROM frame WHERE id >= ? AND id < ?",
                SQL_ARGS(SQL_I(first), SQL_I(first + CACHE_FRAMES_MAX)), err) < 0)
        return -1;
    return sql_run(c, "DELETE FROM body WHERE id = ?", SQL_ARGS(SQL_I(body)), err);
}

int sweep_body(struct cache *c, int64_t body, struct error *err)
{
    int64_t used = 0;
    int rc = sql_int(c,
                     "SELECT EXISTS(SELECT 1 FROM message WHERE body = ?1 AND body > 0)"
                     " OR EXISTS(SELECT 1 FROM outbox WHERE body = ?1)",
                     SQL_ARGS(SQL_I(body)), &used, err);
    if (rc < 0 || used)
        return rc < 0 ? -1 : 0;
    return body_delete(c, body, err);
}

static int thread_forget(struct cache *c, int64_t thread, struct error *err)
{
    return sql_run(c,
                   "DELETE FROM reference WHERE thread = ?1"
                   " AND NOT EXISTS(SELECT 1 FROM message WHERE thread = ?1)",
                   SQL_ARGS(SQL_I(thread)), err);
}

int sweep_message(struct cache *c, int64_t message, struct error *err)
{
    int64_t needed = 0;
    if (sql_int(c,
                "SELECT EXISTS(SELECT 1 FROM placement WHERE message = ?1)"
                " OR EXISTS(SELECT 1 FROM ghost WHERE message = ?1)"
                " OR EXISTS(SELECT 1 FROM journal WHERE message = ?1)"
                " OR EXISTS(SELECT 1 FROM limbo WHERE message = ?1)",
                SQL_ARGS(SQL_I(message)), &needed, err) < 0)
        return -1;
    if (needed)
        return 0;
    sqlite3_stmt *s =
        sql_bind(c, "SELECT thread, body FROM message WHERE id = ?", SQL_ARGS(SQL_I(message)), err);
    if (s == NULL)
        return -1;
    int rc = sql_step(c, s, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    int64_t thread = sqlite3_column_int64(s, 0), body = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    if (sql_run(c, "DELETE FROM message WHERE id = ?", SQL_ARGS(SQL_I(message)), err) < 0 ||
        sql_run(c, "DELETE FROM summary WHERE message = ?", SQL_ARGS(SQL_I(message)), err) < 0 ||
        sql_run(c, "UPDATE pop SET message = 0 WHERE message = ? AND message > 0",
                SQL_ARGS(SQL_I(message)), err) < 0 ||
        thread_forget(c, thread, err) < 0)
        return -1;
    return body == 0 ? 0 : sweep_body(c, body, err);
}

int sweep_loose_bodies(struct cache *c, struct error *err)
{
    int64_t body = 0, before = clock_wall_ms() / 1000 - LOOSE_SECONDS;
    static const char find[] = "SELECT id FROM body WHERE state < 2 AND started < ? LIMIT 1";
    for (;;) {
        int rc = sql_int(c, find, SQL_ARGS(SQL_I(before)), &body, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (cache_begin(c, false, err) < 0)
            return -1;
        if (sql_end(c, body_delete(c, body, err), err) < 0)
            return -1;
    }
}
