/* SPDX-License-Identifier: MIT */
/* server.h - tmaild as a whole: its root, sockets, connections, signals, the end. The thread that
 * runs it accepts and waits, no more.
 * Must not know: the protocols. */
#ifndef TMAIL_SERVER_SERVER_H
#define TMAIL_SERVER_SERVER_H

#include "server/options.h"

struct log;
struct server;

struct server_setup {
    struct server_options *options; /* taken, also on failure */
    struct log *log;                /* kept */
    /* Reads command line and files again; NULL with *err. The server takes what it gives. */
    struct server_options *(*again)(void *arg, struct error *err);
    void *arg;
};

/* Opens the root and all sockets, gives up what it does not need, starts the threads, then writes
 * the port file. No thread may run before, because those that do keep what is given up. NULL on
 * failure. */
struct server *server_open(const struct server_setup *setup, struct error *err);
/* Serves until signals, a descriptor of signalfd, tells of SIGTERM or SIGINT; SIGHUP makes it read
 * everything again. Whatever still could end in time has ended when this returns. */
int server_run(struct server *s, int signals, struct error *err) MUST_CHECK;
/* False when a session still runs: then the process is to end at once, for what it uses may not
 * go before it. */
bool server_close(struct server **s);

#endif
