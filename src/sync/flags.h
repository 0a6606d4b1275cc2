/* SPDX-License-Identifier: MIT */
/* flags.h - changes of flags on their way to the server: a set of uids for each kind of change,
 * and the commands of as many folders as is safe in one write.
 * Must not know: how operations are made; other kinds of them. */
#ifndef TMAIL_SYNC_FLAGS_H
#define TMAIL_SYNC_FLAGS_H

#include "cache/journal.h"
#include "sync/account.h"

/* Takes n operations (OP_FLAGS, all with a uid, sorted by batch_sort) to their end: each is closed
 * as done, refused or to be tried later. -1 when the link or the store failed: what was not closed
 * stays, marked as begun; a repeat does no harm. *again: one of them was taken back meanwhile, what
 * is due must be asked for anew. */
int flags_push(struct sync_account *w, const struct cache_op *ops, size_t n, bool *again,
               struct error *err) MUST_CHECK;

/* Called while the link is being opened: queues what is due and can be put back where a folder turns
 * out to be another one, behind it UNSELECT. Marked as begun before. */
void flags_early(struct sync_account *w);
/* True when what flags_early queued leaves a folder open. */
bool flags_early_open(const struct sync_account *w);
/* The link is open: ends what the server has done. What it refused is still due. */
int flags_early_end(struct sync_account *w, struct error *err) MUST_CHECK;
/* Takes and forgets what flags_early began, whose link is closed. */
void flags_drop(struct flags_turn **t);

#endif
