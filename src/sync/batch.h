/* SPDX-License-Identifier: MIT */
/* batch.h - pure: journal operations that can go out as one command, and which new uid belongs
 * to which of them.
 * Must not know: connections, the database. */
#ifndef TMAIL_SYNC_BATCH_H
#define TMAIL_SYNC_BATCH_H

#include "cache/journal.h"

/* Sorts ops so that those that one command can carry stand together, ascending by uid. Their order
 * does not matter: no two are about the same message. */
void batch_sort(struct cache_op *ops, size_t n);
/* How many of the first ones go together; at most most. APPEND always goes alone. */
size_t batch_head(const struct cache_op *ops, size_t n, size_t most);
/* The uids of ops as a set of a command. Those without a uid are left out. */
void batch_uids(const struct cache_op *ops, size_t n, struct buf *out);
/* What COPYUID (RFC 4315 §3) says uid became: the two sets run in parallel. 0: it is not in them,
 * or they are no sets. */
uint32_t batch_new_uid(struct str from, struct str to, uint32_t uid);
/* True if every number of set is the uid of one of ops (sorted). */
bool batch_covers(const struct cache_op *ops, size_t n, const uint32_t *uids, size_t uids_n);

#endif
