/* SPDX-License-Identifier: MIT */
/* wrap.h - text cut into the lines that fit on a screen: at LF, else after the last blank that
 * fits, else anywhere. Tabs stand at every eighth column.
 * Must not know: what is drawn where. */
#ifndef TMAIL_TUI_WRAP_H
#define TMAIL_TUI_WRAP_H

#include "tui/grid.h"

enum { WRAP_TAB = 8 };

struct wrap_line {
    size_t start, length; /* bytes, without the LF */
};
struct wrap {
    struct wrap_line *lines;
    size_t n, cap;
};

/* Cuts text anew; text that ends in LF has no empty line behind it unless keep_last asks for one.
 */
void wrap_text(struct wrap *w, struct str text, unsigned width, bool keep_last);
/* The line that holds a byte offset. */
size_t wrap_line_of(const struct wrap *w, size_t offset);
void wrap_free(struct wrap *w);
/* As grid_step, for text that starts at column col: a tab fills up to the next stop. */
bool wrap_step(struct str *text, unsigned col, unsigned *width);
/* Draws one line with its tabs, in one role. The columns it filled. */
unsigned wrap_put(struct grid *g, unsigned row, unsigned col, unsigned start_col, struct str line,
                  unsigned role);

#endif
