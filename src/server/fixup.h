/* SPDX-License-Identifier: MIT */
/* fixup.h - what comes after DATA as a proper message: header told from body where the empty line
 * is missing, fields that were left out filled in (RFC 6409 §8), Return-Path and Received on top
 * (RFC 5321 §4.4). It comes in pieces; the header is in memory until it has ended, the body never.
 * Must not know: sockets, mailboxes, the time. */
#ifndef TMAIL_SERVER_FIXUP_H
#define TMAIL_SERVER_FIXUP_H

#include <stdint.h>

#include "base/buf.h"
#include "server/spill.h"

struct fixup_env {
    struct str sender; /* empty: the null sender */
    struct str rcpt;   /* the first recipient */
    size_t rcpts_n;
    struct str host, helo, peer, id;
    struct str tls;     /* version and cipher; empty: none */
    struct str forward; /* the alias that sends it on elsewhere; empty: none or several */
    const char *with;   /* "SMTP", "ESMTP", "ESMTPA" ... (RFC 3848, RFC 6531 §4.3) */
    int64_t now;
};

struct fixup {
    const struct fixup_env *env;
    struct spill *out;
    struct buf head;   /* until the header has ended */
    size_t looked;     /* bytes of whole lines of it that may all be a header's */
    struct spill body; /* of a message whose body says what its header needs */
    bool in_body, waits;
    size_t hops;   /* Received fields */
    bool looped;   /* it has been sent on by the same alias before */
    uint64_t path; /* bytes of the Return-Path line, which a message that goes on does not have */
};
/* Keeps env and out, which is fresh. */
void fixup_init(struct fixup *f, const struct fixup_env *env, struct spill *out);
/* Lines with CRLF, cut anywhere. Errors stick. */
void fixup_add(struct fixup *f, struct str bytes);
/* All has come: the whole message is in out. 0; -1 with ERR_LIMIT, ERR_SYS. */
int fixup_end(struct fixup *f, struct error *err) MUST_CHECK;
/* out stays as it is. A zeroed one may be cleared. */
void fixup_clear(struct fixup *f);

/* Splits text with CRLF or LF at the line from which on it is body; an empty line between is in
 * neither. */
void fixup_split(struct str text, struct str *header, struct str *body);

#endif
