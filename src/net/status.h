/* SPDX-License-Identifier: MIT */
/* status.h - what the enhanced status codes of mail servers say, in words for people (RFC 3463 §3, and
 * what was registered since).
 * Must not know: who said it. */
#ifndef TMAIL_NET_STATUS_H
#define TMAIL_NET_STATUS_H

#include "base/buf.h"

/* The words of "5.1.1", translated; of a text that begins so, too. NULL: it has none, or nothing went
 * wrong. */
const char *status_words(struct str code);
/* Appends "there is no such mailbox (550 5.1.1 text)", or "550 text" where no code has words. */
void status_put(unsigned code, struct str enhanced, struct str text, struct buf *out);

#endif
