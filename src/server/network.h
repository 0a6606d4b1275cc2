/* SPDX-License-Identifier: MIT */
/* network.h - networks as people write them (192.0.2.0/24, 2001:db8::/32, or one address), and
 * whether an address is in one.
 * Must not know: what whoever is in it may do. */
#ifndef TMAIL_SERVER_NETWORK_H
#define TMAIL_SERVER_NETWORK_H

#include <stdbool.h>

#include "base/mem.h"

struct network {
    unsigned char bytes[16];
    unsigned bits;
    bool v6;
};
/* 0; -1: not a network. */
int network_read(const char *s, struct network *out) MUST_CHECK;
/* address as numbers; "::ffff:192.0.2.1" is 192.0.2.1. */
bool network_has(const struct network *n, const char *address);

#endif
