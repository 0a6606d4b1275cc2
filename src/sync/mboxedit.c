/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "mime/mbox.h"
#include "sync/mbhead.h"
#include "sync/mbox_in.h"
#include "base/banned.h"

enum { LINE_SEEN = 4096, IN_MAX = 1 << 20, TOGETHER = 128 };

/* ------------------------------------------------------------------ more messages */

/* They begin behind an empty line. */
static int gap_put(struct spool_box *b, uint64_t size, struct error *err)
{
    char end[3] = "\n\n";
    size_t n = size < sizeof end ? (size_t)size : sizeof end;
    if (n > 0 && pread(b->fd, end, n, (off_t)(size - n)) != (ssize_t)n)
        return error_sys(err, _("cannot read the mailbox"));
    if (n == 0)
        return 0;
    struct str s = { end, n };
    if (s.p[s.n - 1] != '\n')
        return mbchange_put(b->adds, STR("\n\n"), err);
    s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s.n > 0 && s.p[s.n - 1] != '\n' ? mbchange_put(b->adds, STR("\n"), err) : 0;
}

static int adds_begin(struct spool_box *b, struct error *err)
{
    struct stat st;
    if (b->adds != NULL)
        return 0;
    if (fstat(b->fd, &st) != 0)
        return error_sys(err, _("cannot read the mailbox"));
    b->adds = mbchange_new(b->redo, b->fd, (uint64_t)st.st_size, err);
    return b->adds == NULL ? -1 : gap_put(b, (uint64_t)st.st_size, err);
}

/* How many of that id there will be before the next one. */
static uint32_t id_count(const struct spool_box *b, const unsigned char *id)
{
    uint32_t n = 0;
    while (mbscan_find(&b->seen->rows, id, n) != NULL)
        n++;
    for (size_t i = 0; i < b->added_n; i++)
        n += memcmp(b->added[i].id, id, MBSCAN_ID) == 0;
    return n;
}

static void added(struct spool_box *b, struct arena *a, const unsigned char *id, unsigned flags,
                  struct spool_entry *e)
{
    e->name = mbox_name(a, id, id_count(b, id));
    e->place = mbox_place(a, flags);
    e->flags = flags;
    b->added = xrealloc(b->added, b->added_n + 1, sizeof *b->added);
    memcpy(b->added[b->added_n++].id, id, MBSCAN_ID);
}

/* An earlier attempt has brought it when there is one more of it than the store knows. */
static bool done_before(const struct spool_box *b, struct arena *a, const struct spool_again *again,
                        const unsigned char *id, struct spool_entry *e)
{
    const struct mbrow *r;
    for (uint32_t n = 0; again->maybe && (r = mbscan_find(&b->seen->rows, id, n)) != NULL; n++) {
        struct str name = mbox_name(a, id, n);
        if (again->known(again->arg, name))
            continue;
        *e = (struct spool_entry){ .name = name,
                                   .place = mbox_place(a, r->flags),
                                   .flags = r->flags };
        return true;
    }
    return false;
}

struct writer {
    struct mbchange *to;
    struct mbid *id;
    unsigned flags;
    struct buf in;
    bool inside; /* of a line whose beginning is out */
    bool own;    /* this field would belong to the mailbox */
    char last;
};

static int out(struct writer *w, struct str s, bool begins, struct error *err)
{
    mbid_add(w->id, s, begins);
    if (s.n > 0)
        w->last = s.p[s.n - 1];
    return mbchange_put(w->to, s, err);
}

/* In front of the empty line. */
static int status_put(struct writer *w, struct error *err)
{
    struct buf lines = BUF_INIT(1024);
    mbhead_set((struct str){ "", 0 }, w->flags, &lines);
    int rc = mbchange_put(w->to, buf_str(&lines), err);
    buf_free(&lines);
    return rc;
}

/* A line without its end, or the beginning of a long one. */
static int line_begin(struct writer *w, struct str s, struct error *err)
{
    if (!mbid_in_head(w->id)) {
        bool quoted = mbox_needs_quote(s);
        if (quoted && out(w, STR(">"), true, err) != 0)
            return -1;
        return out(w, s, !quoted, err);
    }
    if (s.n > 0 && s.p[0] != ' ' && s.p[0] != '\t')
        w->own = mbhead_is_own(s);
    if (s.n == 0)
        w->own = false;
    return w->own ? 0 : out(w, s, true, err);
}

/* The end of a line; begun is false when it is empty. */
static int line_end(struct writer *w, bool begun, struct error *err)
{
    if (w->own)
        return 0;
    if (!begun && mbid_in_head(w->id) && status_put(w, err) != 0)
        return -1;
    return out(w, STR("\n"), !begun, err);
}

static int piece_put(struct writer *w, struct str s, bool ends, struct error *err)
{
    bool begun = w->inside || s.n > 0;
    int rc = 0;
    if (w->inside)
        rc = w->own ? 0 : out(w, s, false, err);
    else if (s.n > 0)
        rc = line_begin(w, s, err);
    else
        w->own = false;
    w->inside = !ends;
    return rc == 0 && ends ? line_end(w, begun, err) : rc;
}

/* Lines of what has come in; the last one only when there is no more. */
static int lines_put(struct writer *w, bool all, struct error *err)
{
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && done < w->in.len) {
        struct str s = str_skip(buf_str(&w->in), done);
        size_t lf = str_find(s, '\n');
        bool ends = lf < s.n, held = !ends && s.p[s.n - 1] == '\r'; /* its LF may come */
        if (!ends && !all && s.n < LINE_SEEN)
            break;
        size_t n = ends ? lf : s.n - (held && !all);
        struct str text = str_head(s, n - (ends && n > 0 && s.p[n - 1] == '\r'));
        rc = piece_put(w, text, ends, err);
        done += n + ends;
        if (held)
            break;
    }
    buf_consume(&w->in, done);
    return rc;
}

static int text_put(struct writer *w, const struct spool_new *m, struct error *err)
{
    int rc;
    while ((rc = m->next(m->arg, &w->in, err)) == 0)
        if (lines_put(w, false, err) != 0)
            return -1;
    if (rc < 0 || lines_put(w, true, err) != 0)
        return -1;
    if (w->inside && piece_put(w, (struct str){ "", 0 }, true, err) != 0)
        return -1;
    if (mbid_in_head(w->id) && piece_put(w, (struct str){ "", 0 }, true, err) != 0)
        return -1;
    return mbchange_put(w->to, STR("\n"), err);
}

int mbox_append(struct spool_box *b, struct arena *a, const struct spool_new *m,
                struct spool_entry *e, struct error *err)
{
    unsigned char id[MBSCAN_ID];
    struct buf line = BUF_INIT(8192);
    if (mbox_rows(b, err) != 0 || adds_begin(b, err) != 0)
        return -1;
    uint64_t before = mbchange_length(b->adds);
    struct writer w = {
        .to = b->adds, .id = mbid_new(), .flags = m->flags, .in = BUF_INIT(IN_MAX)
    };
    mbox_from_line(m->sender, m->received, &line);
    int rc = mbchange_put(b->adds, buf_str(&line), err);
    if (rc == 0)
        rc = text_put(&w, m, err);
    mbid_end(&w.id, id);
    buf_free(&w.in);
    buf_free(&line);
    if (rc == 0 && !done_before(b, a, &m->again, id, e))
        added(b, a, id, m->flags, e);
    else
        mbchange_cut(b->adds, before);
    return rc;
}

static int copy(struct spool_box *to, int fd, uint64_t at, uint64_t end, struct error *err)
{
    char last = 0;
    if (pread(fd, &last, 1, (off_t)(end - 1)) != 1)
        return error_sys(err, _("cannot read the mailbox"));
    if (mbchange_keep(to->adds, fd, at, end - at, err) != 0)
        return -1;
    return mbchange_put(to->adds, last == '\n' ? STR("\n") : STR("\n\n"), err);
}

int mbox_move(struct spool_box *from, struct spool_box *to, struct arena *a,
              const struct spool_again *again, struct spool_entry *e, struct error *err)
{
    unsigned char id[MBSCAN_ID]; /* said by the name, also of what is in from no more */
    uint32_t n;
    if (mbox_rows(from, err) != 0 || mbox_rows(to, err) != 0)
        return -1;
    if (mbox_name_read(e->name, id, &n) != 0)
        return 1;
    const struct mbrow *r = mbscan_find(&from->seen->rows, id, n);
    if (done_before(to, a, again, id, e))
        return 0;
    if (r == NULL)
        return 1;
    if (adds_begin(to, err) != 0)
        return -1;
    uint64_t before = mbchange_length(to->adds);
    if (copy(to, from->fd, r->at, r->end, err) != 0) {
        mbchange_cut(to->adds, before);
        return -1;
    }
    added(to, a, id, r->flags, e);
    return 0;
}

int mbox_settle(struct spool_box *b, struct error *err)
{
    if (b->adds == NULL)
        return 0;
    bool any = b->added_n > 0;
    b->added_n = 0;
    b->seen->settled = false;
    if (!any)
        mbchange_free(&b->adds);
    int rc = any ? mbchange_commit(&b->adds, err) : 0;
    b->broken_off = rc == 1;
    b->written |= any;
    if (b->broken_off)
        mbox_unknown(b);
    return rc == 0 ? 0 : -1;
}

int mbox_rescue(struct spool_box *b, struct mbchange_lost *lost, struct error *err)
{
    struct mbrows rows = { 0 };
    int rc = lost->n > 0 ? mbscan(lost->fd, lost->from, lost->from + lost->n, &rows, err) : 0;
    if (rc == 0)
        rc = mbox_rows(b, err);
    if (rc == 0)
        rc = adds_begin(b, err);
    mbscan_sort(&rows);
    for (size_t i = 0; rc == 0 && i < rows.n; i++) {
        const struct mbrow *r = &rows.rows[i];
        if (r->internal || mbscan_find(&b->seen->rows, r->id, r->n) != NULL)
            continue;
        b->added_n++;
        rc = copy(b, lost->fd, r->at, r->end, err);
    }
    mbrows_clear(&rows);
    b->read = false;
    if (rc == 0)
        return mbox_settle(b, err);
    mbchange_free(&b->adds);
    b->added_n = 0;
    return -1;
}

/* ------------------------------------------------------------------ other flags, fewer messages */

int mbox_flags(struct spool_box *b, struct arena *a, struct spool_entry *e, unsigned flags,
               struct error *err)
{
    if (mbox_rows(b, err) != 0)
        return -1;
    struct mbrow *r = mbox_row(b, e->name);
    if (r == NULL)
        return 1;
    if (r->body - r->at > MBOX_HEADER_MAX)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("the header of the message is too long"));
    unsigned was = e->flags, now = r->edited ? r->wanted : r->flags;
    r->wanted = (now & ~(was & ~flags)) | (flags & ~was);
    r->edited = r->wanted != r->flags;
    e->flags = r->wanted;
    e->place = mbox_place(a, r->wanted);
    return 0;
}

int mbox_remove(struct spool_box *b, const struct spool_entry *e, struct error *err)
{
    if (mbox_rows(b, err) != 0)
        return -1;
    struct mbrow *r = mbox_row(b, e->name);
    if (r == NULL)
        return 1;
    r->gone = true;
    return 0;
}

/* Appends From_ line and header as they stand, and tells how long the first is. */
static int head_read(const struct spool_box *b, const struct mbrow *r, struct buf *old,
                     struct error *err)
{
    size_t n = (size_t)(r->body - r->at);
    char *room = buf_room(old, n);
    if (room == NULL)
        return buf_check(old, err);
    if (sys_fault(FAULT_READ, "mbox head") != 0 ||
        pread(b->fd, room, n, (off_t)r->at) != (ssize_t)n)
        return error_sys(err, _("cannot read the mailbox"));
    buf_grown(old, n);
    return 0;
}

static int head_make(const struct spool_box *b, const struct mbrow *r, struct buf *old,
                     struct buf *new, struct error *err)
{
    buf_clear(old);
    buf_clear(new);
    if (head_read(b, r, old, err) != 0)
        return -1;
    size_t from = (size_t)(r->head - r->at);
    buf_add(new, old->data, from);
    mbhead_set(str_skip(buf_str(old), from), r->wanted, new);
    return buf_check(new, err);
}

/* Only the bytes that differ, where they lie together: no crash leaves anything but flags torn. 1:
 * they do not. */
static int overwrite(const struct spool_box *b, const struct mbrow *r, struct str old,
                     struct str new, struct error *err)
{
    size_t first = 0, last = new.n;
    if (old.n != new.n)
        return 1;
    while (first < last && old.p[first] == new.p[first])
        first++;
    while (last > first && old.p[last - 1] == new.p[last - 1])
        last--;
    size_t n = last - first;
    if (n == 0 || n > TOGETHER)
        return n != 0;
    off_t at = (off_t)(r->at + first);
    if (sys_fault_write(b->fd, new.p + first, n, at, "mbox flags") != 0 ||
        pwrite(b->fd, new.p + first, n, at) != (ssize_t)n)
        return mbox_refused(_("flags cannot be written"), err);
    return 0;
}

/* Those that fit where they are. What remains edited needs other room. */
static int in_place(struct spool_box *b, bool *any, struct error *err)
{
    struct buf old = BUF_INIT(MBOX_HEADER_MAX), new = BUF_INIT(2 * MBOX_HEADER_MAX);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < b->seen->rows.n; i++) {
        struct mbrow *r = &b->seen->rows.rows[i];
        if (!r->edited || r->gone)
            continue;
        rc = head_make(b, r, &old, &new, err);
        if (rc == 0)
            rc = overwrite(b, r, buf_str(&old), buf_str(&new), err);
        if (rc != 0) {
            rc = rc == 1 ? 0 : -1;
            continue;
        }
        *any = true;
        r->flags = r->wanted;
        r->print = mbscan_print(buf_str(&new));
        r->edited = false;
    }
    buf_free(&old);
    buf_free(&new);
    if (rc == 0 && *any && (sys_fault(FAULT_FSYNC, "mbox flags fsync") != 0 || fsync(b->fd) != 0))
        rc = mbox_refused(_("flags cannot be written"), err);
    return rc;
}

struct rest {
    const struct spool_box *b;
    struct mbchange *c;
    uint64_t from, to; /* bytes of the file that are to be kept and are not yet */
    uint64_t first;    /* where the change begins */
    struct buf old, new;
};

static int kept_flush(struct rest *s, uint64_t next, struct error *err)
{
    int rc = s->to > s->from ? mbchange_keep(s->c, s->b->fd, s->from, s->to - s->from, err) : 0;
    s->from = s->to = next;
    return rc;
}

/* The row gets its new places; old ones are where the bytes come from. */
static int row_write(struct rest *s, struct mbrow *r, struct error *err)
{
    if (r->gone)
        return kept_flush(s, r->next, err);
    struct mbrow was = *r;
    uint64_t at = s->first + mbchange_length(s->c) + (s->to - s->from);
    if (r->edited) {
        if (head_make(s->b, r, &s->old, &s->new, err) != 0 || kept_flush(s, r->body, err) != 0 ||
            mbchange_put(s->c, buf_str(&s->new), err) != 0)
            return -1;
        r->flags = r->wanted;
        r->print = mbscan_print(buf_str(&s->new));
    }
    uint64_t head = r->edited ? s->new.len : was.body - was.at;
    r->at = at;
    r->head = at + (was.head - was.at);
    r->body = at + head;
    r->end = r->body + (was.end - was.body);
    r->next = r->body + (was.next - was.body);
    r->edited = false;
    s->to = was.next;
    return 0;
}

static int rest_write(struct rest *s, size_t i, uint64_t size, struct error *err)
{
    struct mbrows *rows = &s->b->seen->rows;
    size_t kept = i;
    for (; i < rows->n; i++) {
        if (row_write(s, &rows->rows[i], err) != 0)
            return -1;
        if (!rows->rows[i].gone)
            rows->rows[kept++] = rows->rows[i];
    }
    rows->n = kept;
    s->to = size; /* what came behind them */
    return kept_flush(s, size, err);
}

/* From the first message on that goes or becomes longer. */
static int rewrite(struct spool_box *b, size_t i, struct error *err)
{
    struct stat st;
    uint64_t at = b->seen->rows.rows[i].at;
    if (fstat(b->fd, &st) != 0)
        return error_sys(err, _("cannot read the mailbox"));
    struct rest s = { .b = b,
                      .from = at,
                      .to = at,
                      .first = at,
                      .old = BUF_INIT(MBOX_HEADER_MAX),
                      .new = BUF_INIT(2 * MBOX_HEADER_MAX) };
    s.c = mbchange_new(b->redo, b->fd, at, err);
    int rc = s.c == NULL ? -1 : rest_write(&s, i, (uint64_t)st.st_size, err);
    if (rc == 0)
        rc = mbchange_commit(&s.c, err);
    mbchange_free(&s.c);
    buf_free(&s.old);
    buf_free(&s.new);
    return rc == 0 ? 0 : -1;
}

int mbox_edits(struct spool_box *b, struct error *err)
{
    struct mbrows *rows = &b->seen->rows;
    bool any = false;
    size_t i = 0;
    if (b->broken_off)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot write the mailbox"));
    int rc = in_place(b, &any, err);
    b->written |= any;
    while (i < rows->n && !rows->rows[i].gone && !rows->rows[i].edited)
        i++;
    if (rc == 0 && i < rows->n) {
        b->written = true;
        rc = rewrite(b, i, err);
    }
    if (rc != 0)
        mbox_unknown(b);
    else
        b->seen->settled = false;
    return rc;
}
