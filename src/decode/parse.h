/* SPDX-License-Identifier: MIT */
/* parse.h - a message's summary, made as its bytes pass: the skeleton that guard finds, with its
 * fields decoded.
 * Must not know: where the bytes come from. */
#ifndef TMAIL_DECODE_PARSE_H
#define TMAIL_DECODE_PARSE_H

#include "mime/summary.h"

struct parse;
/* Owns GMime in this process. */
struct parse *parse_new(void);
void parse_free(struct parse **p);

/* The next bytes of a message, in pieces of any size. last ends it: out gets its summary, and the
 * next piece begins another. Everything in out lives in a, which is the same for all pieces of a
 * message. What is kept of it does not grow with it. Never fails. */
void parse_feed(struct parse *p, struct arena *a, struct str bytes, bool last,
                struct mime_summary *out);

#endif
