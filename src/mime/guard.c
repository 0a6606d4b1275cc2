/* SPDX-License-Identifier: MIT */
#include "mime/guard.h"

#include "base/banned.h"

const struct guard_limits guard_limits_default = {
    .header_bytes = 1u << 20,
    .fields = 2000,
    .parts = 4000, /* leaves room for uuencoded files below MIME_PARTS_MAX */
    .depth = 50,
};

enum { STRUCTURED_MAX = 8192 /* bytes of a Content-Type that are looked at */ };

/* A container that is open: its part and, for a multipart, its boundary. */
struct open {
    size_t part;
    struct str boundary;
    bool digest, started, closed;
};

struct scan {
    struct arena *a;
    struct str raw;
    const struct guard_limits *limits;
    struct guard *out;
    size_t pos;
    struct open stack[GUARD_DEPTH_MAX + 1];
    size_t stack_n;
    size_t leaf; /* the part whose content we are in; SIZE_MAX: between parts */
    size_t fields_cap, parts_cap;
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

/* The line at pos with its line end. */
static struct str line_at(const struct scan *s, size_t pos)
{
    struct str rest = str_skip(s->raw, pos);
    size_t n = str_find(rest, '\n');
    return str_head(rest, n < rest.n ? n + 1 : rest.n);
}

static struct str chomp(struct str line)
{
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
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

/* The skipper of one parameter value: a quoted string or a token (RFC 2045 §5.1). */
static struct str param_value(struct arena *a, struct str *in)
{
    struct str out = { NULL, 0 };
    if (in->n == 0 || in->p[0] != '"') {
        size_t i = 0;
        while (i < in->n && in->p[i] != ';' && !ascii_is_space(in->p[i]))
            i++;
        out = str_head(*in, i);
        *in = str_skip(*in, i);
        return out;
    }
    char *p = arena_alloc(a, in->n);
    size_t i = 1;
    for (; i < in->n && in->p[i] != '"'; i++) {
        if (in->p[i] == '\\' && i + 1 < in->n)
            i++;
        if (in->p[i] != '\r' && in->p[i] != '\n')
            p[out.n++] = in->p[i];
    }
    out.p = p;
    *in = str_skip(*in, i + 1);
    return out;
}

struct str guard_param(struct arena *a, struct str value, const char *name)
{
    struct str in = str_skip(value, str_find(value, ';'));
    while (in.n > 0) {
        size_t i = 0;
        while (in.n > 0 && (in.p[0] == ';' || ascii_is_space(in.p[0])))
            in = str_skip(in, 1);
        while (i < in.n && in.p[i] != '=' && in.p[i] != ';')
            i++;
        struct str key = str_trim(str_head(in, i));
        in = str_skip(in, i);
        if (in.n == 0 || in.p[0] != '=')
            continue;
        in = str_skip(in, 1);
        while (in.n > 0 && ascii_is_space(in.p[0]))
            in = str_skip(in, 1);
        struct str v = param_value(a, &in);
        if (str_ieqc(key, name))
            return v;
        in = str_skip(in, str_find(in, ';'));
    }
    return (struct str){ "", 0 };
}

/* "type/subtype" at the front of a Content-Type; empty when it is not that. */
static struct str type_of(struct str value)
{
    struct str v = str_trim(value);
    size_t i = 0, slash = 0;
    while (i < v.n && v.p[i] != ';' && v.p[i] != '(' && !ascii_is_space(v.p[i]))
        slash += v.p[i++] == '/';
    return slash == 1 ? str_head(v, i) : str_head(v, 0);
}

/* Keeps the fields that tell what a part is; the first of each name counts. */
static void part_field(struct guard_part *part, struct str name, struct str value)
{
    struct str *into = NULL;
    if (name.n < 10 || !str_istarts(name, "content-"))
        return;
    struct str rest = str_skip(name, 8);
    if (str_ieqc(rest, "type"))
        into = &part->content_type;
    else if (str_ieqc(rest, "transfer-encoding"))
        into = &part->encoding;
    else if (str_ieqc(rest, "disposition"))
        into = &part->disposition;
    else if (str_ieqc(rest, "id"))
        into = &part->id;
    if (into != NULL && into->p == NULL)
        *into = str_head(str_trim(value), STRUCTURED_MAX);
}

/* The open multipart whose boundary line this is, counted from the outside; stack_n if none.
 * *close: the last one (RFC 2046 §5.1.1: blanks may follow). */
static size_t boundary_of(const struct scan *s, struct str line, bool *close)
{
    if (line.n < 3 || line.p[0] != '-' || line.p[1] != '-')
        return s->stack_n;
    struct str text = str_skip(line, 2);
    while (text.n > 0 && ascii_is_space(text.p[text.n - 1]))
        text.n--;
    for (size_t i = s->stack_n; i-- > 0;) {
        struct str b = s->stack[i].boundary;
        if (b.n == 0 || text.n < b.n || memcmp(text.p, b.p, b.n) != 0)
            continue;
        struct str rest = str_skip(text, b.n);
        *close = str_eqc(rest, "--");
        if (rest.n == 0 || *close)
            return i;
    }
    return s->stack_n;
}

static void header_add(struct scan *s, struct guard_part *part, struct str name, struct str value)
{
    part_field(part, name, value);
    if (part->depth != 0)
        return;
    struct guard *g = s->out;
    g->fields = grown(s->a, g->fields, g->fields_n, &s->fields_cap, sizeof *g->fields);
    g->fields[g->fields_n++] = (struct guard_field){ name, value };
}

/* A field with the lines it is folded over (RFC 5322 §2.2.3). */
static struct str field_whole(const struct scan *s, size_t pos)
{
    size_t end = pos + line_at(s, pos).n;
    while (end < s->raw.n && (s->raw.p[end] == ' ' || s->raw.p[end] == '\t'))
        end += line_at(s, end).n;
    return (struct str){ s->raw.p + pos, end - pos };
}

/* The header block at pos; afterwards pos is at the content. A line that is no field ends the block
 * as an empty line does (or is skipped, with blank_ends), but stays: so what was typed without an empty line is the body (as
 * sendmail has it). */
static void read_header(struct scan *s, struct guard_part *part)
{
    size_t begin = s->pos, fields = 0;
    bool close;
    struct str name;
    while (s->pos < s->raw.n) {
        struct str line = line_at(s, s->pos);
        if (chomp(line).n == 0) {
            s->pos += line.n;
            return;
        }
        if (boundary_of(s, chomp(line), &close) < s->stack_n)
            return;
        size_t colon = field_name(line, &name);
        if (colon == 0 && s->pos == 0 &&
            (str_starts(line, "From ") || str_starts(line, ">From "))) {
            s->pos += line.n; /* the separator of an mbox file */
            continue;
        }
        if (colon == 0 && !s->limits->blank_ends)
            return;
        struct str field = field_whole(s, s->pos);
        s->pos += field.n;
        if (colon == 0)
            continue;
        if (++fields > s->limits->fields || s->pos - begin > s->limits->header_bytes)
            s->out->over = true;
        else
            header_add(s, part, name, chomp(str_skip(field, colon)));
    }
}

static bool plain_encoding(struct str encoding)
{
    return !str_istarts(encoding, "base64") && !str_istarts(encoding, "quoted-printable");
}

/* What the part is, after its header. */
static enum guard_kind kind_of(struct scan *s, const struct guard_part *part, struct open *open)
{
    if (str_istarts(part->type, "multipart/")) {
        open->boundary = guard_param(s->a, part->content_type, "boundary");
        open->digest = str_ieqc(part->type, "multipart/digest");
        /* A boundary's trailing blanks are not part of it (RFC 2046 §5.1.1). */
        while (open->boundary.n > 0 && ascii_is_space(open->boundary.p[open->boundary.n - 1]))
            open->boundary.n--;
        return open->boundary.n > 0 ? GUARD_MULTIPART : GUARD_LEAF;
    }
    bool message = str_ieqc(part->type, "message/rfc822") ||
                   str_ieqc(part->type, "message/global") || (part->digest && part->type.n == 0);
    return message && plain_encoding(part->encoding) ? GUARD_MESSAGE : GUARD_LEAF;
}

static struct guard_part *part_new(struct scan *s)
{
    struct guard *g = s->out;
    g->parts = grown(s->a, g->parts, g->parts_n, &s->parts_cap, sizeof *g->parts);
    struct guard_part *part = &g->parts[g->parts_n++];
    *part =
        (struct guard_part){ .header = s->pos, .offset = s->pos, .depth = (unsigned)s->stack_n };
    part->digest = s->stack_n > 0 && s->stack[s->stack_n - 1].digest;
    return part;
}

/* Everything that is open from level on ends at end. */
static void close_parts(struct scan *s, size_t level, size_t end)
{
    struct guard_part *parts = s->out->parts;
    if (s->leaf != SIZE_MAX)
        parts[s->leaf].end = end > parts[s->leaf].offset ? end : parts[s->leaf].offset;
    s->leaf = SIZE_MAX;
    while (s->stack_n > level) {
        struct open *o = &s->stack[--s->stack_n];
        struct guard_part *part = &parts[o->part];
        part->end = end > part->offset ? end : part->offset;
        bool empty = part->offset == s->raw.n; /* a header on its own has no parts to miss */
        part->unclosed = part->kind == GUARD_MULTIPART && !empty && !o->closed;
        if (part->kind == GUARD_MULTIPART && !o->started && !empty)
            part->kind = GUARD_LEAF; /* better shown raw than not at all */
    }
}

/* Reads the part that begins at pos, and what an embedded message begins with. */
static void open_parts(struct scan *s)
{
    for (;;) {
        struct guard_part *part = part_new(s);
        struct open open = { .part = s->out->parts_n - 1 };
        if (s->out->parts_n == s->limits->parts) {
            s->out->over = part->opaque = true;
            close_parts(s, 0, s->raw.n); /* no boundary counts any more */
            s->leaf = open.part;
            return;
        }
        s->leaf = open.part;
        read_header(s, part);
        part->offset = s->pos;
        part->type = type_of(part->content_type);
        part->kind = kind_of(s, part, &open);
        part->unclosed = part->kind == GUARD_LEAF && str_istarts(part->type, "multipart/");
        if (part->kind == GUARD_LEAF)
            return;
        if (part->depth >= s->limits->depth || part->depth >= GUARD_DEPTH_MAX) {
            part->kind = GUARD_LEAF;
            s->out->over = part->opaque = true;
            return;
        }
        s->stack[s->stack_n++] = open;
        if (part->kind == GUARD_MULTIPART) {
            s->leaf = SIZE_MAX;
            return;
        }
    }
}

/* The next line of the content that is a boundary. False at the end of the message. */
static bool next_boundary(struct scan *s, size_t *line_start, size_t *level, bool *close)
{
    while (s->stack_n > 0 && s->pos < s->raw.n) {
        struct str rest = str_skip(s->raw, s->pos);
        if (!str_starts(rest, "--")) {
            size_t n = str_search(rest, STR("\n--"));
            if (n == rest.n)
                break;
            s->pos += n + 1;
        }
        struct str line = line_at(s, s->pos);
        *line_start = s->pos;
        s->pos += line.n;
        *level = boundary_of(s, chomp(line), close);
        if (*level < s->stack_n)
            return true;
        s->pos -= line.n > 0 && line.p[line.n - 1] == '\n'; /* its end may begin the next one */
    }
    return false;
}

/* The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1). */
static size_t content_end(struct str raw, size_t line_start)
{
    size_t end = line_start;
    if (end > 0 && raw.p[end - 1] == '\n')
        end--;
    if (end > 0 && end < line_start && raw.p[end - 1] == '\r')
        end--;
    return end;
}

void guard_scan(struct arena *a, struct str raw, const struct guard_limits *limits,
                struct guard *out)
{
    struct scan s = { .a = a, .raw = raw, .limits = limits, .out = out, .leaf = SIZE_MAX };
    size_t start, level;
    bool close;
    *out = (struct guard){ 0 };
    open_parts(&s);
    while (next_boundary(&s, &start, &level, &close)) {
        close_parts(&s, level + 1, content_end(raw, start));
        s.stack[level].started = true;
        if (!close)
            open_parts(&s);
        else { /* what follows is an epilogue, up to a boundary further out */
            s.stack[level].closed = true;
            s.stack[level].boundary.n = 0;
        }
    }
    close_parts(&s, 0, raw.n);
}
