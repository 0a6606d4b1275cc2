/* SPDX-License-Identifier: MIT */
#include "sync/batch.h"

#include <stdlib.h>

#include "wire/imap_set.h"
#include "base/banned.h"

#define ORDER(a, b) ((a) > (b)) - ((a) < (b))

/* 0 when one command can carry both. */
static int kind_cmp(const struct cache_op *a, const struct cache_op *b)
{
    int order = ORDER(a->kind, b->kind);
    if (order == 0)
        order = ORDER(a->folder, b->folder);
    if (order == 0)
        order = ORDER(a->target, b->target);
    if (order == 0 && a->kind == OP_FLAGS)
        order = ORDER(a->add, b->add);
    if (order == 0 && a->kind == OP_FLAGS)
        order = ORDER(a->del, b->del);
    if (order == 0)
        order = ORDER(a->begun + a->copied, b->begun + b->copied);
    return order;
}

static int op_cmp(const void *va, const void *vb)
{
    const struct cache_op *a = va, *b = vb;
    int order = kind_cmp(a, b);
    return order != 0 ? order : ORDER(a->uid, b->uid);
}

void batch_sort(struct cache_op *ops, size_t n)
{
    if (n > 1)
        qsort(ops, n, sizeof *ops, op_cmp);
}

size_t batch_head(const struct cache_op *ops, size_t n, size_t most)
{
    size_t k = n > 0;
    while (k < n && k < most && ops[0].kind < OP_APPEND && kind_cmp(&ops[0], &ops[k]) == 0)
        k++;
    return k;
}

void batch_uids(const struct cache_op *ops, size_t n, struct buf *out)
{
    uint32_t *uids = xcalloc(n + 1, sizeof *uids);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (ops[i].uid != 0 && (k == 0 || ops[i].uid > uids[k - 1]))
            uids[k++] = ops[i].uid;
    if (k > 0)
        imap_set_put(out, uids, k);
    free(uids);
}

/* The numbers of a set one after the other, range by range. */
struct walk {
    struct str rest;
    uint64_t at, last;
};

static bool walk_next(struct walk *w, uint32_t *n)
{
    if (w->at >= w->last) {
        uint32_t first, last;
        if (imap_set_next(&w->rest, 0, &first, &last) != 0 || first == 0)
            return false;
        w->at = first - 1ull;
        w->last = last;
    }
    *n = (uint32_t)++w->at;
    return true;
}

/* Skips as much of both as lies in one range each, so that a set of a billion costs no more than
 * its ranges. */
static uint64_t walk_room(const struct walk *w)
{
    return w->last - w->at;
}

uint32_t batch_new_uid(struct str from, struct str to, uint32_t uid)
{
    struct walk f = { .rest = from }, t = { .rest = to };
    uint32_t a, b;
    while (walk_next(&f, &a) && walk_next(&t, &b)) {
        if (a == uid)
            return b;
        uint64_t skip = walk_room(&f) < walk_room(&t) ? walk_room(&f) : walk_room(&t);
        if (uid > a && uid - a <= skip)
            return b + (uid - a);
        f.at += skip;
        t.at += skip;
    }
    return 0;
}

bool batch_covers(const struct cache_op *ops, size_t n, const uint32_t *uids, size_t uids_n)
{
    for (size_t i = 0; i < uids_n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = ops[k].uid == uids[i];
        if (!found)
            return false;
    }
    return true;
}
