/* SPDX-License-Identifier: MIT */
#include "mime/guard.h"

#include <stdlib.h>

#include "mime/guard_tree.h"
#include "base/banned.h"

enum { LINE_MAX_HELD = GUARD_NAME_MAX > GUARD_BOUNDARY_MAX ? GUARD_NAME_MAX : GUARD_BOUNDARY_MAX };

enum state {
    HEADER_LINE, /* at the begin of a header line that does not continue a field */
    FIELD,       /* in a field */
    FIELD_NEXT,  /* behind a line of it: a blank says that the next one goes on */
    SKIP,        /* in a line that means nothing */
    BODY_BEGIN,  /* at the begin of a line behind a header or a boundary */
    BODY,        /* in content */
    BODY_EOL     /* at a line end that belongs to a boundary if one comes behind it */
};

struct guard_reader {
    struct guard_tree tree;
    bool begun;
    enum state state;
    size_t pos;            /* bytes of the message that were taken */
    char before[2];        /* the last two of them */
    struct buf held, work; /* what came and could not be taken yet; the same with what came then */
    size_t header, fields; /* where the header at hand begins; how many it had */
    struct guard_field field; /* at hand; name empty: none of ours */
    size_t value_n;           /* bytes of its value, with those that are not kept */
    struct buf name, value;   /* of a field that came in several pieces */
};

struct guard_reader *guard_reader_new(const struct guard_limits *limits,
                                      const struct guard_sink *sink)
{
    struct guard_reader *r = xcalloc(1, sizeof *r);
    guard_tree_init(&r->tree, limits, sink);
    buf_init(&r->held, 2 * LINE_MAX_HELD);
    buf_init(&r->work, 2 * LINE_MAX_HELD);
    buf_init(&r->name, GUARD_NAME_MAX);
    buf_init(&r->value, GUARD_VALUE_MAX + 2);
    return r;
}

void guard_reader_free(struct guard_reader **rp)
{
    struct guard_reader *r = *rp;
    if (r == NULL)
        return;
    guard_tree_clear(&r->tree);
    buf_free(&r->held);
    buf_free(&r->work);
    buf_free(&r->name);
    buf_free(&r->value);
    free(r);
    *rp = NULL;
}

bool guard_reader_over(const struct guard_reader *r)
{
    return r->tree.over;
}

static struct str take(struct guard_reader *r, struct str *in, size_t n)
{
    struct str taken = str_head(*in, n);
    if (n > 0) {
        r->before[0] = n > 1 ? in->p[n - 2] : r->before[1];
        r->before[1] = in->p[n - 1];
    }
    r->pos += n;
    *in = str_skip(*in, n);
    return taken;
}

static struct str chomp(struct str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* ---- header ---- */

static void header_begin(struct guard_reader *r)
{
    bool header = guard_tree_open(&r->tree, r->pos);
    r->header = r->pos;
    r->fields = 0;
    r->state = header ? HEADER_LINE : BODY_BEGIN;
}

static void header_end(struct guard_reader *r)
{
    if (guard_tree_header_end(&r->tree, r->pos))
        header_begin(r);
    else
        r->state = BODY_BEGIN;
}

/* Length of a field's name with its colon, 0 if the line begins no field. Blanks before the colon
 * are RFC 5322 §4.5's obsolete form. */
static size_t field_name(struct str line, struct str *name)
{
    size_t i = 0;
    while (i < line.n && line.p[i] > 32 && line.p[i] < 127 && line.p[i] != ':')
        i++;
    *name = str_head(line, i);
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return name->n > 0 && i < line.n && line.p[i] == ':' ? i + 1 : 0;
}

/* More of the value: a view as long as it came in one piece. */
static void value_add(struct guard_reader *r, struct str s)
{
    struct str *v = &r->field.value;
    r->value_n += s.n;
    if (v->n == 0 && r->value.len == 0)
        *v = s;
    else if (r->value.len == 0 && v->p + v->n == s.p)
        v->n += s.n;
    else {
        buf_add_str(&r->value, str_head(s, r->value.max - r->value.len));
        *v = buf_str(&r->value);
    }
}

/* What is kept of a field points into bytes that go. */
static void field_own(struct guard_reader *r)
{
    struct guard_field *f = &r->field;
    if (f->name.n > 0 && r->name.len == 0) {
        buf_add_str(&r->name, f->name);
        f->name = buf_str(&r->name);
    }
    if (f->value.n > 0 && r->value.len == 0) {
        buf_add_str(&r->value, str_head(f->value, r->value.max));
        f->value = buf_str(&r->value);
    }
}

static void field_begin(struct guard_reader *r, struct str name)
{
    r->field = (struct guard_field){ .name = name };
    r->value_n = 0;
    buf_clear(&r->name);
    buf_clear(&r->value);
    r->state = FIELD;
}

static void field_end(struct guard_reader *r)
{
    const struct guard_limits *limits = r->tree.limits;
    struct guard_field *f = &r->field;
    r->state = HEADER_LINE;
    if (f->name.n == 0)
        return;
    if (++r->fields > limits->fields || r->pos - r->header > limits->header_bytes) {
        r->tree.over = true;
        return;
    }
    f->cut = r->value_n > GUARD_VALUE_MAX + 2;
    if (!f->cut)
        f->value = chomp(f->value);
    f->cut |= f->value.n > GUARD_VALUE_MAX;
    f->value = str_head(f->value, GUARD_VALUE_MAX);
    guard_tree_field(&r->tree, f);
    if (r->value.len > 0)
        guard_tree_own(&r->tree);
}

/* A line that is no field ends the header as an empty line does (or is skipped, with blank_ends), but
 * stays: so what was typed without an empty line is the body (as sendmail has it). */
static bool header_line(struct guard_reader *r, struct str *in, bool last)
{
    struct str near = str_head(*in, LINE_MAX_HELD), name;
    size_t lf = str_find(near, '\n');
    bool close, whole = lf < near.n || (last && near.n == in->n);
    if (!whole && near.n < LINE_MAX_HELD)
        return false;
    struct str line = str_head(near, lf + 1);
    bool empty = whole && chomp(line).n == 0;
    if (empty || guard_tree_boundary(&r->tree, chomp(line), &close) < r->tree.stack_n) {
        take(r, in, empty ? line.n : 0);
        header_end(r);
        return true;
    }
    size_t colon = field_name(line, &name);
    if (colon > 0) {
        take(r, in, colon);
        field_begin(r, name);
    } else if (r->pos == 0 && (str_starts(line, "From ") || str_starts(line, ">From ")))
        r->state = SKIP; /* the separator of an mbox file */
    else if (r->tree.limits->blank_ends)
        field_begin(r, str_head(line, 0));
    else
        header_end(r);
    return true;
}

/* With the lines it is folded over (RFC 5322 §2.2.3). */
static void field_line(struct guard_reader *r, struct str *in)
{
    size_t lf = str_find(*in, '\n');
    bool ended = lf < in->n;
    value_add(r, take(r, in, lf + ended));
    if (ended)
        r->state = FIELD_NEXT;
}

static void field_next(struct guard_reader *r, struct str *in)
{
    if (in->p[0] == ' ' || in->p[0] == '\t')
        r->state = FIELD;
    else
        field_end(r);
}

static void skip_line(struct guard_reader *r, struct str *in)
{
    size_t lf = str_find(*in, '\n');
    bool ended = lf < in->n;
    take(r, in, lf + ended);
    if (ended)
        r->state = HEADER_LINE;
}

/* ---- content ---- */

static void content(struct guard_reader *r, struct str *in, size_t n)
{
    struct str bytes = take(r, in, n);
    if (bytes.n > 0 && guard_tree_wants(&r->tree))
        r->tree.sink.content(r->tree.sink.arg, bytes);
}

/* Bytes at the end of s that may be the begin of a line end with a boundary behind it. */
static size_t tail(struct str s)
{
    size_t n = 0;
    if (n < s.n && s.p[s.n - 1] == '-')
        n++;
    if (n < s.n && s.p[s.n - n - 1] == '\n')
        n++;
    else if (n > 0)
        return 0;
    if (n < s.n && s.p[s.n - n - 1] == '\r')
        n++;
    return n;
}

/* The next line end that has "--" behind it; s.n if none. Lines are short, so that this is faster than a
 * search for all three. */
static size_t find_dashes(struct str s)
{
    for (size_t at = 0; at < s.n; at++) {
        at += str_find(str_skip(s, at), '\n');
        if (s.n - at > 2 && s.p[at + 1] == '-' && s.p[at + 2] == '-')
            return at;
    }
    return s.n;
}

/* On to there. */
static bool body(struct guard_reader *r, struct str *in, bool last)
{
    if (r->tree.stack_n == 0 || r->tree.full) {
        content(r, in, in->n);
        return true;
    }
    size_t n = find_dashes(*in);
    bool found = n < in->n;
    if (found)
        n -= n > 0 && in->p[n - 1] == '\r';
    else if (!last)
        n -= tail(*in);
    content(r, in, n);
    if (found || in->n > 0)
        r->state = BODY_EOL;
    return true;
}

static void boundary(struct guard_reader *r, struct str *in, struct str line, size_t level,
                     bool close)
{
    /* The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1). */
    size_t eol = r->before[1] != '\n' ? 0 : r->before[0] != '\r' ? 1 : 2;
    guard_tree_separate(&r->tree, level, close, r->pos - (eol < r->pos ? eol : r->pos));
    take(r, in, line.n);
    if (close)
        r->state = BODY_BEGIN;
    else
        header_begin(r);
}

/* A line that may be a boundary, eol bytes behind the begin of *in. */
static bool body_line(struct guard_reader *r, struct str *in, size_t eol, bool last)
{
    struct str near = str_head(str_skip(*in, eol), LINE_MAX_HELD);
    bool close, begins = str_starts(near, "--");
    size_t lf = begins ? str_find(near, '\n') : 0;
    bool cut = near.n < LINE_MAX_HELD && !last;
    if (cut && (near.n < 2 ? near.n == 0 || near.p[0] == '-' : begins && lf == near.n))
        return false;
    struct str line = str_head(near, lf + 1);
    size_t level = begins ? guard_tree_boundary(&r->tree, chomp(line), &close) : r->tree.stack_n;
    if (level < r->tree.stack_n && !r->tree.full) {
        take(r, in, eol);
        boundary(r, in, line, level, close);
        return true;
    }
    content(r, in, eol);
    r->state = BODY;
    return true;
}

static bool body_eol(struct guard_reader *r, struct str *in, bool last)
{
    size_t eol = in->p[0] == '\r' ? 2 : 1;
    if (in->n < eol && !last)
        return false;
    if (in->p[0] == '\n' || (in->n > 1 && in->p[1] == '\n'))
        return body_line(r, in, eol, last);
    content(r, in, 1); /* a CR on its own */
    r->state = BODY;
    return true;
}

/* ---- pieces ---- */

/* One step; false when it needs more bytes than in has. */
static bool step(struct guard_reader *r, struct str *in, bool last)
{
    switch (r->state) {
    case HEADER_LINE:
        return header_line(r, in, last);
    case FIELD:
        field_line(r, in);
        return true;
    case FIELD_NEXT:
        field_next(r, in);
        return true;
    case SKIP:
        skip_line(r, in);
        return true;
    case BODY_BEGIN:
        return body_line(r, in, 0, last);
    case BODY:
        return body(r, in, last);
    case BODY_EOL:
        return body_eol(r, in, last);
    }
    return false;
}

/* Takes what can be taken; returns what is left. */
static struct str steps(struct guard_reader *r, struct str in, bool last)
{
    while (in.n > 0 && step(r, &in, last))
        ;
    if (!last) {
        field_own(r);
        guard_tree_own(&r->tree);
    }
    return in;
}

/* Takes what was held, with as much of *in as makes a line of it. */
static void held_take(struct guard_reader *r, struct str *in, bool last)
{
    struct str near = str_head(*in, 2 * LINE_MAX_HELD - r->held.len);
    size_t lf = str_find(near, '\n'), n = lf < near.n ? lf + 1 : near.n;
    buf_add(&r->held, near.p, n);
    struct buf both = r->held;
    r->held = r->work;
    r->work = both;
    buf_clear(&r->held);
    struct str left = steps(r, buf_str(&r->work), last && n == in->n);
    if (left.n <= n) { /* can be seen in the piece itself */
        *in = str_skip(*in, n - left.n);
        return;
    }
    *in = str_skip(*in, n);
    buf_add_str(&r->held, left);
}

static void end(struct guard_reader *r)
{
    while (r->state < BODY_BEGIN) {
        if (r->state == FIELD || r->state == FIELD_NEXT)
            field_end(r);
        header_end(r);
    }
    guard_tree_end(&r->tree, r->pos);
    r->begun = false;
}

static void begin(struct guard_reader *r)
{
    guard_tree_reset(&r->tree);
    r->begun = true;
    r->pos = 0;
    r->before[0] = r->before[1] = '\0';
    field_begin(r, (struct str){ NULL, 0 });
    header_begin(r);
}

void guard_reader_feed(struct guard_reader *r, struct str bytes, bool last)
{
    if (!r->begun)
        begin(r);
    while (r->held.len > 0 && (bytes.n > 0 || last))
        held_take(r, &bytes, last);
    struct str left = steps(r, bytes, last);
    buf_add_str(&r->held, left);
    if (last)
        end(r);
}

/* ---- all at once ---- */

struct whole {
    struct arena *a;
    struct guard *out;
    size_t fields_cap, parts_cap;
    size_t at[GUARD_DEPTH_MAX + 2]; /* the part of each depth that began last */
};

/* Twice the room for n objects of size bytes when there are as many as there is room for. */
static void *grown(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return old;
    size_t room = *cap == 0 ? 16 : *cap * 2;
    void *more = arena_array(a, room, size);
    if (n > 0)
        memcpy(more, old, n * size);
    *cap = room;
    return more;
}

static void on_field(void *arg, const struct guard_field *field)
{
    struct whole *w = arg;
    struct guard *g = w->out;
    g->fields = grown(w->a, g->fields, g->fields_n, &w->fields_cap, sizeof *g->fields);
    g->fields[g->fields_n++] = *field;
}

static void on_begin(void *arg, const struct guard_part *part)
{
    struct whole *w = arg;
    struct guard *g = w->out;
    g->parts = grown(w->a, g->parts, g->parts_n, &w->parts_cap, sizeof *g->parts);
    w->at[part->depth] = g->parts_n;
    g->parts[g->parts_n++] = *part;
}

static void on_content(void *arg, struct str bytes)
{
    (void)arg, (void)bytes;
}

static void on_end(void *arg, const struct guard_part *part)
{
    struct whole *w = arg;
    struct guard_part *p = &w->out->parts[w->at[part->depth]];
    p->kind = part->kind;
    p->end = part->end;
    p->unclosed = part->unclosed;
}

void guard_scan(struct arena *a, struct str raw, const struct guard_limits *limits,
                struct guard *out)
{
    struct whole w = { .a = a, .out = out };
    struct guard_sink sink = {
        .field = on_field, .begin = on_begin, .content = on_content, .end = on_end, .arg = &w
    };
    *out = (struct guard){ 0 };
    struct guard_reader *r = guard_reader_new(limits, &sink);
    guard_reader_feed(r, raw, true);
    out->over = guard_reader_over(r);
    guard_reader_free(&r);
}
