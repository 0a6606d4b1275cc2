/* SPDX-License-Identifier: MIT */
/* parse.h - a message's summary: the skeleton that guard found, with its fields decoded by
 * GMime.
 * Must not know: where the bytes come from. */
#ifndef TMAIL_DECODE_PARSE_H
#define TMAIL_DECODE_PARSE_H

#include "mime/summary.h"

struct parse;
/* Owns GMime in this process. */
struct parse *parse_new(void);
void parse_free(struct parse **p);

/* Everything in out lives in a. raw may be the front of a message of size bytes: then its last part
 * reaches to the end and damage says that not all was read. Never fails. */
void parse_summary(struct parse *p, struct arena *a, struct str raw, uint64_t size,
                   struct mime_summary *out);
/* A field's value: unfolded, RFC 2047 decoded, valid UTF-8 on one line. */
struct str parse_header(struct arena *a, struct str raw);

#endif
