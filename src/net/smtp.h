/* SPDX-License-Identifier: MIT */
/* smtp.h - the SMTP client: submission and relay; several messages on one connection; envelope pipelined where offered,
 * body and final dot in one stream of writes (RFC 5321, 2920, 1870, 6152, 4954).
 * Must not know: the outbox. */
#ifndef TMAIL_NET_SMTP_H
#define TMAIL_NET_SMTP_H

#include "net/login.h"
#include "net/stream.h"

struct smtp_options {
    struct endpoint endpoint;      /* ehlo_name: "localhost" when NULL */
    const struct net_login *login; /* NULL: none */
    struct net_cancel *cancel;
    struct log *log;
    int connect_ms, wait_ms;
};
struct smtp;
struct smtp *smtp_open(const struct smtp_options *o, struct error *err);

enum smtp_outcome { SMTP_SENT, SMTP_REJECTED, SMTP_UNSENT, SMTP_IN_DOUBT };
struct smtp_rcpt {
    const char *address;
    unsigned code;  /* of its RCPT; 0: never answered */
    char text[200]; /* the server's words, one line */
};
struct smtp_envelope {
    const char *sender; /* "" for the null sender */
    struct smtp_rcpt *rcpts;
    size_t rcpts_n;
    uint64_t size;   /* bytes, for SIZE= and the check before sending */
    bool eight_bit;  /* the content has bytes over 127: BODY=8BITMIME where offered */
    char reply[200]; /* the words that answered the final dot */
};
/* Sends to all recipients that the server takes. SENT: 2xx to the final dot (rcpts tell who was refused). REJECTED: refused for good (*err says why).
 * UNSENT: nothing was delivered, may be tried later. IN_DOUBT: the link broke between the final dot and its reply (RFC 1047). read appends up to want
 * bytes at offset, CRLF lines; 0 bytes is the end. */
enum smtp_outcome smtp_send(struct smtp *s, struct smtp_envelope *env,
                            int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                        struct error *err),
                            void *arg, struct error *err);
/* True while another message may be sent on it. */
bool smtp_usable(const struct smtp *s);
/* QUIT, as far as it goes in half a second, and close. */
void smtp_close(struct smtp **s);

#endif
