/* SPDX-License-Identifier: MIT */
/* store_session.h - a store of tmaild in memory, made anew for each input, for sessions on it.
 * Must not know: which protocol. */
#ifndef TMAIL_TESTS_STORE_SESSION_H
#define TMAIL_TESTS_STORE_SESSION_H

#include "server/options.h"
#include "server/store.h"

struct store_session {
    struct server_options options;
    struct store *store;
    struct desk desk;
    struct buf kept, out;
};
void store_session_start(struct store_session *s);
void store_session_stop(struct store_session *s);
/* For the setup of a session: answers go nowhere. */
int store_session_flush(void *arg, struct buf *out);

#endif
