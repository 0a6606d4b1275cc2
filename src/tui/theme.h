/* SPDX-License-Identifier: MIT */
/* theme.h - roles of what is drawn, and how each looks with 256, 16 or no colours. Meaning never
 * hangs on colour alone: each role that matters differs in black and white too.
 * Must not know: ncurses, mail. */
#ifndef TMAIL_TUI_THEME_H
#define TMAIL_TUI_THEME_H

#include <stdbool.h>

enum theme_role {
    THEME_TEXT,
    THEME_BAR,    /* title and status bars */
    THEME_KEY,    /* a key in the lines at the foot */
    THEME_DIM,    /* what matters less */
    THEME_STRONG, /* what is new */
    THEME_MARK,   /* flagged */
    THEME_LABEL,  /* name of a field */
    THEME_VALUE,  /* a field that counts most */
    THEME_QUOTE1,
    THEME_QUOTE2,
    THEME_QUOTE3,
    THEME_SIGNATURE,
    THEME_LINK,
    THEME_EMPHASIS,
    THEME_HEADING,
    THEME_CODE,
    THEME_NOTE, /* words of ours among those of others */
    THEME_ADDED,
    THEME_REMOVED,
    THEME_HUNK,
    THEME_ERROR,
    THEME_ROLES,
    THEME_SELECTED = 128 /* added to a role: the row under the cursor */
};

enum theme_attr {
    THEME_BOLD = 1,
    THEME_FAINT = 2,
    THEME_UNDERLINE = 4,
    THEME_REVERSE = 8,
    THEME_ITALIC = 16
};
struct theme_style {
    short fg, bg; /* -1: the terminal's own */
    unsigned attrs;
};

/* How a role looks on a terminal of so many colours (< 8: none). role may carry THEME_SELECTED. */
struct theme_style theme_style(unsigned colours, unsigned role);
/* The role's letter in a dump. */
char theme_letter(unsigned role);

#endif
