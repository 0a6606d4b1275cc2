/* SPDX-License-Identifier: MIT */
/* header.h - the values of header fields, decoded: unfolded, without encoded words, valid UTF-8 on
 * one line. Everything lives in the arena that is given; never fails.
 * Must not know: which field it is, messages. */
#ifndef TMAIL_DECODE_HEADER_H
#define TMAIL_DECODE_HEADER_H

#include "base/buf.h"

enum {
    HEADER_FIELD_MAX = 64 << 10, /* bytes of a field that are decoded */
    HEADER_SHORT_MAX = 4 << 10   /* of one that holds an id, a date, a file name */
};

/* Valid UTF-8 of a raw field; terminated. Raw 8-bit bytes are UTF-8, or else windows-1252. */
struct str header_repaired(struct arena *a, struct str raw);
/* Such a line with its encoded words decoded (RFC 2047). */
struct str header_words(struct arena *a, struct str line);
/* Both, of a field of free text. */
struct str header_text(struct arena *a, struct str raw);
/* Of a field of addresses: what was hidden in an encoded word is quoted, so that it separates
 * nothing. */
struct str header_addresses(struct arena *a, struct str raw);
/* The <ids> of a field, separated by blanks; what stands between them is no id (RFC 5322 §3.6.4).
 * One that came without brackets gets them. */
struct str header_ids(struct arena *a, struct str raw);
/* Seconds since 1970; 0 when it cannot be read. */
int64_t header_date(struct arena *a, struct str raw);

#endif
