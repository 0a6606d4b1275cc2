/* SPDX-License-Identifier: MIT */
#include "sync/view.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "sync/fetch.h"
#include "base/banned.h"

enum { RANGES_ASKED = 1000 /* of the store one by one; more: it is read as a whole */ };

static bool has_qresync(struct sync_account *w)
{
    return (imap_enabled(w->imap) & CAP_QRESYNC) != 0;
}

bool view_has_modseq(struct sync_account *w)
{
    return has_qresync(w) || (imap_caps(w->imap) & (CAP_CONDSTORE | CAP_QRESYNC)) != 0;
}

/* ------------------------------------------------------------------ what comes in */

static int row_add(struct view *v, const struct imap_fetch *r)
{
    struct buf keywords = BUF_INIT(FETCH_KEYWORDS_MAX);
    if (v->n == v->cap) {
        v->cap = v->cap > 0 ? v->cap * 2 : 256;
        v->rows = xrealloc(v->rows, v->cap, sizeof *v->rows);
    }
    fetch_keywords(r->keywords, &keywords);
    v->rows[v->n++] =
        (struct sync_seen){ .uid = r->uid,
                            .flags = r->flags & CACHE_SERVER_FLAGS,
                            .modseq = (r->has & FETCH_MODSEQ) != 0 ? r->modseq : 0,
                            .keywords = keywords.len > 0 ? arena_str(v->strings, buf_str(&keywords))
                                                         : STR("") };
    buf_free(&keywords);
    return 0;
}

/* What comes while the folder is being opened, and in answer to FETCH and SEARCH, which a server may
 * give in any order. */
static int view_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct view *v = arg;
    if (r->kind == IMAP_ESEARCH && r->esearch.uid) {
        v->has_present = true;
        return r->uids_from.n > 0 ? ranges_add(&v->present, r->uids_from, err) : 0;
    }
    if (r->kind == IMAP_VANISHED)
        return v->look == LOOK_CHANGES ? ranges_add(&v->gone, r->uids_from, err) : 0;
    if (r->kind == IMAP_FETCH && (r->fetch.has & FETCH_UID) != 0 &&
        (r->fetch.has & FETCH_FLAGS) != 0)
        return row_add(v, &r->fetch);
    return 0;
}

static void view_done(void *arg, const struct imap_resp *r)
{
    struct view *v = arg;
    link_done(&v->answer, r);
}

static void search_done(void *arg, const struct imap_resp *r)
{
    struct view *v = arg;
    link_done(&v->search, r);
}

/* ------------------------------------------------------------------ what is asked */

static void fetch_queue(struct sync_account *w, struct view *v, const char *since)
{
    imap_queuef(w->imap, &(struct imap_handler){ .resp = view_resp, .done = view_done, .arg = v },
                "UID FETCH 1:* (UID FLAGS)%s", since);
}

/* Flags since then; what is gone CONDSTORE does not say: the uids that are there do. */
static void changes_queue(struct sync_account *w, const struct cache_folder *f, struct view *v)
{
    char since[64];
    snprintf(since, sizeof since, " (CHANGEDSINCE %llu)", (unsigned long long)f->highestmodseq);
    fetch_queue(w, v, since);
    if ((imap_caps(w->imap) & CAP_ESEARCH) == 0)
        return;
    v->asks_present = true;
    imap_queue(w->imap, STR("UID SEARCH RETURN (ALL) ALL"),
               &(struct imap_handler){ .resp = view_resp, .done = search_done, .arg = v });
}

int view_queue(struct sync_account *w, const struct cache_folder *f, enum sync_look look,
               struct view *v, struct error *err)
{
    char with[96] = "";
    bool qresync = has_qresync(w), changes = look == LOOK_CHANGES;
    v->look = look;
    v->strings = arena_new(1024);
    v->pushed = w->pushed;
    if (qresync && changes)
        snprintf(with, sizeof with, " (QRESYNC (%u %llu))", f->uidvalidity,
                 (unsigned long long)f->highestmodseq);
    else if (!qresync && view_has_modseq(w))
        snprintf(with, sizeof with, " (CONDSTORE)");
    v->select.with = with;
    v->select.resp = view_resp;
    v->select.arg = v;
    int rc = link_select_queue(w, f, false, &v->select, err);
    v->select.with = NULL;
    if (rc != 0)
        return -1;
    if (!changes)
        fetch_queue(w, v, "");
    else if (!qresync)
        changes_queue(w, f, v);
    else
        v->answer.fate = LINK_OK;
    return 0;
}

void view_clear(struct view *v)
{
    free(v->rows);
    arena_free(&v->strings);
    ranges_clear(&v->gone);
    ranges_clear(&v->present);
    link_answer_clear(&v->answer);
    link_answer_clear(&v->search);
    link_answer_clear(&v->select.answer);
    *v = (struct view){ 0 };
}

/* An empty mailbox may answer 1:* with NO; a mailbox that has messages and lists none is not
 * believed. */
static int all_end(struct view *v, struct error *err)
{
    if (!v->select.box.has_exists)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("the server does not say how many messages there are"));
    if (v->select.box.exists == 0)
        return 0;
    if (link_check(&v->answer, err) != 0)
        return -1;
    if (v->n == 0)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("the server says there are messages but lists none"));
    return 0;
}

/* Changes since a mod-sequence that the mailbox does not have, or has gone back behind, are none. */
static int changes_end(const struct cache_folder *f, struct view *v)
{
    const struct sync_box *box = &v->select.box;
    ranges_tidy(&v->gone);
    ranges_tidy(&v->present);
    bool sound = box->modseq >= f->highestmodseq && box->uidvalidity == f->uidvalidity &&
                 v->answer.fate == LINK_OK &&
                 (!v->asks_present || (v->search.fate == LINK_OK && v->has_present));
    return sound ? 0 : 1;
}

int view_end(struct sync_account *w, const struct cache_folder *f, struct view *v,
             struct error *err)
{
    if (link_select_end(w, &v->select, err) != 0)
        return -1;
    return v->look == LOOK_CHANGES ? changes_end(f, v) : all_end(v, err);
}

int view_again(struct sync_account *w, const struct cache_folder *f, enum sync_look look,
               struct view *v, struct error *err)
{
    view_clear(v);
    if (view_queue(w, f, look, v, err) != 0 || imap_run(w->imap, err) != 0)
        return -1;
    return view_end(w, f, v, err);
}

/* ------------------------------------------------------------------ the store's side */

static int local_all(struct sync_account *w, struct arena *a, const struct cache_folder *f,
                     struct sync_local *local, struct error *err)
{
    struct cache_known *known;
    int rc = cache_known(w->cache, a, f->id, &known, &local->n, err);
    if (rc == 0)
        local->rows = known;
    return rc;
}

/* What a partial view speaks of. */
static int local_touched(struct sync_account *w, struct arena *a, const struct cache_folder *f,
                         const struct view *v, struct sync_local *local, struct error *err)
{
    struct ranges touched = { 0 };
    struct cache_known *known;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < v->n; i++)
        if (v->rows[i].uid != 0)
            rc = ranges_put(&touched, v->rows[i].uid, v->rows[i].uid, err);
    for (size_t i = 0; rc == 0 && i < v->gone.n; i++)
        rc = ranges_put(&touched, v->gone.rows[i].first, v->gone.rows[i].last, err);
    ranges_tidy(&touched);
    if (rc == 0 && touched.n > RANGES_ASKED)
        rc = local_all(w, a, f, local, err);
    else if (rc == 0)
        rc = cache_known_in(w->cache, a, f->id, touched.rows, touched.n, &known, &local->n, err);
    if (rc == 0 && touched.n <= RANGES_ASKED)
        local->rows = known;
    ranges_clear(&touched);
    return rc;
}

int view_plan(struct sync_account *w, struct arena *a, const struct cache_folder *f, struct view *v,
              const struct sync_bodies *bodies, const struct sync_plan **out, struct error *err)
{
    bool partial = v->look == LOOK_CHANGES;
    struct sync_local local = { .uidvalidity = f->uidvalidity, .bodies = *bodies };
    struct sync_remote remote = { .uidvalidity = v->select.box.uidvalidity,
                                  .rows = v->rows,
                                  .n = v->n,
                                  .partial = partial,
                                  .gone = &v->gone,
                                  .present = v->has_present ? &v->present : NULL,
                                  .exists = v->select.box.exists };
    int rc = partial && !v->has_present ? local_touched(w, a, f, v, &local, err)
                                        : local_all(w, a, f, &local, err);
    if (rc == 0 && partial)
        rc = cache_known_count(w->cache, f->id, &local.known, err);
    if (rc == 0)
        *out = sync_plan(a, &remote, &local);
    return rc;
}
