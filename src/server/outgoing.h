/* SPDX-License-Identifier: MIT */
/* outgoing.h - mail to elsewhere as one thing: the clock it goes by, the queue, and how its workers
 * hand over.
 * Must not know: who sends. */
#ifndef TMAIL_SERVER_OUTGOING_H
#define TMAIL_SERVER_OUTGOING_H

#include "server/mailq.h"

struct outgoing;
/* Starts the queue of the open folder root and lends it, with the clock, to store. Keeps all. */
struct outgoing *outgoing_start(const struct server_options *options, struct store *store, int root,
                                struct log *log, struct error *err);
/* For control_add, with mailq_commands. */
struct mailq *outgoing_queue(const struct outgoing *o);
/* mailq_quit; mailq_stop, and the end of the rest. */
void outgoing_quit(struct outgoing *o);
void outgoing_stop(struct outgoing **o);

#endif
