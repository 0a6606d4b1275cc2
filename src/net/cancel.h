/* SPDX-License-Identifier: MIT */
/* cancel.h - what reaches into the waits of a connection from another thread: that it should stop,
 * and that the network is not what it was.
 * Must not know: connections. */
#ifndef TMAIL_NET_CANCEL_H
#define TMAIL_NET_CANCEL_H

#include <stdbool.h>

#include "base/error.h"

/* A flag that stops every wait of the streams that carry it, all of which belong to one thread.
 * Thread-safe: net_cancel_set and net_cancel_network, and nothing else. */
struct net_cancel;
struct net_cancel *net_cancel_new(struct error *err);
void net_cancel_set(struct net_cancel *c);
bool net_cancel_is_set(const struct net_cancel *c);
void net_cancel_clear(struct net_cancel *c);
/* Readable while it is set, for poll(); -1 for NULL. */
int net_cancel_fd(const struct net_cancel *c);
void net_cancel_free(struct net_cancel **c);

/* NET_MOVED: addresses or routes of this computer are others: a stream whose own address is none of
 * them any more is lost. NET_WOKEN: it slept for so long that nobody at the other end waits: all
 * streams are. Both end waits at once, and hold for every stream that was open then. */
enum net_change { NET_MOVED, NET_WOKEN };
void net_cancel_network(struct net_cancel *c, enum net_change what);
/* What a stream remembers of the changes; zeroed, and seen once when it is opened. */
struct net_changes {
    unsigned moved, woken;
};
/* True when there was a change since *seen, which is brought up to date; *what: the worst of them.
 * Belongs to the streams' thread. */
bool net_cancel_changed(struct net_cancel *c, struct net_changes *seen, enum net_change *what);
/* Readable after a change, until net_cancel_changed; -1 for NULL. */
int net_cancel_change_fd(const struct net_cancel *c);
/* True unless fd is a socket whose own address no interface has any more. */
bool net_address_is_ours(int fd);
/* True where an interface has an address by which others can be reached, as far as that tells. */
bool net_is_connected(void);

#endif
