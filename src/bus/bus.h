/* SPDX-License-Identifier: MIT */
/* bus.h - the conversation between tmail and its engine over a Unix socket, both ends; no
 * policy. DESIGN §3, "the engine's life".
 * Must not know: what events mean. */
#ifndef TMAIL_BUS_BUS_H
#define TMAIL_BUS_BUS_H

#include "bus/event.h"

enum { BUS_LINE_MAX = 1 << 20, BUS_CLIENTS_MAX = 64, BUS_VERSION = 2 };

struct bus_where {
    const char *store;  /* path of mail.db */
    const char *engine; /* program to start; NULL: the installed one, or the one beside the running
                           program */
    const char *config; /* real path of the configuration */
    const char *log;    /* the engine's log file */
    bool outbox_only;   /* started by tmail -s: does the outbox only */
    int64_t schema;
};
struct bus;
/* Connects to the running engine of this store, or starts one; 1 in *started. The lock on the store
 * decides. An engine of an older version is asked to go first; one with another configuration is
 * ERR_CONFIG. NULL on failure. */
struct bus *bus_open(const struct bus_where *where, int *started, struct error *err);
/* For poll(); readable when an event waits (or hints wait to be written: poll for POLLIN and call
 * bus_next). */
int bus_fd(const struct bus *b);
/* Next event, borrowed until the next call: 0, 1 if none, -1 when the engine is gone (open again).
 */
int bus_next(struct bus *b, struct bus_event *ev, struct error *err) MUST_CHECK;
/* Never blocks. A wake that does not fit is dropped, because the journal is the truth; all else is
 * kept until sent. */
void bus_hint(struct bus *b, const struct bus_hint *hint);
/* Waits up to wait_ms for an event: as bus_next, 1 when the time is over. */
int bus_wait(struct bus *b, struct bus_event *ev, int wait_ms, struct error *err) MUST_CHECK;
void bus_close(struct bus **b);

/* Who works on a store, found out without a word to them. */
struct bus_seen {
    bool locked; /* somebody has the store's lock */
    int pid;     /* of the engine that answers; 0: none does */
    int64_t since;
};
/* -1 with *err where it answers otherwise than the engine of where would (then pid is set), or not at all. Nothing
 * is started. */
int bus_look(const struct bus_where *where, struct bus_seen *seen, struct error *err) MUST_CHECK;

/* The engine's end. Belongs to one thread. */
struct bus_server;
/* Takes the lock on the store (ERR_STORE, RETRY_NEVER when another engine has it) and listens;
 * peers are checked by SO_PEERCRED. */
struct bus_server *bus_listen(const struct bus_where *where, struct error *err);
/* Tells whoever started this engine that it works: until then it waits for a sentence on our
 * standard streams, from then on nobody listens to them. */
void bus_ready(void);
/* Waits for hints, new clients, or extra_fd readable. 0: *hint of *client (borrowed until the next
 * call); 1: nothing within wait_ms; 2: extra_fd is readable. */
int bus_server_wait(struct bus_server *s, int extra_fd, int wait_ms, struct bus_hint *hint,
                    unsigned *client, struct error *err) MUST_CHECK;
/* To one client, or to all (client 0). Never blocks: a client that does not read is dropped. */
void bus_server_say(struct bus_server *s, unsigned client, const struct bus_event *ev);
size_t bus_server_clients(const struct bus_server *s);
void bus_server_free(struct bus_server **s);

#endif
