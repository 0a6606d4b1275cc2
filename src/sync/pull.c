/* SPDX-License-Identifier: MIT */
#include "sync/pull.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/message.h"
#include "sync/bring.h"
#include "sync/folders.h"
#include "sync/view.h"
#include "base/banned.h"

enum {
    GROUP = 16,   /* folders looked at in one turn of the connection */
    APPLY_MS = 4, /* the write lock is given up after so long */
    PLACES_MAX = 16
};

/* One folder in a pass. */
struct look {
    struct cache_folder f;
    struct sync_there there;
    uint64_t size; /* of all in it; 0: not known */
    enum sync_look how;
    struct view view;
    struct arena *arena;          /* of plan */
    const struct sync_plan *plan; /* NULL: it is left out */
    uint64_t pushed;              /* account's, when its view was taken */
    bool settled;                 /* all is in the store */
};
struct pass {
    struct sync_account *w;
    struct look *looks;
    size_t n;
    int64_t began_ms;
    bool left_out;      /* a folder that could not be looked at */
    bool may_have_left; /* something may have been moved from one folder to another */
};

/* ------------------------------------------------------------------ the store's rows */

/* Calls step for each of n rows, in transactions that are short. */
static int apply_rows(struct sync_account *w, size_t n,
                      int (*step)(struct sync_account *w, const void *arg, size_t i,
                                  struct error *err),
                      const void *arg, struct error *err)
{
    for (size_t i = 0; i < n;) {
        if (cache_begin(w->cache, false, err) != 0)
            return -1;
        int64_t until = clock_mono_ms() + APPLY_MS;
        int rc = 0;
        do
            rc = step(w, arg, i++, err);
        while (rc == 0 && i < n && clock_mono_ms() < until);
        if (rc != 0 || cache_commit(w->cache, err) != 0) {
            cache_rollback(w->cache);
            return -1;
        }
    }
    return 0;
}

struct rows {
    int64_t folder, now_ms;
    const struct sync_plan *plan;
};

static int gone_step(struct sync_account *w, const void *arg, size_t i, struct error *err)
{
    const struct rows *r = arg;
    return cache_place_left(w->cache, r->folder, r->plan->gone[i], r->now_ms, err);
}

static int reflag_step(struct sync_account *w, const void *arg, size_t i, struct error *err)
{
    const struct rows *r = arg;
    const struct sync_seen *s = &r->plan->reflag[i];
    int rc = cache_place_flags(w->cache, r->folder, s->uid, s->flags, s->keywords, s->modseq, err);
    return rc < 0 ? -1 : 0;
}

/* What holds from now on, whatever comes of the rest: which numbers the uids belong to. A
 * mod-sequence is noted only when all is in the store. */
static int renumber(struct sync_account *w, struct cache_folder *f, const struct sync_box *box,
                    bool unsettle, struct error *err)
{
    if (unsettle && cache_folder_unsettle(w->cache, f->id, err) != 0)
        return -1;
    if (f->uidvalidity == box->uidvalidity)
        return 0;
    f->uidvalidity = box->uidvalidity;
    f->uidnext = box->uidnext;
    f->highestmodseq = 0;
    f->there = f->there_unseen = -1;
    f->offline = FOLDER_OFFLINE_NEVER;
    return cache_folder_state(w->cache, f, err);
}

static int apply(struct sync_account *w, struct look *l, struct error *err)
{
    const struct sync_plan *p = l->plan;
    struct rows r = { l->f.id, clock_wall_ms(), p };
    if (renumber(w, &l->f, &l->view.select.box, p->unsettle, err) != 0)
        return -1;
    if (p->gone_n > 0)
        log_line(w->log, LOG_INFO, "%s: %zu of its messages are no longer on the server",
                 w->cfg->name, p->gone_n);
    if (apply_rows(w, p->gone_n, gone_step, &r, err) != 0 ||
        apply_rows(w, p->reflag_n, reflag_step, &r, err) != 0)
        return -1;
    if (p->unsettle || p->gone_n + p->reflag_n > 0)
        account_folder_changed(w, l->f.id);
    return 0;
}

/* ------------------------------------------------------------------ looking at folders */

static struct sync_bodies bodies_of(const struct sync_account *w, const struct cache_folder *f)
{
    return bring_bodies(config_offline(w->config, w->cfg, f->name), clock_wall_ms() / 1000);
}

static void look_clear(struct look *l)
{
    view_clear(&l->view);
    arena_free(&l->arena);
    l->plan = NULL;
}

/* The plan, from the view as it was taken or, where it cannot be used, from one of everything: when
 * something was pushed since (the old one would take that back), when changes do not add up. */
static int look_plan(struct sync_account *w, struct look *l, int taken, struct error *err)
{
    struct sync_bodies bodies = bodies_of(w, &l->f);
    int rc = taken;
    l->arena = arena_new(1 << 12);
    if (rc == 0 && l->view.pushed != w->pushed)
        rc = view_again(w, &l->f, l->how, &l->view, err);
    if (rc == 0)
        rc = view_plan(w, l->arena, &l->f, &l->view, &bodies, &l->plan, err);
    if (rc == 1 || (rc == 0 && l->plan->doubtful)) {
        log_line(w->log, LOG_DEBUG, "%s: folder %.*s: what changed does not add up", w->cfg->name,
                 STR_ARG(l->f.name));
        l->plan = NULL;
        l->how = LOOK_ALL;
        rc = view_again(w, &l->f, l->how, &l->view, err);
        if (rc == 0)
            rc = view_plan(w, l->arena, &l->f, &l->view, &bodies, &l->plan, err);
    }
    if (rc != 0)
        l->plan = NULL;
    return rc == 0 ? 0 : -1;
}

/* A folder that cannot be opened or believed is left out with a word. */
static void look_leave(struct sync_account *w, struct look *l, struct error *why)
{
    look_clear(l);
    (void)error_prefix(why, _("folder %.*s: "), STR_ARG(l->f.name));
    account_prefix(w, why);
    account_error(w, why);
}

static bool is_one_folders(const struct error *e)
{
    return e->code == ERR_REFUSED || (e->code == ERR_PROTO && e->retry != RETRY_NOW);
}

/* The answers are there: plan, and what needs nothing fetched. */
static int look_end(struct pass *p, struct look *l, int taken, const struct error *said,
                    struct error *err)
{
    struct sync_account *w = p->w;
    struct error why = *said;
    if (look_plan(w, l, taken, &why) != 0) {
        if (l->f.role == ROLE_INBOX || !is_one_folders(&why)) {
            *err = why;
            return error_prefix(err, _("folder %.*s: "), STR_ARG(l->f.name));
        }
        look_leave(w, l, &why);
        p->left_out = true;
        return 0;
    }
    if (apply(w, l, err) != 0)
        return -1;
    l->pushed = l->view.pushed;
    /* Of the view only what the server is like is needed further. */
    struct view seen = l->view;
    struct link_select select = { .box = seen.select.box };
    view_clear(&seen);
    l->view = (struct view){ .look = l->how, .select = select };
    return 0;
}

/* Uids that new messages can have, newest first, but for those that the store knows (it was here that
 * they were moved); 0 where guessing may bring what came out of another folder. */
static size_t guess(struct pass *p, const struct look *l, uint32_t uids[PLAN_DIRECT])
{
    struct sync_account *w = p->w;
    struct cache_range range;
    struct cache_known *known;
    struct error unknown = { 0 };
    bool limbo = false;
    size_t n = 0, known_n;
    sync_new_uids(&l->f, &l->there, &range.first, &range.last);
    if (range.first == 0 || p->may_have_left || doubt_any(&w->doubt, l->f.id) ||
        l->how == LOOK_NONE || config_offline(w->config, w->cfg, l->f.name) != OFFLINE_ALL ||
        cache_limbo_any(w->cache, w->id, &limbo, &unknown) != 0 || limbo)
        return 0;
    struct arena *a = arena_new(1024);
    if (cache_known_in(w->cache, a, l->f.id, &range, 1, &known, &known_n, &unknown) == 0) {
        for (uint32_t uid = range.last; uid >= range.first; uid--)
            uids[n++] = uid;
        n = sync_unknown(uids, n, known, known_n);
    }
    arena_free(&a);
    return n;
}

/* New messages come in the same turn as the look at their folder: their uids are a guess. */
static int group_run(struct pass *p, struct look *l, size_t n, struct error *err)
{
    uint32_t uids[PLAN_DIRECT];
    struct fetch_job job = { .folder = &l->f,
                             .uidvalidity = l->f.uidvalidity,
                             .opening = &l->view.select,
                             .maybe = true,
                             .uids = uids,
                             .n = n == 1 ? guess(p, l, uids) : 0 };
    if (job.n == 0)
        return imap_run(p->w->imap, err);
    if (fetch_run(p->w, &job, err) == 0)
        return commit_flush(p->w->commit, err);
    link_close(p->w); /* the look may still be queued, and its view goes */
    return -1;
}

/* Up to GROUP folders in one turn. */
static int group_look(struct pass *p, struct look *l, size_t n, struct error *err)
{
    struct sync_account *w = p->w;
    struct error why[GROUP] = { 0 };
    int taken[GROUP];
    size_t queued = 0;
    for (size_t i = 0; i < n; i++) {
        taken[i] = view_queue(w, &l[i].f, l[i].how, &l[i].view, &why[i]);
        queued += taken[i] == 0;
    }
    int rc = queued > 0 ? group_run(p, l, n, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (taken[i] == 0)
            taken[i] = view_end(w, &l[i].f, &l[i].view, &why[i]);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = look_end(p, &l[i], taken[i], &why[i], err);
    return rc;
}

/* ------------------------------------------------------------------ a pass */

/* All that the server had is in the store: only now its mod-sequence is noted, so that whatever
 * broke off is seen again. What has no uid now is not on the server, unless it came there after the
 * view was taken. */
static int settle(struct sync_account *w, struct look *l, struct error *err)
{
    const struct sync_box *box = &l->view.select.box;
    bool unseen = (l->there.has & STATUS_UNSEEN) != 0;
    struct cache_folder state = l->f;
    state.uidvalidity = box->uidvalidity;
    state.uidnext = box->uidnext;
    state.highestmodseq = view_has_modseq(w) ? box->modseq : 0;
    state.there = (int64_t)box->exists;
    state.there_unseen = unseen ? (int64_t)l->there.unseen : -1;
    state.offline = config_offline(w->config, w->cfg, l->f.name);
    state.synced_at = clock_wall_ms() / 1000;
    if (l->how == LOOK_ALL)
        state.compared_at = state.synced_at;
    if (l->pushed == w->pushed && cache_folder_settled(w->cache, l->f.id, err) != 0)
        return -1;
    l->settled = true;
    return cache_folder_state(w->cache, &state, err);
}

/* Of all that is to come, where the store has nothing of it yet. */
static uint64_t size_of(const struct look *l)
{
    return l->plan->fresh_n == l->view.select.box.exists ? l->size : 0;
}

static int look_bring(struct sync_account *w, struct look *l, struct error *err)
{
    if (l->plan == NULL)
        return 0;
    struct bring b = { .folder = &l->f,
                       .uidvalidity = l->view.select.box.uidvalidity,
                       .plan = l->plan,
                       .size = size_of(l),
                       .offline = config_offline(w->config, w->cfg, l->f.name) };
    if (bring_all(w, &b, err) != 0)
        return error_prefix(err, _("folder %.*s: "), STR_ARG(l->f.name));
    return settle(w, l, err);
}

/* First what is where and how it is marked, in all of them: what was moved is then known when it
 * turns up. */
static int looks_do(struct pass *p, struct look *l, size_t n, struct error *err)
{
    int rc = 0;
    for (size_t i = 0, group; rc == 0 && i < n; i += group) {
        group = n - i < GROUP ? n - i : GROUP;
        rc = group_look(p, l + i, group, err);
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = look_bring(p->w, &l[i], err);
    for (size_t i = 0; i < n; i++)
        look_clear(&l[i]);
    return rc;
}

/* The INBOX, which comes first, goes alone: nobody waits for the view of other folders to see new
 * mail. Where something may have been moved all are looked at before anything is fetched. */
static int pass_run(struct pass *p, struct error *err)
{
    size_t first = p->n > 0 && !p->may_have_left && p->looks[0].f.role == ROLE_INBOX;
    if (first > 0 && looks_do(p, p->looks, first, err) != 0)
        return -1;
    return looks_do(p, p->looks + first, p->n - first, err);
}

/* Those of f that have to be looked at. */
static void pass_choose(struct pass *p, const struct cache_folder *f, size_t n,
                        const struct folders *list, enum pull_how how)
{
    size_t compared = 0;
    struct sync_ask ask = { .modseq = view_has_modseq(p->w),
                            .person = how == PULL_ALL,
                            .now_s = p->began_ms / 1000 };
    p->looks = xcalloc(n + 1, sizeof *p->looks);
    for (size_t i = 0; i < n; i++) {
        struct look l = { .f = f[i],
                          .there = folders_there(list, &f[i]),
                          .size = folders_size(list, &f[i]) };
        bool due;
        ask.offline = config_offline(p->w->config, p->w->cfg, f[i].name);
        l.how = sync_look(&l.f, &l.there, &ask, &due);
        if (due && ++compared > PLAN_COMPARE_MOST) {
            struct cache_folder later = l.f;
            later.compared_at = p->began_ms / 1000;
            l.how = sync_look(&later, &l.there, &ask, &due);
        }
        if (l.how == LOOK_NONE)
            continue;
        p->may_have_left |= sync_may_have_left(&l.f, &l.there);
        p->looks[p->n++] = l;
    }
}

/* The folders that can be opened, as the store has them now; with only, that one. */
static int folders_wanted(struct sync_account *w, struct arena *a, const struct folders *list,
                          struct str only, struct cache_folder **out, size_t *n, struct error *err)
{
    size_t all;
    if (cache_folders(w->cache, a, w->id, out, &all, err) != 0)
        return -1;
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (folders_can_open(list, (*out)[i].name) && (only.n == 0 || str_eq((*out)[i].name, only)))
            (*out)[(*n)++] = (*out)[i];
    if (only.n > 0 && *n == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("no folder %.*s on the server"),
                         STR_ARG(only));
    return 0;
}

/* What a pass that broke off left with the commit thread is stored as far as it is whole. */
static int pass_end(struct sync_account *w, int rc)
{
    struct error also = { 0 };
    if (rc != 0 && commit_flush(w->commit, &also) != 0)
        log_line(w->log, LOG_ERROR, "%s: %s", w->cfg->name, also.text);
    return rc;
}

int pull_folders(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(1024);
    struct folders list;
    struct cache_folder inbox;
    int rc = cache_folder_by_role(w->cache, a, w->id, ROLE_INBOX, &inbox, err);
    if (rc == 1) {
        rc = folders_get(w, &list, err);
        if (rc == 0)
            folders_keep(w, &list); /* the pass is next */
        else
            folders_clear(&list);
    }
    arena_free(&a);
    return rc;
}

/* 0; 1: but for folders that could not be looked at; -1. */
static int pass_once(struct sync_account *w, enum pull_how how, struct str only, int64_t *began,
                     struct error *err)
{
    struct pass p = { .w = w, .began_ms = clock_wall_ms() };
    struct arena *a = arena_new(1 << 14);
    struct folders list;
    struct cache_folder *f;
    size_t n;
    int rc = folders_get(w, &list, err);
    if (rc == 0)
        rc = folders_wanted(w, a, &list, only, &f, &n, err);
    if (rc == 0) {
        pass_choose(&p, f, n, &list, how);
        rc = pass_run(&p, err);
    }
    *began = p.began_ms;
    free(p.looks);
    folders_clear(&list);
    arena_free(&a);
    return rc == 0 && p.left_out ? 1 : rc;
}

/* What went out of a folder may have come into one that was asked before: all are asked once more.
 * What has not turned up then is gone. */
static int limbo_end(struct sync_account *w, struct error *err)
{
    bool any = false;
    int64_t began = 0;
    int rc = cache_limbo_any(w->cache, w->id, &any, err);
    if (rc != 0 || !any)
        return rc;
    rc = pass_once(w, PULL_CHANGED, (struct str){ "", 0 }, &began, err);
    while (rc == 0)
        rc = cache_limbo_sweep(w->cache, w->id, began, err);
    return rc < 0 ? -1 : 0;
}

int pull_pass(struct sync_account *w, enum pull_how how, struct str only, struct error *err)
{
    int64_t began = 0;
    int rc = pass_once(w, how, only, &began, err);
    if (rc == 0 && only.n == 0)
        rc = limbo_end(w, err);
    return pass_end(w, rc < 0 ? -1 : 0);
}

int pull_inbox(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct look l = { .how = LOOK_ALL };
    struct pass p = { .w = w, .looks = &l, .n = 1, .began_ms = clock_wall_ms() };
    int rc = cache_folder_by_role(w->cache, a, w->id, ROLE_INBOX, &l.f, err);
    if (rc == 0) {
        if (view_has_modseq(w) && l.f.highestmodseq > 0 &&
            l.f.offline == config_offline(w->config, w->cfg, l.f.name))
            l.how = LOOK_CHANGES;
        rc = pass_run(&p, err);
    }
    arena_free(&a);
    return pass_end(w, rc < 0 ? -1 : 0);
}

/* ------------------------------------------------------------------ one message */

static int body_fetch(struct sync_account *w, struct arena *a, const struct cache_where *at,
                      struct error *err)
{
    struct cache_folder f;
    int64_t before = w->fetched;
    int rc = cache_folder_get(w->cache, a, at->folder, &f, err);
    struct fetch_job job = { .folder = &f, .uidvalidity = f.uidvalidity, .uids = &at->uid, .n = 1 };
    if (rc == 0)
        rc = fetch_run(w, &job, err);
    if (rc < 0 && err->code == ERR_PROTO && err->retry == RETRY_NOW)
        return 1; /* renumbered: the next pass finds it again */
    if (rc == 0)
        rc = commit_flush(w->commit, err);
    return rc != 0 ? rc : w->fetched > before ? 0 : 1;
}

int pull_body(struct sync_account *w, int64_t message, struct error *err)
{
    struct cache_where where[PLACES_MAX];
    size_t n = PLACES_MAX;
    struct arena *a = arena_new(1024);
    struct cache_row row;
    int rc = cache_row_get(w->cache, a, message, 0, &row, err);
    if (rc == 0 && row.size > FETCH_MESSAGE_MAX)
        rc = fetch_too_large(row.size, err);
    else if (rc == 0)
        rc = cache_message_where(w->cache, message, where, &n, err) != 0 ? -1 : 1;
    for (size_t i = 0; rc == 1 && i < n; i++)
        if (where[i].account == w->id)
            rc = body_fetch(w, a, &where[i], err);
    arena_free(&a);
    return rc;
}
