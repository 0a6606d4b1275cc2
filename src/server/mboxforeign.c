/* SPDX-License-Identifier: MIT */
#include "server/mboxforeign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "mime/mbox.h"
#include "server/boxhead.h"
#include "server/boxtext.h"
#include "server/limits.h"
#include "server/mboxrewrite.h"
#include "server/mboxscan.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

/* One message of a file that is not all ours. */
struct piece {
    uint64_t at, end;
    bool ours, dead;
    uint32_t uid, validity, last_uid; /* 0: none found */
    struct mbox_row row;              /* ours */
};
struct pieces {
    struct piece *p;
    size_t n, cap;
};

/* What a foreign header says about a message; the views point into it. */
struct foreign {
    struct str sender, body;
    int64_t date;
    unsigned flags;
    uint32_t uid, validity, last_uid;
    struct buf header, keywords;
};

static unsigned letters_flags(struct str s)
{
    unsigned flags = 0;
    for (size_t i = 0; i < s.n; i++)
        flags |= s.p[i] == 'R'   ? IMAP_SEEN
                 : s.p[i] == 'A' ? IMAP_ANSWERED
                 : s.p[i] == 'F' ? IMAP_FLAGGED
                 : s.p[i] == 'T' ? IMAP_DRAFT
                 : s.p[i] == 'D' ? IMAP_DELETED
                                 : 0u;
    return flags;
}

static void keywords_take(struct str s, struct buf *out)
{
    struct str word;
    while (str_word(&s, &word)) {
        if (out->len > 0)
            buf_addc(out, ' ');
        buf_add_str(out, word);
    }
}

/* True if the line is one of ours or of the other programs that keep flags so, and is not part of
 * the message. */
static bool status_line_take(struct str line, struct foreign *f)
{
    struct str value = str_trim(str_skip(line, str_find(line, ':') + 1));
    if (str_istarts(line, "Status:") || str_istarts(line, "X-Status:")) {
        f->flags |= letters_flags(value);
        return true;
    }
    if (str_istarts(line, "X-UID:")) {
        if (f->uid == 0)
            str_u32(&value, &f->uid);
        return true;
    }
    if (str_istarts(line, "X-Keywords:")) {
        keywords_take(value, &f->keywords);
        return true;
    }
    if (str_istarts(line, "X-IMAPbase:") || str_istarts(line, "X-IMAP:")) {
        if (str_u32(&value, &f->validity) == 0 && str_lit(&value, " ") == 0)
            str_u32(&value, &f->last_uid);
        return true;
    }
    return str_istarts(line, "X-Tmaild:");
}

static void foreign_read(struct str all, int64_t file_time, struct foreign *f)
{
    struct str line = { "", 0 };
    struct str rest = all;
    bool dropping = false;
    /* What is at the start of a damaged file has no From_ line, and perhaps no line at all. */
    if (str_starts(all, "From ") && str_until(&rest, '\n', &line) == 0)
        all = rest;
    f->sender = rewrite_sender(line);
    f->date = mbox_from_date(line, file_time);
    while (all.n > 0) {
        struct str before = all;
        if (str_until(&all, '\n', &line) != 0) {
            line = all;
            all = str_skip(all, all.n);
        }
        bool folded = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
        if (str_trim(line).n == 0 && !folded) {
            all = before;
            break;
        }
        dropping = folded ? dropping : status_line_take(line, f);
        if (!dropping) {
            buf_add_str(&f->header, line);
            buf_addc(&f->header, '\n');
        }
    }
    f->body = all;
    if (str_ends(all, "\n\n"))
        f->body.n--;
}

static void foreign_clear(struct foreign *f)
{
    buf_free(&f->header);
    buf_free(&f->keywords);
}

/* Reads a foreign piece into bytes and takes it apart. */
static int foreign_load(struct mbox *m, const struct piece *p, struct buf *bytes, struct foreign *f,
                        struct error *err)
{
    struct stat st;
    uint64_t n = p->end - p->at;
    *f = (struct foreign){ .header = BUF_INIT(SERVER_MESSAGE_MAX),
                           .keywords = BUF_INIT(MBOX_KEYWORDS_MAX) };
    buf_clear(bytes);
    if (n > SERVER_MESSAGE_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("a message in the mailbox is too large"));
    while (bytes->len < n) {
        size_t want = (size_t)n - bytes->len;
        ssize_t got = sys_fault(FAULT_READ, "mbox take over") != 0
                          ? -1
                          : pread(m->fd, buf_room(bytes, want), want, (off_t)(p->at + bytes->len));
        if (got <= 0)
            return error_sys(err, _("cannot read the mailbox"));
        buf_grown(bytes, (size_t)got);
    }
    foreign_read(buf_str(bytes), fstat(m->fd, &st) == 0 ? st.st_mtime : 0, f);
    return 0;
}

static void foreign_write(struct rewrite *r, const struct foreign *f, struct boxhead *h)
{
    struct buf stored = BUF_INIT(SERVER_MESSAGE_MAX);
    buf_add_str(&stored, buf_str(&f->header));
    buf_add_str(&stored, f->body);
    if (stored.len == 0 || stored.data[stored.len - 1] != '\n') {
        buf_addc(&stored, '\n');
        h->newline_added = true;
    }
    h->stored = stored.len;
    h->size = boxtext_served_size(buf_str(&stored), h->newline_added);
    h->date = f->date;
    h->flags = f->flags;
    h->keywords = buf_str(&f->keywords);
    size_t before = r->out.len;
    boxhead_put(h, f->sender, &r->out);
    buf_add_str(&r->out, buf_str(&stored));
    buf_addc(&r->out, '\n');
    r->written += r->out.len - before;
    buf_free(&stored);
}

static struct piece *piece_add(struct pieces *list)
{
    if (list->n == list->cap) {
        list->cap = list->cap + list->cap / 2 + 64;
        list->p = xrealloc(list->p, list->cap, sizeof *list->p);
    }
    list->p[list->n] = (struct piece){ 0 };
    return &list->p[list->n++];
}

static void piece_ours(struct piece *p, const struct boxhead *h)
{
    p->ours = true;
    p->dead = h->dead;
    p->uid = h->uid;
    p->validity = h->first ? h->validity : 0;
    p->last_uid = h->last_uid;
    p->end = mboxscan_end(h, p->at);
    p->row = (struct mbox_row){
        .at = p->at,
        .head_n = (uint16_t)h->n,
        .stored = h->stored,
        .flags = (uint16_t)h->flags,
        .keywords = h->keywords.n > 0 ? xmemdup0(h->keywords.p, h->keywords.n) : NULL,
    };
}

static int piece_foreign(struct mbox *m, struct mbox_window *w, struct piece *p, struct buf *bytes,
                         struct error *err)
{
    struct foreign f;
    if (mboxscan_next_from(w, p->at, &p->end, err) != 0)
        return -1;
    int rc = foreign_load(m, p, bytes, &f, err);
    p->uid = f.uid;
    p->validity = f.validity;
    p->last_uid = f.last_uid;
    foreign_clear(&f);
    return rc;
}

static int pieces_find(struct mbox *m, struct pieces *list, struct buf *bytes, struct error *err)
{
    struct stat st;
    if (fstat(m->fd, &st) != 0)
        return error_sys(err, _("cannot read the mailbox"));
    struct mbox_window *w = mboxscan_window(m->fd, (uint64_t)st.st_size);
    int rc = 0;
    for (uint64_t at = 0; rc == 0 && at < w->size && list->n < MBOX_MESSAGES_MAX;) {
        struct boxhead h;
        enum mbox_found found = mboxscan_find(w, at, &h, err);
        struct piece *p = piece_add(list);
        p->at = at;
        if (found == FOUND_OURS)
            piece_ours(p, &h);
        else
            rc = found == FOUND_FAILED ? -1 : piece_foreign(m, w, p, bytes, err);
        at = p->end;
    }
    free(w);
    return rc;
}

/* The highest UID that can be trusted: what the first message tells, those of our own messages, and
 * what was known before. */
static uint32_t highest_known(const struct pieces *list, uint32_t before)
{
    uint32_t known = list->p[0].last_uid > before ? list->p[0].last_uid : before;
    for (size_t i = 0; i < list->n; i++)
        if (list->p[i].ours && list->p[i].uid > known)
            known = list->p[i].uid;
    return known;
}

/* True if the UIDs that were found hold. Mail of other programs without one gets the next, and so
 * does mail whose UID was never given here or comes too late: it was saved here from another
 * mailbox, or sorted. */
static bool numbers_hold(struct mbox *m, struct pieces *list, const struct mboxforeign_known *k)
{
    uint32_t last = 0;
    uint32_t validity =
        list->n == 0 || list->p[0].validity == 0 ? k->validity : list->p[0].validity;
    if (list->n == 0 || validity == 0)
        return false;
    uint32_t known = highest_known(list, validity == k->validity ? k->last_uid : 0);
    for (size_t i = 0; i < list->n; i++) {
        struct piece *p = &list->p[i];
        if (!p->ours && (p->uid <= last || p->uid > known))
            p->uid = (known > last ? known : last) + 1;
        if (p->uid <= last)
            return false;
        last = p->uid;
    }
    known = known > last ? known : last;
    if (known >= MBOX_UID_MAX)
        return false;
    m->validity = validity;
    m->uid_next = known + 1;
    return true;
}

/* Numbers that other programs kept hold if they ascend and the UIDVALIDITY is known. Anything else
 * is a new mailbox to every client. */
static void pieces_number(struct mbox *m, struct pieces *list, const struct mboxforeign_known *k)
{
    if (numbers_hold(m, list, k))
        return;
    for (size_t i = 0; i < list->n; i++)
        list->p[i].uid = (uint32_t)i + 1;
    m->validity = k->fresh;
    m->uid_next = (uint32_t)list->n + 1;
}

static int piece_write(struct rewrite *r, struct mbox *m, struct piece *p, struct buf *bytes,
                       struct error *err)
{
    struct foreign f;
    const struct rewrite_from from = { m->fd, m->validity, m->uid_next - 1 };
    p->row.uid = p->uid;
    if (p->ours)
        return rewrite_row(r, &from, &p->row, err);
    int rc = foreign_load(m, p, bytes, &f, err);
    struct boxhead h = { .first = r->written == 0,
                         .validity = m->validity,
                         .last_uid = m->uid_next - 1,
                         .uid = p->uid };
    if (rc == 0) {
        foreign_write(r, &f, &h);
        rc = rewrite_flush(r, 1 << 20, err);
    }
    foreign_clear(&f);
    return rc;
}

int mboxforeign_take_over(struct mbox *m, const struct mboxforeign_known *known, struct error *err)
{
    struct pieces list = { 0 };
    struct buf bytes = BUF_INIT(SERVER_MESSAGE_MAX);
    struct rewrite r;
    int rc = rewrite_begin(&r, m, err);
    if (rc == 0)
        rc = pieces_find(m, &list, &bytes, err);
    if (rc == 0)
        pieces_number(m, &list, known);
    for (size_t i = 0; i < list.n && rc == 0; i++)
        if (!list.p[i].dead)
            rc = piece_write(&r, m, &list.p[i], &bytes, err);
    if (rc == 0)
        rc = rewrite_commit(&r, m, err);
    for (size_t i = 0; i < list.n; i++)
        free(list.p[i].row.keywords);
    free(list.p);
    buf_free(&bytes);
    rewrite_end(&r, m);
    return rc;
}
