/* SPDX-License-Identifier: MIT */
/* keymap.h - sequences of keys to names of commands, by view; the view "*" is behind every
 * other. A sequence is written as mutt writes it: "d", "gg", "^D", "<Tab>", "<Alt-v>", "<F2>".
 * Several stand side by side with blanks between them.
 * Must not know: what the commands do. */
#ifndef TMAIL_TUI_KEYMAP_H
#define TMAIL_TUI_KEYMAP_H

#include "base/buf.h"
#include "tui/term.h"

enum { KEYMAP_SEQUENCE_MAX = 4, KEYMAP_BINDINGS_MAX = 1000 };

enum keymap_result { KEYMAP_NONE, KEYMAP_PARTIAL, KEYMAP_FOUND };

struct keymap;
struct keymap *keymap_new(void);
void keymap_free(struct keymap **k);
/* Binds each sequence in keys; view and command are kept. A sequence that is bound already in that
 * view goes to the new command. ERR_CONFIG for a key that has no such name. */
int keymap_bind(struct keymap *k, const char *view, const char *keys, const char *command,
                struct error *err) MUST_CHECK;
/* Forgets all sequences of a command in a view. */
void keymap_unbind(struct keymap *k, const char *view, const char *command);
/* The next key. FOUND sets *command; PARTIAL waits for more; NONE forgets what was typed. Esc is
 * Alt for the next key where nothing is bound to it. */
enum keymap_result keymap_feed(struct keymap *k, const char *view, const struct term_input *in,
                               const char **command);
/* The sequences of a command in a view (or "*"), as written, ", " between them. */
void keymap_show(const struct keymap *k, const char *view, const char *command, struct buf *out);
/* The first of them only: what a foot line has room for. */
void keymap_show_first(const struct keymap *k, const char *view, const char *command,
                       struct buf *out);

#endif
