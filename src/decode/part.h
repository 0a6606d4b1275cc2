/* SPDX-License-Identifier: MIT */
/* part.h - the decoded bytes of one part, streamed: our own codecs, no worker needed (base64,
 * quoted-printable, uuencode, as is).
 * Must not know: charsets; text is decode_text's. */
#ifndef TMAIL_DECODE_PART_H
#define TMAIL_DECODE_PART_H

#include "decode/client.h"

/* Calls sink with the decoded bytes in order. 0; 1: damaged, or known to be, all that could be
 * decoded was given; -1 (sink's or read's error). */
int decode_part_bytes(struct decode_src raw, const struct mime_part_info *info,
                      int (*sink)(void *arg, struct str bytes, struct error *err), void *arg,
                      struct error *err) MUST_CHECK;

#endif
