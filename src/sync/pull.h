/* SPDX-License-Identifier: MIT */
/* pull.h - from the server into the store: the list of folders, what changed in each, messages
 * newest first. Broken off at any message it goes on from there the next time: what is known
 * stands in the placements.
 * Must not know: the journal, the outbox. */
#ifndef TMAIL_SYNC_PULL_H
#define TMAIL_SYNC_PULL_H

#include "sync/account.h"

/* What the last look at each folder showed, so that an unasked pass leaves out what cannot have
 * changed. */
struct pull_memory {
    struct pull_seen *rows;
    size_t n, cap;
};
void pull_memory_clear(struct pull_memory *m);

enum pull_how {
    PULL_CHANGED, /* folders whose STATUS is what it was are left out, unless that was an hour ago
                   */
    PULL_ALL      /* flags of all folders are compared */
};
/* One pass over all folders, or over the one called only (empty: all). */
int pull_pass(struct sync_account *w, struct pull_memory *m, enum pull_how how, struct str only,
              struct error *err) MUST_CHECK;
/* The account's folders, if the store has none yet: before them nobody knows where Sent is. */
int pull_folders(struct sync_account *w, struct error *err) MUST_CHECK;
/* The INBOX alone: something happened there. */
int pull_inbox(struct sync_account *w, struct error *err) MUST_CHECK;
/* The body of one message, now. 1: it lies in no folder of this account. */
int pull_body(struct sync_account *w, int64_t message, struct error *err) MUST_CHECK;

#endif
