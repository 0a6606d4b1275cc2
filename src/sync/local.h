/* SPDX-License-Identifier: MIT */
/* local.h - an account whose folders lie here alone (POP3): which it has, and what the person does
 * there, which needs nobody's consent.
 * Must not know: how its mail comes in. */
#ifndef TMAIL_SYNC_LOCAL_H
#define TMAIL_SYNC_LOCAL_H

#include "sync/account.h"

/* INBOX, Drafts, Sent, Trash and Archive, where they are not there yet. */
int local_folders(struct sync_account *w, struct error *err) MUST_CHECK;
/* Completes all operations that are due: what was on its way into a folder gets its number. */
int local_push(struct sync_account *w, struct error *err) MUST_CHECK;
/* The body of a message: 0 it is here, 1 it never will be. */
int local_body(struct sync_account *w, int64_t message, struct error *err) MUST_CHECK;

#endif
