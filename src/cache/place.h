/* SPDX-License-Identifier: MIT */
/* place.h - inside of src/cache only: placements and ghosts. A ghost is a placement that the
 * person moved or expunged here while the server still has it: no list shows it, the plan of the
 * sync knows it, and it belongs to the operation that will end it. All run in the caller's
 * transaction.
 * Must not know: what the operations do. */
#ifndef TMAIL_CACHE_PLACE_H
#define TMAIL_CACHE_PLACE_H

#include "cache/message.h"

/* One placement or ghost as it stands; strings live in the arena given. */
struct place {
    int64_t folder, message;
    uint32_t uid;
    unsigned flags, server_flags;
    uint64_t modseq;
    struct str keywords; /* the server's */
    struct str tags;     /* those that are shown: with the journal laid on top */
};

/* 1: none. */
int place_get(struct cache *c, struct arena *a, int64_t folder, int64_t message, struct place *out,
              struct error *err) MUST_CHECK;
int place_insert(struct cache *c, const struct place *p, struct error *err) MUST_CHECK;
int place_delete(struct cache *c, int64_t folder, int64_t message, struct error *err) MUST_CHECK;
/* flags and tags: the server's with the open flag operations laid on top. */
int place_relay(struct cache *c, int64_t folder, int64_t message, struct error *err) MUST_CHECK;
/* What relay would give for server flags, from operations older than before only. */
int place_lay(struct cache *c, int64_t folder, int64_t message, int64_t before, unsigned server,
              unsigned *flags, struct error *err) MUST_CHECK;

/* The same for keywords: base with what is older than before laid on top. */
int place_lay_words(struct cache *c, int64_t folder, int64_t message, int64_t before,
                    struct str base, struct buf *out, struct error *err) MUST_CHECK;

int ghost_insert(struct cache *c, int64_t op, const struct place *p, struct error *err) MUST_CHECK;
/* 1: none. */
int ghost_get(struct cache *c, struct arena *a, int64_t op, struct place *out,
              struct error *err) MUST_CHECK;
int ghost_delete(struct cache *c, int64_t op, struct error *err) MUST_CHECK;
/* The ghost becomes a placement again; a pending one of the message in that folder takes over its
 * uid and flags. */
int ghost_restore(struct cache *c, int64_t op, struct error *err) MUST_CHECK;

#endif
