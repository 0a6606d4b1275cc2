/* SPDX-License-Identifier: MIT */
#include "decode/html.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "decode/layout.h"
#include "decode/links.h"
#include "decode/preview.h"
#include "decode/proto.h"
#include "base/banned.h"

enum {
    DEPTH_MAX = 256,
    ATTRIBUTES_MAX = 2000, /* of one tag: libxml2 compares each with all others */
    WORD_MAX = 64 << 10,
    TARGET_MAX = 8 << 10,
    RULE_WIDTH = 40
};

enum kind {
    KIND_INLINE,
    KIND_SILENT, /* what is in it is not text */
    KIND_LINE,   /* stands on lines of its own */
    KIND_GAP,    /* and with an empty line around it */
    KIND_HEADING,
    KIND_QUOTE,
    KIND_LIST,
    KIND_ORDERED,
    KIND_ITEM,
    KIND_INDENT,
    KIND_PRE,
    KIND_CELL,
    KIND_BREAK,
    KIND_RULE,
    KIND_LINK,
    KIND_IMAGE,
    KIND_STRONG,
    KIND_EMPHASIS,
    KIND_CODE
};

static const struct {
    const char *name;
    enum kind kind;
} kinds[] = {
    { "p", KIND_GAP },           { "div", KIND_LINE },         { "br", KIND_BREAK },
    { "a", KIND_LINK },          { "td", KIND_CELL },          { "th", KIND_CELL },
    { "tr", KIND_LINE },         { "table", KIND_LINE },       { "img", KIND_IMAGE },
    { "b", KIND_STRONG },        { "strong", KIND_STRONG },    { "i", KIND_EMPHASIS },
    { "em", KIND_EMPHASIS },     { "li", KIND_ITEM },          { "ul", KIND_LIST },
    { "ol", KIND_ORDERED },      { "blockquote", KIND_QUOTE }, { "pre", KIND_PRE },
    { "hr", KIND_RULE },         { "h1", KIND_HEADING },       { "h2", KIND_HEADING },
    { "h3", KIND_HEADING },      { "h4", KIND_HEADING },       { "h5", KIND_HEADING },
    { "h6", KIND_HEADING },      { "code", KIND_CODE },        { "tt", KIND_CODE },
    { "kbd", KIND_CODE },        { "samp", KIND_CODE },        { "dd", KIND_INDENT },
    { "dt", KIND_LINE },         { "dl", KIND_LINE },          { "dir", KIND_LIST },
    { "menu", KIND_LIST },       { "center", KIND_LINE },      { "section", KIND_LINE },
    { "article", KIND_LINE },    { "header", KIND_LINE },      { "footer", KIND_LINE },
    { "address", KIND_LINE },    { "form", KIND_LINE },        { "fieldset", KIND_LINE },
    { "caption", KIND_LINE },    { "figure", KIND_LINE },      { "body", KIND_LINE },
    { "script", KIND_SILENT },   { "style", KIND_SILENT },     { "title", KIND_SILENT },
    { "template", KIND_SILENT }, { "object", KIND_SILENT },    { "svg", KIND_SILENT },
    { "select", KIND_SILENT },   { "textarea", KIND_SILENT },  { "iframe", KIND_SILENT },
};

struct element {
    enum kind kind;
    size_t prefix_n; /* of the layout's prefix outside of it */
    unsigned items;  /* of a list, so far */
    bool link;       /* an <a> with a target worth showing */
};

struct html {
    struct arena *a;
    struct layout l;
    struct decode_text *out;
    htmlParserCtxtPtr ctxt;
    struct element stack[DEPTH_MAX];
    size_t depth;
    size_t silent; /* depth of the element that hides what is in it; 0: none */
    unsigned pre;
    struct buf word, link_text;
    size_t links_cap;
    bool in_link, too_deep;
};

static void word_end(struct html *h)
{
    layout_word(&h->l, buf_str(&h->word));
    buf_clear(&h->word);
}

static struct str attribute(const xmlChar **atts, const char *name)
{
    for (size_t i = 0; atts != NULL && atts[i] != NULL; i += 2)
        if (str_ieqc(str_c((const char *)atts[i]), name))
            return str_c(atts[i + 1] != NULL ? (const char *)atts[i + 1] : name);
    return str_head(STR(""), 0);
}

/* A style without its blanks says so. */
static bool is_hidden(const xmlChar **atts)
{
    static const char *const ways[] = { "display:none", "visibility:hidden", "mso-hide:all" };
    struct str style = attribute(atts, "style");
    struct buf tight = BUF_INIT(TARGET_MAX);
    bool hidden = attribute(atts, "hidden").n > 0;
    for (size_t i = 0; i < style.n; i++)
        if (!ascii_is_space(style.p[i]))
            buf_addc(&tight, style.p[i]);
    for (size_t i = 0; i < COUNT(ways); i++)
        hidden = hidden || str_isearch(buf_str(&tight), str_c(ways[i])) < tight.len;
    buf_free(&tight);
    return hidden;
}

static void prefix_add(struct layout *l, const char *text)
{
    size_t n = strlen(l->prefix);
    /* Deep nesting must leave room for words. */
    if (n + strlen(text) < sizeof l->prefix && (l->width == 0 || n + strlen(text) <= l->width / 2))
        memcpy(l->prefix + n, text, strlen(text) + 1);
}

static void item_start(struct html *h)
{
    struct layout *l = &h->l;
    struct element *list = NULL;
    for (size_t i = h->depth - 1; i-- > 0 && list == NULL;)
        if (h->stack[i].kind == KIND_LIST || h->stack[i].kind == KIND_ORDERED)
            list = &h->stack[i];
    size_t before = strlen(l->prefix);
    char mark[sizeof l->mark] = "- ";
    if (list != NULL && list->kind == KIND_ORDERED)
        snprintf(mark, sizeof mark, "%u. ", ++list->items);
    prefix_add(l, &"               "[15 - strlen(mark)]);
    if (strlen(l->prefix) > before)
        memcpy(l->mark, mark, sizeof mark);
}

static bool remote(struct str src)
{
    return str_istarts(src, "http://") || str_istarts(src, "https://") || str_starts(src, "//");
}

static bool tiny(struct str size)
{
    uint64_t n;
    return str_u64(&size, &n) == 0 && n <= 1;
}

static void put_words(struct html *h, struct str text)
{
    while (text.n > 0) {
        if (ascii_is_space(text.p[0])) {
            word_end(h);
            layout_space(&h->l);
        } else
            buf_addc(&h->word, text.p[0]);
        text = str_skip(text, 1);
        if (h->word.len > WORD_MAX - 64)
            word_end(h);
    }
}

/* A picture is its alt text; one that nobody is meant to see is counted as what it is. */
static void image(struct html *h, const xmlChar **atts)
{
    struct str src = attribute(atts, "src"), alt = str_trim(attribute(atts, "alt"));
    struct str width = attribute(atts, "width"), height = attribute(atts, "height");
    bool unsized = width.n == 0 && height.n == 0;
    if (remote(src) && ((tiny(width) && tiny(height)) || (unsized && alt.n == 0)))
        h->out->trackers++;
    else if (src.n > 0)
        h->out->pictures++;
    if (alt.n == 0 || tiny(width))
        return;
    put_words(h, STR("["));
    put_words(h, alt);
    put_words(h, STR("]"));
    if (h->in_link)
        buf_add_str(&h->link_text, alt);
}

/* A target without the line ends and tabs that browsers take out of it. */
static struct str tight(struct arena *a, struct str target)
{
    char *p = arena_alloc(a, target.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] != '\n' && target.p[i] != '\r' && target.p[i] != '\t')
            p[n++] = target.p[i];
    return (struct str){ p, n };
}

static void link_start(struct html *h, struct element *e, const xmlChar **atts)
{
    struct str target = str_trim(attribute(atts, "href"));
    struct decode_text *t = h->out;
    if (h->in_link || target.n == 0 || target.n > TARGET_MAX || target.p[0] == '#' ||
        str_istarts(target, "javascript:") || t->links_n == PROTO_LINKS_MAX)
        return;
    if (t->links_n == h->links_cap) {
        struct decode_link *old = t->links;
        h->links_cap = h->links_cap == 0 ? 16 : h->links_cap * 2;
        t->links = arena_array(h->a, h->links_cap, sizeof *t->links);
        if (t->links_n > 0)
            memcpy(t->links, old, t->links_n * sizeof *old);
    }
    t->links[t->links_n] = (struct decode_link){ .target = tight(h->a, target) };
    layout_open(&h->l, SPAN_LINK, (unsigned)t->links_n);
    buf_clear(&h->link_text);
    e->link = h->in_link = true;
}

/* The number stands at the end of the link's text; a link without text has nothing to choose. */
static void link_end(struct html *h)
{
    struct decode_text *t = h->out;
    struct decode_link *link = &t->links[t->links_n];
    link->text = str_trim(arena_str(h->a, buf_str(&h->link_text)));
    h->in_link = false;
    if (link->text.n > 0) {
        link->lies = link_lies(link->text, link->target);
        t->links_n++;
        h->l.space = h->l.space && h->word.len > 0; /* no blank before the number */
        buf_addf(&h->word, "[%zu]", t->links_n);
    }
    word_end(h);
    layout_close(&h->l);
}

static void open_span(struct html *h, enum kind kind)
{
    static const enum decode_span_kind spans[] = { [KIND_STRONG] = SPAN_STRONG,
                                                   [KIND_EMPHASIS] = SPAN_EMPHASIS,
                                                   [KIND_CODE] = SPAN_CODE,
                                                   [KIND_PRE] = SPAN_CODE,
                                                   [KIND_HEADING] = SPAN_HEADING };
    layout_open(&h->l, spans[kind], 0);
}

/* True for what has an empty line around it; of lists only the outermost. */
static bool has_gap(const struct html *h, const struct element *e)
{
    if (e->kind == KIND_LIST || e->kind == KIND_ORDERED) {
        for (const struct element *o = h->stack; o < e; o++)
            if (o->kind == KIND_ITEM)
                return false;
        return true;
    }
    return e->kind == KIND_GAP || e->kind == KIND_HEADING || e->kind == KIND_PRE ||
           e->kind == KIND_QUOTE;
}

static void block_start(struct html *h, struct element *e)
{
    struct layout *l = &h->l;
    bool gap = has_gap(h, e);
    /* A paragraph directly in an item stands beside its number. */
    if (gap && l->mark[0] == '\0')
        layout_gap(l);
    else
        layout_line(l);
    if (e->kind == KIND_QUOTE) {
        prefix_add(l, "> ");
        l->quote++;
    } else if (e->kind == KIND_INDENT)
        prefix_add(l, "    ");
    else if (e->kind == KIND_ITEM)
        item_start(h);
    else if (e->kind == KIND_PRE)
        h->pre++;
    if (e->kind == KIND_PRE || e->kind == KIND_HEADING)
        open_span(h, e->kind);
}

static void rule(struct html *h)
{
    unsigned width = h->l.width > 0 && h->l.width < RULE_WIDTH ? h->l.width : RULE_WIDTH;
    layout_line(&h->l);
    for (unsigned i = 0; i < width; i++)
        buf_addc(&h->word, '-');
    word_end(h);
    layout_line(&h->l);
}

static void element_start(struct html *h, struct element *e, const xmlChar **atts)
{
    switch (e->kind) {
    case KIND_INLINE:
    case KIND_SILENT:
        break;
    case KIND_LINK:
        link_start(h, e, atts);
        break;
    case KIND_IMAGE:
        image(h, atts);
        break;
    case KIND_BREAK:
        layout_break(&h->l);
        break;
    case KIND_RULE:
        rule(h);
        break;
    case KIND_STRONG:
    case KIND_EMPHASIS:
    case KIND_CODE:
        open_span(h, e->kind);
        break;
    case KIND_CELL: /* cells of a row stand beside each other */
        if (!h->l.at_start) {
            layout_space(&h->l);
            layout_word(&h->l, STR("|"));
            layout_space(&h->l);
        }
        break;
    default:
        block_start(h, e);
        break;
    }
}

static void on_start(void *arg, const xmlChar *name, const xmlChar **atts)
{
    struct html *h = arg;
    if (h->too_deep)
        return;
    if (h->depth == DEPTH_MAX) {
        h->too_deep = true;
        xmlStopParser(h->ctxt);
        return;
    }
    struct element *e = &h->stack[h->depth++];
    *e = (struct element){ .prefix_n = strlen(h->l.prefix) };
    if (h->silent > 0)
        return;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_ieqc(str_c((const char *)name), kinds[i].name))
            e->kind = kinds[i].kind;
    if (e->kind == KIND_SILENT || (e->kind != KIND_IMAGE && is_hidden(atts))) {
        h->silent = h->depth;
        return;
    }
    if (e->kind != KIND_IMAGE && e->kind != KIND_INLINE)
        word_end(h);
    element_start(h, e, atts);
}

static void block_end(struct html *h, const struct element *e)
{
    struct layout *l = &h->l;
    if (e->kind == KIND_PRE || e->kind == KIND_HEADING)
        layout_close(l);
    layout_line(l);
    if (e->kind == KIND_PRE && h->pre > 0)
        h->pre--;
    if (e->kind == KIND_QUOTE && l->quote > 0)
        l->quote--;
    l->prefix[e->prefix_n] = '\0';
    l->mark[0] = '\0';
    if (has_gap(h, e))
        layout_gap(l);
}

static void on_end(void *arg, const xmlChar *name)
{
    struct html *h = arg;
    (void)name;
    if (h->too_deep || h->depth == 0)
        return;
    struct element *e = &h->stack[h->depth - 1];
    if (h->silent == 0) {
        if (e->link)
            link_end(h);
        else if (e->kind != KIND_INLINE && e->kind != KIND_IMAGE)
            word_end(h);
        switch (e->kind) {
        case KIND_STRONG:
        case KIND_EMPHASIS:
        case KIND_CODE:
            layout_close(&h->l);
            break;
        case KIND_INLINE:
        case KIND_SILENT:
        case KIND_LINK:
        case KIND_IMAGE:
        case KIND_BREAK:
        case KIND_RULE:
        case KIND_CELL:
            break;
        default:
            block_end(h, e);
            break;
        }
    }
    if (h->silent == h->depth)
        h->silent = 0;
    h->depth--;
}

/* Lines of preformatted text keep their blanks. */
static void put_pre(struct html *h, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n') {
            word_end(h);
            layout_break(&h->l);
        } else if (text.p[i] == '\t')
            buf_adds(&h->word, "    ");
        else if (text.p[i] != '\r')
            buf_addc(&h->word, text.p[i]);
        if (h->word.len > WORD_MAX - 64)
            word_end(h);
    }
}

/* Characters that fill mails so that a list's preview stays empty: soft hyphen, joiners, blanks of
 * no width. */
static bool is_filler(uint32_t cp)
{
    return cp == 0xAD || cp == 0x34F || cp == 0x200B || cp == 0x200C || cp == 0xFEFF;
}

static void on_text(void *arg, const xmlChar *p, int n)
{
    struct html *h = arg;
    struct str text = { (const char *)p, n > 0 ? (size_t)n : 0 };
    if (h->silent > 0 || h->too_deep)
        return;
    if (h->in_link)
        buf_add_str(&h->link_text, str_head(text, TARGET_MAX - h->link_text.len));
    if (h->pre > 0) {
        put_pre(h, text);
        return;
    }
    uint32_t cp;
    for (struct str at = text; text.n > 0; at = text) {
        if (!utf8_next(&text, &cp))
            break;
        if (cp == 0xA0)
            put_words(h, STR(" "));
        else if (!is_filler(cp))
            put_words(h, str_head(at, at.n - text.n));
    }
}

/* A tag with so many attributes that comparing them takes for ever, or too many bytes for libxml2's
 * ints. */
static bool is_hostile(struct str html)
{
    size_t blanks = 0;
    bool tag = false;
    for (size_t i = 0; i < html.n; i++) {
        char c = html.p[i];
        if (c == '<' || c == '>') {
            tag = c == '<';
            blanks = 0;
        } else if (tag && (ascii_is_space(c) || c == '/' || c == '"') &&
                   ++blanks > ATTRIBUTES_MAX * 3)
            return true;
    }
    return html.n > INT32_MAX / 2;
}

static void put_links(struct html *h)
{
    struct decode_text *t = h->out;
    if (t->links_n == 0)
        return;
    layout_gap(&h->l);
    for (size_t i = 0; i < t->links_n; i++) {
        layout_word(&h->l, str_c(arena_fmt(h->a, "[%zu]", i + 1)));
        layout_space(&h->l);
        layout_open(&h->l, SPAN_LINK, (unsigned)i);
        layout_word(&h->l, t->links[i].target);
        layout_close(&h->l);
        layout_line(&h->l);
    }
}

static void parse(struct html *h, struct str html)
{
    h->ctxt = htmlNewParserCtxt();
    if (h->ctxt == NULL) {
        h->too_deep = true;
        return;
    }
    *h->ctxt->sax = (htmlSAXHandler){ .startElement = on_start,
                                      .endElement = on_end,
                                      .characters = on_text,
                                      .ignorableWhitespace = on_text };
    h->ctxt->userData = h;
    xmlDocPtr doc =
        htmlCtxtReadMemory(h->ctxt, html.p, (int)html.n, NULL, "UTF-8",
                           HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                               HTML_PARSE_RECOVER | HTML_PARSE_IGNORE_ENC);
    if (doc != NULL)
        xmlFreeDoc(doc);
    htmlFreeParserCtxt(h->ctxt);
}

/* What is left when the tags are just taken out. */
static void without_tags(struct html *h, struct str html)
{
    struct buf plain = BUF_INIT(LAYOUT_TEXT_MAX);
    struct str line;
    preview_html(html, &plain);
    for (struct str in = buf_str(&plain); str_line(&in, &line); layout_line(&h->l)) {
        put_words(h, str_trim(line));
        word_end(h);
    }
    buf_free(&plain);
    h->out->damage |= MIME_DAMAGE_LIMIT;
}

/* Spans of links that turned out to have no text, and so are none. */
static void drop_dead_links(struct decode_text *out)
{
    size_t n = 0;
    for (size_t i = 0; i < out->spans_n; i++)
        if (out->spans[i].kind != SPAN_LINK || out->spans[i].level < out->links_n)
            out->spans[n++] = out->spans[i];
    out->spans_n = n;
}

void html_text(struct arena *a, struct str html, unsigned width, struct decode_text *out)
{
    struct html *h = xcalloc(1, sizeof *h);
    h->a = a;
    h->out = out;
    layout_init(&h->l, width);
    buf_init(&h->word, WORD_MAX);
    buf_init(&h->link_text, TARGET_MAX);
    if (is_hostile(html))
        h->too_deep = true;
    else if (html.n > 0)
        parse(h, html);
    if (h->too_deep) { /* begun anew: half of it was laid out */
        struct decode_text half = { 0 };
        layout_end(&h->l, a, &half);
        layout_init(&h->l, width);
        out->links_n = 0;
        out->trackers = out->pictures = 0;
        buf_clear(&h->word);
        without_tags(h, html);
    }
    if (h->in_link && !h->too_deep)
        link_end(h); /* its end tag never came */
    word_end(h);
    put_links(h);
    layout_end(&h->l, a, out);
    drop_dead_links(out);
    buf_free(&h->word);
    buf_free(&h->link_text);
    free(h);
}
