/* SPDX-License-Identifier: MIT */
#include "sync/plan.h"

#include <stdlib.h>

#include "wire/imap_resp.h"
#include "base/banned.h"

/* ------------------------------------------------------------------ which folders, and how */

static bool has(const struct sync_there *t, unsigned what)
{
    return (t->has & what) == what;
}

/* Numbers that are the same before and after any change that they can show. */
static bool same_numbers(const struct cache_folder *f, const struct sync_there *t)
{
    return has(t, STATUS_MESSAGES | STATUS_UIDNEXT) && f->there >= 0 &&
           t->messages == (uint64_t)f->there && t->uidnext == f->uidnext;
}

static bool is_rewound(const struct cache_folder *f, const struct sync_there *t)
{
    return has(t, STATUS_UIDNEXT) && t->uidnext < f->uidnext;
}

static enum sync_look look_by_modseq(const struct cache_folder *f, const struct sync_there *t)
{
    if (t->modseq < f->highestmodseq || is_rewound(f, t))
        return LOOK_ALL;
    if (t->modseq > f->highestmodseq)
        return LOOK_CHANGES;
    if (same_numbers(f, t))
        return LOOK_NONE;
    /* RFC 7162 §3.1.2.2 raises it with every change of a message, but not always when one goes. */
    return LOOK_CHANGES;
}

static enum sync_look look_by_numbers(const struct cache_folder *f, const struct sync_there *t,
                                      const struct sync_ask *ask)
{
    if (ask->person || !same_numbers(f, t) || !has(t, STATUS_UNSEEN) || f->there_unseen < 0 ||
        t->unseen != (uint64_t)f->there_unseen)
        return LOOK_ALL;
    return LOOK_NONE;
}

enum sync_look sync_look(const struct cache_folder *f, const struct sync_there *there,
                         const struct sync_ask *ask, bool *due)
{
    bool modseq = ask->modseq && f->highestmodseq > 0;
    int64_t since = ask->now_s - f->compared_at;
    *due = false;
    if (f->uidvalidity == 0 || f->offline != ask->offline ||
        (has(there, STATUS_UIDVALIDITY) && there->uidvalidity != f->uidvalidity))
        return LOOK_ALL;
    if (since < 0 || since >= (modseq ? PLAN_COMPARE_MODSEQ_S : PLAN_COMPARE_S)) {
        *due = modseq;
        return LOOK_ALL;
    }
    if (!modseq)
        return look_by_numbers(f, there, ask);
    if (!has(there, STATUS_HIGHESTMODSEQ))
        return LOOK_CHANGES;
    if (there->modseq == 0) /* NOMODSEQ */
        return LOOK_ALL;
    return look_by_modseq(f, there);
}

bool sync_may_have_left(const struct cache_folder *f, const struct sync_there *there)
{
    if (f->uidvalidity == 0 || f->there == 0)
        return false;
    if (f->there < 0 || !has(there, STATUS_MESSAGES | STATUS_UIDNEXT) || is_rewound(f, there))
        return true;
    return there->messages < (uint64_t)f->there + (there->uidnext - f->uidnext);
}

void sync_new_uids(const struct cache_folder *f, const struct sync_there *there, uint32_t *first,
                   uint32_t *last)
{
    *first = *last = 0;
    if (f->uidvalidity == 0 || f->uidnext == 0 || f->uidnext > UINT32_MAX - PLAN_DIRECT)
        return;
    uint64_t next = (uint64_t)f->uidnext + PLAN_DIRECT;
    if (has(there, STATUS_UIDNEXT)) {
        if (there->uidnext <= f->uidnext || there->uidnext > next)
            return;
        next = there->uidnext;
    }
    *first = f->uidnext;
    *last = (uint32_t)(next - 1);
}

/* ------------------------------------------------------------------ one folder */

/* The plan while it is made: its arrays, writable, each with room for the worst case. */
struct draft {
    struct sync_plan *plan;
    uint32_t *fresh, *bodies, *gone;
    struct sync_seen *reflag;
};

static int seen_cmp(const void *va, const void *vb)
{
    const struct sync_seen *a = va, *b = vb;
    return (a->uid > b->uid) - (a->uid < b->uid);
}

/* Strictly ascending without uid 0; servers answer in order, so that the usual case costs one look.
 * Of doubles the one that came last counts. */
static size_t seen_tidy(struct sync_seen *rows, size_t n)
{
    bool sorted = true;
    for (size_t i = 0; i < n && sorted; i++)
        sorted = rows[i].uid != 0 && (i == 0 || rows[i].uid > rows[i - 1].uid);
    if (sorted)
        return n;
    /* An insertion keeps the order of doubles, and what is nearly in order costs little. */
    if (n <= PLAN_HEADERS) {
        for (size_t i = 1; i < n; i++) {
            struct sync_seen s = rows[i];
            size_t k = i;
            for (; k > 0 && rows[k - 1].uid > s.uid; k--)
                rows[k] = rows[k - 1];
            rows[k] = s;
        }
    } else {
        qsort(rows, n, sizeof *rows, seen_cmp);
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].uid == 0)
            continue;
        if (kept > 0 && rows[i].uid == rows[kept - 1].uid)
            kept--;
        rows[kept++] = rows[i];
    }
    return kept;
}

static struct draft draft_new(struct arena *a, size_t remote_n, size_t local_n)
{
    struct draft d = { .plan = arena_alloc(a, sizeof *d.plan) };
    d.fresh = arena_array(a, remote_n, sizeof *d.fresh);
    d.bodies = arena_array(a, remote_n, sizeof *d.bodies);
    d.gone = arena_array(a, local_n, sizeof *d.gone);
    d.reflag = arena_array(a, remote_n, sizeof *d.reflag);
    d.plan->fresh = d.fresh;
    d.plan->bodies = d.bodies;
    d.plan->gone = d.gone;
    d.plan->reflag = d.reflag;
    return d;
}

static bool body_wanted(const struct cache_known *k, const struct sync_bodies *b)
{
    return !k->body_here && (b->max == 0 || k->size <= b->max) && b->since != INT64_MAX &&
           k->received >= b->since;
}

/* Both sides have it. */
static void match(struct draft *d, const struct sync_seen *s, const struct cache_known *k,
                  const struct sync_bodies *bodies)
{
    if (((k->flags ^ s->flags) & CACHE_SERVER_FLAGS) != 0 || !str_eq(k->keywords, s->keywords))
        d->reflag[d->plan->reflag_n++] = *s;
    if (body_wanted(k, bodies))
        d->bodies[d->plan->bodies_n++] = s->uid;
}

static void fresh_add(struct draft *d, uint32_t uid)
{
    d->fresh[d->plan->fresh_n++] = uid;
    d->bodies[d->plan->bodies_n++] = uid;
}

/* Only the store has it. */
static bool is_gone(const struct sync_remote *r, uint32_t uid)
{
    return !r->partial || ranges_has(r->gone, uid) ||
           (r->present != NULL && !ranges_has(r->present, uid));
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

/* One walk from the newest uid down: bodies come out newest first. */
static void walk(struct draft *d, const struct sync_remote *remote, size_t r,
                 const struct sync_local *local, size_t l)
{
    while (r > 0 || l > 0) {
        const struct sync_seen *s = r > 0 ? &remote->rows[r - 1] : NULL;
        const struct cache_known *k = l > 0 ? &local->rows[l - 1] : NULL;
        if (s == NULL && k->uid == 0)
            break;
        if (s == NULL || (k != NULL && k->uid > s->uid)) {
            if (is_gone(remote, k->uid))
                d->gone[d->plan->gone_n++] = k->uid;
            l--;
        } else if (k == NULL || k->uid < s->uid) {
            fresh_add(d, s->uid);
            r--;
        } else {
            match(d, s, k, &local->bodies);
            r--;
            l--;
        }
    }
}

const struct sync_plan *sync_plan(struct arena *a, const struct sync_remote *remote,
                                  const struct sync_local *local)
{
    bool unsettle = local->uidvalidity != 0 && local->uidvalidity != remote->uidvalidity;
    size_t r = seen_tidy(remote->rows, remote->n), l = unsettle ? 0 : local->n;
    struct draft d = draft_new(a, r, l);
    d.plan->unsettle = unsettle;
    walk(&d, remote, r, local, l);
    reverse_uids(d.gone, d.plan->gone_n);
    reverse_seen(d.reflag, d.plan->reflag_n);
    d.plan->doubtful = remote->partial && (unsettle || local->known + d.plan->fresh_n !=
                                                           remote->exists + d.plan->gone_n);
    return d.plan;
}

size_t sync_unknown(uint32_t *uids, size_t n, const struct cache_known *known, size_t known_n)
{
    size_t kept = 0, k = known_n;
    for (size_t i = 0; i < n; i++) {
        while (k > 0 && known[k - 1].uid > uids[i])
            k--;
        if (k == 0 || known[k - 1].uid != uids[i])
            uids[kept++] = uids[i];
    }
    return kept;
}

size_t sync_wanted(uint32_t *uids, size_t n, const struct cache_known *known, size_t known_n,
                   const struct sync_bodies *bodies, bool unknown)
{
    size_t kept = 0, k = known_n;
    for (size_t i = 0; i < n; i++) {
        while (k > 0 && known[k - 1].uid > uids[i])
            k--;
        bool here = k > 0 && known[k - 1].uid == uids[i];
        if (here ? body_wanted(&known[k - 1], bodies) : unknown)
            uids[kept++] = uids[i];
    }
    return kept;
}
