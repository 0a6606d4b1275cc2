/* SPDX-License-Identifier: MIT */
/* handover.h - how the queue's workers really hand mail over: by relay to elsewhere, by the agent to
 * our own accounts.
 * Must not know: the queue. */
#ifndef TMAIL_SERVER_HANDOVER_H
#define TMAIL_SERVER_HANDOVER_H

#include "server/mailq.h"

struct handover {
    const struct server_options *options;
    struct log *log;
};
/* Keeps h. */
struct mailq_ops handover_ops(struct handover *h);

#endif
