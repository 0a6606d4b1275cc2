/* SPDX-License-Identifier: MIT */
/* words.h - the encoded words of a header field (RFC 2047). Ours, because GMime 3.2.13 loses
 * what follows a padded base64 word that another one joins, which is how most programs fold long
 * subjects.
 * Must not know: which field it is. */
#ifndef TMAIL_DECODE_WORDS_H
#define TMAIL_DECODE_WORDS_H

#include "base/buf.h"

/* True if there may be something to decode. */
bool words_any(struct str line);
/* Appends line with its encoded words decoded. Words of one charset that stand beside each other
 * are joined before they are converted, since many programs cut characters in two; what is no word
 * stays as it is. */
void words_decode(struct str line, struct buf *out);

#endif
