/* SPDX-License-Identifier: MIT */
#include "server/mboxscan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/log.h"
#include "mime/mbox.h"
#include "server/beside.h"
#include "server/boxhead.h"
#include "server/limits.h"
#include "base/banned.h"

static int window_move(struct mbox_window *w, uint64_t at, struct error *err)
{
    ssize_t n;
    do
        n = sys_fault(FAULT_READ, "mbox scan") != 0
                ? -1
                : pread(w->fd, w->data, sizeof w->data, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_sys(err, _("cannot read the mailbox"));
    w->at = at;
    w->n = (size_t)n;
    return 0;
}

int mboxscan_get(struct mbox_window *w, uint64_t at, size_t n, struct str *out, struct error *err)
{
    if (at > w->size)
        at = w->size;
    if (n > w->size - at)
        n = (size_t)(w->size - at);
    if ((at < w->at || at + n > w->at + w->n) && window_move(w, at, err) != 0)
        return -1;
    size_t have = at - w->at < w->n ? w->n - (size_t)(at - w->at) : 0;
    *out = (struct str){ w->data + (at - w->at), n < have ? n : have };
    return 0;
}

struct mbox_window *mboxscan_window(int fd, uint64_t size)
{
    struct mbox_window *w = xmalloc(sizeof *w);
    w->fd = fd;
    w->size = size;
    w->at = 0;
    w->n = 0;
    return w;
}

void mboxscan_rows_free(struct mbox_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(rows[i].keywords);
    free(rows);
}

void mboxscan_row_add(struct mbox *m, const struct boxhead *h, uint64_t at)
{
    if (m->n == m->cap) {
        m->cap = m->cap + m->cap / 2 + 64;
        m->rows = xrealloc(m->rows, m->cap, sizeof *m->rows);
    }
    m->rows[m->n++] = (struct mbox_row){
        .uid = h->uid,
        .flags = (uint16_t)h->flags,
        .date = h->date,
        .size = h->size,
        .keywords = h->keywords.n > 0 ? xmemdup0(h->keywords.p, h->keywords.n) : NULL,
        .at = at,
        .stored = h->stored,
        .head_n = (uint16_t)h->n,
        .dead_at = (uint16_t)h->dead_at,
        .flags_at = (uint16_t)h->flags_at,
        .keywords_width = (uint16_t)h->keywords_width,
        .newline_added = h->newline_added,
    };
}

uint64_t mboxscan_end(const struct boxhead *h, uint64_t at)
{
    return h->stored < (uint64_t)1 << 50 ? at + h->n + h->stored + 1 : 0;
}

int mboxscan_next_from(struct mbox_window *w, uint64_t at, uint64_t *next, struct error *err)
{
    enum { LINE_HEAD = 512 };
    struct str s;
    for (*next = w->size; at + 6 < w->size;) {
        if (mboxscan_get(w, at, MBOX_WINDOW_BYTES / 2, &s, err) != 0)
            return -1;
        size_t hit = str_search(s, STR("\nFrom "));
        if (hit == s.n) {
            at += s.n > 5 ? s.n - 5 : 1;
            continue;
        }
        at += hit + 1;
        if (mboxscan_get(w, at, LINE_HEAD, &s, err) != 0)
            return -1;
        if (mbox_is_from_line(str_head(s, str_find(s, '\n')))) {
            *next = at;
            return 0;
        }
    }
    return 0;
}

/* A message whose end is not there: the torn end of an append, or, when other messages come after
 * it, one whose length lies; then nothing may be cut off. */
static enum mbox_found unended(struct mbox_window *w, uint64_t text_at, struct error *err)
{
    uint64_t next;
    if (mboxscan_next_from(w, text_at - 1, &next, err) != 0)
        return FOUND_FAILED;
    return next < w->size ? FOUND_FOREIGN : FOUND_TORN;
}

enum mbox_found mboxscan_find(struct mbox_window *w, uint64_t at, struct boxhead *h,
                              struct error *err)
{
    struct str s;
    if (mboxscan_get(w, at, BOXHEAD_MAX, &s, err) != 0)
        return FOUND_FAILED;
    int rc = boxhead_read(s, h);
    if (rc == 1)
        return at + s.n == w->size ? FOUND_TORN : FOUND_FOREIGN;
    uint64_t end = rc == 0 ? mboxscan_end(h, at) : 0;
    if (end == 0 || h->uid == 0)
        return FOUND_FOREIGN;
    if (end > w->size)
        return unended(w, at + h->n, err);
    /* h's keywords point into the window, which must not move before they are used. */
    char sep[8];
    ssize_t got =
        sys_fault(FAULT_READ, "mbox separator") != 0 ? -1 : pread(w->fd, sep, 7, (off_t)(end - 2));
    if (got < 0) {
        error_sys(err, _("cannot read the mailbox"));
        return FOUND_FAILED;
    }
    if (got < 2 || memcmp(sep, "\n\n", 2) != 0 || memcmp(sep + 2, "From ", (size_t)got - 2) != 0)
        return FOUND_FOREIGN;
    return FOUND_OURS;
}

/* What is cut off is kept beside: it may be a message that somebody made shorter with an editor. */
static void tail_keep(const struct mbox *m, uint64_t at)
{
    struct error err;
    struct buf tail = BUF_INIT(SERVER_OUT_MAX);
    char *name = xasprintf(".%s.cut", m->leaf);
    if (lseek(m->fd, (off_t)at, SEEK_SET) < 0 || file_read_fd(m->fd, &tail, &err) != 0 ||
        beside_write(m->dir, name, buf_str(&tail), &err) != 0)
        log_line(m->log, LOG_ERROR, "mailbox %s: what is cut off cannot be kept", m->leaf);
    free(name);
    buf_free(&tail);
}

static int tail_cut(struct mbox *m, uint64_t at, struct error *err)
{
    log_line(m->log, LOG_INFO,
             "mailbox %s: a message half written at the end was cut off and is in .%s.cut", m->leaf,
             m->leaf);
    tail_keep(m, at);
    if (sys_fault(FAULT_RENAME, "mbox tail cut") != 0 || ftruncate(m->fd, (off_t)at) != 0 ||
        sys_fault(FAULT_FSYNC, "mbox tail fsync") != 0 || fsync(m->fd) != 0)
        return error_sys(err, _("cannot repair the mailbox"));
    return 0;
}

static void ours_take(struct mbox *m, const struct boxhead *h, uint64_t at)
{
    if (h->first && at == 0) {
        m->validity = h->validity;
        m->uid_next = h->last_uid + 1;
    }
    if (h->uid >= m->uid_next)
        m->uid_next = h->uid + 1;
    if (h->dead)
        m->dead += mboxscan_end(h, at) - at;
    else
        mboxscan_row_add(m, h, at);
}

/* True when what was found cannot be used as it is: no UIDVALIDITY, UIDs not ascending or
 * near their end. */
static bool numbering_broken(const struct boxhead *h, uint64_t at, uint32_t last)
{
    return (at == 0 && (!h->first || h->validity == 0 || h->last_uid >= MBOX_UID_MAX)) ||
           h->uid <= last || h->uid >= MBOX_UID_MAX;
}

int mboxscan_read(struct mbox *m, bool tail, struct error *err)
{
    struct stat st;
    if (fstat(m->fd, &st) != 0)
        return error_sys(err, _("cannot read the mailbox"));
    struct mbox_window *w = mboxscan_window(m->fd, (uint64_t)st.st_size);
    struct boxhead h;
    uint32_t last = 0;
    int rc = 0;
    if (!tail)
        m->n = m->dead = m->end = 0;
    else if (m->n > 0)
        last = m->rows[m->n - 1].uid;
    while (rc == 0 && m->end < w->size && m->n < MBOX_MESSAGES_MAX) {
        enum mbox_found found = mboxscan_find(w, m->end, &h, err);
        if (found == FOUND_TORN) {
            rc = tail_cut(m, m->end, err);
            break;
        }
        if (found == FOUND_FAILED)
            rc = -1;
        else if (found == FOUND_FOREIGN || numbering_broken(&h, m->end, last))
            rc = 1;
        else {
            ours_take(m, &h, m->end);
            last = h.uid;
            m->end = mboxscan_end(&h, m->end);
        }
    }
    free(w);
    return rc;
}

static char *note_name(const struct mbox *m)
{
    return xasprintf(".%s.uid", m->leaf);
}

int mboxscan_note_write(const struct mbox *m, struct error *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lu %lu\n", (unsigned long)m->validity,
                     (unsigned long)m->uid_next);
    char *name = note_name(m);
    int rc = beside_write(m->dir, name, (struct str){ text, (size_t)n }, err);
    free(name);
    return rc;
}

int mboxscan_note_read(struct mbox *m, struct error *err)
{
    struct buf text = BUF_INIT(32);
    char *name = note_name(m);
    int rc = beside_read(m->dir, name, &text, err);
    free(name);
    struct str s = buf_str(&text);
    uint32_t validity = 0;
    uint32_t next = 0;
    if (str_u32(&s, &validity) == 0 && str_lit(&s, " ") == 0 && str_u32(&s, &next) == 0 &&
        str_lit(&s, "\n") == 0 && validity != 0 && next != 0 && next <= MBOX_UID_MAX) {
        m->validity = validity;
        m->uid_next = next;
    }
    buf_free(&text);
    return rc;
}
