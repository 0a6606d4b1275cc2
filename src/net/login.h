/* SPDX-License-Identifier: MIT */
/* login.h - who logs in, with what, and what is said of a refusal; sasl.h has the exchanges.
 * Must not know: where the password came from. */
#ifndef TMAIL_NET_LOGIN_H
#define TMAIL_NET_LOGIN_H

#include "base/buf.h"

enum net_login_kind {
    LOGIN_PASSWORD,
    LOGIN_TOKEN,    /* an OAuth 2 access token: XOAUTH2, OAUTHBEARER */
    LOGIN_EXTERNAL, /* the client certificate of the endpoint says who it is */
    LOGIN_KERBEROS  /* a ticket that the person holds */
};
struct net_login {
    const char *user;
    struct str secret; /* password or token; empty for the other two. Wiped by its owner */
    enum net_login_kind kind;
    const char *mechanism; /* this one alone, as the person wrote it in the configuration; NULL: the
                              best that the server offers */
};
/* ERR_AUTH where user or password has what no line can carry (CR, LF, NUL). */
int login_check(const struct net_login *l, struct error *err) MUST_CHECK;
/* ERR_AUTH with the server's words; later: it is none of the password's fault, RETRY_LATER.
 * Returns -1. */
int login_refused(const char *host, bool later, const char *words, struct error *err);
/* Appends s in base64; out->over is set where there is no memory. */
void login_base64(struct str s, struct buf *out);

#endif
