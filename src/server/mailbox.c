/* SPDX-License-Identifier: MIT */
#include "server/mailbox.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/log.h"
#include "server/limits.h"
#include "server/mbox.h"
#include "server/mboxcompact.h"
#include "server/mboxseq.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

enum { MAILBOX_QUEUE = 1000 };

/* A compaction that another thread copies. Until it has told that it is done it alone has c. */
struct compact_work {
    struct compaction *c;
    pthread_t thread;
    struct queue *done, *stop; /* stop: closed when nobody waits for it any more */
};
enum { MAILBOX_COMPACTED = MAILBOX_HEADERS + 1 };

struct mailbox {
    struct queue *q;
    pthread_t thread;
    bool running;
    /* From here on the owner's alone. */
    struct mbox *file;
    struct log *log;
    struct queue **events;
    size_t events_n;
    struct rows rows;           /* as the sessions have them; kept while there are any */
    struct compact_work work;   /* c: NULL: none */
    const struct queue *holder; /* of the session that has it for itself; NULL: none */
};

struct queue *mailbox_queue(const struct mailbox *b)
{
    return b->q;
}

static void event_drop(struct msg *m)
{
    struct mailbox_event *e = (struct mailbox_event *)m;
    rows_clear(&e->rows);
    free(e->uids);
    free(e);
}

static void row_push(struct rows *to, const struct mbox_row *r)
{
    struct mailbox_row row = { .uid = r->uid,
                               .flags = r->flags,
                               .date = r->date,
                               .size = r->size,
                               .modseq = r->modseq,
                               .keywords = r->keywords };
    rows_push(to, &row);
}

/* Every session gets a message of its own: what is in a queue belongs to nobody else. The rows in it
 * are shared. */
static void publish(struct mailbox *b, enum mailbox_event_kind kind, const uint32_t *uids, size_t n)
{
    for (size_t i = 0; i < b->events_n && (n > 0 || kind == EVENT_CLOSED); i++) {
        struct mailbox_event *e = xcalloc(1, sizeof *e);
        e->m.kind = (int)kind;
        e->m.drop = event_drop;
        e->n = n;
        e->uids = xcalloc(n + 1, sizeof *e->uids);
        if (n > 0)
            memcpy(e->uids, uids, n * sizeof *uids);
        rows_share(&e->rows, &b->rows);
        e->modseq = b->file->modseq;
        queue_put_now(b->events[i], &e->m);
    }
}

static void sessions_forget(struct mailbox *b)
{
    publish(b, EVENT_CLOSED, NULL, 0);
    b->events_n = 0;
    rows_clear(&b->rows);
}

/* Rows of the file from this one on are new. */
static void publish_new(struct mailbox *b, size_t from)
{
    const struct mbox *m = b->file;
    if (b->events_n == 0 || from >= m->n)
        return;
    uint32_t *uids = xcalloc(m->n - from, sizeof *uids);
    for (size_t i = from; i < m->n; i++) {
        uids[i - from] = m->rows[i].uid;
        row_push(&b->rows, &m->rows[i]);
    }
    publish(b, EVENT_NEW, uids, m->n - from);
    free(uids);
}

static void publish_gone(struct mailbox *b, const uint32_t *uids, size_t n)
{
    if (b->events_n == 0)
        return;
    rows_remove(&b->rows, uids, n);
    publish(b, EVENT_GONE, uids, n);
}

/* Rows of the file with other flags than the sessions know; ascending. */
static void publish_flags(struct mailbox *b, const uint32_t *uids, size_t n)
{
    const struct mbox *m = b->file;
    for (size_t i = 0; i < n && b->events_n > 0; i++) {
        size_t at = rows_find(&b->rows, uids[i]);
        const struct mbox_row *r = &m->rows[mbox_find(m, uids[i])];
        if (at < b->rows.n)
            rows_set(&b->rows, at, r->flags, r->keywords, r->modseq);
    }
    publish(b, EVENT_FLAGS, uids, n);
}

/* The file was not as we left it: what the sessions have to hear. Both lists ascend. */
static void publish_changes(struct mailbox *b)
{
    const struct mbox *m = b->file;
    uint32_t *gone = xcalloc(m->old_n + 1, sizeof *gone);
    uint32_t *changed = xcalloc(m->old_n + 1, sizeof *changed);
    size_t gone_n = 0;
    size_t changed_n = 0;
    size_t k = 0;
    for (size_t i = 0; i < m->old_n; i++) {
        const struct mbox_row *old = &m->old[i];
        while (k < m->n && m->rows[k].uid < old->uid)
            k++;
        if (k == m->n || m->rows[k].uid != old->uid)
            gone[gone_n++] = old->uid;
        else if (old->modseq != m->rows[k].modseq)
            changed[changed_n++] = old->uid;
    }
    uint32_t last = m->old_n > 0 ? m->old[m->old_n - 1].uid : 0;
    for (k = 0; k < m->n && m->rows[k].uid <= last; k++)
        ;
    publish_gone(b, gone, gone_n);
    publish_flags(b, changed, changed_n);
    publish_new(b, k);
    free(gone);
    free(changed);
}

static int begin(struct mailbox *b, bool write, struct error *err)
{
    uint32_t validity = b->file->validity;
    int rc = mbox_begin(b->file, write, err);
    if (rc == 1 && b->file->validity != validity)
        sessions_forget(b); /* another mailbox under the same name */
    else if (rc == 1 && b->events_n > 0)
        publish_changes(b);
    return rc < 0 ? -1 : 0;
}

static void status_take(const struct mbox *m, struct mailbox_job *j)
{
    struct mailbox_status *s = &j->status;
    s->messages = m->n;
    for (size_t i = 0; i < m->n; i++) {
        const struct mbox_row *r = &m->rows[i];
        bool deleted = (r->flags & IMAP_DELETED) != 0;
        s->unseen += (r->flags & IMAP_SEEN) == 0;
        s->deleted += deleted;
        s->size += r->size;
        s->deleted_size += deleted ? r->size : 0;
    }
}

static int do_status(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, false, &j->err) != 0)
        return -1;
    status_take(b->file, j);
    mbox_end(b->file);
    return 0;
}

static int do_gone(struct mailbox *b, struct mailbox_job *j)
{
    j->gone_known = mboxseq_gone_since(b->file, j->since, &j->gone, &j->gone_n);
    return 0;
}

static void rows_make(struct mailbox *b)
{
    for (size_t i = 0; i < b->file->n; i++)
        row_push(&b->rows, &b->file->rows[i]);
}

static int do_attach(struct mailbox *b, struct mailbox_job *j)
{
    if (do_status(b, j) != 0)
        return -1;
    if (b->events_n == 0)
        rows_make(b);
    b->events = xrealloc(b->events, b->events_n + 1, sizeof *b->events);
    b->events[b->events_n++] = j->events;
    rows_share(&j->rows, &b->rows);
    return j->since != 0 ? do_gone(b, j) : 0;
}

static bool worth_compacting(const struct mailbox *b)
{
    return b->work.c == NULL &&
           (b->file->dead > b->file->end / 4 || (b->file->dead > 0 && b->events_n == 0));
}

static void msg_free(struct msg *m)
{
    free(m);
}

static bool is_stopped(void *stop)
{
    return queue_closed(stop);
}

static void *compact_thread(void *arg)
{
    struct compact_work *w = arg;
    struct msg *m = xcalloc(1, sizeof *m);
    m->kind = MAILBOX_COMPACTED;
    m->drop = msg_free;
    compaction_copy(w->c, is_stopped, w->stop);
    queue_put_now(w->done, m);
    return NULL;
}

static void *close_thread(void *arg)
{
    close((int)(intptr_t)arg);
    return NULL;
}

/* The last close of a file without a name frees all of it, which for a large one takes as long as a
 * delivery should not wait: a thread of its own does it. */
static void close_beside(int fd)
{
    pthread_t thread;
    if (fd < 0)
        return;
    if (pthread_create(&thread, NULL, close_thread, (void *)(intptr_t)fd) == 0)
        pthread_detach(thread);
    else
        close(fd);
}

/* Small ones at once; what takes longer must not hold up a delivery. */
static int compact_start(struct mailbox *b, struct error *err)
{
    struct mbox *m = b->file;
    if (m->end - m->dead <= MBOX_COMPACT_NOW) {
        int old = m->end > MBOX_COMPACT_STEP ? fcntl(m->fd, F_DUPFD_CLOEXEC, 0) : -1;
        int rc = mbox_compact(m, err);
        close_beside(old);
        return rc;
    }
    b->work = (struct compact_work){ .done = b->q, .stop = queue_new(1, err) };
    b->work.c = b->work.stop != NULL ? compaction_begin(m, err) : NULL;
    if (b->work.c != NULL && pthread_create(&b->work.thread, NULL, compact_thread, &b->work) != 0) {
        error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
        compaction_free(&b->work.c, m);
    }
    if (b->work.c == NULL)
        queue_free(&b->work.stop);
    return b->work.c != NULL ? 0 : -1;
}

/* With the locks held. That it did not work is no reason to refuse anything: the file is as good as
 * before. */
static void compact(struct mailbox *b)
{
    struct error err;
    if (worth_compacting(b) && compact_start(b, &err) != 0)
        log_line(b->log, LOG_ERROR, "%s", err.text);
}

static void compacted(struct mailbox *b)
{
    struct error err;
    pthread_join(b->work.thread, NULL);
    queue_free(&b->work.stop);
    int rc = begin(b, true, &err);
    if (rc == 0) {
        int old = fcntl(b->file->fd, F_DUPFD_CLOEXEC, 0);
        rc = compaction_finish(&b->work.c, b->file, &err);
        mbox_end(b->file);
        close_beside(old);
    }
    if (rc < 0)
        log_line(b->log, LOG_ERROR, "%s", err.text);
    compaction_free(&b->work.c, b->file);
}

static void compact_stop(struct mailbox *b)
{
    if (b->work.c == NULL)
        return;
    queue_close(b->work.stop);
    pthread_join(b->work.thread, NULL);
    queue_free(&b->work.stop);
    compaction_free(&b->work.c, b->file);
}

static int do_detach(struct mailbox *b, struct mailbox_job *j)
{
    for (size_t i = 0; i < b->events_n; i++)
        if (b->events[i] == j->events) {
            b->events[i] = b->events[--b->events_n];
            break;
        }
    if (b->events_n == 0)
        rows_clear(&b->rows);
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
    for (size_t i = 0; i < b->file->n; i++)
        row_push(&j->rows, &b->file->rows[i]);
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

/* What is not known to be on the disk must not come back. */
static void appended_undo(struct mailbox *b, size_t n, uint64_t end, uint32_t uid_next)
{
    struct mbox *m = b->file;
    struct error err;
    if (m->n <= n || mbox_take_back(m, n, end, uid_next, &err) == 0)
        return;
    size_t *rows = xcalloc(m->n - n, sizeof *rows);
    size_t done;
    for (size_t i = n; i < m->n; i++)
        rows[i - n] = i;
    if (mbox_kill(m, rows, m->n - n, &done, &err) != 0)
        log_line(b->log, LOG_ERROR, "mail that was not taken in cannot be taken back: %s",
                 err.text);
    free(rows);
}

/* Those of a job that were added before one failed are taken back: all of them or none. */
static int append_one(struct mailbox *b, struct mailbox_job *j)
{
    struct mbox *m = b->file;
    size_t n = m->n;
    uint64_t end = m->end;
    uint32_t uid_next = m->uid_next;
    int rc = 0;
    free(j->uids);
    j->uids = xcalloc(j->items_n + 1, sizeof *j->uids);
    j->uids_n = 0;
    for (size_t i = 0; i < j->items_n && rc == 0; i++) {
        const struct mailbox_item *item = &j->items[i];
        struct mbox_new new = { .message = &item->message,
                                .sender = str_c(item->sender),
                                .flags = item->flags,
                                .keywords = item->keywords,
                                .date = item->date };
        rc = mbox_append(m, &new, &j->uids[j->uids_n++], &j->err);
    }
    if (rc != 0)
        appended_undo(b, n, end, uid_next);
    return rc;
}

/* Appends that wait share the locks and the fsync: one message on the disk costs as much as many. */
static void do_appends(struct mailbox *b, struct mailbox_job **j, size_t n)
{
    struct mbox *m = b->file;
    struct error err;
    int rc = begin(b, true, &err);
    size_t before = m->n;
    uint64_t end = m->end;
    uint32_t uid_next = m->uid_next;
    bool begun = rc == 0;
    for (size_t i = 0; i < n && begun; i++)
        j[i]->rc = append_one(b, j[i]);
    if (begun && m->n > before)
        rc = mbox_sync(m, &err);
    for (size_t i = 0; i < n && rc != 0; i++)
        if (!begun || j[i]->rc == 0) {
            j[i]->err = err;
            j[i]->rc = -1;
        }
    if (begun && rc != 0)
        appended_undo(b, before, end, uid_next);
    if (begun) {
        publish_new(b, before);
        mbox_end(m);
    }
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

/* 0; 1 when it is left alone; -1. */
static int store_one(struct mailbox *b, struct mailbox_job *j, size_t row)
{
    const struct mbox_row *r = &b->file->rows[row];
    struct buf words = BUF_INIT(2 * MBOX_KEYWORDS_MAX);
    unsigned flags = j->mode == FLAGS_SET   ? j->flags
                     : j->mode == FLAGS_ADD ? r->flags | j->flags
                                            : r->flags & ~j->flags;
    if (r->modseq > j->unchanged_since)
        return 1;
    keywords_merge(r->keywords, j->keywords, j->mode, &words);
    int rc = buf_check(&words, &j->err);
    if (rc == 0)
        rc = mbox_set(b->file, row, flags, buf_c(&words), &j->err);
    buf_free(&words);
    return rc;
}

static int store_all(struct mailbox *b, struct mailbox_job *j, uint32_t *changed, size_t *changed_n)
{
    int rc = 0;
    for (size_t i = 0; i < j->uids_n && rc >= 0; i++) {
        size_t row = mbox_find(b->file, j->uids[i]);
        if (row == b->file->n)
            continue;
        uint64_t modseq = b->file->rows[row].modseq;
        rc = store_one(b, j, row);
        if (rc == 1)
            j->modified[j->modified_n++] = j->uids[i];
        else if (rc == 0 && b->file->rows[row].modseq != modseq)
            changed[(*changed_n)++] = j->uids[i];
    }
    return rc < 0 ? -1 : 0;
}

static int do_store(struct mailbox *b, struct mailbox_job *j)
{
    if (begin(b, true, &j->err) != 0)
        return -1;
    uint32_t *changed = xcalloc(j->uids_n + 1, sizeof *changed);
    size_t changed_n = 0;
    j->modified = xcalloc(j->uids_n + 1, sizeof *j->modified);
    int rc = is_other(b, j) ? 0 : store_all(b, j, changed, &changed_n);
    publish_flags(b, changed, changed_n);
    if (rc == 0 && changed_n > 0)
        rc = mbox_sync(b->file, &j->err);
    mbox_end(b->file);
    free(changed);
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

static int expunge_rows(struct mailbox *b, const size_t *rows, size_t n, struct error *err)
{
    struct mbox *m = b->file;
    uint32_t *gone = xcalloc(n + 1, sizeof *gone);
    size_t done = 0;
    for (size_t i = 0; i < n; i++)
        gone[i] = m->rows[rows[i]].uid;
    int rc = mbox_kill(m, rows, n, &done, err);
    publish_gone(b, gone, done);
    if (rc == 0 && n > 0)
        rc = mbox_sync(m, err);
    free(gone);
    return rc;
}

static int do_expunge(struct mailbox *b, struct mailbox_job *j)
{
    struct mbox *m = b->file;
    if (begin(b, true, &j->err) != 0)
        return -1;
    size_t *rows = xcalloc(m->n + 1, sizeof *rows);
    size_t n = 0;
    int rc = 0;
    if (is_other(b, j))
        rc = error_set(&j->err, ERR_STORE, RETRY_NEVER, _("the mailbox is another one now"));
    for (size_t i = 0; i < m->n && rc == 0; i++)
        if ((j->forced || (m->rows[i].flags & IMAP_DELETED) != 0) && uid_named(j, m->rows[i].uid))
            rows[n++] = i;
    if (rc == 0)
        rc = expunge_rows(b, rows, n, &j->err);
    compact(b);
    mbox_end(m);
    free(rows);
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
        [MAILBOX_STATUS] = do_status, [MAILBOX_GONE] = do_gone,
        [MAILBOX_STORE] = do_store,   [MAILBOX_EXPUNGE] = do_expunge,
        [MAILBOX_READ] = do_read,     [MAILBOX_PIECE] = do_read,
        [MAILBOX_BATCH] = do_batch,   [MAILBOX_HEADERS] = do_batch,
    };
    return table[j->m.kind](b, j);
}

static void answer(struct mailbox *b, struct mailbox_job *j)
{
    j->validity = b->file->validity;
    j->uid_next = b->file->uid_next;
    j->modseq = b->file->modseq;
    queue_put_now(j->answer, &j->m);
}

/* Does an append together with those that wait right behind it. What was taken beside them is given
 * back. */
static struct msg *appends(struct mailbox *b, struct msg *m)
{
    struct mailbox_job *group[MAILBOX_GROUP_MAX];
    size_t n = 0;
    while (m != NULL && m->kind == MAILBOX_APPEND && n < MAILBOX_GROUP_MAX) {
        group[n++] = (struct mailbox_job *)m;
        m = n < MAILBOX_GROUP_MAX ? queue_take(b->q, 0) : NULL;
    }
    do_appends(b, group, n);
    for (size_t i = 0; i < n; i++)
        answer(b, group[i]);
    return m;
}

/* The next job; in quiet times the index is written first. */
static struct msg *next_job(struct mailbox *b)
{
    struct msg *m = queue_take(b->q, b->file->unsaved ? MAILBOX_QUIET_MS : -1);
    if (m != NULL || queue_closed(b->q))
        return m;
    mbox_save(b->file);
    return queue_take(b->q, -1);
}

static void *owner(void *arg)
{
    struct mailbox *b = arg;
    struct msg *m;
    struct msg *next = NULL;
    while ((m = next != NULL ? next : next_job(b)) != NULL) {
        next = NULL;
        if (m->kind == MAILBOX_APPEND) {
            next = appends(b, m);
            continue;
        }
        if (m->kind == MAILBOX_COMPACTED) {
            compacted(b);
            msg_drop(m);
            continue;
        }
        struct mailbox_job *j = (struct mailbox_job *)m;
        j->rc = job_do(b, j);
        answer(b, j);
    }
    sessions_forget(b);
    compact_stop(b);
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
