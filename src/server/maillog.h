/* SPDX-License-Identifier: MIT */
/* maillog.h - the log lines that follow a message, all of one form:
 *   mail ID WORD name=value ...
 * An address stands in < >, a host or network address in [ ], what a peer said in " " at the end;
 * no value can look like more than one. tmaild(8) describes them: they are an interface.
 * Must not know: queues, mailboxes. */
#ifndef TMAIL_SERVER_MAILLOG_H
#define TMAIL_SERVER_MAILLOG_H

#include "base/log.h"

/* It is ours now: by is the client's address, or "localhost" for a report of our own. */
void maillog_accepted(struct log *l, const char *id, struct str sender, const char *by,
                      uint64_t size, size_t recipients);
/* It, or one recipient of it, was not taken: id "-" before there is one, to empty for all. */
void maillog_refused(struct log *l, const char *id, struct str sender, struct str to,
                     const char *by, unsigned code);
/* It lies in the mailbox of account (or was given to what delivers for us). */
void maillog_delivered(struct log *l, const char *id, struct str to, const char *account);
/* It is in the queue, for so many recipients. */
void maillog_queued(struct log *l, const char *id, size_t recipients);

/* What an attempt came to for one recipient. */
enum maillog_fate {
    MAILLOG_SENT,  /* host took it over */
    MAILLOG_LATER, /* will be tried again */
    MAILLOG_FAILED /* never again */
};
/* host: who said so, "" for ourselves; code 0: nobody said a number. text is one line. */
void maillog_attempt(struct log *l, const char *id, enum maillog_fate fate, struct str to,
                     const char *host, unsigned code, struct str text);
/* The sender is told by another message, whose life begins with its own "accepted". */
void maillog_reported(struct log *l, const char *id, const char *report_id);
/* Nothing more will be heard of it: all recipients have their result, or a person removed it. */
void maillog_done(struct log *l, const char *id, const char *why);

#endif
