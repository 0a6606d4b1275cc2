/* SPDX-License-Identifier: MIT */
/* pending.h - inside of src/cache only: what happens to open operations when the places that
 * they name change. All run in the caller's transaction.
 * Must not know: how operations are made. */
#ifndef TMAIL_CACHE_PENDING_H
#define TMAIL_CACHE_PENDING_H

#include "cache/message.h"

enum { JOURNAL_COPIED = 2 }; /* begun of a move whose target has the message already */

/* The server gave uid to what waits for one in folder: the oldest ghost of the message there, else
 * its placement. When a message that came in has that uid already, the waiting placement goes. */
int pending_uid(struct cache *c, int64_t folder, int64_t message, uint32_t uid,
                struct error *err) MUST_CHECK;
/* (folder, uid) is no longer on the server. Flag changes for it are dropped; moves and copies not
 * begun become appends when the body is here; a move under way stays, since it may have been that
 * which took it away; one that was copied already is done. */
int pending_source_gone(struct cache *c, int64_t folder, int64_t message, uint32_t uid,
                        struct error *err) MUST_CHECK;
/* The message will never get a uid in folder: what operation number by brought there (0: the oldest
 * that waits there) goes, with what was to follow. */
int pending_drop(struct cache *c, int64_t folder, int64_t message, int64_t by,
                 struct error *err) MUST_CHECK;
/* pending_drop for all that waits in folder with no open operation that will bring it there. */
int pending_settled(struct cache *c, int64_t folder, struct error *err) MUST_CHECK;
/* The folder goes, with it all sources of the message's operations there, begun or not. */
int pending_folder_gone(struct cache *c, int64_t folder, int64_t message,
                        struct error *err) MUST_CHECK;
int pending_op_delete(struct cache *c, int64_t op, struct error *err) MUST_CHECK;

#endif
