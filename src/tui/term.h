/* SPDX-License-Identifier: MIT */
/* term.h - the terminal: taking it over and giving it back, keys, pastes, resizes, and the cells
 * of a grid. The only file that knows ncurses. Signals are read from a descriptor, so nothing
 * runs at odd moments; only a crash has a handler, which gives the terminal back with bytes
 * prepared beforehand.
 * Must not know: what is drawn, what keys mean. */
#ifndef TMAIL_TUI_TERM_H
#define TMAIL_TUI_TERM_H

#include "base/buf.h"
#include "tui/grid.h"

/* A key is a code point (control characters too: ^D is 4) or one of these. */
enum term_key {
    TERM_KEY_UP = 0x110000,
    TERM_KEY_DOWN,
    TERM_KEY_LEFT,
    TERM_KEY_RIGHT,
    TERM_KEY_HOME,
    TERM_KEY_END,
    TERM_KEY_PGUP,
    TERM_KEY_PGDN,
    TERM_KEY_INSERT,
    TERM_KEY_DELETE,
    TERM_KEY_ENTER,
    TERM_KEY_BACKSPACE,
    TERM_KEY_BACKTAB,
    TERM_KEY_F1 /* F1 .. F12 follow one another */
};
enum { TERM_KEY_ESC = 27, TERM_KEY_TAB = 9, TERM_PASTE_MAX = 1 << 20, TERM_FDS_MAX = 8 };

enum term_event {
    TERM_NOTHING, /* the time is over */
    TERM_KEY,
    TERM_PASTE,   /* text, borrowed until the next wait */
    TERM_RESIZE,  /* term_size says to what */
    TERM_FD,      /* one of the descriptors is readable */
    TERM_SUSPEND, /* somebody wants us stopped: call term_stop */
    TERM_HANGUP   /* the terminal is gone, or we are told to end */
};
struct term_input {
    uint32_t key;
    bool alt;
    struct str paste;
};

/* Takes over standard input and output; term_close restores them, a crash does too. ERR_USAGE
 * without a terminal. Call it before other threads start: it blocks the signals that it reads. */
struct term *term_open(struct error *err);
void term_close(struct term **t);
void term_size(const struct term *t, unsigned *rows, unsigned *cols);
/* Sleeps until a key, a resize, or one of fds (at most TERM_FDS_MAX) is readable. wait_ms -1: for
 * ever. */
enum term_event term_wait(struct term *t, const int *fds, size_t fds_n, int wait_ms,
                          struct term_input *in);
/* Gives the terminal to another program, and takes it back. The next flush must send all. */
void term_leave(struct term *t);
void term_return(struct term *t);
/* Stops the process as the shell's job control does; returns when it goes on. */
void term_stop(struct term *t);
/* The bell. */
void term_beep(struct term *t);

/* For grid_flush alone: the cells of a row; blank the terminal; all of it in one go. */
void term_row(struct term *t, unsigned row, const struct grid_cell *cells, unsigned n);
void term_clear(struct term *t);
void term_update(struct term *t, bool cursor, unsigned row, unsigned col);

#endif
