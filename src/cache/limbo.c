/* SPDX-License-Identifier: MIT */
#include "cache/message.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

enum { SWEPT_AT_ONCE = 100 };

int cache_place_left(struct cache *c, int64_t folder, uint32_t uid, int64_t since,
                     struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    int rc = sql_run(c,
                     "INSERT OR IGNORE INTO limbo SELECT m.id, m.account, ?3 FROM message m"
                     " WHERE m.id IN (SELECT message FROM placement WHERE folder = ?1 AND uid = ?2"
                     " AND uid > 0) AND NOT EXISTS (SELECT 1 FROM placement p"
                     " WHERE p.message = m.id AND p.folder <> ?1)",
                     SQL_ARGS(SQL_I(folder), SQL_I(uid), SQL_I(since)), err);
    if (rc == 0)
        rc = cache_place_gone(c, folder, uid, err);
    return sql_end(c, rc, err);
}

int cache_folder_left(struct cache *c, int64_t folder, int64_t since, struct error *err)
{
    return sql_run(c,
                   "INSERT OR IGNORE INTO limbo SELECT m.id, m.account, ?2 FROM message m"
                   " WHERE m.id IN (SELECT message FROM placement WHERE folder = ?1 AND uid > 0)",
                   SQL_ARGS(SQL_I(folder), SQL_I(since)), err);
}

int cache_objectid_any(struct cache *c, int64_t account, bool *any, struct error *err)
{
    int64_t there = 0;
    int rc = sql_int(c,
                     "SELECT EXISTS (SELECT 1 FROM message WHERE account = ?"
                     " AND objectid IS NOT NULL)",
                     SQL_ARGS(SQL_I(account)), &there, err);
    *any = there != 0;
    return rc < 0 ? -1 : 0;
}

int cache_limbo_any(struct cache *c, int64_t account, bool *any, struct error *err)
{
    int64_t there = 0;
    int rc = sql_int(c, "SELECT EXISTS (SELECT 1 FROM limbo WHERE account = ?)",
                     SQL_ARGS(SQL_I(account)), &there, err);
    *any = there != 0;
    return rc < 0 ? -1 : 0;
}

static int sweep_some(struct cache *c, int64_t account, int64_t before, struct error *err)
{
    for (int i = 0; i < SWEPT_AT_ONCE; i++) {
        int64_t message = 0;
        int rc = sql_int(c,
                         "SELECT message FROM limbo WHERE account = ? AND since < ?"
                         " ORDER BY since LIMIT 1",
                         SQL_ARGS(SQL_I(account), SQL_I(before)), &message, err);
        if (rc != 0)
            return rc;
        if (sql_run(c, "DELETE FROM limbo WHERE message = ?", SQL_ARGS(SQL_I(message)), err) < 0 ||
            sweep_message(c, message, err) < 0)
            return -1;
    }
    return 0;
}

int cache_limbo_sweep(struct cache *c, int64_t account, int64_t before, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, sweep_some(c, account, before, err), err);
}
