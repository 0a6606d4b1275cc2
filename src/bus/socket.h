/* SPDX-License-Identifier: MIT */
/* socket.h - where the engine of a store listens, the lock that says whose store it is, and
 * lines over a socket.
 * Must not know: what the lines say. */
#ifndef TMAIL_BUS_SOCKET_H
#define TMAIL_BUS_SOCKET_H

#include "base/buf.h"

enum { SOCKET_LINE_MAX = 1 << 20, SOCKET_WAITING_MAX = 8 << 20 };

/* One end of a conversation: bytes that came, bytes that wait to go. fd is not blocking. */
struct socket_end {
    int fd;
    struct buf in, out;
    size_t taken; /* bytes of in that were given out as lines */
};
void socket_end_init(struct socket_end *s, int fd);
void socket_end_clear(struct socket_end *s);
/* Reads and writes what can be done at once. 0, or -1 when the other end is gone or misbehaves. */
int socket_end_pump(struct socket_end *s);
/* The next whole line without its LF, valid until the next pump. False: none. */
bool socket_end_line(struct socket_end *s, struct str *line);

/* The socket that listens for a store, connected to; -1 when nobody listens there. */
int socket_connect(const char *store);
/* Binds and listens, replacing what a dead engine left. The lock must be held. -1 with *err. */
int socket_listen(const char *store, struct error *err);
void socket_unlink(const char *store);
/* The store's lock, held as long as the descriptor is open. -1 with ERR_STORE: another engine has
 * it. */
int socket_lock(const char *store, struct error *err);
/* True while somebody has it. */
bool socket_is_locked(const char *store);
/* The process at the other end; 0: not known. */
int socket_peer(int fd);
/* True if the other end runs as the same user. */
bool socket_peer_is_us(int fd);

#endif
