/* SPDX-License-Identifier: MIT */
/* fate.h - how operations of the journal end when the server did not simply do them. Each takes
 * operations that one command carried; what is told is told once.
 * Must not know: commands. */
#ifndef TMAIL_SYNC_FATE_H
#define TMAIL_SYNC_FATE_H

#include "cache/journal.h"
#include "sync/account.h"

enum {
    FATE_SETTLE_S = 5 /* when the store's uids must be brought up to date first */
};

/* Due again in wait_s seconds. */
int fate_later(struct sync_account *w, const struct cache_op *ops, size_t n, int64_t wait_s,
               struct error *err) MUST_CHECK;
/* Undone here, and told with why. */
int fate_failed(struct sync_account *w, const struct cache_op *ops, size_t n,
                const struct error *why, struct error *err) MUST_CHECK;
/* The server said no: one of the two, as why says. */
int fate_refused(struct sync_account *w, const struct cache_op *ops, size_t n,
                 const struct error *why, struct error *err) MUST_CHECK;

#endif
