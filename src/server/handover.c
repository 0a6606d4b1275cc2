/* SPDX-License-Identifier: MIT */
#include "server/handover.h"

#include <stdlib.h>

#include "server/agent.h"
#include "base/banned.h"

/* Of one thread. */
struct hands {
    struct relay *relay;
    struct agent *agent;
};

static void hands_close(void **worker)
{
    struct hands *h = *worker;
    *worker = NULL;
    if (h == NULL)
        return;
    relay_free(&h->relay);
    agent_free(&h->agent);
    free(h);
}

static void *hands_open(void *arg, struct net_cancel *cancel, struct error *err)
{
    const struct handover *from = arg;
    void *worker = xcalloc(1, sizeof(struct hands));
    struct hands *h = worker;
    h->relay = relay_new(from->options, from->log, cancel, err);
    if (h->relay != NULL)
        h->agent = agent_new(from->options, from->log, cancel, err);
    if (h->agent == NULL)
        hands_close(&worker);
    return worker;
}

static int attempt(void *worker, const char *destination, struct relay_mail *mails, size_t n,
                   struct error *err)
{
    struct hands *h = worker;
    return destination != NULL ? relay_send(h->relay, destination, mails, n, err)
                               : agent_deliver(h->agent, mails, n, err);
}

struct mailq_ops handover_ops(struct handover *h)
{
    return (
        struct mailq_ops){ .open = hands_open, .close = hands_close, .attempt = attempt, .arg = h };
}
