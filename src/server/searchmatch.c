/* SPDX-License-Identifier: MIT */
#include "server/searchmatch.h"

#include "base/utf8.h"
#include "server/limits.h"
#include "server/maildate.h"
#include "base/banned.h"

enum { FIELD_MAX = SERVER_HEADER_MAX, DAY = 86400 };

void search_message_init(struct search_message *m, struct reader *reader, struct queue *answers)
{
    *m = (struct search_message){ .reader = reader, .answers = answers };
    buf_init(&m->value, FIELD_MAX);
    buf_init(&m->decoded, SERVER_OUT_MAX);
    buf_init(&m->folded, SERVER_OUT_MAX);
}

void search_message_set(struct search_message *m, struct str bytes, enum search_depth depth)
{
    struct str text;
    section_src_clear(&m->src);
    section_src_init(&m->src, bytes);
    section_split(bytes, &m->header, &text);
    m->depth = depth;
}

/* Room that one large message took is not kept for the small ones. */
static void room_bound(struct buf *b)
{
    size_t max = b->max;
    buf_clear(b);
    if (b->cap <= SERVER_HEADER_MAX)
        return;
    buf_free(b);
    buf_init(b, max);
}

void search_message_clear(struct search_message *m)
{
    section_src_clear(&m->src);
    buf_free(&m->value);
    buf_free(&m->decoded);
    buf_free(&m->folded);
}

/* ---- texts ---- */

static bool has_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* In valid UTF-8. */
static bool text_has(struct search_message *m, struct str text, const struct search_key *k)
{
    if (k->ascii)
        return k->text.n == 0 || str_isearch(text, k->text) < text.n;
    room_bound(&m->folded);
    utf8_fold(&m->folded, text);
    return str_search(buf_str(&m->folded), k->text) < m->folded.len;
}

/* Unfolded, as it stands in the message. */
static bool value_has(struct search_message *m, struct str raw, const struct search_key *k)
{
    bool words = str_search(raw, STR("=?")) < raw.n;
    bool eight = has_8bit(raw);
    if (!words && !eight)
        return k->ascii && text_has(m, raw, k);
    if (!words && utf8_valid(raw))
        return text_has(m, raw, k);
    room_bound(&m->decoded);
    reader_header(m->reader, m->answers, raw, &m->decoded);
    return text_has(m, buf_str(&m->decoded), k);
}

static bool field_has(struct search_message *m, const struct search_key *k)
{
    struct str rest = m->header;
    struct str name;
    while (section_next_field(&rest, &name, &m->value))
        if (str_ieq(name, k->name) && value_has(m, buf_str(&m->value), k))
            return true;
    return false;
}

/* Any of the fields with its name, as "Subject: text". */
static bool header_has(struct search_message *m, struct str header, const struct search_key *k)
{
    struct str name;
    struct buf line = BUF_INIT(2 * (size_t)FIELD_MAX);
    bool hit = false;
    while (!hit && section_next_field(&header, &name, &m->value)) {
        buf_clear(&line);
        buf_add_str(&line, name);
        buf_adds(&line, ": ");
        buf_add_str(&line, buf_str(&m->value));
        hit = value_has(m, buf_str(&line), k);
    }
    buf_free(&line);
    return hit;
}

/* Charsets in which bytes below 128 may be something else than ASCII. */
static bool is_strange(struct str charset)
{
    static const char *const names[] = { "iso-2022", "utf-7", "utf7", "utf-16", "utf-32", "utf16",
                                         "utf32",    "ucs",   "hz",   "ebcdic", "cp037",  "ibm" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_istarts(charset, names[i]))
            return true;
    return false;
}

/* Charsets whose bytes below 128 are always ASCII, not a half of something. */
static bool is_single_byte(struct str charset)
{
    static const char *const names[] = { "iso-8859", "windows-125", "koi8", "us-ascii" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_istarts(charset, names[i]))
            return true;
    return charset.n == 0;
}

/* Of a text without its transfer encoding. Most are decided without asking the decoder. */
static bool content_has(struct search_message *m, struct str content, struct str charset,
                        const struct search_key *k)
{
    if (!is_strange(charset)) {
        bool eight = has_8bit(content);
        if (!eight)
            return k->ascii && text_has(m, content, k);
        if ((charset.n == 0 || str_ieqc(charset, "utf-8") || str_ieqc(charset, "us-ascii")) &&
            utf8_valid(content))
            return text_has(m, content, k);
        if (k->ascii && str_isearch(content, k->text) == content.n && k->text.n > 0)
            return false;
        if (k->ascii && is_single_byte(charset))
            return true;
    }
    struct buf text = BUF_INIT(SERVER_OUT_MAX);
    reader_text(m->reader, m->answers, content, charset, &text);
    bool hit = text_has(m, buf_str(&text), k);
    buf_free(&text);
    return hit;
}

static bool is_text(const struct guard_part *p)
{
    return p->kind == GUARD_LEAF && !p->opaque &&
           (p->type.n == 0 || str_istarts(p->type, "text/") || str_istarts(p->type, "message/") ||
            str_istarts(p->type, "multipart/"));
}

static bool part_has(struct search_message *m, const struct guard_part *p,
                     const struct search_key *k)
{
    enum mime_encoding encoding;
    struct str content = str_skip(str_head(m->src.message, p->end), p->offset);
    section_encoding(p->encoding, &encoding);
    if (encoding == MIME_QP || encoding == MIME_BASE64 || encoding == MIME_UUENCODE) {
        room_bound(&m->decoded);
        section_decode(content, encoding, &m->decoded);
        content = buf_str(&m->decoded);
    }
    struct str charset = guard_param(m->src.arena, p->content_type, "charset");
    return content_has(m, content, charset, k);
}

/* RFC 3501 §6.4.4: BODY is what is not the message's header; TEXT is all of it. Of parts that are no
 * text nobody can have typed a piece. */
static bool message_has(struct search_message *m, const struct search_key *k)
{
    const struct guard *g = section_parts(&m->src);
    if (k->text.n == 0 || (k->kind == KEY_TEXT && header_has(m, m->header, k)))
        return true;
    for (size_t i = 0; i < g->parts_n; i++) {
        const struct guard_part *p = &g->parts[i];
        bool embedded =
            i > 0 && g->parts[i - 1].kind == GUARD_MESSAGE && g->parts[i - 1].depth < p->depth;
        struct str header = str_skip(str_head(m->src.message, p->offset), p->header);
        if (i > 0 && (embedded || k->kind == KEY_TEXT) && header_has(m, header, k))
            return true;
        if (is_text(p) && part_has(m, p, k))
            return true;
    }
    return false;
}

static bool sent_day(struct search_message *m, int64_t *day)
{
    struct maildate date;
    buf_clear(&m->value);
    if (!section_field(m->header, "Date", &m->value) ||
        maildate_read(buf_str(&m->value), &date) != 0)
        return false;
    *day = date.day;
    return true;
}

/* ---- keys ---- */

static bool has_keyword(const struct mailbox_row *r, struct str word)
{
    struct str list = str_c(r->keywords);
    struct str w;
    while (str_word(&list, &w))
        if (str_ieq(w, word))
            return true;
    return false;
}

static bool row_is(const struct search_key *k, const struct mailbox_row *r, uint32_t number)
{
    switch (k->kind) {
    case KEY_ALL:
        return true;
    case KEY_FLAG:
        return (r->flags & k->flags) != 0;
    case KEY_NOT_FLAG:
        return (r->flags & k->flags) == 0;
    case KEY_KEYWORD:
        return has_keyword(r, k->name);
    case KEY_NOT_KEYWORD:
        return !has_keyword(r, k->name);
    case KEY_SEQUENCE:
        return search_ranges_have(k, number);
    case KEY_UID:
        return search_ranges_have(k, r->uid);
    case KEY_BEFORE:
        return r->date < k->day;
    case KEY_ON:
        return r->date >= k->day && r->date < k->day + DAY;
    case KEY_SINCE:
        return r->date >= k->day;
    case KEY_MODSEQ:
        return r->modseq >= k->number;
    case KEY_LARGER:
        return r->size > k->number;
    case KEY_SMALLER:
        return r->size < k->number;
    default:
        return false;
    }
}

static bool bytes_are(const struct search_key *k, struct search_message *m)
{
    int64_t day;
    switch (k->kind) {
    case KEY_SENT_BEFORE:
        return sent_day(m, &day) && day < k->day;
    case KEY_SENT_ON:
        return sent_day(m, &day) && day == k->day;
    case KEY_SENT_SINCE:
        return sent_day(m, &day) && day >= k->day;
    case KEY_HEADER:
        return field_has(m, k);
    default:
        return message_has(m, k);
    }
}

static enum search_verdict judge_all(const struct search_key *k, const struct mailbox_row *row,
                                     uint32_t number, struct search_message *m)
{
    enum search_verdict all = SEARCH_YES;
    for (const struct search_key *c = k->child; c != NULL; c = c->next) {
        enum search_verdict v = search_judge(c, row, number, m);
        if (v == SEARCH_NO)
            return SEARCH_NO;
        if (v == SEARCH_UNKNOWN)
            all = SEARCH_UNKNOWN;
    }
    return all;
}

static enum search_verdict judge_either(const struct search_key *k, const struct mailbox_row *row,
                                        uint32_t number, struct search_message *m)
{
    enum search_verdict one = search_judge(k->child, row, number, m);
    if (one == SEARCH_YES)
        return SEARCH_YES;
    enum search_verdict other = search_judge(k->other, row, number, m);
    if (other == SEARCH_YES)
        return SEARCH_YES;
    return one == SEARCH_UNKNOWN || other == SEARCH_UNKNOWN ? SEARCH_UNKNOWN : SEARCH_NO;
}

enum search_verdict search_judge(const struct search_key *k, const struct mailbox_row *row,
                                 uint32_t number, struct search_message *m)
{
    enum search_verdict v;
    switch (k->kind) {
    case KEY_AND:
        return judge_all(k, row, number, m);
    case KEY_OR:
        return judge_either(k, row, number, m);
    case KEY_NOT:
        v = search_judge(k->child, row, number, m);
        return v == SEARCH_UNKNOWN ? v : v == SEARCH_YES ? SEARCH_NO : SEARCH_YES;
    default:
        if (k->depth == SEARCH_ROW)
            return row_is(k, row, number) ? SEARCH_YES : SEARCH_NO;
        if (m == NULL || m->depth < k->depth)
            return SEARCH_UNKNOWN;
        return bytes_are(k, m) ? SEARCH_YES : SEARCH_NO;
    }
}
