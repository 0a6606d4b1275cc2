/* SPDX-License-Identifier: MIT */
#include "cache/journal.h"

#include "cache/apply.h"
#include "cache/pending.h"
#include "cache/sql.h"
#include "base/banned.h"

static int step_new(struct cache *c, int64_t *step, struct error *err)
{
    if (*step != 0)
        return 0;
    if (sql_run(c, "INSERT INTO step DEFAULT VALUES", SQL_NONE, err) < 0)
        return -1;
    *step = sqlite3_last_insert_rowid(c->db);
    int64_t oldest = *step - CACHE_UNDO_STEPS;
    if (sql_run(c, "DELETE FROM undo WHERE step <= ?", SQL_ARGS(SQL_I(oldest)), err) < 0)
        return -1;
    return sql_run(c, "DELETE FROM step WHERE id <= ?", SQL_ARGS(SQL_I(oldest)), err);
}

static int step_record(struct cache *c, int64_t *step, size_t n, const struct cache_op *effect,
                       struct error *err)
{
    if (effect->message == 0 || effect->quiet || effect->kind == OP_APPEND)
        return 0;
    if (step_new(c, step, err) < 0)
        return -1;
    return sql_run(c, "INSERT INTO undo VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   SQL_ARGS(SQL_I(*step), SQL_I(n), SQL_I(effect->kind), SQL_I(effect->message),
                            SQL_I(effect->folder), SQL_I(effect->target), SQL_I(effect->add),
                            SQL_I(effect->del), SQL_T(str_c(effect->words_add)),
                            SQL_T(str_c(effect->words_del))),
                   err);
}

static int add_all(struct cache *c, const struct cache_op *ops, size_t n, int64_t *id,
                   struct error *err)
{
    int64_t step = 0;
    for (size_t i = 0; i < n; i++) {
        struct cache_op effect;
        if (apply_op(c, &ops[i], id, &effect, err) < 0 ||
            step_record(c, &step, i, &effect, err) < 0)
            return -1;
    }
    return 0;
}

int cache_journal_add(struct cache *c, const struct cache_op *op, int64_t *op_id, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, add_all(c, op, 1, op_id, err), err);
}

int cache_journal_add_all(struct cache *c, const struct cache_op *ops, size_t n, struct error *err)
{
    int64_t id = 0;
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, add_all(c, ops, n, &id, err), err);
}

/* The words that stand in two columns of s. */
static void op_words(sqlite3_stmt *s, int column, struct cache_op *op)
{
    words_copy(op->words_add, sql_col(s, column));
    words_copy(op->words_del, sql_col(s, column + 1));
}

/* Takes the newest record of the newest step off. 1: there is none. */
static int record_take(struct cache *c, int64_t step, struct cache_op *effect, struct error *err)
{
    int64_t n = 0;
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT n, kind, message, folder, target, plus, minus, plus_words,"
                               " minus_words FROM undo"
                               " WHERE step = ? ORDER BY n DESC LIMIT 1",
                               SQL_ARGS(SQL_I(step)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc != 0)
        return rc;
    n = sqlite3_column_int64(s, 0);
    *effect = (struct cache_op){ .kind = (enum cache_op_kind)sqlite3_column_int(s, 1),
                                 .message = sqlite3_column_int64(s, 2),
                                 .folder = sqlite3_column_int64(s, 3),
                                 .target = sqlite3_column_int64(s, 4),
                                 .add = (unsigned)sqlite3_column_int64(s, 5),
                                 .del = (unsigned)sqlite3_column_int64(s, 6) };
    op_words(s, 7, effect);
    sqlite3_reset(s);
    return sql_run(c, "DELETE FROM undo WHERE step = ? AND n = ?", SQL_ARGS(SQL_I(step), SQL_I(n)),
                   err);
}

/* Undoes one step, its records from the last to the first. 1: nothing of it could be undone. */
static int step_undo(struct cache *c, int64_t step, int64_t *folder, int64_t *message,
                     struct error *err)
{
    struct cache_op effect;
    int rc, undone = 1;
    while ((rc = record_take(c, step, &effect, err)) == 0) {
        rc = apply_inverse(c, &effect, err);
        if (rc < 0)
            return -1;
        if (rc == 0) {
            *folder = effect.folder;
            *message = effect.message;
            undone = 0;
        }
    }
    if (rc < 0 || sql_run(c, "DELETE FROM step WHERE id = ?", SQL_ARGS(SQL_I(step)), err) < 0)
        return -1;
    return undone;
}

static int undo(struct cache *c, int64_t *folder, int64_t *message, struct error *err)
{
    for (;;) {
        int64_t step = 0;
        int rc = sql_int(c, "SELECT id FROM step ORDER BY id DESC LIMIT 1", SQL_NONE, &step, err);
        if (rc != 0)
            return rc;
        rc = step_undo(c, step, folder, message, err);
        if (rc != 1)
            return rc;
    }
}

int cache_journal_undo(struct cache *c, int64_t *folder, int64_t *message, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, undo(c, folder, message, err), err);
}

/* An operation with the uid of its source: its own ghost's, or that of the next operation which
 * took the message from there, or the placement's. */
#define OPERATION                                                                                  \
    "SELECT id, account, message, folder, target, kind, plus, minus, begun, attempts, retry_at,"   \
    " coalesce((SELECT uid FROM ghost g WHERE g.message = j.message AND g.folder = j.folder"       \
    " AND g.op >= j.id ORDER BY g.op LIMIT 1), (SELECT uid FROM placement p"                       \
    " WHERE p.message = j.message AND p.folder = j.folder), 0) AS uid, plus_words, minus_words"    \
    " FROM journal j "

/* Its predecessor is done, and it has what it needs; ?2 is OP_APPEND. What has no message is about a
 * folder: it waits for all that is older there, and all that is newer waits for it. */
#define CAN_GO                                                                                     \
    "NOT EXISTS (SELECT 1 FROM journal b WHERE b.message = j.message AND b.id < j.id"              \
    " AND b.account = j.account) AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.message = 0 AND " \
    "b.id < j.id"                                                                                  \
    " AND b.folder IN (j.folder, j.target))"                                                       \
    " AND (j.message <> 0 OR NOT EXISTS (SELECT 1 FROM journal b WHERE b.id < j.id"                \
    " AND j.folder IN (b.folder, b.target)))"                                                      \
    " AND (kind = ?2 OR begun > 0 OR uid > 0 OR j.message = 0)"

static void op_row(sqlite3_stmt *s, struct cache_op *op)
{
    *op = (struct cache_op){
        .id = sqlite3_column_int64(s, 0),
        .account = sqlite3_column_int64(s, 1),
        .message = sqlite3_column_int64(s, 2),
        .folder = sqlite3_column_int64(s, 3),
        .target = sqlite3_column_int64(s, 4),
        .kind = (enum cache_op_kind)sqlite3_column_int(s, 5),
        .add = (unsigned)sqlite3_column_int64(s, 6),
        .del = (unsigned)sqlite3_column_int64(s, 7),
        .begun = sqlite3_column_int(s, 8) > 0,
        .copied = sqlite3_column_int(s, 8) == JOURNAL_COPIED,
        .attempts = (unsigned)sqlite3_column_int64(s, 9),
        .retry_at = sqlite3_column_int64(s, 10),
        .uid = (uint32_t)sqlite3_column_int64(s, 11),
    };
    op_words(s, 12, op);
}

int cache_journal_due(struct cache *c, int64_t account, int64_t now, struct cache_op *ops,
                      size_t *n, struct error *err)
{
    size_t room = *n;
    *n = 0;
    sqlite3_stmt *s = sql_bind(
        c, OPERATION "WHERE account = ?1 AND retry_at <= ?3 AND " CAN_GO " ORDER BY id LIMIT ?4",
        SQL_ARGS(SQL_I(account), SQL_I(OP_APPEND), SQL_I(now), SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && *n < room && (rc = sql_step(c, s, err)) == 0)
        op_row(s, &ops[(*n)++]);
    sqlite3_reset(s);
    return rc < 0 ? -1 : 0;
}

static int begin_all(struct cache *c, const int64_t *op_ids, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (sql_run(c, "UPDATE journal SET begun = 1 WHERE id = ?", SQL_ARGS(SQL_I(op_ids[i])),
                    err) < 0)
            return -1;
        if (sql_changes(c) == 0)
            return 1;
    }
    return 0;
}

int cache_journal_begin(struct cache *c, const int64_t *op_ids, size_t n, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    int rc = begin_all(c, op_ids, n, err);
    if (rc == 1) {
        cache_rollback(c);
        return 1;
    }
    return sql_end(c, rc, err);
}

static int op_get(struct cache *c, int64_t id, struct cache_op *op, struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, OPERATION "WHERE id = ?", SQL_ARGS(SQL_I(id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        op_row(s, op);
        sqlite3_reset(s);
    }
    return rc;
}

static int copied_one(struct cache *c, int64_t id, uint32_t uid, struct error *err)
{
    struct cache_op op;
    int rc = op_get(c, id, &op, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (sql_run(c, "UPDATE journal SET begun = ? WHERE id = ?",
                SQL_ARGS(SQL_I(JOURNAL_COPIED), SQL_I(id)), err) < 0)
        return -1;
    return pending_uid(c, op.target, op.message, uid, err);
}

int cache_journal_copied(struct cache *c, const int64_t *op_ids, const uint32_t *uids, size_t n,
                         struct error *err)
{
    int rc = cache_begin(c, true, err);
    if (rc < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = copied_one(c, op_ids[i], uids[i], err);
    return sql_end(c, rc, err);
}

static int failure_keep(struct cache *c, const struct cache_op *op, const struct error *why,
                        struct error *err)
{
    if (sql_run(c, "INSERT INTO failure(kind, message, folder, target, text) VALUES(?, ?, ?, ?, ?)",
                SQL_ARGS(SQL_I(op->kind), SQL_I(op->message), SQL_I(op->folder), SQL_I(op->target),
                         SQL_T(str_c(why == NULL ? "" : why->text))),
                err) < 0)
        return -1;
    return sql_run(c, "DELETE FROM failure WHERE id <= (SELECT max(id) FROM failure) - ?",
                   SQL_ARGS(SQL_I(CACHE_FAILURES_MAX)), err);
}

/* When the source went away while the operation was under way, it is known now that it was not this
 * that took it. */
static int op_later(struct cache *c, const struct cache_op *op, struct error *err)
{
    int64_t gone = 0;
    if (sql_run(c,
                "UPDATE journal SET begun = iif(begun = ?, begun, 0), attempts = attempts + 1,"
                " retry_at = ? WHERE id = ?",
                SQL_ARGS(SQL_I(JOURNAL_COPIED), SQL_I(op->retry_at), SQL_I(op->id)), err) < 0 ||
        sql_int(c, "SELECT gone FROM ghost WHERE op = ?", SQL_ARGS(SQL_I(op->id)), &gone, err) < 0)
        return -1;
    return gone ? pending_source_gone(c, op->folder, op->message, op->uid, err) : 0;
}

static int op_close(struct cache *c, int64_t op_id, enum cache_fate fate, uint32_t uid,
                    int64_t retry_at, const struct error *why, struct error *err)
{
    struct cache_op op;
    int rc = op_get(c, op_id, &op, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    op.retry_at = retry_at;
    if (fate == FATE_DONE)
        return apply_done(c, &op, uid, err);
    if (fate == FATE_LATER)
        return op_later(c, &op, err);
    return failure_keep(c, &op, why, err) < 0 ? -1 : apply_failed(c, &op, err);
}

int cache_journal_close(struct cache *c, int64_t op_id, enum cache_fate fate, uint32_t uid,
                        int64_t retry_at, const struct error *why, struct error *err)
{
    /* A DONE that a crash takes back leaves a begun operation, and that is looked into anyway. */
    if (cache_begin(c, fate == FATE_FAILED, err) < 0)
        return -1;
    return sql_end(c, op_close(c, op_id, fate, uid, retry_at, why, err), err);
}

int cache_journal_pending(struct cache *c, int64_t account, int64_t *n, int64_t *next_due,
                          struct error *err)
{
    const struct sql_arg args[] = { SQL_I(account), SQL_I(OP_APPEND) };
    if (sql_int(c, "SELECT count(*) FROM journal WHERE ?1 = 0 OR account = ?1", args, 1, n, err) <
        0)
        return -1;
    int rc = sql_int(c,
                     "SELECT coalesce(min(max(retry_at, 1)), 0) FROM (" OPERATION
                     "WHERE (?1 = 0 OR account = ?1) AND " CAN_GO ")",
                     args, COUNT(args), next_due, err);
    return rc < 0 ? -1 : 0;
}

int cache_journal_failures(struct cache *c, struct arena *a, struct cache_failure **out, size_t *n,
                           struct error *err)
{
    *n = 0;
    *out = arena_array(a, CACHE_FAILURES_MAX, sizeof **out);
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT id, message, folder, target, kind, text FROM failure"
                               " ORDER BY id DESC LIMIT ?",
                               SQL_ARGS(SQL_I(CACHE_FAILURES_MAX)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        (*out)[(*n)++] = (struct cache_failure){ sqlite3_column_int64(s, 0),
                                                 sqlite3_column_int64(s, 1),
                                                 sqlite3_column_int64(s, 2),
                                                 sqlite3_column_int64(s, 3),
                                                 (enum cache_op_kind)sqlite3_column_int(s, 4),
                                                 sql_str(a, s, 5) };
    return rc < 0 ? -1 : 0;
}

int cache_journal_forget(struct cache *c, int64_t failure, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(
        c, sql_run(c, "DELETE FROM failure WHERE ?1 = 0 OR id = ?1", SQL_ARGS(SQL_I(failure)), err),
        err);
}
