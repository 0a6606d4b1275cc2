/* SPDX-License-Identifier: MIT */
/* server.h - tmaild as a whole: sockets, connections, the end. The thread that runs it accepts
 * and waits, no more.
 * Must not know: the protocols. */
#ifndef TMAIL_SERVER_SERVER_H
#define TMAIL_SERVER_SERVER_H

#include "server/options.h"

struct log;
struct server;

/* Opens the store and all sockets, then writes the port file. Keeps options and log. NULL on
 * failure. */
struct server *server_open(const struct server_options *options, struct log *log,
                           struct error *err);
/* Serves until stop_fd is readable; every connection has ended when this returns. */
int server_run(struct server *s, int stop_fd, struct error *err) MUST_CHECK;
void server_close(struct server **s);

#endif
