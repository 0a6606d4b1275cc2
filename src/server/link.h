/* SPDX-License-Identifier: MIT */
/* link.h - the bytes of one connection: over its socket as they are, within TLS, deflated (RFC
 * 4978) over either. Nothing here waits: what could not be done at once is done again after poll()
 * for link_events.
 * Must not know: threads, what the bytes mean. */
#ifndef TMAIL_SERVER_LINK_H
#define TMAIL_SERVER_LINK_H

#include "server/session.h"

struct link;
struct tls;

/* fd is not blocking; kept, closed by the caller. */
struct link *link_new(int fd);
void link_free(struct link **l);

/* What poll() is to wait for before the last call is repeated. */
short link_events(const struct link *l);
/* True when link_read has something that poll() does not show. */
bool link_pending(const struct link *l);

/* From here on TLS: link_handshake until it gives 1; 0 is to be repeated, -1 with why. */
int link_secure(struct link *l, const struct tls *tls, struct error *err) MUST_CHECK;
int link_handshake(struct link *l, struct error *err) MUST_CHECK;
/* After the handshake; NULL without one. */
const struct session_tls *link_tls(const struct link *l);
/* From here on raw deflate in both directions. */
int link_compress(struct link *l, struct error *err) MUST_CHECK;

/* 1 with bytes appended to in, a piece of bounded size; 0: nothing now; -1: nothing more will come,
 * or what came cannot be read (not TLS, not deflated, a bomb). */
int link_read(struct link *l, struct buf *in) MUST_CHECK;
/* 1 when all of *bytes was sent; 0 with *bytes moved: to be repeated with the rest, even when that
 * is empty; -1: nobody takes it any more. */
int link_write(struct link *l, struct str *bytes) MUST_CHECK;
/* Tells the peer that no more will come, when that can be done at once. */
void link_end(struct link *l);

#endif
