/* SPDX-License-Identifier: MIT */
/* reach.h - how a probe reaches the world: as the system does, or as a test lays it down with the question:
 * "reach": {"dns": "ADDR:PORT", "ca": FILE, "routes": ["HOST:PORT:ADDRESS:PORT", ...]}. Where there are
 * routes, nothing is reached but by them; an empty HOST or PORT means any; the first that fits holds.
 * Must not know: what is asked. */
#ifndef TMAIL_SYNC_REACH_H
#define TMAIL_SYNC_REACH_H

#include <jansson.h>

#include "net/autoconfig.h"

struct reach {
    const char *dns, *ca_file; /* NULL: the system's */
    const char *routes[AUTOCONFIG_ROUTES_MAX];
    size_t routes_n;
};
/* Borrows from question. */
void reach_read(const json_t *question, struct reach *out);
/* Sends ep where the routes say; its strings may live in a. -1 with ERR_NET where none fits. */
int reach_endpoint(const struct reach *r, struct arena *a, struct endpoint *ep,
                   struct error *err) MUST_CHECK;

#endif
