/* SPDX-License-Identifier: MIT */
/* ahead.h - messages of a mailbox one after the other, in batches, of which the next is being read
 * while this one is used: what FETCH, SEARCH, SORT and THREAD read with. At most two batches are
 * in memory, or two messages where they are larger.
 * Must not know: what the messages are for. */
#ifndef TMAIL_SERVER_AHEAD_H
#define TMAIL_SERVER_AHEAD_H

#include "server/mailbox.h"

struct ahead;
/* Takes uids (n of them, in the order in which they are wanted); keeps box. headers: of each message
 * its header alone. NULL with *err. */
struct ahead *ahead_new(struct mailbox *box, uint32_t *uids, size_t n, bool headers,
                        struct error *err);
/* The next one, a view until the next call. 0; 1: it is gone; -1. Not to be called more than n
 * times, nor after -1. */
int ahead_next(struct ahead *a, struct str *message, struct error *err) MUST_CHECK;
/* Waits for what is being read. */
void ahead_free(struct ahead **a);

#endif
