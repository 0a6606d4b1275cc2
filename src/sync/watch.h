/* SPDX-License-Identifier: MIT */
/* watch.h - a thread with a connection of its own on which the server says what happens, and which
 * wakes the worker: in all folders by NOTIFY (RFC 5465), else in the INBOX by IDLE (RFC 2177).
 * Must not know: the store. */
#ifndef TMAIL_SYNC_WATCH_H
#define TMAIL_SYNC_WATCH_H

#include "base/log.h"
#include "base/queue.h"
#include "config/config.h"
#include "net/cancel.h"

struct watch;
/* Copies the password, keeps cfg and store (signin.h); puts WANT_INBOX and WANT_NEWS into wants, and WANT_UNWATCH when the server
 * refused it for good, the last that it does. NULL on failure. */
struct watch *watch_start(const struct config_account *cfg, const char *store, struct str password,
                          struct queue *wants, struct log *log, struct error *err);
/* What worker_network says, for its connection. NULL is fine. */
void watch_network(struct watch *w, enum net_change what);
/* Ends it within moments. */
void watch_free(struct watch **w);

#endif
