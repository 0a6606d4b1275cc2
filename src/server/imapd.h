/* SPDX-License-Identifier: MIT */
/* imapd.h - one IMAP session (RFC 3501, RFC 9051) as a step function on bytes; imapd_auth.c has the
 * list of its extensions.
 * Must not know: sockets. */
#ifndef TMAIL_SERVER_IMAPD_H
#define TMAIL_SERVER_IMAPD_H

#include "server/session.h"

struct desk;
struct server_options;
struct imapd;

struct imapd_setup {
    const struct server_options *options;
    struct desk *desk;
    const char *peer, *host;
    bool loopback; /* logging in in the clear is accepted */
    bool secure;   /* TLS is spoken from the first byte on */
    bool starttls; /* STARTTLS is offered */
    /* Sends and empties out: long answers do not wait in memory. -1 when nobody listens any more.
     */
    int (*flush)(void *arg, struct buf *out);
    void *arg;
};

/* Keeps what setup points to; writes the greeting. */
struct imapd *imapd_new(const struct imapd_setup *setup, struct buf *out, struct error *err);
void imapd_free(struct imapd **i);
/* Consumes from *in, appends answers to out. */
enum session_step imapd_feed(struct imapd *i, struct str *in, struct buf *out);
int imapd_delay_ms(const struct imapd *i);
bool imapd_logged_in(const struct imapd *i);
/* After SESSION_STARTTLS: TLS is spoken from here on, and what was said before is forgotten. */
void imapd_secured(struct imapd *i);
/* True for a line that holds a secret: not for the log. */
bool imapd_secret(const struct imapd *i, struct str line);
/* A descriptor that is readable when something happened to the selected mailbox; -1 without one. */
int imapd_event_fd(const struct imapd *i);
/* Takes note of it; tells it during IDLE. */
void imapd_wake(struct imapd *i, struct buf *out);
extern const struct session_ops imapd_ops;

#endif
