/* SPDX-License-Identifier: MIT */
/* envelope.h - the ENVELOPE of a message (RFC 3501 §7.4.2) from its header, encoded words left
 * as they are. Pure.
 * Must not know: mailboxes. */
#ifndef TMAIL_SERVER_ENVELOPE_H
#define TMAIL_SERVER_ENVELOPE_H

#include "base/buf.h"

void envelope_put(struct str header, struct buf *out);

#endif
