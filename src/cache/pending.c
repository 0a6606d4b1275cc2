/* SPDX-License-Identifier: MIT */
#include "cache/pending.h"

#include "cache/journal.h"
#include "cache/place.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

int pending_op_delete(struct cache *c, int64_t op, struct error *err)
{
    return sql_run(c, "DELETE FROM journal WHERE id = ?", SQL_ARGS(SQL_I(op)), err);
}

/* Removes a placement that has no uid, and the message if that was all of it. */
static int unplace(struct cache *c, int64_t folder, int64_t message, struct error *err)
{
    if (sql_run(c, "DELETE FROM placement WHERE message = ? AND folder = ? AND uid = 0",
                SQL_ARGS(SQL_I(message), SQL_I(folder)), err) < 0)
        return -1;
    return sweep_message(c, message, err);
}

static int uid_to_ghost(struct cache *c, int64_t op, int64_t folder, uint32_t uid, int64_t taken,
                        struct error *err)
{
    if (sql_run(c, "UPDATE ghost SET uid = ? WHERE op = ?", SQL_ARGS(SQL_I(uid), SQL_I(op)), err) <
        0)
        return -1;
    if (taken == 0)
        return 0;
    if (place_delete(c, folder, taken, err) < 0)
        return -1;
    return sweep_message(c, taken, err);
}

int pending_uid(struct cache *c, int64_t folder, int64_t message, uint32_t uid, struct error *err)
{
    int64_t taken = 0, op = 0;
    if (uid == 0)
        return 0;
    if (sql_int(c, "SELECT message FROM placement WHERE folder = ? AND uid = ? AND uid > 0",
                SQL_ARGS(SQL_I(folder), SQL_I(uid)), &taken, err) < 0)
        return -1;
    if (taken == message)
        return 0;
    int rc = sql_int(c,
                     "SELECT op FROM ghost WHERE message = ? AND folder = ? AND uid = 0"
                     " ORDER BY op LIMIT 1",
                     SQL_ARGS(SQL_I(message), SQL_I(folder)), &op, err);
    if (rc <= 0)
        return rc < 0 ? -1 : uid_to_ghost(c, op, folder, uid, taken, err);
    if (taken != 0)
        return unplace(c, folder, message, err);
    return sql_run(c, "UPDATE placement SET uid = ? WHERE message = ? AND folder = ? AND uid = 0",
                   SQL_ARGS(SQL_I(uid), SQL_I(message), SQL_I(folder)), err);
}

struct source_op {
    int64_t id, target;
    enum cache_op_kind kind;
    bool begun, copied;
};

/* The next operation after number after, up to last, that takes its message from folder. 1: none.
 */
static int next_op(struct cache *c, int64_t folder, int64_t message, int64_t after, int64_t last,
                   struct source_op *out, struct error *err)
{
    sqlite3_stmt *s =
        sql_bind(c,
                 "SELECT id, target, kind, begun FROM journal WHERE message = ?"
                 " AND folder = ? AND id > ? AND id <= ? ORDER BY id LIMIT 1",
                 SQL_ARGS(SQL_I(message), SQL_I(folder), SQL_I(after), SQL_I(last)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        *out = (struct source_op){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
                                   (enum cache_op_kind)sqlite3_column_int(s, 2),
                                   sqlite3_column_int(s, 3) > 0,
                                   sqlite3_column_int(s, 3) == JOURNAL_COPIED };
        sqlite3_reset(s);
    }
    return rc;
}

/* The flags that a move was made with; those that a copy was shown with in its target, where a ghost
 * stands for it when it was moved on since. */
#define APPEND_FLAGS                                                                               \
    "coalesce((SELECT flags FROM ghost WHERE op = ?4), (SELECT flags FROM ghost"                   \
    " WHERE message = ?2 AND folder = ?3 AND uid = 0 AND op > ?4 ORDER BY op LIMIT 1),"            \
    " (SELECT flags FROM placement WHERE message = ?2 AND folder = ?3), 0)"

#define APPEND_WORDS                                                                               \
    "coalesce((SELECT coalesce(tags, keywords) FROM ghost WHERE op = ?4),"                         \
    " (SELECT coalesce(tags, keywords) FROM placement WHERE message = ?2 AND folder = ?3), '')"

/* What can no longer be moved or copied on the server is brought there from here, or given up. */
static int op_to_append(struct cache *c, const struct source_op *op, int64_t message,
                        struct error *err)
{
    int64_t body = 0;
    if (sql_int(c, "SELECT body FROM message WHERE id = ?", SQL_ARGS(SQL_I(message)), &body, err) <
        0)
        return -1;
    if (body != 0 &&
        sql_run(c,
                "UPDATE journal SET kind = ?1, folder = 0, begun = 0, minus = 0,"
                " plus = " APPEND_FLAGS ", plus_words = " APPEND_WORDS ", minus_words = ''"
                " WHERE id = ?4",
                SQL_ARGS(SQL_I(OP_APPEND), SQL_I(message), SQL_I(op->target), SQL_I(op->id)),
                err) < 0)
        return -1;
    if (ghost_delete(c, op->id, err) < 0)
        return -1;
    if (body != 0)
        return 0;
    if (pending_op_delete(c, op->id, err) < 0)
        return -1;
    return pending_drop(c, op->target, message, op->id, err);
}

static int source_lost(struct cache *c, const struct source_op *op, int64_t message,
                       struct error *err)
{
    if (op->kind == OP_FLAGS)
        return pending_op_delete(c, op->id, err);
    if (op->kind == OP_EXPUNGE || op->copied)
        return ghost_delete(c, op->id, err) < 0 ? -1 : pending_op_delete(c, op->id, err);
    if (op->begun && op->kind == OP_MOVE) /* a copy leaves its source where it is */
        return sql_run(c, "UPDATE ghost SET gone = 1 WHERE op = ?", SQL_ARGS(SQL_I(op->id)), err);
    return op_to_append(c, op, message, err);
}

/* All operations on one source are lost: those after number after, up to last. */
static int sources_lost(struct cache *c, int64_t folder, int64_t message, int64_t after,
                        int64_t last, struct error *err)
{
    struct source_op op;
    int rc;
    while ((rc = next_op(c, folder, message, after, last, &op, err)) == 0) {
        if (source_lost(c, &op, message, err) < 0)
            return -1;
        after = op.id;
    }
    return rc < 0 ? -1 : 0;
}

/* The newest operation that took the message out of folder before number before: what is older acts
 * on that source. */
static int ghost_before(struct cache *c, int64_t folder, int64_t message, int64_t before,
                        int64_t *op, struct error *err)
{
    *op = 0;
    return sql_int(c,
                   "SELECT coalesce(max(op), 0) FROM ghost WHERE message = ? AND folder = ?"
                   " AND op < ?",
                   SQL_ARGS(SQL_I(message), SQL_I(folder), SQL_I(before)), op, err) < 0
               ? -1
               : 0;
}

int pending_source_gone(struct cache *c, int64_t folder, int64_t message, uint32_t uid,
                        struct error *err)
{
    int64_t last = INT64_MAX, after = 0;
    if (sql_int(c, "SELECT op FROM ghost WHERE folder = ? AND uid = ? AND uid > 0",
                SQL_ARGS(SQL_I(folder), SQL_I(uid)), &last, err) < 0 ||
        ghost_before(c, folder, message, last, &after, err) < 0)
        return -1;
    return sources_lost(c, folder, message, after, last, err);
}

int pending_folder_gone(struct cache *c, int64_t folder, int64_t message, struct error *err)
{
    if (sql_run(c, "UPDATE journal SET begun = 0 WHERE message = ? AND folder = ? AND begun = 1",
                SQL_ARGS(SQL_I(message), SQL_I(folder)), err) < 0)
        return -1;
    return sources_lost(c, folder, message, 0, INT64_MAX, err);
}

int pending_drop(struct cache *c, int64_t folder, int64_t message, int64_t by, struct error *err)
{
    int64_t last = INT64_MAX, after = by;
    if (sql_int(c,
                "SELECT op FROM ghost WHERE message = ? AND folder = ? AND uid = 0 AND op > ?"
                " ORDER BY op LIMIT 1",
                SQL_ARGS(SQL_I(message), SQL_I(folder), SQL_I(by)), &last, err) < 0)
        return -1;
    if (by == 0 && ghost_before(c, folder, message, last, &after, err) < 0)
        return -1;
    if (sources_lost(c, folder, message, after, last, err) < 0)
        return -1;
    return last == INT64_MAX ? unplace(c, folder, message, err) : sweep_message(c, message, err);
}

int pending_settled(struct cache *c, int64_t folder, struct error *err)
{
    static const char find[] =
        "SELECT message FROM placement p WHERE folder = ?1 AND uid = 0 AND NOT EXISTS (SELECT 1"
        " FROM journal j WHERE j.message = p.message AND j.target = ?1)"
        " UNION ALL SELECT message FROM ghost g WHERE folder = ?1 AND uid = 0 AND gone = 0"
        " AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.message = g.message AND j.target = ?1"
        " AND j.id < g.op) LIMIT 1";
    for (;;) {
        int64_t message = 0;
        int rc = sql_int(c, find, SQL_ARGS(SQL_I(folder)), &message, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (pending_drop(c, folder, message, 0, err) < 0)
            return -1;
    }
}
