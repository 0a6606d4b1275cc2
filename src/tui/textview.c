/* SPDX-License-Identifier: MIT */
#include "tui/textview.h"

#include <stdlib.h>

#include "base/banned.h"

void textview_init(struct textview *v, size_t max)
{
    *v = (struct textview){ .height = 1 };
    buf_init(&v->text, max);
}

void textview_clear(struct textview *v)
{
    size_t max = v->text.max;
    buf_free(&v->text);
    free(v->roles);
    wrap_free(&v->wrap);
    textview_init(v, max);
}

void textview_add(struct textview *v, struct str text, unsigned role)
{
    size_t start = v->text.len, cap = v->text.cap;
    buf_add_str(&v->text, text);
    if (v->text.cap != cap)
        v->roles = xrealloc(v->roles, v->text.cap, 1);
    if (v->text.len > start)
        memset(v->roles + start, (int)role, v->text.len - start);
}

void textview_paint(struct textview *v, size_t start, size_t length, unsigned role)
{
    if (start >= v->text.len)
        return;
    if (length > v->text.len - start)
        length = v->text.len - start;
    memset(v->roles + start, (int)role, length);
}

static size_t last_top(const struct textview *v)
{
    return v->wrap.n > v->height ? v->wrap.n - v->height : 0;
}

void textview_layout(struct textview *v, unsigned width, unsigned height)
{
    size_t first = v->top < v->wrap.n ? v->wrap.lines[v->top].start : 0;
    v->width = width;
    v->height = height > 0 ? height : 1;
    wrap_text(&v->wrap, buf_str(&v->text), width, false);
    v->top = wrap_line_of(&v->wrap, first);
    if (v->top > last_top(v))
        v->top = last_top(v);
}

bool textview_scroll(struct textview *v, long lines)
{
    size_t was = v->top, max = last_top(v);
    if (lines < 0)
        v->top = (size_t)-lines > was ? 0 : was - (size_t)-lines;
    else
        v->top = (size_t)lines > max - was ? max : was + (size_t)lines;
    return v->top != was;
}

unsigned textview_percent(const struct textview *v)
{
    size_t seen = v->top + v->height;
    return v->wrap.n == 0 || seen >= v->wrap.n ? 100 : (unsigned)(100 * seen / v->wrap.n);
}

void textview_draw(const struct textview *v, struct grid *g, unsigned row, unsigned col)
{
    for (size_t i = 0; i < v->height && v->top + i < v->wrap.n; i++) {
        const struct wrap_line *l = &v->wrap.lines[v->top + i];
        unsigned at = col;
        for (size_t b = l->start; b < l->start + l->length;) {
            size_t e = b + 1;
            while (e < l->start + l->length && v->roles[e] == v->roles[b])
                e++;
            struct str run = { v->text.data + b, e - b };
            at += wrap_put(g, row + (unsigned)i, at, col, run, v->roles[b]);
            b = e;
        }
    }
}
