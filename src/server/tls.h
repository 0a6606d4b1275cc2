/* SPDX-License-Identifier: MIT */
/* tls.h - the certificate that tmaild shows and the rules of its TLS: from files, or self-made
 * under ROOT/tls with a CA of its own, ROOT/tls/ca.pem, for clients to trust.
 * Must not know: connections, protocols. */
#ifndef TMAIL_SERVER_TLS_H
#define TMAIL_SERVER_TLS_H

#include "server/options.h"

struct tls;
struct ssl_st;

/* False with --tls-cert none: neither STARTTLS nor the ports that are TLS only. */
bool tls_wanted(const struct server_options *o);
/* Reads --tls-cert and --tls-key; without them what is in ROOT/tls, made first when it is not
 * there, does not fit, lacks a name, or ends soon. NULL on failure. */
struct tls *tls_new(const struct server_options *o, struct error *err);
/* Another handle on the same: each thread has its own. */
/* NULL of NULL. */
struct tls *tls_share(const struct tls *t);
void tls_free(struct tls **t);
/* The server's side of a connection on fd; freed with SSL_free. NULL on failure. */
struct ssl_st *tls_accept(const struct tls *t, int fd);

#endif
