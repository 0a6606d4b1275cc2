/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "server/limits.h"
#include "server/mails.h"
#include "server/section.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

static const struct {
    unsigned flag;
    const char *name;
} flags[] = { { IMAP_SEEN, "\\Seen" },
              { IMAP_ANSWERED, "\\Answered" },
              { IMAP_FLAGGED, "\\Flagged" },
              { IMAP_DELETED, "\\Deleted" },
              { IMAP_DRAFT, "\\Draft" } };

static struct str header_of(const struct mails_one *one)
{
    struct str header;
    struct str text;
    section_split(one->message, &header, &text);
    return header;
}

/* The decoded value of a field; empty when there is none. */
static void field_get(const struct mails_one *one, const char *name, struct buf *out)
{
    struct buf raw = BUF_INIT(SERVER_HEADER_MAX);
    if (section_field(header_of(one), name, &raw))
        reader_header(one->reader, one->answers, buf_str(&raw), out);
    buf_free(&raw);
}

/* ---- JSON ---- */

static json_t *text_json(struct str s)
{
    struct buf clean = BUF_INIT(SERVER_OUT_MAX);
    utf8_clean(&clean, s);
    json_t *j = json_stringn(buf_c(&clean), clean.len);
    buf_free(&clean);
    return j != NULL ? j : json_string("");
}

/* null when there is no such field. */
static json_t *field_json(const struct mails_one *one, const char *name)
{
    struct buf raw = BUF_INIT(SERVER_HEADER_MAX);
    struct buf value = BUF_INIT(SERVER_HEADER_MAX);
    json_t *j = NULL;
    if (section_field(header_of(one), name, &raw)) {
        reader_header(one->reader, one->answers, buf_str(&raw), &value);
        j = text_json(str_trim(buf_str(&value)));
    }
    buf_free(&raw);
    buf_free(&value);
    return j != NULL ? j : json_null();
}

static json_t *flags_json(const struct mailbox_row *row)
{
    json_t *list = json_array();
    struct str rest = str_c(row->keywords);
    struct str word;
    for (size_t i = 0; i < COUNT(flags); i++)
        if ((row->flags & flags[i].flag) != 0)
            json_array_append_new(list, json_string(flags[i].name));
    while (str_word(&rest, &word))
        json_array_append_new(list, text_json(word));
    return list;
}

/* What is between < and > in text behind before; false when there is none. */
static bool angle_get(struct str text, const char *before, struct str *out)
{
    struct str rest = str_skip(text, str_search(text, str_c(before)));
    return str_lit(&rest, before) == 0 && str_until(&rest, '>', out) == 0;
}

/* What SMTP said: the sender of the Return-Path, the recipient of our Received where it had one. */
static void envelope_add(const struct mails_one *one, json_t *to)
{
    struct buf value = BUF_INIT(SERVER_HEADER_MAX);
    struct str address;
    json_t *rcpts = json_array();
    bool has = section_field(header_of(one), "Return-Path", &value) &&
               angle_get(buf_str(&value), "<", &address);
    json_object_set_new(to, "envelope_from", has ? text_json(address) : json_null());
    buf_clear(&value);
    if (section_field(header_of(one), "Received", &value) &&
        angle_get(buf_str(&value), " for <", &address))
        json_array_append_new(rcpts, text_json(address));
    json_object_set_new(to, "envelope_to", rcpts);
    buf_free(&value);
}

static json_t *headers_json(const struct mails_one *one)
{
    json_t *list = json_array();
    struct str rest = header_of(one);
    struct str name;
    struct buf raw = BUF_INIT(SERVER_HEADER_MAX);
    struct buf value = BUF_INIT(SERVER_HEADER_MAX);
    while (section_next_field(&rest, &name, &raw)) {
        json_t *field = json_object();
        buf_clear(&value);
        reader_header(one->reader, one->answers, buf_str(&raw), &value);
        json_object_set_new(field, "name", text_json(name));
        json_object_set_new(field, "value", text_json(str_trim(buf_str(&value))));
        json_object_set_new(field, "raw", text_json(str_trim(buf_str(&raw))));
        json_array_append_new(list, field);
    }
    buf_free(&raw);
    buf_free(&value);
    return list;
}

/* ---- parts ---- */

static bool is_text(const struct guard_part *p, const char *type)
{
    return p->kind == GUARD_LEAF &&
           (p->type.n == 0 ? str_eqc(str_c(type), "text/plain") : str_ieqc(p->type, type));
}

/* The content of a part, without its transfer encoding. */
static struct str part_bytes(const struct section_src *src, const struct guard_part *p,
                             struct buf *made)
{
    enum mime_encoding encoding;
    struct str content = str_skip(str_head(src->message, p->end), p->offset);
    section_encoding(p->encoding, &encoding);
    if (encoding != MIME_QP && encoding != MIME_BASE64 && encoding != MIME_UUENCODE)
        return content;
    section_decode(content, encoding, made);
    return buf_str(made);
}

/* The first text of this type, in UTF-8; false when there is none. */
static bool text_get(const struct mails_one *one, struct section_src *src, const char *type,
                     struct buf *out)
{
    const struct guard *g = section_parts(src);
    for (size_t i = 0; i < g->parts_n; i++) {
        const struct guard_part *p = &g->parts[i];
        if (!is_text(p, type) || str_istarts(str_trim(p->disposition), "attachment"))
            continue;
        struct buf made = BUF_INIT(SERVER_OUT_MAX);
        reader_text(one->reader, one->answers, part_bytes(src, p, &made),
                    guard_param(src->arena, p->content_type, "charset"), out);
        buf_free(&made);
        return true;
    }
    return false;
}

static json_t *body_json(const struct mails_one *one, struct section_src *src, const char *type)
{
    struct buf text = BUF_INIT(SERVER_OUT_MAX);
    json_t *j = text_get(one, src, type, &text) ? text_json(buf_str(&text)) : json_null();
    buf_free(&text);
    return j;
}

static json_t *attachments_json(struct section_src *src)
{
    const struct guard *g = section_parts(src);
    json_t *list = json_array();
    for (size_t i = 0; i < g->parts_n; i++) {
        const struct guard_part *p = &g->parts[i];
        struct str name = guard_param(src->arena, p->disposition, "filename");
        if (name.n == 0)
            name = guard_param(src->arena, p->content_type, "name");
        if (p->kind != GUARD_LEAF ||
            (name.n == 0 && !str_istarts(str_trim(p->disposition), "attachment")))
            continue;
        struct buf made = BUF_INIT(SERVER_OUT_MAX);
        json_t *one = json_object();
        json_object_set_new(one, "name", text_json(name));
        json_object_set_new(one, "type", text_json(p->type));
        json_object_set_new(one, "size", json_integer((json_int_t)part_bytes(src, p, &made).n));
        json_array_append_new(list, one);
        buf_free(&made);
    }
    return list;
}

static void json_put(const struct mails_one *one, struct buf *out)
{
    static const char *const fields[][2] = { { "from", "From" },
                                             { "to", "To" },
                                             { "cc", "Cc" },
                                             { "subject", "Subject" },
                                             { "message_id", "Message-ID" } };
    char date[CLOCK_RFC3339_MAX];
    json_t *j = json_object();
    clock_rfc3339(one->row->date, date);
    json_object_set_new(j, "account", text_json(str_c(one->account)));
    json_object_set_new(j, "folder", text_json(str_c(one->folder)));
    json_object_set_new(j, "uid", json_integer(one->row->uid));
    json_object_set_new(j, "date", json_string(date));
    json_object_set_new(j, "size", json_integer((json_int_t)one->row->size));
    json_object_set_new(j, "flags", flags_json(one->row));
    for (size_t i = 0; i < COUNT(fields); i++)
        json_object_set_new(j, fields[i][0], field_json(one, fields[i][1]));
    envelope_add(one, j);
    if (one->whole) {
        struct section_src src;
        section_src_init(&src, one->message);
        json_object_set_new(j, "headers", headers_json(one));
        json_object_set_new(j, "text", body_json(one, &src, "text/plain"));
        json_object_set_new(j, "html", body_json(one, &src, "text/html"));
        json_object_set_new(j, "attachments", attachments_json(&src));
        section_src_clear(&src);
    }
    char *text = json_dumps(j, JSON_COMPACT);
    if (text != NULL)
        buf_adds(out, text);
    free(text);
    json_decref(j);
}

/* ---- for people ---- */

/* What a terminal would obey becomes a blank. */
static void plain_put(struct str s, bool lines, struct buf *out)
{
    struct buf clean = BUF_INIT(SERVER_OUT_MAX);
    uint32_t cp;
    utf8_clean(&clean, s);
    for (struct str rest = buf_str(&clean); rest.n > 0;) {
        struct str at = rest;
        if (!utf8_next(&rest, &cp))
            break;
        bool control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
        if (control && !(lines && (cp == '\n' || cp == '\t')))
            buf_adds(out, cp == '\r' ? "" : " ");
        else
            buf_add(out, at.p, at.n - rest.n);
    }
    buf_free(&clean);
}

static void field_put(const struct mails_one *one, const char *name, struct buf *out)
{
    struct buf value = BUF_INIT(SERVER_HEADER_MAX);
    field_get(one, name, &value);
    plain_put(str_trim(buf_str(&value)), false, out);
    buf_free(&value);
}

static void line_put(const struct mails_one *one, struct buf *out)
{
    char date[CLOCK_RFC3339_MAX];
    const char *before = "";
    clock_rfc3339(one->row->date, date);
    buf_addf(out, "%s/%s\t%u\t%s\t%llu\t", one->account, one->folder, (unsigned)one->row->uid, date,
             (unsigned long long)one->row->size);
    for (size_t i = 0; i < COUNT(flags); i++)
        if ((one->row->flags & flags[i].flag) != 0) {
            buf_addf(out, "%s%s", before, flags[i].name);
            before = " ";
        }
    buf_addc(out, '\t');
    field_put(one, "From", out);
    buf_addc(out, '\t');
    field_put(one, "Subject", out);
}

static void text_put(const struct mails_one *one, struct buf *out)
{
    static const char *const fields[] = { "Date", "From", "To", "Cc", "Subject" };
    struct buf text = BUF_INIT(SERVER_OUT_MAX);
    struct buf raw = BUF_INIT(SERVER_HEADER_MAX);
    struct section_src src;
    for (size_t i = 0; i < COUNT(fields); i++) {
        buf_clear(&raw);
        if (!section_field(header_of(one), fields[i], &raw))
            continue;
        buf_addf(out, "%s: ", fields[i]);
        field_put(one, fields[i], out);
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
    section_src_init(&src, one->message);
    if (text_get(one, &src, "text/plain", &text) || text_get(one, &src, "text/html", &text))
        plain_put(buf_str(&text), true, out);
    section_src_clear(&src);
    buf_free(&raw);
    buf_free(&text);
}

static void raw_put(struct str message, struct buf *out)
{
    struct str line;
    while (str_line(&message, &line)) {
        buf_add_str(out, line);
        buf_addc(out, '\n');
    }
}

void mails_put(const struct mails_one *one, enum mails_form form, struct buf *out)
{
    switch (form) {
    case MAILS_LINE:
        line_put(one, out);
        break;
    case MAILS_JSON:
        json_put(one, out);
        break;
    case MAILS_TEXT:
        text_put(one, out);
        break;
    case MAILS_RAW:
        raw_put(one->message, out);
        break;
    }
}
