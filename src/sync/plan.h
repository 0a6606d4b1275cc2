/* SPDX-License-Identifier: MIT */
/* plan.h - pure: what a folder's server view and store view together ask for. The server is the
 * truth for what is where and its flags; the journal was pushed before, and what it still holds
 * is laid on top by the store. Without CONDSTORE the flags of all messages are compared.
 * Must not know: connections, the database, time. */
#ifndef TMAIL_SYNC_PLAN_H
#define TMAIL_SYNC_PLAN_H

#include "cache/message.h"

enum {
    PLAN_HEADERS = 200, /* a first screen and the next few: their headers come before any body */
    PLAN_DIRECT = 40    /* so few new messages come whole at once, without headers first */
};

/* One message as the server lists it. */
struct sync_seen {
    uint32_t uid;
    unsigned flags; /* enum cache_flag, CACHE_SERVER_FLAGS only */
};
/* rows: any order, doubles and uid 0 are ignored; sorted in place. */
struct sync_remote {
    uint32_t uidvalidity;
    struct sync_seen *rows;
    size_t n;
};
/* rows: as cache_known gives them, ascending; those with uid 0 wait for the server and are left
 * alone. */
struct sync_local {
    uint32_t uidvalidity; /* 0: never seen */
    const struct cache_known *rows;
    size_t n;
    uint64_t body_max; /* the body of a message known to be larger stays there; 0: no limit */
};

struct sync_plan {
    bool unsettle;           /* UIDVALIDITY changed: all local uids mean nothing any more */
    const uint32_t *headers; /* newest first: headers ahead of the bodies */
    size_t headers_n;
    const uint32_t *bodies; /* newest first: whole messages, those of headers among them */
    size_t bodies_n;
    size_t fresh_n;       /* bodies that the store has never heard of: new mail */
    const uint32_t *gone; /* ascending */
    size_t gone_n;
    const struct sync_seen *reflag; /* ascending */
    size_t reflag_n;
};

/* Result lives in a. */
const struct sync_plan *sync_plan(struct arena *a, const struct sync_remote *remote,
                                  const struct sync_local *local);

#endif
