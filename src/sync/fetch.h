/* SPDX-License-Identifier: MIT */
/* fetch.h - one window of messages: from the connection through the decoder to the commit thread, as the bytes pass.
 * Must not know: which messages are wanted and why.*/
#ifndef TMAIL_SYNC_FETCH_H
#define TMAIL_SYNC_FETCH_H

#include "sync/account.h"

enum { FETCH_HEADER_MAX = 1 << 20 };

enum fetch_what { FETCH_WHOLE, FETCH_HEADERS_ONLY };
struct fetch_window {
    int64_t folder;
    const uint32_t *uids; /* any order */
    size_t n;
    enum fetch_what what;
};
/* Fetches them from the mailbox that is open. What the server does not have any more just does not come. *got counts what came. 0 means
 * handed to the commit thread, not yet in the store. */
int fetch_run(struct sync_account *w, const struct fetch_window *window, size_t *got,
              struct error *err) MUST_CHECK;

#endif
