/* SPDX-License-Identifier: MIT */
#include "cache/message.h"

#include "base/i18n.h"
#include "cache/body.h"
#include "cache/pending.h"
#include "cache/place.h"
#include "cache/sql.h"
#include "cache/sweep.h"
#include "cache/thread.h"
#include "base/banned.h"

enum { HEAD_BYTES = 16, CANDIDATES_MAX = 100 };

/* How a message that is here already can serve for one that comes in, best first. */
enum match { MATCH_GHOST, MATCH_PENDING, MATCH_LIMBO, MATCH_FREE, MATCH_HERE, MATCH_NONE };
struct candidate {
    int64_t message, op;
    enum match match;
};

/* One message of the account has the name; what a server calls so besides has none. */
#define OBJECTID(id, account, objectid)                                                            \
    "(SELECT nullif(" objectid ", x'') WHERE NOT EXISTS (SELECT 1 FROM message"                    \
    " WHERE account = " account " AND objectid = " objectid " AND id <> " id "))"

static struct str head_of(const struct cache_message *m)
{
    static const unsigned char none[HEAD_BYTES];
    const unsigned char *h = m->body == 0 ? m->identity : m->head;
    size_t n = memcmp(h, none, HEAD_BYTES) == 0 ? 0 : HEAD_BYTES;
    return (struct str){ (const char *)h, n };
}

static struct str identity_of(const struct cache_message *m)
{
    return (struct str){ (const char *)m->identity, m->body == 0 ? 0 : sizeof m->identity };
}

static int summary_put(struct cache *c, int64_t id, struct str flat, struct error *err)
{
    if (flat.n == 0)
        return 0;
    return sql_run(c, "INSERT OR REPLACE INTO summary VALUES(?, ?)",
                   SQL_ARGS(SQL_I(id), SQL_B(flat)), err);
}

static int body_take(struct cache *c, int64_t body, struct error *err)
{
    if (body == 0)
        return 0;
    int rc = body_hold(c, body, err);
    if (rc == 1)
        return error_set(err, ERR_STORE, RETRY_NOW, _("A message's text went away meanwhile"));
    return rc;
}

static int message_insert(struct cache *c, const struct cache_message *m, int64_t *id,
                          struct error *err)
{
    struct thread_place t;
    /* Asked for here because the thread may have this number; nobody else writes in this
     * transaction. */
    int rc =
        sql_int(c, "SELECT seq FROM sqlite_sequence WHERE name = 'message'", SQL_NONE, id, err);
    if (rc < 0)
        return -1;
    *id = rc == 1 ? 1 : *id + 1;
    if (thread_join(c, m, *id, &t, err) < 0 || body_take(c, m->body, err) < 0)
        return -1;
    if (sql_run(c,
                "INSERT INTO message VALUES(?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, x''),"
                " nullif(?, x''), ?, ?, ?, ?, ?, ?, " OBJECTID("?1", "?2", "?19") ")",
                SQL_ARGS(SQL_I(*id), SQL_I(m->account), SQL_I(t.thread), SQL_I(m->date),
                         SQL_I(m->received), SQL_I(m->size), SQL_I(m->flags), SQL_I(m->body),
                         SQL_I(t.topic), SQL_I(t.orphan), SQL_B(identity_of(m)), SQL_B(head_of(m)),
                         SQL_T(m->from), SQL_T(m->to), SQL_T(m->subject),
                         SQL_T(str_trim(m->message_id)), SQL_T(t.parent), SQL_T(m->preview),
                         SQL_B(m->objectid)),
                err) < 0)
        return -1;
    return summary_put(c, *id, m->summary, err);
}

/* What was not known of a message that is here: what the server calls it, its body. */
static int message_complete(struct cache *c, int64_t id, const struct cache_message *m,
                            struct error *err)
{
    int64_t body = 0;
    if (m->objectid.n > 0 &&
        sql_run(c,
                "UPDATE message SET objectid = " OBJECTID(
                    "?1", "?2", "?3") " WHERE id = ?1 AND objectid IS NULL",
                SQL_ARGS(SQL_I(id), SQL_I(m->account), SQL_B(m->objectid)), err) < 0)
        return -1;
    if (m->body == 0)
        return 0;
    if (sql_int(c, "SELECT body FROM message WHERE id = ?", SQL_ARGS(SQL_I(id)), &body, err) < 0)
        return -1;
    if (body != 0)
        return 0;
    if (body_take(c, m->body, err) < 0 ||
        sql_run(c,
                "UPDATE message SET body = ?, identity = ?, head = coalesce(head, nullif(?, x'')),"
                " size = ?, flags = ?, sender = ?, recipients = ?, subject = ?, preview = ?"
                " WHERE id = ?",
                SQL_ARGS(SQL_I(m->body), SQL_B(identity_of(m)), SQL_B(head_of(m)), SQL_I(m->size),
                         SQL_I(m->flags), SQL_T(m->from), SQL_T(m->to), SQL_T(m->subject),
                         SQL_T(m->preview), SQL_I(id)),
                err) < 0)
        return -1;
    return summary_put(c, id, m->summary, err);
}

#define CANDIDATES                                                                                 \
    "SELECT m.id, (SELECT min(op) FROM ghost g WHERE g.message = m.id AND g.folder = ?3"           \
    " AND g.uid = 0), (SELECT uid FROM placement p WHERE p.message = m.id AND p.folder = ?3),"     \
    " EXISTS (SELECT 1 FROM limbo WHERE message = m.id)"                                           \
    " FROM message m WHERE m.account = ?2 AND "

static enum match match_of(sqlite3_stmt *s)
{
    if (sqlite3_column_type(s, 1) != SQLITE_NULL)
        return MATCH_GHOST;
    if (sqlite3_column_type(s, 2) == SQLITE_NULL)
        return sqlite3_column_int(s, 3) != 0 ? MATCH_LIMBO : MATCH_FREE;
    return sqlite3_column_int64(s, 2) == 0 ? MATCH_PENDING : MATCH_HERE;
}

static int candidates(struct cache *c, const char *sql, struct sql_arg key, int64_t account,
                      int64_t folder, struct candidate *best, struct error *err)
{
    sqlite3_stmt *s = sql_bind(c, sql, SQL_ARGS(key, SQL_I(account), SQL_I(folder)), err);
    int rc = s == NULL ? -1 : 0;
    for (int i = 0; i < CANDIDATES_MAX && rc == 0 && (rc = sql_step(c, s, err)) == 0; i++) {
        enum match match = match_of(s);
        if (match < best->match)
            *best =
                (struct candidate){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), match };
    }
    sqlite3_reset(s);
    return rc < 0 ? -1 : 0;
}

/* By what the server calls it, while the bytes do not say otherwise. */
static int find_named(struct cache *c, const struct cache_message *m, int64_t folder,
                      struct candidate *best, struct error *err)
{
    struct candidate named = { .match = MATCH_NONE };
    int64_t body = 0;
    if (m->objectid.n == 0 || candidates(c, CANDIDATES "m.objectid = ?1", SQL_B(m->objectid),
                                         m->account, folder, &named, err) < 0)
        return m->objectid.n == 0 ? 0 : -1;
    if (named.match >= best->match)
        return 0;
    if (sql_int(c, "SELECT body FROM message WHERE id = ?", SQL_ARGS(SQL_I(named.message)), &body,
                err) < 0)
        return -1;
    if (body == 0 || m->body == 0 || body == m->body)
        *best = named;
    return 0;
}

/* Which message of the store this is. The header alone can be forged: it counts only for a place
 * that waits for its uid, which is what a move or a change of UIDVALIDITY leaves, and for what has
 * just gone out of another folder. */
static int message_find(struct cache *c, const struct cache_message *m, int64_t folder,
                        struct candidate *best, struct error *err)
{
    *best = (struct candidate){ .match = MATCH_NONE };
    /* Equal bytes are one body. */
    if (m->body != 0 && candidates(c, CANDIDATES "m.body = ?1 AND m.body > 0", SQL_I(m->body),
                                   m->account, folder, best, err) < 0)
        return -1;
    if (find_named(c, m, folder, best, err) < 0)
        return -1;
    if (best->match <= MATCH_LIMBO || head_of(m).n == 0)
        return 0;
    struct candidate by_head = { .match = MATCH_NONE };
    if (candidates(c, CANDIDATES "m.head = ?1", SQL_B(head_of(m)), m->account, folder, &by_head,
                   err) < 0)
        return -1;
    if (by_head.match <= MATCH_LIMBO && by_head.match < best->match)
        *best = by_head;
    return 0;
}

/* The server's flags arrive on a pending placement or ghost together with its uid. */
static int adopt(struct cache *c, const struct candidate *found, const struct cache_placement *w,
                 struct error *err)
{
    const char *sql =
        found->match == MATCH_GHOST
            ? "UPDATE ghost SET uid = ?1 WHERE op = ?3 AND message = ?2 AND folder = ?4"
            : "UPDATE placement SET uid = ?1 WHERE message = ?2 AND folder = ?4";
    if (sql_run(c, sql,
                SQL_ARGS(SQL_I(w->uid), SQL_I(found->message), SQL_I(found->op), SQL_I(w->folder)),
                err) < 0)
        return -1;
    return cache_place_flags(c, w->folder, w->uid, w->flags, w->keywords, w->modseq, err) < 0 ? -1
                                                                                              : 0;
}

static int place_new(struct cache *c, int64_t message, const struct cache_placement *w,
                     struct error *err)
{
    struct place p = { w->folder,
                       message,
                       w->uid,
                       w->flags & CACHE_SERVER_FLAGS,
                       w->flags & CACHE_SERVER_FLAGS,
                       w->modseq,
                       w->keywords,
                       w->keywords };
    return place_insert(c, &p, err);
}

int message_put_new(struct cache *c, const struct cache_message *m,
                    const struct cache_placement *where, int64_t *id, struct error *err)
{
    return message_insert(c, m, id, err) < 0 ? -1 : place_new(c, *id, where, err);
}

static int put_found(struct cache *c, const struct cache_message *m,
                     const struct cache_placement *w, const struct candidate *found, int64_t *id,
                     struct error *err)
{
    bool usable = found->match <= MATCH_FREE || (found->match == MATCH_HERE && w->uid == 0);
    if (!usable)
        return message_put_new(c, m, w, id, err);
    *id = found->message;
    if (message_complete(c, *id, m, err) < 0)
        return -1;
    if (found->match == MATCH_LIMBO &&
        sql_run(c, "DELETE FROM limbo WHERE message = ?", SQL_ARGS(SQL_I(*id)), err) < 0)
        return -1;
    if (found->match == MATCH_LIMBO || found->match == MATCH_FREE ||
        (found->match == MATCH_GHOST && w->uid == 0))
        return cache_place(c, *id, w, err);
    return w->uid == 0 ? 0 : adopt(c, found, w, err);
}

/* The message that lies or lay at (folder, uid). 1: none. */
static int message_at(struct cache *c, int64_t folder, uint32_t uid, int64_t *message,
                      struct error *err)
{
    int rc = sql_int(c, "SELECT message FROM placement WHERE folder = ? AND uid = ? AND uid > 0",
                     SQL_ARGS(SQL_I(folder), SQL_I(uid)), message, err);
    if (rc != 1)
        return rc;
    return sql_int(c, "SELECT message FROM ghost WHERE folder = ? AND uid = ?",
                   SQL_ARGS(SQL_I(folder), SQL_I(uid)), message, err);
}

static int put(struct cache *c, const struct cache_message *m, const struct cache_placement *w,
               int64_t *id, struct error *err)
{
    struct candidate found;
    int rc = w->uid == 0 ? 1 : message_at(c, w->folder, w->uid, id, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return message_find(c, m, w->folder, &found, err) < 0 ? -1
                                                              : put_found(c, m, w, &found, id, err);
    if (message_complete(c, *id, m, err) < 0)
        return -1;
    return cache_place_flags(c, w->folder, w->uid, w->flags, w->keywords, w->modseq, err) < 0 ? -1
                                                                                              : 0;
}

int cache_message_put(struct cache *c, const struct cache_message *m,
                      const struct cache_placement *where, int64_t *id, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, put(c, m, where, id, err), err);
}

int cache_place(struct cache *c, int64_t message, const struct cache_placement *where,
                struct error *err)
{
    int64_t uid = 0;
    if (cache_begin(c, false, err) < 0)
        return -1;
    int rc = sql_int(c, "SELECT uid FROM placement WHERE message = ? AND folder = ?",
                     SQL_ARGS(SQL_I(message), SQL_I(where->folder)), &uid, err);
    if (rc == 1)
        rc = place_new(c, message, where, err);
    else if (rc == 0 && uid == 0 && where->uid != 0) {
        struct candidate pending = { message, 0, MATCH_PENDING };
        rc = adopt(c, &pending, where, err);
    }
    return sql_end(c, rc, err);
}

static int place_objectid(struct cache *c, int64_t account, struct str objectid,
                          const struct cache_placement *where, struct error *err)
{
    struct cache_message m = { .account = account, .objectid = objectid };
    struct candidate found = { .match = MATCH_NONE };
    int64_t id = 0;
    int rc = message_at(c, where->folder, where->uid, &id, err);
    if (rc == 1)
        rc = find_named(c, &m, where->folder, &found, err);
    if (rc != 0 || found.match > MATCH_FREE)
        return rc < 0 ? -1 : 1;
    return put_found(c, &m, where, &found, &id, err);
}

int cache_place_objectid(struct cache *c, int64_t account, struct str objectid,
                         const struct cache_placement *where, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, place_objectid(c, account, objectid, where, err), err);
}

static int flags_put(struct cache *c, int64_t folder, uint32_t uid, unsigned flags,
                     struct str keywords, uint64_t modseq, struct error *err)
{
    int64_t message = 0;
    flags &= CACHE_SERVER_FLAGS;
    int rc = message_at(c, folder, uid, &message, err);
    if (rc != 0)
        return rc;
    if (sql_run(c,
                "UPDATE placement SET server_flags = ?1, modseq = ?2, keywords = ?3"
                " WHERE folder = ?4 AND uid = ?5 AND uid > 0",
                SQL_ARGS(SQL_I(flags), SQL_I(modseq), SQL_T(keywords), SQL_I(folder), SQL_I(uid)),
                err) < 0)
        return -1;
    if (sql_changes(c) > 0)
        return place_relay(c, folder, message, err);
    return sql_run(
        c,
        "UPDATE ghost SET server_flags = ?, modseq = ?, keywords = ?"
        " WHERE folder = ? AND uid = ?",
        SQL_ARGS(SQL_I(flags), SQL_I(modseq), SQL_T(keywords), SQL_I(folder), SQL_I(uid)), err);
}

int cache_place_flags(struct cache *c, int64_t folder, uint32_t uid, unsigned flags,
                      struct str keywords, uint64_t modseq, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, flags_put(c, folder, uid, flags, keywords, modseq, err), err);
}

static int gone(struct cache *c, int64_t folder, uint32_t uid, struct error *err)
{
    int64_t message = 0;
    int rc = message_at(c, folder, uid, &message, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (pending_source_gone(c, folder, message, uid, err) < 0 ||
        sql_run(c, "DELETE FROM placement WHERE folder = ? AND uid = ? AND uid > 0",
                SQL_ARGS(SQL_I(folder), SQL_I(uid)), err) < 0)
        return -1;
    return sweep_message(c, message, err);
}

int cache_place_gone(struct cache *c, int64_t folder, uint32_t uid, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, gone(c, folder, uid, err), err);
}

int cache_place_uid(struct cache *c, int64_t folder, int64_t message, uint32_t uid,
                    struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, pending_uid(c, folder, message, uid, err), err);
}

int cache_folder_unsettle(struct cache *c, int64_t folder, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    int rc = sql_run(c, "UPDATE placement SET uid = 0 WHERE folder = ? AND uid > 0",
                     SQL_ARGS(SQL_I(folder)), err);
    if (rc == 0)
        rc = sql_run(c, "UPDATE ghost SET uid = 0, gone = 0 WHERE folder = ?",
                     SQL_ARGS(SQL_I(folder)), err);
    return sql_end(c, rc, err);
}

int cache_folder_settled(struct cache *c, int64_t folder, struct error *err)
{
    if (cache_begin(c, false, err) < 0)
        return -1;
    return sql_end(c, pending_settled(c, folder, err), err);
}

static void known_row(struct arena *a, sqlite3_stmt *s, struct cache_known *k)
{
    *k = (struct cache_known){
        .uid = (uint32_t)sqlite3_column_int64(s, 0),
        .flags = (unsigned)sqlite3_column_int64(s, 1),
        .modseq = (uint64_t)sqlite3_column_int64(s, 2),
        .message = sqlite3_column_int64(s, 3),
        .body_here = sqlite3_column_int(s, 4) != 0,
        .size = (uint64_t)sqlite3_column_int64(s, 5),
        .received = sqlite3_column_int64(s, 6),
        .keywords = sql_str(a, s, 7),
    };
}

#define KNOWN(columns)                                                                             \
    "SELECT " columns("p", "placement") " AND p.uid > 0 AND p.uid BETWEEN ?2 AND ?3"               \
                                        " UNION ALL SELECT " columns(                              \
                                            "g",                                                   \
                                            "ghost") " AND g.uid > 0 AND g.uid BETWEEN ?2 AND ?3"  \
                                                     " AND g.gone = 0"
#define KNOWN_ROW(t, table)                                                                        \
    t ".uid, " t ".server_flags, " t ".modseq, " t ".message, m.body <> 0, m.size, m.received, " t \
      ".keywords FROM " table " " t " CROSS JOIN message m ON m.id = " t ".message WHERE " t       \
      ".folder = ?1"
#define KNOWN_UID(t, table) t ".uid FROM " table " " t " WHERE " t ".folder = ?1"

int cache_known_in(struct cache *c, struct arena *a, int64_t folder,
                   const struct cache_range *ranges, size_t ranges_n, struct cache_known **out,
                   size_t *n, struct error *err)
{
    size_t room = 64;
    int rc = 0;
    *n = 0;
    *out = arena_array(a, room, sizeof **out);
    for (size_t i = 0; rc >= 0 && i < ranges_n; i++) {
        sqlite3_stmt *s =
            sql_bind(c, KNOWN(KNOWN_ROW) " ORDER BY 1",
                     SQL_ARGS(SQL_I(folder), SQL_I(ranges[i].first), SQL_I(ranges[i].last)), err);
        rc = s == NULL ? -1 : 0;
        while (rc == 0 && (rc = sql_step(c, s, err)) == 0) {
            if (*n == room) {
                struct cache_known *more = arena_array(a, room * 2, sizeof *more);
                memcpy(more, *out, room * sizeof *more);
                *out = more;
                room *= 2;
            }
            known_row(a, s, &(*out)[(*n)++]);
        }
    }
    return rc < 0 ? -1 : 0;
}

int cache_known(struct cache *c, struct arena *a, int64_t folder, struct cache_known **out,
                size_t *n, struct error *err)
{
    struct cache_range all = { 1, UINT32_MAX };
    return cache_known_in(c, a, folder, &all, 1, out, n, err);
}

int cache_known_count(struct cache *c, int64_t folder, uint64_t *n, struct error *err)
{
    int64_t count = 0;
    int rc = sql_int(c, "SELECT count(*) FROM (" KNOWN(KNOWN_UID) ")",
                     SQL_ARGS(SQL_I(folder), SQL_I(1), SQL_I(UINT32_MAX)), &count, err);
    *n = (uint64_t)count;
    return rc < 0 ? -1 : 0;
}
