/* SPDX-License-Identifier: MIT */
/* boxes.h - folders that the person made, renamed, deleted or subscribed to, on their way to the
 * server; and what the server says of its quota.
 * Must not know: operations on messages. */
#ifndef TMAIL_SYNC_BOXES_H
#define TMAIL_SYNC_BOXES_H

#include "cache/journal.h"
#include "sync/account.h"

/* Takes one operation without a message to its end: done, refused and undone here, or to be tried
 * later. What is as it should be already counts as done. */
int boxes_push(struct sync_account *w, const struct cache_op *op, struct error *err) MUST_CHECK;
/* The same where the folders lie here alone: their names are noted, nobody is asked. */
int boxes_local(struct sync_account *w, const struct cache_op *op, struct error *err) MUST_CHECK;
/* The server's name for a folder that it does not have yet; asks for its namespaces (RFC 2342) where
 * they are not known. ERR_REFUSED for what cannot be a name there. */
int boxes_wire(struct sync_account *w, const struct cache_folder *f, struct buf *out,
               struct error *err) MUST_CHECK;
/* Asks for the quota of INBOX where the server has QUOTA (RFC 9208), and keeps it in the store. A
 * refusal is none. */
int boxes_quota(struct sync_account *w, struct error *err) MUST_CHECK;

#endif
