/* SPDX-License-Identifier: MIT */
/* spoolwatch.h - a thread that is told by the system (inotify) when something changes in the folders
 * of a local account, and wakes the worker. Where the system cannot (its limit is reached, a network
 * file system) the worker looks at its interval.
 * Must not know: the store, what has changed. */
#ifndef TMAIL_SYNC_SPOOLWATCH_H
#define TMAIL_SYNC_SPOOLWATCH_H

#include "base/log.h"
#include "base/queue.h"
#include "config/config.h"
#include "sync/spoolkind.h"

struct spoolwatch;
/* What changes from now on is noticed. Keeps all; puts WANT_INBOX into wants. NULL on failure. */
struct spoolwatch *spoolwatch_start(const struct spool_kind *kind, const struct config_account *cfg,
                                    struct queue *wants, struct log *log, struct error *err);
/* Ends it within moments. */
void spoolwatch_free(struct spoolwatch **w);

#endif
