/* SPDX-License-Identifier: MIT */
#include "cache/message.h"

#include "cache/sql.h"
#include "base/banned.h"

enum { ESTIMATE_ROWS = 10000 };

/* Every list is one index walked from a key on: ?1 folder or thread, ?2 and ?3 the key, ?4 how
 * many. CROSS JOIN keeps SQLite from turning the order of the tables round. */
#define SELECT_ROW                                                                                 \
    "SELECT m.id, p.folder, m.account, p.thread, p.uid, p.flags, m.flags, m.body, p.date, m.size," \
    " m.sender, m.recipients, m.subject, m.mid, m.parent, coalesce(p.tags, p.keywords), "          \
    "m.preview, "
#define MESSAGE_COLUMNS 17

#define FOLDER_ROWS                                                                                \
    SELECT_ROW "p.date, p.message, 1, (p.flags & 1) = 0 FROM placement p CROSS JOIN message m"     \
               " ON m.id = p.message WHERE p.folder = ?1 AND ?5 = 0 AND (p.date, p.message) "
#define FOLDER_OLDER "< (?2, ?3) ORDER BY p.date DESC, p.message DESC LIMIT ?4"
#define FOLDER_NEWER "> (?2, ?3) ORDER BY p.date, p.message LIMIT ?4"
#define FOLDER_UNREAD                                                                              \
    SELECT_ROW "p.date, p.message, 1, 1 FROM placement p CROSS JOIN message m"                     \
               " ON m.id = p.message WHERE p.folder = ?1 AND ?5 = 0 AND (p.flags & 1) = 0"         \
               " AND (p.date, p.message) " FOLDER_OLDER

/* A message of the conversation as it lies in folder ?5 or, when it does not, in its first folder.
 */
#define CONVERSATION_ROWS                                                                          \
    SELECT_ROW "m.date, m.id, 1, (p.flags & 1) = 0 FROM message m CROSS JOIN placement p"          \
               " ON p.message = m.id AND p.folder = coalesce((SELECT x.folder FROM placement x"    \
               " WHERE x.message = m.id AND x.folder = ?5), (SELECT min(y.folder) FROM placement"  \
               " y WHERE y.message = m.id)) WHERE m.thread = ?1 AND (m.date, m.id) "
#define CONVERSATION_NEWER "> (?2, ?3) ORDER BY m.date, m.id LIMIT ?4"
#define CONVERSATION_OLDER "< (?2, ?3) ORDER BY m.date DESC, m.id DESC LIMIT ?4"
#define CONVERSATION_UNREAD                                                                        \
    CONVERSATION_ROWS "> (?2, ?3) AND (p.flags & 1) = 0 ORDER BY m.date, m.id LIMIT ?4"

#define THREAD_FIELDS                                                                              \
    SELECT_ROW "t.last, t.thread, t.n, t.unread FROM folder_thread t CROSS JOIN placement p"       \
               " ON p.folder = t.folder AND p.date = t.last AND p.message = (SELECT x.message"     \
               " FROM placement x WHERE x.folder = t.folder AND x.thread = t.thread"               \
               " ORDER BY x.date DESC, x.message DESC LIMIT 1) CROSS JOIN message m"               \
               " ON m.id = p.message WHERE t.folder = ?1 AND ?5 = 0 AND (t.last, t.thread) "
#define THREADS_OLDER "< (?2, ?3) ORDER BY t.last DESC, t.thread DESC LIMIT ?4"
#define THREADS_NEWER "> (?2, ?3) ORDER BY t.last, t.thread LIMIT ?4"
#define THREADS_UNREAD                                                                             \
    THREAD_FIELDS "< (?2, ?3) AND t.unread > 0 ORDER BY t.last DESC, t.thread DESC LIMIT ?4"

enum walk { WALK_NEXT, WALK_PREV, WALK_UNREAD, WALKS };
/* LIST_INBOXES has no row: it is LIST_FOLDER, merged; LIST_FOUND is walked by hand. */
static const struct {
    const char *sql[WALKS];
    bool ascending; /* in display order */
} lists[] = {
    [LIST_FOLDER] = { { FOLDER_ROWS FOLDER_OLDER, FOLDER_ROWS FOLDER_NEWER, FOLDER_UNREAD },
                      false },
    [LIST_CONVERSATION] = { { CONVERSATION_ROWS CONVERSATION_NEWER,
                              CONVERSATION_ROWS CONVERSATION_OLDER, CONVERSATION_UNREAD },
                            true },
    [LIST_DIFFERENT_THREADS] = { { THREAD_FIELDS THREADS_OLDER, THREAD_FIELDS THREADS_NEWER,
                                   THREADS_UNREAD },
                                 false },
};

static void row_fill(struct arena *a, sqlite3_stmt *s, struct cache_row *r)
{
    unsigned facts = (unsigned)sqlite3_column_int64(s, 6) & CACHE_ATTACHMENT;
    *r = (struct cache_row){
        .id = sqlite3_column_int64(s, 0),
        .folder = sqlite3_column_int64(s, 1),
        .account = sqlite3_column_int64(s, 2),
        .thread = sqlite3_column_int64(s, 3),
        .uid = (uint32_t)sqlite3_column_int64(s, 4),
        .flags = (unsigned)sqlite3_column_int64(s, 5) | facts |
                 (sqlite3_column_int64(s, 7) != 0 ? CACHE_BODY_HERE : 0u),
        .date = sqlite3_column_int64(s, 8),
        .size = (uint64_t)sqlite3_column_int64(s, 9),
        .from = sql_str(a, s, 10),
        .to = sql_str(a, s, 11),
        .subject = sql_str(a, s, 12),
        .message_id = sql_str(a, s, 13),
        .parent = sql_str(a, s, 14),
        .keywords = sql_str(a, s, 15),
        .preview = sql_str(a, s, 16),
        .key = { sqlite3_column_int64(s, MESSAGE_COLUMNS),
                 sqlite3_column_int64(s, MESSAGE_COLUMNS + 1) },
        .thread_n = (unsigned)sqlite3_column_int64(s, MESSAGE_COLUMNS + 2),
        .thread_unread = (unsigned)sqlite3_column_int64(s, MESSAGE_COLUMNS + 3),
    };
}

static void rows_turn(struct cache_row *rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct cache_row r = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = r;
    }
}

/* Rows of one index, in display order. */
static int walk_one(struct cache *c, struct arena *a, const struct cache_query *q,
                    const struct cache_key *key, enum walk walk, struct cache_row *rows, size_t *n,
                    struct error *err)
{
    bool up = lists[q->kind].ascending != (walk == WALK_PREV);
    struct cache_key start = { up ? INT64_MIN : INT64_MAX, up ? INT64_MIN : INT64_MAX };
    bool thread = q->kind == LIST_CONVERSATION;
    size_t want = *n;
    if (key != NULL)
        start = *key;
    *n = 0;
    sqlite3_stmt *s =
        sql_bind(c, lists[q->kind].sql[walk],
                 SQL_ARGS(SQL_I(thread ? q->thread : q->folder), SQL_I(start.date), SQL_I(start.id),
                          SQL_I(want), SQL_I(thread ? q->folder : 0)),
                 err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && *n < want && (rc = sql_step(c, s, err)) == 0)
        row_fill(a, s, &rows[(*n)++]);
    sqlite3_reset(s);
    if (walk == WALK_PREV)
        rows_turn(rows, *n);
    return rc < 0 ? -1 : 0;
}

static int inbox_ids(struct cache *c, struct arena *a, int64_t **ids, size_t *n, struct error *err)
{
    struct cache_folder *folders;
    size_t folders_n;
    if (cache_folders(c, a, 0, &folders, &folders_n, err) < 0)
        return -1;
    *ids = arena_array(a, folders_n + 1, sizeof **ids);
    *n = 0;
    for (size_t i = 0; i < folders_n; i++)
        if (folders[i].role == ROLE_INBOX)
            (*ids)[(*n)++] = folders[i].id;
    return 0;
}

/* True if a stands before b: newest first. */
static bool row_before(const struct cache_row *a, const struct cache_row *b)
{
    return a->key.date != b->key.date ? a->key.date > b->key.date : a->key.id > b->key.id;
}

/* Merges page (newest first) into rows, of which at most want stay: the first ones, or the last
 * ones when going back. */
static void rows_merge(struct cache_row *rows, size_t *n, const struct cache_row *page,
                       size_t page_n, size_t want, bool back, struct cache_row *room)
{
    size_t i = 0, j = 0, all = 0;
    while (i < *n || j < page_n) {
        bool mine = j == page_n || (i < *n && row_before(&rows[i], &page[j]));
        room[all++] = mine ? rows[i++] : page[j++];
    }
    size_t keep = all < want ? all : want;
    memcpy(rows, room + (back ? all - keep : 0), keep * sizeof *rows);
    *n = keep;
}

static int walk_inboxes(struct cache *c, struct arena *a, const struct cache_key *key,
                        enum walk walk, struct cache_row *rows, size_t *n, struct error *err)
{
    int64_t *ids;
    size_t ids_n, want = *n;
    *n = 0;
    if (inbox_ids(c, a, &ids, &ids_n, err) < 0)
        return -1;
    struct cache_row *page = arena_array(a, want, sizeof *page);
    struct cache_row *room = arena_array(a, want * 2, sizeof *room);
    for (size_t i = 0; i < ids_n; i++) {
        struct cache_query q = { .kind = LIST_FOLDER, .folder = ids[i] };
        size_t page_n = want;
        if (walk_one(c, a, &q, key, walk, page, &page_n, err) < 0)
            return -1;
        rows_merge(rows, n, page, page_n, want, walk == WALK_PREV, room);
    }
    return 0;
}

/* How many hits stand before key in display order. */
static size_t hits_before(const struct cache_query *q, const struct cache_key *key)
{
    size_t low = 0, high = q->hits_n;
    struct cache_row wanted = { .key = *key };
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct cache_row there = { .key = q->hits[mid].key };
        if (row_before(&there, &wanted))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* 0; 1 where it does not lie there any more. */
static int hit_row(struct cache *c, struct arena *a, const struct cache_hit *hit,
                   struct cache_row *row, struct error *err)
{
    int rc = cache_row_get(c, a, hit->key.id, hit->folder, row, err);
    row->key = hit->key;
    return rc;
}

/* Where a walk begins: the first hit behind key, or one behind the last before it. */
static size_t hits_start(const struct cache_query *q, const struct cache_key *key, bool back)
{
    if (key == NULL)
        return back ? q->hits_n : 0;
    size_t at = hits_before(q, key);
    bool there =
        at < q->hits_n && q->hits[at].key.id == key->id && q->hits[at].key.date == key->date;
    return there && !back ? at + 1 : at;
}

static int walk_hits(struct cache *c, struct arena *a, const struct cache_query *q,
                     const struct cache_key *key, enum walk walk, struct cache_row *rows, size_t *n,
                     struct error *err)
{
    bool back = walk == WALK_PREV;
    size_t want = *n, at = hits_start(q, key, back);
    *n = 0;
    while (*n < want && (back ? at > 0 : at < q->hits_n)) {
        int rc = hit_row(c, a, &q->hits[back ? --at : at++], &rows[*n], err);
        if (rc < 0)
            return -1;
        if (rc == 0 && (walk != WALK_UNREAD || (rows[*n].flags & CACHE_SEEN) == 0))
            ++*n;
    }
    if (back)
        rows_turn(rows, *n);
    return 0;
}

static int walk_list(struct cache *c, struct arena *a, const struct cache_query *q,
                     const struct cache_key *key, enum walk walk, struct cache_row *rows, size_t *n,
                     struct error *err)
{
    if (q->kind == LIST_FOUND)
        return walk_hits(c, a, q, key, walk, rows, n, err);
    return q->kind == LIST_INBOXES ? walk_inboxes(c, a, key, walk, rows, n, err)
                                   : walk_one(c, a, q, key, walk, rows, n, err);
}

int cache_list(struct cache *c, struct arena *a, const struct cache_query *q,
               const struct cache_key *key, enum cache_dir dir, struct cache_row *rows, size_t *n,
               struct error *err)
{
    return walk_list(c, a, q, key, dir == CACHE_NEXT ? WALK_NEXT : WALK_PREV, rows, n, err);
}

int cache_list_unread(struct cache *c, struct arena *a, const struct cache_query *q,
                      const struct cache_key *key, struct cache_row *row, struct error *err)
{
    size_t n = 1;
    if (walk_list(c, a, q, key, WALK_UNREAD, row, &n, err) < 0)
        return -1;
    return n == 1 ? 0 : 1;
}

static const char *const counts[] = {
    [LIST_FOLDER] = "SELECT total, unread FROM folder WHERE id = ?1",
    [LIST_INBOXES] = "SELECT coalesce(sum(total), 0), coalesce(sum(unread), 0) FROM folder"
                     " WHERE role = 1 AND ?1 = ?1",
    [LIST_CONVERSATION] =
        "SELECT count(*), coalesce(sum(unread), 0) FROM (SELECT (p.flags & 1) = 0 AS unread"
        " FROM message m CROSS JOIN placement p ON p.message = m.id AND p.folder ="
        " (SELECT min(y.folder) FROM placement y WHERE y.message = m.id) WHERE m.thread = ?1)",
    [LIST_DIFFERENT_THREADS] = "SELECT threads, threads_unread FROM folder WHERE id = ?1",
};

int cache_list_count(struct cache *c, const struct cache_query *q, int64_t *total, int64_t *unread,
                     struct error *err)
{
    int64_t id = q->kind == LIST_CONVERSATION ? q->thread : q->folder;
    *total = (int64_t)q->hits_n;
    *unread = 0;
    if (q->kind == LIST_FOUND)
        return 0;
    sqlite3_stmt *s = sql_bind(c, counts[q->kind], SQL_ARGS(SQL_I(id)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    *total = 0;
    if (rc == 0) {
        *total = sqlite3_column_int64(s, 0);
        *unread = sqlite3_column_int64(s, 1);
        sqlite3_reset(s);
    }
    return rc < 0 ? -1 : 0;
}

/* How many rows stand on one side of a key, counted up to ?4; and the date at the list's two ends.
 */
static const struct {
    const char *newer, *older, *first, *last;
} sides[] = {
    [LIST_FOLDER] = { "SELECT count(*) FROM (SELECT 1 FROM placement WHERE folder = ?1"
                      " AND (date, message) > (?2, ?3) LIMIT ?4)",
                      "SELECT count(*) FROM (SELECT 1 FROM placement WHERE folder = ?1"
                      " AND (date, message) < (?2, ?3) LIMIT ?4)",
                      "SELECT max(date) FROM placement WHERE folder = ?1",
                      "SELECT min(date) FROM placement WHERE folder = ?1" },
    [LIST_CONVERSATION] = { "SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ?1"
                            " AND (date, id) < (?2, ?3) LIMIT ?4)",
                            "SELECT count(*) FROM (SELECT 1 FROM message WHERE thread = ?1"
                            " AND (date, id) > (?2, ?3) LIMIT ?4)",
                            "SELECT min(date) FROM message WHERE thread = ?1",
                            "SELECT max(date) FROM message WHERE thread = ?1" },
    [LIST_DIFFERENT_THREADS] = { "SELECT count(*) FROM (SELECT 1 FROM folder_thread"
                                 " WHERE folder = ?1 AND (last, thread) > (?2, ?3) LIMIT ?4)",
                                 "SELECT count(*) FROM (SELECT 1 FROM folder_thread"
                                 " WHERE folder = ?1 AND (last, thread) < (?2, ?3) LIMIT ?4)",
                                 "SELECT max(last) FROM folder_thread WHERE folder = ?1",
                                 "SELECT min(last) FROM folder_thread WHERE folder = ?1" },
};

static int side_count(struct cache *c, const char *sql, int64_t id, const struct cache_key *key,
                      int64_t *n, struct error *err)
{
    int rc =
        sql_int(c, sql,
                SQL_ARGS(SQL_I(id), SQL_I(key->date), SQL_I(key->id), SQL_I(ESTIMATE_ROWS + 1)), n,
                err);
    return rc < 0 ? -1 : 0;
}

/* Between the ends: as if the messages were spread evenly over the time. */
static int position_guess(struct cache *c, enum cache_list_kind kind, int64_t id, int64_t date,
                          int64_t total, int64_t *position, struct error *err)
{
    int64_t first = 0, last = 0;
    if (sql_int(c, sides[kind].first, SQL_ARGS(SQL_I(id)), &first, err) < 0 ||
        sql_int(c, sides[kind].last, SQL_ARGS(SQL_I(id)), &last, err) < 0)
        return -1;
    double span = (double)first - (double)last;
    double part = span == 0 ? 0.5 : ((double)first - (double)date) / span;
    *position = ESTIMATE_ROWS + (int64_t)(part * (double)(total - 2 * ESTIMATE_ROWS));
    return 0;
}

static int position_one(struct cache *c, const struct cache_query *q, const struct cache_key *key,
                        int64_t *position, struct error *err)
{
    int64_t total = 0, unread = 0, older = 0;
    int64_t id = q->kind == LIST_CONVERSATION ? q->thread : q->folder;
    if (side_count(c, sides[q->kind].newer, id, key, position, err) < 0)
        return -1;
    if (*position <= ESTIMATE_ROWS)
        return 0;
    if (side_count(c, sides[q->kind].older, id, key, &older, err) < 0 ||
        cache_list_count(c, q, &total, &unread, err) < 0)
        return -1;
    *position = total - 1 - older;
    return older <= ESTIMATE_ROWS ? 0
                                  : position_guess(c, q->kind, id, key->date, total, position, err);
}

int cache_list_position(struct cache *c, const struct cache_query *q, const struct cache_key *key,
                        int64_t *position, struct error *err)
{
    *position = 0;
    if (q->kind == LIST_FOUND) {
        *position = (int64_t)hits_before(q, key);
        return 0;
    }
    if (q->kind != LIST_INBOXES)
        return position_one(c, q, key, position, err);
    int64_t *ids;
    size_t ids_n;
    struct arena *a = arena_new(1 << 10);
    int rc = inbox_ids(c, a, &ids, &ids_n, err);
    for (size_t i = 0; rc == 0 && i < ids_n; i++) {
        struct cache_query one = { .kind = LIST_FOLDER, .folder = ids[i] };
        int64_t before = 0;
        rc = position_one(c, &one, key, &before, err);
        *position += before;
    }
    arena_free(&a);
    return rc;
}

int cache_row_get(struct cache *c, struct arena *a, int64_t message, int64_t folder,
                  struct cache_row *row, struct error *err)
{
    sqlite3_stmt *s = sql_bind(c,
                               SELECT_ROW "p.date, m.id, 1, (p.flags & 1) = 0 FROM message m"
                                          " CROSS JOIN placement p ON p.message = m.id"
                                          " AND p.folder = CASE ?2 WHEN 0 THEN (SELECT min(folder)"
                                          " FROM placement WHERE message = ?1) ELSE ?2 END"
                                          " WHERE m.id = ?1",
                               SQL_ARGS(SQL_I(message), SQL_I(folder)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        row_fill(a, s, row);
        sqlite3_reset(s);
    }
    return rc;
}

int cache_summary(struct cache *c, struct arena *a, int64_t message, struct str *flat,
                  struct error *err)
{
    sqlite3_stmt *s =
        sql_bind(c, "SELECT flat FROM summary WHERE message = ?", SQL_ARGS(SQL_I(message)), err);
    int rc = s == NULL ? -1 : sql_step(c, s, err);
    if (rc == 0) {
        *flat = sql_str(a, s, 0);
        sqlite3_reset(s);
    }
    return rc;
}

int cache_message_folders(struct cache *c, struct arena *a, int64_t message, struct str **names,
                          size_t *n, struct error *err)
{
    int64_t room = 0;
    *n = 0;
    *names = NULL;
    if (sql_int(c, "SELECT count(*) FROM placement WHERE message = ?", SQL_ARGS(SQL_I(message)),
                &room, err) < 0)
        return -1;
    *names = arena_array(a, (size_t)room + 1, sizeof **names);
    sqlite3_stmt *s = sql_bind(c,
                               "SELECT f.name FROM placement p CROSS JOIN folder f"
                               " ON f.id = p.folder WHERE p.message = ? ORDER BY p.folder LIMIT ?",
                               SQL_ARGS(SQL_I(message), SQL_I(room)), err);
    int rc = s == NULL ? -1 : 0;
    while (rc == 0 && (rc = sql_step(c, s, err)) == 0)
        (*names)[(*n)++] = sql_str(a, s, 0);
    return rc < 0 ? -1 : 0;
}
