/* SPDX-License-Identifier: MIT */
/* lineedit.h - one line of text being typed: moving, cutting, pasting; hidden for secrets.
 * Completion is the caller's: it is told of Tab and sets the text.
 * Must not know: what the line is for. */
#ifndef TMAIL_TUI_LINEEDIT_H
#define TMAIL_TUI_LINEEDIT_H

#include "base/buf.h"
#include "tui/term.h"

enum { LINEEDIT_MAX = 64 << 10 };
enum lineedit_result { LINE_MORE, LINE_DONE, LINE_CANCEL, LINE_COMPLETE };

struct lineedit {
    struct buf text;
    size_t at; /* cursor, a byte offset between characters */
    bool hidden;
};

void lineedit_init(struct lineedit *l, struct str text, bool hidden);
/* New text, cursor behind it. */
void lineedit_set(struct lineedit *l, struct str text);
/* One key, or a paste (line ends become blanks). */
enum lineedit_result lineedit_key(struct lineedit *l, const struct term_input *in);
enum lineedit_result lineedit_paste(struct lineedit *l, struct str text);
/* Draws the part around the cursor into width columns and places the terminal's cursor. */
void lineedit_draw(const struct lineedit *l, struct grid *g, unsigned row, unsigned col,
                   unsigned width);
/* Wipes what was typed. */
void lineedit_clear(struct lineedit *l);

#endif
