/* SPDX-License-Identifier: MIT */
#include "sync/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/intake.h"
#include "sync/link.h"
#include "wire/imap_set.h"
#include "base/banned.h"

enum {
    KEYWORDS_MAX = 4096,
    SET_MAX =
        7900 /* bytes of uids: servers need not take more than 8000 in a line (RFC 2683 §3.2.1.5) */
};

struct fetch {
    struct sync_account *w;
    struct fetch_job *job;
    size_t asked;      /* uids asked for so far */
    size_t windows[2]; /* sizes of those under way, the older one first */
    size_t windows_n;
    int64_t began, answered; /* of the run; of the newest window that ended */
    struct intake *in;
    struct buf header; /* a streamed header block */
    uint32_t *large;   /* of what was too large: their headers come at the end */
    size_t large_n;
    struct link_answer answer;
};

/* ------------------------------------------------------------------ what comes in */

static void keywords_text(const struct wire_node *flag, struct buf *out)
{
    for (; flag != NULL && !out->over; flag = flag->next) {
        if (flag->kind != WIRE_ATOM || str_starts(flag->s, "\\") || str_ieqc(flag->s, "$Forwarded"))
            continue;
        if (out->len > 0)
            buf_addc(out, ' ');
        buf_add_str(out, flag->s);
    }
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

/* The literal's line is complete: what it is. */
static int message_end(struct fetch *f, const struct imap_fetch *r, uint64_t size,
                       struct error *err)
{
    struct buf keywords = BUF_INIT(KEYWORDS_MAX);
    keywords_text(r->keywords, &keywords);
    struct intake_facts facts = { .received = r->internal_date,
                                  .size = size,
                                  .where = { .folder = f->job->folder,
                                             .uid = r->uid,
                                             .flags = r->flags & CACHE_SERVER_FLAGS,
                                             .keywords = buf_str(&keywords) } };
    bool wanted = (r->has & FETCH_UID) != 0 && is_wanted(f, r->uid);
    int rc = intake_end(f->in, wanted ? &facts : NULL, err);
    buf_free(&keywords);
    return rc;
}

static int body_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct fetch *f = arg;
    (void)seq;
    return intake_bytes(f->in, bytes, last, err);
}

int fetch_too_large(uint64_t size, struct error *err)
{
    return error_set(err, ERR_REFUSED, RETRY_NEVER,
                     _("a message of %llu MB is too large for tmail (more than %d MB): it stays on "
                       "the server"),
                     (unsigned long long)(size >> 20), FETCH_MESSAGE_MAX >> 20);
}

/* It was passed over as it came. */
static void large_note(struct fetch *f, const struct imap_fetch *r)
{
    struct error why = { 0 };
    if ((r->has & FETCH_UID) == 0 || !is_wanted(f, r->uid))
        return;
    f->large = xrealloc(f->large, f->large_n + 1, sizeof *f->large);
    f->large[f->large_n++] = r->uid;
    (void)fetch_too_large(r->body->size, &why);
    if (f->job->name.n > 0)
        (void)error_prefix(&why, _("folder %.*s: "), STR_ARG(f->job->name));
    account_prefix(f->w, &why);
    account_error(f->w, &why);
}

static int body_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct fetch *f = arg;
    if (r->kind != IMAP_FETCH || r->fetch.body == NULL)
        return 0;
    if (r->fetch.body->size > FETCH_MESSAGE_MAX) {
        large_note(f, &r->fetch);
        return 0;
    }
    if (!intake_is_open(f->in) && intake_bytes(f->in, r->fetch.body->s, true, err) != 0)
        return -1;
    return message_end(f, &r->fetch, 0, err);
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
    int rc = intake_bytes(f->in, header, true, err);
    if (rc == 0)
        rc = message_end(f, &r->fetch, r->fetch.size, err);
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
                                       .chunk_max = whole ? FETCH_MESSAGE_MAX : 0,
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

/* A row by its header alone: the next pass knows the size before it asks. */
static int large_headers(struct fetch *f, struct error *err)
{
    struct fetch_job job = {
        .folder = f->job->folder, .uids = f->large, .n = f->large_n, .what = FETCH_HEADERS_ONLY
    };
    int rc = 0;
    qsort(f->large, f->large_n, sizeof *f->large, uid_cmp);
    while (rc == 0 && job.done < job.n)
        rc = fetch_run(f->w, &job, err);
    return rc;
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
    if (job->window == 0)
        job->window = FETCH_WINDOW_FIRST;
    f.in = intake_new(w, job->what == FETCH_WHOLE ? INTAKE_WHOLE : INTAKE_HEADERS, err);
    if (f.in == NULL)
        return -1;
    window_queue(&f);
    if (f.asked < job->n)
        window_queue(&f);
    int rc = imap_run(w->imap, err);
    if (rc == 0)
        rc = link_check(&f.answer, err);
    rc = intake_finish(&f.in, rc, err);
    if (rc == 0 && f.large_n > 0)
        rc = large_headers(&f, err);
    buf_free(&f.header);
    free(f.large);
    return rc;
}
