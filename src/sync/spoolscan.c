/* SPDX-License-Identifier: MIT */
#include "sync/spoolscan.h"

#include <stdlib.h>

#include "base/banned.h"

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct spool_entry *)a)->name, ((const struct spool_entry *)b)->name);
}

/* Whatever the order of the listing was, the same one of two counts. */
static int by_name_and_place(const void *a, const void *b)
{
    int by = by_name(a, b);
    const struct spool_entry *x = a, *y = b;
    return by != 0 ? by : str_cmp(x->place, y->place);
}

static int newest_first(const void *a, const void *b)
{
    const struct spool_entry *x = ((const struct spool_item *)a)->entry;
    const struct spool_entry *y = ((const struct spool_item *)b)->entry;
    if (x->order != y->order)
        return x->order < y->order ? 1 : -1;
    return -str_cmp(x->name, y->name);
}

/* One of each name. */
static size_t sorted(struct spool_entry *entries, size_t n)
{
    size_t kept = 0;
    if (n > 0)
        qsort(entries, n, sizeof *entries, by_name_and_place);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || by_name(&entries[i], &entries[i + 1]) != 0)
            entries[kept++] = entries[i];
    return kept;
}

static void item_add(struct spool_scan *s, const struct spool_entry *e,
                     const struct cache_spool *row)
{
    if (row == NULL || row->place.n == 0)
        s->fresh[s->fresh_n++] = (struct spool_item){ e, row != NULL ? row->uid : 0 };
    else if (!str_eq(row->place, e->place))
        s->changed[s->changed_n++] = (struct spool_item){ e, row->uid };
}

struct spool_scan spoolscan(struct arena *a, struct spool_entry *entries, size_t n,
                            const struct cache_spool *rows, size_t rows_n)
{
    struct spool_scan s = { .fresh = arena_array(a, n + 1, sizeof *s.fresh),
                            .changed = arena_array(a, n + 1, sizeof *s.changed),
                            .gone = arena_array(a, rows_n + 1, sizeof(struct cache_spool *)) };
    n = sorted(entries, n);
    for (size_t i = 0, k = 0; i < n || k < rows_n;) {
        int by = i == n ? 1 : k == rows_n ? -1 : str_cmp(entries[i].name, rows[k].name);
        if (by > 0)
            s.gone[s.gone_n++] = &rows[k++];
        else {
            item_add(&s, &entries[i++], by == 0 ? &rows[k] : NULL);
            k += by == 0;
        }
    }
    if (s.fresh_n > 0)
        qsort(s.fresh, s.fresh_n, sizeof *s.fresh, newest_first);
    return s;
}

void spoolscan_confirm(struct spool_scan *s, struct spool_entry *entries, size_t n)
{
    size_t kept = 0;
    n = sorted(entries, n);
    for (size_t k = 0, i = 0; k < s->gone_n; k++) {
        while (i < n && str_cmp(entries[i].name, s->gone[k]->name) < 0)
            i++;
        if (i == n || !str_eq(entries[i].name, s->gone[k]->name))
            s->gone[kept++] = s->gone[k];
    }
    s->gone_n = kept;
}
