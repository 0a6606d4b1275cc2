/* SPDX-License-Identifier: MIT */
#include "server/section.h"

#include "mime/codec.h"
#include "server/limits.h"
#include "base/banned.h"

static const struct {
    const char *name;
    enum section_kind kind;
    bool peek;
} plain_items[] = {
    { "FLAGS", SECTION_FLAGS, true },
    { "UID", SECTION_UID, true },
    { "INTERNALDATE", SECTION_DATE, true },
    { "RFC822.SIZE", SECTION_SIZE, true },
    { "MODSEQ", SECTION_MODSEQ, true },
    { "ENVELOPE", SECTION_ENVELOPE, true },
    { "RFC822", SECTION_ALL, false },
    { "RFC822.HEADER", SECTION_HEADER, true },
    { "RFC822.TEXT", SECTION_TEXT, false },
    { "BODY", SECTION_BODY, true },
    { "BODYSTRUCTURE", SECTION_BODYSTRUCTURE, true },
};
/* What begins an item with a section. */
static const struct {
    const char *head;
    enum section_kind kind; /* of a section without a word */
    bool peek;
} bracket_items[] = {
    { "BODY.PEEK[", SECTION_ALL, true },      { "BODY[", SECTION_ALL, false },
    { "BINARY.PEEK[", SECTION_BINARY, true }, { "BINARY.SIZE[", SECTION_BINARY_SIZE, true },
    { "BINARY[", SECTION_BINARY, false },
};

static int fields_read(struct str in, struct section *out)
{
    if (str_ilit(&in, "HEADER.FIELDS.NOT") == 0)
        out->kind = SECTION_FIELDS_NOT;
    else if (str_ilit(&in, "HEADER.FIELDS") == 0)
        out->kind = SECTION_FIELDS;
    else
        return -1;
    in = str_trim(in);
    if (str_lit(&in, "(") != 0 || in.n == 0 || in.p[in.n - 1] != ')')
        return -1;
    out->fields = str_head(in, in.n - 1);
    return str_trim(out->fields).n > 0 ? 0 : -1;
}

/* "1.2.3" and a dot where more follows (RFC 3501 §9, section-part). */
static int path_read(struct str *in, struct section *out)
{
    while (in->n > 0 && ascii_is_digit(in->p[0])) {
        if (out->path_n == SECTION_PATH || in->p[0] == '0' ||
            str_u32(in, &out->path[out->path_n]) != 0)
            return -1;
        out->path_n++;
        if (in->n == 0)
            return 0;
        if (str_lit(in, ".") != 0 || in->n == 0)
            return -1;
    }
    return 0;
}

static int bracket_read(struct str in, struct section *out)
{
    if (path_read(&in, out) != 0)
        return -1;
    if (in.n == 0)
        return 0;
    if (out->kind != SECTION_ALL)
        return -1; /* BINARY knows parts alone */
    if (str_ieqc(in, "HEADER"))
        out->kind = SECTION_HEADER;
    else if (str_ieqc(in, "TEXT"))
        out->kind = SECTION_TEXT;
    else if (str_ieqc(in, "MIME") && out->path_n > 0)
        out->kind = SECTION_MIME;
    else
        return fields_read(in, out);
    return 0;
}

static int partial_read(struct str in, struct section *out)
{
    if (in.n == 0)
        return 0;
    out->partial = true;
    return str_lit(&in, "<") || str_u32(&in, &out->offset) || str_lit(&in, ".") ||
                   str_u32(&in, &out->count) || str_lit(&in, ">") || in.n != 0 || out->count == 0
               ? -1
               : 0;
}

/* The section up to its bracket, which may stand in a quoted field name too. */
static int inner_take(struct str *in, struct str *inner)
{
    bool quoted = false;
    for (size_t i = 0; i < in->n; i++) {
        quoted = quoted != (in->p[i] == '"');
        if (in->p[i] != ']' || quoted)
            continue;
        *inner = str_head(*in, i);
        *in = str_skip(*in, i + 1);
        return 0;
    }
    return -1;
}

int section_read(struct str item, struct section *out)
{
    *out = (struct section){ .name = item };
    for (size_t i = 0; i < COUNT(plain_items); i++)
        if (str_ieqc(item, plain_items[i].name)) {
            out->kind = plain_items[i].kind;
            out->peek = plain_items[i].peek;
            return 0;
        }
    struct str in = item;
    struct str inner;
    size_t k = 0;
    while (k < COUNT(bracket_items) && str_ilit(&in, bracket_items[k].head) != 0)
        k++;
    if (k == COUNT(bracket_items))
        return -1;
    out->kind = bracket_items[k].kind;
    out->peek = bracket_items[k].peek;
    out->body = true;
    out->name = in;
    if (inner_take(&in, &inner) != 0 || bracket_read(inner, out) != 0)
        return -1;
    out->name.n = inner.n;
    if (out->kind == SECTION_BINARY_SIZE)
        return in.n == 0 ? 0 : -1;
    return partial_read(in, out);
}

bool section_is_header(const struct section *s)
{
    return s->kind < SECTION_ALL && (s->kind < SECTION_HEADER || s->path_n == 0);
}

void section_ceiling(struct buf *message)
{
    struct str s = buf_str(message);
    if (message->max == SERVER_HEADER_MAX && !message->over &&
        (str_starts(s, "\n") || str_starts(s, "\r\n") || str_search(s, STR("\n\n")) < s.n ||
         str_search(s, STR("\n\r\n")) < s.n))
        message->max = SERVER_MESSAGE_MAX;
}

void section_split(struct str message, struct str *header, struct str *text)
{
    struct str rest = message;
    struct str line;
    while (str_line(&rest, &line))
        if (line.n == 0)
            break;
    *header = str_head(message, message.n - rest.n);
    *text = rest;
}

static bool named(struct str fields, struct str line)
{
    struct str word;
    struct str name = str_trim(str_head(line, str_find(line, ':')));
    while (str_word(&fields, &word)) {
        if (word.n >= 2 && word.p[0] == '"')
            word = (struct str){ word.p + 1, word.n - 2 };
        if (str_ieq(word, name))
            return true;
    }
    return false;
}

/* The empty line is there where the header has it: a message may be its header alone (RFC 3501
 * §6.4.5). */
static void add_fields(const struct section *s, struct str header, struct buf *out)
{
    struct str rest = header;
    struct str line;
    bool take = false;
    while (str_line(&rest, &line)) {
        if (line.n == 0)
            take = true;
        else if (line.p[0] != ' ' && line.p[0] != '\t')
            take = named(s->fields, line) == (s->kind == SECTION_FIELDS);
        if (!take)
            continue;
        buf_add_str(out, line);
        buf_adds(out, "\r\n");
        if (line.n == 0)
            break;
    }
}

/* ---- parts ---- */

void section_src_init(struct section_src *src, struct str message)
{
    *src = (struct section_src){ .message = message };
}

void section_src_clear(struct section_src *src)
{
    arena_free(&src->arena);
}

const struct guard *section_parts(struct section_src *src)
{
    static const struct guard_limits limits = { .header_bytes = SERVER_HEADER_MAX,
                                                .fields = IMAP_PART_FIELDS,
                                                .parts = IMAP_PARTS,
                                                .depth = IMAP_PART_DEPTH,
                                                .blank_ends = true };
    if (src->arena == NULL) {
        src->arena = arena_new(4096);
        guard_scan(src->arena, src->message, &limits, &src->guard);
    }
    return &src->guard;
}

/* The nth part right below a multipart, or parts_n. */
static size_t child(const struct guard *g, size_t of, uint32_t n)
{
    unsigned depth = g->parts[of].depth;
    for (size_t i = of + 1; i < g->parts_n && g->parts[i].depth > depth; i++)
        if (g->parts[i].depth == depth + 1 && --n == 0)
            return i;
    return g->parts_n;
}

/* The part that a path names; parts_n: none. A message without parts has itself as part 1: alone
 * says that it was meant so (RFC 3501 §6.4.5). */
static size_t part_of(const struct guard *g, const struct section *s, bool *alone)
{
    size_t whole = 0; /* the message whose parts are numbered, or the multipart */
    size_t part = 0;
    *alone = false;
    for (size_t k = 0; k < s->path_n; k++) {
        if (k > 0 && g->parts[part].kind == GUARD_LEAF)
            return g->parts_n;
        if (k > 0)
            whole = g->parts[part].kind == GUARD_MESSAGE ? part + 1 : part;
        if (whole >= g->parts_n)
            return g->parts_n;
        *alone = g->parts[whole].kind != GUARD_MULTIPART;
        if (*alone)
            part = s->path[k] == 1 ? whole : g->parts_n;
        else
            part = child(g, whole, s->path[k]);
        if (part >= g->parts_n)
            return g->parts_n;
    }
    return part;
}

static struct str between(struct str raw, size_t begin, size_t end)
{
    return str_skip(str_head(raw, end), begin);
}

/* Of a part that is a message: its header, or its text. 1: it is none. */
static int embedded(const struct section *s, const struct section_src *src, size_t part,
                    struct buf *made, struct str *bytes)
{
    const struct guard *g = &src->guard;
    if (g->parts[part].kind != GUARD_MESSAGE || part + 1 >= g->parts_n)
        return 1;
    const struct guard_part *inner = &g->parts[part + 1];
    *bytes = s->kind == SECTION_TEXT ? between(src->message, inner->offset, inner->end)
                                     : between(src->message, inner->header, inner->offset);
    if (s->kind == SECTION_FIELDS || s->kind == SECTION_FIELDS_NOT) {
        add_fields(s, *bytes, made);
        *bytes = buf_str(made);
    }
    return 0;
}

bool section_encoding(struct str field, enum mime_encoding *out)
{
    static const struct {
        const char *name;
        enum mime_encoding encoding;
    } names[] = { { "7bit", MIME_7BIT },        { "8bit", MIME_8BIT },
                  { "binary", MIME_BINARY },    { "quoted-printable", MIME_QP },
                  { "base64", MIME_BASE64 },    { "x-uuencode", MIME_UUENCODE },
                  { "uuencode", MIME_UUENCODE } };
    struct str word = str_trim(str_head(field, str_find(field, ';')));
    *out = MIME_8BIT;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_ieqc(word, names[i].name)) {
            *out = names[i].encoding;
            return true;
        }
    return word.n == 0;
}

void section_decode(struct str content, enum mime_encoding encoding, struct buf *out)
{
    struct error ignored;
    struct codec *codec = codec_of_part(encoding);
    if (codec == NULL) {
        buf_add_str(out, content);
        return;
    }
    int rc = 0;
    while (content.n > 0 && rc >= 0) {
        struct str block = str_head(content, CODEC_BLOCK);
        content = str_skip(content, block.n);
        rc = codec_decode(codec, block, content.n == 0, out, &ignored);
    }
    codec_free(&codec);
}

static bool is_encoded(enum mime_encoding encoding)
{
    return encoding == MIME_QP || encoding == MIME_BASE64 || encoding == MIME_UUENCODE;
}

static int part_find(const struct section *s, struct section_src *src, struct buf *made,
                     struct str *bytes)
{
    static const char about_part[] = "Content-Type Content-Transfer-Encoding Content-Disposition "
                                     "Content-ID Content-Description Content-Language";
    struct section mime = { .kind = SECTION_FIELDS, .fields = str_c(about_part) };
    enum mime_encoding encoding;
    const struct guard *g = section_parts(src);
    bool alone;
    size_t part = part_of(g, s, &alone);
    if (part >= g->parts_n)
        return 1;
    const struct guard_part *p = &g->parts[part];
    *bytes = between(src->message, p->offset, p->end);
    switch (s->kind) {
    case SECTION_ALL:
        return 0;
    case SECTION_MIME:
        *bytes = between(src->message, p->header, p->offset);
        if (alone) {
            add_fields(&mime, *bytes, made);
            *bytes = buf_str(made);
        }
        return 0;
    case SECTION_BINARY:
    case SECTION_BINARY_SIZE: {
        bool known = section_encoding(p->encoding, &encoding);
        if (p->kind == GUARD_LEAF && is_encoded(encoding)) {
            section_decode(*bytes, encoding, made);
            *bytes = buf_str(made);
        }
        return known ? 0 : 2;
    }
    default:
        return embedded(s, src, part, made, bytes);
    }
}

int section_find(const struct section *s, struct section_src *src, struct buf *made,
                 struct str *bytes)
{
    struct str header;
    struct str text;
    if (s->path_n > 0)
        return part_find(s, src, made, bytes);
    section_split(src->message, &header, &text);
    *bytes = s->kind == SECTION_HEADER ? header : s->kind == SECTION_TEXT ? text : src->message;
    if (s->kind == SECTION_FIELDS || s->kind == SECTION_FIELDS_NOT) {
        add_fields(s, header, made);
        *bytes = buf_str(made);
    }
    return 0;
}

int section_bytes(const struct section *s, struct str message, struct buf *out)
{
    struct section_src src;
    struct str bytes;
    struct buf made = BUF_INIT(SERVER_OUT_MAX);
    section_src_init(&src, message);
    int rc = section_find(s, &src, &made, &bytes);
    if (rc != 1)
        buf_add_str(out, bytes);
    buf_free(&made);
    section_src_clear(&src);
    return rc;
}

struct str section_partial(const struct section *s, struct str bytes)
{
    return s->partial ? str_head(str_skip(bytes, s->offset), s->count) : bytes;
}

static bool is_folded(struct str line)
{
    return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* What stands behind a field's colon, and the lines that it is folded over. */
static void unfold(struct str first, struct str *header, struct buf *value)
{
    size_t begin = value->len;
    struct str line;
    buf_add_str(value, str_trim(first));
    while (is_folded(*header) && str_line(header, &line)) {
        line = str_trim(line);
        if (line.n > 0 && value->len > begin)
            buf_addc(value, ' ');
        buf_add_str(value, line);
    }
}

bool section_next_field(struct str *header, struct str *name, struct buf *value)
{
    struct str line;
    while (str_line(header, &line) && line.n > 0) {
        size_t colon = str_find(line, ':');
        *name = str_trim(str_head(line, colon));
        if (is_folded(line) || colon == line.n || name->n == 0)
            continue;
        buf_clear(value);
        unfold(str_skip(line, colon + 1), header, value);
        return true;
    }
    return false;
}

bool section_field(struct str header, const char *name, struct buf *out)
{
    struct str line;
    while (str_line(&header, &line) && line.n > 0) {
        size_t colon = str_find(line, ':');
        if (is_folded(line) || !str_ieqc(str_trim(str_head(line, colon)), name))
            continue;
        unfold(str_skip(line, colon + 1), &header, out);
        return true;
    }
    return false;
}
