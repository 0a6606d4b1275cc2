/* SPDX-License-Identifier: MIT */
/* oauth_listen.h - where the person's browser comes back to (RFC 8252 §7.3): a port of 127.0.0.1 that is
 * read strictly, a few connections at a time (browsers open some that say nothing), one page as answer.
 * Whatever is not the redirect of this sign-in is refused and changes nothing.
 * Must not know: tokens. */
#ifndef TMAIL_NET_OAUTH_LISTEN_H
#define TMAIL_NET_OAUTH_LISTEN_H

#include "net/oauth.h"

enum { OAUTH_PEERS = 8, OAUTH_HEAD_MAX = 16 << 10, OAUTH_PEER_MS = 10000 };

/* A listening descriptor, -1. */
int oauth_listen_open(uint16_t *port, struct error *err);
/* Until the redirect of f came: 0 with the code appended; -1: ERR_AUTH (the person said no), ERR_NET (nothing
 * came within wait_ms), ERR_CANCELLED. cancel may be NULL. */
int oauth_listen_wait(int fd, const struct oauth_flow *f, struct net_cancel *cancel, int wait_ms,
                      struct buf *code, struct error *err) MUST_CHECK;
/* Reads one request's head (RFC 9112 §3): the query of "GET /?QUERY HTTP/1.1" for a Host that is host. False: not
 * that. */
bool oauth_request_read(struct str head, const char *host, struct str *query);

#endif
