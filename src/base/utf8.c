/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <utf8proc.h>
#include <wchar.h>

#include "base/banned.h"

/* Clusters longer than this are cut: nobody reads eighty accents on one letter. */
enum { CLUSTER_MAX_BYTES = 64 };

bool utf8_next(struct str *in, uint32_t *cp)
{
    if (in->n == 0)
        return false;
    unsigned char first = (unsigned char)in->p[0];
    if (first < 0x80) {
        *cp = first;
        *in = str_skip(*in, 1);
        return true;
    }
    utf8proc_int32_t c;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)in->p,
                                             (utf8proc_ssize_t)(in->n > 4 ? 4 : in->n), &c);
    *cp = used > 0 ? (uint32_t)c : UTF8_REPLACEMENT;
    *in = str_skip(*in, used > 0 ? (size_t)used : 1);
    return true;
}

bool utf8_valid(struct str s)
{
    while (s.n > 0) {
        struct str before = s;
        uint32_t cp;
        utf8_next(&s, &cp);
        if (cp == UTF8_REPLACEMENT && !str_starts(before, "\xEF\xBF\xBD"))
            return false;
    }
    return true;
}

void utf8_put(struct buf *out, uint32_t cp)
{
    utf8proc_uint8_t bytes[4];
    if (!utf8proc_codepoint_valid((utf8proc_int32_t)cp))
        cp = UTF8_REPLACEMENT;
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)cp, bytes);
    buf_add(out, bytes, (size_t)n);
}

void utf8_clean(struct buf *out, struct str s)
{
    uint32_t cp;
    if (utf8_valid(s)) {
        buf_add_str(out, s);
        return;
    }
    while (utf8_next(&s, &cp))
        utf8_put(out, cp);
}

void utf8_fold(struct buf *out, struct str s)
{
    uint32_t cp;
    while (s.n > 0) {
        size_t ascii = 0;
        while (ascii < s.n && (unsigned char)s.p[ascii] < 0x80)
            ascii++;
        char *room = ascii > 0 ? buf_room(out, ascii) : NULL;
        for (size_t i = 0; i < ascii && room != NULL; i++)
            room[i] = ascii_lower(s.p[i]);
        if (room != NULL)
            buf_grown(out, ascii);
        s = str_skip(s, ascii);
        /* By way of the capital, so that both small sigmas are one. */
        if (s.n > 0 && utf8_next(&s, &cp))
            utf8_put(out, (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)cp)));
    }
}

void utf8_casemap(struct buf *out, struct str s)
{
    utf8proc_int32_t parts[32];
    uint32_t cp;
    while (utf8_next(&s, &cp)) {
        utf8proc_int32_t title = utf8proc_totitle((utf8proc_int32_t)cp);
        int unused = 0;
        utf8proc_ssize_t n =
            utf8proc_decompose_char(title, parts, (utf8proc_ssize_t)COUNT(parts),
                                    (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT),
                                    &unused);
        if (n < 0 || n > (utf8proc_ssize_t)COUNT(parts))
            utf8_put(out, (uint32_t)title);
        for (utf8proc_ssize_t i = 0; i < n && n <= (utf8proc_ssize_t)COUNT(parts); i++)
            utf8_put(out, (uint32_t)parts[i]);
    }
}

unsigned utf8_cp_width(uint32_t cp)
{
    if (cp >= 0x20 && cp < 0x7F)
        return 1;
    int w = wcwidth((wchar_t)cp);
    return w > 0 ? (unsigned)w : 0;
}

bool utf8_cluster(struct str *in, struct str *cluster, unsigned *width)
{
    struct str rest = *in;
    uint32_t cp;
    if (!utf8_next(&rest, &cp))
        return false;
    *width = utf8_cp_width(cp);
    utf8proc_int32_t state = 0;
    while (rest.n > 0) {
        struct str ahead = rest;
        uint32_t next;
        utf8_next(&ahead, &next);
        if (next < 0x300 || (size_t)(ahead.p - in->p) > CLUSTER_MAX_BYTES ||
            utf8proc_grapheme_break_stateful((utf8proc_int32_t)cp, (utf8proc_int32_t)next, &state))
            break;
        if (*width == 0)
            *width = utf8_cp_width(next);
        cp = next;
        rest = ahead;
    }
    *cluster = (struct str){ in->p, (size_t)(rest.p - in->p) };
    *in = rest;
    return true;
}

unsigned utf8_width(struct str s)
{
    unsigned total = 0, w;
    struct str cluster;
    while (utf8_cluster(&s, &cluster, &w))
        total += w;
    return total;
}

struct str utf8_fit(struct str s, unsigned width, unsigned *used)
{
    struct str rest = s, cluster;
    unsigned w;
    *used = 0;
    while (rest.n > 0) {
        struct str before = rest;
        utf8_cluster(&rest, &cluster, &w);
        if (w > width - *used) {
            rest = before;
            break;
        }
        *used += w;
    }
    return str_head(s, s.n - rest.n);
}

size_t utf8_cut(struct str s, size_t n)
{
    if (n >= s.n)
        return s.n;
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

bool utf8_is_bidi_control(uint32_t cp)
{
    return cp == 0x061C || cp == 0x200B || cp == 0x200E || cp == 0x200F || cp == 0x2060 ||
           cp == 0xFEFF || (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069);
}
