/* SPDX-License-Identifier: MIT */
#include "cli/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/message.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { TEXT_MAX = 256 << 20, ADDRESSES_MAX = 500, NARROWEST = 20 };

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || utf8_is_bidi_control(cp);
}

void out_clean(struct str text, bool lines, struct buf *out)
{
    uint32_t cp;
    while (utf8_next(&text, &cp)) {
        if (cp == '\n' || cp == '\t')
            buf_addc(out, lines ? (char)cp : ' ');
        else
            utf8_put(out, is_control(cp) ? UTF8_REPLACEMENT : cp);
    }
}

static size_t blanks(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] == ' ')
        n++;
    return n;
}

void out_wrap(struct str line, size_t indent, size_t columns, struct buf *out)
{
    size_t column = 0;
    for (bool first = true; line.n > 0; first = false) {
        size_t gap = blanks(line);
        struct str word = str_skip(line, gap);
        word = str_head(word, str_find(word, ' '));
        size_t width = utf8_width(word);
        if (!first && column + gap + width > columns) {
            buf_addc(out, '\n');
            column = 0;
            gap = 0;
            for (; column < indent; column++)
                buf_addc(out, ' ');
            line = str_skip(line, blanks(line));
        }
        buf_add_str(out, str_head(line, gap + word.n));
        line = str_skip(line, gap + word.n);
        column += gap + width;
    }
}

size_t out_columns(int fd)
{
    struct winsize w;
    bool known = isatty(fd) && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= NARROWEST;
    return known ? w.ws_col : SIZE_MAX;
}

void out_text(struct str text, bool lines)
{
    struct buf clean = BUF_INIT(TEXT_MAX);
    out_clean(text, lines, &clean);
    fwrite(buf_c(&clean), 1, clean.len, stdout);
    buf_free(&clean);
}

json_t *out_json_text(struct str text)
{
    struct buf clean = BUF_INIT(TEXT_MAX);
    utf8_clean(&clean, text);
    json_t *value = json_stringn(buf_c(&clean), clean.len);
    buf_free(&clean);
    return value;
}

void out_json_line(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    puts(text);
    free(text);
    json_decref(o);
}

json_t *out_json_date(int64_t seconds)
{
    char text[CLOCK_RFC3339_MAX];
    clock_rfc3339(seconds, text);
    return json_string(text);
}

json_t *out_json_flags(unsigned flags)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        { CACHE_SEEN, "seen" },       { CACHE_ANSWERED, "answered" },
        { CACHE_FLAGGED, "flagged" }, { CACHE_DELETED, "deleted" },
        { CACHE_DRAFT, "draft" },     { CACHE_FORWARDED, "forwarded" },
    };
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT(names); i++)
        if (flags & names[i].bit)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

json_t *out_json_addresses(struct str field)
{
    struct arena *a = arena_new(4096);
    struct mime_addr *found = arena_array(a, ADDRESSES_MAX, sizeof *found);
    size_t n = mime_addr_list(a, field, found, ADDRESSES_MAX);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        struct buf text = BUF_INIT(field.n * 2 + 64);
        if (found[i].group_start || found[i].group_end)
            continue;
        mime_addr_show(&found[i], &text);
        json_array_append_new(list, out_json_text(buf_str(&text)));
        buf_free(&text);
    }
    arena_free(&a);
    return list;
}

int out_end(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EX_OK;
    if (errno != EPIPE) /* a reader that has seen enough is no error */
        fprintf(stderr, "tmail: %s\n", _("cannot write standard output"));
    return EX_IOERR;
}
