/* SPDX-License-Identifier: MIT */
#include "server/bodystructure.h"

#include <inttypes.h>

#include "server/envelope.h"
#include "server/limits.h"
#include "wire/imap_cmd.h"
#include "base/banned.h"

enum { FIELD_MAX = 64 << 10, PARAMS_MAX = 16 << 10 };

struct out {
    struct section_src *src;
    bool extended, global;
    struct buf *b;
};

static struct str part_header(const struct out *o, const struct guard_part *p)
{
    return str_skip(str_head(o->src->message, p->offset), p->header);
}

static struct str part_content(const struct out *o, const struct guard_part *p)
{
    return str_skip(str_head(o->src->message, p->end), p->offset);
}

/* ---- structured fields (RFC 2045 §5.1, RFC 2183 §2) ---- */

/* Blanks, line ends and comments, which may be nested (RFC 5322 §3.2.2). */
static void blanks_skip(struct str *in)
{
    size_t depth = 0;
    size_t i = 0;
    for (; i < in->n && (depth > 0 || in->p[i] == '(' || ascii_is_space(in->p[i])); i++) {
        if (in->p[i] == '(')
            depth++;
        else if (in->p[i] == ')')
            depth--;
        else if (in->p[i] == '\\' && depth > 0)
            i++;
    }
    *in = str_skip(*in, i);
}

static struct str token_take(struct str *in)
{
    size_t i = 0;
    while (i < in->n && !ascii_is_space(in->p[i]) && memchr(";=(\"", in->p[i], 4) == NULL)
        i++;
    struct str token = str_head(*in, i);
    *in = str_skip(*in, i);
    return token;
}

static void quoted_take(struct str *in, struct buf *out)
{
    size_t i = 1;
    for (; i < in->n && in->p[i] != '"'; i++) {
        if (in->p[i] == '\\' && i + 1 < in->n)
            i++;
        if (in->p[i] != '\r' && in->p[i] != '\n')
            buf_addc(out, in->p[i]);
    }
    *in = str_skip(*in, i + 1);
}

/* Blanks and brackets in a value without quotes are a mistake that is made often; a blank and a
 * bracket are a comment. */
static struct str bare_value(struct str in)
{
    in = str_head(in, str_find(in, ';'));
    return str_trim(str_head(in, str_search(in, STR(" ("))));
}

/* One name with its value; false at the end. *in stands behind the main value or a parameter. */
static bool param_take(struct str *in, struct str *name, struct buf *value)
{
    while (in->n > 0) {
        *in = str_skip(*in, str_find(*in, ';') + 1);
        buf_clear(value);
        blanks_skip(in);
        *name = token_take(in);
        blanks_skip(in);
        if (name->n == 0 || str_lit(in, "=") != 0)
            continue;
        blanks_skip(in);
        if (str_starts(*in, "\""))
            quoted_take(in, value);
        else
            buf_add_str(value, bare_value(*in));
        return true;
    }
    return false;
}

/* "(name value ...)" or NIL. text: with the charset that a text has that names none (RFC 2046
 * §4.1.2). */
static void put_params(struct str field, bool text, struct buf *out)
{
    struct str name;
    struct buf value = BUF_INIT(PARAMS_MAX);
    bool any = false;
    while (param_take(&field, &name, &value)) {
        text = text && !str_ieqc(name, "charset");
        buf_addc(out, any ? ' ' : '(');
        wire_put_string(out, name);
        buf_addc(out, ' ');
        wire_put_string(out, buf_str(&value));
        any = true;
    }
    if (text)
        buf_addf(out, "%s\"charset\" \"us-ascii\"", any ? " " : "(");
    buf_adds(out, any || text ? ")" : "NIL");
    buf_free(&value);
}

/* The first word of a field: what stands before its parameters. */
static struct str main_value(struct str field)
{
    blanks_skip(&field);
    return token_take(&field);
}

/* ---- fields of a part ---- */

static void put_field(const struct out *o, const struct guard_part *p, const char *name)
{
    struct buf value = BUF_INIT(FIELD_MAX);
    buf_addc(o->b, ' ');
    if (section_field(part_header(o, p), name, &value) && str_trim(buf_str(&value)).n > 0)
        wire_put_string(o->b, str_trim(buf_str(&value)));
    else
        buf_adds(o->b, "NIL");
    buf_free(&value);
}

/* body-fld-dsp: ("attachment" (params)) */
static void put_disposition(const struct out *o, const struct guard_part *p)
{
    struct str kind = main_value(p->disposition);
    buf_addc(o->b, ' ');
    if (kind.n == 0) {
        buf_adds(o->b, "NIL");
        return;
    }
    buf_addc(o->b, '(');
    wire_put_string(o->b, kind);
    buf_addc(o->b, ' ');
    put_params(p->disposition, false, o->b);
    buf_addc(o->b, ')');
}

/* body-fld-lang: ("en" "de") */
static void put_language(const struct out *o, const struct guard_part *p)
{
    struct buf value = BUF_INIT(FIELD_MAX);
    bool any = false;
    section_field(part_header(o, p), "Content-Language", &value);
    struct str rest = buf_str(&value);
    buf_addc(o->b, ' ');
    while (rest.n > 0) {
        struct str tag = str_head(rest, str_find(rest, ','));
        rest = str_skip(rest, tag.n + 1);
        blanks_skip(&tag);
        tag = token_take(&tag);
        if (tag.n == 0)
            continue;
        buf_addc(o->b, any ? ' ' : '(');
        wire_put_string(o->b, tag);
        any = true;
    }
    buf_adds(o->b, any ? ")" : "NIL");
    buf_free(&value);
}

/* The extension data that all parts end with. */
static void put_extension(const struct out *o, const struct guard_part *p)
{
    if (!o->extended)
        return;
    put_disposition(o, p);
    put_language(o, p);
    put_field(o, p, "Content-Location");
}

static void put_encoding(const struct out *o, const struct guard_part *p)
{
    struct str word = main_value(p->encoding);
    buf_addc(o->b, ' ');
    wire_put_string(o->b, word.n > 0 ? word : STR("7bit"));
}

static size_t lines_n(struct str s)
{
    size_t n = 0;
    for (size_t at; (at = str_find(s, '\n')) < s.n; s = str_skip(s, at + 1))
        n++;
    return n;
}

/* ---- parts ---- */

struct media {
    struct str type, subtype;
    bool text, opaque; /* opaque: not what it says, since it was not looked into */
};

/* What a part is for the client. Whatever the grammar gives a shape of its own to must have it: a
 * multipart in which no boundary was found is shown as text, a message that was not looked into as
 * bytes (RFC 2045 §5.2: what cannot be read is text). */
static struct media media_of(const struct guard_part *p)
{
    struct str type = main_value(p->content_type);
    size_t slash = str_find(type, '/');
    struct media m = { .type = str_head(type, slash), .subtype = str_skip(type, slash + 1) };
    m.opaque = p->opaque || (p->kind == GUARD_LEAF && (str_ieqc(type, "message/rfc822") ||
                                                       str_ieqc(type, "message/global")));
    if (p->kind == GUARD_MESSAGE && m.subtype.n == 0)
        m = (struct media){ .type = STR("message"), .subtype = STR("rfc822") };
    else if (m.opaque)
        m = (struct media){ STR("application"), STR("octet-stream"), false, true };
    else if (m.type.n == 0 || m.subtype.n == 0 ||
             (p->kind == GUARD_LEAF && str_ieqc(m.type, "multipart")))
        m = (struct media){ .type = STR("text"), .subtype = STR("plain") };
    m.text = str_ieqc(m.type, "text");
    return m;
}

/* body-fields of what is no multipart, up to its size. */
static void put_fields(const struct out *o, const struct guard_part *p, const struct media *m)
{
    buf_addc(o->b, '(');
    wire_put_string(o->b, m->type);
    buf_addc(o->b, ' ');
    wire_put_string(o->b, m->subtype);
    buf_addc(o->b, ' ');
    put_params(m->opaque ? STR("") : p->content_type, m->text, o->b);
    put_field(o, p, "Content-ID");
    put_field(o, p, "Content-Description");
    put_encoding(o, p);
    buf_addf(o->b, " %zu", p->end - p->offset);
}

static void put_leaf(const struct out *o, const struct guard_part *p)
{
    struct media m = media_of(p);
    put_fields(o, p, &m);
    if (m.text)
        buf_addf(o->b, " %zu", lines_n(part_content(o, p)));
    if (o->extended)
        put_field(o, p, "Content-MD5");
    put_extension(o, p);
    buf_addc(o->b, ')');
}

static void open_message(const struct out *o, size_t part)
{
    const struct guard *g = &o->src->guard;
    struct media m = media_of(&g->parts[part]);
    put_fields(o, &g->parts[part], &m);
    buf_addc(o->b, ' ');
    envelope_put(part_header(o, &g->parts[part + 1]), o->b);
    buf_addc(o->b, ' ');
}

static void close_part(const struct out *o, size_t part)
{
    const struct guard *g = &o->src->guard;
    const struct guard_part *p = &g->parts[part];
    if (p->kind == GUARD_MESSAGE) {
        buf_addf(o->b, " %zu", lines_n(part_content(o, p)));
        if (o->extended)
            put_field(o, p, "Content-MD5");
        put_extension(o, p);
        buf_addc(o->b, ')');
        return;
    }
    struct media m = media_of(p);
    bool empty = part + 1 == g->parts_n || g->parts[part + 1].depth <= p->depth;
    if (empty) /* the grammar wants one */
        buf_adds(o->b, o->extended ? "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
                                   : "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)");
    buf_addc(o->b, ' ');
    wire_put_string(o->b, m.subtype.n > 0 ? m.subtype : STR("mixed"));
    if (o->extended) {
        buf_addc(o->b, ' ');
        put_params(p->content_type, false, o->b);
    }
    put_extension(o, p);
    buf_addc(o->b, ')');
}

static void put_all(const struct out *o)
{
    const struct guard *g = section_parts(o->src);
    size_t open[GUARD_DEPTH_MAX + 1]; /* containers, the outermost first */
    size_t open_n = 0;
    for (size_t i = 0; i < g->parts_n && !o->b->over; i++) {
        const struct guard_part *p = &g->parts[i];
        while (open_n > p->depth)
            close_part(o, open[--open_n]);
        bool basic = p->kind == GUARD_MESSAGE && !o->global &&
                     str_ieqc(main_value(p->content_type), "message/global");
        if (p->kind == GUARD_LEAF || basic || (p->kind == GUARD_MESSAGE && i + 1 == g->parts_n)) {
            put_leaf(o, p);
            while (i + 1 < g->parts_n && g->parts[i + 1].depth > p->depth)
                i++;
            continue;
        }
        open[open_n++] = i;
        if (p->kind == GUARD_MULTIPART)
            buf_addc(o->b, '(');
        else
            open_message(o, i);
    }
    while (open_n > 0)
        close_part(o, open[--open_n]);
}

void bodystructure_put(struct section_src *src, unsigned how, struct buf *out)
{
    struct buf made = BUF_INIT(IMAP_STRUCTURE_MAX);
    const struct out o = { src, (how & STRUCTURE_EXTENDED) != 0, (how & STRUCTURE_GLOBAL) != 0,
                           &made };
    put_all(&o);
    if (made.over)
        buf_addf(out, "(\"application\" \"octet-stream\" NIL NIL NIL \"binary\" %zu%s)",
                 src->message.n - src->guard.parts[0].offset, o.extended ? " NIL NIL NIL NIL" : "");
    else
        buf_add_str(out, buf_str(&made));
    buf_free(&made);
}
