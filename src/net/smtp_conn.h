/* SPDX-License-Identifier: MIT */
/* smtp_conn.h - what the files of the SMTP client share: its state, and how a line is sent and a
 * reply awaited. smtp.c has greeting and EHLO, smtp_login.c the login, smtp_send.c
 * the transaction.
 * Must not know: who uses the client. */
#ifndef TMAIL_NET_SMTP_CONN_H
#define TMAIL_NET_SMTP_CONN_H

#include "net/smtp.h"
#include "wire/reply.h"

struct smtp {
    struct stream *stream;
    struct log *log;
    struct buf in;
    char host[256];
    char peer[256]; /* as it calls itself */
    int wait_ms, dot_ms;
    int64_t deadline;        /* monotonic, of all that is done on it; -1: none */
    struct net_facts *facts; /* while it is being opened; NULL */
    unsigned ext;            /* enum smtp_ext */
    unsigned mechs;          /* enum net_mech */
    uint64_t size_max;       /* 0: not told */
    bool lmtp, secure, usable;
    bool open_mail; /* a transaction is begun on the server: RSET before the next */
    const struct smtp_envelope *ahead; /* whose commands are out and not answered yet; NULL */
    bool no_ahead;                     /* the server did not like that */
};

/* The link is of no more use. Returns -1. */
int smtp_broken(struct smtp *s);
/* What came makes no sense: ERR_PROTO, and the link is of no more use. Returns -1. */
int smtp_nonsense(struct smtp *s, struct error *err);
bool smtp_is_yes(unsigned code);
/* Takes the lines of one reply off in; each(arg, line), which may be NULL, sees all of them.
 * WIRE_MORE takes nothing. */
enum wire_result smtp_answer_take(struct str *in, struct smtp_answer *a,
                                  void (*each)(void *arg, size_t n, const struct wire_reply *r),
                                  void *arg);
/* Waits for one whole reply. -1: none came; the connection is of no more use. */
int smtp_answer_wait(struct smtp *s, int wait_ms, struct smtp_answer *a, struct error *err);
/* The same, each sees its lines as by smtp_answer_take. */
int smtp_answer_each(struct smtp *s, int wait_ms, struct smtp_answer *a,
                     void (*each)(void *arg, size_t n, const struct wire_reply *r), void *arg,
                     struct error *err);
/* The same as long as any reply may take. */
int smtp_answer_read(struct smtp *s, struct smtp_answer *a, struct error *err);
/* Nothing may have come ahead of what we are about to say: answers must follow their commands. */
int smtp_nothing_waits(struct smtp *s, struct error *err);
int smtp_write(struct smtp *s, struct str bytes, struct error *err);
/* nothing_waits, then write. */
int smtp_put(struct smtp *s, struct str bytes, struct error *err);
/* The same with lines that the log may have. */
int smtp_say(struct smtp *s, struct str lines, struct error *err);
/* put, then answer_read. */
int smtp_command(struct smtp *s, struct str line, struct smtp_answer *a, struct error *err);
/* AUTH (RFC 4954). why: the answer that refused it. */
int smtp_log_in(struct smtp *s, const struct net_login *l, const struct endpoint *ep,
                struct smtp_answer *why, struct error *err);
/* A 4xx or 5xx as an error. Returns -1. */
int smtp_refused(struct smtp *s, const struct smtp_answer *a, struct error *err);

#endif
