/* SPDX-License-Identifier: MIT */
/* imap_set.h - sequence sets (RFC 3501 §9): reading with limits, writing ranges.
 * Must not know: whether the numbers are UIDs or sequence numbers. */
#ifndef TMAIL_WIRE_IMAP_SET_H
#define TMAIL_WIRE_IMAP_SET_H

#include "base/buf.h"

/* Takes one range off *set, first <= last; "*" is star. 0; 1 at the end; -1 for what is no set (0,
 * an empty element, a trailing comma). */
int imap_set_next(struct str *set, uint32_t star, uint32_t *first, uint32_t *last);
/* True if the whole of set is a set. */
bool imap_set_valid(struct str set);
/* Number of numbers in the set, UINT64_MAX when it is none. */
uint64_t imap_set_count(struct str set, uint32_t star);
bool imap_set_has(struct str set, uint32_t star, uint32_t n);
/* Appends ascending numbers as a set: 1,2,3,7 → "1:3,7". */
void imap_set_put(struct buf *out, const uint32_t *numbers, size_t n);

#endif
