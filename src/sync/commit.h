/* SPDX-License-Identifier: MIT */
/* commit.h - the thread that compresses and commits what the workers receive, with a store
 * handle of its own. What is under way is bounded: 256 pieces of at most 16 kB. A message
 * appears in the store only with its body and its summary; the write lock is held for a few
 * milliseconds at a time.
 * Must not know: connections, MIME. */
#ifndef TMAIL_SYNC_COMMIT_H
#define TMAIL_SYNC_COMMIT_H

#include "base/log.h"
#include "base/queue.h"
#include "cache/message.h"

enum { COMMIT_PIECE = 16 << 10, COMMIT_PIECES = 256 };

struct commit;
/* events: where "this folder has changed" is said (say.h). owners: how many workers will use it. */
struct commit *commit_start(const char *store, size_t owners, struct queue *events, struct log *log,
                            struct error *err);
/* Stores what has been handed over, forgets bodies that were never ended, joins the thread. */
void commit_stop(struct commit **c);

/* What a worker holds: tags are its own. */
struct commit_port;
struct commit_port *commit_port_new(struct commit *c, size_t owner, struct error *err);
void commit_port_free(struct commit_port **p);
/* More bytes of the body of tag; copied. Waits while too much is under way. Thread-safe. */
void commit_bytes(struct commit_port *p, uint64_t tag, struct str bytes);
/* The body of tag is not wanted. */
void commit_drop(struct commit_port *p, uint64_t tag);
/* A message is whole: its body is what came for tag (0: headers only). m and where are copied,
 * their strings live in *strings, which is taken. pop: empty, or the row that a POP3 message gets
 * (cache/pop.h; of where only the folder counts then). */
void commit_message(struct commit_port *p, uint64_t tag, struct arena **strings,
                    const struct cache_message *m, const struct cache_placement *where,
                    struct str pop);
/* Waits until all this owner gave is in the store; -1 with the first thing that went wrong since
 * the last flush. */
int commit_flush(struct commit_port *p, struct error *err) MUST_CHECK;

#endif
