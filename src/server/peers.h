/* SPDX-License-Identifier: MIT */
/* peers.h - who is connected: room for one more, and the options that each connection started with,
 * which live until the last of them has ended.
 * Must not know: sockets but as numbers, protocols. */
#ifndef TMAIL_SERVER_PEERS_H
#define TMAIL_SERVER_PEERS_H

#include "server/listen.h"
#include "server/options.h"

struct peers;

/* Takes options, which live as long as p. */
struct peers *peers_new(struct server_options *options);
/* Those of new connections from now on; takes options. */
void peers_renew(struct peers *p, struct server_options *options);
const struct server_options *peers_options(const struct peers *p);
size_t peers_n(const struct peers *p);

/* True when a client may be served; for it the oldest connection on which nobody logged in may have
 * been shut down. */
bool peers_room(struct peers *p, const struct listen_peer *client);
void peers_add(struct peers *p, int fd, const struct listen_peer *client);
void peers_logged_in(struct peers *p, int fd);
void peers_ended(struct peers *p, int fd);
void peers_free(struct peers **p);

#endif
