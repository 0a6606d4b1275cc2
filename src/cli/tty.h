/* SPDX-License-Identifier: MIT */
/* tty.h - questions to the person at the terminal, a line at a time.
 * Must not know: what is asked. */
#ifndef TMAIL_CLI_TTY_H
#define TMAIL_CLI_TTY_H

#include "base/buf.h"

enum { TTY_LINE_MAX = 4096 };

/* The person's terminal, whatever the standard streams are; -1 where there is none. */
int tty_open(void);
/* Shows question, made harmless, and reads one line; unseen where hidden. The answer is appended without
 * blanks at its ends (as it was typed where hidden). 0; 1 at the end of the input (^D); -1 with ERR_LIMIT
 * past TTY_LINE_MAX, with ERR_SYS where there is no terminal. ^C ends the process, after the terminal
 * shows what is typed again. */
int tty_ask(int tty, struct str question, bool hidden, struct buf *answer,
            struct error *err) MUST_CHECK;
/* A question of yes or no: an empty answer is what otherwise says. 0 with *yes, 1, -1 as above. */
int tty_ask_yes(int tty, struct str question, bool otherwise, bool *yes,
                struct error *err) MUST_CHECK;
/* One line to the terminal, made harmless. */
void tty_say(int tty, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
