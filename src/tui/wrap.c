/* SPDX-License-Identifier: MIT */
#include "tui/wrap.h"

#include <stdlib.h>

#include "base/banned.h"

bool wrap_step(struct str *text, unsigned col, unsigned *width)
{
    if (text->n > 0 && text->p[0] == '\t') {
        *text = str_skip(*text, 1);
        *width = WRAP_TAB - col % WRAP_TAB;
        return true;
    }
    return grid_step(text, width);
}

static void line_add(struct wrap *w, size_t start, size_t length)
{
    if (w->n == w->cap) {
        w->cap = w->cap > 0 ? 2 * w->cap : 64;
        w->lines = xrealloc(w->lines, w->cap, sizeof *w->lines);
    }
    w->lines[w->n++] = (struct wrap_line){ start, length };
}

/* Bytes of line that go on one row: all, or up to behind the last blank that fits. */
static size_t row_bytes(struct str line, unsigned width)
{
    struct str rest = line;
    unsigned col = 0, w;
    size_t blank = 0;
    while (rest.n > 0) {
        struct str before = rest;
        wrap_step(&rest, col, &w);
        bool is_blank = before.p[0] == ' ' || before.p[0] == '\t';
        if (col + w > width && !is_blank) {
            size_t fits = line.n - before.n;
            return blank > 0 ? blank : fits > 0 ? fits : line.n - rest.n;
        }
        col = col + w > width ? width : col + w;
        if (is_blank)
            blank = line.n - rest.n;
    }
    return line.n;
}

void wrap_text(struct wrap *w, struct str text, unsigned width, bool keep_last)
{
    struct str in = text;
    w->n = 0;
    while (in.n > 0) {
        size_t end = str_find(in, '\n');
        struct str line = str_head(in, end);
        do {
            size_t n = row_bytes(line, width > 0 ? width : 1);
            line_add(w, (size_t)(line.p - text.p), n);
            line = str_skip(line, n);
        } while (line.n > 0);
        in = str_skip(in, end + 1);
    }
    if (keep_last && (text.n == 0 || text.p[text.n - 1] == '\n'))
        line_add(w, text.n, 0);
}

size_t wrap_line_of(const struct wrap *w, size_t offset)
{
    size_t low = 0, high = w->n;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (w->lines[mid].start <= offset)
            low = mid;
        else
            high = mid;
    }
    return low;
}

void wrap_free(struct wrap *w)
{
    free(w->lines);
    *w = (struct wrap){ 0 };
}

unsigned wrap_put(struct grid *g, unsigned row, unsigned col, unsigned start_col, struct str line,
                  unsigned role)
{
    unsigned at = col;
    while (line.n > 0) {
        size_t tab = str_find(line, '\t');
        at += grid_put(g, row, at, str_head(line, tab), role);
        if (tab < line.n)
            at += grid_put_fit(g, row, at, WRAP_TAB - (at - start_col) % WRAP_TAB, STR(""), role);
        line = str_skip(line, tab + 1);
        if (at >= grid_cols(g))
            break;
    }
    return at - col;
}
