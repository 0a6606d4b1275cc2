/* SPDX-License-Identifier: MIT */
/* autoconfig.h - fetches the document in which a domain, or a directory, names mail servers: https
 * alone, with a verified certificate, no cookies, no proxy of the environment, few redirects (to https
 * alone), a ceiling on bytes and time.
 * Must not know: what stands in it. */
#ifndef TMAIL_NET_AUTOCONFIG_H
#define TMAIL_NET_AUTOCONFIG_H

#include "net/stream.h"

enum { AUTOCONFIG_REDIRECTS_MAX = 3, AUTOCONFIG_ROUTES_MAX = 64 };

struct autoconfig_ask {
    const char *url;
    const char *ca_file; /* trusted in place of the system's; NULL: those */
    /* "HOST:PORT:ADDRESS:PORT" each: where connections go instead; an empty HOST or PORT means any. */
    const char *const *routes;
    size_t routes_n;
    int wait_ms; /* for all of it */
    struct net_cancel *cancel;
    struct log *log;
};
/* Appends the document, at most what out holds. 0; 1: the server has none (404 and its like); -1 with
 * ERR_NET, ERR_TLS, ERR_LIMIT, ERR_PROTO, ERR_CANCELLED. */
int autoconfig_fetch(const struct autoconfig_ask *ask, struct buf *out,
                     struct error *err) MUST_CHECK;

#endif
