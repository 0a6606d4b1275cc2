/* SPDX-License-Identifier: MIT */
/* outbox.h - mail on its way out: SMTP or the sendmail command, what became of it, the copy for
 * Sent. Never silently dropped, never repeated by itself when it may have arrived (DESIGN §6).
 * Must not know: how the message was written. */
#ifndef TMAIL_SYNC_OUTBOX_H
#define TMAIL_SYNC_OUTBOX_H

#include "cache/outbox.h"
#include "sync/account.h"

/* Sends all that is due; what cannot be sent now is due again later. -1 when no server could be
 * reached or the store failed; what happened to each entry stands in the store and is told as
 * EVENT_OUTBOX. */
int outbox_all(struct sync_account *w, struct error *err) MUST_CHECK;
/* Makes an entry due now, whatever it waited for. 1: there is none of that number that waits. */
int outbox_hurry(struct sync_account *w, int64_t id, struct error *err) MUST_CHECK;
/* What became of an entry: 0 with ERR_NONE in *state when it went out, else why not; -1 when the
 * store failed. */
int outbox_state(struct sync_account *w, int64_t id, struct error *state,
                 struct error *err) MUST_CHECK;

#endif
