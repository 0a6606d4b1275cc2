/* SPDX-License-Identifier: MIT */
#include "decode/header.h"

#include <gmime/gmime.h>

#include "base/utf8.h"
#include "decode/charset.h"
#include "decode/words.h"
#include "mime/addr.h"
#include "base/banned.h"

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
struct str header_repaired(struct arena *a, struct str raw)
{
    struct str line = one_line(a, raw);
    if (utf8_valid(line))
        return line;
    struct buf b = BUF_INIT((size_t)HEADER_FIELD_MAX * 4);
    (void)charset_to_utf8((struct str){ "", 0 }, line, &b);
    line = arena_str(a, buf_str(&b));
    buf_free(&b);
    return line;
}

struct str header_words(struct arena *a, struct str line)
{
    if (!words_any(line))
        return line;
    struct buf b = BUF_INIT((size_t)HEADER_FIELD_MAX * 4);
    words_decode(line, &b);
    /* A decoded line end would be a second field wherever the text is written again. */
    line = header_repaired(a, buf_str(&b));
    buf_free(&b);
    return line;
}

struct str header_text(struct arena *a, struct str raw)
{
    return header_words(a, header_repaired(a, str_head(raw, HEADER_FIELD_MAX)));
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
    struct buf out = BUF_INIT((size_t)HEADER_FIELD_MAX * 4);
    size_t n = mime_addr_list(a, line, addrs, max);
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        addrs[i].name = header_words(a, addrs[i].name);
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

struct str header_addresses(struct arena *a, struct str raw)
{
    struct str line = header_repaired(a, str_head(raw, HEADER_FIELD_MAX));
    return words_any(line) ? address_words(a, line) : line;
}

/* The <ids> of a field, separated by blanks; what stands between them is no id (RFC 5322 §3.6.4).
 * One that came without brackets gets them. */
struct str header_ids(struct arena *a, struct str raw)
{
    struct str in = header_repaired(a, str_head(raw, HEADER_FIELD_MAX));
    struct buf out = BUF_INIT(HEADER_FIELD_MAX * 2);
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

int64_t header_date(struct arena *a, struct str raw)
{
    struct str line = header_repaired(a, str_head(raw, HEADER_SHORT_MAX));
    GDateTime *when = line.n > 0 ? g_mime_utils_header_decode_date(line.p) : NULL;
    if (when == NULL)
        return 0;
    int64_t seconds = g_date_time_to_unix(when);
    g_date_time_unref(when);
    return seconds > 0 ? seconds : 0;
}
