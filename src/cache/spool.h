/* SPDX-License-Identifier: MIT */
/* spool.h - the messages of a local account's folder (a Maildir, an mbox file): a row for each
 * joins the name that it has there, which no program changes, with the uid that it has here. The
 * row is made before the message comes in, so that what is broken off is read once more under the
 * same uid, and nothing is doubled.
 * Must not know: files. */
#ifndef TMAIL_CACHE_SPOOL_H
#define TMAIL_CACHE_SPOOL_H

#include "cache/message.h"

struct cache_spool {
    struct str name;  /* unique in the folder */
    struct str place; /* where it was seen last and with which flags; empty: not here yet */
    uint32_t uid;
};
/* All rows of the folder, in the order of their names' bytes; strings live in a. */
int cache_spool_all(struct cache *c, struct arena *a, int64_t folder, struct cache_spool **out,
                    size_t *n, struct error *err) MUST_CHECK;
/* One row. 1: none. */
int cache_spool_by_uid(struct cache *c, struct arena *a, int64_t folder, uint32_t uid,
                       struct cache_spool *out, struct error *err) MUST_CHECK;
/* Makes rows for new names, with the next local uids and without a place. */
int cache_spool_new(struct cache *c, int64_t folder, struct cache_spool *rows, size_t n,
                    struct error *err) MUST_CHECK;
/* Those whose message has come in get their place. */
int cache_spool_here(struct cache *c, int64_t folder, const struct cache_spool *rows, size_t n,
                     struct error *err) MUST_CHECK;
/* Another place, or a row that a message made here gets; that of the same name keeps its uid, which
 * *uid becomes (0: the next one). */
int cache_spool_put(struct cache *c, int64_t folder, struct str name, struct str place,
                    uint32_t *uid, struct error *err) MUST_CHECK;
int cache_spool_forget(struct cache *c, int64_t folder, uint32_t uid, struct error *err) MUST_CHECK;
/* They lie there no more: cache_place_left, and the rows go. since: seconds. */
int cache_spool_gone(struct cache *c, int64_t folder, const uint32_t *uids, size_t n, int64_t since,
                     struct error *err) MUST_CHECK;
/* The folder was looked at; print says what it was like, 0: nothing is known. */
int cache_spool_seen(struct cache *c, int64_t folder, uint64_t print, int64_t now,
                     struct error *err) MUST_CHECK;

#endif
