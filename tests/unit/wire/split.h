/* SPDX-License-Identifier: MIT */
/* split.h - feeds one input to an IMAP reader, whole, cut once at every byte, and byte by byte, and
 * demands the same trace each time.
 * The trace has one line a result: the tree as text, "bad", "announce N", "chunk".
 * Must not know: what the lines mean. */
#ifndef TMAIL_TESTS_UNIT_WIRE_SPLIT_H
#define TMAIL_TESTS_UNIT_WIRE_SPLIT_H

#include "wire/imap_token.h"

/* What to do with an announced literal. */
enum split_choice { SPLIT_STREAM, SPLIT_KEEP, SPLIT_REFUSE };

struct split {
    enum wire_side side;
    const struct wire_imap_limits *limits;
    enum split_choice choice;
};

/* Trace of the input cut into pieces of step bytes behind the first cut bytes. */
void split_trace(const struct split *s, struct str in, size_t cut, size_t step, struct buf *out);
/* Fails the test unless every split gives want. */
void split_check(const struct split *s, struct str in, const char *want);
/* The tree as text: a "q" {l} (list) [code] <text>. */
void split_dump(const struct wire_node *n, struct buf *out);

#endif
