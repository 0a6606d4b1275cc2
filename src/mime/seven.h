/* SPDX-License-Identifier: MIT */
/* seven.h - a message for a server that takes seven bits alone (RFC 6152 §3): parts with other bytes
 * are encoded, all else stays byte by byte.
 * Must not know: servers, files. */
#ifndef TMAIL_MIME_SEVEN_H
#define TMAIL_MIME_SEVEN_H

#include "base/buf.h"

/* Puts raw, with CRLF, into out: texts as quoted-printable, other leaves as base64. What cannot be
 * changed stays as it is: headers, what is signed (RFC 1847 §2.1), what says that it is encoded and
 * has such bytes all the same, what lies deeper than is looked. *all: nothing of that kind is left.
 * -1 with ERR_LIMIT when out cannot hold it. */
int mime_seven(struct str raw, struct buf *out, bool *all, struct error *err) MUST_CHECK;

#endif
