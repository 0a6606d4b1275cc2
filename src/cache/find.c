/* SPDX-License-Identifier: MIT */
#include "cache/find.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cache/sql.h"
#include "cache/words.h"
#include "base/banned.h"

enum { PAGE = 100, COLUMN_MAX = 1 << 20 };

/* ------------------------------------------------------------------ one row */

static enum find_answer yes(bool claim)
{
    return claim ? FIND_YES : FIND_NO;
}

static enum find_answer not_that(enum find_answer a)
{
    return a == FIND_MAYBE ? FIND_MAYBE : yes(a == FIND_NO);
}

static bool column_has(struct str column, struct str folded)
{
    struct buf text = BUF_INIT(COLUMN_MAX);
    utf8_fold(&text, column);
    bool has = str_search(buf_str(&text), folded) < text.len;
    buf_free(&text);
    return has;
}

/* The name, its last part, or what a person calls a folder of that use. */
static bool folder_is(struct str folder, struct str text)
{
    size_t slash = str_rfind(folder, '/');
    return str_ieq(folder, text) ||
           (slash < folder.n && str_ieq(str_skip(folder, slash + 1), text));
}

struct row {
    const struct cache_row *row; /* NULL: any of the folder */
    struct str folder;
    const struct find_look *look;
    struct error *err;
    bool failed;
};

static enum find_answer look(struct row *r, const struct query *q)
{
    enum find_answer a = FIND_MAYBE;
    if (r->look != NULL && !r->failed)
        r->failed = r->look->look(r->look->arg, r->row, q, &a, r->err) != 0;
    return a;
}

static enum find_answer text_answer(struct row *r, const struct query *q)
{
    const struct cache_row *row = r->row;
    bool has = column_has(row->subject, q->folded) || column_has(row->from, q->folded) ||
               column_has(row->to, q->folded);
    return has ? FIND_YES : look(r, q);
}

static enum find_answer term_answer(struct row *r, const struct query *q)
{
    const struct cache_row *row = r->row;
    if (q->field == QUERY_IN)
        return yes(folder_is(r->folder, q->text));
    if (row == NULL)
        return FIND_MAYBE;
    switch (q->field) {
    case QUERY_TEXT:
        return text_answer(r, q);
    case QUERY_FROM:
        return yes(column_has(row->from, q->folded));
    case QUERY_TO:
        return yes(column_has(row->to, q->folded));
    case QUERY_SUBJECT:
        return yes(column_has(row->subject, q->folded));
    case QUERY_TAG:
        return yes(words_has(row->keywords, q->text));
    case QUERY_FLAG:
        return yes(((row->flags & q->flag) != 0) == q->on);
    case QUERY_ATTACHMENT:
        return row->flags & CACHE_ATTACHMENT  ? FIND_YES
               : row->flags & CACHE_BODY_HERE ? FIND_NO
                                              : FIND_MAYBE;
    case QUERY_BEFORE:
        return yes(row->date < q->number);
    case QUERY_SINCE:
        return yes(row->date >= q->number);
    case QUERY_LARGER:
        return yes(row->size > (uint64_t)q->number);
    case QUERY_SMALLER:
        return yes(row->size < (uint64_t)q->number);
    default:
        return look(r, q);
    }
}

/* What is cheap comes first: a text is looked into only where all else leaves it open. */
static bool is_costly(const struct query *q)
{
    if (q->kind == QUERY_TERM)
        return q->field == QUERY_TEXT || q->field == QUERY_BODY || q->field == QUERY_CC ||
               q->field == QUERY_LIST;
    return is_costly(q->a) || (q->kind != QUERY_NOT && is_costly(q->b));
}

static enum find_answer answer_of(struct row *r, const struct query *q)
{
    if (q->kind == QUERY_TERM)
        return term_answer(r, q);
    if (q->kind == QUERY_NOT)
        return not_that(answer_of(r, q->a));
    bool turned = is_costly(q->a) && !is_costly(q->b);
    enum find_answer decides = q->kind == QUERY_AND ? FIND_NO : FIND_YES;
    enum find_answer a = answer_of(r, turned ? q->b : q->a);
    if (a == decides)
        return a;
    enum find_answer b = answer_of(r, turned ? q->a : q->b);
    return b == decides ? b : a == FIND_MAYBE ? a : b;
}

int find_row(const struct query *q, const struct cache_row *row, struct str folder,
             const struct find_look *how, enum find_answer *answer, struct error *err)
{
    struct row r = { .row = row, .folder = folder, .look = how, .err = err };
    *answer = answer_of(&r, q);
    return r.failed ? -1 : 0;
}

/* ------------------------------------------------------------------ the whole store */

struct finder {
    struct cache *cache;
    const struct query *query;
    const struct find_look *look;
    struct arena *arena; /* folders */
    struct cache_folder *folders;
    size_t folders_n, folder;
    bool begun, in_folder;
    struct cache_key key; /* the last row of the folder that was looked at */
    struct cache_hit *hits;
    size_t n, room;
    uint64_t *seen; /* messages by number, a bit each */
    size_t seen_n;
};

struct finder *finder_new(struct cache *c, const struct query *q, const struct find_look *how)
{
    struct finder *f = xcalloc(1, sizeof *f);
    f->cache = c;
    f->query = q;
    f->look = how;
    f->arena = arena_new(4096);
    return f;
}

void finder_free(struct finder **f)
{
    if (*f == NULL)
        return;
    arena_free(&(*f)->arena);
    free((*f)->hits);
    free((*f)->seen);
    free(*f);
    *f = NULL;
}

const struct cache_hit *finder_hits(const struct finder *f, size_t *n)
{
    *n = f->n;
    return f->hits;
}

/* True the first time. */
static bool seen_add(struct finder *f, int64_t message)
{
    size_t word = (size_t)message / 64;
    uint64_t bit = UINT64_C(1) << (message % 64);
    if (word >= f->seen_n) {
        f->seen = xrealloc(f->seen, 2 * word + 64, sizeof *f->seen);
        memset(f->seen + f->seen_n, 0, (2 * word + 64 - f->seen_n) * sizeof *f->seen);
        f->seen_n = 2 * word + 64;
    }
    bool fresh = (f->seen[word] & bit) == 0;
    f->seen[word] |= bit;
    return fresh;
}

static void hit_add(struct finder *f, const struct cache_row *row)
{
    if (f->n == FIND_HITS_MAX || !seen_add(f, row->id))
        return;
    if (f->n == f->room) {
        f->room = f->room > 0 ? 2 * f->room : 64;
        f->hits = xrealloc(f->hits, f->room, sizeof *f->hits);
    }
    f->hits[f->n++] = (struct cache_hit){ { row->date, row->id }, row->folder };
}

/* True where nothing of the folder can be meant. */
static bool folder_is_out(const struct query *q, struct str folder)
{
    enum find_answer a;
    struct error err;
    return find_row(q, NULL, folder, NULL, &a, &err) != 0 || a == FIND_NO;
}

static int rows_look(struct finder *f, const struct cache_row *rows, size_t n, int64_t until_ms,
                     struct error *err)
{
    struct str name = f->folders[f->folder].name;
    for (size_t i = 0; i < n; i++) {
        enum find_answer a;
        if (find_row(f->query, &rows[i], name, f->look, &a, err) != 0)
            return -1;
        if (a == FIND_YES)
            hit_add(f, &rows[i]);
        f->key = rows[i].key;
        f->in_folder = true;
        if (i + 1 < n && clock_mono_ms() >= until_ms)
            return 0;
    }
    if (n < PAGE) {
        f->folder++;
        f->in_folder = false;
    }
    return 0;
}

static int page_look(struct finder *f, int64_t until_ms, struct error *err)
{
    const struct cache_folder *folder = &f->folders[f->folder];
    struct cache_query q = { .kind = LIST_FOLDER, .folder = folder->id };
    struct cache_row rows[PAGE];
    size_t n = PAGE;
    if (!f->in_folder && folder_is_out(f->query, folder->name)) {
        f->folder++;
        return 0;
    }
    struct arena *a = arena_new(32 << 10);
    int rc = cache_list(f->cache, a, &q, f->in_folder ? &f->key : NULL, CACHE_NEXT, rows, &n, err);
    if (rc == 0)
        rc = rows_look(f, rows, n, until_ms, err);
    arena_free(&a);
    return rc;
}

int finder_step(struct finder *f, int64_t until_ms, struct error *err)
{
    if (!f->begun && cache_folders(f->cache, f->arena, 0, &f->folders, &f->folders_n, err) != 0)
        return -1;
    f->begun = true;
    while (f->folder < f->folders_n && f->n < FIND_HITS_MAX) {
        if (page_look(f, until_ms, err) != 0)
            return -1;
        if (clock_mono_ms() >= until_ms)
            break;
    }
    return f->folder == f->folders_n || f->n == FIND_HITS_MAX;
}

static int hit_order(const void *a, const void *b)
{
    const struct cache_hit *x = a, *y = b;
    if (x->key.date != y->key.date)
        return x->key.date < y->key.date ? 1 : -1;
    return (x->key.id < y->key.id) - (x->key.id > y->key.id);
}

size_t find_sort(struct cache_hit *hits, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(hits, n, sizeof *hits, hit_order);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || hits[i].key.id != hits[kept - 1].key.id)
            hits[kept++] = hits[i];
    return kept;
}

/* ------------------------------------------------------------------ what is elsewhere */

/* True where a header does not tell. */
static bool needs_text(const struct query *q)
{
    if (q->kind == QUERY_TERM)
        return q->field == QUERY_TEXT || q->field == QUERY_BODY || q->field == QUERY_ATTACHMENT;
    return needs_text(q->a) || (q->kind != QUERY_NOT && needs_text(q->b));
}

/* 1: the server has what the store has not. */
static int is_elsewhere(struct cache *c, const struct cache_folder *f, bool text, struct error *err)
{
    int64_t missing = 0;
    if (f->flags & (FOLDER_NOSELECT | FOLDER_GONE | FOLDER_NEW | FOLDER_REMOVED))
        return 0;
    if (f->uidvalidity == 0 && f->role > ROLE_INBOX) /* made here, for what it is for */
        return 0;
    if (f->there > f->total || f->there < 0)
        return 1;
    if (!text)
        return 0;
    int rc = sql_int(c,
                     "SELECT EXISTS (SELECT 1 FROM placement p CROSS JOIN message m"
                     " ON m.id = p.message WHERE p.folder = ? AND p.uid > 0 AND m.body = 0)",
                     SQL_ARGS(SQL_I(f->id)), &missing, err);
    return rc < 0 ? -1 : missing != 0;
}

int find_elsewhere(struct cache *c, struct arena *a, int64_t account, const struct query *q,
                   struct cache_folder **out, size_t *n, struct error *err)
{
    bool text = needs_text(q);
    size_t all, kept = 0;
    if (cache_folders(c, a, account, out, &all, err) != 0)
        return -1;
    for (size_t i = 0; i < all; i++) {
        if (folder_is_out(q, (*out)[i].name))
            continue;
        int rc = is_elsewhere(c, &(*out)[i], text, err);
        if (rc < 0)
            return -1;
        if (rc == 1)
            (*out)[kept++] = (*out)[i];
    }
    *n = kept;
    return 0;
}
