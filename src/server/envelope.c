/* SPDX-License-Identifier: MIT */
#include "server/envelope.h"

#include "mime/addr.h"
#include "server/limits.h"
#include "server/section.h"
#include "wire/imap_cmd.h"
#include "base/banned.h"

enum { FIELD_MAX = SERVER_HEADER_MAX, ENVELOPE_ADDRESSES = MIME_ADDR_MAX };

static void put_field(struct str header, const char *name, struct buf *out)
{
    struct buf value = BUF_INIT(FIELD_MAX);
    if (section_field(header, name, &value))
        wire_put_string(out, buf_str(&value));
    else
        buf_adds(out, "NIL");
    buf_free(&value);
}

static void put_nstring(struct str s, struct buf *out)
{
    if (s.n > 0)
        wire_put_string(out, s);
    else
        buf_adds(out, "NIL");
}

/* RFC 3501 §7.4.2: where NIL stands for a mailbox or a host a group begins or ends; of an address
 * that lacks one it is empty. */
static void put_half(struct str s, struct buf *out)
{
    wire_put_string(out, s.n > 0 ? s : STR(""));
}

static void put_address(const struct mime_addr *a, struct buf *out)
{
    if (a->group_start || a->group_end) {
        buf_adds(out, "(NIL NIL ");
        put_nstring(a->group_start ? a->name : (struct str){ "", 0 }, out);
        buf_adds(out, " NIL)");
        return;
    }
    buf_addc(out, '(');
    put_nstring(a->name, out);
    buf_adds(out, " NIL ");
    put_half(a->local, out);
    buf_addc(out, ' ');
    put_half(a->domain, out);
    buf_addc(out, ')');
}

/* No list has more addresses than signs between them. */
static size_t most_addresses(struct str field)
{
    size_t n = 2;
    for (size_t i = 0; i < field.n; i++)
        n += memchr(",;:<", field.p[i], 4) != NULL;
    return n < ENVELOPE_ADDRESSES ? n : ENVELOPE_ADDRESSES;
}

/* "((name route mailbox host) ...)" or NIL. */
static void put_addresses(struct str field, struct buf *out)
{
    struct arena *a = arena_new(4096);
    size_t most = most_addresses(field);
    struct mime_addr *list = arena_array(a, most, sizeof *list);
    size_t n = mime_addr_list(a, field, list, most);
    buf_adds(out, n > 0 ? "(" : "NIL");
    for (size_t i = 0; i < n; i++)
        put_address(&list[i], out);
    if (n > 0)
        buf_addc(out, ')');
    arena_free(&a);
}

/* RFC 3501 §7.4.2: a Sender or Reply-To that is missing or empty is From. */
static void put_all_addresses(struct str header, struct buf *out)
{
    static const struct {
        const char *name;
        bool or_from;
    } lists[] = { { "From", false }, { "Sender", true }, { "Reply-To", true },
                  { "To", false },   { "Cc", false },    { "Bcc", false } };
    struct buf value = BUF_INIT(FIELD_MAX);
    size_t from_n = 0;
    size_t begin = out->len;
    for (size_t i = 0; i < COUNT(lists); i++) {
        buf_clear(&value);
        bool there =
            section_field(header, lists[i].name, &value) && str_trim(buf_str(&value)).n > 0;
        if (i > 0)
            buf_addc(out, ' ');
        if (!there && lists[i].or_from) {
            /* Room first: what is copied must not move. */
            const char *room = buf_room(out, from_n);
            if (room != NULL)
                buf_add(out, out->data + begin, from_n);
        } else
            put_addresses(buf_str(&value), out);
        if (i == 0)
            from_n = out->len - begin;
    }
    buf_free(&value);
}

void envelope_put(struct str header, struct buf *out)
{
    buf_addc(out, '(');
    put_field(header, "Date", out);
    buf_addc(out, ' ');
    put_field(header, "Subject", out);
    buf_addc(out, ' ');
    put_all_addresses(header, out);
    buf_addc(out, ' ');
    put_field(header, "In-Reply-To", out);
    buf_addc(out, ' ');
    put_field(header, "Message-ID", out);
    buf_addc(out, ')');
}
