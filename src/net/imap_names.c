/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "wire/imap_cmd.h"
#include "wire/imap_name.h"
#include "base/banned.h"

enum { NAME_RAW_MAX = 4 * WIRE_NAME_MAX /* of a name that stands as the server sent it */ };

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

bool imap_name_goes(struct str name)
{
    for (size_t k = 0; k < name.n; k++)
        if (is_control(name.p[k]))
            return false;
    return name.n > 0 && name.n <= NAME_RAW_MAX;
}

static int name_refused(struct str name, struct error *err)
{
    return error_set(err, ERR_REFUSED, RETRY_NEVER, _("this cannot be the name of a folder: %.*s"),
                     STR_ARG(str_head(name, 200)));
}

/* Between quotes with all its bytes, as such servers send it. */
static void raw_put(struct buf *out, struct str name)
{
    buf_addc(out, '"');
    for (size_t k = 0; k < name.n; k++) {
        if (name.p[k] == '"' || name.p[k] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, name.p[k]);
    }
    buf_addc(out, '"');
}

int imap_put_name(struct imap *i, struct buf *out, struct str name, struct error *err)
{
    struct buf text = BUF_INIT(NAME_RAW_MAX);
    bool both = wire_name_decode(name, &text) == 0, put = imap_name_goes(name);
    if (put && both && imap_utf8(i)) {
        i->named |= !str_eq(buf_str(&text), name);
        put = wire_put_utf8(out, buf_str(&text));
    } else if (put && !wire_put_astring(out, name, false))
        raw_put(out, name);
    buf_free(&text);
    return put && !out->over ? 0 : name_refused(name, err);
}

void imap_name_text(struct str name, struct buf *out)
{
    if (wire_name_decode(name, out) != 0)
        utf8_clean(out, name);
}

int imap_name_make(struct str text, struct buf *out, struct error *err)
{
    return wire_name_encode(text, out) == 0 ? 0 : name_refused(text, err);
}

static bool is_utf8_now(const struct imap *i)
{
    return (i->enabled & IMAP_UTF8_NAMES) != 0 ||
           (i->caps & (CAP_IMAP4REV1 | CAP_IMAP4REV2)) == CAP_IMAP4REV2;
}

bool imap_utf8(const struct imap *i)
{
    uint64_t soon = i->hello_due ? imap_to_enable(i) : i->enabling;
    return (soon & IMAP_UTF8_NAMES) != 0 || is_utf8_now(i);
}

static void one_read(struct buf *kept, struct str *name)
{
    buf_clear(kept);
    if (name->n > 0 && wire_name_encode(*name, kept) == 0)
        *name = buf_str(kept);
}

void imap_names_read(struct imap *i, struct imap_resp *r)
{
    if (!is_utf8_now(i))
        return;
    one_read(&i->names[0], &r->list.name);
    one_read(&i->names[1], &r->list.old_name);
    one_read(&i->names[2], &r->status.name);
    one_read(&i->names[3], &r->personal.prefix);
    one_read(&i->names[4], &r->others.prefix);
    one_read(&i->names[5], &r->shared.prefix);
}
