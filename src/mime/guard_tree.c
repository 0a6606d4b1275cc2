/* SPDX-License-Identifier: MIT */
#include "mime/guard_tree.h"

#include "base/banned.h"

const struct guard_limits guard_limits_default = {
    .header_bytes = 1u << 20,
    .fields = 2000,
    .parts = 4000, /* leaves room for uuencoded files below MIME_PARTS_MAX */
    .depth = 50,
};

enum { STRUCTURED_MAX = 8192 /* bytes of a Content-Type that are looked at */ };

void guard_tree_init(struct guard_tree *t, const struct guard_limits *limits,
                     const struct guard_sink *sink)
{
    *t = (struct guard_tree){ .limits = limits, .sink = *sink };
    for (size_t i = 0; i < GUARD_PART_FIELDS; i++)
        buf_init(&t->own[i], STRUCTURED_MAX);
    for (size_t i = 0; i < COUNT(t->stack); i++)
        buf_init(&t->stack[i].boundary, STRUCTURED_MAX);
}

void guard_tree_reset(struct guard_tree *t)
{
    t->stack_n = t->parts_n = 0;
    t->in_leaf = t->full = t->over = false;
}

void guard_tree_clear(struct guard_tree *t)
{
    for (size_t i = 0; i < GUARD_PART_FIELDS; i++)
        buf_free(&t->own[i]);
    for (size_t i = 0; i < COUNT(t->stack); i++)
        buf_free(&t->stack[i].boundary);
}

/* ---- header ---- */

/* A parameter's value at the front of *in, raw: a quoted string or a token (RFC 2045 §5.1). */
static struct str param_raw(struct str *in)
{
    size_t i = 0;
    if (in->n == 0 || in->p[0] != '"')
        while (i < in->n && in->p[i] != ';' && !ascii_is_space(in->p[i]))
            i++;
    else {
        for (i = 1; i < in->n && in->p[i] != '"'; i++)
            if (in->p[i] == '\\' && i + 1 < in->n)
                i++;
        i += i < in->n;
    }
    struct str raw = str_head(*in, i);
    *in = str_skip(*in, i);
    return raw;
}

/* What a quoted string means; out has room for raw.n bytes. Returns how many it gets. */
static size_t unquote(struct str raw, char *out)
{
    size_t n = 0;
    for (size_t i = 1; i < raw.n && raw.p[i] != '"'; i++) {
        if (raw.p[i] == '\\' && i + 1 < raw.n)
            i++;
        if (raw.p[i] != '\r' && raw.p[i] != '\n')
            out[n++] = raw.p[i];
    }
    return n;
}

static struct str param_find(struct str value, const char *name)
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
        struct str raw = param_raw(&in);
        if (str_ieqc(key, name))
            return raw;
        in = str_skip(in, str_find(in, ';'));
    }
    return (struct str){ "", 0 };
}

struct str guard_param(struct arena *a, struct str value, const char *name)
{
    struct str raw = param_find(value, name);
    if (!str_starts(raw, "\""))
        return raw;
    char *p = arena_alloc(a, raw.n);
    return (struct str){ p, unquote(raw, p) };
}

/* A boundary's trailing blanks are not part of it (RFC 2046 §5.1.1). */
static void put_boundary(struct str content_type, struct buf *out)
{
    struct str raw = param_find(content_type, "boundary");
    buf_clear(out);
    if (!str_starts(raw, "\""))
        buf_add_str(out, raw);
    else
        buf_grown(out, unquote(raw, buf_room(out, raw.n)));
    while (out->len > 0 && ascii_is_space(out->data[out->len - 1]))
        buf_truncate(out, out->len - 1);
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

/* The fields that tell what a part is. */
static struct str *part_field(struct guard_part *part, size_t i)
{
    struct str *const all[GUARD_PART_FIELDS] = { &part->content_type, &part->encoding,
                                                 &part->disposition, &part->id };
    return all[i];
}

/* The first of each name counts. */
static void keep(struct guard_part *part, const struct guard_field *field)
{
    static const char *const names[GUARD_PART_FIELDS] = { "type", "transfer-encoding",
                                                          "disposition", "id" };
    if (field->name.n < 10 || !str_istarts(field->name, "content-"))
        return;
    for (size_t i = 0; i < GUARD_PART_FIELDS; i++) {
        struct str *into = part_field(part, i);
        if (into->p == NULL && str_ieqc(str_skip(field->name, 8), names[i]))
            *into = str_head(str_trim(field->value), STRUCTURED_MAX);
    }
}

void guard_tree_field(struct guard_tree *t, const struct guard_field *field)
{
    keep(&t->part, field);
    if (t->part.depth == 0)
        t->sink.field(t->sink.arg, field);
}

void guard_tree_own(struct guard_tree *t)
{
    for (size_t i = 0; i < GUARD_PART_FIELDS; i++) {
        struct str *s = part_field(&t->part, i);
        if (s->n == 0 || s->p == t->own[i].data)
            continue;
        buf_clear(&t->own[i]);
        buf_add_str(&t->own[i], *s);
        *s = buf_str(&t->own[i]);
    }
}

/* ---- parts ---- */

bool guard_tree_open(struct guard_tree *t, size_t pos)
{
    t->part = (struct guard_part){ .header = pos, .offset = pos, .depth = (unsigned)t->stack_n };
    t->part.digest = t->stack_n > 0 && t->stack[t->stack_n - 1].digest;
    t->full = ++t->parts_n == t->limits->parts;
    if (!t->full)
        return true;
    t->over = t->part.opaque = t->in_leaf = true;
    t->sink.begin(t->sink.arg, &t->part);
    return false;
}

static bool plain_encoding(struct str encoding)
{
    return !str_istarts(encoding, "base64") && !str_istarts(encoding, "quoted-printable");
}

/* What the part is, after its header. */
static enum guard_kind kind_of(const struct guard_part *part, struct guard_open *open)
{
    if (str_istarts(part->type, "multipart/")) {
        put_boundary(part->content_type, &open->boundary);
        return open->boundary.len > 0 ? GUARD_MULTIPART : GUARD_LEAF;
    }
    bool message = str_ieqc(part->type, "message/rfc822") ||
                   str_ieqc(part->type, "message/global") || (part->digest && part->type.n == 0);
    return message && plain_encoding(part->encoding) ? GUARD_MESSAGE : GUARD_LEAF;
}

static void forget_strings(struct guard_part *part)
{
    for (size_t i = 0; i < GUARD_PART_FIELDS; i++)
        *part_field(part, i) = (struct str){ NULL, 0 };
    part->type = (struct str){ NULL, 0 };
}

bool guard_tree_header_end(struct guard_tree *t, size_t pos)
{
    struct guard_part *part = &t->part;
    struct guard_open *open = &t->stack[t->stack_n]; /* there is one more than may be open */
    part->offset = pos;
    part->type = type_of(part->content_type);
    buf_clear(&open->boundary);
    part->kind = kind_of(part, open);
    part->unclosed = part->kind == GUARD_LEAF && str_istarts(part->type, "multipart/");
    if (part->kind != GUARD_LEAF &&
        (part->depth >= t->limits->depth || part->depth >= GUARD_DEPTH_MAX)) {
        part->kind = GUARD_LEAF;
        t->over = part->opaque = true;
    }
    bool digest = str_ieqc(part->type, "multipart/digest");
    t->sink.begin(t->sink.arg, part);
    forget_strings(part);
    t->in_leaf = part->kind == GUARD_LEAF;
    if (t->in_leaf)
        return false;
    open->part = *part;
    open->digest = digest;
    open->started = open->closed = false;
    t->stack_n++;
    return part->kind == GUARD_MESSAGE;
}

/* RFC 2046 §5.1.1: blanks may follow. */
size_t guard_tree_boundary(const struct guard_tree *t, struct str line, bool *close)
{
    if (line.n < 3 || line.n > GUARD_BOUNDARY_MAX || line.p[0] != '-' || line.p[1] != '-')
        return t->stack_n;
    struct str text = str_skip(line, 2);
    while (text.n > 0 && ascii_is_space(text.p[text.n - 1]))
        text.n--;
    for (size_t i = t->stack_n; i-- > 0;) {
        struct str b = buf_str(&t->stack[i].boundary);
        if (b.n == 0 || text.n < b.n || memcmp(text.p, b.p, b.n) != 0)
            continue;
        struct str rest = str_skip(text, b.n);
        *close = str_eqc(rest, "--");
        if (rest.n == 0 || *close)
            return i;
    }
    return t->stack_n;
}

static void part_end(struct guard_tree *t, struct guard_part *part, size_t end)
{
    part->end = end > part->offset ? end : part->offset;
    t->sink.end(t->sink.arg, part);
}

/* Everything that is open from level on ends at end. last: so does the message. */
static void close_from(struct guard_tree *t, size_t level, size_t end, bool last)
{
    if (t->in_leaf)
        part_end(t, &t->part, end);
    t->in_leaf = false;
    while (t->stack_n > level) {
        struct guard_open *o = &t->stack[--t->stack_n];
        if (o->part.kind == GUARD_MULTIPART) {
            /* a header on its own has no parts to miss */
            bool empty = last && o->part.offset == end;
            o->part.unclosed = !empty && !o->closed;
            if (!o->started && !empty)
                o->part.kind = GUARD_LEAF; /* better shown raw than not at all */
        }
        part_end(t, &o->part, end);
    }
}

void guard_tree_separate(struct guard_tree *t, size_t level, bool close, size_t end)
{
    close_from(t, level + 1, end, false);
    struct guard_open *o = &t->stack[level];
    o->started = true;
    if (close) { /* what follows is an epilogue, up to a boundary further out */
        o->closed = true;
        buf_clear(&o->boundary);
    }
}

bool guard_tree_wants(const struct guard_tree *t)
{
    if (t->in_leaf || t->stack_n == 0)
        return t->in_leaf;
    const struct guard_open *o = &t->stack[t->stack_n - 1];
    return o->part.kind == GUARD_MULTIPART && !o->started;
}

void guard_tree_end(struct guard_tree *t, size_t end)
{
    close_from(t, 0, end, true);
}
