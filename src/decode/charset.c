/* SPDX-License-Identifier: MIT */
#include "decode/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/banned.h"

enum { NAME_MAX_BYTES = 40 };

bool charset_is_8bit(struct str s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (unsigned char)s.p[i];
    return all >= 0x80;
}

/* WHATWG's windows-1252: the five places without a character keep their C1 code. */
static void from_1252(struct str in, struct buf *out)
{
    static const uint16_t high[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
    };
    size_t run = 0;
    for (size_t i = 0; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        if (c < 0x80)
            continue;
        buf_add(out, in.p + run, i - run);
        run = i + 1;
        utf8_put(out, c < 0xA0 ? high[c - 0x80] : c);
    }
    buf_add(out, in.p + run, in.n - run);
}

/* True if some character of it is written with several bytes as UTF-8 does. */
static bool has_utf8(struct str in)
{
    uint32_t cp;
    while (in.n > 0) {
        struct str before = in;
        utf8_next(&in, &cp);
        if (before.n - in.n > 1)
            return true;
    }
    return false;
}

static bool is_latin1(struct str charset)
{
    static const char *const names[] = {
        "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1",         "latin-1",        "windows-1252",
        "cp1252",     "us-ascii",  "ascii",      "ansi_x3.4-1968", "x-user-defined", "unknown-8bit",
        "default",    "8bit",      "7bit",       "unknown"
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_ieqc(charset, names[i]))
            return true;
    return charset.n == 0;
}

/* The name for iconv: renamed where the label usually lies, "" when it is no name (and could
 * smuggle iconv's own "//" suffixes in). */
static const char *iconv_name(struct str charset, char name[NAME_MAX_BYTES + 1])
{
    static const char *const lies[][2] = {
        { "gb2312", "GB18030" },
        { "gbk", "GB18030" },
        { "x-gbk", "GB18030" },
        { "iso-8859-9", "CP1254" },
        { "iso-8859-8-i", "ISO-8859-8" },
        { "ks_c_5601-1987", "CP949" },
        { "euc-kr", "CP949" },
        { "shift_jis", "CP932" },
        { "x-sjis", "CP932" },
        { "shift-jis", "CP932" },
        { "big5", "BIG5-HKSCS" },
        { "tis-620", "CP874" },
        { "x-mac-roman", "MACINTOSH" },
        { "iso-8859-11", "CP874" },
    };
    for (size_t i = 0; i < COUNT(lies); i++)
        if (str_ieqc(charset, lies[i][0]))
            return lies[i][1];
    if (charset.n > NAME_MAX_BYTES)
        return "";
    for (size_t i = 0; i < charset.n; i++) {
        char c = charset.p[i];
        if (!ascii_is_alnum(c) && c != '-' && c != '_' && c != '.' && c != ':' && c != '+')
            return "";
        name[i] = c;
    }
    name[charset.n] = '\0';
    return name;
}

/* 0, 1 with replaced bytes. */
static int convert(iconv_t cd, struct str in, struct buf *out)
{
    char *from = (char *)in.p;
    size_t left = in.n;
    int rc = 0;
    while (left > 0 && !out->over) {
        size_t want = left * 3 + 16 < 4096 ? left * 3 + 16 : 4096, room = want;
        char *to = buf_room(out, room);
        if (to == NULL)
            return 1;
        size_t n = iconv(cd, &from, &left, &to, &room);
        int why = n == (size_t)-1 ? errno : 0;
        buf_grown(out, want - room);
        if (why == EILSEQ ||
            why == EINVAL) { /* a byte it does not have; a character cut at the end */
            utf8_put(out, UTF8_REPLACEMENT);
            rc = 1;
            from++;
            left--;
        } else if (why != 0 && why != E2BIG)
            return 1;
    }
    return rc;
}

static int from_utf8(struct str in, struct buf *out)
{
    if (utf8_valid(in)) {
        buf_add_str(out, in);
        return 0;
    }
    if (has_utf8(in)) {
        utf8_clean(out, in);
        return 1;
    }
    from_1252(in, out);
    return 1;
}

int charset_to_utf8(struct str charset, struct str in, struct buf *out)
{
    char room[NAME_MAX_BYTES + 1];
    charset = str_trim(charset);
    if (is_latin1(charset)) {
        if (utf8_valid(in))
            buf_add_str(out, in);
        else
            from_1252(in, out);
        return 0;
    }
    if (str_ieqc(charset, "utf-8") || str_ieqc(charset, "utf8"))
        return from_utf8(in, out);
    const char *name = iconv_name(charset, room);
    iconv_t cd = name[0] != '\0' ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (cd == (iconv_t)-1) {
        bool known = !charset_is_8bit(in);
        (void)!from_utf8(in, out);
        return known ? 0 : 1;
    }
    size_t before = out->len;
    int rc = convert(cd, in, out);
    iconv_close(cd);
    /* Encoders of iconv may let surrogates through; nobody behind us expects those. */
    struct str done = str_skip(buf_str(out), before);
    if (!out->over && !utf8_valid(done)) {
        char *copy = xmemdup0(done.p, done.n);
        buf_truncate(out, before);
        utf8_clean(out, (struct str){ copy, done.n });
        free(copy);
        rc = 1;
    }
    return rc;
}
