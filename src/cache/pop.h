/* SPDX-License-Identifier: MIT */
/* pop.h - what a POP3 account has fetched: one row for each unique-id that lies on the server,
 * so that a message comes in once, and goes there only when it is safe here. Rows stay when the
 * person removes the message here, until the server no longer lists them.
 * Must not know: the protocol. */
#ifndef TMAIL_CACHE_POP_H
#define TMAIL_CACHE_POP_H

#include "cache/message.h"

struct cache_pop {
    struct str uid;
    int64_t message;    /* 0: the person has removed it here */
    int64_t fetched_at; /* seconds: when it was safe here */
    bool deleting;      /* DELE was about to be sent: what follows may be lost in a break */
};
/* Puts the message with its body (as commit does), its placement in folder with the next local uid,
 * and the row, in one transaction; durable as the caller's transaction says. */
int cache_pop_put(struct cache *c, int64_t account, const struct cache_pop *row,
                  struct error *err) MUST_CHECK;
/* All rows of the account, by uid. */
int cache_pop_all(struct cache *c, struct arena *a, int64_t account, struct cache_pop **out,
                  size_t *n, struct error *err) MUST_CHECK;
/* The server does not list it any more. */
int cache_pop_forget(struct cache *c, int64_t account, const struct str *uids, size_t n,
                     struct error *err) MUST_CHECK;
/* Makes durable all that came before (one fsync): what is fetched may be deleted there after 0. */
int cache_pop_safe(struct cache *c, struct error *err) MUST_CHECK;

#endif
