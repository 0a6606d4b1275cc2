/* SPDX-License-Identifier: MIT */
#include "sync/pull.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/message.h"
#include "sync/fetch.h"
#include "sync/folders.h"
#include "sync/link.h"
#include "sync/plan.h"
#include "base/banned.h"

enum {
    GROUP = 16,   /* folders looked at in one turn of the connection */
    APPLY_MS = 4, /* the write lock is given up after so long */
    COMPARE_EVERY_S = 3600,
    PLACES_MAX = 16
};

/* One folder as the server shows it now. */
struct view {
    struct link_select select;
    struct link_answer answer;
    uint64_t pushed; /* account's, when it was taken */
    struct sync_seen *rows;
    size_t n, cap;
};
struct status {
    uint64_t messages, unseen, uidnext, uidvalidity;
    bool known;
};
struct pull_seen {
    int64_t folder, compared_at; /* seconds */
    struct status status;
};

void pull_memory_clear(struct pull_memory *m)
{
    free(m->rows);
    *m = (struct pull_memory){ 0 };
}

/* ------------------------------------------------------------------ looking at a folder */

static int view_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct view *v = arg;
    (void)err;
    if (r->kind != IMAP_FETCH || (r->fetch.has & FETCH_UID) == 0 ||
        (r->fetch.has & FETCH_FLAGS) == 0)
        return 0;
    if (v->n == v->cap) {
        v->cap = v->cap > 0 ? v->cap * 2 : 256;
        v->rows = xrealloc(v->rows, v->cap, sizeof *v->rows);
    }
    v->rows[v->n++] = (struct sync_seen){ r->fetch.uid, r->fetch.flags & CACHE_SERVER_FLAGS };
    return 0;
}

static void view_done(void *arg, const struct imap_resp *r)
{
    struct view *v = arg;
    link_done(&v->answer, r);
}

static int view_queue(struct sync_account *w, const struct cache_folder *f, struct view *v,
                      struct error *err)
{
    if (link_select_queue(w, f, false, &v->select, err) != 0)
        return -1;
    v->pushed = w->pushed;
    imap_queue(w->imap, STR("UID FETCH 1:* (UID FLAGS)"),
               &(struct imap_handler){ .resp = view_resp, .done = view_done, .arg = v });
    return 0;
}

static void view_clear(struct view *v)
{
    free(v->rows);
    link_answer_clear(&v->answer);
    link_answer_clear(&v->select.answer);
}

/* Takes the view anew when something was pushed since: it would take that back. */
static int view_renew(struct sync_account *w, const struct cache_folder *f, struct view *v,
                      struct error *err)
{
    if (v->pushed == w->pushed)
        return 0;
    view_clear(v);
    *v = (struct view){ 0 };
    if (view_queue(w, f, v, err) != 0 || imap_run(w->imap, err) != 0)
        return -1;
    return link_select_end(w, &v->select, err);
}

/* An empty mailbox may answer 1:* with NO; a mailbox that has messages and lists none is not
 * believed. */
static int view_check(struct view *v, struct error *err)
{
    if (v->select.box.exists == 0)
        return 0;
    if (link_check(&v->answer, err) != 0)
        return -1;
    if (v->n == 0)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("the server says there are messages but lists none"));
    return 0;
}

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
    int64_t folder;
    const struct sync_plan *plan;
};

static int gone_step(struct sync_account *w, const void *arg, size_t i, struct error *err)
{
    const struct rows *r = arg;
    return cache_place_gone(w->cache, r->folder, r->plan->gone[i], err);
}

static int reflag_step(struct sync_account *w, const void *arg, size_t i, struct error *err)
{
    const struct rows *r = arg;
    const struct sync_seen *s = &r->plan->reflag[i];
    int rc =
        cache_place_flags(w->cache, r->folder, s->uid, s->flags, (struct str){ "", 0 }, 0, err);
    return rc < 0 ? -1 : 0;
}

static int apply(struct sync_account *w, const struct cache_folder *f, const struct sync_box *box,
                 const struct sync_plan *p, struct error *err)
{
    struct rows r = { f->id, p };
    if (p->unsettle && cache_folder_unsettle(w->cache, f->id, err) != 0)
        return -1;
    struct cache_folder state = *f;
    state.uidvalidity = box->uidvalidity;
    state.uidnext = box->uidnext;
    if ((f->uidvalidity != state.uidvalidity || f->uidnext != state.uidnext) &&
        cache_folder_state(w->cache, &state, err) != 0)
        return -1;
    if (p->gone_n > 0)
        log_line(w->log, LOG_INFO, "%s: %zu of its messages are no longer on the server",
                 w->cfg->name, p->gone_n);
    if (apply_rows(w, p->gone_n, gone_step, &r, err) != 0 ||
        apply_rows(w, p->reflag_n, reflag_step, &r, err) != 0)
        return -1;
    if (p->unsettle || p->gone_n + p->reflag_n > 0)
        account_folder_changed(w, f->id);
    return 0;
}

/* ------------------------------------------------------------------ messages */

/* Opens the folder again if something urgent has opened another; its numbers must still be the
 * plan's. */
static int reopen(struct sync_account *w, const struct cache_folder *f, uint32_t uidvalidity,
                  struct error *err)
{
    if (link_select(w, f, false, err) != 0)
        return -1;
    if (w->box.uidvalidity != uidvalidity)
        return error_set(err, ERR_PROTO, RETRY_NOW, _("the server renumbered a folder meanwhile"));
    return 0;
}

/* All of a job, with what is urgent in between. */
static int job_run(struct sync_account *w, const struct cache_folder *f, struct fetch_job *job,
                   uint32_t uidvalidity, struct error *err)
{
    while (job->done < job->n)
        if (w->between(w->between_arg, err) != 0 || reopen(w, f, uidvalidity, err) != 0 ||
            fetch_run(w, job, err) != 0)
            return -1;
    return 0;
}

/* After a renumbering: headers of everything, so that what is here already is recognised and not
 * fetched again. */
static int headers_fetch_all(struct sync_account *w, const struct cache_folder *f,
                             const struct sync_plan *p, uint32_t uidvalidity, struct error *err)
{
    struct fetch_job job = { .folder = f->id,
                             .name = f->name,
                             .uids = p->bodies,
                             .n = p->bodies_n,
                             .what = FETCH_HEADERS_ONLY };
    if (job_run(w, f, &job, uidvalidity, err) != 0)
        return -1;
    return commit_flush(w->commit, err);
}

static int messages_fetch(struct sync_account *w, const struct cache_folder *f,
                          const struct sync_plan *p, uint32_t uidvalidity, struct error *err)
{
    struct fetch_job headers = { .folder = f->id,
                                 .uids = p->headers,
                                 .n = p->headers_n,
                                 .what = FETCH_HEADERS_ONLY,
                                 .window = PLAN_HEADERS };
    struct fetch_job bodies = {
        .folder = f->id, .name = f->name, .uids = p->bodies, .n = p->bodies_n, .what = FETCH_WHOLE
    };
    if (p->bodies_n == 0)
        return 0;
    account_progress(w, f->name, 0, (int64_t)p->bodies_n);
    if (p->headers_n > 0 &&
        (job_run(w, f, &headers, uidvalidity, err) != 0 || commit_flush(w->commit, err) != 0))
        return -1;
    return job_run(w, f, &bodies, uidvalidity, err);
}

/* ------------------------------------------------------------------ one folder, and all of them */

/* What has no uid now is not on the server, unless it came there after the view was taken. */
static int settle(struct sync_account *w, const struct cache_folder *f, const struct view *v,
                  struct error *err)
{
    struct cache_folder state = *f;
    state.uidvalidity = v->select.box.uidvalidity;
    state.uidnext = v->select.box.uidnext;
    state.synced_at = clock_wall_ms() / 1000;
    if (v->pushed == w->pushed && cache_folder_settled(w->cache, f->id, err) != 0)
        return -1;
    return cache_folder_state(w->cache, &state, err);
}

static int plan_make(struct sync_account *w, struct arena *a, const struct cache_folder *f,
                     const struct view *v, const struct sync_plan **out, struct error *err)
{
    struct cache_known *known;
    size_t n;
    if (cache_known(w->cache, a, f->id, &known, &n, err) != 0)
        return -1;
    *out = sync_plan(a, &(struct sync_remote){ v->select.box.uidvalidity, v->rows, v->n },
                     &(struct sync_local){ f->uidvalidity, known, n, FETCH_MESSAGE_MAX });
    return 0;
}

/* The store's side is read only now: what came through another folder's windows is in it. */
static int folder_sync(struct sync_account *w, struct cache_folder *f, struct view *v,
                       struct error *err)
{
    struct arena *a = arena_new(1 << 16);
    const struct sync_box *box = &v->select.box;
    const struct sync_plan *p;
    int rc = view_renew(w, f, v, err);
    if (rc == 0)
        rc = view_check(v, err);
    if (rc == 0)
        rc = plan_make(w, a, f, v, &p, err);
    if (rc == 0)
        rc = apply(w, f, box, p, err);
    if (rc == 0 && p->unsettle) {
        f->uidvalidity = box->uidvalidity;
        rc = headers_fetch_all(w, f, p, box->uidvalidity, err);
        if (rc == 0)
            rc = plan_make(w, a, f, v, &p, err);
    }
    if (rc == 0)
        rc = messages_fetch(w, f, p, box->uidvalidity, err);
    if (rc == 0)
        rc = commit_flush(w->commit, err);
    if (rc == 0)
        rc = settle(w, f, v, err);
    arena_free(&a);
    return rc;
}

/* Looks at up to GROUP folders in one turn, then does each. A folder that cannot be opened is left
 * out with a word. */
static int group_sync(struct sync_account *w, struct cache_folder *f, size_t n, struct error *err)
{
    struct view views[GROUP] = { 0 };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = view_queue(w, &f[i], &views[i], err);
    if (rc == 0)
        rc = imap_run(w->imap, err);
    bool opened[GROUP] = { false };
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct error why = { 0 };
        opened[i] = link_select_end(w, &views[i].select, &why) == 0 &&
                    (f[i].role == ROLE_INBOX || view_check(&views[i], &why) == 0);
        if (!opened[i]) {
            (void)error_prefix(&why, _("folder %.*s: "), STR_ARG(f[i].name));
            account_prefix(w, &why);
            account_error(w, &why);
        }
    }
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (opened[i] && (rc = folder_sync(w, &f[i], &views[i], err)) != 0)
            (void)error_prefix(err, _("folder %.*s: "), STR_ARG(f[i].name));
    for (size_t i = 0; i < n; i++)
        view_clear(&views[i]);
    return rc;
}

static struct pull_seen *memory_of(struct pull_memory *m, int64_t folder)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->rows[i].folder == folder)
            return &m->rows[i];
    if (m->n == m->cap) {
        m->cap = m->cap > 0 ? m->cap * 2 : 32;
        m->rows = xrealloc(m->rows, m->cap, sizeof *m->rows);
    }
    m->rows[m->n] = (struct pull_seen){ .folder = folder };
    return &m->rows[m->n++];
}

static int status_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct status *s = arg;
    (void)err;
    if (r->kind == IMAP_STATUS)
        *s = (struct status){ r->status.messages, r->status.unseen, r->status.uidnext,
                              r->status.uidvalidity, true };
    return 0;
}

static void status_done(void *arg, const struct imap_resp *r)
{
    (void)arg;
    (void)r;
}

static int status_queue(struct sync_account *w, const struct cache_folder *f, struct status *s,
                        struct error *err)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    buf_adds(&cmd, "STATUS ");
    int rc = link_put_name(&cmd, f->wire, err);
    buf_adds(&cmd, " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
    if (rc == 0)
        imap_queue(w->imap, buf_str(&cmd),
                   &(struct imap_handler){ .resp = status_resp, .done = status_done, .arg = s });
    buf_free(&cmd);
    return rc;
}

/* The STATUS of every folder, in one turn. */
static int statuses_get(struct sync_account *w, const struct cache_folder *f, size_t n,
                        struct status *out, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (f[i].role != ROLE_INBOX && status_queue(w, &f[i], &out[i], err) != 0)
            return -1;
    return imap_run(w->imap, err);
}

static bool is_unchanged(const struct pull_seen *seen, const struct status *now, int64_t now_s)
{
    const struct status *old = &seen->status;
    return old->known && now->known && now_s - seen->compared_at < COMPARE_EVERY_S &&
           old->messages == now->messages && old->unseen == now->unseen &&
           old->uidnext == now->uidnext && old->uidvalidity == now->uidvalidity;
}

/* Those of f that have to be looked at, moved to the front; their number. */
static size_t changed_only(struct pull_memory *m, struct cache_folder *f, struct status *st,
                           size_t n)
{
    int64_t now_s = clock_wall_ms() / 1000;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_unchanged(memory_of(m, f[i].id), &st[i], now_s))
            continue;
        f[kept] = f[i];
        st[kept++] = st[i];
    }
    return kept;
}

static int folders_sync(struct sync_account *w, struct pull_memory *m, enum pull_how how,
                        struct cache_folder *f, size_t n, struct error *err)
{
    struct status *st = xcalloc(n + 1, sizeof *st);
    int rc = 0;
    if (how == PULL_CHANGED) {
        rc = statuses_get(w, f, n, st, err);
        if (rc == 0)
            n = changed_only(m, f, st, n);
    }
    int64_t now_s = clock_wall_ms() / 1000;
    /* The INBOX, which comes first, goes alone: nobody waits for the view of other folders to see
     * new mail. */
    for (size_t i = 0, group = 1; rc == 0 && i < n; i += group, group = GROUP) {
        if (group > n - i)
            group = n - i;
        rc = group_sync(w, f + i, group, err);
        for (size_t k = i; rc == 0 && k < i + group; k++)
            *memory_of(m, f[k].id) = (struct pull_seen){ f[k].id, now_s, st[k] };
    }
    free(st);
    return rc;
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
        folders_queue(w, &list);
        rc = imap_run(w->imap, err);
        if (rc == 0)
            rc = folders_store(w, &list, err);
        folders_clear(&list);
    }
    arena_free(&a);
    return rc;
}

int pull_pass(struct sync_account *w, struct pull_memory *m, enum pull_how how, struct str only,
              struct error *err)
{
    struct arena *a = arena_new(1 << 14);
    struct folders list;
    struct cache_folder *f;
    size_t n;
    folders_queue(w, &list);
    int rc = imap_run(w->imap, err);
    if (rc == 0)
        rc = folders_store(w, &list, err);
    if (rc == 0)
        rc = folders_wanted(w, a, &list, only, &f, &n, err);
    if (rc == 0)
        rc = folders_sync(w, m, how, f, n, err);
    folders_clear(&list);
    arena_free(&a);
    return pass_end(w, rc);
}

int pull_inbox(struct sync_account *w, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    int rc = cache_folder_by_role(w->cache, a, w->id, ROLE_INBOX, &f, err);
    if (rc == 0)
        rc = group_sync(w, &f, 1, err);
    arena_free(&a);
    return pass_end(w, rc < 0 ? -1 : 0);
}

static int body_fetch(struct sync_account *w, struct arena *a, const struct cache_where *at,
                      struct error *err)
{
    struct cache_folder f;
    struct fetch_job job = { .folder = at->folder, .uids = &at->uid, .n = 1 };
    int64_t before = w->fetched;
    int rc = cache_folder_get(w->cache, a, at->folder, &f, err);
    if (rc == 0)
        rc = link_select(w, &f, false, err);
    if (rc == 0 && w->box.uidvalidity != f.uidvalidity)
        return 1; /* renumbered: the next pass finds it again */
    if (rc == 0)
        rc = fetch_run(w, &job, err);
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
