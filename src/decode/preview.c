/* SPDX-License-Identifier: MIT */
#include "decode/preview.h"

#include "base/utf8.h"
#include "decode/charset.h"
#include "mime/codec.h"
#include "base/banned.h"

enum {
    LOOK_TEXT = 4 << 10,           /* encoded bytes that are looked at */
    LOOK_HTML = PREVIEW_BYTES_MAX, /* style sheets come first */
};

int part_decode(struct str content, enum mime_encoding encoding, struct buf *out)
{
    if (encoding != MIME_BASE64 && encoding != MIME_QP && encoding != MIME_UUENCODE) {
        buf_add_str(out, content);
        return 0;
    }
    struct error err;
    enum codec_kind kind = encoding == MIME_BASE64 ? CODEC_BASE64
                           : encoding == MIME_QP   ? CODEC_QP
                                                   : CODEC_UU;
    struct codec *c = codec_new(kind, NULL);
    int rc = codec_decode(c, content, true, out, &err);
    codec_free(&c);
    return rc == 0 ? 0 : 1;
}

/* Passes over an element whose content is not text, up to behind its end tag. */
static struct str skip_element(struct str in, const char *end)
{
    size_t n = str_isearch(in, str_c(end));
    return str_skip(in, n < in.n ? n + strlen(end) : in.n);
}

static struct str skip_tag(struct str in)
{
    static const char *const silent[][2] = { { "<style", "</style>" },
                                             { "<script", "</script>" },
                                             { "<title", "</title>" },
                                             { "<!--", "-->" } };
    for (size_t i = 0; i < COUNT(silent); i++)
        if (str_istarts(in, silent[i][0]))
            return skip_element(in, silent[i][1]);
    size_t n = str_find(in, '>');
    return str_skip(in, n < in.n ? n + 1 : in.n);
}

/* The references that matter in a line of preview; others stay as they are. */
static struct str put_entity(struct str in, struct buf *out)
{
    static const char *const names[][2] = { { "&amp;", "&" },   { "&lt;", "<" },   { "&gt;", ">" },
                                            { "&quot;", "\"" }, { "&nbsp;", " " }, { "&zwnj;", "" },
                                            { "&#8199;", "" },  { "&#847;", "" },  { "&shy;", "" },
                                            { "&#39;", "'" },   { "&apos;", "'" } };
    struct str number = str_skip(in, 2);
    uint32_t cp;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_istarts(in, names[i][0])) {
            buf_adds(out, names[i][1]);
            return str_skip(in, strlen(names[i][0]));
        }
    if (str_starts(in, "&#") && str_u32(&number, &cp) == 0 && str_starts(number, ";") &&
        cp >= 0x20 && cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF)) {
        utf8_put(out, cp);
        return str_skip(number, 1);
    }
    buf_addc(out, '&');
    return str_skip(in, 1);
}

void preview_html(struct str html, struct buf *out)
{
    struct str in = html;
    while (in.n > 0 && !out->over) {
        size_t run = 0;
        while (run < in.n && in.p[run] != '<' && in.p[run] != '&')
            run++;
        buf_add_str(out, str_head(in, run));
        in = str_skip(in, run);
        if (in.n == 0)
            break;
        if (in.p[0] == '&')
            in = put_entity(in, out);
        else {
            bool line = str_istarts(in, "<p") || str_istarts(in, "<br") || str_istarts(in, "</p") ||
                        str_istarts(in, "<div") || str_istarts(in, "<tr");
            in = skip_tag(in);
            buf_addc(out, line ? '\n' : ' ');
        }
    }
}

/* Blanks folded, quoted lines and the dashes of a signature left out. */
static void fold(struct str text, struct buf *out)
{
    struct str line, word;
    while (out->len < MIME_PREVIEW_MAX && str_line(&text, &line)) {
        line = str_trim(line);
        if (str_starts(line, ">"))
            continue;
        while (out->len < MIME_PREVIEW_MAX && str_word(&line, &word)) {
            if (out->len > 0)
                buf_addc(out, ' ');
            buf_add_str(out, word);
        }
    }
}

size_t preview_bytes(const struct mime_part_info *part)
{
    return str_eqc(part->type, "text/html") ? LOOK_HTML : LOOK_TEXT;
}

struct str preview_of(struct arena *a, struct str head, const struct mime_part_info *part)
{
    bool html = str_eqc(part->type, "text/html");
    struct buf bytes = BUF_INIT(LOOK_HTML), text = BUF_INIT(LOOK_HTML * 4),
               plain = BUF_INIT(LOOK_HTML * 4), out = BUF_INIT(LOOK_HTML * 4);
    (void)part_decode(str_head(head, preview_bytes(part)), part->encoding, &bytes);
    (void)charset_to_utf8(part->charset, buf_str(&bytes), &text);
    if (html)
        preview_html(buf_str(&text), &plain);
    fold(html ? buf_str(&plain) : buf_str(&text), &out);
    struct str s = str_head(buf_str(&out), utf8_cut(buf_str(&out), MIME_PREVIEW_MAX));
    s = arena_str(a, s);
    buf_free(&bytes);
    buf_free(&text);
    buf_free(&plain);
    buf_free(&out);
    return s;
}
