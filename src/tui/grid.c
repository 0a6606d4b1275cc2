/* SPDX-License-Identifier: MIT */
#include "tui/grid.h"

#include <langinfo.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/utf8.h"
#include "tui/term.h"
#include "base/banned.h"

struct grid {
    unsigned rows, cols;
    unsigned cursor_row, cursor_col;
    bool cursor;
    struct grid_cell *cells; /* being drawn */
    struct grid_cell *shown; /* on the terminal */
    bool known;              /* shown is true */
};

static struct grid_cell *cell_at(const struct grid *g, unsigned row, unsigned col)
{
    return &g->cells[(size_t)row * g->cols + col];
}

static void cell_blank(struct grid_cell *c, unsigned role)
{
    *c = (struct grid_cell){ .cp = { ' ' }, .n = 1, .width = 1, .role = (unsigned char)role };
}

void grid_clear(struct grid *g)
{
    for (size_t i = 0; i < (size_t)g->rows * g->cols; i++)
        cell_blank(&g->cells[i], THEME_TEXT);
    g->cursor = false;
}

void grid_resize(struct grid *g, unsigned rows, unsigned cols)
{
    g->rows = rows < 1 ? 1 : rows > GRID_ROWS_MAX ? GRID_ROWS_MAX : rows;
    g->cols = cols < 1 ? 1 : cols > GRID_COLS_MAX ? GRID_COLS_MAX : cols;
    free(g->cells);
    free(g->shown);
    g->cells = xcalloc((size_t)g->rows * g->cols, sizeof *g->cells);
    g->shown = xcalloc((size_t)g->rows * g->cols, sizeof *g->shown);
    g->known = false;
    grid_clear(g);
}

struct grid *grid_new(unsigned rows, unsigned cols)
{
    struct grid *g = xcalloc(1, sizeof *g);
    grid_resize(g, rows, cols);
    return g;
}

void grid_free(struct grid **g)
{
    if (*g == NULL)
        return;
    free((*g)->cells);
    free((*g)->shown);
    free(*g);
    *g = NULL;
}

unsigned grid_cols(const struct grid *g)
{
    return g->cols;
}

/* What is left out: it changes the direction, hides, joins or varies, and terminals disagree about
 * it. */
static bool is_left_out(uint32_t cp)
{
    return utf8_is_bidi_control(cp) || cp == 0x00AD || cp == 0x034F || cp == 0x180E ||
           cp == 0x200C || cp == 0x200D || (cp >= 0x2061 && cp <= 0x2065) ||
           (cp >= 0x206A && cp <= 0x206F) || (cp >= 0xFE00 && cp <= 0xFE0F) ||
           (cp >= 0xFFF9 && cp <= 0xFFFB) || (cp >= 0x1F3FB && cp <= 0x1F3FF) ||
           (cp >= 0xE0000 && cp <= 0xE0FFF);
}

/* One code point as it may be shown; 0 for what is left out. *width is 0 for a combining character.
 */
static uint32_t clean(uint32_t cp, unsigned *width)
{
    *width = 1;
    if (cp == '\t' || cp == '\n' || cp == '\r' || cp == 0x2028 || cp == 0x2029)
        return ' ';
    if (cp >= 0x20 && cp < 0x7F)
        return cp;
    if (is_left_out(cp)) {
        *width = 0;
        return 0;
    }
    if (cp >= 0x1F1E6 && cp <= 0x1F1FF) /* halves of flags: the letters they stand for */
        return 'A' + (cp - 0x1F1E6);
    int w = cp < 0xA0 ? -1 : wcwidth((wchar_t)cp);
    if (w < 0) /* C0, DEL, C1, unassigned, or not in the terminal's charset */
        return wcwidth((wchar_t)UTF8_REPLACEMENT) == 1 ? UTF8_REPLACEMENT : '?';
    *width = (unsigned)w;
    return cp;
}

/* Takes what fills one cell off *text: a base and what combines with it. False at the end; n stays
 * 0 for nothing. */
static bool cell_next(struct str *text, struct grid_cell *c)
{
    uint32_t cp;
    unsigned width;
    *c = (struct grid_cell){ 0 };
    if (!utf8_next(text, &cp))
        return false;
    cp = clean(cp, &width);
    if (cp == 0)
        return true;
    if (width == 0) { /* combines with nothing: give it a blank to stand on */
        c->cp[c->n++] = ' ';
        width = 1;
    }
    c->cp[c->n++] = cp;
    c->width = (unsigned char)width;
    while (text->n > 0) {
        struct str ahead = *text;
        utf8_next(&ahead, &cp);
        if (cp < 0x300)
            break;
        cp = clean(cp, &width);
        if (cp != 0 && width > 0)
            break;
        if (cp != 0 && c->n < COUNT(c->cp))
            c->cp[c->n++] = cp;
        *text = ahead;
    }
    return true;
}

bool grid_step(struct str *text, unsigned *width)
{
    struct grid_cell c;
    bool any = cell_next(text, &c);
    *width = c.width;
    return any;
}

unsigned grid_width(struct str text)
{
    unsigned total = 0, w;
    while (grid_step(&text, &w))
        total += w;
    return total;
}

struct str grid_fit(struct str text, unsigned width, unsigned *used)
{
    struct str rest = text, ahead = text;
    unsigned w;
    *used = 0;
    while (grid_step(&ahead, &w) && w <= width - *used) {
        *used += w;
        rest = ahead;
    }
    return str_head(text, text.n - rest.n);
}

/* A wide character of which one half is overwritten loses the other too. */
static void mend_neighbours(struct grid *g, unsigned row, unsigned col, unsigned width)
{
    if (col > 0 && cell_at(g, row, col)->n == 0)
        cell_blank(cell_at(g, row, col - 1), cell_at(g, row, col - 1)->role);
    if (col + width < g->cols && cell_at(g, row, col + width)->n == 0)
        cell_blank(cell_at(g, row, col + width), cell_at(g, row, col + width)->role);
}

static unsigned put(struct grid *g, unsigned row, unsigned col, unsigned end, struct str text,
                    unsigned role)
{
    struct grid_cell c;
    unsigned at = col;
    while (at < end && cell_next(&text, &c)) {
        if (c.n == 0)
            continue;
        if (c.width > end - at)
            break;
        c.role = (unsigned char)role;
        mend_neighbours(g, row, at, c.width);
        *cell_at(g, row, at) = c;
        if (c.width == 2)
            *cell_at(g, row, at + 1) = (struct grid_cell){ .role = (unsigned char)role };
        at += c.width;
    }
    return at - col;
}

unsigned grid_put(struct grid *g, unsigned row, unsigned col, struct str text, unsigned role)
{
    return row < g->rows && col < g->cols ? put(g, row, col, g->cols, text, role) : 0;
}

unsigned grid_put_fit(struct grid *g, unsigned row, unsigned col, unsigned width, struct str text,
                      unsigned role)
{
    if (row >= g->rows || col >= g->cols)
        return 0;
    unsigned end = width < g->cols - col ? col + width : g->cols;
    unsigned at = col + put(g, row, col, end, text, role);
    for (; at < end; at++) {
        mend_neighbours(g, row, at, 1);
        cell_blank(cell_at(g, row, at), role);
    }
    return end - col;
}

void grid_cursor(struct grid *g, unsigned row, unsigned col)
{
    g->cursor = true;
    g->cursor_row = row < g->rows ? row : g->rows - 1;
    g->cursor_col = col < g->cols ? col : g->cols - 1;
}

void grid_forget(struct grid *g)
{
    g->known = false;
}

void grid_flush(struct grid *g, struct term *t)
{
    size_t bytes = g->cols * sizeof *g->cells;
    if (!g->known)
        term_clear(t);
    for (unsigned row = 0; row < g->rows; row++) {
        struct grid_cell *now = cell_at(g, row, 0);
        struct grid_cell *was = &g->shown[(size_t)row * g->cols];
        if (g->known && memcmp(now, was, bytes) == 0)
            continue;
        term_row(t, row, now, g->cols);
        memcpy(was, now, bytes);
    }
    g->known = true;
    term_update(t, g->cursor, g->cursor_row, g->cursor_col);
}

static void dump_row(const struct grid *g, unsigned row, struct buf *out)
{
    size_t start = out->len;
    for (unsigned col = 0; col < g->cols; col++)
        for (unsigned i = 0; i < cell_at(g, row, col)->n; i++)
            utf8_put(out, cell_at(g, row, col)->cp[i]);
    while (out->len > start && out->data[out->len - 1] == ' ')
        buf_truncate(out, out->len - 1);
    buf_addc(out, '\n');
}

void grid_dump(const struct grid *g, bool roles, struct buf *out)
{
    for (unsigned row = 0; row < g->rows; row++) {
        dump_row(g, row, out);
        for (unsigned col = 0; roles && col < g->cols; col++)
            buf_addc(out, theme_letter(cell_at(g, row, col)->role));
        if (roles)
            buf_addc(out, '\n');
    }
}
