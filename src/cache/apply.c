/* SPDX-License-Identifier: MIT */
#include "cache/apply.h"

#include "base/i18n.h"
#include "cache/folder_op.h"
#include "cache/pending.h"
#include "cache/place.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

static int op_insert(struct cache *c, const struct cache_op *op, int64_t *id, struct error *err)
{
    if (sql_run(c,
                "INSERT INTO journal(account, message, folder, target, kind, plus, minus,"
                " plus_words, minus_words) SELECT account, ?, ?, ?, ?, ?, ?, ?, ? FROM folder"
                " WHERE id = ?",
                SQL_ARGS(SQL_I(op->message), SQL_I(op->folder), SQL_I(op->target), SQL_I(op->kind),
                         SQL_I(op->add), SQL_I(op->del), SQL_T(str_c(op->words_add)),
                         SQL_T(str_c(op->words_del)),
                         SQL_I(op->kind == OP_APPEND ? op->target : op->folder)),
                err) < 0)
        return -1;
    if (sql_changes(c) == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("That folder is no longer here"));
    *id = sqlite3_last_insert_rowid(c->db);
    return 0;
}

/* A flag operation that is open, not begun, and has nothing behind it on the same source: the next
 * one melts into it. */
static int flags_open(struct cache *c, const struct cache_op *op, struct cache_op *open,
                      struct error *err)
{
    *open = (struct cache_op){ .id = 0 };
    sqlite3_stmt *s =
        sql_bind(c,
                 "SELECT id, plus, minus, plus_words, minus_words FROM journal WHERE message = ?1"
                 " AND folder = ?2 AND kind = ?3 AND begun = 0 AND id >"
                 " (SELECT coalesce(max(id), 0) FROM journal WHERE message = ?1"
                 " AND (kind <> ?3 OR begun > 0)) ORDER BY id DESC LIMIT 1",
                 SQL_ARGS(SQL_I(op->message), SQL_I(op->folder), SQL_I(OP_FLAGS)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        open->id = sqlite3_column_int64(s, 0);
        open->add = (unsigned)sqlite3_column_int64(s, 1);
        open->del = (unsigned)sqlite3_column_int64(s, 2);
        words_copy(open->words_add, sql_col(s, 3));
        words_copy(open->words_del, sql_col(s, 4));
        sqlite3_reset(s);
    }
    return rc < 0 ? -1 : 0;
}

static bool is_empty(const struct cache_op *op)
{
    return op->add == 0 && op->del == 0 && op->words_add[0] == '\0' && op->words_del[0] == '\0';
}

/* In the place of the open one, under a new number: the engine may just have read that one, and must
 * not close as done what it has not seen. */
static int flags_record(struct cache *c, const struct cache_op *op, int64_t open, int64_t *id,
                        struct error *err)
{
    *id = 0;
    if (open != 0 && pending_op_delete(c, open, err) < 0)
        return -1;
    return is_empty(op) ? 0 : op_insert(c, op, id, err);
}

/* Of the words of one side: those that are still of use where base is what the server will have. */
static int side_melt(struct str open, struct str add, struct str del, struct str base, bool in,
                     char out[CACHE_WORDS_MAX], struct error *err)
{
    struct buf all = BUF_INIT(2 * CACHE_WORDS_MAX), kept = BUF_INIT(2 * CACHE_WORDS_MAX);
    words_lay(open, add, del, &all);
    words_filter(buf_str(&all), base, in, &kept);
    bool fits = kept.len < CACHE_WORDS_MAX;
    words_copy(out, buf_str(&kept));
    buf_free(&all);
    buf_free(&kept);
    return fits ? 0
                : error_set(err, ERR_LIMIT, RETRY_LATER,
                            _("too many tags of this message wait for the server"));
}

/* all: what open and op come to together; effect: what op changes of what is shown. */
static int words_melt(struct cache *c, const struct cache_op *op, const struct cache_op *open,
                      const struct place *p, struct cache_op *all, struct cache_op *effect,
                      struct error *err)
{
    struct str add = str_c(op->words_add), del = str_c(op->words_del);
    struct buf base = BUF_INIT(16 << 10);
    int rc = place_lay_words(c, op->folder, op->message, open->id != 0 ? open->id : INT64_MAX,
                             p->keywords, &base, err);
    if (rc == 0)
        rc =
            side_melt(str_c(open->words_add), add, del, buf_str(&base), false, all->words_add, err);
    if (rc == 0)
        rc = side_melt(str_c(open->words_del), del, add, buf_str(&base), true, all->words_del, err);
    if (rc == 0)
        rc = side_melt(STR(""), add, STR(""), p->tags, false, effect->words_add, err);
    if (rc == 0)
        rc = side_melt(STR(""), del, add, p->tags, true, effect->words_del, err);
    buf_free(&base);
    return rc;
}

static int flags_apply(struct cache *c, const struct cache_op *op, const struct place *p,
                       int64_t *id, struct cache_op *effect, struct error *err)
{
    struct cache_op open, all = *op;
    unsigned base = 0, add = op->add & CACHE_SERVER_FLAGS,
             del = op->del & CACHE_SERVER_FLAGS & ~add;
    if (flags_open(c, op, &open, err) < 0 ||
        place_lay(c, op->folder, op->message, open.id != 0 ? open.id : INT64_MAX, p->server_flags,
                  &base, err) < 0)
        return -1;
    all.add = ((open.add & ~del) | add) & ~base;
    all.del = ((open.del & ~add) | del) & base;
    effect->add = add & ~p->flags;
    effect->del = del & p->flags;
    if (words_melt(c, op, &open, p, &all, effect, err) < 0)
        return -1;
    if (is_empty(effect))
        effect->message = 0;
    if (flags_record(c, &all, open.id, id, err) < 0)
        return -1;
    return place_relay(c, op->folder, op->message, err);
}

/* The message's newest open move, if it is not begun and is what op takes back. 1: none such. */
static int move_open(struct cache *c, const struct cache_op *op, int64_t *id, struct error *err)
{
    return sql_int(c,
                   "SELECT id FROM journal WHERE message = ?1 AND folder = ?2 AND target = ?3"
                   " AND kind = ?4 AND begun = 0 AND NOT EXISTS (SELECT 1 FROM journal j"
                   " WHERE j.message = ?1 AND j.id > journal.id AND j.kind <> ?5)",
                   SQL_ARGS(SQL_I(op->message), SQL_I(op->target), SQL_I(op->folder),
                            SQL_I(OP_MOVE), SQL_I(OP_FLAGS)),
                   id, err);
}

/* What comes after op for the place that it did not reach acts on the place that it did not leave.
 */
static int repoint(struct cache *c, const struct cache_op *op, struct error *err)
{
    return sql_run(
        c, "UPDATE journal SET folder = ? WHERE message = ? AND folder = ? AND id > ?",
        SQL_ARGS(SQL_I(op->folder), SQL_I(op->message), SQL_I(op->target), SQL_I(op->id)), err);
}

/* 0: what waits in op's target was brought there by op. 1: it lay there already, on the server or
 * because of an older open operation, or stays there, since the server has copied it. */
static int brought(struct cache *c, const struct cache_op *op, struct error *err)
{
    int64_t older = 0;
    if (op->copied)
        return 1;
    int rc = sql_int(c,
                     "SELECT EXISTS(SELECT 1 FROM journal j WHERE j.message = ?1 AND j.target = ?2"
                     " AND j.id < ?3 AND NOT EXISTS (SELECT 1 FROM ghost g WHERE g.message = ?1"
                     " AND g.folder = ?2 AND g.op > j.id AND g.op < ?3))"
                     " OR EXISTS(SELECT 1 FROM placement p WHERE p.message = ?1 AND p.folder = ?2"
                     " AND p.uid > 0)",
                     SQL_ARGS(SQL_I(op->message), SQL_I(op->target), SQL_I(op->id)), &older, err);
    return rc < 0 ? -1 : older != 0;
}

/* Undoes a move that the server never made: the ghost comes back, the pending placement goes. */
static int move_undo(struct cache *c, const struct cache_op *op, struct error *err)
{
    int rc = brought(c, op, err);
    if (rc == 0 && (repoint(c, op, err) < 0 ||
                    sql_run(c, "DELETE FROM placement WHERE message = ? AND folder = ? AND uid = 0",
                            SQL_ARGS(SQL_I(op->message), SQL_I(op->target)), err) < 0))
        rc = -1;
    if (rc < 0 || ghost_restore(c, op->id, err) < 0)
        return -1;
    return pending_op_delete(c, op->id, err);
}

/* A pending placement in target, shown with the flags that it has where it comes from. */
static int arrive(struct cache *c, const struct cache_op *op, const struct place *p,
                  struct error *err)
{
    int64_t there = 0;
    int rc = sql_int(c, "SELECT 1 FROM placement WHERE message = ? AND folder = ?",
                     SQL_ARGS(SQL_I(op->message), SQL_I(op->target)), &there, err);
    if (rc != 1)
        return rc;
    struct place q = *p;
    q.folder = op->target;
    q.uid = 0;
    q.modseq = 0;
    q.server_flags = p->flags;
    q.keywords = p->tags;
    return place_insert(c, &q, err);
}

static int move_apply(struct cache *c, const struct cache_op *op, const struct place *p,
                      int64_t *id, struct error *err)
{
    struct cache_op back = *op;
    int rc = move_open(c, op, &back.id, err);
    if (rc < 0)
        return -1;
    if (rc == 0) {
        back.folder = op->target;
        back.target = op->folder;
        return move_undo(c, &back, err);
    }
    if (op_insert(c, op, id, err) < 0 || ghost_insert(c, *id, p, err) < 0 ||
        place_delete(c, op->folder, op->message, err) < 0)
        return -1;
    return arrive(c, op, p, err);
}

static int expunge_apply(struct cache *c, const struct cache_op *op, const struct place *p,
                         int64_t *id, struct error *err)
{
    if (op_insert(c, op, id, err) < 0 || ghost_insert(c, *id, p, err) < 0)
        return -1;
    return place_delete(c, op->folder, op->message, err);
}

static int append_apply(struct cache *c, const struct cache_op *op, int64_t *id, struct error *err)
{
    struct place p = { .flags = op->add & CACHE_SERVER_FLAGS,
                       .message = op->message,
                       .tags = str_c(op->words_add) };
    return op_insert(c, op, id, err) < 0 ? -1 : arrive(c, op, &p, err);
}

/* Between accounts nothing can be moved on a server. */
static int same_account(struct cache *c, const struct cache_op *op, struct error *err)
{
    int64_t same = 0;
    if (op->kind != OP_MOVE && op->kind != OP_COPY)
        return 0;
    if (sql_int(c, "SELECT count(DISTINCT account) FROM folder WHERE id IN (?, ?)",
                SQL_ARGS(SQL_I(op->folder), SQL_I(op->target)), &same, err) < 0)
        return -1;
    if (same == 1)
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER,
                     _("Mail can be moved and copied within one account only"));
}

/* 1: a move to where the message is, or a copy to where it lies too. */
static int already_there(struct cache *c, const struct cache_op *op, struct error *err)
{
    int64_t there = 0;
    if (op->kind == OP_MOVE)
        return op->target == op->folder;
    if (op->kind != OP_COPY)
        return 0;
    if (sql_int(c, "SELECT count(*) FROM placement WHERE message = ? AND folder = ?",
                SQL_ARGS(SQL_I(op->message), SQL_I(op->target)), &there, err) < 0)
        return -1;
    return there > 0;
}

/* On a placement that is there. */
static int placed_apply(struct cache *c, const struct cache_op *op, const struct place *p,
                        int64_t *id, struct cache_op *effect, struct error *err)
{
    switch (op->kind) {
    case OP_FLAGS:
        return flags_apply(c, op, p, id, effect, err);
    case OP_MOVE:
        return move_apply(c, op, p, id, err);
    case OP_EXPUNGE:
        return expunge_apply(c, op, p, id, err);
    default:
        return op_insert(c, op, id, err) < 0 ? -1 : arrive(c, op, p, err);
    }
}

/* Without the folders that its kind has no use for: what names a target will bring the message
 * there. */
static struct cache_op op_plain(const struct cache_op *op)
{
    struct cache_op plain = *op;
    if (op->kind == OP_FLAGS || op->kind == OP_EXPUNGE)
        plain.target = 0;
    if (op->kind == OP_APPEND)
        plain.folder = 0;
    return plain;
}

int apply_op(struct cache *c, const struct cache_op *wish, int64_t *id, struct cache_op *effect,
             struct error *err)
{
    struct arena *a = arena_new(256);
    struct place p;
    const struct cache_op op = op_plain(wish);
    *id = 0;
    *effect = op;
    int rc = same_account(c, &op, err);
    if (rc == 0 && op.kind == OP_APPEND)
        rc = append_apply(c, &op, id, err);
    else if (rc == 0) {
        rc = place_get(c, a, op.folder, op.message, &p, err);
        if (rc == 0)
            rc = already_there(c, &op, err);
        if (rc == 1)
            effect->message = 0;
        else if (rc == 0)
            rc = placed_apply(c, &op, &p, id, effect, err);
    }
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

/* The open operation that effect made, if it has not begun. 1: none. */
static int not_begun(struct cache *c, const struct cache_op *effect, int64_t *id, struct error *err)
{
    return sql_int(c,
                   "SELECT id FROM journal WHERE message = ? AND folder = ? AND target = ?"
                   " AND kind = ? AND begun = 0 ORDER BY id DESC LIMIT 1",
                   SQL_ARGS(SQL_I(effect->message), SQL_I(effect->folder), SQL_I(effect->target),
                            SQL_I(effect->kind)),
                   id, err);
}

static int copy_inverse(struct cache *c, const struct cache_op *effect, struct error *err)
{
    struct cache_op back = *effect, none;
    int64_t id = 0;
    int rc = not_begun(c, effect, &id, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return pending_op_delete(c, id, err) < 0
                   ? -1
                   : pending_drop(c, effect->target, effect->message, id, err);
    back.kind = OP_EXPUNGE;
    back.folder = effect->target;
    return apply_op(c, &back, &id, &none, err) < 0 ? -1 : none.message == 0;
}

int apply_inverse(struct cache *c, const struct cache_op *effect, struct error *err)
{
    struct cache_op back = *effect, none;
    int64_t id = 0;
    int rc;
    switch (effect->kind) {
    case OP_FLAGS:
        back.add = effect->del;
        back.del = effect->add;
        words_copy(back.words_add, str_c(effect->words_del));
        words_copy(back.words_del, str_c(effect->words_add));
        break;
    case OP_MOVE:
        back.folder = effect->target;
        back.target = effect->folder;
        break;
    case OP_COPY:
        return copy_inverse(c, effect, err);
    case OP_EXPUNGE:
        rc = not_begun(c, effect, &id, err);
        if (rc != 0)
            return rc;
        return ghost_restore(c, id, err) < 0 ? -1 : pending_op_delete(c, id, err);
    default:
        return 1;
    }
    return apply_op(c, &back, &id, &none, err) < 0 ? -1 : none.message == 0;
}

/* The operation whose ghost stands where a failed move was to bring the message. 1: none. */
static int follower(struct cache *c, const struct cache_op *op, struct cache_op *next,
                    struct error *err)
{
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT j.id, j.kind, j.target FROM ghost g JOIN journal j"
                               " ON j.id = g.op WHERE g.message = ? AND g.folder = ? AND g.uid = 0"
                               " AND g.op > ? ORDER BY g.op LIMIT 1",
                               SQL_ARGS(SQL_I(op->message), SQL_I(op->target), SQL_I(op->id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        *next = (struct cache_op){ .id = sqlite3_column_int64(s, 0),
                                   .kind = (enum cache_op_kind)sqlite3_column_int(s, 1),
                                   .target = sqlite3_column_int64(s, 2) };
        sqlite3_reset(s);
    }
    return rc;
}

/* A move failed that another follows: that one starts from where the message still is; one that
 * leads back there, or would expunge it there, is not made at all. */
static int move_failed(struct cache *c, const struct cache_op *op, struct error *err)
{
    struct cache_op next = { .id = 0 };
    int rc = op->copied ? 1 : follower(c, op, &next, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return move_undo(c, op, err);
    if (repoint(c, op, err) < 0 || ghost_delete(c, next.id, err) < 0)
        return -1;
    if (next.kind == OP_MOVE && next.target != op->folder)
        rc = sql_run(c, "UPDATE ghost SET op = ? WHERE op = ?",
                     SQL_ARGS(SQL_I(next.id), SQL_I(op->id)), err);
    else
        rc = ghost_restore(c, op->id, err) < 0 ? -1 : pending_op_delete(c, next.id, err);
    return rc < 0 ? -1 : pending_op_delete(c, op->id, err);
}

int apply_failed(struct cache *c, const struct cache_op *op, struct error *err)
{
    switch (op->kind) {
    case OP_FLAGS:
        if (pending_op_delete(c, op->id, err) < 0)
            return -1;
        return place_relay(c, op->folder, op->message, err);
    case OP_MOVE:
        return move_failed(c, op, err);
    case OP_COPY:
        if (pending_op_delete(c, op->id, err) < 0)
            return -1;
        return pending_drop(c, op->target, op->message, op->id, err);
    case OP_EXPUNGE:
        return ghost_restore(c, op->id, err) < 0 ? -1 : pending_op_delete(c, op->id, err);
    case OP_APPEND:
        return sql_run(c,
                       "UPDATE journal SET begun = 0, attempts = attempts + 1, retry_at = ?"
                       " WHERE id = ?",
                       SQL_ARGS(SQL_I(op->retry_at + CACHE_APPEND_AGAIN), SQL_I(op->id)), err);
    default:
        return folder_op_failed(c, op, err);
    }
}

static int words_done(struct cache *c, const struct cache_op *op, struct error *err)
{
    int64_t ghost = 0;
    struct arena *a = arena_new(256);
    struct buf now = BUF_INIT(16 << 10);
    struct place p;
    int rc = sql_int(c, "SELECT min(op) FROM ghost WHERE message = ? AND folder = ? AND op > ?",
                     SQL_ARGS(SQL_I(op->message), SQL_I(op->folder), SQL_I(op->id)), &ghost, err);
    if (rc == 0)
        rc = ghost != 0 ? ghost_get(c, a, ghost, &p, err)
                        : place_get(c, a, op->folder, op->message, &p, err);
    if (rc == 0) {
        words_lay(p.keywords, str_c(op->words_add), str_c(op->words_del), &now);
        rc = ghost != 0
                 ? sql_run(c, "UPDATE ghost SET keywords = ? WHERE op = ?",
                           SQL_ARGS(SQL_T(buf_str(&now)), SQL_I(ghost)), err)
                 : sql_run(c, "UPDATE placement SET keywords = ? WHERE message = ? AND folder = ?",
                           SQL_ARGS(SQL_T(buf_str(&now)), SQL_I(op->message), SQL_I(op->folder)),
                           err);
    }
    buf_free(&now);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

/* The server has the flags now: on the ghost of the next operation that took the message away, else
 * on its placement. What is shown stays: this was the oldest of what is laid on top. */
static int flags_done(struct cache *c, const struct cache_op *op, struct error *err)
{
    static const char ghost[] =
        "UPDATE ghost SET server_flags = (server_flags & ~?1) | ?2 WHERE op = (SELECT min(op)"
        " FROM ghost WHERE message = ?3 AND folder = ?4 AND op > ?5)";
    static const char place[] = "UPDATE placement SET server_flags = (server_flags & ~?1) | ?2"
                                " WHERE message = ?3 AND folder = ?4 AND ?5 > 0";
    const struct sql_arg args[] = { SQL_I(op->del), SQL_I(op->add), SQL_I(op->message),
                                    SQL_I(op->folder), SQL_I(op->id) };
    if (sql_run(c, ghost, args, COUNT(args), err) < 0)
        return -1;
    if (sql_changes(c) == 0 && sql_run(c, place, args, COUNT(args), err) < 0)
        return -1;
    bool words = op->words_add[0] != '\0' || op->words_del[0] != '\0';
    if (words && words_done(c, op, err) < 0)
        return -1;
    if (pending_op_delete(c, op->id, err) < 0)
        return -1;
    return words ? place_relay(c, op->folder, op->message, err) : 0;
}

int apply_done(struct cache *c, const struct cache_op *op, uint32_t uid, struct error *err)
{
    if (op->kind == OP_FLAGS)
        return flags_done(c, op, err);
    if (op->message == 0)
        return folder_op_done(c, op, err);
    if (ghost_delete(c, op->id, err) < 0 || pending_op_delete(c, op->id, err) < 0)
        return -1;
    if (op->kind != OP_EXPUNGE && pending_uid(c, op->target, op->message, uid, err) < 0)
        return -1;
    return sweep_message(c, op->message, err);
}
