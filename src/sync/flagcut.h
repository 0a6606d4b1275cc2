/* SPDX-License-Identifier: MIT */
/* flagcut.h - pure: which STORE commands the changes of flags in one folder take: one for each kind
 * of change, more where its set of uids is too long for a line, halves of one that was refused.
 * Must not know: connections, the database. */
#ifndef TMAIL_SYNC_FLAGCUT_H
#define TMAIL_SYNC_FLAGCUT_H

#include "cache/journal.h"

enum {
    FLAGCUT_SET_BYTES = 7900, /* of a set: a server takes lines of 8,192 (RFC 7162 §4) */
    FLAGCUT_SET_UIDS = 700    /* so many fit at their longest */
};

/* The uids from first to last of the operations whose side (what they add, or what they remove) is
 * like's. */
struct flagcut {
    bool add;
    const struct cache_op *like;
    uint32_t first, last;
};
/* What op changes on that side, of the flags that a server knows; the same of keywords. */
unsigned flagcut_flags(const struct cache_op *op, bool add);
const char *flagcut_words(const struct cache_op *op, bool add);
/* All that n operations of one folder take; *out is the caller's to free, *cuts how many. */
void flagcut_make(const struct cache_op *ops, size_t n, struct flagcut **out, size_t *cuts);
/* True if op is among those that c is about. */
bool flagcut_has(const struct flagcut *c, const struct cache_op *op);
/* Cuts c in two of about as many uids. False when it has one alone. */
bool flagcut_halve(const struct flagcut *c, const struct cache_op *ops, size_t n,
                   struct flagcut *low, struct flagcut *high);
/* "UID STORE 1:3 +FLAGS.SILENT (\Seen)" */
void flagcut_put(const struct flagcut *c, const struct cache_op *ops, size_t n, struct buf *out);
/* The uids of all operations, ascending; uids has room for n. */
size_t flagcut_uids(const struct cache_op *ops, size_t n, uint32_t *uids);
void flagcut_sort(uint32_t *uids, size_t n);
/* Into set as many of the first uids (ascending) as one command carries; how many these are. */
size_t flagcut_fill(struct buf *set, const uint32_t *uids, size_t n);

#endif
