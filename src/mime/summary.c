/* SPDX-License-Identifier: MIT */
#include "mime/summary.h"

#include "base/i18n.h"
#include "base/banned.h"

/* Layout: version, date (zigzag), damage, the strings of text_fields in order, the number of parts,
 * the parts. Numbers are little-endian groups of seven bits, the last one without its high bit; a
 * string is its length and its bytes. PART_SMALLEST is what the shortest possible part takes, so
 * that a count can be checked before it is believed. */
enum { FLAT_VERSION = 1, PART_SMALLEST = 11, NUMBER_MAX = 10 };

#define FIELD(name) offsetof(struct mime_summary, name)
static const size_t text_fields[] = {
    FIELD(subject),     FIELD(from),    FIELD(sender),     FIELD(reply_to),     FIELD(to),
    FIELD(cc),          FIELD(bcc),     FIELD(message_id), FIELD(in_reply_to),  FIELD(references),
    FIELD(followup_to), FIELD(list_id), FIELD(list_post),  FIELD(auth_results), FIELD(preview),
};

static void put_number(struct buf *out, uint64_t v)
{
    char bytes[NUMBER_MAX];
    size_t n = 0;
    while (v >= 0x80) {
        bytes[n++] = (char)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (char)v;
    buf_add(out, bytes, n);
}

static void put_text(struct buf *out, struct str s)
{
    put_number(out, s.n);
    buf_add_str(out, s);
}

static void put_part(struct buf *out, const struct mime_part_info *p)
{
    put_number(out, p->header_offset);
    put_number(out, p->offset);
    put_number(out, p->length);
    put_number(out, p->decoded);
    put_text(out, p->type);
    put_text(out, p->charset);
    put_text(out, p->name);
    put_text(out, p->id);
    put_number(out, p->encoding);
    put_number(out, p->depth);
    put_number(out, p->flags);
}

void mime_summary_flatten(const struct mime_summary *s, struct buf *out)
{
    put_number(out, FLAT_VERSION);
    put_number(out, (uint64_t)s->date << 1 ^ (s->date < 0 ? UINT64_MAX : 0));
    put_number(out, s->damage);
    for (size_t i = 0; i < COUNT(text_fields); i++)
        put_text(out, *(const struct str *)((const char *)s + text_fields[i]));
    put_number(out, s->parts_n);
    for (size_t i = 0; i < s->parts_n; i++)
        put_part(out, &s->parts[i]);
}

static int take_number(struct str *in, uint64_t *v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < in->n && i < NUMBER_MAX; i++) {
        uint64_t byte = (unsigned char)in->p[i];
        if (i == NUMBER_MAX - 1 && byte > 1)
            return -1;
        sum |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *v = sum;
            *in = str_skip(*in, i + 1);
            return 0;
        }
    }
    return -1;
}

static int take_unsigned(struct str *in, unsigned limit, unsigned *v)
{
    uint64_t n = 0;
    if (take_number(in, &n) != 0 || n > limit)
        return -1;
    *v = (unsigned)n;
    return 0;
}

static int take_text(struct str *in, struct str *s)
{
    uint64_t n = 0;
    if (take_number(in, &n) != 0 || n > in->n)
        return -1;
    *s = str_head(*in, (size_t)n);
    *in = str_skip(*in, (size_t)n);
    return 0;
}

static int take_part(struct str *in, struct mime_part_info *p)
{
    unsigned encoding = 0;
    if (take_number(in, &p->header_offset) || take_number(in, &p->offset) ||
        take_number(in, &p->length) || take_number(in, &p->decoded) || take_text(in, &p->type) ||
        take_text(in, &p->charset) || take_text(in, &p->name) || take_text(in, &p->id) ||
        take_unsigned(in, MIME_UUENCODE, &encoding) || take_unsigned(in, UINT32_MAX, &p->depth) ||
        take_unsigned(in, UINT32_MAX, &p->flags))
        return -1;
    p->encoding = (enum mime_encoding)encoding;
    return 0;
}

static int take_summary(struct arena *a, struct str in, struct mime_summary *s)
{
    uint64_t version = 0, date = 0, parts = 0;
    if (take_number(&in, &version) || version != FLAT_VERSION || take_number(&in, &date) ||
        take_unsigned(&in, UINT32_MAX, &s->damage))
        return -1;
    s->date = (int64_t)(date >> 1 ^ (date & 1 ? UINT64_MAX : 0));
    for (size_t i = 0; i < COUNT(text_fields); i++)
        if (take_text(&in, (struct str *)((char *)s + text_fields[i])) != 0)
            return -1;
    if (take_number(&in, &parts) || parts > MIME_PARTS_MAX || parts > in.n / PART_SMALLEST)
        return -1;
    s->parts_n = (size_t)parts;
    s->parts = s->parts_n > 0 ? arena_array(a, s->parts_n, sizeof *s->parts) : NULL;
    for (size_t i = 0; i < s->parts_n; i++)
        if (take_part(&in, &s->parts[i]) != 0)
            return -1;
    return in.n == 0 ? 0 : -1;
}

int mime_summary_read(struct arena *a, struct str flat, struct mime_summary *out, struct error *err)
{
    *out = (struct mime_summary){ 0 };
    if (take_summary(a, flat, out) == 0)
        return 0;
    *out = (struct mime_summary){ 0 };
    return error_set(err, ERR_PARSE, RETRY_NEVER, _("a stored summary cannot be read"));
}

/* How gladly a part is shown first: 0 not at all. inside: part of an attached message. */
static unsigned text_rank(const struct mime_part_info *p, bool inside)
{
    unsigned kind = str_ieqc(p->type, "text/plain") ? 2 : str_ieqc(p->type, "text/html") ? 1 : 0;
    if (kind == 0 || (p->flags & MIME_PART_CONTAINER))
        return 0;
    return kind + (mime_part_is_attachment(p) ? 0 : 4) + (inside ? 0 : 8);
}

void mime_text_pick_init(struct mime_text_pick *p)
{
    *p = (struct mime_text_pick){ .best = SIZE_MAX, .message_depth = UINT32_MAX };
}

bool mime_text_pick_see(struct mime_text_pick *p, const struct mime_part_info *part)
{
    size_t at = p->seen++;
    if (part->depth <= p->message_depth)
        p->message_depth = UINT32_MAX;
    unsigned rank = text_rank(part, p->message_depth != UINT32_MAX);
    if (p->message_depth == UINT32_MAX && part->depth > 0 && str_ieqc(part->type, "message/rfc822"))
        p->message_depth = part->depth;
    if (rank <= p->rank)
        return false;
    p->rank = rank;
    p->best = at;
    return true;
}

size_t mime_summary_text_part(const struct mime_summary *s)
{
    struct mime_text_pick pick;
    mime_text_pick_init(&pick);
    for (size_t i = 0; i < s->parts_n; i++)
        (void)mime_text_pick_see(&pick, &s->parts[i]);
    return pick.best < s->parts_n ? pick.best : s->parts_n;
}

bool mime_part_is_attachment(const struct mime_part_info *part)
{
    if (part->flags & (MIME_PART_UU | MIME_PART_ATTACHMENT))
        return true;
    return part->depth > 0 && str_ieqc(part->type, "message/rfc822");
}

const char *mime_part_note(const struct mime_part_info *part)
{
    if (part->flags & MIME_PART_DAMAGED)
        return _("damaged");
    return part->flags & MIME_PART_UNENDED ? _("whole, but without its end line") : "";
}

bool mime_summary_has_attachments(const struct mime_summary *s)
{
    for (size_t i = 0; i < s->parts_n; i++)
        if (mime_part_is_attachment(&s->parts[i]))
            return true;
    return false;
}
