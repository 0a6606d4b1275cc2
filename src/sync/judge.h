/* SPDX-License-Identifier: MIT */
/* judge.h - pure: what an attempt to send means for an entry of the outbox. A recipient whose
 * answer was 2xx in an attempt that went out has the mail: the next attempt is about the others
 * alone.
 * Must not know: connections, the database, the clock. */
#ifndef TMAIL_SYNC_JUDGE_H
#define TMAIL_SYNC_JUDGE_H

#include "base/child.h"
#include "cache/outbox.h"
#include "net/smtp.h"

/* The recipients that still have to get it, as indexes; which has room for all. */
size_t judge_open(const struct outbox_entry *e, size_t *which);
/* Puts the answers of env (its recipients are those of which) into e, and state, reason and
 * not_before. outcome and *why as smtp_send gives them; now in seconds. True when the mail went
 * out for the first time: it is time for the copy for Sent. Strings live in a. */
bool judge_attempt(struct arena *a, struct outbox_entry *e, const struct smtp_envelope *env,
                   const size_t *which, enum smtp_outcome outcome, const struct error *why,
                   int64_t now);
/* What a command in the place of sendmail did with a message that it was given (sysexits.h: 75 is
 * for later). What was not started, or took nothing, did not send it; what ended by a signal, was
 * broken off, or went before it had all may have. */
enum smtp_outcome judge_command(const struct child_job *job);

#endif
