/* SPDX-License-Identifier: MIT */
/* ask.h - how the thread of a control request asks the thread that accepts: status, reload, stop.
 * Must not know: what the answers are. */
#ifndef TMAIL_SERVER_ASK_H
#define TMAIL_SERVER_ASK_H

#include "base/buf.h"
#include "base/queue.h"

enum ask_kind { ASK_STATUS, ASK_RELOAD, ASK_STOP };
struct ask {
    struct msg m; /* kind: enum ask_kind */
    struct queue *answers;
    struct buf text;
    int rc;
    struct error err;
};
/* Puts a question into asks and waits for its answer, which is appended to out. -1 with the
 * answer's *err, or when asks is closed. */
int ask_do(struct queue *asks, enum ask_kind kind, struct buf *out, struct error *err) MUST_CHECK;
/* The other side: takes a, answered. */
void ask_done(struct ask *a);

#endif
