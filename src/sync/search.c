/* SPDX-License-Identifier: MIT */
#include "sync/search.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/find.h"
#include "sync/fetch.h"
#include "sync/link.h"
#include "sync/ranges.h"
#include "sync/searchkeys.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum { SET_MAX = 7000 /* bytes of uids in a line: servers need not take more than 8000 */ };

/* One folder. */
struct box {
    const struct cache_folder *f;
    struct link_select select;
    struct link_answer answer; /* of the search */
    struct ranges uids;
    struct error odd;  /* an answer that cannot be read */
    bool there, again; /* it was searched; it has to be, without a charset */
};
struct run {
    struct sync_account *w;
    struct search *s;
    struct arena *arena;
    struct query *query;
    enum searchkeys_how how;
    bool wide;
    struct str *pieces;
    size_t pieces_n, hits;
    int64_t until;
    const struct cache_folder **left; /* folders that could not be searched */
    size_t left_n;
    struct error why; /* of the first */
};

/* ------------------------------------------------------------------ what could not be searched */

static void left_say(struct sync_account *w, struct search *s, const struct cache_folder *const *f,
                     size_t n, const struct error *why)
{
    struct buf names = BUF_INIT(4096);
    size_t more = n > SEARCH_FOLDERS_TOLD ? n - SEARCH_FOLDERS_TOLD : 0;
    for (size_t i = 0; i < n - more; i++)
        buf_addf(&names, "%s%.*s", i > 0 ? ", " : "", STR_ARG(str_head(f[i]->name, 60)));
    if (more == 0)
        (void)error_set(&s->left, why->code, why->retry, _("not searched on the server: %s (%s)"),
                        buf_c(&names), why->text);
    else
        (void)error_set(&s->left, why->code, why->retry,
                        P_("not searched on the server: %s and %zu more (%s)",
                           "not searched on the server: %s and %zu more (%s)", more),
                        buf_c(&names), more, why->text);
    account_prefix(w, &s->left);
    buf_free(&names);
}

static void leave(struct run *r, const struct cache_folder *f, const struct error *why)
{
    if (r->left_n == 0)
        r->why = *why;
    r->left[r->left_n++] = f;
}

void search_failed(struct sync_account *w, struct search *s, const struct error *why)
{
    struct arena *a = arena_new(4096);
    struct cache_folder *f;
    struct error err = { 0 };
    size_t n = 0;
    const struct query *q = query_parse(a, s->query, &err);
    if (q == NULL || find_elsewhere(w->cache, a, w->id, q, &f, &n, &err) != 0)
        s->left = err;
    const struct cache_folder **all = arena_array(a, n + 1, sizeof(struct cache_folder *));
    for (size_t i = 0; i < n; i++)
        all[i] = &f[i];
    if (n > 0)
        left_say(w, s, all, n, why);
    arena_free(&a);
}

int search_needed(struct sync_account *w, struct str query, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder *f;
    size_t n = 0;
    const struct query *q = query_parse(a, query, err);
    int rc = q != NULL ? find_elsewhere(w->cache, a, w->id, q, &f, &n, err) : -1;
    arena_free(&a);
    return rc == 0 ? n > 0 : -1;
}

/* ------------------------------------------------------------------ asking */

static int box_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct box *b = arg;
    uint32_t uid;
    int rc = 0;
    (void)err;
    if (r->kind == IMAP_SEARCH)
        for (const struct wire_node *n = r->numbers; rc == 0 && n != NULL; n = n->next)
            if (wire_u32(n, &uid) == 0 && uid > 0)
                rc = ranges_put(&b->uids, uid, uid, &b->odd);
    if (r->kind == IMAP_ESEARCH && (r->esearch.has & ESEARCH_ALL) != 0)
        rc = ranges_add(&b->uids, r->uids_from, &b->odd);
    (void)rc; /* told when the folder's turn comes */
    return 0;
}

static void box_done(void *arg, const struct imap_resp *r)
{
    struct box *b = arg;
    link_done(&b->answer, r);
}

static void box_clear(struct box *b)
{
    link_answer_clear(&b->select.answer);
    link_answer_clear(&b->answer);
    ranges_clear(&b->uids);
}

/* save: the server keeps the result as "$" too. */
static void box_search_queue(struct run *r, struct box *b, bool save)
{
    bool extended = (imap_caps(r->w->imap) & CAP_ESEARCH) != 0;
    struct buf first = BUF_INIT(LINK_COMMAND_MAX);
    struct str *pieces = arena_array(r->arena, r->pieces_n, sizeof *pieces);
    memcpy(pieces, r->pieces, r->pieces_n * sizeof *pieces);
    buf_addf(&first, "UID SEARCH %s%.*s",
             save       ? "RETURN (SAVE ALL) "
             : extended ? "RETURN (ALL) "
                        : "",
             STR_ARG(pieces[0]));
    pieces[0] = buf_str(&first);
    imap_queue_pieces(r->w->imap, pieces, r->pieces_n,
                      &(struct imap_handler){ .resp = box_resp, .done = box_done, .arg = b });
    buf_free(&first);
}

/* Which folder was searched under which numbers; what went wrong with it is noted. */
static void box_end(struct run *r, struct box *b)
{
    struct error why = { 0 };
    if (link_select_end(r->w, &b->select, &why) != 0) {
        leave(r, b->f, &why);
        return;
    }
    if (b->answer.fate == LINK_REFUSED && r->wide && r->how != SEARCHKEYS_ASCII) {
        b->again = true;
        return;
    }
    if (link_check(&b->answer, &why) != 0) {
        leave(r, b->f, &why);
        return;
    }
    if (b->f->uidvalidity != 0 && b->f->uidvalidity != b->select.box.uidvalidity)
        (void)fetch_renumbered(&b->odd);
    if (b->odd.code != ERR_NONE)
        leave(r, b->f, &b->odd);
    b->there = b->odd.code == ERR_NONE;
    ranges_tidy(&b->uids);
}

/* ------------------------------------------------------------------ what was found */

/* The store's rows of what was found, newest uid first: those that the query can mean are told. */
static int hits_tell(struct run *r, const struct box *b, const struct cache_known *known, size_t n,
                     struct error *err)
{
    int64_t *messages = xcalloc(n + 1, sizeof *messages);
    size_t kept = 0;
    int rc = 0;
    for (size_t i = n; rc >= 0 && i-- > 0 && r->hits + kept < SEARCH_HITS_MAX;) {
        struct arena *a = arena_new(2048);
        struct cache_row row;
        enum find_answer answer = FIND_NO;
        rc = cache_row_get(r->w->cache, a, known[i].message, b->f->id, &row, err);
        if (rc == 0)
            rc = find_row(r->query, &row, b->f->name, NULL, &answer, err);
        if (rc == 0 && answer != FIND_NO)
            messages[kept++] = row.id;
        arena_free(&a);
    }
    if (rc >= 0 && kept > 0)
        r->s->found(r->s->arg, messages, kept);
    r->hits += kept;
    free(messages);
    return rc < 0 ? -1 : 0;
}

/* A folder that was never looked at: these are its numbers from now on. */
static int box_number(struct run *r, const struct box *b, struct error *err)
{
    struct cache_folder f = *b->f;
    if (f.uidvalidity != 0)
        return 0;
    f.uidvalidity = b->select.box.uidvalidity;
    f.there = f.there_unseen = -1;
    return cache_folder_state(r->w->cache, &f, err);
}

static bool knows(const struct cache_known *known, size_t n, uint32_t uid)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (known[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && known[low].uid == uid;
}

/* What the store does not know of them, newest first; a server may claim any number. */
static size_t uids_choose(const struct box *b, const struct cache_known *known, size_t n,
                          uint32_t uids[SEARCH_FETCH_MAX])
{
    uint32_t top = b->select.box.uidnext > 0 ? b->select.box.uidnext - 1 : UINT32_MAX;
    size_t want = 0;
    for (size_t i = b->uids.n; i-- > 0;) {
        const struct cache_range *range = &b->uids.rows[i];
        uint64_t uid = range->last < top ? range->last : top;
        for (; uid >= range->first && uid > 0; uid--) {
            if (want == SEARCH_FETCH_MAX)
                return want;
            if (!knows(known, n, (uint32_t)uid))
                uids[want++] = (uint32_t)uid;
        }
    }
    return want;
}

/* Not all bodies come here. */
static bool stays_there(const struct run *r, const struct cache_folder *f)
{
    return config_offline(r->w->config, r->w->cfg, f->name) != OFFLINE_ALL;
}

/* Their headers. */
static int headers_fetch(struct run *r, struct box *b, const struct cache_known *known, size_t n,
                         struct error *err)
{
    uint32_t *uids = arena_array(r->arena, SEARCH_FETCH_MAX, sizeof *uids);
    size_t want = uids_choose(b, known, n, uids);
    struct fetch_job job = { .folder = b->f,
                             .uidvalidity = b->select.box.uidvalidity,
                             .uids = uids,
                             .n = want,
                             .what = FETCH_HEADERS_ONLY,
                             .alone = stays_there(r, b->f),
                             .window = SEARCH_FETCH_MAX };
    if (want > 0 && (link_select(r->w, b->f, false, err) != 0 || box_number(r, b, err) != 0))
        return -1;
    while (job.done < job.n)
        if (fetch_run(r->w, &job, err) != 0)
            return -1;
    return want > 0 ? commit_flush(r->w->commit, err) : 0;
}

static int box_hits(struct run *r, struct box *b, bool fetched, struct error *err)
{
    struct arena *a = arena_new(16 << 10);
    struct cache_known *known;
    size_t n = 0;
    int rc = b->uids.n > 0 ? cache_known_in(r->w->cache, a, b->f->id, b->uids.rows, b->uids.n,
                                            &known, &n, err)
                           : 0;
    if (rc == 0 && b->uids.n > 0 && !fetched) {
        rc = headers_fetch(r, b, known, n, err);
        if (rc == 0)
            rc = cache_known_in(r->w->cache, a, b->f->id, b->uids.rows, b->uids.n, &known, &n, err);
    }
    if (rc == 0 && n > 0)
        rc = hits_tell(r, b, known, n, err);
    arena_free(&a);
    return rc;
}

/* ------------------------------------------------------------------ folders by the group */

/* All of them in one turn. */
static int group_ask(struct run *r, struct box *b, size_t n, struct error *err)
{
    bool queued[SEARCH_GROUP] = { false };
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        struct error why = { 0 };
        queued[i] = link_select_queue(r->w, b[i].f, false, &b[i].select, &why) == 0;
        if (queued[i])
            box_search_queue(r, &b[i], false);
        else
            leave(r, b[i].f, &why);
    }
    rc = imap_run(r->w->imap, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (queued[i])
            box_end(r, &b[i]);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!b[i].there)
            continue;
        rc = box_hits(r, &b[i], false, err);
        if (rc != 0 && err->code == ERR_REFUSED) {
            leave(r, b[i].f, err);
            rc = 0;
        }
    }
    return rc;
}

/* The uids that the store has, as a set; false where they need too long a line. */
static bool known_put(struct run *r, const struct cache_folder *f, struct buf *set)
{
    struct arena *a = arena_new(16 << 10);
    struct cache_known *known;
    struct error unknown;
    size_t n = 0, kept = 0;
    bool fits = cache_known(r->w->cache, a, f->id, &known, &n, &unknown) == 0;
    uint32_t *uids = arena_array(a, n + 1, sizeof *uids);
    for (size_t i = 0; fits && i < n; i++)
        if (known[i].uid > 0)
            uids[kept++] = known[i].uid;
    if (kept > 0)
        imap_set_put(set, uids, kept);
    arena_free(&a);
    return fits && set->len <= SET_MAX;
}

/* Search, what of it the store lacks, and the headers of that, in one turn (RFC 5182). 1: not this
 * way. */
static int saved_ask(struct run *r, struct box *b, struct error *err)
{
    struct buf set = BUF_INIT(LINK_COMMAND_MAX);
    struct error why = { 0 };
    uint64_t caps = imap_caps(r->w->imap);
    const struct cache_folder *f = b->f;
    bool few = f->there > f->total && f->there - f->total <= SEARCH_FETCH_MAX;
    if ((caps & CAP_SEARCHRES) == 0 || (caps & CAP_ESEARCH) == 0 || !few || f->uidvalidity == 0 ||
        !known_put(r, f, &set) || link_select_queue(r->w, f, false, &b->select, &why) != 0) {
        buf_free(&set);
        return 1;
    }
    box_search_queue(r, b, true);
    if (set.len > 0)
        imap_queuef(r->w->imap, NULL, "UID SEARCH RETURN (SAVE) UID $ NOT UID %s", buf_c(&set));
    buf_free(&set);
    struct fetch_job job = { .folder = f,
                             .uidvalidity = f->uidvalidity,
                             .opening = &b->select,
                             .maybe = true,
                             .saved = true,
                             .n = 1,
                             .alone = stays_there(r, f),
                             .what = FETCH_HEADERS_ONLY };
    if (fetch_run(r->w, &job, err) != 0 || commit_flush(r->w->commit, err) != 0)
        return -1;
    box_end(r, b);
    return b->there ? box_hits(r, b, true, err) : 0;
}

/* Those of which messages are missing go alone where their headers can come along. */
static int boxes_ask(struct run *r, struct box *b, size_t n, struct error *err)
{
    struct box *group[SEARCH_GROUP], row[SEARCH_GROUP] = { 0 };
    size_t in = 0;
    int rc = 0;
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        rc = saved_ask(r, &b[i], err);
        if (rc == 1)
            group[in++] = &b[i];
    }
    for (size_t i = 0; i < in; i++)
        row[i].f = group[i]->f;
    if (rc >= 0)
        rc = in > 0 ? group_ask(r, row, in, err) : 0;
    if (rc < 0)
        link_close(r->w); /* what is queued still points here */
    for (size_t i = 0; i < in; i++) {
        group[i]->again = row[i].again;
        box_clear(&row[i]);
    }
    return rc < 0 ? -1 : 0;
}

static int keys_make(struct run *r, enum searchkeys_how how, struct error *err)
{
    r->how = how;
    return searchkeys(r->arena, r->query, how, &r->pieces, &r->pieces_n, &r->wide, err);
}

/* The server has no charset: ASCII has to do. 1: nothing would be left to look for. */
static int narrow(struct run *r, struct error *err)
{
    int rc = keys_make(r, SEARCHKEYS_ASCII, err);
    if (rc == 1)
        (void)error_set(err, ERR_REFUSED, RETRY_NEVER,
                        _("the server can look for ASCII letters only"));
    return rc;
}

static int group_search(struct run *r, const struct cache_folder *f, size_t n, struct error *err)
{
    struct box b[SEARCH_GROUP] = { 0 };
    const struct cache_folder *again[SEARCH_GROUP];
    size_t again_n = 0;
    for (size_t i = 0; i < n; i++)
        b[i].f = &f[i];
    int rc = boxes_ask(r, b, n, err);
    for (size_t i = 0; i < n; i++) {
        if (b[i].again)
            again[again_n++] = b[i].f;
        box_clear(&b[i]);
    }
    if (rc != 0 || again_n == 0)
        return rc;
    struct error why = { 0 };
    rc = narrow(r, &why);
    for (size_t i = 0; i < again_n; i++) {
        b[i] = (struct box){ .f = again[i] };
        if (rc == 1)
            leave(r, again[i], &why);
    }
    if (rc != 0) {
        *err = why;
        return rc < 0 ? -1 : 0;
    }
    rc = boxes_ask(r, b, again_n, err);
    for (size_t i = 0; i < again_n; i++)
        box_clear(&b[i]);
    return rc;
}

static int folders_search(struct run *r, const struct cache_folder *f, size_t n, struct error *err)
{
    struct error late = { 0 };
    size_t i = 0, group;
    (void)error_set(&late, ERR_NET, RETRY_LATER, _("the server takes too long"));
    for (; i < n && r->hits < SEARCH_HITS_MAX && clock_mono_ms() < r->until; i += group) {
        group = n - i < SEARCH_GROUP ? n - i : SEARCH_GROUP;
        if (group_search(r, f + i, group, err) != 0)
            return -1;
    }
    for (; i < n && r->hits < SEARCH_HITS_MAX; i++)
        leave(r, &f[i], &late);
    return 0;
}

int search_run(struct sync_account *w, struct search *s, struct error *err)
{
    struct run r = {
        .w = w, .s = s, .arena = arena_new(16 << 10), .until = clock_mono_ms() + SEARCH_MS
    };
    struct cache_folder *f;
    size_t n = 0;
    r.query = query_parse(r.arena, s->query, err);
    int rc = r.query != NULL ? find_elsewhere(w->cache, r.arena, w->id, r.query, &f, &n, err) : -1;
    r.left = arena_array(r.arena, n + 1, sizeof(struct cache_folder *));
    if (rc == 0)
        rc = keys_make(&r, imap_utf8(w->imap) ? SEARCHKEYS_UTF8 : SEARCHKEYS_CHARSET, err);
    if (rc == 0)
        rc = folders_search(&r, f, n, err);
    if (rc == 0 && r.left_n > 0)
        left_say(w, s, r.left, r.left_n, &r.why);
    arena_free(&r.arena);
    return rc;
}
