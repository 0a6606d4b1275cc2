/* SPDX-License-Identifier: MIT */
#include "cli/watch.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sub_list.h"
#include "base/banned.h"

enum { PAGE = 100, TOLD_MAX = 1024 };

int watch_init(struct watch *w, struct cli *c, struct error *err)
{
    *w = (struct watch){ .cli = c };
    if (cache_message_newest(c->cache, &w->since, err) != 0)
        return -1;
    w->told = xcalloc(TOLD_MAX, sizeof *w->told);
    return 0;
}

void watch_clear(struct watch *w)
{
    free(w->told);
    *w = (struct watch){ 0 };
}

static bool is_new(const struct watch *w, const struct cache_row *row)
{
    if (row->id <= w->since || (row->flags & CACHE_SEEN) != 0)
        return false;
    for (size_t i = w->told_n; i > 0; i--)
        if (w->told[i - 1] == row->id)
            return false;
    return true;
}

/* Numbers only grow: the older half of what was told is old. */
static void remember(struct watch *w, int64_t id)
{
    enum { HALF = TOLD_MAX / 2 };
    if (w->told_n == TOLD_MAX) {
        for (size_t i = 0; i < HALF; i++)
            if (w->told[i] > w->since)
                w->since = w->told[i];
        memmove(w->told, w->told + HALF, HALF * sizeof *w->told);
        w->told_n = HALF;
    }
    w->told[w->told_n++] = id;
}

/* One page; *more: it was full, and something in it was new. */
static int tell_page(struct watch *w, const struct cache_query *q, struct cache_row *rows,
                     struct cache_key *key, bool *more, struct error *err)
{
    struct arena *a = arena_new(64 << 10);
    size_t n = PAGE, told = w->told_n;
    int rc = cache_list(w->cli->cache, a, q, *more ? key : NULL, CACHE_NEXT, rows, &n, err);
    for (size_t i = rc == 0 ? n : 0; i > 0; i--)
        if (is_new(w, &rows[i - 1])) {
            remember(w, rows[i - 1].id);
            sub_list_print(a, &rows[i - 1]);
        }
    *more = rc == 0 && n == PAGE && w->told_n != told;
    if (*more)
        *key = rows[n - 1].key;
    arena_free(&a);
    return rc;
}

int watch_folder(struct watch *w, int64_t folder, struct error *err)
{
    struct cache_query q = { .kind = LIST_FOLDER, .folder = folder };
    struct cache_row *rows = xcalloc(PAGE, sizeof *rows);
    struct cache_key key;
    bool more = false;
    int rc;
    do
        rc = tell_page(w, &q, rows, &key, &more, err);
    while (rc == 0 && more);
    free(rows);
    return rc;
}
