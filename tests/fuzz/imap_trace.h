/* SPDX-License-Identifier: MIT */
/* imap_trace.h - what an IMAP reader makes of some bytes, as text that does not depend on how they
 * were cut. For both sides' targets. */
#ifndef TMAIL_TESTS_IMAP_TRACE_H
#define TMAIL_TESTS_IMAP_TRACE_H

#include "wire/imap_token.h"

struct imap_trace {
    enum wire_side side;
    bool small;      /* limits that are soon met */
    unsigned choice; /* for an announced literal: 0 stream, 1 keep, 2 refuse */
    void (*view)(const struct wire_node *line, struct buf *out); /* or NULL */
};
void imap_trace_dump(const struct wire_node *first, struct buf *out);
/* Whole, cut and byte by byte give the same. */
void imap_trace_check(const struct imap_trace *t, struct str in);

#endif
