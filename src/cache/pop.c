/* SPDX-License-Identifier: MIT */
#include "cache/pop.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/sql.h"
#include "base/banned.h"

static struct str identity_of(const struct cache_message *m)
{
    return (struct str){ (const char *)m->identity, sizeof m->identity };
}

/* What is gone and had the name of another message that came now: it may turn up under another one
 * yet, and is known by its bytes until then. */
static int make_room(struct cache *c, const struct cache_message *m, struct str uid,
                     struct error *err)
{
    return sql_run(c,
                   "UPDATE OR REPLACE pop SET uid = CAST(uid || X'0A0A' || hex(identity) AS BLOB)"
                   " WHERE account = ?1 AND uid = ?2 AND gone_at > 0 AND identity <> ?3",
                   SQL_ARGS(SQL_I(m->account), SQL_B(uid), SQL_B(identity_of(m))), err);
}

/* The message was on the server before, under this unique-id or another. 1: it was not. SQLite by
 * itself would look through all of the account's rows. */
static int adopt(struct cache *c, const struct cache_message *m, struct str uid, struct error *err)
{
    if (make_room(c, m, uid, err) < 0 ||
        sql_run(c,
                "UPDATE OR REPLACE pop SET uid = ?1, gone_at = 0, deleting = 0 WHERE account = ?2"
                " AND uid = (SELECT uid FROM pop INDEXED BY pop_gone WHERE account = ?2"
                " AND identity = ?3 AND gone_at > 0 ORDER BY uid <> ?1 LIMIT 1)",
                SQL_ARGS(SQL_B(uid), SQL_I(m->account), SQL_B(identity_of(m))), err) < 0)
        return -1;
    return sql_changes(c) > 0 ? 0 : 1;
}

static int put_new(struct cache *c, const struct cache_message *m, int64_t folder, struct str uid,
                   struct error *err)
{
    struct cache_placement where = { .folder = folder };
    int64_t id = 0;
    int rc = cache_folder_next_uid(c, folder, &where.uid, err);
    if (rc == 1)
        return error_set(err, ERR_STORE, RETRY_LATER, _("That folder is no longer here"));
    if (rc < 0 || message_put_new(c, m, &where, &id, err) < 0)
        return -1;
    return sql_run(c,
                   "INSERT OR REPLACE INTO pop(account, uid, message, identity, fetched_at)"
                   " VALUES(?, ?, ?, ?, ?)",
                   SQL_ARGS(SQL_I(m->account), SQL_B(uid), SQL_I(id), SQL_B(identity_of(m)),
                            SQL_I(m->body != 0 ? clock_wall_ms() / 1000 : 0)),
                   err);
}

static int pop_put(struct cache *c, const struct cache_message *m, int64_t folder, struct str uid,
                   struct error *err)
{
    int64_t here = 0;
    int rc = sql_int(c, "SELECT 1 FROM pop WHERE account = ? AND uid = ? AND gone_at = 0",
                     SQL_ARGS(SQL_I(m->account), SQL_B(uid)), &here, err);
    if (rc != 1)
        return rc;
    rc = adopt(c, m, uid, err);
    return rc == 1 ? put_new(c, m, folder, uid, err) : rc;
}

int cache_pop_put(struct cache *c, const struct cache_message *m, int64_t folder, struct str uid,
                  struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, pop_put(c, m, folder, uid, err), err);
}

int cache_pop_all(struct cache *c, struct arena *a, int64_t account, struct cache_pop **out,
                  size_t *n, struct error *err)
{
    int64_t count = 0;
    *n = 0;
    if (sql_int(c, "SELECT count(*) FROM pop WHERE account = ?", SQL_ARGS(SQL_I(account)), &count,
                err) < 0)
        return -1;
    *out = arena_array(a, (size_t)count + 1, sizeof **out);
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT uid, message, fetched_at, gone_at, deleting FROM pop"
                               " WHERE account = ? ORDER BY uid LIMIT ?",
                               SQL_ARGS(SQL_I(account), SQL_I(count)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        (*out)[(*n)++] = (struct cache_pop){ .uid = sql_str(a, s, 0),
                                             .message = sqlite3_column_int64(s, 1),
                                             .fetched_at = sqlite3_column_int64(s, 2),
                                             .gone_at = sqlite3_column_int64(s, 3),
                                             .deleting = sqlite3_column_int(s, 4) != 0 };
    return rc < 0 ? -1 : 0;
}

/* One statement for each of the rows; ?1 account, ?2 uid, ?3 value. */
static int rows_run(struct cache *c, bool durable, const char *sql, int64_t account,
                    const struct str *uids, size_t n, int64_t value, struct error *err)
{
    int rc = cache_begin(c, durable, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = sql_run(c, sql, SQL_ARGS(SQL_I(account), SQL_B(uids[i]), SQL_I(value)), err);
    return sql_end(c, rc, err);
}

int cache_pop_gone(struct cache *c, int64_t account, const struct str *uids, size_t n,
                   int64_t gone_at, struct error *err)
{
    return rows_run(c, false, "UPDATE pop SET gone_at = ?3 WHERE account = ?1 AND uid = ?2",
                    account, uids, n, gone_at, err);
}

static int server_note(struct cache *c, int64_t account, int64_t server, int64_t now,
                       struct error *err)
{
    int64_t before = 0;
    int rc = sql_int(c, "SELECT value FROM meta WHERE name = 'pop server of ' || ?",
                     SQL_ARGS(SQL_I(account)), &before, err);
    if (rc < 0 || (rc == 0 && before == server))
        return rc;
    if (rc == 0 && sql_run(c, "UPDATE pop SET gone_at = ? WHERE account = ? AND gone_at = 0",
                           SQL_ARGS(SQL_I(now), SQL_I(account)), err) < 0)
        return -1;
    return sql_run(c, "INSERT OR REPLACE INTO meta VALUES('pop server of ' || ?, ?)",
                   SQL_ARGS(SQL_I(account), SQL_I(server)), err);
}

int cache_pop_server(struct cache *c, int64_t account, int64_t server, int64_t now,
                     struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, server_note(c, account, server, now, err), err);
}

int cache_pop_lies(struct cache *c, int64_t account, bool *lies, struct error *err)
{
    int64_t one;
    int rc = sql_int(c,
                     "SELECT 1 FROM meta WHERE name = 'pop server of ' || ?1 AND EXISTS (SELECT 1"
                     " FROM placement p JOIN folder f ON p.folder = f.id WHERE f.account = ?1)",
                     SQL_ARGS(SQL_I(account)), &one, err);
    *lies = rc == 0;
    return rc < 0 ? -1 : 0;
}

int cache_pop_forget(struct cache *c, int64_t account, const struct str *uids, size_t n,
                     struct error *err)
{
    return rows_run(c, false, "DELETE FROM pop WHERE account = ?1 AND uid = ?2 AND ?3 = 0", account,
                    uids, n, 0, err);
}

#define SET_DELETING "UPDATE pop SET deleting = ?3 WHERE account = ?1 AND uid = ?2"

int cache_pop_deleting(struct cache *c, int64_t account, const struct str *uids, size_t n,
                       struct error *err)
{
    return rows_run(c, true, SET_DELETING, account, uids, n, 1, err);
}

int cache_pop_kept(struct cache *c, int64_t account, const struct str *uids, size_t n,
                   struct error *err)
{
    return rows_run(c, false, SET_DELETING, account, uids, n, 0, err);
}
