/* SPDX-License-Identifier: MIT */
/* pty.h - a program in a pseudo-terminal, and the terminal that its output makes (libvterm). */
#ifndef TMAIL_TESTS_TUI_PTY_H
#define TMAIL_TESTS_TUI_PTY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct pty;
/* Starts argv in a terminal of that size; env: NAME=VALUE, NULL at the end. */
struct pty *pty_start(char *const argv[], char *const env[], int rows, int cols);
void pty_keys(struct pty *p, const char *bytes);
/* True once the screen shows text; false after wait_ms or at the program's end. */
bool pty_shows(struct pty *p, const char *text, int wait_ms);
/* True once the screen does not show text any more. */
bool pty_lost(struct pty *p, const char *text, int wait_ms);
void pty_resize(struct pty *p, int rows, int cols);
/* All rows, blanks at their ends cut. */
void pty_screen(struct pty *p, struct buf *out);
/* Everything that was ever sent to the terminal. */
struct str pty_bytes(const struct pty *p);
pid_t pty_pid(const struct pty *p);
/* Exit code, or 128 + signal, within wait_ms; -1 when it runs on (it is killed then). Frees. */
int pty_end(struct pty **p, int wait_ms);

#endif
