/* SPDX-License-Identifier: MIT */
/* attempt.h - inside of the outbox only: a round through it, and one entry being sent.
 * Must not know: what is done about the result. */
#ifndef TMAIL_SYNC_ATTEMPT_H
#define TMAIL_SYNC_ATTEMPT_H

#include "cache/body.h"
#include "cache/message.h"
#include "cache/outbox.h"
#include "net/smtp.h"
#include "sync/account.h"

/* One connection for all of the round, and a new one where the server lets only so many messages
 * through. */
struct attempt;
struct round {
    struct sync_account *w;
    struct smtp *smtp;
    struct attempt *unwritten;         /* was answered, which the store does not say yet */
    struct attempt *gone, **gone_tail; /* SENT: their copies wait to be stored together */
    size_t gone_n;
    unsigned served; /* messages that this connection has taken */
    int64_t boot;    /* clock_boot */
    struct error
        unreachable; /* ERR_NONE until a server could not be reached: the rest waits then */
};

/* One entry being sent. */
struct attempt {
    struct round *round;
    struct arena *a; /* its own */
    struct outbox_entry entry;
    struct attempt *next; /* who comes behind it; NULL: nobody */
    bool copy;            /* it went out for the first time */
    struct smtp_envelope env;
    size_t *which;
    struct buf piece; /* bytes of the message read last, from piece_at on */
    uint64_t piece_at;
    struct buf seven;            /* as it goes to a server without 8BITMIME; empty: as it is */
    bool copy_ready, summarised; /* what follows is known */
    struct mime_summary summary;
    unsigned char identity[CACHE_IDENTITY], head[CACHE_IDENTITY];
};

/* Keeps a, which has e's strings. The envelope has the recipients that do not have the mail yet. */
struct attempt *attempt_new(struct round *r, struct arena *a, const struct outbox_entry *e);
void attempt_free(struct attempt **t);
/* For smtp_body and the decoder; arg is the attempt. */
int attempt_read(void *arg, uint64_t offset, size_t want, struct buf *out,
                 struct error *err) MUST_CHECK;
/* The end of the attempt before, if the store does not have it yet. In the transaction that is open,
 * or in its own. */
int attempt_write(struct round *r, struct error *err) MUST_CHECK;
/* By what the account sends with. *why as of smtp_send. */
enum smtp_outcome attempt_send(struct attempt *t, struct error *why);
/* What takes time of the copy for Sent, once; needs neither a transaction nor that the mail went. */
void attempt_copy_prepare(struct attempt *t);
/* Into the local Sent, in the transaction that is open; the journal brings it to the server. */
int attempt_copy_store(struct attempt *t, struct error *err) MUST_CHECK;

#endif
