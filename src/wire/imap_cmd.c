/* SPDX-License-Identifier: MIT */
#include "wire/imap_cmd.h"

#include <time.h>

#include "base/utf8.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

/* Longer strings are literals: a server may bound its lines. */
enum { QUOTED_MAX = 1000 };

/* RFC 3501 §9 ATOM-CHAR, and no character that any side is known to stumble over: "BODY[" begins a
 * section where FETCH is read. */
static bool is_atom_char(char c)
{
    return (unsigned char)c > 0x20 && (unsigned char)c < 0x7F && strchr("(){%*\"\\[]", c) == NULL;
}

bool wire_is_atom(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_atom_char(s.p[i]))
            return false;
    return s.n > 0 && s.n <= QUOTED_MAX && !str_ieqc(s, "NIL");
}

/* True if s may stand between quotes: TEXT-CHAR of ASCII (8-bit needs a literal before RFC 9051).
 */
static bool is_quotable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || s.p[i] == '\r' || s.p[i] == '\n' || (unsigned char)s.p[i] >= 0x80)
            return false;
    return s.n <= QUOTED_MAX;
}

static void quoted_put(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

bool wire_put_astring(struct buf *out, struct str s, bool literal_plus)
{
    if (wire_is_atom(s)) {
        buf_add_str(out, s);
        return true;
    }
    if (is_quotable(s)) {
        quoted_put(out, s);
        return true;
    }
    if (!literal_plus || str_find(s, '\0') < s.n)
        return false;
    buf_addf(out, "{%zu+}\r\n", s.n);
    buf_add_str(out, s);
    return true;
}

bool wire_put_utf8(struct buf *out, struct str s)
{
    struct str left = s;
    uint32_t cp;
    if (s.n == 0 || s.n > QUOTED_MAX || !utf8_valid(s))
        return false;
    while (utf8_next(&left, &cp))
        if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x2028 || cp == 0x2029)
            return false;
    if (wire_is_atom(s))
        buf_add_str(out, s);
    else
        quoted_put(out, s);
    return true;
}

void wire_put_string(struct buf *out, struct str s)
{
    if (s.p == NULL)
        buf_adds(out, "NIL");
    else if (is_quotable(s))
        quoted_put(out, s);
    else {
        buf_addf(out, "{%zu}\r\n", s.n);
        buf_add_str(out, s);
    }
}

static void flag_put(struct buf *out, bool *first, struct str flag)
{
    if (!*first)
        buf_addc(out, ' ');
    *first = false;
    buf_add_str(out, flag);
}

void wire_put_flags(struct buf *out, unsigned flags, struct str keywords)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        { IMAP_SEEN, "\\Seen" },          { IMAP_ANSWERED, "\\Answered" },
        { IMAP_FLAGGED, "\\Flagged" },    { IMAP_DELETED, "\\Deleted" },
        { IMAP_DRAFT, "\\Draft" },        { IMAP_RECENT_FLAG, "\\Recent" },
        { IMAP_FORWARDED, "$Forwarded" },
    };
    bool first = true;
    struct str word;
    buf_addc(out, '(');
    for (size_t i = 0; i < COUNT(names); i++)
        if (flags & names[i].bit)
            flag_put(out, &first, str_c(names[i].name));
    while (str_word(&keywords, &word))
        if (wire_is_atom(word))
            flag_put(out, &first, word);
    if (flags & IMAP_ANY)
        flag_put(out, &first, STR("\\*"));
    buf_addc(out, ')');
}

void wire_put_date(struct buf *out, int64_t seconds)
{
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1899 || tm.tm_year > 8099) {
        t = 0;
        gmtime_r(&t, &tm);
    }
    buf_addf(out, "\"%02d-%s-%04d %02d:%02d:%02d +0000\"", tm.tm_mday, months[tm.tm_mon % 12],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
