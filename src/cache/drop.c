/* SPDX-License-Identifier: MIT */
#include "cache/folder.h"

#include "base/i18n.h"
#include "cache/apply.h"
#include "cache/pending.h"
#include "cache/place.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

/* The oldest operation that brings something into folder. 1: none. */
static int arrival_next(struct cache *c, int64_t folder, struct cache_op *op, struct error *err)
{
    sqlite3_stmt *s =
        sql_bind(c,
                 "SELECT id, message, folder, kind, begun FROM journal WHERE target = ?"
                 " ORDER BY id LIMIT 1",
                 SQL_ARGS(SQL_I(folder)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        *op = (struct cache_op){ .id = sqlite3_column_int64(s, 0),
                                 .message = sqlite3_column_int64(s, 1),
                                 .folder = sqlite3_column_int64(s, 2),
                                 .target = folder,
                                 .kind = (enum cache_op_kind)sqlite3_column_int(s, 3),
                                 .copied = sqlite3_column_int(s, 4) == JOURNAL_COPIED };
        sqlite3_reset(s);
    }
    return rc;
}

/* What op brings would be nowhere if it were not brought: it is made here (or its source has gone),
 * or it is a copy of what was removed since. What was moved on from there is its next operation's. */
static int is_all(struct cache *c, const struct cache_op *op, bool *all, struct error *err)
{
    int64_t bits = 0;
    if (sql_int(c,
                "SELECT EXISTS(SELECT 1 FROM placement WHERE message = ?1 AND folder = ?2)"
                " + 2 * EXISTS(SELECT 1 FROM placement WHERE message = ?1 AND folder <> ?2)"
                " + 4 * EXISTS(SELECT 1 FROM ghost WHERE message = ?1 AND folder = ?2 AND op > ?3)",
                SQL_ARGS(SQL_I(op->message), SQL_I(op->target), SQL_I(op->id)), &bits, err) < 0)
        return -1;
    *all = op->kind == OP_APPEND ? (bits & 5) == 1 : op->kind == OP_COPY && bits == 1;
    return 0;
}

/* To be brought to inbox instead, with the flags that it was shown with. */
static int redirect(struct cache *c, struct arena *a, const struct cache_op *op, int64_t inbox,
                    struct error *err)
{
    struct place p, q;
    if (place_get(c, a, op->target, op->message, &p, err) != 0)
        return -1;
    int rc = place_get(c, a, inbox, op->message, &q, err);
    if (rc <= 0)
        return rc < 0 ? -1 : pending_op_delete(c, op->id, err);
    p.folder = inbox;
    p.uid = 0;
    p.server_flags = p.flags;
    p.keywords = p.tags;
    if (place_insert(c, &p, err) < 0)
        return -1;
    return sql_run(c,
                   "UPDATE journal SET target = ?2, begun = 0, attempts = 0, retry_at = 0,"
                   " plus = iif(kind = ?5, ?3, plus), plus_words = iif(kind = ?5, ?4, plus_words)"
                   " WHERE id = ?1",
                   SQL_ARGS(SQL_I(op->id), SQL_I(inbox), SQL_I(p.flags & CACHE_SERVER_FLAGS),
                            SQL_T(p.tags), SQL_I(OP_APPEND)),
                   err);
}

/* Where mail goes that has no other place. */
static int inbox_get(struct cache *c, struct arena *a, const struct cache_folder *gone, int64_t *id,
                     struct error *err)
{
    struct cache_folder f;
    int rc = cache_folder_by_role(c, a, gone->account, ROLE_INBOX, &f, err);
    if (rc == 1) {
        f = (struct cache_folder){ .account = gone->account,
                                   .name = STR("INBOX"),
                                   .wire = STR("INBOX"),
                                   .delim = gone->delim,
                                   .role = ROLE_INBOX };
        rc = cache_folder_put(c, &f, err);
    }
    *id = f.id;
    return rc;
}

static int redirect_tell(struct cache *c, struct arena *a, const struct cache_folder *gone,
                         int64_t inbox, struct error *err)
{
    const char *text =
        arena_fmt(a, _("%.*s is not there: what was on its way there is in INBOX now"),
                  STR_ARG(gone->name));
    return sql_run(c,
                   "INSERT INTO failure(kind, message, folder, target, text) VALUES(?, 0, ?, ?, ?)",
                   SQL_ARGS(SQL_I(OP_APPEND), SQL_I(gone->id), SQL_I(inbox), SQL_T(str_c(text))),
                   err);
}

/* What was on its way into the folder stays where it is, or goes to the inbox. */
static int arrivals_undo(struct cache *c, struct arena *a, const struct cache_folder *gone,
                         struct error *err)
{
    struct cache_op op;
    int64_t inbox = 0;
    int rc;
    while ((rc = arrival_next(c, gone->id, &op, err)) == 0) {
        bool all = false;
        rc = is_all(c, &op, &all, err);
        if (rc == 0 && all && inbox == 0 && (rc = inbox_get(c, a, gone, &inbox, err)) == 0)
            rc = redirect_tell(c, a, gone, inbox, err);
        if (rc == 0 && all)
            rc = redirect(c, a, &op, inbox, err);
        else if (rc == 0)
            rc =
                op.kind == OP_APPEND ? pending_op_delete(c, op.id, err) : apply_failed(c, &op, err);
        if (rc != 0)
            return -1;
    }
    return rc < 0 ? -1 : 0;
}

/* Takes all messages out of the folder, one by one, since each may be the last place of its
 * message. What was on its way out of it is brought to its target from here. */
static int folder_empty(struct cache *c, int64_t folder, struct error *err)
{
    static const char find[] = "SELECT message FROM placement WHERE folder = ?1"
                               " UNION ALL SELECT message FROM ghost WHERE folder = ?1 LIMIT 1";
    for (;;) {
        int64_t message = 0;
        int rc = sql_int(c, find, SQL_ARGS(SQL_I(folder)), &message, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (pending_folder_gone(c, folder, message, err) < 0 ||
            place_delete(c, folder, message, err) < 0 ||
            sql_run(c, "DELETE FROM ghost WHERE folder = ? AND message = ?",
                    SQL_ARGS(SQL_I(folder), SQL_I(message)), err) < 0 ||
            sweep_message(c, message, err) < 0)
            return -1;
    }
}

static int drop(struct cache *c, struct arena *a, int64_t folder, struct error *err)
{
    struct cache_folder f;
    int rc = cache_folder_get(c, a, folder, &f, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    rc = arrivals_undo(c, a, &f, err);
    if (rc == 0)
        rc = folder_empty(c, folder, err);
    if (rc == 0)
        rc = sql_run(c, "DELETE FROM journal WHERE message = 0 AND folder = ?",
                     SQL_ARGS(SQL_I(folder)), err);
    if (rc == 0)
        rc = sql_run(c, "DELETE FROM folder WHERE id = ?", SQL_ARGS(SQL_I(folder)), err);
    return rc;
}

int cache_folder_drop(struct cache *c, int64_t folder, struct error *err)
{
    struct arena *a = arena_new(1024);
    int rc = cache_begin(c, false, err);
    if (rc == 0)
        rc = sql_end(c, drop(c, a, folder, err), err);
    arena_free(&a);
    return rc;
}
