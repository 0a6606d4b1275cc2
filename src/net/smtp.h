/* SPDX-License-Identifier: MIT */
/* smtp.h - the SMTP client: submission and relay; several messages on one connection; envelope
 * pipelined where offered, body and final dot in one stream of writes (RFC 5321, 2920, 1870,
 * 6152, 4954, 6531, 3461). LMTP as well (RFC 2033): endpoint.proto says so.
 * Must not know: the outbox. */
#ifndef TMAIL_NET_SMTP_H
#define TMAIL_NET_SMTP_H

#include "net/facts.h"
#include "net/login.h"
#include "net/stream.h"
#include "net/words.h"
#include "wire/smtp_cmd.h"

enum { SMTP_ENHANCED_MAX = 12 }; /* "5.123.123" */
/* A whole reply: its code, and its lines' words (the enhanced code is among them too). */
struct smtp_answer {
    unsigned code;
    char enhanced[SMTP_ENHANCED_MAX]; /* "": it has none */
    char text[NET_WORDS_MAX];
};
struct smtp_options {
    struct endpoint endpoint;
    const struct net_login *login; /* NULL: none; used by smtp_open alone */
    struct net_cancel *cancel;
    struct log *log;
    int connect_ms, wait_ms; /* to be connected; for each reply, from its command on */
    int dot_ms;   /* for the reply to the final dot; 0: ten minutes (RFC 5321 §4.5.3.2.6) */
    int total_ms; /* for all that is done on the connection; 0: no end */
    struct smtp_answer *refusal; /* smtp_open: what the server said when it refused (greeting, EHLO,
                                    login); code 0: it did not. May be NULL */
    struct net_facts *facts;     /* NULL: nobody asks */
};
struct smtp;
/* Connects, greets, logs in. Keeps cancel and log. NULL with ERR_NET, ERR_TLS, ERR_AUTH (with the
 * server's reason; RETRY_LATER where it is a temporary one), ERR_REFUSED, ERR_PROTO. */
struct smtp *smtp_open(const struct smtp_options *o, struct error *err);
bool smtp_secure(const struct smtp *s);
enum smtp_ext {
    SMTP_EXT_PIPELINING = 1,
    SMTP_EXT_8BITMIME = 2,
    SMTP_EXT_SMTPUTF8 = 4,
    SMTP_EXT_SIZE = 8,
    SMTP_EXT_DSN = 16
};
/* A set of enum smtp_ext. */
unsigned smtp_offers(const struct smtp *s);
/* The most bytes of a message; 0: not told. */
uint64_t smtp_size_max(const struct smtp *s);
/* As the server called itself in its answer to EHLO, "" for nothing. */
const char *smtp_peer_name(const struct smtp *s);

enum smtp_outcome { SMTP_SENT, SMTP_REJECTED, SMTP_UNSENT, SMTP_IN_DOUBT };
struct smtp_rcpt {
    const char *address;
    /* RFC 3461, told where DSN is offered: enum smtp_notify; xtext, NULL for none. */
    unsigned notify;
    const char *orcpt;
    unsigned code; /* of its RCPT; 0: never answered; 553 also for what no server is asked. By LMTP
                      after the dot: of the message, 0 where that was never answered */
    bool taken;    /* RCPT was answered with a 2xx */
    char enhanced[SMTP_ENHANCED_MAX];
    char text[NET_WORDS_MAX]; /* the server's words, one line */
};
struct smtp_envelope {
    const char *sender; /* "" for the null sender */
    struct smtp_rcpt *rcpts;
    size_t rcpts_n;
    uint64_t size;       /* bytes, for SIZE= and the check before sending */
    bool eight_bit;      /* the content has bytes over 127: BODY=8BITMIME where offered */
    bool utf8;           /* needs SMTPUTF8 though the addresses do not show it */
    unsigned ret;        /* enum smtp_ret */
    const char *envid;   /* xtext; NULL: none */
    unsigned reply_code; /* with reply and reply_enhanced; 0: nothing was said */
    char reply_enhanced[SMTP_ENHANCED_MAX];
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
    /* Called once the final dot is out, before its answer is awaited: time for other work. May be
     * NULL. */
    void (*meanwhile)(void *arg);
    /* What the caller sends next on this connection, as filled in as it will be then; NULL: nothing
     * yet. Where PIPELINING is offered its commands follow the final dot at once (RFC 2920 §3.1), so
     * that a message costs one round trip. The smtp_send that follows must be about it: else the
     * connection is of no more use. */
    struct smtp_envelope *next;
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
