/* SPDX-License-Identifier: MIT */
/* faulty.h - a session around a session: it sees the commands before and the answers after the one
 * within, and does to them what the faults say. Only there when there are faults.
 * Must not know: what the session within does. */
#ifndef TMAIL_SERVER_FAULTY_H
#define TMAIL_SERVER_FAULTY_H

#include "server/protocol.h"

/* Starts the session of env by start, whose ops are inner, and gives the one around it. env is
 * changed so that the session within flushes through this one. */
const struct session_ops *faulty_start(struct protocol_env *env, const struct session_ops *inner,
                                       void *(*start)(struct protocol_env *env, struct buf *out),
                                       void **s, struct buf *out);

#endif
