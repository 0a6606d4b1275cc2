/* SPDX-License-Identifier: MIT */
/* tls.h - why a TLS connection could not be trusted, as one sentence that says what to do.
 * Must not know: sockets, libcurl. */
#ifndef TMAIL_NET_TLS_H
#define TMAIL_NET_TLS_H

#include "base/error.h"

/* verify: OpenSSL's verification result of the chain, X509_V_OK when the chain holds and the name
 * is what does not fit. Fills *err with ERR_TLS. Returns -1. */
int tls_distrust(const char *host, long verify, struct error *err);

#endif
