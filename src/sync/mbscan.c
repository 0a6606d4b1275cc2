/* SPDX-License-Identifier: MIT */
#include "sync/mbscan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "mime/mbox.h"
#include "sync/head.h"
#include "sync/mbhead.h"
#include "sync/spoolkind.h"
#include "base/banned.h"

enum { WINDOW = 128 << 10, LINE_SEEN = 4096, ROWS_FIRST = 64 };

static size_t text_length(struct str line)
{
    size_t n = line.n;
    while (n > 0 && (line.p[n - 1] == '\n' || line.p[n - 1] == '\r'))
        n--;
    return n;
}

/* ------------------------------------------------------------------ what a message is known by */

struct mbid {
    struct hash *hash;
    unsigned char digest[32];
    size_t ends; /* lines that ended and are not in the hash yet: they may be the last */
    bool body;
    bool own; /* this field belongs to the mailbox */
};

struct mbid *mbid_new(void)
{
    struct mbid *m = xcalloc(1, sizeof *m);
    m->hash = hash_new();
    return m;
}

bool mbid_in_head(const struct mbid *m)
{
    return !m->body;
}

/* Where lines end in CRLF a message is the same. */
static void text_add(struct mbid *m, struct str text)
{
    while (text.n > 0) {
        size_t cr = str_find(text, '\r');
        for (; cr > 0 && m->ends > 0; m->ends--)
            hash_add(m->hash, STR("\n"));
        hash_add(m->hash, str_head(text, cr));
        text = str_skip(text, cr < text.n ? cr + 1 : cr);
    }
}

void mbid_add(struct mbid *m, struct str piece, bool begins)
{
    size_t n = text_length(piece);
    if (!m->body && begins && n == 0) {
        m->body = true;
        m->own = false;
    } else if (!m->body && begins && piece.p[0] != ' ' && piece.p[0] != '\t') {
        m->own = mbhead_is_own(piece);
    }
    if (m->own)
        return;
    bool ended = piece.n > 0 && piece.p[piece.n - 1] == '\n';
    text_add(m, str_head(piece, piece.n - ended));
    m->ends += ended;
}

void mbid_end(struct mbid **m, unsigned char *out)
{
    if (*m == NULL)
        return;
    hash_end(&(*m)->hash, (*m)->digest);
    if (out != NULL)
        memcpy(out, (*m)->digest, MBSCAN_ID);
    free(*m);
    *m = NULL;
}

/* FNV-1a */
static uint64_t print_add(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001B3);
    return h;
}
#define PRINT_FIRST UINT64_C(0xCBF29CE484222325)

uint64_t mbscan_print(struct str head)
{
    return print_add(PRINT_FIRST, head);
}

/* ------------------------------------------------------------------ lines of a file */

struct lines {
    int fd;
    uint64_t at, size; /* of what is to be read next */
    struct buf in;
    size_t used;
    bool inside; /* of a line whose beginning was given */
};

static int lines_fill(struct lines *l, struct error *err)
{
    buf_consume(&l->in, l->used);
    l->used = 0;
    size_t want = l->size - l->at < WINDOW ? (size_t)(l->size - l->at) : WINDOW;
    char *room = buf_room(&l->in, want);
    ssize_t n;
    do
        n = sys_fault(FAULT_READ, "mbox read") != 0 ? -1 : pread(l->fd, room, want, (off_t)l->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_sys(err, _("cannot read the mailbox"));
    if (n == 0) /* somebody who asks for no lock has cut it */
        return error_set(err, ERR_SYS, RETRY_LATER, _("the mailbox changed under our hands"));
    buf_grown(&l->in, (size_t)n);
    l->at += (uint64_t)n;
    return 0;
}

/* The next line with its end, or a piece of a long one. 1: no more; -1. */
static int lines_next(struct lines *l, struct str *piece, bool *begins, struct error *err)
{
    for (;;) {
        struct str rest = str_skip(buf_str(&l->in), l->used);
        size_t lf = str_find(rest, '\n');
        if (lf < rest.n || rest.n >= LINE_SEEN || (l->at >= l->size && rest.n > 0)) {
            *piece = str_head(rest, lf < rest.n ? lf + 1 : rest.n);
            *begins = !l->inside;
            l->inside = lf == rest.n;
            l->used += piece->n;
            return 0;
        }
        if (l->at >= l->size)
            return 1;
        if (lines_fill(l, err) != 0)
            return -1;
    }
}

/* ------------------------------------------------------------------ the pass */

struct scan {
    struct lines lines;
    struct mbrows *out;
    struct mbrow *row; /* the last of them; NULL: none yet */
    struct mbid *id;
    uint64_t at, blank_at; /* of this piece; of the empty line before it */
    bool blank;            /* the line before is empty */
};

static void row_end(struct scan *s, uint64_t next)
{
    struct mbrow *r = s->row;
    if (r == NULL)
        return;
    if (mbid_in_head(s->id))
        r->body = next;
    r->next = next;
    r->end = s->blank && s->blank_at >= r->body ? s->blank_at : next;
    mbid_end(&s->id, r->id);
}

static int row_begin(struct scan *s, struct str line, struct error *err)
{
    struct mbrows *o = s->out;
    row_end(s, s->at);
    if (o->n >= SPOOL_ENTRIES_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER,
                         _("there are more messages in it than tmail can take"));
    if (o->n == o->cap) {
        o->cap = o->cap == 0 ? ROWS_FIRST : 2 * o->cap;
        o->rows = xrealloc(o->rows, o->cap, sizeof *o->rows);
    }
    s->row = &o->rows[o->n++];
    *s->row = (struct mbrow){ .at = s->at, .head = s->at + line.n, .print = mbscan_print(line) };
    s->id = mbid_new();
    s->blank = false;
    return 0;
}

/* UW-IMAP's and alpine's notes are the first message of a mailbox. */
static void head_line(struct scan *s, struct str line)
{
    mbhead_flags_add(line, &s->row->flags);
    if (s->out->n == 1 && str_istarts(line, "Subject:") &&
        memmem(line.p, line.n, "FOLDER INTERNAL DATA", 20) != NULL)
        s->row->internal = true;
}

static void line_take(struct scan *s, struct str piece, bool begins)
{
    bool head = mbid_in_head(s->id), empty = begins && text_length(piece) == 0;
    if (head && begins && !empty)
        head_line(s, piece);
    if (head)
        s->row->print = print_add(s->row->print, piece);
    mbid_add(s->id, piece, begins);
    if (head && empty)
        s->row->body = s->at + piece.n;
    s->blank = empty;
    s->blank_at = s->at;
}

/* As mutt and Dovecot, without an empty line before it too: not all programs write one. */
static bool is_from(const struct scan *s, struct str piece, bool begins)
{
    if (!begins)
        return false;
    if (s->row == NULL)
        return str_starts(piece, "From ");
    return piece.p[0] == 'F' && mbox_is_from_line(str_head(piece, text_length(piece)));
}

static int piece_take(struct scan *s, struct str piece, bool begins, struct error *err)
{
    int rc = 0;
    if (is_from(s, piece, begins))
        rc = row_begin(s, piece, err);
    else if (s->row != NULL && s->at < s->row->head + 1 && !begins)
        s->row->head = s->at + piece.n; /* the rest of a long From_ line */
    else if (s->row != NULL)
        line_take(s, piece, begins);
    else if (text_length(piece) > 0)
        rc = error_set(err, ERR_REFUSED, RETRY_NEVER, _("it is no mbox file"));
    s->at += piece.n;
    return rc;
}

int mbscan(int fd, uint64_t from, uint64_t size, struct mbrows *out, struct error *err)
{
    struct scan s = { .lines = { .fd = fd, .at = from, .size = size, .in = BUF_INIT(4 * WINDOW) },
                      .out = out,
                      .at = from };
    struct str piece;
    bool begins;
    int rc;
    while ((rc = lines_next(&s.lines, &piece, &begins, err)) == 0) {
        rc = piece_take(&s, piece, begins, err);
        if (rc != 0)
            break;
    }
    if (rc == 1)
        row_end(&s, s.at);
    mbid_end(&s.id, NULL);
    buf_free(&s.lines.in);
    return rc == 1 ? 0 : -1;
}

/* ------------------------------------------------------------------ rows */

static int by_id(const void *a, const void *b, void *arg)
{
    const struct mbrow *rows = arg;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int by = memcmp(rows[i].id, rows[k].id, MBSCAN_ID);
    return by != 0 ? by : i < k ? -1 : i > k;
}

void mbscan_sort(struct mbrows *r)
{
    r->by_id = xrealloc(r->by_id, r->n + 1, sizeof *r->by_id);
    for (size_t i = 0; i < r->n; i++)
        r->by_id[i] = (uint32_t)i;
    if (r->n > 0)
        qsort_r(r->by_id, r->n, sizeof *r->by_id, by_id, r->rows);
    for (size_t i = 0; i < r->n; i++) {
        struct mbrow *row = &r->rows[r->by_id[i]];
        const struct mbrow *before = i > 0 ? &r->rows[r->by_id[i - 1]] : NULL;
        bool same = before != NULL && memcmp(before->id, row->id, MBSCAN_ID) == 0;
        row->n = same ? before->n + 1 : 0;
    }
}

struct mbrow *mbscan_find(const struct mbrows *r, const unsigned char id[MBSCAN_ID], uint32_t n)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct mbrow *row = &r->rows[r->by_id[mid]];
        int by = memcmp(row->id, id, MBSCAN_ID);
        if (by == 0)
            by = row->n < n ? -1 : row->n > n;
        if (by == 0)
            return row;
        if (by < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static bool row_same(int fd, const struct mbrow *r)
{
    char piece[8192];
    uint64_t h = PRINT_FIRST, at = r->at;
    while (at < r->body) {
        size_t want = r->body - at < sizeof piece ? (size_t)(r->body - at) : sizeof piece;
        ssize_t n = pread(fd, piece, want, (off_t)at);
        if (n <= 0)
            return false;
        h = print_add(h, (struct str){ piece, (size_t)n });
        at += (uint64_t)n;
    }
    return h == r->print;
}

bool mbscan_same(int fd, const struct mbrow *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!row_same(fd, &rows[i]))
            return false;
    return true;
}

void mbrows_clear(struct mbrows *r)
{
    free(r->rows);
    free(r->by_id);
    *r = (struct mbrows){ 0 };
}
