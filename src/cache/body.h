/* SPDX-License-Identifier: MIT */
/* body.h - the bytes of messages: independent zstd frames of 256 kB, a row each, so that a part
 * is read without the rest and a literal streams in. Equal bytes are stored once (SHA-256).
 * Must not know: what the bytes mean. */
#ifndef TMAIL_CACHE_BODY_H
#define TMAIL_CACHE_BODY_H

#include "cache/db.h"

enum {
    CACHE_FRAME = 256 << 10,    /* bytes of a message in one frame */
    CACHE_FRAMES_MAX = 1 << 20, /* frames of one body */
    CACHE_IDENTITY = 32
};

struct cache_body;
/* Starts one; several may be under way on one handle. Frames are written as they fill, in the
 * transaction that is open or in one of their own. */
struct cache_body *cache_body_create(struct cache *c, struct error *err);
int cache_body_append(struct cache_body *b, struct str bytes, struct error *err) MUST_CHECK;
/* No more bytes will come: what takes time is done here, outside of a transaction. */
int cache_body_seal(struct cache_body *b, struct error *err) MUST_CHECK;
/* Ends it, sealed or not: its number, its identity, and 1 in *known if the store had these bytes (then that
 * number). A body that no message and no outbox entry takes over is swept a day later. Takes *b
 * also on failure. */
int cache_body_finish(struct cache_body **b, int64_t *body, unsigned char identity[CACHE_IDENTITY],
                      int *known, struct error *err) MUST_CHECK;
/* Gives up; what was written is swept a day later. */
void cache_body_drop(struct cache_body **b);
/* Appends up to n bytes from offset of a message's body; fewer at its end. ERR_NOINPUT when the
 * body is not here. */
int cache_body_read(struct cache *c, int64_t message, uint64_t offset, size_t n, struct buf *out,
                    struct error *err) MUST_CHECK;
/* The same by the body's own number: outbox and drafts. */
int cache_body_read_id(struct cache *c, int64_t body, uint64_t offset, size_t n, struct buf *out,
                       struct error *err) MUST_CHECK;
/* Bytes of a body. 1: none. */
int cache_body_size(struct cache *c, int64_t body, uint64_t *size, struct error *err) MUST_CHECK;

/* Inside of src/cache: a message or an outbox entry now has the body. 1: it is gone (fetch or build
 * it again). */
int body_hold(struct cache *c, int64_t body, struct error *err) MUST_CHECK;

#endif
