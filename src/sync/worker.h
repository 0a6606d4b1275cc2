/* SPDX-License-Identifier: MIT */
/* worker.h - one thread per account: waits until it is time or until somebody asks, then outbox,
 * journal, new mail. Only what has thread-safe written on it may be called from elsewhere.
 * Must not know: the bus, other accounts. */
#ifndef TMAIL_SYNC_WORKER_H
#define TMAIL_SYNC_WORKER_H

#include "base/log.h"
#include "config/config.h"
#include "net/cancel.h"
#include "sync/commit.h"
#include "sync/want.h"

struct worker_options {
    const struct config *cfg;
    size_t number; /* of the account in cfg, and of the worker in what it says */
    const char *store;
    struct commit *commit;
    struct queue *events; /* say.h */
    struct log *log;
    bool outbox_only; /* until somebody wants more */
};
struct worker;
/* Keeps all that o points to. NULL on failure. */
struct worker *worker_start(const struct worker_options *o, struct error *err);
/* Number of its account in the store. */
int64_t worker_account(const struct worker *w);
/* Takes want; a lost one costs a delay, never data. Thread-safe. */
void worker_tell(struct worker *w, struct want *want);
/* Breaks off what it does; it goes on with the next thing it is told. Thread-safe. */
void worker_cancel(struct worker *w);
/* The network is another one, or the computer slept: what cannot live any more is let go, and what
 * waits because of a failure waits no longer. Thread-safe. */
void worker_network(struct worker *w, enum net_change what);
/* Says that it should end at once; pending work stays in the store. Its last word is SAY_ENDED.
 * Thread-safe. */
void worker_stop(struct worker *w);
/* Stops it and waits for its end. */
void worker_free(struct worker **w);

#endif
