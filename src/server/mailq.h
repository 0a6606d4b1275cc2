/* SPDX-License-Identifier: MIT */
/* mailq.h - the queue at work: one thread owns the spool and the schedule, and hands what is due to
 * workers, one destination each. What came of it is on the disk before the next step. First try at
 * once, then every --retry (--backoff makes it grow); the sender is warned after --warn, and has the
 * message returned after --give-up (RFC 5321 §4.5.4, 4.5.5).
 * A double is possible only where the crash falls between the peer's 250 and our own note of it.
 * Must not know: sockets, DNS, who may queue what. */
#ifndef TMAIL_SERVER_MAILQ_H
#define TMAIL_SERVER_MAILQ_H

#include "base/queue.h"
#include "server/control.h"
#include "server/relay.h"
#include "server/spool.h"
#include "server/vclock.h"

struct store;
struct mailq;

/* How mail is handed over: relay and agent, or what a test puts in their place. */
struct mailq_ops {
    /* What a worker thread works with; NULL with *err. cancel ends its waits. */
    void *(*open)(void *arg, struct net_cancel *cancel, struct error *err);
    void (*close)(void **worker);
    /* All mails for one destination; NULL: by the agent. As relay_send and agent_deliver. */
    int (*attempt)(void *worker, const char *destination, struct relay_mail *mails, size_t n,
                   struct error *err);
    void *arg;
};
struct mailq_setup {
    const struct server_options *options;
    struct log *log;
    struct store *store; /* reports to our own accounts go through it */
    struct vclock *clock;
    const struct mailq_ops *ops;
    int root; /* the open folder */
};
/* Loads what is there and starts. Keeps what setup points to. */
struct mailq *mailq_start(const struct mailq_setup *setup, struct error *err);
/* Nothing new is tried from now on, and whoever moves the clock is told so. Attempts under way have
 * MAILQ_STOP_MS to end, then they are cancelled; the rest stays for the next start. */
void mailq_quit(struct mailq *q);
/* The same, and waits for the end. Nobody may call any more. */
void mailq_stop(struct mailq **q);

/* Spools durably before the 250 is sent: after 0 the message is our responsibility (RFC 5321 §6.1).
 * Borrows env (next_at, tries and results are the queue's) and message. answers: the caller's own
 * queue. Thread-safe. */
int mailq_accept(struct mailq *q, struct queue *answers, const struct spool_env *env,
                 const struct spill *message, struct error *err) MUST_CHECK;

/* "queue list [--json]", "queue flush [ID]", "queue remove ID", "clock advance DURATION", "clock
 * now"; arg is the queue. */
extern const struct control_command mailq_commands[];

#endif
