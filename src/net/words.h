/* SPDX-License-Identifier: MIT */
/* words.h - what a server said, made fit to stand inside a sentence of ours.
 * Must not know: protocols. */
#ifndef TMAIL_NET_WORDS_H
#define TMAIL_NET_WORDS_H

#include "base/str.h"

enum { NET_WORDS_MAX = 200 };

/* One line of valid UTF-8 without control characters and direction overrides, cut to fit size. */
void net_words(char *out, size_t size, struct str said);

#endif
