/* SPDX-License-Identifier: MIT */
/* text.h - one text part as the lines that a person reads: decoded, in UTF-8, unwrapped and
 * wrapped, with spans and links. HTML goes to html.h.
 * Must not know: where the part came from. */
#ifndef TMAIL_DECODE_TEXT_H
#define TMAIL_DECODE_TEXT_H

#include "decode/proto.h"

/* content is the part as it stands in the message. Everything in out lives in a. Never fails. */
void text_make(struct arena *a, struct str content, const struct proto_text_ask *ask,
               struct decode_text *out);

#endif
