/* SPDX-License-Identifier: MIT */
#include "sync/flagcut.h"

#include <stdlib.h>

#include "wire/imap_cmd.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum { SET_MAX = 1 << 20 };

unsigned flagcut_flags(const struct cache_op *op, bool add)
{
    return (add ? op->add : op->del) & CACHE_SERVER_FLAGS;
}

const char *flagcut_words(const struct cache_op *op, bool add)
{
    return add ? op->words_add : op->words_del;
}

static bool is_like(const struct cache_op *a, const struct cache_op *b, bool add)
{
    return flagcut_flags(a, add) == flagcut_flags(b, add) &&
           strcmp(flagcut_words(a, add), flagcut_words(b, add)) == 0;
}

static int uid_cmp(const void *va, const void *vb)
{
    uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
    return (a > b) - (a < b);
}

void flagcut_sort(uint32_t *uids, size_t n)
{
    if (n > 1)
        qsort(uids, n, sizeof *uids, uid_cmp);
}

size_t flagcut_uids(const struct cache_op *ops, size_t n, uint32_t *uids)
{
    for (size_t i = 0; i < n; i++)
        uids[i] = ops[i].uid;
    flagcut_sort(uids, n);
    return n;
}

size_t flagcut_fill(struct buf *set, const uint32_t *uids, size_t n)
{
    buf_clear(set);
    imap_set_put(set, uids, n);
    if (set->len <= FLAGCUT_SET_BYTES && !set->over)
        return n;
    n = n < FLAGCUT_SET_UIDS ? n : FLAGCUT_SET_UIDS;
    buf_clear(set);
    imap_set_put(set, uids, n);
    return n;
}

bool flagcut_has(const struct flagcut *c, const struct cache_op *op)
{
    return is_like(op, c->like, c->add) && op->uid >= c->first && op->uid <= c->last;
}

/* The uids that c is about, ascending. */
static size_t uids_of(const struct flagcut *c, const struct cache_op *ops, size_t n, uint32_t *uids)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (flagcut_has(c, &ops[i]))
            uids[k++] = ops[i].uid;
    flagcut_sort(uids, k);
    return k;
}

/* Something is to be done on that side, and no operation before it asks for the same. */
static bool is_first(const struct cache_op *ops, size_t i, bool add)
{
    size_t k = 0;
    while (k < i && !is_like(&ops[k], &ops[i], add))
        k++;
    return k == i && (flagcut_flags(&ops[i], add) != 0 || flagcut_words(&ops[i], add)[0] != '\0');
}

void flagcut_make(const struct cache_op *ops, size_t n, struct flagcut **out, size_t *cuts)
{
    uint32_t *uids = xcalloc(n, sizeof *uids);
    struct buf set = BUF_INIT(SET_MAX);
    *out = NULL;
    *cuts = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        struct flagcut all = { .add = i < n, .like = &ops[i % n], .last = UINT32_MAX };
        size_t many = is_first(ops, i % n, all.add) ? uids_of(&all, ops, n, uids) : 0;
        for (size_t at = 0, k; at < many; at += k) {
            k = flagcut_fill(&set, uids + at, many - at);
            *out = xrealloc(*out, *cuts + 1, sizeof **out);
            (*out)[*cuts] = all;
            (*out)[*cuts].first = uids[at];
            (*out)[(*cuts)++].last = uids[at + k - 1];
        }
    }
    buf_free(&set);
    free(uids);
}

bool flagcut_halve(const struct flagcut *c, const struct cache_op *ops, size_t n,
                   struct flagcut *low, struct flagcut *high)
{
    uint32_t *uids = xcalloc(n, sizeof *uids);
    size_t k = uids_of(c, ops, n, uids);
    *low = *high = *c;
    if (k > 1) {
        low->last = uids[k / 2 - 1];
        high->first = uids[k / 2];
    }
    free(uids);
    return k > 1;
}

void flagcut_put(const struct flagcut *c, const struct cache_op *ops, size_t n, struct buf *out)
{
    uint32_t *uids = xcalloc(n, sizeof *uids);
    size_t k = uids_of(c, ops, n, uids);
    buf_adds(out, "UID STORE ");
    imap_set_put(out, uids, k);
    buf_adds(out, c->add ? " +FLAGS.SILENT " : " -FLAGS.SILENT ");
    wire_put_flags(out, flagcut_flags(c->like, c->add), str_c(flagcut_words(c->like, c->add)));
    free(uids);
}
