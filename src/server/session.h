/* SPDX-License-Identifier: MIT */
/* session.h - what drives a session: the functions that each protocol gives for it, and the steps
 * that it answers with.
 * Must not know: which protocol it speaks, sockets. */
#ifndef TMAIL_SERVER_SESSION_H
#define TMAIL_SERVER_SESSION_H

#include "base/buf.h"

enum session_step {
    SESSION_MORE, /* all of in is eaten, or is the start of a line */
    SESSION_WAIT, /* hold the replies back for its delay, then go on */
    SESSION_CLOSE,
    SESSION_STARTTLS, /* out is the last in the clear; bytes that are left in in are an attack */
    SESSION_COMPRESS  /* all behind out, both ways, is deflated (RFC 4978) */
};

/* How a connection is encrypted. */
struct session_tls {
    const char *version, *cipher; /* "TLSv1.3", "TLS_AES_256_GCM_SHA384" */
};

/* s is the session; what is NULL does not happen in this protocol. */
struct session_ops {
    bool login_first; /* without a login there is nothing to do: it has a time limit */
    bool idles;       /* may be silent for long once somebody is logged in */
    /* Consumes from *in, appends replies to out. */
    enum session_step (*feed)(void *s, struct str *in, struct buf *out);
    int (*delay_ms)(const void *s);
    bool (*logged_in)(const void *s);
    /* Who is logged in; empty before. */
    struct str (*account)(const void *s);
    /* True for a line that holds a secret, or while the next one does: not for the log. */
    bool (*secret)(const void *s, struct str line);
    /* From here on TLS is spoken: what was said in the clear is forgotten. */
    void (*secured)(void *s, const struct session_tls *tls);
    /* A descriptor that is readable when the session has something to say by itself, or -1; wake
     * has it said. */
    int (*event_fd)(const void *s);
    void (*wake)(void *s, struct buf *out);
    /* The last words when the time is up or the server ends. */
    void (*goodbye)(void *s, struct buf *out);
    void (*free)(void **s);
};

#endif
