/* SPDX-License-Identifier: MIT */
/* fixup.h - what came after DATA as a proper message: header told from body where the empty line
 * is missing, fields that were left out filled in (RFC 6409 §8), Return-Path and Received on top
 * (RFC 5321 §4.4). Pure.
 * Must not know: sockets, mailboxes, the time. */
#ifndef TMAIL_SERVER_FIXUP_H
#define TMAIL_SERVER_FIXUP_H

#include <stdint.h>

#include "base/buf.h"

struct fixup_env {
    struct str sender; /* empty: the null sender */
    struct str rcpt;   /* the first recipient */
    size_t rcpts_n;
    struct str host, helo, peer, id;
    const char *with; /* "SMTP", "ESMTP", "ESMTPA" */
    int64_t now;
};

/* Splits text with CRLF or LF at the line from which on it is body; an empty line between is in
 * neither. */
void fixup_split(struct str text, struct str *header, struct str *body);
/* True if the header has a field of this name. */
bool fixup_has(struct str header, const char *name);
/* Number of Received fields. */
size_t fixup_hops(struct str header);
void fixup_message(const struct fixup_env *e, struct str text, struct buf *out);

#endif
