/* SPDX-License-Identifier: MIT */
/* agent.h - hands mail for our own accounts to something else than our mbox files: a Maildir, a
 * command, or a bigger server by LMTP (RFC 2033). What --agent says:
 *   mbox                      our own files (nothing of this module is used)
 *   maildir:PATH              {account} in PATH is the account's name
 *   command:WORDS             no shell; the message on standard input, RECIPIENT, SENDER and
 *                             ACCOUNT in the environment; {account} as a part of a word
 *   lmtp:HOST:PORT, lmtp:/PATH
 * A message is on disk, or accepted by the other, when its recipient is RELAY_SENT.
 * Must not know: the queue. */
#ifndef TMAIL_SERVER_AGENT_H
#define TMAIL_SERVER_AGENT_H

#include "server/relay.h"

/* 0 for a form that can be used; ERR_USAGE with a sentence. */
int agent_check(const char *spec, struct error *err) MUST_CHECK;
/* True when mail for our accounts goes through agent_deliver and so through the queue. */
bool agent_is_foreign(const char *spec);

struct agent;
/* As relay_new. */
struct agent *agent_new(const struct server_options *o, struct log *log, struct net_cancel *cancel,
                        struct error *err);
void agent_free(struct agent **a);
/* Delivers to every recipient that is not skipped; all of them have an account. Results and return
 * as relay_send has them. */
int agent_deliver(struct agent *a, struct relay_mail *mails, size_t n,
                  struct error *err) MUST_CHECK;

#endif
