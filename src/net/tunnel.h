/* SPDX-License-Identifier: MIT */
/* tunnel.h - a command whose standard input and output are the connection ("ssh host imapd").
 * Must not know: what runs through it. */
#ifndef TMAIL_NET_TUNNEL_H
#define TMAIL_NET_TUNNEL_H

#include "base/buf.h"

enum { TUNNEL_SAYS_MAX = 200 };

struct tunnel;
/* Starts command, split into words without a shell; in them %h is the host, %p the port and %% a
 * percent sign. It has a session of its own: no terminal that it could ask on. NULL with ERR_CONFIG
 * for what cannot be split, ERR_NET for what cannot be started. */
struct tunnel *tunnel_start(struct str command, const char *host, unsigned port, struct error *err);
/* Our end of it, a stream socket, once: it is the caller's then. -1 afterwards. */
int tunnel_take_fd(struct tunnel *t);
/* The last line that the command wrote to its standard error, fit for a sentence; "" for none.
 * Waits a moment for a command that is about to end. */
void tunnel_says(struct tunnel *t, char *out, size_t size);
/* Waits a moment for the command to end by itself, then ends it. */
void tunnel_end(struct tunnel **t);

#endif
