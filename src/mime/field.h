/* SPDX-License-Identifier: MIT */
/* field.h - header fields as they stand on the wire: folded, encoded where they need it (RFC
 * 5322 §2.2.3, 2047, 2231).
 * Must not know: which fields a message has. */
#ifndef TMAIL_MIME_FIELD_H
#define TMAIL_MIME_FIELD_H

#include "base/buf.h"

/* One header field, folded and encoded where needed (RFC 2047), with its CRLF; value is UTF-8, what
 * is not is replaced. An empty value writes nothing. ERR_USAGE on CR, LF, NUL or a bad name,
 * ERR_ADDRESS where addresses is set and none is there. */
int mime_field_put(struct buf *out, const char *name, struct str value, bool addresses,
                   struct error *err) MUST_CHECK;
/* A parameter on a line of its own, ";" in front: name="value", or in UTF-8 as RFC 2231 has it, in
 * pieces where it is long. ERR_USAGE on CR, LF or NUL. */
int mime_param_put(struct buf *out, const char *name, struct str value,
                   struct error *err) MUST_CHECK;

#endif
