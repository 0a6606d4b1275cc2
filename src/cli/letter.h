/* SPDX-License-Identifier: MIT */
/* letter.h - the last place for a text that could not be kept anywhere else: dead.letter in the
 * person's home.
 * Must not know: why it could not be sent. */
#ifndef TMAIL_CLI_LETTER_H
#define TMAIL_CLI_LETTER_H

#include "base/str.h"

/* Appends body, and what a pipe on standard input still holds, to $HOME/dead.letter and tells the
 * path on stderr. Without a byte of either, nothing. */
void letter_save(struct str body);

#endif
