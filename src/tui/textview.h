/* SPDX-License-Identifier: MIT */
/* textview.h - text that is scrolled and not edited: wrapped, with roles on ranges of it.
 * Must not know: where the text comes from. */
#ifndef TMAIL_TUI_TEXTVIEW_H
#define TMAIL_TUI_TEXTVIEW_H

#include "tui/wrap.h"

struct textview {
    struct buf text;
    unsigned char *roles; /* one for each byte of text */
    struct wrap wrap;
    unsigned width;
    size_t top, height; /* lines */
};

void textview_init(struct textview *v, size_t max);
void textview_clear(struct textview *v);
/* Appends text in a role. What passes the ceiling is left out. */
void textview_add(struct textview *v, struct str text, unsigned role);
/* Gives a range another role. */
void textview_paint(struct textview *v, size_t start, size_t length, unsigned role);
/* Lays out for a window; the first visible byte stays visible. After the last add. */
void textview_layout(struct textview *v, unsigned width, unsigned height);
/* Scrolls by lines. False when it stood at that end already. */
bool textview_scroll(struct textview *v, long lines);
/* How much of it has been on the screen when read from the top, 0..100. */
unsigned textview_percent(const struct textview *v);
void textview_draw(const struct textview *v, struct grid *g, unsigned row, unsigned col);

#endif
