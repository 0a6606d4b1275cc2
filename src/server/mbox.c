/* SPDX-License-Identifier: MIT */
#include "server/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/log.h"
#include "server/boxhead.h"
#include "server/limits.h"
#include "server/mboxlock.h"
#include "server/mboxrewrite.h"
#include "server/mboxscan.h"
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

/* Reads all; mail of other programs is taken over and all is read again. Called with the locks
 * held. */
static int load(struct mbox *m, struct error *err)
{
    int64_t now = clock_wall_ms() / 1000;
    uint32_t fresh = now > (int64_t)m->validity ? (uint32_t)now : m->validity + 1;
    m->uid_next = m->uid_next != 0 ? m->uid_next : 1;
    if (mboxscan_note_read(m, err) != 0)
        return -1;
    int rc = mboxscan_read(m, err);
    if (rc == 1) {
        log_line(m->log, LOG_INFO, "mailbox %s: mail of another program is taken over", m->leaf);
        mboxscan_rows_free(m->rows, m->n);
        m->rows = NULL;
        m->n = m->cap = 0;
        m->uid_next = 1;
        rc = mboxrewrite_take_over(m, fresh, err);
        if (rc == 0 && mboxscan_read(m, err) != 0)
            rc = error_set(err, ERR_STORE, RETRY_NEVER, _("the mailbox cannot be read"));
    }
    return rc;
}

static int looked(struct mbox *m, struct error *err)
{
    return fstat(m->fd, &m->seen) != 0 ? error_sys(err, _("cannot read the mailbox")) : 0;
}

/* True if the file under the name is not the one that we left. */
static bool changed(const struct mbox *m)
{
    struct stat st;
    if (fstatat(m->dir, m->leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    return st.st_ino != m->seen.st_ino || st.st_dev != m->seen.st_dev ||
           st.st_size != m->seen.st_size || st.st_mtim.tv_sec != m->seen.st_mtim.tv_sec ||
           st.st_mtim.tv_nsec != m->seen.st_mtim.tv_nsec;
}

static int lock_all(struct mbox *m, bool write, struct error *err)
{
    if (write) {
        int rc = mboxlock_dot(m->dir, m->leaf, err);
        if (rc < 0)
            return -1;
        m->dotlock = rc == 0;
    }
    if (mboxlock_file(m->fd, write, err) == 0)
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

static int reload(struct mbox *m, struct error *err)
{
    m->old = m->rows;
    m->old_n = m->n;
    m->rows = NULL;
    m->n = m->cap = 0;
    if (load(m, err) != 0 || looked(m, err) != 0) {
        rows_put_back(m, m->old, m->old_n);
        m->old = NULL;
        m->old_n = 0;
        return -1;
    }
    m->stale = false;
    return 1;
}

int mbox_begin(struct mbox *m, bool write, struct error *err)
{
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
    if (m->stale || looked(m, &ignored) != 0)
        m->seen = (struct stat){ 0 };
    unlock_all(m);
    mboxscan_rows_free(m->old, m->old_n);
    m->old = NULL;
    m->old_n = 0;
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
    else if (file_open(m, err) == 0 && mbox_begin(m, true, err) >= 0) {
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
    if ((*m)->fd >= 0)
        close((*m)->fd);
    if ((*m)->dir >= 0)
        close((*m)->dir);
    mboxscan_rows_free((*m)->rows, (*m)->n);
    mboxscan_rows_free((*m)->old, (*m)->old_n);
    free((*m)->leaf);
    free(*m);
    *m = NULL;
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

static void row_append(struct mbox *m, const struct boxhead *h)
{
    if (m->n == m->cap) {
        m->cap = m->cap + m->cap / 2 + 64;
        m->rows = xrealloc(m->rows, m->cap, sizeof *m->rows);
    }
    m->rows[m->n++] = (struct mbox_row){
        .uid = h->uid,
        .flags = h->flags,
        .date = h->date,
        .size = h->size,
        .keywords = h->keywords.n > 0 ? xmemdup0(h->keywords.p, h->keywords.n) : NULL,
        .at = m->end,
        .head_n = (uint32_t)h->n,
        .dead_at = (uint32_t)h->dead_at,
        .flags_at = (uint32_t)h->flags_at,
        .keywords_width = (uint32_t)h->keywords_width,
        .stored = h->stored,
        .newline_added = h->newline_added,
    };
    m->end += h->n + h->stored + 1;
    m->uid_next = h->uid + 1;
}

/* The head of a new message, read back so that the row has what the file has. */
static int head_make(const struct mbox *m, const struct mbox_new *new, struct str stored,
                     bool added, struct buf *head, struct boxhead *h, struct error *err)
{
    *h = (struct boxhead){ .stored = stored.n,
                           .size = boxtext_served_size(stored, added),
                           .date = new->date,
                           .newline_added = added,
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

int mbox_append(struct mbox *m, const struct mbox_new *new, uint32_t *uid, struct error *err)
{
    struct buf head = BUF_INIT(BOXHEAD_MAX);
    struct buf stored = BUF_INIT(SERVER_OUT_MAX);
    struct boxhead h;
    bool added;
    if (m->uid_next == UINT32_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the mailbox has no numbers left"));
    boxtext_store(new->bytes, &stored, &added);
    int rc = buf_check(&stored, err);
    if (rc == 0)
        rc = head_make(m, new, buf_str(&stored), added, &head, &h, err);
    if (rc == 0) {
        buf_addc(&stored, '\n');
        rc = write_at(m, m->end, buf_str(&head), err);
        if (rc == 0)
            rc = write_at(m, m->end + head.len, buf_str(&stored), err);
        if (rc != 0 &&
            (sys_fault(FAULT_RENAME, "mbox cut back") != 0 || ftruncate(m->fd, (off_t)m->end) != 0))
            log_line(m->log, LOG_ERROR, "mailbox %s: cannot cut back", m->leaf);
    }
    if (rc == 0) {
        *uid = h.uid;
        row_append(m, &h);
    }
    buf_free(&head);
    buf_free(&stored);
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
    uint64_t rest = *from < r->stored ? r->stored - *from : 0;
    size_t want = 0;
    size_t lines = 0; /* bytes of whole lines */
    int rc = 0;
    while (rc == 0 && lines == 0 && want < rest) {
        want = want == 0 ? first : 2 * want;
        want = want < rest ? want : (size_t)rest;
        rc = raw_read(m, r->at + r->head_n + *from, want, &raw, err);
        size_t lf = str_rfind(buf_str(&raw), '\n');
        lines = want == rest ? want : lf < raw.len ? lf + 1 : 0;
    }
    if (rc == 0) {
        boxtext_serve(str_head(buf_str(&raw), lines), lines == rest && r->newline_added, out);
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
    int rc = fits ? write_at(m, r->at + r->flags_at, buf_str(&line), err) : 0;
    buf_free(&line);
    if (rc != 0)
        return -1;
    struct mbox_row before = *r;
    r->keywords = h.keywords.n > 0 ? xstrdup(keywords) : NULL;
    r->flags = flags;
    if (fits) {
        free(before.keywords);
        return 0;
    }
    struct mbox_row *rows = m->rows;
    rc = mbox_compact(m, err);
    if (rc != 0 && m->rows == rows) {
        /* The file has what it had, and so have we. */
        free(r->keywords);
        r->keywords = before.keywords;
        r->flags = before.flags;
    } else
        free(before.keywords);
    return rc;
}

int mbox_kill(struct mbox *m, size_t row, struct error *err)
{
    struct mbox_row *r = &m->rows[row];
    if (write_at(m, r->at + r->dead_at, STR("x"), err) != 0)
        return -1;
    m->dead += r->head_n + r->stored + 1;
    free(r->keywords);
    memmove(r, r + 1, (m->n - row - 1) * sizeof *r);
    m->n--;
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
    if (looked(m, err) != 0 || mboxrewrite_compact(m, err) != 0)
        return -1;
    struct mbox_row *before = m->rows;
    size_t before_n = m->n;
    m->rows = NULL;
    m->n = m->cap = 0;
    int rc = mboxscan_note_read(m, err);
    if (rc == 0)
        rc = mboxscan_read(m, err);
    if (rc == 0) {
        mboxscan_rows_free(before, before_n);
        return 0;
    }
    rows_put_back(m, before, before_n);
    return rc < 0 ? -1 : error_set(err, ERR_STORE, RETRY_LATER, _("the mailbox cannot be read"));
}
