/* SPDX-License-Identifier: MIT */
#include "cache/outbox.h"

#include "cache/sql.h"
#include "base/banned.h"

int cache_draft_put(struct cache *c, int64_t *id, int64_t account, struct str subject,
                    struct str to, struct str blob, int64_t now, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    int rc = sql_run(c,
                     "INSERT INTO draft(id, account, changed, subject, recipients, blob)"
                     " VALUES(nullif(?, 0), ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                     " account = excluded.account, changed = excluded.changed,"
                     " subject = excluded.subject, recipients = excluded.recipients,"
                     " blob = excluded.blob",
                     SQL_ARGS(SQL_I(*id), SQL_I(account), SQL_I(now), SQL_T(subject), SQL_T(to),
                              SQL_B(blob)),
                     err);
    if (rc == 0 && *id == 0)
        *id = sqlite3_last_insert_rowid(c->db);
    return sql_end(c, rc, err);
}

int cache_draft_get(struct cache *c, struct arena *a, int64_t id, struct str *blob,
                    struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, "SELECT blob FROM draft WHERE id = ?", SQL_ARGS(SQL_I(id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        *blob = sql_str(a, s, 0);
        sqlite3_reset(s);
    }
    return rc;
}

int cache_draft_entry(struct cache *c, int64_t id, int64_t *entry, struct error *err)
{
    return sql_int(c, "SELECT outbox FROM draft WHERE id = ? AND outbox > 0", SQL_ARGS(SQL_I(id)),
                   entry, err);
}

static int draft_drop(struct cache *c, int64_t id, struct error *err)
{
    int64_t entry = 0;
    int rc = sql_int(c,
                     "SELECT o.id FROM draft d JOIN outbox o ON o.id = d.outbox WHERE d.id = ?"
                     " AND o.state = ?",
                     SQL_ARGS(SQL_I(id), SQL_I(OUTBOX_FAILED)), &entry, err);
    if (rc == 0)
        rc = cache_outbox_cancel(c, entry, err);
    if (rc < 0)
        return -1;
    return sql_run(c, "DELETE FROM draft WHERE id = ?", SQL_ARGS(SQL_I(id)), err);
}

int cache_draft_drop(struct cache *c, int64_t id, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, draft_drop(c, id, err), err);
}

int cache_draft_list(struct cache *c, struct arena *a, struct draft_row **out, size_t *n,
                     struct error *err)
{
    int64_t room = 0;
    *n = 0;
    if (sql_int(c, "SELECT count(*) FROM draft", SQL_NONE, &room, err) < 0)
        return -1;
    *out = arena_array(a, (size_t)room + 1, sizeof **out);
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT d.id, d.account, d.changed, d.subject, d.recipients,"
                               " coalesce(o.reason, '') FROM draft d LEFT JOIN outbox o"
                               " ON o.id = d.outbox AND o.state = ?1 WHERE d.outbox = 0 OR o.id > 0"
                               " ORDER BY o.id IS NULL, d.changed DESC, d.id DESC LIMIT ?2",
                               SQL_ARGS(SQL_I(OUTBOX_FAILED), SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && *n < (size_t)room && (rc = sql_step(c, s, err)) == 0)
        (*out)[(*n)++] = (struct draft_row){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
                                             sqlite3_column_int64(s, 2), sql_str(a, s, 3),
                                             sql_str(a, s, 4),           sql_str(a, s, 5) };
    sqlite3_reset(s);
    return rc < 0 ? -1 : 0;
}
