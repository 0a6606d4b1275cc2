/* SPDX-License-Identifier: MIT */
/* sasl.h - what a client says to log in, read. Pure.
 * Must not know: accounts, protocols. */
#ifndef TMAIL_SERVER_SASL_H
#define TMAIL_SERVER_SASL_H

#include "base/buf.h"

/* Appends the bytes of a line of base64: 0, -1. */
int sasl_base64(struct str line, struct buf *out);
/* PLAIN (RFC 4616): name and password as views of text, to be freed with buf_wipe also on failure.
 * -1 for what it is not, and for names and passwords of more than one line. */
int sasl_plain(struct str line, struct buf *text, struct str *name, struct str *password);

#endif
