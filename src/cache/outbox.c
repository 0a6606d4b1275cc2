/* SPDX-License-Identifier: MIT */
#include "cache/outbox.h"

#include "base/i18n.h"
#include "cache/body.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "base/banned.h"

static int rcpts_put(struct cache *c, const struct outbox_entry *e, int64_t id, struct error *err)
{
    for (size_t i = 0; i < e->rcpts_n; i++)
        if (sql_run(c, "INSERT OR REPLACE INTO outbox_rcpt VALUES(?, ?, ?, ?, ?)",
                    SQL_ARGS(SQL_I(id), SQL_I(i), SQL_T(e->rcpts[i].address),
                             SQL_I(e->rcpts[i].code), SQL_T(e->rcpts[i].text)),
                    err) < 0)
            return -1;
    return 0;
}

static int entry_put(struct cache *c, const struct outbox_entry *e, int64_t draft, int64_t *id,
                     struct error *err)
{
    int held = body_hold(c, e->body, err);
    if (held == 1)
        return error_set(err, ERR_STORE, RETRY_NOW, _("A message's text went away meanwhile"));
    if (held < 0 ||
        sql_run(c,
                "INSERT INTO outbox(account, body, state, dot_sent, created, not_before, attempts,"
                " size, eight_bit, save_sent, sender, subject, mid, reason, receipt)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                SQL_ARGS(SQL_I(e->account), SQL_I(e->body), SQL_I(e->state), SQL_I(e->dot_sent),
                         SQL_I(e->created), SQL_I(e->not_before), SQL_I(e->attempts),
                         SQL_I(e->size), SQL_I(e->eight_bit), SQL_I(e->save_sent), SQL_T(e->sender),
                         SQL_T(e->subject), SQL_T(e->message_id), SQL_T(e->reason),
                         SQL_I(e->receipt)),
                err) < 0)
        return -1;
    *id = sqlite3_last_insert_rowid(c->db);
    if (rcpts_put(c, e, *id, err) < 0)
        return -1;
    return sql_run(c, "UPDATE draft SET outbox = ? WHERE id = ?",
                   SQL_ARGS(SQL_I(*id), SQL_I(draft)), err);
}

int cache_outbox_add(struct cache *c, const struct outbox_entry *e, int64_t draft, int64_t *id,
                     struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, entry_put(c, e, draft, id, err), err);
}

#define ENTRY                                                                                      \
    "SELECT id, account, body, state, dot_sent, created, not_before, attempts, size, eight_bit,"   \
    " save_sent, sender, subject, mid, reason, receipt FROM outbox "

static void entry_row(struct arena *a, sqlite3_stmt *s, struct outbox_entry *e)
{
    *e = (struct outbox_entry){
        .id = sqlite3_column_int64(s, 0),
        .account = sqlite3_column_int64(s, 1),
        .body = sqlite3_column_int64(s, 2),
        .state = (enum outbox_state)sqlite3_column_int(s, 3),
        .dot_sent = sqlite3_column_int(s, 4) != 0,
        .created = sqlite3_column_int64(s, 5),
        .not_before = sqlite3_column_int64(s, 6),
        .attempts = (unsigned)sqlite3_column_int64(s, 7),
        .size = (uint64_t)sqlite3_column_int64(s, 8),
        .eight_bit = sqlite3_column_int(s, 9) != 0,
        .save_sent = sqlite3_column_int(s, 10) != 0,
        .sender = sql_str(a, s, 11),
        .subject = sql_str(a, s, 12),
        .message_id = sql_str(a, s, 13),
        .reason = sql_str(a, s, 14),
        .receipt = sqlite3_column_int(s, 15) != 0,
    };
}

static int rcpts_get(struct cache *c, struct arena *a, struct outbox_entry *e, struct error *err)
{
    int64_t room = 0;
    if (sql_int(c, "SELECT count(*) FROM outbox_rcpt WHERE entry = ?", SQL_ARGS(SQL_I(e->id)),
                &room, err) < 0)
        return -1;
    e->rcpts = arena_array(a, (size_t)room + 1, sizeof *e->rcpts);
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT address, code, text FROM outbox_rcpt WHERE entry = ?"
                               " ORDER BY n LIMIT ?",
                               SQL_ARGS(SQL_I(e->id), SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        e->rcpts[e->rcpts_n++] =
            (struct outbox_rcpt){ sql_str(a, s, 0), (unsigned)sqlite3_column_int64(s, 1),
                                  sql_str(a, s, 2) };
    return rc < 0 ? -1 : 0;
}

int cache_outbox_get(struct cache *c, struct arena *a, int64_t id, struct outbox_entry *out,
                     struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, ENTRY "WHERE id = ?", SQL_ARGS(SQL_I(id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc != 0)
        return rc;
    entry_row(a, s, out);
    sqlite3_reset(s);
    return rcpts_get(c, a, out, err);
}

int cache_outbox_list(struct cache *c, struct arena *a, struct outbox_entry **out, size_t *n,
                      struct error *err)
{
    int64_t room = 0;
    *n = 0;
    if (sql_int(c, "SELECT count(*) FROM outbox", SQL_NONE, &room, err) < 0)
        return -1;
    *out = arena_array(a, (size_t)room + 1, sizeof **out);
    sqlite3_stmt *s = sql_bind(c, ENTRY "ORDER BY id LIMIT ?", SQL_ARGS(SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        entry_row(a, s, &(*out)[(*n)++]);
    for (size_t i = 0; rc >= 0 && i < *n; i++)
        rc = rcpts_get(c, a, &(*out)[i], err);
    return rc < 0 ? -1 : 0;
}

/* What outbox.dot_sent says of an entry that is SENDING. */
enum mark {
    MARK_NONE,
    MARK_DOT,  /* its final dot may have gone out */
    MARK_BATCH /* the same, should the system have gone down since */
};

/* 1: none. */
static int choose(struct cache *c, int64_t account, enum outbox_state state, int64_t until,
                  int64_t ids[OUTBOX_BATCH], size_t *n, struct error *err)
{
    uint64_t bytes = 0;
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT id, size FROM outbox WHERE account = ? AND state = ?"
                               " AND not_before <= ? ORDER BY id",
                               SQL_ARGS(SQL_I(account), SQL_I(state), SQL_I(until)), err);
    int rc = s == NULL ? -1 : 0;
    *n = 0;
    while (rc == 0 && *n < OUTBOX_BATCH && (rc = sql_step(c, s, err)) == 0) {
        bytes += (uint64_t)sqlite3_column_int64(s, 1);
        if (*n > 0 && bytes > OUTBOX_BATCH_BYTES)
            break;
        ids[(*n)++] = sqlite3_column_int64(s, 0);
    }
    if (rc == 0)
        sqlite3_reset(s);
    return rc < 0 ? -1 : *n == 0;
}

static int take(struct cache *c, int64_t account, int64_t now, int64_t ids[OUTBOX_BATCH], size_t *n,
                struct error *err)
{
    int rc = choose(c, account, OUTBOX_QUEUED, now, ids, n, err);
    for (size_t i = 0; rc == 0 && i < *n; i++)
        rc = sql_run(c,
                     "UPDATE outbox SET state = ?, dot_sent = ?, attempts = attempts + 1"
                     " WHERE id = ?",
                     SQL_ARGS(SQL_I(OUTBOX_SENDING), SQL_I(MARK_NONE), SQL_I(ids[i])), err);
    return rc;
}

int cache_outbox_take(struct cache *c, int64_t account, int64_t now, int64_t ids[OUTBOX_BATCH],
                      size_t *n, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, take(c, account, now, ids, n, err), err);
}

/* One durable change of a state. 1: no entry was in the state that it needs. */
static int change(struct cache *c, const char *sql, const struct sql_arg *args, size_t n,
                  struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    int rc = sql_run(c, sql, args, n, err);
    if (rc == 0 && sql_changes(c) == 0)
        rc = 1;
    return sql_end(c, rc, err);
}

/* Durable, for all that the account is sending; 0 in boot: for this one alone. */
static int mark_batch(struct cache *c, int64_t id, int64_t boot, struct error *err)
{
    if (boot == 0)
        return 0;
    if (sql_run(c,
                "UPDATE outbox SET dot_sent = ?1 WHERE state = ?2 AND dot_sent = ?3 AND account ="
                " (SELECT account FROM outbox WHERE id = ?4)",
                SQL_ARGS(SQL_I(MARK_BATCH), SQL_I(OUTBOX_SENDING), SQL_I(MARK_NONE), SQL_I(id)),
                err) < 0)
        return -1;
    return sql_run(c, "INSERT OR REPLACE INTO meta VALUES('boot', ?)", SQL_ARGS(SQL_I(boot)), err);
}

static int mark(struct cache *c, int64_t id, int64_t boot, bool first, struct error *err)
{
    if (first && mark_batch(c, id, boot, err) < 0)
        return -1;
    if (sql_run(c, "UPDATE outbox SET dot_sent = ? WHERE id = ? AND state = ?",
                SQL_ARGS(SQL_I(MARK_DOT), SQL_I(id), SQL_I(OUTBOX_SENDING)), err) < 0)
        return -1;
    return sql_changes(c) > 0 ? 0
                              : error_set(err, ERR_STORE, RETRY_NEVER,
                                          _("The message is no longer in the outbox"));
}

int cache_outbox_dot(struct cache *c, int64_t id, int64_t boot, struct error *err)
{
    int64_t now = MARK_NONE;
    if (sql_int(c, "SELECT dot_sent FROM outbox WHERE id = ?", SQL_ARGS(SQL_I(id)), &now, err) < 0)
        return -1;
    bool first = boot == 0 || now != MARK_BATCH;
    if (cache_begin(c, first, err) < 0)
        return -1;
    return sql_end(c, mark(c, id, boot, first, err), err);
}

int cache_outbox_update(struct cache *c, const struct outbox_entry *e, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    int rc =
        sql_run(c,
                "UPDATE outbox SET state = ?, dot_sent = ?, not_before = ?, attempts = ?,"
                " save_sent = ?, reason = ? WHERE id = ?",
                SQL_ARGS(SQL_I(e->state), SQL_I(e->dot_sent), SQL_I(e->not_before),
                         SQL_I(e->attempts), SQL_I(e->save_sent), SQL_T(e->reason), SQL_I(e->id)),
                err);
    if (rc == 0 && sql_changes(c) > 0)
        rc = rcpts_put(c, e, e->id, err);
    return sql_end(c, rc, err);
}

int cache_outbox_sent(struct cache *c, int64_t id, struct error *err)
{
    return sql_run(c, "UPDATE outbox SET state = ?, dot_sent = ? WHERE id = ?",
                   SQL_ARGS(SQL_I(OUTBOX_SENT), SQL_I(MARK_NONE), SQL_I(id)), err);
}

int cache_outbox_unsettled(struct cache *c, int64_t account, int64_t ids[OUTBOX_BATCH], size_t *n,
                           struct error *err)
{
    return choose(c, account, OUTBOX_SENT, INT64_MAX, ids, n, err);
}

int cache_outbox_recover(struct cache *c, int64_t account, int64_t boot, struct error *err)
{
    int64_t then = 0;
    if (sql_int(c, "SELECT value FROM meta WHERE name = 'boot'", SQL_NONE, &then, err) < 0)
        return -1;
    int rc = change(c,
                    "UPDATE outbox SET state = CASE WHEN dot_sent = ?5 OR (dot_sent = ?6 AND ?7)"
                    " THEN ?2 ELSE ?1 END"
                    " WHERE state = ?3 AND (?4 = 0 OR account = ?4)",
                    SQL_ARGS(SQL_I(OUTBOX_QUEUED), SQL_I(OUTBOX_DOUBT), SQL_I(OUTBOX_SENDING),
                             SQL_I(account), SQL_I(MARK_DOT), SQL_I(MARK_BATCH),
                             SQL_I(boot == 0 || boot != then)),
                    err);
    return rc < 0 ? -1 : 0;
}

int cache_outbox_retry(struct cache *c, int64_t id, int64_t now, struct error *err)
{
    return change(c,
                  "UPDATE outbox SET state = ?1, dot_sent = 0, not_before = ?2, reason = ''"
                  " WHERE id = ?3 AND state IN (?4, ?5)",
                  SQL_ARGS(SQL_I(OUTBOX_QUEUED), SQL_I(now), SQL_I(id), SQL_I(OUTBOX_FAILED),
                           SQL_I(OUTBOX_DOUBT)),
                  err);
}

static int entry_delete(struct cache *c, int64_t id, struct error *err)
{
    int64_t body = 0;
    if (sql_int(c, "SELECT body FROM outbox WHERE id = ?", SQL_ARGS(SQL_I(id)), &body, err) < 0 ||
        sql_run(c, "DELETE FROM outbox_rcpt WHERE entry = ?", SQL_ARGS(SQL_I(id)), err) < 0 ||
        sql_run(c, "DELETE FROM outbox WHERE id = ?", SQL_ARGS(SQL_I(id)), err) < 0)
        return -1;
    return sweep_body(c, body, err);
}

static int draft_forget(struct cache *c, int64_t entry, struct error *err)
{
    return sql_run(c, "DELETE FROM draft WHERE outbox = ? AND outbox > 0", SQL_ARGS(SQL_I(entry)),
                   err);
}

static int cancel(struct cache *c, int64_t id, struct error *err)
{
    int64_t state = 0;
    int rc = sql_int(c, "SELECT state FROM outbox WHERE id = ?", SQL_ARGS(SQL_I(id)), &state, err);
    if (rc != 0)
        return rc;
    if (state == OUTBOX_SENDING || state == OUTBOX_SENT)
        return 1;
    rc = state == OUTBOX_DOUBT
             ? draft_forget(c, id, err)
             : sql_run(c, "UPDATE draft SET outbox = 0 WHERE outbox = ?", SQL_ARGS(SQL_I(id)), err);
    return rc < 0 ? -1 : entry_delete(c, id, err);
}

int cache_outbox_cancel(struct cache *c, int64_t id, struct error *err)
{
    if (cache_begin(c, true, err) < 0)
        return -1;
    return sql_end(c, cancel(c, id, err), err);
}

int cache_outbox_draft(struct cache *c, int64_t id, int64_t *draft, struct error *err)
{
    return sql_int(c, "SELECT id FROM draft WHERE outbox = ? AND outbox > 0", SQL_ARGS(SQL_I(id)),
                   draft, err);
}

int cache_outbox_drop(struct cache *c, int64_t id, struct error *err)
{
    if (cache_begin(c, c->depth == 0, err) < 0)
        return -1;
    int rc = draft_forget(c, id, err);
    return sql_end(c, rc < 0 ? -1 : entry_delete(c, id, err), err);
}

/* What is SENT is due at once, whatever it waited for. */
int cache_outbox_pending(struct cache *c, int64_t account, int64_t *n, int64_t *next_due,
                         struct error *err)
{
    if (sql_int(c,
                "SELECT count(*) FROM outbox WHERE (?1 = 0 OR account = ?1)"
                " AND state IN (?2, ?3, ?4)",
                SQL_ARGS(SQL_I(account), SQL_I(OUTBOX_QUEUED), SQL_I(OUTBOX_SENDING),
                         SQL_I(OUTBOX_SENT)),
                n, err) < 0)
        return -1;
    int rc =
        sql_int(c,
                "SELECT coalesce(min(CASE state WHEN ?2 THEN max(not_before, 1) ELSE 1 END), 0)"
                " FROM outbox WHERE (?1 = 0 OR account = ?1) AND state IN (?2, ?3)",
                SQL_ARGS(SQL_I(account), SQL_I(OUTBOX_QUEUED), SQL_I(OUTBOX_SENT)), next_due, err);
    return rc < 0 ? -1 : 0;
}
