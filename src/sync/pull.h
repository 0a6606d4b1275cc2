/* SPDX-License-Identifier: MIT */
/* pull.h - from the server into the store: the list of folders, what changed in each, messages
 * newest first. Broken off at any message it goes on from there the next time: what is known
 * stands in the placements.
 * Must not know: the journal, the outbox. */
#ifndef TMAIL_SYNC_PULL_H
#define TMAIL_SYNC_PULL_H

#include "sync/account.h"

/* What cannot have changed is not opened: the store knows what the server said at the last look. */
enum pull_how {
    PULL_CHANGED,
    PULL_ALL /* a person asks: where the server's numbers do not show all changes, all flags are
                compared */
};
/* One pass over all folders, or over the one called only (empty: all). */
int pull_pass(struct sync_account *w, enum pull_how how, struct str only,
              struct error *err) MUST_CHECK;
/* The account's folders, if the store has none yet: before them nobody knows where Sent is. */
int pull_folders(struct sync_account *w, struct error *err) MUST_CHECK;
/* The INBOX alone: something happened there. */
int pull_inbox(struct sync_account *w, struct error *err) MUST_CHECK;
/* The body of one message, now. 1: it lies in no folder of this account. */
int pull_body(struct sync_account *w, int64_t message, struct error *err) MUST_CHECK;

#endif
