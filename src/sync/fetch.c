/* SPDX-License-Identifier: MIT */
#include "sync/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/columns.h"
#include "sync/head.h"
#include "sync/link.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    KEYWORDS_MAX = 4096,
    UNDER_WAY_MAX = 64,
    SET_MAX =
        7900 /* bytes of uids: servers need not take more than 8000 in a line (RFC 2683 §3.2.1.5) */
};

/* A message between the connection and the commit thread: its summary is still being made. */
struct item {
    uint64_t tag, size;
    int64_t received;
    uint32_t uid; /* 0: the server did not say; dropped */
    unsigned flags;
    char *keywords;
    struct head head;
    unsigned char known_by[32]; /* head, ended */
    struct item *next;
};

struct fetch {
    struct sync_account *w;
    struct fetch_job *job;
    size_t asked;      /* uids asked for so far */
    size_t windows[2]; /* sizes of those under way, the older one first */
    size_t windows_n;
    int64_t began, answered;   /* of the run; of the newest window that ended */
    struct item *head, **tail; /* in the order of their decode_begin */
    size_t under_way;
    struct item *open; /* its literal is coming in; not in the list yet */
    struct buf header; /* a streamed header block */
    struct link_answer answer;
};

static void item_free(struct item **i)
{
    if (*i == NULL)
        return;
    free((*i)->keywords);
    head_drop(&(*i)->head);
    free(*i);
    *i = NULL;
}

/* ------------------------------------------------------------------ decoder → commit */

static void item_commit(struct fetch *f, struct item *i, struct arena **a,
                        const struct mime_summary *s)
{
    struct cache_message m = {
        .account = f->w->id, .date = i->received, .received = i->received, .size = i->size
    };
    columns_fill(*a, s, &m);
    memcpy(m.head, i->known_by, sizeof m.head);
    memcpy(m.identity, i->known_by, sizeof m.identity); /* until the body's own takes its place */
    struct cache_placement where = { .folder = f->job->folder,
                                     .uid = i->uid,
                                     .flags = i->flags,
                                     .keywords = arena_cstr(*a, i->keywords) };
    bool whole = f->job->what == FETCH_WHOLE;
    commit_message(f->w->commit, whole ? i->tag : 0, a, &m, &where);
    f->w->fetched += whole;
}

/* Takes one summary if there is one within wait_ms. 0, 1 nothing yet, -1. */
static int summary_take(struct fetch *f, int wait_ms, struct error *err)
{
    struct arena *a = arena_new(2048);
    struct mime_summary s;
    uint64_t tag;
    struct item *i = f->head;
    int rc = decode_take(f->w->decode, a, wait_ms, &tag, &s, err);
    if (rc == 0 || rc == 1) {
        f->head = i->next;
        if (f->head == NULL)
            f->tail = &f->head;
        f->under_way--;
        if (i->uid != 0)
            item_commit(f, i, &a, &s);
        else if (f->job->what == FETCH_WHOLE)
            commit_drop(f->w->commit, i->tag);
        item_free(&i);
        rc = 0;
    } else if (rc == 2) {
        rc = 1;
    }
    arena_free(&a);
    return rc;
}

static int summaries_take(struct fetch *f, size_t leave, struct error *err)
{
    while (f->head != NULL) {
        int rc = summary_take(f, f->under_way > leave ? DECODE_WAIT_MS : 0, err);
        if (rc == 1 && f->under_way > leave)
            return error_set(err, ERR_SYS, RETRY_LATER, _("tmail-decode does not answer"));
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    return 0;
}

/* ------------------------------------------------------------------ connection → decoder */

static int item_begin(struct fetch *f, struct error *err)
{
    f->open = xcalloc(1, sizeof *f->open);
    f->open->tag = ++f->w->tag;
    head_init(&f->open->head);
    return decode_begin(f->w->decode, f->open->tag, (struct str){ "", 0 }, err);
}

static int item_bytes(struct fetch *f, struct str bytes, bool last, struct error *err)
{
    if (f->open == NULL && item_begin(f, err) != 0)
        return -1;
    head_add(&f->open->head, bytes);
    if (f->job->what == FETCH_WHOLE)
        commit_bytes(f->w->commit, f->open->tag, bytes);
    return decode_feed(f->w->decode, f->open->tag, bytes, last, err);
}

static char *keywords_text(const struct wire_node *flag)
{
    struct buf out = BUF_INIT(KEYWORDS_MAX);
    for (; flag != NULL && !out.over; flag = flag->next) {
        if (flag->kind != WIRE_ATOM || str_starts(flag->s, "\\") || str_ieqc(flag->s, "$Forwarded"))
            continue;
        if (out.len > 0)
            buf_addc(&out, ' ');
        buf_add_str(&out, flag->s);
    }
    return buf_detach(&out);
}

/* Descending. */
static int uid_cmp(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;
    return (*a < *b) - (*a > *b);
}

static bool is_wanted(const struct fetch *f, uint32_t uid)
{
    return bsearch(&uid, f->job->uids, f->job->n, sizeof uid, uid_cmp) != NULL;
}

/* The literal's line is complete: what it is, and into the list. */
static int item_end(struct fetch *f, const struct imap_fetch *r, struct error *err)
{
    struct item *i = f->open;
    f->open = NULL;
    i->uid = (r->has & FETCH_UID) != 0 && is_wanted(f, r->uid) ? r->uid : 0;
    i->flags = r->flags & CACHE_SERVER_FLAGS;
    i->received = r->internal_date;
    i->keywords = keywords_text(r->keywords);
    if (i->size == 0)
        i->size = i->head.size;
    head_end(&i->head, i->size, i->known_by);
    *f->tail = i;
    f->tail = &i->next;
    f->under_way++;
    return summaries_take(f, UNDER_WAY_MAX, err);
}

static int body_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    (void)seq;
    return item_bytes(arg, bytes, last, err);
}

static int body_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct fetch *f = arg;
    if (r->kind != IMAP_FETCH || r->fetch.body == NULL)
        return 0;
    if (f->open == NULL && item_bytes(f, r->fetch.body->s, true, err) != 0)
        return -1;
    return item_end(f, &r->fetch, err);
}

static int header_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct fetch *f = arg;
    (void)seq;
    (void)last;
    (void)err;
    buf_add(&f->header, bytes.p,
            bytes.n); /* past FETCH_HEADER_MAX it is cut: the body brings the rest */
    return 0;
}

static int header_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct fetch *f = arg;
    if (r->kind != IMAP_FETCH || r->fetch.header == NULL)
        return 0;
    struct str header =
        r->fetch.header->kind == WIRE_STREAMED ? buf_str(&f->header) : r->fetch.header->s;
    int rc = item_bytes(f, header, true, err);
    if (rc == 0) {
        f->open->size = r->fetch.size;
        rc = item_end(f, &r->fetch, err);
    }
    buf_clear(&f->header);
    return rc;
}

/* ------------------------------------------------------------------ windows */

static void window_done(void *arg, const struct imap_resp *r);

static void window_put(struct buf *cmd, const uint32_t *descending, size_t n)
{
    uint32_t *uids = xcalloc(n, sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = descending[n - 1 - i];
    imap_set_put(cmd, uids, n);
    free(uids);
}

/* As many of the first n as go into one line. */
static size_t window_fit(struct buf *set, const uint32_t *descending, size_t n)
{
    for (;; n /= 2) {
        buf_clear(set);
        window_put(set, descending, n);
        if (set->len <= SET_MAX)
            return n;
    }
}

static void window_queue(struct fetch *f)
{
    bool whole = f->job->what == FETCH_WHOLE;
    size_t left = f->job->n - f->asked, n = left < f->job->window ? left : f->job->window;
    struct buf cmd = BUF_INIT(LINK_COMMAND_MAX), set = BUF_INIT(LINK_COMMAND_MAX);
    n = window_fit(&set, f->job->uids + f->asked, n);
    buf_adds(&cmd, "UID FETCH ");
    buf_add_str(&cmd, buf_str(&set));
    buf_free(&set);
    buf_adds(&cmd, whole ? " (UID FLAGS INTERNALDATE BODY.PEEK[])"
                         : " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])");
    imap_queue(f->w->imap, buf_str(&cmd),
               &(struct imap_handler){ .resp = whole ? body_resp : header_resp,
                                       .chunk = whole ? body_chunk : header_chunk,
                                       .done = window_done,
                                       .arg = f });
    buf_free(&cmd);
    f->asked += n;
    f->windows[f->windows_n++] = n;
}

static void window_resize(struct fetch_job *j, int64_t took_ms)
{
    if (took_ms < FETCH_WINDOW_MS && j->window < FETCH_WINDOW_MOST)
        j->window *= 2;
    else if (took_ms > 4 * FETCH_WINDOW_MS && j->window > FETCH_WINDOW_LEAST)
        j->window /= 2;
}

/* The next one goes out while the other still comes in. */
static void window_done(void *arg, const struct imap_resp *r)
{
    struct fetch *f = arg;
    struct fetch_job *j = f->job;
    int64_t now = clock_mono_ms();
    struct link_answer answer = { 0 };
    link_done(&answer, r);
    link_answer_clear(&answer); /* only its fate and words count */
    if (answer.fate == LINK_REFUSED && f->answer.fate != LINK_REFUSED)
        f->answer = answer;
    if (r == NULL)
        return;
    j->done += f->windows[0];
    f->windows[0] = f->windows[1];
    f->windows_n--;
    window_resize(j, now - f->answered);
    f->answered = now;
    if (j->name.n > 0)
        account_progress(f->w, j->name, (int64_t)j->done, (int64_t)j->n);
    if (f->asked < j->n && now - f->began < FETCH_RUN_MS && answer.fate == LINK_OK &&
        !f->w->urgent(f->w->between_arg))
        window_queue(f);
}

static void fetch_clear(struct fetch *f)
{
    for (struct item *i; (i = f->head) != NULL;) {
        f->head = i->next;
        item_free(&i);
    }
    item_free(&f->open);
    buf_free(&f->header);
}

int fetch_run(struct sync_account *w, struct fetch_job *job, struct error *err)
{
    int64_t now = clock_mono_ms();
    struct fetch f = { .w = w,
                       .job = job,
                       .asked = job->done,
                       .header = BUF_INIT(FETCH_HEADER_MAX),
                       .began = now,
                       .answered = now,
                       .answer.fate = LINK_OK };
    f.tail = &f.head;
    if (job->window == 0)
        job->window = FETCH_WINDOW_FIRST;
    if (w->decode == NULL && (w->decode = decode_new(NULL, NULL, err)) == NULL)
        return -1;
    window_queue(&f);
    if (f.asked < job->n)
        window_queue(&f);
    int rc = imap_run(w->imap, err);
    if (rc == 0)
        rc = link_check(&f.answer, err);
    if (rc == 0)
        rc = summaries_take(&f, 0, err);
    if (rc != 0)
        decode_free(
            &w->decode); /* questions were left open: a fresh one cannot mix up their answers */
    fetch_clear(&f);
    return rc;
}
