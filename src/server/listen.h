/* SPDX-License-Identifier: MIT */
/* listen.h - sockets that wait for clients, and whose address a client has.
 * Must not know: what is spoken on them. */
#ifndef TMAIL_SERVER_LISTEN_H
#define TMAIL_SERVER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/mem.h"

/* A listening socket on a numeric address; port 0 is any free one. *bound is its port. -1: ERR_USAGE
 * for what is no address, ERR_SYS. */
int listen_open(const char *address, int port, uint16_t *bound, struct error *err) MUST_CHECK;

enum { LISTEN_ADDRESS_MAX = 64, LISTEN_KEY_BYTES = 16 };
/* Who is at the other end. */
struct listen_peer {
    char address[LISTEN_ADDRESS_MAX]; /* for people */
    /* The same for one client, whichever address of its own it takes: an IPv6 network has 64 bits
     * of those. */
    unsigned char key[LISTEN_KEY_BYTES];
    bool loopback;
};
/* The next client's socket, which the caller closes; -1 with errno. */
int listen_accept(int fd, struct listen_peer *peer);

#endif
