/* SPDX-License-Identifier: MIT */
/* push.h - what the person did, from the journal to the server: as few commands as possible,
 * each operation closed when the server has confirmed it. doc/journal.md has the states.
 * Must not know: what is on the screen. */
#ifndef TMAIL_SYNC_PUSH_H
#define TMAIL_SYNC_PUSH_H

#include "sync/account.h"

/* All operations that are due. A refusal is told as an event and undone here; -1 only when the link
 * or the store failed: what was not closed stays, marked as begun. */
int push_all(struct sync_account *w, struct error *err) MUST_CHECK;

#endif
