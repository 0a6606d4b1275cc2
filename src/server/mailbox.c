/* SPDX-License-Identifier: MIT */
#include "server/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "server/limits.h"
#include "server/mbox.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

enum { MAILBOX_QUEUE = 1000 };

struct mailbox {
    struct queue *q;
    pthread_t thread;
    bool running;
    /* From here on the owner's alone. */
    struct mbox *file;
    struct log *log;
    struct queue **events;
    size_t events_n;
    const struct queue *holder; /* of the session that has it for itself; NULL: none */
};

void mailbox_rows_free(struct mailbox_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(rows[i].keywords);
    free(rows);
}

static void job_drop(struct msg *m)
{
    struct mailbox_job *j = (struct mailbox_job *)m;
    for (size_t i = 0; i < j->items_n; i++) {
        buf_free(&j->items[i].bytes);
        free(j->items[i].sender);
        free(j->items[i].keywords);
    }
    free(j->items);
    free(j->uids);
    free(j->keywords);
    mailbox_rows_free(j->rows, j->rows_n);
    buf_free(&j->bytes);
    free(j->spans);
    free(j);
}

struct mailbox_job *mailbox_job_new(enum mailbox_kind kind)
{
    struct mailbox_job *j = xcalloc(1, sizeof *j);
    j->m.kind = (int)kind;
    j->m.drop = job_drop;
    buf_init(&j->bytes, SERVER_OUT_MAX);
    return j;
}

void mailbox_job_free(struct mailbox_job **j)
{
    if (*j != NULL)
        job_drop(&(*j)->m);
    *j = NULL;
}

int mailbox_ask(struct mailbox *b, struct queue *answers, struct mailbox_job **j, struct error *err)
{
    struct mailbox_job *job = *j;
    *j = NULL;
    job->answer = answers;
    if (queue_put(b->q, &job->m) != 0)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("the mailbox was deleted or renamed"));
    return 0;
}

int mailbox_answer(struct queue *answers, struct mailbox_job **j, struct error *err)
{
    *j = (struct mailbox_job *)queue_take(answers, -1);
    if (*j == NULL)
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("the server is stopping"));
    if ((*j)->rc < 0)
        *err = (*j)->err;
    return (*j)->rc;
}

int mailbox_call(struct mailbox *b, struct queue *answers, struct mailbox_job **j,
                 struct error *err)
{
    if (mailbox_ask(b, answers, j, err) != 0)
        return -1;
    return mailbox_answer(answers, j, err);
}

static void event_drop(struct msg *m)
{
    struct mailbox_event *e = (struct mailbox_event *)m;
    mailbox_rows_free(e->rows, e->n);
    free(e);
}

static void row_fill(struct mailbox_row *out, const struct mbox_row *r)
{
    *out = (struct mailbox_row){ .uid = r->uid,
                                 .flags = r->flags,
                                 .date = r->date,
                                 .size = r->size,
                                 .keywords = r->keywords != NULL ? xstrdup(r->keywords) : NULL };
}

static void rows_copy(const struct mbox_row *rows, size_t n, struct mailbox_row **out)
{
    *out = xcalloc(n > 0 ? n : 1, sizeof **out);
    for (size_t i = 0; i < n; i++)
        row_fill(&(*out)[i], &rows[i]);
}

/* Every session gets a copy of its own: what is in a queue belongs to nobody else. */
static void publish(struct mailbox *b, enum mailbox_event_kind kind, const struct mbox_row *rows,
                    size_t n)
{
    for (size_t i = 0; i < b->events_n && (n > 0 || kind == EVENT_CLOSED); i++) {
        struct mailbox_event *e = xcalloc(1, sizeof *e);
        e->m.kind = (int)kind;
        e->m.drop = event_drop;
        e->n = n;
        rows_copy(rows, n, &e->rows);
        queue_put_now(b->events[i], &e->m);
    }
}

static bool same_row(const struct mbox_row *a, const struct mbox_row *b)
{
    return a->flags == b->flags && str_eq(str_c(a->keywords), str_c(b->keywords));
}

/* The file was not as we left it: what the sessions have to hear. Both lists ascend. */
static void publish_changes(struct mailbox *b)
{
    const struct mbox *m = b->file;
    size_t i = 0;
    size_t k = 0;
    while (i < m->old_n) {
        const struct mbox_row *old = &m->old[i];
        while (k < m->n && m->rows[k].uid < old->uid)
            k++;
        if (k == m->n || m->rows[k].uid != old->uid)
            publish(b, EVENT_GONE, old, 1);
        else if (!same_row(old, &m->rows[k]))
            publish(b, EVENT_FLAGS, &m->rows[k], 1);
        i++;
    }
    uint32_t last = m->old_n > 0 ? m->old[m->old_n - 1].uid : 0;
    for (k = 0; k < m->n && m->rows[k].uid <= last; k++)
        ;
    if (k < m->n)
        publish(b, EVENT_NEW, m->rows + k, m->n - k);
}

static int begin(struct mailbox *b, bool write, struct error *err)
{
    uint32_t validity = b->file->validity;
    int rc = mbox_begin(b->file, write, err);
    if (rc == 1 && b->file->validity != validity) {
        /* Another mailbox under the same name: what the sessions know holds no longer. */
        publish(b, EVENT_CLOSED, NULL, 0);
        b->events_n = 0;
    } else if (rc == 1)
        publish_changes(b);
    return rc < 0 ? -1 : 0;
}

static int do_status(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, false, &j->err) != 0)
        return -1;
    rows_copy(b->file->rows, b->file->n, &j->rows);
    j->rows_n = b->file->n;
    j->uid_next = b->file->uid_next;
    mbox_end(b->file);
    return 0;
}

static int do_attach(struct mailbox *b, struct mailbox_job *j)
{
    if (do_status(b, j) != 0)
        return -1;
    b->events = xrealloc(b->events, b->events_n + 1, sizeof *b->events);
    b->events[b->events_n++] = j->events;
    return 0;
}

static bool worth_compacting(const struct mailbox *b)
{
    return b->file->dead > b->file->end / 4 || (b->file->dead > 0 && b->events_n == 0);
}

/* With the locks held. That it did not work is no reason to refuse anything: the file is as good as
 * before. */
static void compact(struct mailbox *b)
{
    struct error err;
    if (worth_compacting(b) && mbox_compact(b->file, &err) != 0)
        log_line(b->log, LOG_ERROR, "%s", err.text);
}

static int do_detach(struct mailbox *b, struct mailbox_job *j)
{
    for (size_t i = 0; i < b->events_n; i++)
        if (b->events[i] == j->events) {
            b->events[i] = b->events[--b->events_n];
            break;
        }
    if (worth_compacting(b) && begin(b, true, &j->err) == 0) {
        compact(b);
        mbox_end(b->file);
    }
    return 0;
}

static int do_hold(struct mailbox *b, struct mailbox_job *j)
{
    if (b->holder != NULL)
        return 1;
    if (do_status(b, j) != 0)
        return -1;
    b->holder = j->answer;
    return 0;
}

static int do_release(struct mailbox *b, struct mailbox_job *j)
{
    if (b->holder == j->answer)
        b->holder = NULL;
    return 0;
}

/* The UIDs of a job mean nothing in a mailbox that came under the name meanwhile. */
static bool is_other(const struct mailbox *b, const struct mailbox_job *j)
{
    return j->validity != 0 && j->validity != b->file->validity;
}

/* Those that were added before one failed are taken back. */
static int do_append(struct mailbox *b, struct mailbox_job *j)
{
    struct mbox *m = b->file;
    struct error ignored;
    if (begin(b, true, &j->err) != 0)
        return -1;
    size_t before = m->n;
    int rc = 0;
    free(j->uids);
    j->uids = xcalloc(j->items_n + 1, sizeof *j->uids);
    j->uids_n = 0;
    for (size_t i = 0; i < j->items_n && rc == 0; i++) {
        const struct mailbox_item *item = &j->items[i];
        struct mbox_new new = { .bytes = buf_str(&item->bytes),
                                .sender = str_c(item->sender),
                                .flags = item->flags,
                                .keywords = item->keywords,
                                .date = item->date };
        rc = mbox_append(m, &new, &j->uids[j->uids_n++], &j->err);
    }
    if (rc == 0)
        rc = mbox_sync(m, &j->err);
    while (rc != 0 && m->n > before && mbox_kill(m, m->n - 1, &ignored) == 0)
        ;
    if (rc == 0)
        publish(b, EVENT_NEW, m->rows + before, m->n - before);
    mbox_end(m);
    return rc;
}

static bool word_in(struct str list, struct str word)
{
    struct str w;
    while (str_word(&list, &w))
        if (str_ieq(w, word))
            return true;
    return false;
}

/* The new keywords of a message, in the order in which they came. */
static void keywords_merge(const char *have, const char *change, enum flags_mode mode,
                           struct buf *out)
{
    struct str word;
    struct str list = str_c(have);
    while (mode != FLAGS_SET && str_word(&list, &word))
        if (mode == FLAGS_ADD || !word_in(str_c(change), word))
            buf_addf(out, "%s%.*s", out->len > 0 ? " " : "", STR_ARG(word));
    list = str_c(change);
    while (mode != FLAGS_DEL && str_word(&list, &word))
        if (!word_in(buf_str(out), word))
            buf_addf(out, "%s%.*s", out->len > 0 ? " " : "", STR_ARG(word));
}

static int store_one(struct mailbox *b, struct mailbox_job *j, size_t row)
{
    struct mbox_row *r = &b->file->rows[row];
    struct buf words = BUF_INIT(2 * MBOX_KEYWORDS_MAX);
    unsigned flags = j->mode == FLAGS_SET   ? j->flags
                     : j->mode == FLAGS_ADD ? r->flags | j->flags
                                            : r->flags & ~j->flags;
    keywords_merge(r->keywords, j->keywords, j->mode, &words);
    int rc = buf_check(&words, &j->err);
    if (rc == 0)
        rc = mbox_set(b->file, row, flags, buf_c(&words), &j->err);
    if (rc == 0)
        publish(b, EVENT_FLAGS, &b->file->rows[row], 1);
    buf_free(&words);
    return rc;
}

static int do_store(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, true, &j->err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < j->uids_n && rc == 0; i++) {
        size_t row = mbox_find(b->file, j->uids[i]);
        if (row < b->file->n)
            rc = store_one(b, j, row);
    }
    if (rc == 0)
        rc = mbox_sync(b->file, &j->err);
    mbox_end(b->file);
    return rc;
}

static bool uid_named(const struct mailbox_job *j, uint32_t uid)
{
    for (size_t lo = 0, hi = j->uids_n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;
        if (j->uids[mid] == uid)
            return true;
        if (j->uids[mid] < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return j->uids == NULL;
}

static int do_expunge(struct mailbox *b, struct mailbox_job *j)
{
    struct mbox *m = b->file;
    if (begin(b, true, &j->err) != 0)
        return -1;
    int rc = 0;
    if (is_other(b, j))
        rc = error_set(&j->err, ERR_STORE, RETRY_NEVER, _("the mailbox is another one now"));
    for (size_t i = m->n; i-- > 0 && rc == 0;) {
        struct mbox_row gone = { .uid = m->rows[i].uid };
        if ((!j->forced && (m->rows[i].flags & IMAP_DELETED) == 0) || !uid_named(j, gone.uid))
            continue;
        rc = mbox_kill(m, i, &j->err);
        if (rc == 0)
            publish(b, EVENT_GONE, &gone, 1);
    }
    if (rc == 0)
        rc = mbox_sync(m, &j->err);
    compact(b);
    mbox_end(m);
    return rc;
}

static int do_read(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, false, &j->err) != 0)
        return -1;
    size_t row = j->uids_n > 0 && !is_other(b, j) ? mbox_find(b->file, j->uids[0]) : b->file->n;
    int rc = row == b->file->n ? 1
             : j->m.kind == MAILBOX_PIECE
                 ? mbox_read_piece(b->file, row, &j->from, &j->bytes, &j->err)
                 : mbox_read(b->file, row, &j->bytes, &j->err);
    mbox_end(b->file);
    return rc;
}

static int do_batch(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, false, &j->err) != 0)
        return -1;
    int rc = 0;
    j->spans = xcalloc(j->uids_n + 1, sizeof *j->spans);
    for (size_t i = 0; i < j->uids_n && rc == 0 && j->bytes.len < MAILBOX_BATCH_BYTES; i++) {
        size_t row = is_other(b, j) ? b->file->n : mbox_find(b->file, j->uids[i]);
        if (row < b->file->n && j->bytes.len > 0 && b->file->rows[row].size > MAILBOX_BATCH_BYTES &&
            j->m.kind == MAILBOX_BATCH)
            break; /* a large one comes alone */
        if (row < b->file->n)
            rc = j->m.kind == MAILBOX_HEADERS ? mbox_read_head(b->file, row, &j->bytes, &j->err)
                                              : mbox_read(b->file, row, &j->bytes, &j->err);
        j->spans[j->spans_n++] = (struct mailbox_span){ j->bytes.len, row == b->file->n };
    }
    mbox_end(b->file);
    return rc;
}

static int job_do(struct mailbox *b, struct mailbox_job *j)
{
    static int (*const table[])(struct mailbox *, struct mailbox_job *) = {
        [MAILBOX_ATTACH] = do_attach, [MAILBOX_DETACH] = do_detach,
        [MAILBOX_HOLD] = do_hold,     [MAILBOX_RELEASE] = do_release,
        [MAILBOX_STATUS] = do_status, [MAILBOX_APPEND] = do_append,
        [MAILBOX_STORE] = do_store,   [MAILBOX_EXPUNGE] = do_expunge,
        [MAILBOX_READ] = do_read,     [MAILBOX_PIECE] = do_read,
        [MAILBOX_BATCH] = do_batch,   [MAILBOX_HEADERS] = do_batch,
    };
    return table[j->m.kind](b, j);
}

static void *owner(void *arg)
{
    struct mailbox *b = arg;
    struct msg *m;
    while ((m = queue_take(b->q, -1)) != NULL) {
        struct mailbox_job *j = (struct mailbox_job *)m;
        struct queue *answer = j->answer;
        j->rc = job_do(b, j);
        j->validity = b->file->validity;
        queue_put_now(answer, m);
    }
    publish(b, EVENT_CLOSED, NULL, 0);
    b->events_n = 0;
    mbox_close(&b->file);
    return NULL;
}

struct mailbox *mailbox_start(int dir, const char *leaf, uint32_t validity, struct log *log,
                              struct error *err)
{
    struct mailbox *b = xcalloc(1, sizeof *b);
    b->log = log;
    b->q = queue_new(MAILBOX_QUEUE, err);
    /* Opened here and handed over whole before the owner exists. */
    b->file = b->q != NULL ? mbox_open(dir, leaf, validity, log, err) : NULL;
    if (b->file != NULL) {
        if (pthread_create(&b->thread, NULL, owner, b) == 0) {
            b->running = true;
            return b;
        }
        error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
        mbox_close(&b->file);
    }
    mailbox_free(&b);
    return NULL;
}

void mailbox_stop(struct mailbox *b)
{
    if (!b->running)
        return;
    queue_close(b->q);
    pthread_join(b->thread, NULL);
    b->running = false;
}

void mailbox_free(struct mailbox **b)
{
    if (*b == NULL)
        return;
    mailbox_stop(*b);
    queue_free(&(*b)->q);
    free((*b)->events);
    free(*b);
    *b = NULL;
}
