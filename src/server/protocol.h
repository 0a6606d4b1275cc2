/* SPDX-License-Identifier: MIT */
/* protocol.h - which protocol is spoken on which port: makes the session of a connection.
 * Must not know: sockets, threads. */
#ifndef TMAIL_SERVER_PROTOCOL_H
#define TMAIL_SERVER_PROTOCOL_H

#include "server/options.h"
#include "server/session.h"

struct desk;
struct log;
struct protocol_own;

/* What a session is given by its connection. */
struct protocol_env {
    const struct server_options *options;
    struct desk *desk;
    struct log *log;
    const char *peer;
    enum server_port port;
    int stop_fd;   /* readable once all are to end; -1: never */
    bool loopback; /* logging in in the clear is accepted */
    bool secure;   /* TLS is spoken from the first byte on */
    bool starttls; /* TLS can begin later */
    /* Sends and empties out: long answers do not wait in memory. -1 when nobody listens any more.
     */
    int (*flush)(void *arg, struct buf *out);
    void *arg;
    struct protocol_own *own; /* protocol.c's */
};

/* The port is one where TLS is spoken from the first byte on. */
bool protocol_is_tls(enum server_port port);
/* Keeps env; writes the greeting. The session is *s, to be ended with protocol_end. */
const struct session_ops *protocol_start(struct protocol_env *env, void **s, struct buf *out);
void protocol_end(struct protocol_env *env, const struct session_ops *ops, void **s);
/* The words for one that cannot be served now. */
const char *protocol_too_many(enum server_port port);

#endif
