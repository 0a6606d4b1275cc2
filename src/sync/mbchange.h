/* SPDX-License-Identifier: MIT */
/* mbchange.h - an mbox file gets another end, in place: it keeps its inode, owner and mode, because
 * other programs may wait for its lock. What will stand there is written down first, in a file of
 * ours elsewhere; from then on it happens, if need be after a crash, when the mailbox is opened the
 * next time. What others appended meanwhile stays.
 *
 * The file of ours: struct redo (mbchange.c), the new bytes, and a number for each SECTOR bytes of
 * the old ones, by which it is told later whether the mailbox is still what it was.
 * All this wants the mailbox's locks.
 * Must not know: what an mbox is. */
#ifndef TMAIL_SYNC_MBCHANGE_H
#define TMAIL_SYNC_MBCHANGE_H

#include "base/buf.h"

struct mbchange;
/* The bytes of fd from at on are to be others. redo: the path of our file. Keeps fd. NULL. */
struct mbchange *mbchange_new(const char *redo, int fd, uint64_t at, struct error *err);
/* They begin with, or go on with: n bytes that stand in some file, or these. */
int mbchange_keep(struct mbchange *c, int fd, uint64_t from, uint64_t n,
                  struct error *err) MUST_CHECK;
int mbchange_put(struct mbchange *c, struct str bytes, struct error *err) MUST_CHECK;
/* How many there are by now, and back to that many. */
uint64_t mbchange_length(const struct mbchange *c);
void mbchange_cut(struct mbchange *c, uint64_t n);
/* Does it, durably. 0; -1: nothing has changed; 1, with *err: it could not be ended, but will be by
 * mbchange_replay. Takes *c. */
int mbchange_commit(struct mbchange **c, struct error *err) MUST_CHECK;
void mbchange_free(struct mbchange **c);

/* Where mbchange_replay found another file than it had left. */
struct mbchange_lost {
    int fd;           /* ours, to be closed with mbchange_lost_drop */
    uint64_t from, n; /* what should have come into the mailbox: these bytes of it */
};
/* Ends what was broken off; 0 also where there was nothing. 1: it cannot be ended, for somebody has
 * changed the mailbox: *lost has what would have been in it. -1. */
int mbchange_replay(const char *redo, int fd, struct mbchange_lost *lost,
                    struct error *err) MUST_CHECK;
void mbchange_lost_drop(const char *redo, struct mbchange_lost *lost, bool forget);

#endif
