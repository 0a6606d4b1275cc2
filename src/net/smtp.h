/* SPDX-License-Identifier: MIT */
/* smtp.h - the SMTP client: submission and relay; several messages on one connection; envelope
 * pipelined where offered, body and final dot in one stream of writes (RFC 5321, 2920, 1870,
 * 6152, 4954, 6531).
 * Must not know: the outbox. */
#ifndef TMAIL_NET_SMTP_H
#define TMAIL_NET_SMTP_H

#include "net/login.h"
#include "net/stream.h"
#include "net/words.h"

struct smtp_options {
    struct endpoint endpoint;
    const struct net_login *login; /* NULL: none; used by smtp_open alone */
    struct net_cancel *cancel;
    struct log *log;
    int connect_ms, wait_ms; /* to be connected; for each reply, from its command on */
    int dot_ms; /* for the reply to the final dot; 0: ten minutes (RFC 5321 §4.5.3.2.6) */
};
struct smtp;
/* Connects, greets, logs in. Keeps cancel and log. NULL with ERR_NET, ERR_TLS, ERR_AUTH (with the
 * server's reason; RETRY_LATER where it is a temporary one), ERR_REFUSED, ERR_PROTO. */
struct smtp *smtp_open(const struct smtp_options *o, struct error *err);
bool smtp_secure(const struct smtp *s);

enum smtp_outcome { SMTP_SENT, SMTP_REJECTED, SMTP_UNSENT, SMTP_IN_DOUBT };
struct smtp_rcpt {
    const char *address;
    unsigned code; /* of its RCPT; 0: never answered; 553 also for what no server is asked */
    char text[NET_WORDS_MAX]; /* the server's words, one line */
};
struct smtp_envelope {
    const char *sender; /* "" for the null sender */
    struct smtp_rcpt *rcpts;
    size_t rcpts_n;
    uint64_t size;             /* bytes, for SIZE= and the check before sending */
    bool eight_bit;            /* the content has bytes over 127: BODY=8BITMIME where offered */
    char reply[NET_WORDS_MAX]; /* the words that answered the final dot, or that refused the message
                                */
};
struct smtp_body {
    /* Appends up to want bytes at offset; whole lines are not needed; 0 bytes is the end. */
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    /* Called once, just before the write that carries the final dot: here the caller makes durable
     * that the message may have been sent. -1: nothing is sent, the outcome is UNSENT with *err.
     * May be NULL. */
    int (*before_dot)(void *arg, struct error *err);
    void *arg;
};
/* Sends to all recipients that the server takes. SENT: 2xx to the final dot (rcpts tell who was
 * refused). REJECTED: refused for good (*err says why). UNSENT: nothing was delivered, may be tried
 * later, on this connection if it is still usable. IN_DOUBT: the link broke, or what came made no
 * sense, between the final dot and its reply (RFC 1047); ERR_DOUBT. */
enum smtp_outcome smtp_send(struct smtp *s, struct smtp_envelope *env, const struct smtp_body *body,
                            struct error *err);
/* True while another message may be sent on it. */
bool smtp_usable(const struct smtp *s);
/* QUIT, as far as it goes in half a second, and close. */
void smtp_close(struct smtp **s);

#endif
