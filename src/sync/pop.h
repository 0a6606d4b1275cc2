/* SPDX-License-Identifier: MIT */
/* pop.h - one visit to a POP3 server: what is new comes into the local INBOX, newest first; what is
 * safe here and old enough is deleted there. The link is closed in the end: it keeps other programs
 * from the mailbox. Broken off at any place it goes on from there the next time.
 * Must not know: the journal, the outbox, when it is time. */
#ifndef TMAIL_SYNC_POP_H
#define TMAIL_SYNC_POP_H

#include "sync/account.h"

/* only: the folder that was asked for (empty: all); nothing is done where it is another local one.
 */
int pop_pass(struct sync_account *w, struct str only, struct error *err) MUST_CHECK;

#endif
