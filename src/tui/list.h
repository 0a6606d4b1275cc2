/* SPDX-License-Identifier: MIT */
/* list.h - the cursor and the window of a scrolling list; the rows are drawn by who has them.
 * Must not know: what the rows are. */
#ifndef TMAIL_TUI_LIST_H
#define TMAIL_TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    size_t n;      /* rows there are */
    size_t cursor; /* < n, or 0 */
    size_t top;    /* first row on the screen */
    size_t height; /* rows on the screen, at least 1 */
};

/* New number of rows and height; cursor and window are brought back inside. */
void list_set(struct list *l, size_t n, size_t height);
/* Moves the cursor by rows; the window follows. False when it stood at that end already. */
bool list_move(struct list *l, long rows);
/* Puts the cursor on a row (or the last one); the window follows. */
void list_go(struct list *l, size_t row);
/* Moves the window by rows and the cursor with it, as page keys do. False when nothing moved. */
bool list_page(struct list *l, long rows);

#endif
