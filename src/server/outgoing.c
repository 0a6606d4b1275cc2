/* SPDX-License-Identifier: MIT */
#include "server/outgoing.h"

#include <stdlib.h>

#include "server/handover.h"
#include "server/store.h"
#include "base/banned.h"

struct outgoing {
    struct log *log;
    struct vclock *clock;
    struct handover handover;
    struct mailq_ops ops;
    struct mailq *queue;
};

static int64_t log_now(const void *clock)
{
    return vclock_now(clock);
}

struct outgoing *outgoing_start(const struct server_options *options, struct store *store, int root,
                                struct log *log, struct error *err)
{
    struct outgoing *o = xcalloc(1, sizeof *o);
    o->log = log;
    o->clock = vclock_new(options->virtual_clock);
    log_clock(log, log_now, o->clock);
    o->handover = (struct handover){ .options = options, .log = log };
    o->ops = handover_ops(&o->handover);
    store_lend(store, o->clock, NULL);
    struct mailq_setup setup = { .options = options,
                                 .log = log,
                                 .store = store,
                                 .clock = o->clock,
                                 .ops = &o->ops,
                                 .root = root };
    o->queue = mailq_start(&setup, err);
    if (o->queue != NULL)
        store_lend(store, o->clock, o->queue);
    else
        outgoing_stop(&o);
    return o;
}

struct mailq *outgoing_queue(const struct outgoing *o)
{
    return o->queue;
}

void outgoing_quit(struct outgoing *o)
{
    if (o != NULL)
        mailq_quit(o->queue);
}

void outgoing_stop(struct outgoing **o)
{
    if (*o == NULL)
        return;
    mailq_stop(&(*o)->queue);
    log_clock((*o)->log, NULL, NULL);
    vclock_free(&(*o)->clock);
    free(*o);
    *o = NULL;
}
