/* SPDX-License-Identifier: MIT */
#include "decode/text.h"

#include "base/utf8.h"
#include "decode/charset.h"
#include "decode/html.h"
#include "decode/layout.h"
#include "decode/links.h"
#include "decode/preview.h"
#include "mime/flowed.h"
#include "mime/uu.h"
#include "base/banned.h"

enum { TAB = 8, UU_MAX = 100, TEXT_BYTES_MAX = DECODE_TEXT_MAX * 3 };

/* Plain text on its way to the screen, line by line. */
struct plain {
    struct arena *a;
    struct layout l;
    struct decode_text *out;
    size_t links_cap;
    struct buf line; /* one with its tabs made blanks */
    bool patch, signature;
};

static void link_add(struct plain *p, struct str target, size_t start)
{
    struct decode_text *t = p->out;
    if (t->links_n == PROTO_LINKS_MAX)
        return;
    if (t->links_n == p->links_cap) {
        struct decode_link *old = t->links;
        p->links_cap = p->links_cap == 0 ? 16 : p->links_cap * 2;
        t->links = arena_array(p->a, p->links_cap, sizeof *t->links);
        if (t->links_n > 0)
            memcpy(t->links, old, t->links_n * sizeof *old);
    }
    struct str text = arena_str(p->a, target);
    struct str whole =
        str_istarts(text, "www.") ? str_c(arena_fmt(p->a, "http://%.*s", STR_ARG(text))) : text;
    layout_span(&p->l, SPAN_LINK, (unsigned)t->links_n, start, target.n);
    t->links[t->links_n++] = (struct decode_link){ .target = whole, .text = text };
}

/* One line of the result: prefix, text, and the spans over both. */
static void put_line(struct plain *p, unsigned depth, struct str text, int kind)
{
    struct buf *out = &p->l.out;
    size_t start = out->len;
    for (unsigned i = 0; i < depth; i++)
        buf_adds(out, i + 1 < depth || text.n > 0 ? "> " : ">");
    size_t at = out->len;
    buf_add_str(out, text);
    if (out->over)
        return;
    if (depth > 0)
        layout_span(&p->l, SPAN_QUOTE, depth, start, out->len - start);
    if (kind >= 0)
        layout_span(&p->l, (enum decode_span_kind)kind, 0, at, text.n);
    for (struct str rest = text, found; (found = link_find(rest)).n > 0;) {
        link_add(p, found, at + (size_t)(found.p - text.p));
        rest = str_skip(text, (size_t)(found.p - text.p) + found.n);
    }
    buf_addc(out, '\n');
}

/* Bytes of text for one line of width columns: broken at a blank; a word that is wider stays whole.
 */
static size_t fitting(struct str text, unsigned width)
{
    unsigned used;
    if (width == 0)
        return text.n;
    size_t n = utf8_fit(text, width, &used).n;
    if (n == text.n)
        return n;
    size_t at = n;
    while (at > 0 && text.p[at] != ' ')
        at--;
    if (at > 0 && str_trim(str_head(text, at)).n > 0)
        return at;
    while (n < text.n && text.p[n] != ' ')
        n++;
    return n;
}

static void put_wrapped(struct plain *p, unsigned depth, struct str text, int kind)
{
    unsigned width = p->l.width, prefix = depth * 2;
    if (width > 0)
        width = width > prefix + 10 ? width - prefix : 10; /* deep quotes still get ten columns */
    do {
        size_t n = fitting(text, width);
        put_line(p, depth, str_head(text, n), kind);
        text = str_skip(text, n);
        while (n > 0 && text.n > 0 && text.p[0] == ' ')
            text = str_skip(text, 1);
    } while (text.n > 0 && !p->l.out.over);
}

static struct str without_tabs(struct plain *p, struct str line)
{
    if (str_find(line, '\t') == line.n)
        return line;
    struct buf *out = &p->line;
    unsigned column = 0, width;
    struct str cluster;
    buf_clear(out);
    while (utf8_cluster(&line, &cluster, &width)) {
        if (cluster.p[0] != '\t') {
            buf_add_str(out, cluster);
            column += width;
            continue;
        }
        do
            buf_addc(out, ' ');
        while (++column % TAB != 0);
    }
    return buf_str(out);
}

static int diff_kind(struct str line)
{
    if (str_starts(line, "@@") || str_starts(line, "diff ") || str_starts(line, "--- ") ||
        str_starts(line, "+++ ") || str_starts(line, "index "))
        return SPAN_DIFF_HUNK;
    if (str_starts(line, "+"))
        return SPAN_DIFF_ADD;
    return str_starts(line, "-") && !str_starts(line, "-- ") ? SPAN_DIFF_DEL : -1;
}

static void plain_line(struct plain *p, struct str line)
{
    struct str rest = line;
    unsigned depth = flowed_depth(line, &rest);
    if (depth > FLOWED_DEPTH_MAX)
        depth = FLOWED_DEPTH_MAX;
    bool dashes = depth == 0 && str_eqc(line, "-- ");
    while (rest.n > 0 && (rest.p[rest.n - 1] == ' ' || rest.p[rest.n - 1] == '\t') && !dashes)
        rest.n--;
    rest = without_tabs(p, rest);
    if (dashes)
        p->signature = true;
    int kind = depth == 0 && p->patch ? diff_kind(rest) : -1;
    if (p->signature && depth == 0)
        kind = SPAN_SIGNATURE;
    if (kind >= SPAN_DIFF_ADD && kind <= SPAN_DIFF_HUNK)
        put_line(p, depth, rest, kind); /* a patch that is broken into lines is no patch */
    else
        put_wrapped(p, depth, rest, kind);
}

static void plain_lines(struct plain *p, struct str text)
{
    struct str line;
    while (!p->l.out.over && str_line(&text, &line))
        plain_line(p, line);
}

/* Text with "--- a", "+++ b" and a hunk, or what git writes. */
static bool is_patch(struct str text)
{
    return str_search(text, STR("\n@@ -")) < text.n &&
           (str_search(text, STR("\n+++ ")) < text.n ||
            str_search(text, STR("\ndiff --git ")) < text.n);
}

static void put_file(struct plain *p, const struct uu_file *file)
{
    struct buf note = BUF_INIT(UU_NAME_MAX + 100);
    buf_adds(&note, "[file ");
    uu_file_name(file, &note);
    if (file->kind == UU_FILE)
        buf_addf(&note, ", %zu bytes, uuencoded%s]", file->decoded,
                 file->unended ? ", without its end line" : "");
    else
        buf_addf(&note, ", in %s, which is not decoded here]",
                 file->kind == UU_FILE_YENC ? "yEnc" : "BinHex");
    struct buf clean = BUF_INIT(4 * (size_t)UU_NAME_MAX);
    utf8_clean(&clean, buf_str(&note));
    put_line(p, 0, buf_str(&clean), SPAN_NOTE);
    buf_free(&note);
    buf_free(&clean);
}

/* Files that are whole show as a note: they are parts of their own and can be saved. */
static void plain_with_files(struct plain *p, struct str text)
{
    struct uu_file *files = arena_array(p->a, UU_MAX, sizeof *files);
    size_t n = uu_find(text, files, UU_MAX), at = 0;
    for (size_t i = 0; i < n; i++) {
        if (files[i].damaged)
            continue;
        plain_lines(p, (struct str){ text.p + at, files[i].offset - at });
        put_file(p, &files[i]);
        at = files[i].offset + files[i].length;
        if (str_starts(str_skip(text, at), "\r"))
            at++;
        if (str_starts(str_skip(text, at), "\n"))
            at++;
    }
    plain_lines(p, str_skip(text, at));
}

static void plain_text(struct arena *a, struct str text, const struct proto_text_ask *ask,
                       struct decode_text *out)
{
    struct plain p = { .a = a, .out = out };
    struct buf flowed = BUF_INIT(TEXT_BYTES_MAX);
    layout_init(&p.l, ask->width);
    buf_init(&p.line, (size_t)TEXT_BYTES_MAX * TAB + TAB);
    p.patch = is_patch(text);
    if ((ask->flags & MIME_PART_FLOWED) != 0) {
        flowed_unwrap(text, (ask->flags & MIME_PART_DELSP) != 0, &flowed);
        plain_lines(&p, buf_str(&flowed));
    } else if (ask->encoding <= MIME_BINARY)
        plain_with_files(&p, text);
    else
        plain_lines(&p, text);
    if (flowed.over)
        out->damage |= MIME_DAMAGE_LIMIT;
    buf_free(&flowed);
    buf_free(&p.line);
    layout_end(&p.l, a, out);
}

void text_make(struct arena *a, struct str content, const struct proto_text_ask *ask,
               struct decode_text *out)
{
    struct buf bytes = BUF_INIT(DECODE_TEXT_MAX), text = BUF_INIT(TEXT_BYTES_MAX);
    struct str plain = content;
    *out = (struct decode_text){ 0 };
    if (ask->encoding > MIME_BINARY) {
        if (part_decode(content, ask->encoding, &bytes) != 0)
            out->damage |= MIME_DAMAGE_ENCODING;
        plain = buf_str(&bytes);
    }
    if (charset_to_utf8(ask->charset, plain, &text) != 0)
        out->damage |= MIME_DAMAGE_CHARSET;
    if (bytes.over || text.over)
        out->damage |= MIME_DAMAGE_LIMIT;
    buf_free(&bytes);
    if (str_ieqc(ask->type, "text/html"))
        html_text(a, buf_str(&text), ask->width, out);
    else
        plain_text(a, buf_str(&text), ask, out);
    buf_free(&text);
}
