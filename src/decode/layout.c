/* SPDX-License-Identifier: MIT */
#include "decode/layout.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "decode/proto.h"
#include "base/banned.h"

void layout_init(struct layout *l, unsigned width)
{
    *l = (struct layout){ .width = width, .at_start = true };
    buf_init(&l->out, LAYOUT_TEXT_MAX);
}

void layout_span(struct layout *l, enum decode_span_kind kind, unsigned level, size_t start,
                 size_t length)
{
    if (length == 0 || l->spans_n == PROTO_SPANS_MAX)
        return;
    if (l->spans_n == l->spans_cap) {
        l->spans_cap = l->spans_cap == 0 ? 32 : l->spans_cap * 2;
        l->spans = xrealloc(l->spans, l->spans_cap, sizeof *l->spans);
    }
    l->spans[l->spans_n++] =
        (struct decode_span){ .start = start, .length = length, .kind = kind, .level = level };
}

static void span_end(struct layout *l, struct layout_span *s)
{
    if (s->start != SIZE_MAX)
        layout_span(l, s->kind, s->level, s->start, l->out.len - s->start);
    s->start = SIZE_MAX;
}

static void line_end(struct layout *l)
{
    for (size_t i = 0; i < l->open_n; i++)
        span_end(l, &l->open[i]);
    if (l->quote > 0 && !l->at_start)
        layout_span(l, SPAN_QUOTE, l->quote, l->line_start, l->out.len - l->line_start);
    buf_addc(&l->out, '\n');
    l->at_start = true;
    l->space = false;
    l->column = 0;
}

static void put(struct layout *l, struct str s)
{
    buf_add_str(&l->out, s);
    l->column += utf8_width(s);
}

/* The empty line that was asked for, with the prefix that both neighbours have. */
static void gap_fill(struct layout *l)
{
    if (!l->gap)
        return;
    struct str p = str_head(str_c(l->prefix), l->gap_prefix);
    while (p.n > 0 && p.p[p.n - 1] == ' ')
        p.n--;
    buf_add_str(&l->out, p);
    buf_addc(&l->out, '\n');
    l->gap = false;
}

static void line_begin(struct layout *l)
{
    if (!l->at_start)
        return;
    gap_fill(l);
    struct str prefix = str_c(l->prefix), mark = str_c(l->mark);
    l->line_start = l->out.len;
    put(l, str_head(prefix, prefix.n > mark.n ? prefix.n - mark.n : 0));
    put(l, mark.n > 0 ? mark : str_head(prefix, 0));
    l->mark[0] = '\0';
    l->at_start = false;
    l->space = false;
    l->blank_lines = 0;
}

void layout_word(struct layout *l, struct str word)
{
    if (word.n == 0)
        return;
    unsigned width = utf8_width(word);
    if (!l->at_start && l->space && l->width > 0 && l->column + 1 + width > l->width)
        line_end(l);
    bool fresh = l->at_start;
    line_begin(l);
    if (l->space && !fresh)
        put(l, STR(" "));
    l->space = false;
    for (size_t i = 0; i < l->open_n; i++)
        if (l->open[i].start == SIZE_MAX)
            l->open[i].start = l->out.len;
    put(l, word);
}

void layout_space(struct layout *l)
{
    l->space = !l->at_start;
}

void layout_line(struct layout *l)
{
    if (!l->at_start)
        line_end(l);
}

void layout_break(struct layout *l)
{
    bool empty = l->at_start;
    if (l->gap || (empty && l->out.len == 0))
        return; /* an empty line more says nothing */
    if (empty) {
        struct str p = str_c(l->prefix);
        while (p.n > 0 && p.p[p.n - 1] == ' ')
            p.n--;
        put(l, p);
    }
    line_end(l);
    l->blank_lines = empty ? l->blank_lines + 1 : 0;
}

void layout_gap(struct layout *l)
{
    size_t n = strlen(l->prefix);
    layout_line(l);
    if (l->out.len == 0 || l->blank_lines > 0)
        return;
    l->gap_prefix = l->gap && l->gap_prefix < n ? l->gap_prefix : n;
    l->gap = true;
}

void layout_open(struct layout *l, enum decode_span_kind kind, unsigned level)
{
    if (l->open_n == LAYOUT_OPEN_MAX) {
        l->open_over++;
        return;
    }
    l->open[l->open_n++] = (struct layout_span){ kind, level, SIZE_MAX };
}

void layout_close(struct layout *l)
{
    if (l->open_over > 0)
        l->open_over--;
    else if (l->open_n > 0)
        span_end(l, &l->open[--l->open_n]);
}

void layout_end(struct layout *l, struct arena *a, struct decode_text *out)
{
    layout_line(l);
    if (l->out.over)
        out->damage |= MIME_DAMAGE_LIMIT;
    out->text = arena_str(a, buf_str(&l->out));
    out->spans = arena_array(a, l->spans_n, sizeof *out->spans);
    out->spans_n = l->spans_n;
    if (l->spans_n > 0)
        memcpy(out->spans, l->spans, l->spans_n * sizeof *out->spans);
    free(l->spans);
    buf_free(&l->out);
    *l = (struct layout){ 0 };
}
