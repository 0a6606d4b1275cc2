/* SPDX-License-Identifier: MIT */
#include "server/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/log.h"
#include "server/boxhead.h"
#include "server/boxtext.h"
#include "server/index.h"
#include "server/limits.h"
#include "server/mboxcompact.h"
#include "server/mboxforeign.h"
#include "base/mboxlock.h"
#include "server/mboxscan.h"
#include "server/mboxseq.h"
#include "server/spill.h"
#include "base/banned.h"

static int file_open(struct mbox *m, struct error *err)
{
    struct stat st;
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    int fd = sys_fault(FAULT_OPEN, "mbox open") != 0 ? -1 : openat(m->dir, m->leaf, flags, 0600);
    if (fd < 0)
        return error_sys(err, _("cannot open the mailbox"));
    /* A second name would let somebody else have us write into their file. */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
        close(fd);
        return error_set(err, ERR_STORE, RETRY_NEVER, _("the mailbox is not a plain file"));
    }
    if (m->fd >= 0)
        close(m->fd);
    m->fd = fd;
    return 0;
}

static void rows_drop(struct mbox *m)
{
    mboxscan_rows_free(m->rows, m->n);
    m->rows = NULL;
    m->n = m->cap = 0;
}

/* Reads all, or what is new at the end; mail of other programs is taken over and all is read again.
 * Called with the locks held. */
static int load(struct mbox *m, bool tail, struct error *err)
{
    int64_t now = clock_wall_ms() / 1000;
    struct mboxforeign_known known = { .fresh = now > (int64_t)m->validity ? (uint32_t)now
                                                                           : m->validity + 1 };
    if (m->known) {
        known.validity = m->validity;
        known.last_uid = m->uid_next - 1;
    }
    m->uid_next = m->uid_next != 0 ? m->uid_next : 1;
    if (!tail && mboxscan_note_read(m, err) != 0)
        return -1;
    int rc = mboxscan_read(m, tail, err);
    if (rc == 1) {
        log_line(m->log, LOG_INFO, "mailbox %s: mail of another program is taken over", m->leaf);
        rows_drop(m);
        m->uid_next = 1;
        rc = mboxforeign_take_over(m, &known, err);
        if (rc == 0 && mboxscan_read(m, false, err) != 0)
            rc = error_set(err, ERR_STORE, RETRY_NEVER, _("the mailbox cannot be read"));
    }
    return rc;
}

static int looked(struct mbox *m, struct error *err)
{
    return fstat(m->fd, &m->seen) != 0 ? error_sys(err, _("cannot read the mailbox")) : 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* True if the file under the name is not the one that we left. Programs that rewrite a mailbox may
 * put its mtime back, but nobody can do that with its ctime. */
static bool changed(const struct mbox *m)
{
    struct stat st;
    if (fstatat(m->dir, m->leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    return st.st_ino != m->seen.st_ino || st.st_dev != m->seen.st_dev ||
           st.st_size != m->seen.st_size || !same_time(&st.st_mtim, &m->seen.st_mtim) ||
           !same_time(&st.st_ctim, &m->seen.st_ctim);
}

static const struct mboxlock_wait lock_wait = { .ms = MBOX_LOCK_WAIT_MS };

static int lock_all(struct mbox *m, bool write, struct error *err)
{
    if (write) {
        int rc = mboxlock_dot(m->dir, m->leaf, &lock_wait, err);
        if (rc < 0)
            return -1;
        m->dotlock = rc == 0;
    }
    if (mboxlock_file(m->fd, write, &lock_wait, err) == 0)
        return 0;
    if (m->dotlock)
        mboxlock_dot_release(m->dir, m->leaf);
    m->dotlock = false;
    return -1;
}

static void unlock_all(struct mbox *m)
{
    mboxlock_file_release(m->fd);
    if (m->dotlock)
        mboxlock_dot_release(m->dir, m->leaf);
    m->dotlock = false;
}

/* What was read is of no use: the rows before are kept, for comparing, until it can be read again. */
static void rows_put_back(struct mbox *m, struct mbox_row *rows, size_t n)
{
    mboxscan_rows_free(m->rows, m->n);
    m->rows = rows;
    m->n = m->cap = n;
    m->stale = true;
}

static int write_at(struct mbox *m, uint64_t at, struct str s, struct error *err)
{
    while (s.n > 0) {
        ssize_t n = sys_fault_write(m->fd, s.p, s.n, (int64_t)at, "mbox write") != 0
                        ? -1
                        : pwrite(m->fd, s.p, s.n, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_sys(err, _("cannot write the mailbox"));
        s = str_skip(s, (size_t)n);
        at += (uint64_t)n;
    }
    return 0;
}

/* True if what the rows say stands in the file. */
static bool head_fits(const struct mbox_row *r, struct str bytes)
{
    struct boxhead h;
    return boxhead_read(bytes, &h) == 0 && h.uid == r->uid && h.n == r->head_n &&
           h.stored == r->stored && h.dead_at == r->dead_at && h.flags_at == r->flags_at &&
           h.keywords_width == r->keywords_width && h.newline_added == r->newline_added && !h.dead;
}

static int head_accept(struct mbox *m, const struct mbox_row *r, struct str bytes,
                       struct error *err)
{
    if (head_fits(r, bytes))
        return 0;
    m->stale = true;
    return error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox changed under our hands"));
}

static ssize_t head_read(const struct mbox *m, const struct mbox_row *r, char *head)
{
    return sys_fault(FAULT_READ, "mbox head") != 0 ? -1
                                                   : pread(m->fd, head, r->head_n, (off_t)r->at);
}

/* The place in the file is looked at before it is changed: rows may be older than the file. */
static int head_check(struct mbox *m, const struct mbox_row *r, struct error *err)
{
    char head[BOXHEAD_MAX];
    ssize_t n = head_read(m, r, head);
    if (n < 0)
        return error_sys(err, _("cannot read the mailbox"));
    return head_accept(m, r, (struct str){ head, (size_t)n }, err);
}

/* True if the file only grew at its end, as far as some of the rows tell. */
static bool only_grew(const struct mbox *m, const struct mbox_row *rows, size_t n)
{
    enum { LOOKS = 16 };
    char head[BOXHEAD_MAX];
    struct stat st;
    if (m->stale || n == 0 || m->end == 0 || fstat(m->fd, &st) != 0 ||
        st.st_ino != m->seen.st_ino || st.st_dev != m->seen.st_dev ||
        (uint64_t)st.st_size <= m->end)
        return false;
    for (size_t i = 0; i <= LOOKS; i++) {
        const struct mbox_row *r = &rows[(n - 1) * i / LOOKS];
        ssize_t got = head_read(m, r, head);
        struct boxhead h;
        struct str s = { head, got > 0 ? (size_t)got : 0 };
        if (!head_fits(r, s) || boxhead_read(s, &h) != 0 || h.flags != r->flags ||
            !str_eq(h.keywords, str_c(r->keywords)))
            return false;
    }
    return true;
}

static void rows_dup(struct mbox *m, const struct mbox_row *rows, size_t n)
{
    m->rows = xcalloc(n, sizeof *m->rows);
    m->n = m->cap = n;
    memcpy(m->rows, rows, n * sizeof *rows);
    for (size_t i = 0; i < n; i++)
        if (rows[i].keywords != NULL)
            m->rows[i].keywords = xstrdup(rows[i].keywords);
}

/* What was gone and changed in another mailbox means nothing in this one. */
static void history_merge(struct mbox *m, uint32_t validity)
{
    size_t old_n = m->old_n;
    if (m->validity != validity) {
        m->old_n = m->gone_n = 0;
        m->gone_since = mboxseq_stamp(m);
    }
    mboxseq_merge(m);
    m->old_n = old_n;
}

/* Another program took out the last messages, and what it left does not tell that there were any:
 * their UIDs must not be given again. The file gets to know it. */
static int numbers_keep(struct mbox *m, uint32_t validity, uint32_t uid_next, struct error *err)
{
    char head[BOXHEAD_MAX];
    char digits[16];
    struct boxhead h;
    if (!m->known || m->validity != validity || m->uid_next >= uid_next)
        return 0;
    m->uid_next = uid_next;
    if (m->end == 0)
        return mboxscan_note_write(m, err);
    ssize_t n =
        sys_fault(FAULT_READ, "mbox first head") != 0 ? -1 : pread(m->fd, head, sizeof head, 0);
    if (n < 0 || boxhead_read((struct str){ head, (size_t)n }, &h) != 0 || !h.first)
        return error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox changed under our hands"));
    snprintf(digits, sizeof digits, "%010" PRIu32, uid_next - 1);
    return write_at(m, boxhead_last_uid_at(&h), str_c(digits), err);
}

static int reload(struct mbox *m, struct error *err)
{
    uint32_t validity = m->validity;
    uint32_t uid_next = m->uid_next;
    m->old = m->rows;
    m->old_n = m->n;
    m->rows = NULL;
    m->n = m->cap = 0;
    mboxseq_unsaved(m);
    bool tail = only_grew(m, m->old, m->old_n);
    m->generation += !tail;
    if (tail)
        rows_dup(m, m->old, m->old_n);
    if (load(m, tail, err) != 0 || numbers_keep(m, validity, uid_next, err) != 0 ||
        looked(m, err) != 0) {
        rows_put_back(m, m->old, m->old_n);
        m->validity = validity;
        m->uid_next = uid_next;
        m->old = NULL;
        m->old_n = 0;
        return -1;
    }
    history_merge(m, validity);
    m->stale = false;
    m->known = true;
    return 1;
}

int mbox_begin(struct mbox *m, bool write, struct error *err)
{
    m->stamped = false;
    if (lock_all(m, write, err) != 0)
        return -1;
    if (!changed(m))
        return 0;
    /* Reading again may have to write: a torn tail, UIDs for new mail. */
    unlock_all(m);
    if (file_open(m, err) != 0 || lock_all(m, true, err) != 0)
        return -1;
    int rc = reload(m, err);
    if (rc < 0)
        mbox_end(m);
    return rc;
}

void mbox_end(struct mbox *m)
{
    struct error ignored;
    if (m->stale || looked(m, &ignored) != 0 || (uint64_t)m->seen.st_size != m->end)
        m->seen = (struct stat){ 0 };
    unlock_all(m);
    mboxscan_rows_free(m->old, m->old_n);
    m->old = NULL;
    m->old_n = 0;
}

/* What the index knows; without it what is known begins now. */
static void history_begin(struct mbox *m)
{
    m->known = index_read(m);
    if (m->known)
        return;
    m->modseq = m->gone_since = m->reserved = mboxseq_floor(m);
    index_mark(m, m->modseq);
    m->unsaved = true;
}

struct mbox *mbox_open(int dir, const char *leaf, uint32_t validity, struct log *log,
                       struct error *err)
{
    struct mbox *m = xcalloc(1, sizeof *m);
    m->fd = -1;
    m->leaf = xstrdup(leaf);
    m->log = log;
    m->validity = validity;
    m->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    if (m->dir < 0)
        error_sys(err, _("cannot open the mailbox"));
    else if (file_open(m, err) == 0 && (history_begin(m), mbox_begin(m, true, err)) >= 0) {
        /* An empty file carries no UIDVALIDITY, so it has its note from the start. */
        int rc = m->end == 0 ? mboxscan_note_write(m, err) : 0;
        mbox_end(m);
        if (rc == 0)
            return m;
    }
    mbox_close(&m);
    return NULL;
}

void mbox_close(struct mbox **m)
{
    if (*m == NULL)
        return;
    mbox_save(*m);
    if ((*m)->fd >= 0)
        close((*m)->fd);
    if ((*m)->dir >= 0)
        close((*m)->dir);
    mboxscan_rows_free((*m)->rows, (*m)->n);
    mboxscan_rows_free((*m)->old, (*m)->old_n);
    free((*m)->gone);
    free((*m)->leaf);
    free(*m);
    *m = NULL;
}

void mbox_save(struct mbox *m)
{
    struct error err;
    /* Only of a file that is known to be as the rows have it. */
    if (!m->unsaved || m->stale || m->seen.st_ino == 0)
        return;
    if (index_write(m, &err) != 0)
        log_line(m->log, LOG_INFO, "mailbox %s: no index: %s", m->leaf, err.text);
    m->unsaved = false;
}

size_t mbox_find(const struct mbox *m, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = m->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->rows[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < m->n && m->rows[lo].uid == uid ? lo : m->n;
}

static void row_append(struct mbox *m, const struct boxhead *h)
{
    mboxscan_row_add(m, h, m->end);
    m->rows[m->n - 1].modseq = mboxseq_stamp(m);
    m->end += h->n + h->stored + 1;
    m->uid_next = h->uid + 1;
}

/* The head of a new message, read back so that the row has what the file has. */
static int head_make(const struct mbox *m, const struct mbox_new *new, const struct boxtext *t,
                     struct buf *head, struct boxhead *h, struct error *err)
{
    *h = (struct boxhead){ .stored = t->stored,
                           .size = t->served,
                           .date = new->date,
                           .newline_added = t->newline_added,
                           .first = m->end == 0,
                           .validity = m->validity,
                           .last_uid = m->uid_next - 1,
                           .uid = m->uid_next,
                           .flags = new->flags,
                           .keywords = str_c(new->keywords) };
    boxhead_put(h, new->sender, head);
    if (buf_check(head, err) != 0)
        return -1;
    if (boxhead_read(buf_str(head), h) != 0)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("the message cannot be stored"));
    return 0;
}

/* Where the form in the file goes: nowhere (the pass that counts), or to at, behind what out has. */
struct store_pass {
    struct mbox *m;
    struct buf *out;
    uint64_t at;
    struct boxtext text;
};

static int pass_flush(struct store_pass *p, struct error *err)
{
    if (p->out == NULL || buf_check(p->out, err) != 0)
        return p->out == NULL ? 0 : -1;
    int rc = write_at(p->m, p->at, buf_str(p->out), err);
    p->at += p->out->len;
    buf_clear(p->out);
    return rc;
}

static int pass_run(struct store_pass *p, const struct spill *message, struct error *err)
{
    struct str whole;
    struct buf piece = BUF_INIT(MBOX_PIECE);
    int rc = 0;
    if (spill_view(message, &whole))
        boxtext_feed(&p->text, whole, p->out);
    else
        for (uint64_t at = 0; at < spill_size(message) && rc == 0; at += piece.len) {
            buf_clear(&piece);
            rc = spill_read(message, at, MBOX_PIECE, &piece, err);
            if (rc == 0 && piece.len == 0)
                rc = error_set(err, ERR_STORE, RETRY_LATER, _("the message cannot be stored"));
            if (rc == 0)
                boxtext_feed(&p->text, buf_str(&piece), p->out);
            if (rc == 0 && p->out != NULL && p->out->len > MBOX_PIECE)
                rc = pass_flush(p, err);
        }
    boxtext_end(&p->text, p->out);
    buf_free(&piece);
    return rc;
}

static void cut_back(struct mbox *m)
{
    if (sys_fault(FAULT_RENAME, "mbox cut back") != 0 || ftruncate(m->fd, (off_t)m->end) != 0)
        log_line(m->log, LOG_ERROR, "mailbox %s: cannot cut back", m->leaf);
}

int mbox_append(struct mbox *m, const struct mbox_new *new, uint32_t *uid, struct error *err)
{
    struct buf head = BUF_INIT(BOXHEAD_MAX); /* h points into it */
    struct buf out = BUF_INIT(SERVER_OUT_MAX);
    struct store_pass count = { .m = m };
    struct store_pass store = { .m = m, .out = &out, .at = m->end };
    struct boxhead h;
    if (m->uid_next == UINT32_MAX || m->n >= MBOX_MESSAGES_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the mailbox has no numbers left"));
    int rc = spill_check(new->message, err);
    if (rc == 0)
        rc = pass_run(&count, new->message, err);
    if (rc == 0)
        rc = head_make(m, new, &count.text, &head, &h, err);
    if (rc == 0) {
        buf_add_str(&out, buf_str(&head));
        rc = pass_run(&store, new->message, err);
        buf_addc(&out, '\n');
        if (rc == 0)
            rc = pass_flush(&store, err);
        if (rc != 0)
            cut_back(m);
    }
    if (rc == 0) {
        *uid = h.uid;
        row_append(m, &h);
    }
    buf_free(&head);
    buf_free(&out);
    return rc;
}

/* So many bytes of the message as it is stored, in all, into raw. */
static int raw_read(struct mbox *m, uint64_t at, size_t want, struct buf *raw, struct error *err)
{
    while (raw->len < want && !raw->over) {
        char *room = buf_room(raw, want - raw->len);
        ssize_t n = sys_fault(FAULT_READ, "mbox read") != 0 ? -1
                    : room != NULL ? pread(m->fd, room, want - raw->len, (off_t)(at + raw->len))
                                   : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_grown(raw, (size_t)n);
    }
    if (buf_check(raw, err) != 0)
        return -1;
    return raw->len < want ? error_sys(err, _("cannot read the mailbox")) : 0;
}

/* A piece of whole lines, first bytes or more. */
static int piece_read(struct mbox *m, size_t row, size_t first, uint64_t *from, struct buf *out,
                      struct error *err)
{
    const struct mbox_row *r = &m->rows[row];
    struct buf raw = BUF_INIT(SERVER_OUT_MAX);
    size_t head_n = *from == 0 ? r->head_n : 0;
    uint64_t rest = *from < r->stored ? r->stored - *from : 0;
    size_t want = 0;
    size_t lines = 0; /* bytes of whole lines */
    int rc = 0;
    while (rc == 0 && lines == 0 && want < rest) {
        want = want == 0 ? first : 2 * want;
        want = want < rest ? want : (size_t)rest;
        rc = raw_read(m, r->at + r->head_n - head_n + *from, head_n + want, &raw, err);
        struct str s = str_skip(buf_str(&raw), head_n);
        size_t lf = str_rfind(s, '\n');
        lines = want == rest ? want : lf < s.n ? lf + 1 : 0;
    }
    if (rc == 0 && head_n > 0)
        rc = head_accept(m, r, buf_str(&raw), err);
    if (rc == 0) {
        struct str s = str_head(str_skip(buf_str(&raw), head_n), lines);
        boxtext_serve(s, lines == rest && r->newline_added, out);
        *from = lines < rest ? *from + lines : 0;
        rc = buf_check(out, err);
    }
    buf_free(&raw);
    return rc;
}

int mbox_read_piece(struct mbox *m, size_t row, uint64_t *from, struct buf *out, struct error *err)
{
    return piece_read(m, row, MBOX_PIECE, from, out, err);
}

/* Bytes up to and with the first empty line; 0: there is none yet. seen: what had none before. */
static size_t header_n(struct str s, size_t seen)
{
    size_t at = seen > 3 ? seen - 3 : 0;
    if (str_starts(s, "\r\n"))
        return 2;
    size_t n = at + str_search(str_skip(s, at), STR("\r\n\r\n"));
    return n < s.n ? n + 4 : 0;
}

int mbox_read_head(struct mbox *m, size_t row, struct buf *out, struct error *err)
{
    uint64_t from = 0;
    size_t begin = out->len;
    size_t n = 0;
    do {
        size_t seen = out->len - begin;
        if (piece_read(m, row, MBOX_HEAD_PIECE, &from, out, err) != 0)
            return -1;
        n = header_n(str_skip(buf_str(out), begin), seen);
    } while (n == 0 && from != 0 && out->len - begin < SERVER_HEADER_MAX);
    if (n > 0)
        buf_truncate(out, begin + n);
    return 0;
}

int mbox_read(struct mbox *m, size_t row, struct buf *out, struct error *err)
{
    uint64_t from = 0;
    do
        if (mbox_read_piece(m, row, &from, out, err) != 0)
            return -1;
    while (from != 0);
    return 0;
}

static bool same_text(const char *a, const char *b)
{
    return str_eq(str_c(a), str_c(b));
}

/* The keywords of a row need a wider line: the whole file is made anew. */
static int set_wide(struct mbox *m, struct mbox_row *r, struct mbox_row before, struct error *err)
{
    int rc = mbox_compact(m, err);
    if (rc != 0) {
        /* The file has what it had, and so have we. */
        free(r->keywords);
        *r = before;
    } else
        free(before.keywords);
    return rc;
}

int mbox_set(struct mbox *m, size_t row, unsigned flags, const char *keywords, struct error *err)
{
    struct mbox_row *r = &m->rows[row];
    struct boxhead h = { .flags = flags,
                         .keywords = str_c(keywords),
                         .keywords_width = r->keywords_width };
    if (r->flags == flags && same_text(r->keywords, keywords))
        return 0;
    if (h.keywords.n > MBOX_KEYWORDS_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too many keywords"));
    struct buf line = BUF_INIT(BOXHEAD_MAX);
    bool fits = boxhead_put_flags(&h, &line);
    int rc = head_check(m, r, err);
    struct mbox_row before = *r;
    uint64_t modseq = mboxseq_stamp(m);
    if (rc == 0 && fits)
        rc = write_at(m, r->at + r->flags_at, buf_str(&line), err);
    buf_free(&line);
    if (rc != 0)
        return -1;
    r->keywords = h.keywords.n > 0 ? xstrdup(keywords) : NULL;
    r->flags = (uint16_t)flags;
    r->modseq = modseq;
    if (!fits)
        return set_wide(m, r, before, err);
    free(before.keywords);
    return 0;
}

/* Takes rows (ascending) out of the list. */
static void rows_take_out(struct mbox *m, const size_t *rows, size_t n)
{
    size_t kept = n > 0 ? rows[0] : m->n;
    size_t k = 0;
    for (size_t i = kept; i < m->n; i++)
        if (k < n && rows[k] == i) {
            free(m->rows[i].keywords);
            k++;
        } else
            m->rows[kept++] = m->rows[i];
    m->n = kept;
}

int mbox_kill(struct mbox *m, const size_t *rows, size_t n, size_t *done, struct error *err)
{
    uint32_t *gone = xcalloc(n + 1, sizeof *gone);
    uint64_t modseq = n > 0 ? mboxseq_stamp(m) : 0;
    int rc = 0;
    *done = 0;
    while (*done < n && rc == 0) {
        const struct mbox_row *r = &m->rows[rows[*done]];
        rc = head_check(m, r, err);
        if (rc == 0)
            rc = write_at(m, r->at + r->dead_at, STR("x"), err);
        if (rc == 0) {
            m->dead += r->head_n + r->stored + 1;
            gone[(*done)++] = r->uid;
        }
    }
    rows_take_out(m, rows, *done);
    mboxseq_gone(m, gone, *done, modseq);
    free(gone);
    return rc;
}

int mbox_take_back(struct mbox *m, size_t n, uint64_t end, uint32_t uid_next, struct error *err)
{
    if (sys_fault(FAULT_RENAME, "mbox take back") != 0 || ftruncate(m->fd, (off_t)end) != 0)
        return error_sys(err, _("cannot write the mailbox"));
    while (m->n > n)
        free(m->rows[--m->n].keywords);
    m->end = end;
    m->uid_next = uid_next;
    return 0;
}

int mbox_sync(struct mbox *m, struct error *err)
{
    return sys_fault(FAULT_FSYNC, "mbox fsync") != 0 || fdatasync(m->fd) != 0
               ? error_sys(err, _("cannot write the mailbox to the disk"))
               : 0;
}

int mbox_compact(struct mbox *m, struct error *err)
{
    struct compaction *c = compaction_begin(m, err);
    if (c == NULL)
        return -1;
    compaction_copy(c, NULL, NULL);
    int rc = compaction_finish(&c, m, err);
    return rc == 1 ? error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox cannot be read")) : rc;
}
