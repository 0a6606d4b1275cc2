/* SPDX-License-Identifier: MIT */
#include "wire/smtp_dsn.h"

#include "base/utf8.h"
#include "base/banned.h"

static const char hex_digits[] = "0123456789ABCDEF";

static int hex_value(char c)
{
    const char *at = c != '\0' ? strchr(hex_digits, ascii_upper(c)) : NULL;
    return at != NULL ? (int)(at - hex_digits) : -1;
}

/* RFC 3461 §4: xtext, "!" to "~" without "+" and "=", and "+" with two hexadecimal digits. The
 * character taken off *in; -1: there is none. */
static int xchar_next(struct str *in)
{
    unsigned char c = (unsigned char)in->p[0];
    if (c == '+') {
        int high = in->n >= 3 ? hex_value(in->p[1]) : -1;
        int low = in->n >= 3 ? hex_value(in->p[2]) : -1;
        *in = str_skip(*in, 3);
        return high < 0 || low < 0 ? -1 : high * 16 + low;
    }
    *in = str_skip(*in, 1);
    return c < '!' || c > '~' || c == '=' ? -1 : c;
}

int wire_xtext_read(struct str xtext, struct buf *out)
{
    size_t before = out->len;
    while (xtext.n > 0) {
        int c = xchar_next(&xtext);
        if (c < 0x20 || c == 0x7F) {
            buf_truncate(out, before);
            return -1;
        }
        buf_addc(out, (char)c);
    }
    return 0;
}

void wire_xtext_put(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < '!' || c > '~' || c == '+' || c == '=')
            buf_addf(out, "+%c%c", hex_digits[c >> 4], hex_digits[c & 15]);
        else
            buf_addc(out, s.p[i]);
    }
}

static const struct {
    const char *name;
    unsigned bit;
} notify_words[] = { { "SUCCESS", SMTP_NOTIFY_SUCCESS },
                     { "FAILURE", SMTP_NOTIFY_FAILURE },
                     { "DELAY", SMTP_NOTIFY_DELAY },
                     { "NEVER", SMTP_NOTIFY_NEVER } };

/* RFC 3461 §4.1: NEVER alone, or a list of the others. */
int wire_notify_read(struct str value, unsigned *notify)
{
    unsigned all = 0;
    do {
        size_t comma = str_find(value, ',');
        struct str word = str_head(value, comma);
        unsigned bit = 0;
        for (size_t i = 0; i < COUNT(notify_words); i++)
            if (str_ieqc(word, notify_words[i].name))
                bit = notify_words[i].bit;
        if (bit == 0 || (comma < value.n && comma + 1 == value.n))
            return -1;
        all |= bit;
        value = str_skip(value, comma + 1);
    } while (value.n > 0);
    if ((all & SMTP_NOTIFY_NEVER) != 0 && all != SMTP_NOTIFY_NEVER)
        return -1;
    *notify = all;
    return 0;
}

void wire_notify_put(struct buf *out, unsigned notify)
{
    const char *between = "";
    for (size_t i = 0; i < COUNT(notify_words); i++)
        if ((notify & notify_words[i].bit) != 0) {
            buf_addf(out, "%s%s", between, notify_words[i].name);
            between = ",";
        }
}

/* RFC 3461 §4.3 */
int wire_ret_read(struct str value, unsigned *ret)
{
    if (str_ieqc(value, "FULL"))
        *ret = SMTP_RET_FULL;
    else if (str_ieqc(value, "HDRS"))
        *ret = SMTP_RET_HDRS;
    else
        return -1;
    return 0;
}

static bool xtext_ok(struct str value, size_t max)
{
    struct buf plain = BUF_INIT(SMTP_ORCPT_MAX);
    bool ok = value.n > 0 && value.n <= max && wire_xtext_read(value, &plain) == 0;
    buf_free(&plain);
    return ok;
}

bool wire_envid_ok(struct str value)
{
    return xtext_ok(value, SMTP_ENVID_MAX);
}

/* RFC 6533 §3, utf-8-addr-unitext and utf-8-addr-xtext: what xtext may hold, and UTF-8. */
static bool unitext_ok(struct str s, bool utf8)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == 0x7F || c == '=' || (c >= 0x80 && !utf8))
            return false;
    }
    return s.n > 0 && s.n <= SMTP_ORCPT_MAX && utf8_valid(s);
}

/* RFC 3461 §4.2: addr-type ";" xtext */
bool wire_orcpt_ok(struct str value, bool utf8)
{
    struct str type = str_head(value, str_find(value, ';'));
    struct str addr = str_skip(value, type.n + 1);
    for (size_t i = 0; i < type.n; i++)
        if (!ascii_is_alnum(type.p[i]) && type.p[i] != '-')
            return false;
    if (type.n == 0 || value.n > SMTP_ORCPT_MAX)
        return false;
    return str_ieqc(type, "utf-8") ? unitext_ok(addr, utf8) : xtext_ok(addr, SMTP_ORCPT_MAX);
}
