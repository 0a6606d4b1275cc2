/* SPDX-License-Identifier: MIT */
#include "cache/place.h"

#include "base/i18n.h"
#include "cache/journal.h"
#include "cache/sql.h"
#include "cache/words.h"
#include "base/banned.h"

enum { PLACE_WORDS_MAX = 8192 /* bytes of one placement's keywords */ };

static int place_read(struct cache *c, struct arena *a, sqlite3_stmt *s, struct place *out,
                      struct error *err)
{
    if (s == NULL)
        return -1;
    int rc = sql_step(c, s, err);
    if (rc != 0)
        return rc;
    *out = (struct place){
        .folder = sqlite3_column_int64(s, 0),
        .message = sqlite3_column_int64(s, 1),
        .uid = (uint32_t)sqlite3_column_int64(s, 2),
        .flags = (unsigned)sqlite3_column_int64(s, 3),
        .server_flags = (unsigned)sqlite3_column_int64(s, 4),
        .modseq = (uint64_t)sqlite3_column_int64(s, 5),
        .keywords = sql_str(a, s, 6),
        .tags = sql_str(a, s, 7),
    };
    sqlite3_reset(s);
    return 0;
}

#define COLUMNS                                                                                    \
    "SELECT folder, message, uid, flags, server_flags, modseq, keywords,"                          \
    " coalesce(tags, keywords) FROM "

int place_get(struct cache *c, struct arena *a, int64_t folder, int64_t message, struct place *out,
              struct error *err)
{
    return place_read(c, a,
                      sql_bind(c, COLUMNS "placement WHERE message = ? AND folder = ?",
                               SQL_ARGS(SQL_I(message), SQL_I(folder)), err),
                      out, err);
}

int ghost_get(struct cache *c, struct arena *a, int64_t op, struct place *out, struct error *err)
{
    return place_read(c, a, sql_bind(c, COLUMNS "ghost WHERE op = ?", SQL_ARGS(SQL_I(op)), err),
                      out, err);
}

/* One more placement in the folder's thread; *threads and *threads_unread: by how much the folder's
 * counts grow. */
static int thread_count(struct cache *c, const struct place *p, int64_t date, int64_t thread,
                        int64_t unread, int64_t *threads, int64_t *threads_unread,
                        struct error *err)
{
    int64_t n = 0;
    const struct sql_arg args[] = { SQL_I(p->folder), SQL_I(thread), SQL_I(date) };
    int rc =
        sql_int(c, "SELECT n FROM folder_thread WHERE folder = ? AND thread = ?", args, 2, &n, err);
    if (rc < 0)
        return -1;
    *threads = rc;
    *threads_unread = rc == 1 ? unread : 0;
    if (rc == 1)
        return sql_run(c,
                       "INSERT INTO folder_thread(folder, last, thread, n, unread)"
                       " VALUES(?, ?, ?, 1, ?)",
                       SQL_ARGS(SQL_I(p->folder), SQL_I(date), SQL_I(thread), SQL_I(unread)), err);
    if (unread) /* thread_read counts the folder's */
        return sql_run(c,
                       "UPDATE folder_thread SET n = n + 1, last = max(last, ?3),"
                       " unread = unread + 1 WHERE folder = ?1 AND thread = ?2",
                       args, 3, err);
    return sql_run(c,
                   "UPDATE folder_thread SET n = n + 1, last = max(last, ?3)"
                   " WHERE folder = ?1 AND thread = ?2",
                   args, 3, err);
}

static int message_facts(struct cache *c, int64_t message, int64_t *date, int64_t *thread,
                         struct error *err)
{
    sqlite3_stmt *s =
        sql_bind(c, "SELECT date, thread FROM message WHERE id = ?", SQL_ARGS(SQL_I(message)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 1)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("That message is no longer here"));
    if (rc < 0)
        return -1;
    *date = sqlite3_column_int64(s, 0);
    *thread = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return 0;
}

int place_insert(struct cache *c, const struct place *p, struct error *err)
{
    int64_t date = 0, thread = 0, threads = 0, threads_unread = 0,
            unread = (p->flags & CACHE_SEEN) == 0;
    if (message_facts(c, p->message, &date, &thread, err) < 0 ||
        sql_run(c,
                "INSERT INTO placement(folder, date, message, uid, flags, server_flags, modseq,"
                " thread, keywords) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                SQL_ARGS(SQL_I(p->folder), SQL_I(date), SQL_I(p->message), SQL_I(p->uid),
                         SQL_I(p->flags), SQL_I(p->server_flags), SQL_I(p->modseq), SQL_I(thread),
                         SQL_T(p->keywords)),
                err) < 0 ||
        thread_count(c, p, date, thread, unread, &threads, &threads_unread, err) < 0)
        return -1;
    return sql_run(
        c,
        "UPDATE folder SET total = total + 1, unread = unread + ?, threads = threads + ?,"
        " threads_unread = threads_unread + ? WHERE id = ?",
        SQL_ARGS(SQL_I(unread), SQL_I(threads), SQL_I(threads_unread), SQL_I(p->folder)), err);
}

int place_delete(struct cache *c, int64_t folder, int64_t message, struct error *err)
{
    return sql_run(c, "DELETE FROM placement WHERE message = ? AND folder = ?",
                   SQL_ARGS(SQL_I(message), SQL_I(folder)), err);
}

int place_lay(struct cache *c, int64_t folder, int64_t message, int64_t before, unsigned server,
              unsigned *flags, struct error *err)
{
    sqlite3_stmt *s =
        sql_bind(c,
                 "SELECT plus, minus FROM journal WHERE message = ? AND folder = ?"
                 " AND kind = ? AND id < ? AND id > (SELECT coalesce(max(op), 0) FROM ghost g"
                 " WHERE g.message = journal.message AND g.folder = journal.folder) ORDER BY id",
                 SQL_ARGS(SQL_I(message), SQL_I(folder), SQL_I(OP_FLAGS), SQL_I(before)), err);
    int rc = s == NULL ? -1 : 0;
    *flags = server;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        *flags =
            (*flags & ~(unsigned)sqlite3_column_int64(s, 1)) | (unsigned)sqlite3_column_int64(s, 0);
    return rc < 0 ? -1 : 0;
}

/* Those of a flag operation on (message ?1, folder ?2) from where its newest ghost leaves it. */
#define WORD_OPS                                                                                   \
    " FROM journal WHERE message = ?1 AND folder = ?2 AND kind = ?3 AND id < ?4 AND id >"          \
    " (SELECT coalesce(max(op), 0) FROM ghost g WHERE g.message = ?1 AND g.folder = ?2)"           \
    " AND (plus_words <> '' OR minus_words <> '')"

int place_lay_words(struct cache *c, int64_t folder, int64_t message, int64_t before,
                    struct str base, struct buf *out, struct error *err)
{
    struct buf was = BUF_INIT(PLACE_WORDS_MAX);
    sqlite3_stmt *s =
        sql_bind(c, "SELECT plus_words, minus_words" WORD_OPS " ORDER BY id",
                 SQL_ARGS(SQL_I(message), SQL_I(folder), SQL_I(OP_FLAGS), SQL_I(before)), err);
    int rc = s == NULL ? -1 : 0;
    buf_clear(out);
    buf_add_str(out, base);
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0) {
        buf_clear(&was);
        buf_add_str(&was, buf_str(out));
        buf_clear(out);
        words_lay(buf_str(&was), sql_col(s, 0), sql_col(s, 1), out);
    }
    buf_free(&was);
    return rc < 0 ? -1 : 0;
}

static int tags_relay(struct cache *c, int64_t folder, int64_t message, struct error *err)
{
    struct arena *a = arena_new(256);
    struct buf tags = BUF_INIT(PLACE_WORDS_MAX);
    int64_t open = 0;
    const struct sql_arg args[] = { SQL_I(message), SQL_I(folder), SQL_I(OP_FLAGS),
                                    SQL_I(INT64_MAX) };
    struct place p;
    int rc = sql_int(c, "SELECT 1" WORD_OPS " LIMIT 1", args, COUNT(args), &open, err);
    if (rc == 1)
        rc = sql_run(c,
                     "UPDATE placement SET tags = NULL WHERE message = ?1 AND folder = ?2"
                     " AND tags IS NOT NULL",
                     args, 2, err);
    else if (rc == 0 && (rc = place_get(c, a, folder, message, &p, err)) == 0) {
        rc = place_lay_words(c, folder, message, INT64_MAX, p.keywords, &tags, err);
        if (rc == 0)
            rc = sql_run(c, "UPDATE placement SET tags = ? WHERE message = ? AND folder = ?",
                         SQL_ARGS(SQL_T(buf_str(&tags)), SQL_I(message), SQL_I(folder)), err);
    }
    buf_free(&tags);
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

int place_relay(struct cache *c, int64_t folder, int64_t message, struct error *err)
{
    int64_t server = 0;
    unsigned flags = 0;
    int rc = sql_int(c, "SELECT server_flags FROM placement WHERE message = ? AND folder = ?",
                     SQL_ARGS(SQL_I(message), SQL_I(folder)), &server, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (place_lay(c, folder, message, INT64_MAX, (unsigned)server, &flags, err) < 0)
        return -1;
    if (sql_run(c,
                "UPDATE placement SET flags = ?1 WHERE message = ?2 AND folder = ?3"
                " AND flags <> ?1",
                SQL_ARGS(SQL_I(flags), SQL_I(message), SQL_I(folder)), err) < 0)
        return -1;
    return tags_relay(c, folder, message, err);
}

int ghost_insert(struct cache *c, int64_t op, const struct place *p, struct error *err)
{
    return sql_run(c,
                   "INSERT INTO ghost(op, folder, message, uid, flags, server_flags, modseq,"
                   " keywords, tags) VALUES(?, ?, ?, ?, ?, ?, ?, ?8, nullif(?9, ?8))",
                   SQL_ARGS(SQL_I(op), SQL_I(p->folder), SQL_I(p->message), SQL_I(p->uid),
                            SQL_I(p->flags), SQL_I(p->server_flags), SQL_I(p->modseq),
                            SQL_T(p->keywords), SQL_T(p->tags)),
                   err);
}

int ghost_delete(struct cache *c, int64_t op, struct error *err)
{
    return sql_run(c, "DELETE FROM ghost WHERE op = ?", SQL_ARGS(SQL_I(op)), err);
}

static int ghost_merge(struct cache *c, const struct place *g, const struct place *pending,
                       struct error *err)
{
    if (pending->uid != 0)
        return 0;
    return sql_run(c,
                   "UPDATE placement SET uid = ?, server_flags = ?, modseq = ?, keywords = ?"
                   " WHERE message = ? AND folder = ?",
                   SQL_ARGS(SQL_I(g->uid), SQL_I(g->server_flags), SQL_I(g->modseq),
                            SQL_T(g->keywords), SQL_I(g->message), SQL_I(g->folder)),
                   err);
}

int ghost_restore(struct cache *c, int64_t op, struct error *err)
{
    struct arena *a = arena_new(256);
    struct place g, pending;
    int rc = ghost_get(c, a, op, &g, err);
    if (rc == 0) {
        rc = ghost_delete(c, op, err);
        int there = rc < 0 ? -1 : place_get(c, a, g.folder, g.message, &pending, err);
        if (there == 1)
            rc = place_insert(c, &g, err);
        else if (there == 0)
            rc = ghost_merge(c, &g, &pending, err);
        if (there < 0)
            rc = -1;
        if (rc == 0)
            rc = place_relay(c, g.folder, g.message, err);
    }
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}
