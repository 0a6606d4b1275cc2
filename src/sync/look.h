/* SPDX-License-Identifier: MIT */
/* look.h - what a server offers before anybody logs in: one question (CAPABILITY, CAPA, EHLO), and only
 * the mechanisms of its answer.
 * Must not know: secrets. */
#ifndef TMAIL_SYNC_LOOK_H
#define TMAIL_SYNC_LOOK_H

#include "net/sasl.h"
#include "net/stream.h"

enum { LOOK_ANSWER_MAX = 64 << 10 };

struct look {
    unsigned mechs; /* set of enum net_mech */
    bool
        plain_login; /* the protocol's own way of user and password is open (LOGIN; USER and PASS) */
};
/* Connects, asks, leaves. ERR_NET, ERR_TLS, ERR_PROTO, ERR_CANCELLED. */
int look_at(const struct endpoint *ep, int connect_ms, int wait_ms, struct net_cancel *cancel,
            struct log *log, struct look *out, struct error *err) MUST_CHECK;
/* Pure: what the lines of such an answer offer. */
void look_read(enum net_proto proto, struct str lines, struct look *out);

#endif
