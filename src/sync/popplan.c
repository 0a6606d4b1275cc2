/* SPDX-License-Identifier: MIT */
#include "sync/popplan.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { DAY_S = 24 * 3600 };

static int numbers_cmp(const struct popplan_item *a, const struct popplan_item *b)
{
    return (a->entry->number > b->entry->number) - (a->entry->number < b->entry->number);
}

static int by_uid(const void *va, const void *vb)
{
    const struct popplan_item *a = va, *b = vb;
    int order = str_cmp(a->uid, b->uid);
    return order != 0 ? order : numbers_cmp(a, b);
}

static int by_number(const void *va, const void *vb)
{
    const struct popplan_item *const *a = va, *const *b = vb;
    return numbers_cmp(*a, *b);
}

static int newest_first(const void *va, const void *vb)
{
    return by_number(vb, va);
}

/* Those after the first of the same unique-id get a name of their own. True if there were any. */
static bool doubles_name(struct arena *a, struct popplan_item *items, size_t n)
{
    bool any = false;
    for (size_t i = 1, first = 0; i < n; i++) {
        if (!str_eq(items[i].entry->uid, items[first].entry->uid)) {
            first = i;
            continue;
        }
        items[i].uid = str_c(arena_fmt(a, "%.*s\n%zu", STR_ARG(items[i].uid), i - first + 1));
        any = true;
    }
    return any;
}

int popplan_items(struct arena *a, const struct pop3_entry *entries, size_t n,
                  struct popplan_item **out, size_t *out_n, struct error *err)
{
    struct popplan_item *items = arena_array(a, n + 1, sizeof *items);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (entries[i].uid.n > 0)
            items[k++] = (struct popplan_item){ .entry = &entries[i], .uid = entries[i].uid };
    if (n > 0 && k == 0)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("the server gives no unique-ids (UIDL), without which tmail cannot "
                           "tell new mail from old: nothing was fetched or deleted"));
    qsort(items, k, sizeof *items, by_uid);
    if (doubles_name(a, items, k))
        qsort(items, k, sizeof *items, by_uid);
    *out = items;
    *out_n = k;
    return 0;
}

static bool is_due(const struct cache_pop *row, const struct popplan_state *s)
{
    bool whole = row->fetched_at > 0 || row->message == 0;
    return whole && row->gone_at == 0 && !row->deleting && s->keep_days >= 0 &&
           (s->keep_days == 0 || s->now - row->fetched_at >= (int64_t)s->keep_days * DAY_S);
}

/* The server's own unique-id: a row's may have a LF behind it. */
static struct str base_of(struct str uid)
{
    return str_head(uid, str_find(uid, '\n'));
}

/* Those of one unique-id, from i in the items and from r in the rows on; both have them one behind the
 * other, since LF comes before all that a unique-id is made of. */
struct group {
    struct str base;
    size_t items, rows;  /* ends */
    size_t listed, live; /* how many; rows that are not gone */
};

static struct group group_at(const struct popplan_state *s, size_t i, size_t r)
{
    struct group g = { .items = i, .rows = r };
    bool row = r < s->rows_n;
    g.base = i < s->items_n ? s->items[i].entry->uid : base_of(s->rows[r].uid);
    if (row && str_cmp(base_of(s->rows[r].uid), g.base) < 0)
        g.base = base_of(s->rows[r].uid);
    for (; g.items < s->items_n && str_eq(s->items[g.items].entry->uid, g.base); g.items++)
        g.listed++;
    for (; g.rows < s->rows_n && str_eq(base_of(s->rows[g.rows].uid), g.base); g.rows++)
        g.live += s->rows[g.rows].gone_at == 0;
    return g;
}

/* Where several have one unique-id, and more or fewer than before, nobody knows which are new. */
static void alike_mark(const struct popplan_state *s)
{
    for (size_t i = 0, r = 0; i < s->items_n || r < s->rows_n;) {
        struct group g = group_at(s, i, r);
        bool alike = g.listed > 1 || g.live > 1;
        for (; i < g.items; i++) {
            s->items[i].alike = alike;
            s->items[i].again = alike && g.live > 0 && g.listed != g.live;
        }
        r = g.rows;
    }
}

/* What is large fills the array of both from its end. */
static void item_add(struct popplan *p, struct popplan_item *item, uint64_t body_max)
{
    item->fresh = true;
    if (body_max == 0 || item->entry->size <= body_max) {
        p->fetch[p->fetch_n++] = item;
        return;
    }
    *--p->large = item;
    p->large_n++;
}

static void row_unlisted(struct popplan *p, const struct cache_pop *row, int64_t now)
{
    bool old = row->gone_at > 0 && now - row->gone_at > (int64_t)POPPLAN_GONE_DAYS * DAY_S;
    if (row->deleting || old)
        p->forget[p->forget_n++] = row->uid;
    else if (row->gone_at == 0)
        p->gone[p->gone_n++] = row->uid;
}

/* One that has a row: whether what it stands for lies there still. */
static void item_judge(struct popplan *p, struct popplan_item *item, const struct cache_pop *row,
                       const struct popplan_state *s)
{
    bool there = row->gone_at == 0;
    item->again = there && (row->deleting || item->again || (item->alike && is_due(row, s)));
    if (item->again)
        p->gone[p->gone_n++] = row->uid;
    if (item->again || !there)
        item_add(p, item, s->body_max);
}

const struct popplan *popplan(struct arena *a, const struct popplan_state *s)
{
    struct popplan *p = arena_alloc(a, sizeof *p);
    p->fetch = arena_array(a, s->items_n + 1, sizeof *p->fetch);
    p->large = p->fetch + s->items_n;
    p->gone = arena_array(a, s->rows_n + 1, sizeof *p->gone);
    p->forget = arena_array(a, s->rows_n + 1, sizeof *p->forget);
    alike_mark(s);
    for (size_t i = 0, r = 0; i < s->items_n || r < s->rows_n;) {
        int order = i == s->items_n  ? 1
                    : r == s->rows_n ? -1
                                     : str_cmp(s->items[i].uid, s->rows[r].uid);
        if (order > 0) {
            row_unlisted(p, &s->rows[r++], s->now);
            continue;
        }
        bool known = order == 0;
        if (known)
            item_judge(p, &s->items[i], &s->rows[r], s);
        else {
            s->items[i].again = false;
            item_add(p, &s->items[i], s->body_max);
        }
        i++;
        r += known;
    }
    qsort(p->fetch, p->fetch_n, sizeof *p->fetch, newest_first);
    qsort(p->large, p->large_n, sizeof *p->large, newest_first);
    return p;
}

const struct popplan_item **popplan_due(struct arena *a, const struct popplan_state *s, size_t *n)
{
    const struct popplan_item **due = arena_array(a, s->items_n + 1, sizeof *due);
    *n = 0;
    for (size_t i = 0, r = 0; i < s->items_n && r < s->rows_n;) {
        int order = str_cmp(s->items[i].uid, s->rows[r].uid);
        bool sure = order == 0 && (s->items[i].fresh || !s->items[i].alike);
        if (sure && is_due(&s->rows[r], s))
            due[(*n)++] = &s->items[i];
        i += order <= 0;
        r += order >= 0;
    }
    qsort(due, *n, sizeof *due, by_number);
    return due;
}
