/* SPDX-License-Identifier: MIT */
/* charset.h - bytes of any charset to UTF-8, with repair of the usual lies about which one it
 * is.
 * Must not know: messages, HTML. */
#ifndef TMAIL_DECODE_CHARSET_H
#define TMAIL_DECODE_CHARSET_H

#include "base/buf.h"

/* Appends in as valid UTF-8. charset may be empty, wrong or unknown: what is valid UTF-8 and says
 * it is ASCII, Latin-1 or nothing is taken as UTF-8, else as windows-1252; Latin-1 is windows-1252,
 * gb2312 is gb18030 (WHATWG's table of labels does the same). 0; 1 when bytes had to be replaced by
 * U+FFFD. */
int charset_to_utf8(struct str charset, struct str in, struct buf *out);
/* True if s has a byte over 127. */
bool charset_is_8bit(struct str s);

#endif
