/* SPDX-License-Identifier: MIT */
/* editor.h - a small editor of plain text, for those who have named none: what one types is
 * there, arrows move, ^K cuts the line, ^X or ^D ends, ^C gives up.
 * Must not know: files, mail. */
#ifndef TMAIL_TUI_EDITOR_H
#define TMAIL_TUI_EDITOR_H

#include "base/buf.h"
#include "tui/term.h"
#include "tui/wrap.h"

enum { EDITOR_MAX = 4 << 20 };
enum editor_result { EDITOR_MORE, EDITOR_DONE, EDITOR_ABORT };

struct editor {
    struct buf text;
    struct buf cut; /* what ^K took; ^Y puts it back */
    size_t at;      /* cursor, a byte offset between characters */
    unsigned goal;  /* column that up and down aim at */
    bool goal_set;
    struct wrap wrap;
    unsigned width, height;
    size_t top;
    bool changed;
};

/* Text with the cursor at its start. ERR_LIMIT when it is too long for this editor. */
int editor_init(struct editor *e, struct str text, struct error *err) MUST_CHECK;
void editor_clear(struct editor *e);
void editor_layout(struct editor *e, unsigned width, unsigned height);
enum editor_result editor_key(struct editor *e, const struct term_input *in);
void editor_paste(struct editor *e, struct str text);
void editor_draw(const struct editor *e, struct grid *g, unsigned row, unsigned col);

#endif
