/* SPDX-License-Identifier: MIT */
#include "sync/plan.h"

#include <stdlib.h>

#include "base/banned.h"

/* The plan while it is made: its arrays, writable, each with room for the worst case. */
struct draft {
    struct sync_plan *plan;
    uint32_t *headers, *bodies, *gone;
    struct sync_seen *reflag;
};

static int seen_cmp(const void *va, const void *vb)
{
    const struct sync_seen *a = va, *b = vb;
    return (a->uid > b->uid) - (a->uid < b->uid);
}

/* Strictly ascending without uid 0; servers answer in order, so that the usual case costs one look.
 */
static size_t seen_tidy(struct sync_seen *rows, size_t n)
{
    bool sorted = true;
    for (size_t i = 0; i < n && sorted; i++)
        sorted = rows[i].uid != 0 && (i == 0 || rows[i].uid > rows[i - 1].uid);
    if (sorted)
        return n;
    qsort(rows, n, sizeof *rows, seen_cmp);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (rows[i].uid != 0 && (kept == 0 || rows[i].uid != rows[kept - 1].uid))
            rows[kept++] = rows[i];
    return kept;
}

static struct draft draft_new(struct arena *a, size_t remote_n, size_t local_n)
{
    struct draft d = { .plan = arena_alloc(a, sizeof *d.plan) };
    d.bodies = arena_array(a, remote_n, sizeof *d.bodies);
    d.headers = arena_array(a, PLAN_HEADERS, sizeof *d.headers);
    d.gone = arena_array(a, local_n, sizeof *d.gone);
    d.reflag = arena_array(a, remote_n, sizeof *d.reflag);
    d.plan->bodies = d.bodies;
    d.plan->headers = d.headers;
    d.plan->gone = d.gone;
    d.plan->reflag = d.reflag;
    return d;
}

static void fetch_add(struct draft *d, uint32_t uid, bool known)
{
    struct sync_plan *p = d->plan;
    d->bodies[p->bodies_n++] = uid;
    if (known)
        return;
    p->fresh_n++;
    if (p->headers_n < PLAN_HEADERS)
        d->headers[p->headers_n++] = uid;
}

/* Both sides have it. */
static void match(struct draft *d, const struct sync_seen *s, const struct cache_known *k,
                  uint64_t body_max)
{
    if (((k->flags ^ s->flags) & CACHE_SERVER_FLAGS) != 0)
        d->reflag[d->plan->reflag_n++] = *s;
    if (!k->body_here && (body_max == 0 || k->size <= body_max))
        fetch_add(d, s->uid, true);
}

static void reverse_uids(uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint32_t t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
}

static void reverse_seen(struct sync_seen *v, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct sync_seen t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
}

const struct sync_plan *sync_plan(struct arena *a, const struct sync_remote *remote,
                                  const struct sync_local *local)
{
    bool unsettle = local->uidvalidity != 0 && local->uidvalidity != remote->uidvalidity;
    size_t r = seen_tidy(remote->rows, remote->n), l = unsettle ? 0 : local->n;
    struct draft d = draft_new(a, r, l);
    d.plan->unsettle = unsettle;
    /* One walk from the newest uid down: bodies come out newest first, the rest is turned round at
     * the end. */
    while (r > 0 || l > 0) {
        const struct sync_seen *s = r > 0 ? &remote->rows[r - 1] : NULL;
        const struct cache_known *k = l > 0 ? &local->rows[l - 1] : NULL;
        if (s == NULL && k->uid == 0)
            break;
        if (s == NULL || (k != NULL && k->uid > s->uid)) {
            d.gone[d.plan->gone_n++] = k->uid;
            l--;
        } else if (k == NULL || k->uid < s->uid) {
            fetch_add(&d, s->uid, false);
            r--;
        } else {
            match(&d, s, k, local->body_max);
            r--;
            l--;
        }
    }
    reverse_uids(d.gone, d.plan->gone_n);
    reverse_seen(d.reflag, d.plan->reflag_n);
    if (d.plan->fresh_n <= PLAN_DIRECT)
        d.plan->headers_n = 0;
    return d.plan;
}
