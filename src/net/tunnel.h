/* SPDX-License-Identifier: MIT */
/* tunnel.h - a command whose standard input and output are the connection ("ssh host imapd").
 * Must not know: what runs through it. */
#ifndef TMAIL_NET_TUNNEL_H
#define TMAIL_NET_TUNNEL_H

#include "base/buf.h"

enum { TUNNEL_SAYS_MAX = 200 };

struct tunnel;
/* Splits command into words without a shell, in which %h is the host, %p the port and %% a percent
 * sign; it is not started yet. NULL with ERR_CONFIG for what cannot be split, ERR_SYS. */
struct tunnel *tunnel_new(struct str command, const char *host, unsigned port, struct error *err);
/* Name of an abstract Unix socket, to be connected to once, by this process; nobody else is let in.
 */
const char *tunnel_name(const struct tunnel *t);
/* Starts the command as soon as that has been done; it has a session of its own: no terminal that
 * it could ask on. 0, also as long as it has not; -1 with ERR_NET when it cannot be started. */
int tunnel_accept(struct tunnel *t, struct error *err) MUST_CHECK;
/* The last line that the command wrote to its standard error, fit for a sentence; "" for none.
 * Waits a moment for a command that is about to end. */
void tunnel_says(struct tunnel *t, char *out, size_t size);
/* Waits a moment for the command to end by itself, then ends it. */
void tunnel_end(struct tunnel **t);

#endif
