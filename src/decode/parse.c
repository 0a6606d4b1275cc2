/* SPDX-License-Identifier: MIT */
#include "decode/parse.h"

#include <gmime/gmime.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "decode/charset.h"
#include "mime/guard.h"
#include "decode/preview.h"
#include "decode/words.h"
#include "mime/addr.h"
#include "mime/uu.h"
#include "base/banned.h"

enum {
    FIELD_MAX = 64 << 10, /* bytes of a field that are decoded */
    SHORT_MAX = 4 << 10,  /* of one that holds an id, a date, a file name */
    NAME_MAX_BYTES = 1000,
    UU_MAX = 100 /* uuencoded files of one part */
};

struct parse {
    GMimeParserOptions *options;
};

struct parse *parse_new(void)
{
    static const char *fallback[] = { "utf-8", "windows-1252", NULL };
    struct parse *p = xcalloc(1, sizeof *p);
    g_mime_init();
    p->options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(p->options, fallback);
    return p;
}

void parse_free(struct parse **p)
{
    if (*p == NULL)
        return;
    g_mime_parser_options_free((*p)->options);
    /* GMime itself stays: once shut down it cannot be started again. */
    free(*p);
    *p = NULL;
}

/* One line: a fold, with the blanks that begin the next line, is one blank (RFC 5322 §2.2.3); tabs
 * and NULs are blanks; trimmed. Terminated. */
static struct str one_line(struct arena *a, struct str in)
{
    struct str s = str_trim(in);
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool fold = s.p[i] == '\r' || s.p[i] == '\n';
        while (fold && i + 1 < s.n && ascii_is_space(s.p[i + 1]))
            i++;
        if (fold && n > 0 && p[n - 1] == ' ')
            continue;
        p[n++] = fold || s.p[i] == '\t' || s.p[i] == '\0' ? ' ' : s.p[i];
    }
    while (n > 0 && p[n - 1] == ' ')
        n--;
    p[n] = '\0';
    return (struct str){ p, n };
}

/* Valid UTF-8 of a raw field; terminated. Raw 8-bit bytes are UTF-8, or else windows-1252. */
static struct str repaired(struct arena *a, struct str raw)
{
    struct str line = one_line(a, raw);
    if (utf8_valid(line))
        return line;
    struct buf b = BUF_INIT((size_t)FIELD_MAX * 4);
    (void)charset_to_utf8((struct str){ "", 0 }, line, &b);
    line = arena_str(a, buf_str(&b));
    buf_free(&b);
    return line;
}

static struct str words(struct arena *a, struct str line)
{
    if (!words_any(line))
        return line;
    struct buf b = BUF_INIT((size_t)FIELD_MAX * 4);
    words_decode(line, &b);
    /* A decoded line end would be a second field wherever the text is written again. */
    line = repaired(a, buf_str(&b));
    buf_free(&b);
    return line;
}

struct str parse_header(struct arena *a, struct str raw)
{
    return words(a, repaired(a, str_head(raw, FIELD_MAX)));
}

/* The field with each name decoded and quoted again where that is needed, so that a comma that was
 * hidden in an encoded word separates nothing (RFC 2047 §5). */
static struct str address_words(struct arena *a, struct str line)
{
    size_t max = 2;
    for (size_t i = 0; i < line.n; i++)
        max += line.p[i] == ',' || line.p[i] == ';' || line.p[i] == ':' || line.p[i] == '>';
    max = max < MIME_ADDR_MAX ? max : MIME_ADDR_MAX;
    struct mime_addr *addrs = arena_array(a, max, sizeof *addrs);
    struct buf out = BUF_INIT((size_t)FIELD_MAX * 4);
    size_t n = mime_addr_list(a, line, addrs, max);
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        addrs[i].name = words(a, addrs[i].name);
        if (addrs[i].group_end) {
            buf_addc(&out, ';');
            first = false;
            continue;
        }
        if (!first)
            buf_adds(&out, ", ");
        mime_addr_show(&addrs[i], &out);
        first = addrs[i].group_start;
        if (first && out.len > 0 && out.data[out.len - 1] != ' ')
            buf_adds(&out, out.data[out.len - 1] == ':' ? " " : ": ");
    }
    struct str s = arena_str(a, buf_str(&out));
    buf_free(&out);
    return s;
}

static struct str addresses(struct arena *a, struct str raw)
{
    struct str line = repaired(a, str_head(raw, FIELD_MAX));
    return words_any(line) ? address_words(a, line) : line;
}

/* The <ids> of a field, separated by blanks; what stands between them is no id (RFC 5322 §3.6.4).
 * One that came without brackets gets them. */
static struct str ids(struct arena *a, struct str raw)
{
    struct str in = repaired(a, str_head(raw, FIELD_MAX));
    struct buf out = BUF_INIT(FIELD_MAX * 2);
    struct str rest = in, word;
    while (rest.n > 0) {
        struct str at = str_skip(rest, str_find(rest, '<'));
        size_t n = str_find(at, '>');
        if (n == at.n)
            break;
        if (out.len > 0)
            buf_addc(&out, ' ');
        for (size_t i = 0; i <= n; i++)
            if (at.p[i] != ' ')
                buf_addc(&out, at.p[i]);
        rest = str_skip(at, n + 1);
    }
    if (out.len == 0 && str_word(&in, &word) && str_find(word, '@') < word.n)
        buf_addf(&out, "<%.*s>", STR_ARG(word));
    struct str s = arena_str(a, buf_str(&out));
    buf_free(&out);
    return s;
}

static int64_t date_of(struct arena *a, struct str raw)
{
    struct str line = repaired(a, str_head(raw, SHORT_MAX));
    GDateTime *when = line.n > 0 ? g_mime_utils_header_decode_date(line.p) : NULL;
    if (when == NULL)
        return 0;
    int64_t seconds = g_date_time_to_unix(when);
    g_date_time_unref(when);
    return seconds > 0 ? seconds : 0;
}

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

/* The first field of a name counts; of To and Cc, which some programs repeat, all do. */
static void put_field(struct arena *a, const struct guard_field *f, struct mime_summary *out)
{
    size_t i = 0;
    while (i < COUNT(fields) && !str_ieqc(f->name, fields[i].name))
        i++;
    if (i == COUNT(fields))
        return;
    if (f->value.n > FIELD_MAX)
        out->damage |= MIME_DAMAGE_LIMIT;
    if (fields[i].kind == FIELD_DATE) {
        out->date = out->date != 0 ? out->date : date_of(a, f->value);
        return;
    }
    struct str *at = (struct str *)(void *)((char *)out + fields[i].at);
    bool more = at->n > 0 && at->n < FIELD_MAX && (at == &out->to || at == &out->cc);
    if (at->n > 0 && !more)
        return;
    struct str value = fields[i].kind == FIELD_TEXT  ? parse_header(a, f->value)
                       : fields[i].kind == FIELD_IDS ? ids(a, f->value)
                                                     : addresses(a, f->value);
    if (more)
        value = str_c(arena_fmt(a, "%.*s, %.*s", STR_ARG(*at), STR_ARG(value)));
    *at = value;
}

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
    struct str s = words(a, repaired(a, str_head(str_c(value), SHORT_MAX)));
    return str_head(s, utf8_cut(s, max));
}

static void put_type(struct parse *p, struct arena *a, const struct guard_part *part,
                     struct mime_part_info *info)
{
    if (part->content_type.n == 0)
        return;
    /* Only its parameters: the type itself is the guard's, so that both agree on what the part is.
     */
    GMimeContentType *type =
        g_mime_content_type_parse(p->options, repaired(a, part->content_type).p);
    if (type == NULL)
        return;
    const char *format = g_mime_content_type_get_parameter(type, "format");
    const char *delsp = g_mime_content_type_get_parameter(type, "delsp");
    info->charset = lower(a, param(a, g_mime_content_type_get_parameter(type, "charset"), 100));
    if (info->name.n == 0)
        info->name = param(a, g_mime_content_type_get_parameter(type, "name"), NAME_MAX_BYTES);
    if (str_ieqc(str_c(format), "flowed"))
        info->flags |= MIME_PART_FLOWED;
    if (str_ieqc(str_c(delsp), "yes"))
        info->flags |= MIME_PART_DELSP;
    g_object_unref(type);
}

static void put_disposition(struct parse *p, struct arena *a, const struct guard_part *part,
                            struct mime_part_info *info)
{
    if (part->disposition.n == 0)
        return;
    GMimeContentDisposition *d =
        g_mime_content_disposition_parse(p->options, repaired(a, part->disposition).p);
    if (d == NULL)
        return;
    struct str kind = str_c(g_mime_content_disposition_get_disposition(d));
    if (str_ieqc(kind, "attachment"))
        info->flags |= MIME_PART_ATTACHMENT;
    else if (str_ieqc(kind, "inline"))
        info->flags |= MIME_PART_INLINE;
    info->name = param(a, g_mime_content_disposition_get_parameter(d, "filename"), NAME_MAX_BYTES);
    g_object_unref(d);
}

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
    if (part->kind == GUARD_LEAF && str_istarts(part->type, "multipart/"))
        return STR("text/plain");
    return lower(a, str_head(part->type, 127));
}

static void put_part(struct parse *p, struct arena *a, const struct guard_part *part,
                     struct mime_part_info *info)
{
    *info = (struct mime_part_info){ .header_offset = part->header,
                                     .offset = part->offset,
                                     .length = part->end - part->offset,
                                     .type = leaf_type(a, part),
                                     .encoding = encoding_of(part->encoding),
                                     .depth = part->depth };
    if (part->kind == GUARD_MESSAGE)
        info->type = part->type.n > 0 ? info->type : STR("message/rfc822");
    put_disposition(p, a, part, info);
    put_type(p, a, part, info);
    if (part->kind != GUARD_LEAF) {
        info->flags |= MIME_PART_CONTAINER;
        info->encoding = MIME_8BIT;
    }
    if (info->name.n > 0 && part->kind == GUARD_LEAF && !str_starts(info->type, "text/") &&
        (info->flags & MIME_PART_INLINE) == 0)
        info->flags |= MIME_PART_ATTACHMENT;
    if (part->opaque || (part->unclosed && part->kind == GUARD_LEAF))
        info->flags |= MIME_PART_DAMAGED;
    struct str id = repaired(a, part->id);
    if (id.n > 1 && id.p[0] == '<' && id.p[id.n - 1] == '>')
        id = str_head(str_skip(id, 1), id.n - 2);
    info->id = str_head(id, utf8_cut(id, NAME_MAX_BYTES));
    info->decoded = decoded_size(info->encoding, info->length);
}

/* The place of one more part; NULL when there are as many as a summary may have. */
static struct mime_part_info *next_part(struct arena *a, struct mime_summary *out, size_t *cap)
{
    if (out->parts_n == MIME_PARTS_MAX) {
        out->damage |= MIME_DAMAGE_LIMIT;
        return NULL;
    }
    if (out->parts_n == *cap) {
        struct mime_part_info *old = out->parts;
        *cap = *cap == 0 ? 8 : *cap * 2;
        out->parts = arena_array(a, *cap, sizeof *out->parts);
        if (out->parts_n > 0)
            memcpy(out->parts, old, out->parts_n * sizeof *old);
    }
    return &out->parts[out->parts_n++];
}

/* The uuencoded files inside a text part follow it as parts of their own. Only in text that stands
 * as it is: elsewhere offsets into the message would be of other bytes. */
static void put_uu(struct arena *a, struct str raw, struct mime_summary *out, size_t *cap)
{
    const struct mime_part_info part = out->parts[out->parts_n - 1];
    struct str body = str_head(str_skip(raw, (size_t)part.offset), (size_t)part.length);
    if (!str_eqc(part.type, "text/plain") || part.encoding > MIME_BINARY ||
        (part.flags & MIME_PART_ATTACHMENT) != 0 || str_search(body, STR("begin ")) == body.n)
        return;
    struct uu_file *files = arena_array(a, UU_MAX, sizeof *files);
    size_t n = uu_find(body, files, UU_MAX);
    for (size_t i = 0; i < n; i++) {
        struct mime_part_info *info = next_part(a, out, cap);
        if (info == NULL)
            return;
        *info = (struct mime_part_info){ .header_offset = part.offset + files[i].offset,
                                         .offset = part.offset + files[i].offset,
                                         .length = files[i].length,
                                         .decoded = files[i].decoded,
                                         .type = STR("application/octet-stream"),
                                         .encoding = MIME_UUENCODE,
                                         .depth = part.depth,
                                         .flags = MIME_PART_UU | MIME_PART_ATTACHMENT };
        info->name = repaired(a, str_head(files[i].name, NAME_MAX_BYTES));
        if (files[i].damaged)
            info->flags |= MIME_PART_DAMAGED;
    }
}

static void put_parts(struct parse *p, struct arena *a, struct str raw, const struct guard *g,
                      struct mime_summary *out)
{
    size_t cap = 0;
    for (size_t i = 0; i < g->parts_n; i++) {
        struct mime_part_info *info = next_part(a, out, &cap);
        if (info == NULL)
            return;
        put_part(p, a, &g->parts[i], info);
        if (g->parts[i].unclosed)
            out->damage |= MIME_DAMAGE_BOUNDARY;
        put_uu(a, raw, out, &cap);
    }
}

void parse_summary(struct parse *p, struct arena *a, struct str raw, uint64_t size,
                   struct mime_summary *out)
{
    struct guard g;
    *out = (struct mime_summary){ 0 };
    guard_scan(a, raw, &guard_limits_default, &g);
    for (size_t i = 0; i < g.fields_n; i++)
        put_field(a, &g.fields[i], out);
    put_parts(p, a, raw, &g, out);
    if (g.over)
        out->damage |= MIME_DAMAGE_LIMIT;
    if (size > raw.n && out->parts_n > 0) {
        struct mime_part_info *last = &out->parts[out->parts_n - 1];
        last->length += size - raw.n;
        last->flags |= MIME_PART_DAMAGED;
        out->damage |= MIME_DAMAGE_LIMIT;
    }
    size_t text = mime_summary_text_part(out);
    if (text < out->parts_n)
        out->preview = preview_of(a, raw, &out->parts[text]);
}
