/* SPDX-License-Identifier: MIT */
/* imap_name.h - mailbox names: modified UTF-7 (RFC 3501 §5.1.3) to UTF-8 and back.
 * Must not know: folders on disk. */
#ifndef TMAIL_WIRE_IMAP_NAME_H
#define TMAIL_WIRE_IMAP_NAME_H

#include "base/buf.h"

enum { WIRE_NAME_MAX = 1000 };

/* Appends UTF-8. -1 with nothing appended for what is not modified UTF-7: the caller keeps such a
 * name as it is. */
int wire_name_decode(struct str in, struct buf *out);
/* Appends modified UTF-7. -1 for invalid UTF-8, control characters, an empty name or one over
 * WIRE_NAME_MAX. */
int wire_name_encode(struct str in, struct buf *out);

#endif
