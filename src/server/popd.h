/* SPDX-License-Identifier: MIT */
/* popd.h - one POP3 session (RFC 1939, 2449, 2595, 3206, 5034) as a step function on bytes. What it shows
 * is the inbox as it was at the login, and nobody else's until the session ends; what was marked goes
 * at QUIT alone. Lines may end in a bare LF: a person can type it.
 * Must not know: sockets. */
#ifndef TMAIL_SERVER_POPD_H
#define TMAIL_SERVER_POPD_H

#include "server/session.h"

struct desk;
struct server_options;
struct popd;

struct popd_setup {
    const struct server_options *options;
    struct desk *desk;
    const char *peer, *host;
    bool loopback; /* logging in in the clear is accepted */
    bool secure;   /* TLS is spoken from the first byte on */
    bool starttls; /* STLS is offered */
    /* Sends and empties out: long answers do not wait in memory. -1 when nobody listens any more.
     */
    int (*flush)(void *arg, struct buf *out);
    void *arg;
};

/* Keeps what setup points to; writes the greeting. */
struct popd *popd_new(const struct popd_setup *setup, struct buf *out);
/* Without QUIT before it nothing was deleted. */
void popd_free(struct popd **p);
/* Consumes from *in, appends answers to out. */
enum session_step popd_feed(struct popd *p, struct str *in, struct buf *out);
int popd_delay_ms(const struct popd *p);
bool popd_logged_in(const struct popd *p);
/* After SESSION_STARTTLS: TLS is spoken from here on, and what was said before is forgotten (RFC
 * 2595 §4). */
void popd_secured(struct popd *p);
/* True for a line that holds a secret: not for the log. */
bool popd_secret(const struct popd *p, struct str line);
extern const struct session_ops popd_ops;

#endif
