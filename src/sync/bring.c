/* SPDX-License-Identifier: MIT */
#include "sync/bring.h"

#include <stdlib.h>

#include "base/clock.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    DAY_S = 86400,
    NAMES_WINDOW = 700, /* messages in one question for their names */
    PLACE_MS = 4        /* the write lock is given up after so long */
};

struct sync_bodies bring_bodies(int offline, int64_t now_s)
{
    return (struct sync_bodies){ .max = FETCH_MESSAGE_MAX,
                                 .since = offline == OFFLINE_ALL ? INT64_MIN
                                          : offline == OFFLINE_HEADERS
                                              ? INT64_MAX
                                              : now_s - (int64_t)offline * DAY_S };
}

/* ------------------------------------------------------------------ names */

/* A message of which the server said what it calls it. */
struct named {
    uint32_t uid;
    unsigned flags;
    struct str name, keywords;
};
struct names {
    struct arena *arena;
    struct named *rows;
    size_t n, cap;
};

static int names_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct names *v = arg;
    struct buf name = BUF_INIT(300), keywords = BUF_INIT(FETCH_KEYWORDS_MAX);
    (void)err;
    if (r->kind != IMAP_FETCH || (r->fetch.has & FETCH_UID) == 0)
        return 0;
    fetch_objectid(&r->fetch, &name);
    if (name.len > 0 && (r->fetch.has & FETCH_FLAGS) != 0) {
        if (v->n == v->cap) {
            v->cap = v->cap > 0 ? v->cap * 2 : 64;
            v->rows = xrealloc(v->rows, v->cap, sizeof *v->rows);
        }
        fetch_keywords(r->fetch.keywords, &keywords);
        v->rows[v->n++] = (struct named){ r->fetch.uid, r->fetch.flags & CACHE_SERVER_FLAGS,
                                          arena_str(v->arena, buf_str(&name)),
                                          arena_str(v->arena, buf_str(&keywords)) };
    }
    buf_free(&name);
    buf_free(&keywords);
    return 0;
}

static int names_place(struct sync_account *w, const struct bring *b, const struct names *v,
                       struct error *err)
{
    for (size_t i = 0; i < v->n;) {
        if (cache_begin(w->cache, false, err) != 0)
            return -1;
        int64_t until = clock_mono_ms() + PLACE_MS;
        int rc = 0;
        do {
            struct cache_placement where = { .folder = b->folder->id,
                                             .uid = v->rows[i].uid,
                                             .flags = v->rows[i].flags,
                                             .keywords = v->rows[i].keywords };
            rc = cache_place_objectid(w->cache, w->id, v->rows[i++].name, &where, err);
        } while (rc >= 0 && i < v->n && clock_mono_ms() < until);
        if (rc < 0 || cache_commit(w->cache, err) != 0) {
            cache_rollback(w->cache);
            return -1;
        }
    }
    return 0;
}

static void names_queue(struct sync_account *w, struct names *v, const uint32_t *descending,
                        size_t n)
{
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX);
    uint32_t *uids = xcalloc(n, sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = descending[n - 1 - i];
    buf_adds(&cmd, "UID FETCH ");
    imap_set_put(&cmd, uids, n);
    buf_adds(&cmd, " (UID FLAGS");
    fetch_put_objectid(w, &cmd);
    buf_addc(&cmd, ')');
    imap_queue(w->imap, buf_str(&cmd), &(struct imap_handler){ .resp = names_resp, .arg = v });
    buf_free(&cmd);
    free(uids);
}

/* What lies in another folder or lay there is placed here too, and not fetched again. Nothing that
 * the server refuses here is an error: then all is fetched. */
static int recognise(struct sync_account *w, const struct bring *b, struct error *err)
{
    struct names v = { 0 };
    bool any = false;
    const struct sync_plan *p = b->plan;
    if (p->fresh_n == 0 || (imap_caps(w->imap) & (CAP_OBJECTID | CAP_X_GM_EXT_1)) == 0)
        return 0;
    if (cache_objectid_any(w->cache, w->id, &any, err) != 0)
        return -1;
    if (!any)
        return 0;
    if (link_select(w, b->folder, false, err) != 0)
        return -1;
    if (w->box.uidvalidity != b->uidvalidity)
        return fetch_renumbered(err);
    v.arena = arena_new(1 << 14);
    for (size_t i = 0; i < p->fresh_n; i += NAMES_WINDOW)
        names_queue(w, &v, p->fresh + i,
                    p->fresh_n - i < NAMES_WINDOW ? p->fresh_n - i : NAMES_WINDOW);
    int rc = imap_run(w->imap, err);
    if (rc == 0)
        rc = names_place(w, b, &v, err);
    arena_free(&v.arena);
    free(v.rows);
    return rc;
}

/* ------------------------------------------------------------------ headers, bodies */

/* What is still to come, in arrays that are shortened as it does. */
struct rest {
    struct arena *arena;
    uint32_t *fresh, *bodies;
    size_t fresh_n, bodies_n;
};

static uint32_t *copy(struct arena *a, const uint32_t *uids, size_t n)
{
    uint32_t *to = arena_array(a, n + 1, sizeof *to);
    if (n > 0)
        memcpy(to, uids, n * sizeof *to);
    return to;
}

/* What the store has learnt meanwhile. */
static int rest_renew(struct sync_account *w, const struct bring *b, struct rest *r, bool unknown,
                      struct error *err)
{
    struct sync_bodies bodies = bring_bodies(b->offline, clock_wall_ms() / 1000);
    struct cache_known *known;
    size_t n;
    if (r->bodies_n == 0)
        return 0;
    struct cache_range range = { r->bodies[r->bodies_n - 1], r->bodies[0] };
    if (cache_known_in(w->cache, r->arena, b->folder->id, &range, 1, &known, &n, err) != 0)
        return -1;
    r->fresh_n = sync_unknown(r->fresh, r->fresh_n, known, n);
    r->bodies_n = sync_wanted(r->bodies, r->bodies_n, known, n, &bodies, unknown);
    return 0;
}

static struct fetch_job job_of(const struct bring *b, const uint32_t *uids, size_t n,
                               enum fetch_what what)
{
    return (struct fetch_job){ .folder = b->folder,
                               .uidvalidity = b->uidvalidity,
                               .uids = uids,
                               .n = n,
                               .what = what,
                               .window = what == FETCH_HEADERS_ONLY ? PLAN_HEADERS : 0 };
}

/* All of a job, with what is urgent in between. */
static int job_run(struct sync_account *w, struct fetch_job *job, struct error *err)
{
    while (job->done < job->n)
        if (w->between(w->between_arg, err) != 0 || fetch_run(w, job, err) != 0)
            return -1;
    return commit_flush(w->commit, err);
}

static int headers_run(struct sync_account *w, const struct bring *b, const uint32_t *uids,
                       size_t n, bool tell, struct error *err)
{
    struct fetch_job job = job_of(b, uids, n, FETCH_HEADERS_ONLY);
    job.tell = tell;
    job.alone = b->offline != OFFLINE_ALL;
    return job_run(w, &job, err);
}

/* By bytes where the server said how many there are (RFC 8438), else by messages. */
static bool is_slow(const struct fetch_job *job)
{
    if (job->done == 0 || job->bytes < BRING_SAMPLE / 4)
        return false;
    if (job->size > job->bytes)
        return pace_bytes_ms(job->size - job->bytes, job->bytes, job->ms) > BRING_SLOW_MS;
    return job->ms / (int64_t)job->done * (int64_t)(job->n - job->done) > BRING_SLOW_MS;
}

/* On a line that has shown to be slow, when as much is still to come as has come. A refusal is none
 * of the person's business. */
static int deflate(struct sync_account *w, const struct fetch_job *job, struct error *err)
{
    struct error why = { 0 };
    if (job->bytes < BRING_SAMPLE || job->n - job->done < job->done ||
        (imap_caps(w->imap) & CAP_COMPRESS) == 0 || imap_compressed(w->imap) ||
        job->bytes * 1000 / (uint64_t)(job->ms > 0 ? job->ms : 1) >= BRING_DEFLATE_BELOW)
        return 0;
    if (imap_compress(w->imap, &why) == 0 || why.code == ERR_REFUSED)
        return 0;
    *err = why;
    return -1;
}

/* Of all bodies that are to come, where that is all there is. */
static uint64_t size_of(const struct bring *b)
{
    bool all = b->plan->bodies_n == b->plan->fresh_n && b->offline == OFFLINE_ALL;
    return all ? b->size : 0;
}

/* Bodies, newest first. When they turn out to take long, the headers of all that has not come yet go
 * before them. */
static int bodies_run(struct sync_account *w, const struct bring *b, struct rest *r, size_t headers,
                      struct error *err)
{
    struct fetch_job job = job_of(b, r->bodies, r->bodies_n, FETCH_WHOLE);
    job.tell = true;
    job.size = r->bodies_n == b->plan->bodies_n ? size_of(b) : 0;
    while (job.done < job.n) {
        if (w->between(w->between_arg, err) != 0 || fetch_run(w, &job, err) != 0 ||
            deflate(w, &job, err) != 0)
            return -1;
        if (headers < r->fresh_n && is_slow(&job)) {
            while (headers < r->fresh_n && r->fresh[headers] >= r->bodies[job.done - 1])
                headers++;
            if (headers_run(w, b, r->fresh + headers, r->fresh_n - headers, false, err) != 0)
                return -1;
            headers = r->fresh_n;
        }
    }
    return commit_flush(w->commit, err);
}

/* Of messages that end the link, their headers where those can be had. */
static int doubtful_bring(struct sync_account *w, const struct bring *b, struct rest *r,
                          struct error *err)
{
    struct doubt_message of = { .folder = b->folder->id, .uidvalidity = b->uidvalidity };
    size_t n = r->bodies_n, bad_n = 0;
    uint32_t *bad = copy(r->arena, r->fresh, r->fresh_n);
    if (!doubt_any(&w->doubt, b->folder->id))
        return 0;
    r->bodies_n = doubt_keep(&w->doubt, &of, r->bodies, r->bodies_n);
    of.header = true;
    r->fresh_n = doubt_keep(&w->doubt, &of, r->fresh, r->fresh_n);
    if (r->bodies_n == n)
        return 0;
    of.header = false;
    for (size_t i = 0; i < r->fresh_n; i++) {
        uint32_t uid = r->fresh[i];
        if (doubt_keep(&w->doubt, &of, &uid, 1) == 0)
            bad[bad_n++] = uid;
    }
    return bad_n > 0 ? headers_run(w, b, bad, bad_n, false, err) : 0;
}

static int rest_bring(struct sync_account *w, const struct bring *b, struct rest *r,
                      struct error *err)
{
    bool limbo = false;
    if (doubtful_bring(w, b, r, err) != 0)
        return -1;
    size_t headers = r->fresh_n;
    if (cache_limbo_any(w->cache, w->id, &limbo, err) != 0)
        return -1;
    bool all = b->plan->unsettle || limbo || b->offline != OFFLINE_ALL;
    if (!all && r->fresh_n > PLAN_DIRECT)
        headers = r->fresh_n < PLAN_HEADERS ? r->fresh_n : PLAN_HEADERS;
    if (!all && r->fresh_n <= PLAN_DIRECT)
        return bodies_run(w, b, r, headers, err);
    if (headers_run(w, b, r->fresh, headers, all, err) != 0)
        return -1;
    if (all && rest_renew(w, b, r, false, err) != 0)
        return -1;
    return r->bodies_n > 0 ? bodies_run(w, b, r, headers, err) : 0;
}

int bring_all(struct sync_account *w, const struct bring *b, struct error *err)
{
    const struct sync_plan *p = b->plan;
    struct rest r = { .fresh_n = p->fresh_n, .bodies_n = p->bodies_n };
    if (p->bodies_n == 0)
        return 0;
    account_progress(w, b->folder->name, 0, (int64_t)p->bodies_n, size_of(b));
    r.arena = arena_new(1 << 12);
    r.fresh = copy(r.arena, p->fresh, p->fresh_n);
    r.bodies = copy(r.arena, p->bodies, p->bodies_n);
    int rc = recognise(w, b, err);
    if (rc == 0)
        rc = rest_renew(w, b, &r, true, err);
    if (rc == 0 && r.bodies_n > 0)
        rc = rest_bring(w, b, &r, err);
    arena_free(&r.arena);
    return rc;
}
