/* SPDX-License-Identifier: MIT */
/* queue.h - a bounded queue between threads with a descriptor for poll(). The only way in which
 * our threads talk: after queue_put the sender has no pointer left.
 * Must not know: what the messages mean. */
#ifndef TMAIL_BASE_QUEUE_H
#define TMAIL_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

/* Embed as first member of anything that crosses threads; drop frees the whole. */
struct msg {
    int kind;
    void (*drop)(struct msg *m);
    struct msg *next;
};

struct queue;

/* limit: messages that may wait; a put beyond it waits for room. NULL with *err when the system
 * gives no descriptor. */
struct queue *queue_new(size_t limit, struct error *err);
/* Takes m, also on failure. Waits while the queue is full. 0, or -1 if the queue is closed.
 * Thread-safe. */
int queue_put(struct queue *q, struct msg *m);
/* The same without waiting and past the limit: for senders that must never wait. Thread-safe. */
int queue_put_now(struct queue *q, struct msg *m);
/* Next message, owned by the caller; NULL after wait_ms (-1: for ever, 0: at once) or when closed
 * and empty. Thread-safe. */
struct msg *queue_take(struct queue *q, int wait_ms);
/* Descriptor readable while the queue is not empty or is closed, for poll(). */
int queue_fd(const struct queue *q);
/* No more puts; takers get what is left, then NULL. Thread-safe. */
void queue_close(struct queue *q);
bool queue_closed(struct queue *q);
/* Drops what is left. Nobody may use it any more. */
void queue_free(struct queue **q);
/* Calls the message's own drop; NULL is fine. */
void msg_drop(struct msg *m);

#endif
