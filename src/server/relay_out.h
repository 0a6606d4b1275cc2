/* SPDX-License-Identifier: MIT */
/* relay_out.h - mails over one SMTP or LMTP connection that is open: what goes into a transaction,
 * and what the peer's answers mean for each recipient. Relay and agent share it.
 * Must not know: where the connection leads, how it was found. */
#ifndef TMAIL_SERVER_RELAY_OUT_H
#define TMAIL_SERVER_RELAY_OUT_H

#include "server/relay.h"

struct relay_out {
    struct smtp *smtp;
    const char *host; /* for the results */
    bool lmtp;
    const char *lmtp_domain; /* LMTP: recipients are ACCOUNT@DOMAIN, by the domain of their address
                                or else this one */
};
/* Sends every mail that has recipients without a result, until the connection is of no more use.
 * Recipients whose transaction broke off before anything could have been delivered have none
 * afterwards: they may be tried on another connection; *err says why then. Counts the transactions
 * that came to an end in *ended. 0; -1 with ERR_CANCELLED. */
int relay_out(const struct relay_out *out, struct relay_mail *mails, size_t n, size_t *ended,
              struct error *err) MUST_CHECK;

/* All are made LATER, without words: that is how one without a result looks. */
void relay_begin(struct relay_mail *mails, size_t n);
bool relay_is_open(const struct relay_rcpt *r);
bool relay_has_open(const struct relay_mail *mails, size_t n);
/* The same result for all that have none. */
void relay_close_open(struct relay_mail *mails, size_t n, const struct relay_rcpt *as);
/* What a reply code means. */
enum relay_fate relay_fate(unsigned code);

#endif
