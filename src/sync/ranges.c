/* SPDX-License-Identifier: MIT */
#include "sync/ranges.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "wire/imap_set.h"
#include "base/banned.h"

int ranges_put(struct ranges *r, uint32_t first, uint32_t last, struct error *err)
{
    if (r->n > 0 && first != 0 && first - 1 == r->rows[r->n - 1].last) {
        r->rows[r->n - 1].last = last;
        return 0;
    }
    if (r->n == RANGES_MAX)
        return error_set(err, ERR_PROTO, RETRY_LATER, _("the server lists too many messages"));
    if (r->n == r->cap) {
        r->cap = r->cap > 0 ? r->cap * 2 : 16;
        r->rows = xrealloc(r->rows, r->cap, sizeof *r->rows);
    }
    r->rows[r->n++] = (struct cache_range){ first, last };
    return 0;
}

int ranges_add(struct ranges *r, struct str set, struct error *err)
{
    uint32_t first, last;
    int rc;
    while ((rc = imap_set_next(&set, UINT32_MAX, &first, &last)) == 0)
        if (ranges_put(r, first, last, err) != 0)
            return -1;
    if (rc < 0)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("the server lists messages in a way that "
                           "cannot be read"));
    return 0;
}

static int range_cmp(const void *va, const void *vb)
{
    const struct cache_range *a = va, *b = vb;
    return (a->first > b->first) - (a->first < b->first);
}

void ranges_tidy(struct ranges *r)
{
    if (r->n == 0)
        return;
    qsort(r->rows, r->n, sizeof *r->rows, range_cmp);
    size_t kept = 0;
    for (size_t i = 1; i < r->n; i++) {
        struct cache_range *k = &r->rows[kept];
        if (r->rows[i].first > k->last && r->rows[i].first - 1 > k->last)
            r->rows[++kept] = r->rows[i];
        else if (r->rows[i].last > k->last)
            k->last = r->rows[i].last;
    }
    r->n = kept + 1;
}

bool ranges_has(const struct ranges *r, uint32_t uid)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->rows[mid].last < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < r->n && r->rows[low].first <= uid;
}

void ranges_clear(struct ranges *r)
{
    free(r->rows);
    *r = (struct ranges){ 0 };
}
