/* SPDX-License-Identifier: MIT */
/* mboxcompact.h - a mailbox file without its expunged messages, in three steps of which only the
 * first and the last need its locks, so that the long one in between may be another thread's: what
 * is to be copied, the copy, and what happened to the mailbox meanwhile. A part of mbox.
 * Must not know: sessions, threads. */
#ifndef TMAIL_SERVER_MBOXCOMPACT_H
#define TMAIL_SERVER_MBOXCOMPACT_H

#include "server/mbox.h"

struct compaction;

/* Called with the locks held. NULL with *err. */
struct compaction *compaction_begin(const struct mbox *m, struct error *err);
/* Copies and fsyncs, until stop(arg) is true (stop may be NULL): touches nothing but the compaction,
 * which has the result. */
void compaction_copy(struct compaction *c, bool (*stop)(void *arg), void *arg);
/* Brings the copy up to date and puts it in place, rows included. Called with the locks held. 0; 1
 * when the mailbox is not the same any more, or the copy has no room for what changed; -1. Frees c. */
int compaction_finish(struct compaction **c, struct mbox *m, struct error *err) MUST_CHECK;
void compaction_free(struct compaction **c, const struct mbox *m);

#endif
