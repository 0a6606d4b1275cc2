/* SPDX-License-Identifier: MIT */
#include "cache/folder.h"

#include "base/i18n.h"
#include "cache/sql.h"
#include "base/banned.h"

#define COLUMNS                                                                                    \
    "SELECT id, account, name, wire, delim, role, flags, uidvalidity, uidnext, highestmodseq,"     \
    " total, unread, synced_at, there, there_unseen, compared_at, offline FROM folder "

static void folder_row(struct arena *a, sqlite3_stmt *s, struct cache_folder *f)
{
    *f = (struct cache_folder){
        .id = sqlite3_column_int64(s, 0),
        .account = sqlite3_column_int64(s, 1),
        .name = sql_str(a, s, 2),
        .wire = sql_str(a, s, 3),
        .delim = (char)sqlite3_column_int(s, 4),
        .role = (enum cache_role)sqlite3_column_int(s, 5),
        .flags = (unsigned)sqlite3_column_int64(s, 6),
        .uidvalidity = (uint32_t)sqlite3_column_int64(s, 7),
        .uidnext = (uint32_t)sqlite3_column_int64(s, 8),
        .highestmodseq = (uint64_t)sqlite3_column_int64(s, 9),
        .total = sqlite3_column_int64(s, 10),
        .unread = sqlite3_column_int64(s, 11),
        .synced_at = sqlite3_column_int64(s, 12),
        .there = sqlite3_column_int64(s, 13),
        .there_unseen = sqlite3_column_int64(s, 14),
        .compared_at = sqlite3_column_int64(s, 15),
        .offline = sqlite3_column_int(s, 16),
    };
}

static int folder_one(struct cache *c, struct arena *a, const char *sql, const struct sql_arg *args,
                      size_t n, struct cache_folder *out, struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, sql, args, n, err);
    if (s == NULL)
        return -1;
    int rc = sql_step(c, s, err);
    if (rc == 0) {
        folder_row(a, s, out);
        sqlite3_reset(s);
    }
    return rc;
}

int cache_account_id(struct cache *c, struct str name, int64_t *id, struct error *err)
{
    static const char find[] = "SELECT id FROM account WHERE name = ?";
    int rc = sql_int(c, find, SQL_ARGS(SQL_T(name)), id, err);
    if (rc != 1)
        return rc;
    if (sql_run(c, "INSERT OR IGNORE INTO account(name) VALUES(?)", SQL_ARGS(SQL_T(name)), err) < 0)
        return -1;
    return sql_int(c, find, SQL_ARGS(SQL_T(name)), id, err);
}

int cache_account_name(struct cache *c, struct arena *a, int64_t account, struct str *out,
                       struct error *err)
{
    *out = STR("");
    sqlite3_stmt *s =
        sql_bind(c, "SELECT name FROM account WHERE id = ?", SQL_ARGS(SQL_I(account)), err);
    if (s == NULL)
        return -1;
    int rc = sql_step(c, s, err);
    if (rc == 0) {
        *out = sql_str(a, s, 0);
        sqlite3_reset(s);
    }
    return rc < 0 ? -1 : 0;
}

int cache_account_caps(struct cache *c, int64_t account, uint64_t *caps, struct error *err)
{
    int64_t bits = 0;
    int rc = sql_int(c, "SELECT value FROM meta WHERE name = 'server of ' || ?",
                     SQL_ARGS(SQL_I(account)), &bits, err);
    *caps = (uint64_t)bits;
    return rc < 0 ? -1 : 0;
}

int cache_account_caps_put(struct cache *c, int64_t account, uint64_t caps, struct error *err)
{
    return sql_run(c, "INSERT OR REPLACE INTO meta VALUES('server of ' || ?, ?)",
                   SQL_ARGS(SQL_I(account), SQL_I(caps)), err);
}

int cache_folder_put(struct cache *c, struct cache_folder *f, struct error *err)
{
    if (sql_run(c,
                "INSERT INTO folder(account, name, wire, delim, role, flags)"
                " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(account, name) DO UPDATE SET"
                " wire = excluded.wire, delim = excluded.delim, role = excluded.role,"
                " flags = excluded.flags | (flags & 24)", /* FOLDER_NEW, FOLDER_REMOVED */
                SQL_ARGS(SQL_I(f->account), SQL_T(f->name), SQL_B(f->wire), SQL_I(f->delim),
                         SQL_I(f->role), SQL_I(f->flags)),
                err) < 0)
        return -1;
    int rc = sql_int(c, "SELECT id FROM folder WHERE account = ? AND name = ?",
                     SQL_ARGS(SQL_I(f->account), SQL_T(f->name)), &f->id, err);
    return rc == 0 ? 0 : -1;
}

int cache_folder_rename(struct cache *c, int64_t folder, struct str name, struct error *err)
{
    return sql_run(c, "UPDATE folder SET name = ? WHERE id = ?",
                   SQL_ARGS(SQL_T(name), SQL_I(folder)), err);
}

int cache_folder_state(struct cache *c, const struct cache_folder *f, struct error *err)
{
    return sql_run(c,
                   "UPDATE folder SET uidvalidity = ?, uidnext = ?, highestmodseq = ?,"
                   " synced_at = ?, there = ?, there_unseen = ?, compared_at = ?, offline = ?"
                   " WHERE id = ?",
                   SQL_ARGS(SQL_I(f->uidvalidity), SQL_I(f->uidnext), SQL_I(f->highestmodseq),
                            SQL_I(f->synced_at), SQL_I(f->there), SQL_I(f->there_unseen),
                            SQL_I(f->compared_at), SQL_I(f->offline), SQL_I(f->id)),
                   err);
}

static int next_uid(struct cache *c, int64_t folder, int64_t *uid, struct error *err)
{
    int rc = sql_int(c,
                     "SELECT max(uidnext, 1 + coalesce((SELECT max(uid) FROM placement"
                     " WHERE folder = ?1 AND uid > 0), 0)) FROM folder WHERE id = ?1",
                     SQL_ARGS(SQL_I(folder)), uid, err);
    if (rc != 0)
        return rc;
    if (*uid >= UINT32_MAX)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("That folder can take no more mail"));
    return sql_run(c, "UPDATE folder SET uidnext = ? WHERE id = ?",
                   SQL_ARGS(SQL_I(*uid + 1), SQL_I(folder)), err);
}

int cache_folder_next_uid(struct cache *c, int64_t folder, uint32_t *uid, struct error *err)
{
    int64_t next = 0;
    if (cache_begin(c, false, err) < 0)
        return -1;
    int rc = sql_end(c, next_uid(c, folder, &next, err), err);
    *uid = (uint32_t)next;
    return rc;
}

int cache_folders(struct cache *c, struct arena *a, int64_t account, struct cache_folder **out,
                  size_t *n, struct error *err)
{
    int64_t count = 0;
    if (sql_int(c, "SELECT count(*) FROM folder WHERE ?1 = 0 OR account = ?1",
                SQL_ARGS(SQL_I(account)), &count, err) < 0)
        return -1;
    size_t room = (size_t)count + 8; /* another program may add some meanwhile */
    *out = arena_array(a, room, sizeof **out);
    *n = 0;
    sqlite3_stmt *s =
        sql_bind(c,
                 COLUMNS "WHERE (?1 = 0 OR account = ?1) AND (flags & 16) = 0" /* REMOVED */
                         " ORDER BY account, role = 0, role, name",
                 SQL_ARGS(SQL_I(account)), err);
    if (s == NULL)
        return -1;
    int rc;
    while ((rc = sql_step(c, s, err)) == 0 && *n < room)
        folder_row(a, s, &(*out)[(*n)++]);
    sqlite3_reset(s);
    return rc < 0 ? -1 : 0;
}

int cache_folder_get(struct cache *c, struct arena *a, int64_t folder, struct cache_folder *out,
                     struct error *err)
{
    return folder_one(c, a, COLUMNS "WHERE id = ?", SQL_ARGS(SQL_I(folder)), out, err);
}

int cache_folder_by_name(struct cache *c, struct arena *a, int64_t account, struct str name,
                         struct cache_folder *out, struct error *err)
{
    return folder_one(c, a, COLUMNS "WHERE account = ? AND name = ? AND (flags & 16) = 0",
                      SQL_ARGS(SQL_I(account), SQL_T(name)), out, err);
}

int cache_folder_by_role(struct cache *c, struct arena *a, int64_t account, enum cache_role role,
                         struct cache_folder *out, struct error *err)
{
    return folder_one(c, a,
                      COLUMNS
                      "WHERE account = ? AND role = ? AND (flags & 16) = 0 ORDER BY id LIMIT 1",
                      SQL_ARGS(SQL_I(account), SQL_I(role)), out, err);
}
