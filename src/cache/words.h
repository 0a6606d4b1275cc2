/* SPDX-License-Identifier: MIT */
/* words.h - inside of src/cache, and for who reads a person's words: sets of keywords as text,
 * blank separated. Case makes no difference (RFC 3501 §2.3.2); the first spelling stays.
 * Must not know: the database. */
#ifndef TMAIL_CACHE_WORDS_H
#define TMAIL_CACHE_WORDS_H

#include "base/buf.h"

enum {
    CACHE_WORD_MAX = 64,  /* bytes of a keyword that a person gives */
    CACHE_WORDS_MAX = 256 /* bytes of those that one operation adds or removes, with the end */
};

/* True for a keyword that every server can be sent: an atom of ASCII without "\" and "]". */
bool cache_word_ok(struct str word);
bool words_has(struct str set, struct str word);
/* The words of set that are in other, or those that are not. */
void words_filter(struct str set, struct str other, bool in, struct buf *out);
/* Into an operation; empty when they are too many. */
void words_copy(char to[CACHE_WORDS_MAX], struct str words);
/* set without del, and with add. */
void words_lay(struct str set, struct str add, struct str del, struct buf *out);

#endif
