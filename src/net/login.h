/* SPDX-License-Identifier: MIT */
/* login.h - who logs in, and SASL exchanges over any of the protocols (libgsasl).
 * Must not know: where the password came from. */
#ifndef TMAIL_NET_LOGIN_H
#define TMAIL_NET_LOGIN_H

#include "base/buf.h"

struct net_login {
    const char *user;
    struct str password; /* wiped by its owner */
};
/* SASL PLAIN's initial response in base64 (RFC 4616), through libgsasl. ERR_AUTH. out holds a secret: buf_wipe it. */
int login_plain(const struct net_login *l, struct buf *out, struct error *err) MUST_CHECK;

#endif
