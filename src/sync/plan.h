/* SPDX-License-Identifier: MIT */
/* plan.h - pure: which folders have to be looked at and how, and what a folder's server view and
 * store view together ask for. The server is the truth for what is where and its flags; the
 * journal was pushed before, and what it still holds is laid on top by the store.
 * Must not know: connections, the database, the clock. */
#ifndef TMAIL_SYNC_PLAN_H
#define TMAIL_SYNC_PLAN_H

#include "cache/message.h"
#include "sync/ranges.h"

enum {
    PLAN_HEADERS = 200, /* a first screen and the next few: their headers come before any body */
    PLAN_DIRECT = 40,   /* so few new messages come whole at once, without headers first */
    /* All messages of a folder are compared again after so long, whatever the server says. */
    PLAN_COMPARE_S = 3600, /* where it has no mod-sequences: some changes show nowhere */
    PLAN_COMPARE_MODSEQ_S = 7 * 86400, /* where it has: a server may be wrong */
    PLAN_COMPARE_MOST = 4              /* folders in a pass for the latter reason alone */
};

/* ------------------------------------------------------------------ which folders, and how */

/* What the server says of a folder without opening it (STATUS). has: enum imap_status_has. */
struct sync_there {
    unsigned has;
    uint64_t messages, unseen, uidnext, uidvalidity, modseq;
};
enum sync_look {
    LOOK_NONE,    /* nothing can have changed */
    LOOK_CHANGES, /* what changed since the store's mod-sequence (RFC 7162) */
    LOOK_ALL      /* the flags of all messages are compared */
};
struct sync_ask {
    bool modseq; /* the server tells changes since a mod-sequence */
    bool person; /* a person asks: what may have changed without a trace is compared */
    int offline; /* days of bodies that are wanted (config.h) */
    int64_t now_s;
};
/* f: as the store has it. *due: LOOK_ALL only because the last comparison is long ago. */
enum sync_look sync_look(const struct cache_folder *f, const struct sync_there *there,
                         const struct sync_ask *ask, bool *due);
/* True unless the numbers show that no message can have left the folder since the last look. */
bool sync_may_have_left(const struct cache_folder *f, const struct sync_there *there);
/* Uids that new messages can have, as far as they are PLAN_DIRECT at most: first..last, both 0
 * when there are none or too many, or nothing is known. */
void sync_new_uids(const struct cache_folder *f, const struct sync_there *there, uint32_t *first,
                   uint32_t *last);

/* ------------------------------------------------------------------ one folder */

/* One message as the server lists it. */
struct sync_seen {
    uint32_t uid;
    unsigned flags; /* enum cache_flag, CACHE_SERVER_FLAGS only */
    uint64_t modseq;
    struct str keywords;
};
struct sync_remote {
    uint32_t uidvalidity;
    /* Any order; of doubles the last counts, uid 0 is ignored; sorted in place. */
    struct sync_seen *rows;
    size_t n;
    /* rows are only what changed; what is in neither is as it was. gone: uids that are no longer
     * there; a row speaks against it. present: all uids that are there; NULL: not known. */
    bool partial;
    const struct ranges *gone, *present;
    uint64_t exists; /* partial: how many messages there are */
};
/* Which bodies are wanted. */
struct sync_bodies {
    uint64_t max;  /* of a message known to be larger the body stays there; 0: no limit */
    int64_t since; /* received then or later; INT64_MIN: all, INT64_MAX: none */
};
struct sync_local {
    uint32_t uidvalidity; /* 0: never seen */
    /* As cache_known gives them, ascending; those with uid 0 wait for the server and are left
     * alone. Where the view is partial: at least those that it speaks of. */
    const struct cache_known *rows;
    size_t n;
    uint64_t known; /* partial: how many the store believes to be there */
    struct sync_bodies bodies;
};

struct sync_plan {
    bool unsettle;         /* UIDVALIDITY changed: all local uids mean nothing any more */
    bool doubtful;         /* a partial view that does not add up: compare all, apply nothing */
    const uint32_t *fresh; /* newest first: the store has never heard of them */
    size_t fresh_n;
    const uint32_t *bodies; /* newest first: fresh ones, and those whose body is missing */
    size_t bodies_n;
    const uint32_t *gone; /* ascending */
    size_t gone_n;
    const struct sync_seen *reflag; /* ascending; strings as in remote */
    size_t reflag_n;
};
/* Result lives in a. */
const struct sync_plan *sync_plan(struct arena *a, const struct sync_remote *remote,
                                  const struct sync_local *local);
/* Those of uids (newest first) that known (ascending) does not have. In place; how many there are. */
size_t sync_unknown(uint32_t *uids, size_t n, const struct cache_known *known, size_t known_n);
/* Those of uids (newest first) whose bodies are wanted, now that known says more of them (ascending).
 * unknown: what it does not have is wanted too. In place; how many there are. */
size_t sync_wanted(uint32_t *uids, size_t n, const struct cache_known *known, size_t known_n,
                   const struct sync_bodies *bodies, bool unknown);

#endif
