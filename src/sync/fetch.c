/* SPDX-License-Identifier: MIT */
#include "sync/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/intake.h"
#include "sync/link.h"
#include "wire/imap_set.h"
#include "base/banned.h"

/* bytes of uids: servers need not take more than 8000 in a line (RFC 2683 §3.2.1.5) */
enum { SET_MAX = 7900, OBJECTID_MAX = 300 };

struct fetch {
    struct sync_account *w;
    struct fetch_job *job;
    size_t asked;      /* uids asked for so far */
    size_t windows[2]; /* sizes of those under way, the older one first */
    size_t windows_n;
    int64_t began, answered; /* of the run; of the newest window that ended */
    struct intake *in;
    bool careful;      /* one message at a time */
    bool complete;     /* all bytes of a message came, and not yet what it is */
    bool cut;          /* the link ended inside of a message */
    struct buf header; /* a streamed header block */
    uint32_t *large;   /* of what was too large: their headers come at the end */
    size_t large_n;
    struct link_answer answer;
    struct link_select own; /* where the folder is opened here */
    const struct link_select *opening;
};

/* ------------------------------------------------------------------ what comes in */

void fetch_keywords(const struct wire_node *flag, struct buf *out)
{
    for (; flag != NULL && !out->over; flag = flag->next) {
        if (flag->kind != WIRE_ATOM || str_starts(flag->s, "\\") || str_ieqc(flag->s, "$Forwarded"))
            continue;
        if (out->len > 0)
            buf_addc(out, ' ');
        buf_add_str(out, flag->s);
    }
}

void fetch_put_objectid(struct sync_account *w, struct buf *items)
{
    uint64_t caps = imap_caps(w->imap);
    if ((caps & CAP_OBJECTID) != 0)
        buf_adds(items, " EMAILID");
    else if ((caps & CAP_X_GM_EXT_1) != 0)
        buf_adds(items, " X-GM-MSGID");
}

/* RFC 8474 §4: at most 255 characters. The two kinds cannot be taken for each other. */
void fetch_objectid(const struct imap_fetch *r, struct buf *out)
{
    if ((r->has & FETCH_EMAILID) != 0 && r->emailid.n > 0)
        buf_addf(out, "E%.*s", STR_ARG(r->emailid));
    else if ((r->has & FETCH_GM_MSGID) != 0)
        buf_addf(out, "G%llu", (unsigned long long)r->gm_msgid);
    if (out->over)
        buf_clear(out);
}

/* Descending. */
static int uid_cmp(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;
    return (*a < *b) - (*a > *b);
}

static bool is_unknown(const struct fetch *f, uint32_t uid)
{
    struct arena *a = arena_new(1024);
    struct cache_range range = { uid, uid };
    struct cache_known *known;
    struct error unreadable;
    size_t n = 0;
    bool is = cache_known_in(f->w->cache, a, f->job->folder->id, &range, 1, &known, &n,
                             &unreadable) == 0 &&
              n == 0;
    arena_free(&a);
    return is;
}

/* In the mailbox that was meant: of another one, or under other numbers, nothing is taken. */
static bool is_wanted(const struct fetch *f, uint32_t uid)
{
    const struct link_select *s = f->opening;
    if (s != NULL && (s->answer.fate != LINK_OK || s->box.uidvalidity != f->job->uidvalidity))
        return false;
    if (f->job->saved)
        return uid > 0 && is_unknown(f, uid);
    return bsearch(&uid, f->job->uids, f->job->n, sizeof uid, uid_cmp) != NULL;
}

/* The literal's line is complete: what it is. */
static int message_end(struct fetch *f, const struct imap_fetch *r, uint64_t size,
                       struct error *err)
{
    struct buf keywords = BUF_INIT(FETCH_KEYWORDS_MAX), objectid = BUF_INIT(OBJECTID_MAX);
    fetch_keywords(r->keywords, &keywords);
    fetch_objectid(r, &objectid);
    struct intake_facts facts = { .received = r->internal_date,
                                  .size = size,
                                  .objectid = buf_str(&objectid),
                                  .preview = (r->has & FETCH_PREVIEW) != 0 ? r->preview : STR(""),
                                  .where = { .folder = f->job->folder->id,
                                             .uid = r->uid,
                                             .flags = r->flags & CACHE_SERVER_FLAGS,
                                             .keywords = buf_str(&keywords) } };
    bool wanted = (r->has & FETCH_UID) != 0 && is_wanted(f, r->uid);
    f->complete = false;
    int rc = intake_end(f->in, wanted ? &facts : NULL, err);
    buf_free(&keywords);
    buf_free(&objectid);
    return rc;
}

static int body_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct fetch *f = arg;
    (void)seq;
    if (f->complete) /* a size that was wrong: another message is inside of this one */
        return error_set(err, ERR_PROTO, RETRY_LATER, _("the server sends two messages as one"));
    f->complete = last;
    f->job->bytes += bytes.n;
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
    (void)error_prefix(&why, _("folder %.*s: "), STR_ARG(f->job->folder->name));
    account_prefix(f->w, &why);
    account_error(f->w, &why);
}

/* BODY[] NIL of a message that is there (Exchange). Told once for a folder, not at each pass. */
static void withheld_note(struct fetch *f, const struct imap_fetch *r)
{
    struct sync_account *w = f->w;
    struct error why = { 0 };
    int64_t folder = f->job->folder->id;
    size_t i = 0;
    if ((r->has & FETCH_BODY) == 0 || (r->has & FETCH_UID) == 0 || !is_wanted(f, r->uid))
        return;
    while (i < w->withheld_n && w->withheld[i] != folder)
        i++;
    if (i < w->withheld_n || w->withheld_n == COUNT(w->withheld))
        return;
    w->withheld[w->withheld_n++] = folder;
    (void)error_set(&why, ERR_PROTO, RETRY_LATER,
                    _("folder %.*s: the server shows message %u and does not hand it over: it is "
                      "left out as long as that lasts"),
                    STR_ARG(f->job->folder->name), r->uid);
    account_prefix(w, &why);
    account_error(w, &why);
}

static int body_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct fetch *f = arg;
    if (r->kind != IMAP_FETCH)
        return 0;
    if (r->fetch.body == NULL) {
        withheld_note(f, &r->fetch);
        return 0;
    }
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
    f->job->bytes += bytes.n;
    buf_add(&f->header, bytes.p,
            bytes.n); /* past FETCH_HEADER_MAX it is cut: the body brings the rest */
    return 0;
}

static int header_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct fetch *f = arg;
    if (r->kind != IMAP_FETCH || r->fetch.header == NULL)
        return 0;
    if (r->fetch.header->kind != WIRE_STREAMED)
        f->job->bytes += r->fetch.header->s.n;
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
    if (f->job->saved)
        buf_addc(&set, '$');
    else
        n = window_fit(&set, f->job->uids + f->asked, n);
    buf_adds(&cmd, "UID FETCH ");
    buf_add_str(&cmd, buf_str(&set));
    buf_free(&set);
    buf_adds(&cmd, whole ? " (UID FLAGS INTERNALDATE" : " (UID FLAGS INTERNALDATE RFC822.SIZE");
    fetch_put_objectid(f->w, &cmd);
    if (f->job->alone && (imap_caps(f->w->imap) & CAP_PREVIEW) != 0)
        buf_adds(&cmd, " PREVIEW (LAZY)");
    buf_adds(&cmd, whole ? " BODY.PEEK[])" : " BODY.PEEK[HEADER])");
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

static void window_resize(struct fetch *f, int64_t took_ms)
{
    struct fetch_job *j = f->job;
    if (f->careful)
        return;
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
    window_resize(f, now - f->answered);
    f->answered = now;
    if (j->tell)
        account_progress(f->w, j->folder->name, (int64_t)j->done, (int64_t)j->n,
                         j->size > j->bytes ? j->size - j->bytes : 0);
    if (f->asked < j->n && now - f->began < FETCH_RUN_MS && answer.fate == LINK_OK &&
        !f->w->urgent(f->w->between_arg))
        window_queue(f);
}

/* A row by its header alone: the next pass knows the size before it asks. */
static int large_headers(struct fetch *f, struct error *err)
{
    struct fetch_job job = { .folder = f->job->folder,
                             .uidvalidity = f->job->uidvalidity,
                             .uids = f->large,
                             .n = f->large_n,
                             .what = FETCH_HEADERS_ONLY };
    int rc = 0;
    qsort(f->large, f->large_n, sizeof *f->large, uid_cmp);
    while (rc == 0 && job.done < job.n)
        rc = fetch_run(f->w, &job, err);
    return rc;
}

int fetch_renumbered(struct error *err)
{
    return error_set(err, ERR_PROTO, RETRY_NOW, _("the server renumbered a folder meanwhile"));
}

/* What is queued here lives as long as f: nothing may fail between this and the run. */
static int folder_open(struct fetch *f, struct error *err)
{
    f->opening = f->job->opening;
    if (f->opening != NULL || f->w->box.folder == f->job->folder->id)
        return 0;
    f->opening = &f->own;
    return link_select_queue(f->w, f->job->folder, false, &f->own, err);
}

static int folder_opened(struct fetch *f, int rc, struct error *err)
{
    if (f->opening != &f->own)
        return rc;
    if (rc != 0) {
        link_answer_clear(&f->own.answer);
        return rc;
    }
    if (link_select_end(f->w, &f->own, err) != 0)
        return -1;
    return f->w->box.uidvalidity == f->job->uidvalidity ? 0 : fetch_renumbered(err);
}

static int run(struct fetch *f, struct error *err)
{
    int rc = folder_open(f, err);
    if (rc == 0) {
        window_queue(f);
        if (f->asked < f->job->n && !f->careful)
            window_queue(f);
        rc = folder_opened(f, imap_run(f->w->imap, err), err);
    }
    if (rc == 0 && !f->job->maybe)
        rc = link_check(&f->answer, err);
    f->cut = rc != 0 && intake_is_open(f->in);
    rc = intake_finish(&f->in, rc, err);
    f->job->ms += clock_mono_ms() - f->began;
    f->opening = NULL;
    return rc;
}

/* After a run: which message it was that ended the link, as far as that is known. */
static void doubt_note(struct fetch *f, int rc, const struct error *err)
{
    struct fetch_job *j = f->job;
    struct error why = { 0 };
    if (rc == 0 && j->done == j->n)
        doubt_over(&f->w->doubt, j->folder->id);
    bool said = err->code == ERR_PROTO && err->retry != RETRY_NOW;
    bool silent = err->code == ERR_NET && f->cut && f->careful; /* more was to come than there is */
    if (rc == 0 || j->done >= f->asked || !(said || silent))
        return;
    struct doubt_message at = { .folder = j->folder->id,
                                .uidvalidity = j->uidvalidity,
                                .uid = j->uids[j->done],
                                .header = j->what == FETCH_HEADERS_ONLY };
    if (!doubt_broke(&f->w->doubt, &at, f->asked - j->done - 1))
        return;
    (void)error_set(&why, ERR_PROTO, RETRY_NEVER,
                    _("folder %.*s: what the server sends as message %u cannot be read: it is left "
                      "out"),
                    STR_ARG(j->folder->name), at.uid);
    account_prefix(f->w, &why);
    account_error(f->w, &why);
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
    f.careful = w->doubt.careful == job->folder->id;
    if (f.careful)
        job->window = 1;
    if (job->window == 0)
        job->window = FETCH_WINDOW_FIRST;
    if (job->opening == NULL && w->box.folder == job->folder->id &&
        w->box.uidvalidity != job->uidvalidity)
        return fetch_renumbered(err);
    f.in = intake_new(w, job->what == FETCH_WHOLE ? INTAKE_WHOLE : INTAKE_HEADERS, err);
    if (f.in == NULL)
        return -1;
    int rc = run(&f, err);
    doubt_note(&f, rc, err);
    if (rc == 0 && f.large_n > 0)
        rc = large_headers(&f, err);
    buf_free(&f.header);
    free(f.large);
    return rc;
}
