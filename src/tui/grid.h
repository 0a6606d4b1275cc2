/* SPDX-License-Identifier: MIT */
/* grid.h - the screen as cells. All text, whoever wrote it, gets onto the terminal through
 * grid_put: it alone makes cells, and a cell can hold no control character, no C1, no change of
 * direction, nothing that hides, and at most GRID_COMBINING_MAX combining characters. The width
 * of a cell is what wcwidth says, which is what ncurses goes by; sequences that terminals
 * disagree about (joined emoji, flags, variation selectors) are shown in their simplest form.
 * Must not know: ncurses, mail. */
#ifndef TMAIL_TUI_GRID_H
#define TMAIL_TUI_GRID_H

#include "base/buf.h"
#include "tui/theme.h"

enum { GRID_COMBINING_MAX = 4, GRID_ROWS_MAX = 500, GRID_COLS_MAX = 1000 };

struct grid_cell {
    uint32_t cp[1 + GRID_COMBINING_MAX];
    unsigned char n;     /* of cp; 0: the second half of a wide character */
    unsigned char width; /* 1, 2; 0 for the second half */
    unsigned char role;  /* enum theme_role, perhaps with THEME_SELECTED */
};

struct grid;
struct term;

/* Blank; at least 1 × 1, at most the ceilings. */
struct grid *grid_new(unsigned rows, unsigned cols);
void grid_free(struct grid **g);
/* Blank again at another size; what is on the terminal is forgotten. */
void grid_resize(struct grid *g, unsigned rows, unsigned cols);
unsigned grid_cols(const struct grid *g);
/* All blank, no cursor. */
void grid_clear(struct grid *g);
/* Writes UTF-8 at a cell, clipped to the row and cleaned; outside the grid nothing happens. The
 * columns it filled. */
unsigned grid_put(struct grid *g, unsigned row, unsigned col, struct str text, unsigned role);
/* The same within width columns, filled up with blanks of the role. Always width (or what the row
 * has left). */
unsigned grid_put_fit(struct grid *g, unsigned row, unsigned col, unsigned width, struct str text,
                      unsigned role);
/* Where the terminal's cursor stands; without a call after grid_clear it is hidden. */
void grid_cursor(struct grid *g, unsigned row, unsigned col);

/* Takes what fills one cell off *text: its columns (0: a character that is left out). False at the
 * end. */
bool grid_step(struct str *text, unsigned *width);
/* Columns that grid_put would fill on an endless row. */
unsigned grid_width(struct str text);
/* The longest head of text that fits into width columns; *used says how many it fills. */
struct str grid_fit(struct str text, unsigned width, unsigned *used);

/* Sends the difference to what is on the terminal: the only way of text to it. */
void grid_flush(struct grid *g, struct term *t);
/* The next flush sends all (another program may have written there). */
void grid_forget(struct grid *g);
/* Text (and with roles: a line of role letters below each row) of every row, trailing blanks cut;
 * for tests. */
void grid_dump(const struct grid *g, bool roles, struct buf *out);

#endif
