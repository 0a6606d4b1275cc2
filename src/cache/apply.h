/* SPDX-License-Identifier: MIT */
/* apply.h - inside of src/cache only: the local effect of an operation, and its inverse. All run
 * in the caller's transaction.
 * Must not know: when operations are sent. */
#ifndef TMAIL_CACHE_APPLY_H
#define TMAIL_CACHE_APPLY_H

#include "cache/journal.h"

/* Applies op and records it; *id is 0 when nothing is left for the server. *effect is op with what
 * really changed; its message is 0 when nothing did. */
int apply_op(struct cache *c, const struct cache_op *op, int64_t *id, struct cache_op *effect,
             struct error *err) MUST_CHECK;
/* Takes back what apply_op said it did. 1: nothing of it is left to take back. */
int apply_inverse(struct cache *c, const struct cache_op *effect, struct error *err) MUST_CHECK;
/* The server refused op for good. */
int apply_failed(struct cache *c, const struct cache_op *op, struct error *err) MUST_CHECK;
/* The server did op; uid is the target's. */
int apply_done(struct cache *c, const struct cache_op *op, uint32_t uid,
               struct error *err) MUST_CHECK;

#endif
