/* SPDX-License-Identifier: MIT */
#include "decode/parse.h"

#include <gmime/gmime.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "decode/header.h"
#include "decode/preview.h"
#include "mime/guard.h"
#include "mime/uu.h"
#include "base/banned.h"

enum {
    NAME_MAX_BYTES = 1000,
    UU_MAX = 100,            /* uuencoded files of one part */
    SCRATCH_KEEP = 64 << 10, /* of what was needed for one field, left for the next */
    LIST_MAX = 8 * HEADER_FIELD_MAX
};

/* Of the part whose content passes. */
struct content {
    struct mime_part_info leaf; /* the part as the leaf that it is or may turn out to be */
    size_t at;                  /* its place; SIZE_MAX: there was none */
    bool open;                  /* it is not known yet what it is */
    bool wants_head, wants_uu;
    struct buf head; /* its first bytes, for a preview */
    struct uu_file uu[UU_MAX];
    size_t uu_n;
    struct buf uu_names; /* of these, one behind the other */
};

struct parse {
    GMimeParserOptions *options;
    struct guard_reader *guard;
    struct uu_reader *uu;
    struct arena *scratch;
    /* The message at hand. */
    bool begun;
    struct arena *a;
    struct mime_summary s;
    struct buf to, cc;
    size_t parts_cap;
    size_t at[GUARD_DEPTH_MAX + 2]; /* the part of each depth that began last */
    struct content now;
    struct mime_text_pick pick;
    struct mime_part_info text; /* what was picked, and its first bytes */
    struct buf text_head;
};

/* ---- fields ---- */

enum field_kind { FIELD_TEXT, FIELD_ADDRESSES, FIELD_IDS, FIELD_DATE };

static const struct {
    const char *name;
    size_t at;
    enum field_kind kind;
} fields[] = {
    { "Subject", offsetof(struct mime_summary, subject), FIELD_TEXT },
    { "From", offsetof(struct mime_summary, from), FIELD_ADDRESSES },
    { "Sender", offsetof(struct mime_summary, sender), FIELD_ADDRESSES },
    { "Reply-To", offsetof(struct mime_summary, reply_to), FIELD_ADDRESSES },
    { "To", offsetof(struct mime_summary, to), FIELD_ADDRESSES },
    { "Cc", offsetof(struct mime_summary, cc), FIELD_ADDRESSES },
    { "Bcc", offsetof(struct mime_summary, bcc), FIELD_ADDRESSES },
    { "Message-ID", offsetof(struct mime_summary, message_id), FIELD_IDS },
    { "In-Reply-To", offsetof(struct mime_summary, in_reply_to), FIELD_IDS },
    { "References", offsetof(struct mime_summary, references), FIELD_IDS },
    { "Mail-Followup-To", offsetof(struct mime_summary, followup_to), FIELD_ADDRESSES },
    { "List-Id", offsetof(struct mime_summary, list_id), FIELD_TEXT },
    { "List-Post", offsetof(struct mime_summary, list_post), FIELD_TEXT },
    { "Authentication-Results", offsetof(struct mime_summary, auth_results), FIELD_TEXT },
    { "Date", offsetof(struct mime_summary, date), FIELD_DATE },
};

static struct str decoded(struct arena *a, enum field_kind kind, struct str raw)
{
    switch (kind) {
    case FIELD_ADDRESSES:
        return header_addresses(a, raw);
    case FIELD_IDS:
        return header_ids(a, raw);
    case FIELD_TEXT:
    case FIELD_DATE:
        break;
    }
    return header_text(a, raw);
}

/* The first field of a name counts; of To and Cc, which some programs repeat, all do. */
static void put_field(struct parse *p, size_t i, struct str raw)
{
    struct str *at = (struct str *)(void *)((char *)&p->s + fields[i].at);
    struct buf *list = at == &p->s.to ? &p->to : at == &p->s.cc ? &p->cc : NULL;
    if (fields[i].kind == FIELD_DATE)
        p->s.date = p->s.date != 0 ? p->s.date : header_date(p->scratch, raw);
    else if (list == NULL && at->n == 0)
        *at = arena_str(p->a, decoded(p->scratch, fields[i].kind, raw));
    else if (list != NULL && list->len < HEADER_FIELD_MAX) {
        if (list->len > 0)
            buf_adds(list, ", ");
        buf_add_str(list, decoded(p->scratch, fields[i].kind, raw));
    }
}

static void scratch_clear(struct parse *p)
{
    if (arena_used(p->scratch) <= SCRATCH_KEEP)
        return;
    arena_free(&p->scratch);
    p->scratch = arena_new(SCRATCH_KEEP);
}

static void on_field(void *arg, const struct guard_field *f)
{
    struct parse *p = arg;
    size_t i = 0;
    while (i < COUNT(fields) && !str_ieqc(f->name, fields[i].name))
        i++;
    if (i == COUNT(fields))
        return;
    if (f->cut)
        p->s.damage |= MIME_DAMAGE_LIMIT;
    put_field(p, i, f->value);
    scratch_clear(p);
}

/* ---- what a part is ---- */

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] > 32 && s.p[i] < 127 ? ascii_lower(s.p[i]) : '_';
    return (struct str){ p, s.n };
}

static enum mime_encoding encoding_of(struct str field)
{
    static const struct {
        const char *name;
        enum mime_encoding encoding;
    } names[] = { { "base64", MIME_BASE64 },       { "quoted-printable", MIME_QP },
                  { "8bit", MIME_8BIT },           { "binary", MIME_BINARY },
                  { "x-uuencode", MIME_UUENCODE }, { "uuencode", MIME_UUENCODE },
                  { "x-uue", MIME_UUENCODE } };
    size_t n = 0;
    while (n < field.n && field.p[n] != ';' && field.p[n] != '(' && !ascii_is_space(field.p[n]))
        n++;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_ieqc(str_head(field, n), names[i].name))
            return names[i].encoding;
    return MIME_7BIT;
}

/* Bytes after decoding, as near as one gets without decoding. */
static uint64_t decoded_size(enum mime_encoding encoding, uint64_t n)
{
    switch (encoding) {
    case MIME_BASE64: /* 76 characters and a line end for 57 bytes */
        return n / 78 * 57 + n % 78 * 3 / 4;
    case MIME_UUENCODE: /* 61 characters and a line end for 45 bytes */
        return n / 62 * 45 + n % 62 * 45 / 62;
    default:
        return n;
    }
}

/* A parameter, decoded (RFC 2231, or RFC 2047 in quotes as many programs write it). */
static struct str param(struct arena *a, const char *value, size_t max)
{
    if (value == NULL)
        return (struct str){ "", 0 };
    struct str s = header_words(a, header_repaired(a, str_head(str_c(value), HEADER_SHORT_MAX)));
    return str_head(s, utf8_cut(s, max));
}

static void put_type(struct parse *p, const struct guard_part *part, struct mime_part_info *info)
{
    struct arena *a = p->scratch;
    if (part->content_type.n == 0)
        return;
    /* Only its parameters: the type itself is the guard's, so that both agree on what the part is.
     */
    GMimeContentType *type =
        g_mime_content_type_parse(p->options, header_repaired(a, part->content_type).p);
    if (type == NULL)
        return;
    const char *format = g_mime_content_type_get_parameter(type, "format");
    const char *delsp = g_mime_content_type_get_parameter(type, "delsp");
    info->charset = lower(p->a, param(a, g_mime_content_type_get_parameter(type, "charset"), 100));
    if (info->name.n == 0)
        info->name = arena_str(p->a, param(a, g_mime_content_type_get_parameter(type, "name"),
                                           NAME_MAX_BYTES));
    if (str_ieqc(str_c(format), "flowed"))
        info->flags |= MIME_PART_FLOWED;
    if (str_ieqc(str_c(delsp), "yes"))
        info->flags |= MIME_PART_DELSP;
    g_object_unref(type);
}

static void put_disposition(struct parse *p, const struct guard_part *part,
                            struct mime_part_info *info)
{
    struct arena *a = p->scratch;
    if (part->disposition.n == 0)
        return;
    GMimeContentDisposition *d =
        g_mime_content_disposition_parse(p->options, header_repaired(a, part->disposition).p);
    if (d == NULL)
        return;
    struct str kind = str_c(g_mime_content_disposition_get_disposition(d));
    if (str_ieqc(kind, "attachment"))
        info->flags |= MIME_PART_ATTACHMENT;
    else if (str_ieqc(kind, "inline"))
        info->flags |= MIME_PART_INLINE;
    info->name = arena_str(p->a, param(a, g_mime_content_disposition_get_parameter(d, "filename"),
                                       NAME_MAX_BYTES));
    g_object_unref(d);
}

/* A multipart is taken for what it is when no part of it ever comes. */
static struct str leaf_type(struct arena *a, const struct guard_part *part)
{
    if (part->opaque)
        return STR("application/octet-stream");
    /* RFC 2045 §5.2: without a type that can be read it is plain text; so is a multipart without
     * parts. */
    if (part->type.n == 0)
        return str_find(part->content_type, '/') < part->content_type.n
                   ? STR("application/octet-stream")
                   : STR("text/plain");
    if (part->kind != GUARD_MESSAGE && str_istarts(part->type, "multipart/"))
        return STR("text/plain");
    return lower(a, str_head(part->type, 127));
}

static struct str content_id(struct parse *p, const struct guard_part *part)
{
    struct str id = header_repaired(p->scratch, part->id);
    if (id.n > 1 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        id = str_head(str_skip(id, 1), id.n - 2);
    return arena_str(p->a, str_head(id, utf8_cut(id, NAME_MAX_BYTES)));
}

/* The part as a leaf, of unknown length. */
static void put_part(struct parse *p, const struct guard_part *part, struct mime_part_info *info)
{
    *info = (struct mime_part_info){ .header_offset = part->header,
                                     .offset = part->offset,
                                     .type = leaf_type(p->a, part),
                                     .encoding = encoding_of(part->encoding),
                                     .depth = part->depth };
    put_disposition(p, part, info);
    put_type(p, part, info);
    if (info->name.n > 0 && part->kind != GUARD_MESSAGE && !str_starts(info->type, "text/") &&
        (info->flags & MIME_PART_INLINE) == 0)
        info->flags |= MIME_PART_ATTACHMENT;
    if (part->opaque)
        info->flags |= MIME_PART_DAMAGED;
    info->id = content_id(p, part);
}

static void make_container(struct parse *p, const struct guard_part *part,
                           struct mime_part_info *info)
{
    if (part->kind == GUARD_MULTIPART)
        info->type = lower(p->a, str_head(part->type, 127));
    else if (part->type.n == 0)
        info->type = STR("message/rfc822");
    info->flags |= MIME_PART_CONTAINER;
    info->encoding = MIME_8BIT;
}

/* ---- parts ---- */

/* The place of one more part; SIZE_MAX when there are as many as a summary may have. */
static size_t next_part(struct parse *p)
{
    struct mime_summary *s = &p->s;
    if (s->parts_n == MIME_PARTS_MAX) {
        s->damage |= MIME_DAMAGE_LIMIT;
        return SIZE_MAX;
    }
    if (s->parts_n == p->parts_cap) {
        struct mime_part_info *old = s->parts;
        p->parts_cap = p->parts_cap == 0 ? 8 : p->parts_cap * 2;
        s->parts = arena_array(p->a, p->parts_cap, sizeof *s->parts);
        if (s->parts_n > 0)
            memcpy(s->parts, old, s->parts_n * sizeof *old);
    }
    return s->parts_n++;
}

/* It is known now what the part at hand is: info. */
static void settle(struct parse *p, const struct mime_part_info *info)
{
    struct content *c = &p->now;
    c->open = false;
    if (c->at == SIZE_MAX || !mime_text_pick_see(&p->pick, info))
        return;
    struct buf old = p->text_head;
    p->text = *info;
    p->text_head = c->head;
    c->head = old;
}

/* The part at hand is a container after all. */
static void content_drop(struct parse *p)
{
    if (!p->now.open)
        return;
    if (p->now.wants_uu)
        uu_reader_feed(p->uu, STR(""), true);
    settle(p, &p->s.parts[p->now.at]);
}

static void content_begin(struct parse *p, size_t at, const struct mime_part_info *leaf)
{
    struct content *c = &p->now;
    struct mime_text_pick pick = p->pick;
    c->leaf = *leaf;
    c->at = at;
    c->open = true;
    c->uu_n = 0;
    c->wants_head = at != SIZE_MAX && mime_text_pick_see(&pick, leaf);
    /* The uuencoded files inside a text part follow it as parts of their own. Only in text that
     * stands as it is: elsewhere offsets into the message would be of other bytes. */
    c->wants_uu = at != SIZE_MAX && str_eqc(leaf->type, "text/plain") &&
                  leaf->encoding <= MIME_BINARY && (leaf->flags & MIME_PART_ATTACHMENT) == 0;
    buf_clear(&c->head);
    buf_clear(&c->uu_names);
}

static void on_begin(void *arg, const struct guard_part *part)
{
    struct parse *p = arg;
    struct mime_part_info info;
    content_drop(p);
    size_t at = next_part(p);
    p->at[part->depth] = at;
    p->now.at = SIZE_MAX;
    if (at == SIZE_MAX)
        return;
    put_part(p, part, &info);
    content_begin(p, at, &info);
    if (part->kind != GUARD_LEAF)
        make_container(p, part, &info);
    p->s.parts[at] = info;
    scratch_clear(p);
}

static void on_content(void *arg, struct str bytes)
{
    struct parse *p = arg;
    struct content *c = &p->now;
    if (c->at == SIZE_MAX)
        return;
    size_t want = c->wants_head ? preview_bytes(&c->leaf) : 0;
    if (c->head.len < want)
        buf_add_str(&c->head, str_head(bytes, want - c->head.len));
    if (c->wants_uu)
        uu_reader_feed(p->uu, bytes, false);
}

static void on_file(void *arg, const struct uu_file *file)
{
    struct content *c = &((struct parse *)arg)->now;
    if (c->uu_n == UU_MAX)
        return;
    size_t before = c->uu_names.len;
    uu_file_name(file, &c->uu_names);
    if (c->uu_names.len > before + NAME_MAX_BYTES)
        buf_truncate(&c->uu_names, before + NAME_MAX_BYTES);
    c->uu[c->uu_n] = *file;
    c->uu[c->uu_n++].name = (struct str){ NULL, c->uu_names.len - before };
}

/* What we do not decode is offered as it is, under a name that says so. */
static void put_kind(struct parse *p, enum uu_kind kind, struct mime_part_info *info)
{
    static const struct {
        const char *type, *suffix;
    } kinds[] = { [UU_FILE_YENC] = { "application/x-yenc", ".yenc" },
                  [UU_FILE_BINHEX] = { "application/mac-binhex40", ".hqx" } };
    if (kind == UU_FILE)
        return;
    info->type = str_c(kinds[kind].type);
    info->encoding = MIME_8BIT;
    info->name = str_c(arena_fmt(p->a, "%.*s%s", STR_ARG(info->name), kinds[kind].suffix));
}

static void put_files(struct parse *p)
{
    struct content *c = &p->now;
    struct str names = buf_str(&c->uu_names);
    for (size_t i = 0; i < c->uu_n; i++) {
        const struct uu_file *file = &c->uu[i];
        size_t at = next_part(p);
        if (at == SIZE_MAX)
            return;
        struct mime_part_info *info = &p->s.parts[at];
        *info = (struct mime_part_info){ .header_offset = c->leaf.offset + file->offset,
                                         .offset = c->leaf.offset + file->offset,
                                         .length = file->length,
                                         .decoded = file->decoded,
                                         .type = STR("application/octet-stream"),
                                         .encoding = MIME_UUENCODE,
                                         .depth = c->leaf.depth,
                                         .flags = MIME_PART_UU | MIME_PART_ATTACHMENT };
        info->name = header_repaired(p->a, str_head(names, file->name.n));
        names = str_skip(names, file->name.n);
        put_kind(p, file->kind, info);
        info->flags |= file->damaged ? MIME_PART_DAMAGED : file->unended ? MIME_PART_UNENDED : 0;
        (void)mime_text_pick_see(&p->pick, info);
    }
}

static void leaf_end(struct parse *p, struct mime_part_info *info)
{
    settle(p, info);
    if (!p->now.wants_uu)
        return;
    uu_reader_feed(p->uu, STR(""), true);
    put_files(p);
}

static void on_end(void *arg, const struct guard_part *part)
{
    struct parse *p = arg;
    size_t at = p->at[part->depth];
    if (at == SIZE_MAX)
        return;
    struct mime_part_info *info = &p->s.parts[at];
    bool leaf = part->kind == GUARD_LEAF;
    if (leaf)
        *info = p->now.leaf;
    else
        content_drop(p);
    info->length = part->end - part->offset;
    info->decoded = decoded_size(info->encoding, info->length);
    if (part->unclosed)
        p->s.damage |= MIME_DAMAGE_BOUNDARY;
    if (part->unclosed && leaf)
        info->flags |= MIME_PART_DAMAGED;
    if (leaf)
        leaf_end(p, info);
}

/* ---- the message ---- */

struct parse *parse_new(void)
{
    static const char *fallback[] = { "utf-8", "windows-1252", NULL };
    struct parse *p = xcalloc(1, sizeof *p);
    struct guard_sink sink = {
        .field = on_field, .begin = on_begin, .content = on_content, .end = on_end, .arg = p
    };
    g_mime_init();
    p->options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(p->options, fallback);
    p->guard = guard_reader_new(&guard_limits_default, &sink);
    p->uu = uu_reader_new(on_file, p);
    p->scratch = arena_new(SCRATCH_KEEP);
    buf_init(&p->to, LIST_MAX);
    buf_init(&p->cc, LIST_MAX);
    buf_init(&p->now.head, PREVIEW_BYTES_MAX);
    buf_init(&p->text_head, PREVIEW_BYTES_MAX);
    buf_init(&p->now.uu_names, (size_t)UU_MAX * NAME_MAX_BYTES + UU_NAME_MAX);
    return p;
}

void parse_free(struct parse **pp)
{
    struct parse *p = *pp;
    if (p == NULL)
        return;
    g_mime_parser_options_free(p->options);
    guard_reader_free(&p->guard);
    uu_reader_free(&p->uu);
    arena_free(&p->scratch);
    buf_free(&p->to);
    buf_free(&p->cc);
    buf_free(&p->now.head);
    buf_free(&p->now.uu_names);
    buf_free(&p->text_head);
    /* GMime itself stays: once shut down it cannot be started again. */
    free(p);
    *pp = NULL;
}

static void begin(struct parse *p, struct arena *a)
{
    p->begun = true;
    p->a = a;
    p->s = (struct mime_summary){ 0 };
    p->parts_cap = 0;
    p->now.open = false;
    mime_text_pick_init(&p->pick);
    buf_clear(&p->to);
    buf_clear(&p->cc);
    buf_clear(&p->text_head);
}

void parse_feed(struct parse *p, struct arena *a, struct str bytes, bool last,
                struct mime_summary *out)
{
    if (!p->begun)
        begin(p, a);
    guard_reader_feed(p->guard, bytes, last);
    if (!last)
        return;
    p->begun = false;
    if (guard_reader_over(p->guard))
        p->s.damage |= MIME_DAMAGE_LIMIT;
    p->s.to = arena_str(a, buf_str(&p->to));
    p->s.cc = arena_str(a, buf_str(&p->cc));
    if (p->pick.best != SIZE_MAX)
        p->s.preview = preview_of(a, buf_str(&p->text_head), &p->text);
    *out = p->s;
}
