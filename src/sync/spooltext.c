/* SPDX-License-Identifier: MIT */
#include "sync/spooltext.h"

#include <errno.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "mime/mbox.h"
#include "sync/mbhead.h"
#include "base/banned.h"

enum { PIECE = 16 << 10, LINE_SEEN = 1024 }; /* so much of a line need not wait for its end */

struct reader {
    const struct spooltext *t;
    struct buf in, out;
    int64_t at, end;
    bool header; /* in the header block */
    bool own;    /* in a field that belongs to an mbox file */
    bool inside; /* of a line whose beginning is out already */
    char before; /* the byte before in that line */
    spooltext_fn *to;
    void *arg;
};

static int flush(struct reader *r, bool last, struct error *err)
{
    if (r->out.len < PIECE && !last)
        return 0;
    int rc = r->to(r->arg, buf_str(&r->out), last, err);
    buf_clear(&r->out);
    return rc;
}

/* What an mbox file has in a line more than the message, or all of it, is left out. */
static struct str unquoted(struct reader *r, struct str s)
{
    if (!r->inside && !r->header)
        r->own = false;
    else if (!r->inside && s.p[0] != ' ' && s.p[0] != '\t')
        r->own = mbhead_is_own(s);
    return !r->inside && !r->header && mbox_is_quoted(s) ? str_skip(s, 1) : s;
}

/* A line with its LF, or a part of one. */
static void line_add(struct reader *r, struct str s)
{
    if (!r->inside) {
        r->before = 0;
        r->header = r->header && !str_eqc(s, "\n") && !str_eqc(s, "\r\n");
    }
    if (r->t->mbox)
        s = unquoted(r, s);
    if (r->own) {
        r->inside = s.p[s.n - 1] != '\n';
        return;
    }
    bool ends = s.n > 0 && s.p[s.n - 1] == '\n';
    r->inside = !ends;
    char before = s.n > 1 ? s.p[s.n - 2] : r->before;
    buf_add(&r->out, s.p, s.n - ends);
    if (ends)
        buf_adds(&r->out, before == '\r' ? "\n" : "\r\n");
    if (s.n > 0)
        r->before = s.p[s.n - 1];
}

/* The next whole line, or as much of a long one as there is. 0 bytes: more is needed. */
static size_t line_length(const struct reader *r, struct str s, bool end)
{
    size_t lf = str_find(s, '\n');
    if (lf < s.n)
        return lf + 1;
    return s.n >= LINE_SEEN || end || r->inside ? s.n : 0;
}

static int lines_do(struct reader *r, bool end, struct error *err)
{
    size_t done = 0;
    while (done < r->in.len && !(r->t->headers_only && !r->header)) {
        struct str s = str_skip(buf_str(&r->in), done);
        size_t n = line_length(r, s, end);
        if (n == 0)
            break;
        line_add(r, str_head(s, n));
        done += n;
        if (flush(r, false, err) != 0)
            return -1;
    }
    buf_consume(&r->in, done);
    return 0;
}

static int more(struct reader *r, struct error *err)
{
    size_t want = r->end - r->at < PIECE ? (size_t)(r->end - r->at) : PIECE;
    char *room = buf_room(&r->in, want);
    ssize_t n;
    do
        n = sys_fault(FAULT_READ, "spool read") != 0 ? -1 : pread(r->t->fd, room, want, r->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_sys(err, _("cannot read a message"));
    if (n == 0)
        r->end = r->at;
    buf_grown(&r->in, (size_t)n);
    r->at += n;
    return 0;
}

int spooltext_read(const struct spooltext *t, spooltext_fn *out, void *arg, struct error *err)
{
    struct reader r = { .t = t,
                        .in = BUF_INIT(4 * PIECE),
                        .out = BUF_INIT(8 * PIECE),
                        .at = t->at,
                        .end = t->at + t->n,
                        .header = true,
                        .to = out,
                        .arg = arg };
    int rc = 0;
    while (rc == 0 && r.at < r.end && !(t->headers_only && !r.header)) {
        rc = more(&r, err);
        if (rc == 0)
            rc = lines_do(&r, r.at >= r.end, err);
    }
    if (rc == 0)
        rc = flush(&r, true, err);
    buf_free(&r.in);
    buf_free(&r.out);
    return rc;
}
