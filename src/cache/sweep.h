/* SPDX-License-Identifier: MIT */
/* sweep.h - inside of src/cache only: what is no longer needed goes.
 * Must not know: why it was needed. */
#ifndef TMAIL_CACHE_SWEEP_H
#define TMAIL_CACHE_SWEEP_H

#include "cache/db.h"

/* The message goes when it lies nowhere, and no operation waits for it. In the caller's
 * transaction. */
int sweep_message(struct cache *c, int64_t message, struct error *err) MUST_CHECK;
/* The body goes when no message and no outbox entry has it. In the caller's transaction. */
int sweep_body(struct cache *c, int64_t body, struct error *err) MUST_CHECK;
/* Bodies begun or finished more than a day ago that nobody took over: what a crash left. Younger
 * ones may be another process's work. */
int sweep_loose_bodies(struct cache *c, struct error *err) MUST_CHECK;

#endif
