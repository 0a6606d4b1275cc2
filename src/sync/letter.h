/* SPDX-License-Identifier: MIT */
/* letter.h - a message of the store on its way up to a server by APPEND: what has to be known of it
 * before, and its bytes.
 * Must not know: where it goes, and how it ends. */
#ifndef TMAIL_SYNC_LETTER_H
#define TMAIL_SYNC_LETTER_H

#include "cache/body.h"
#include "cache/message.h"

struct letter {
    struct cache *cache; /* kept */
    int64_t message;
    uint64_t size;
    unsigned char head[CACHE_IDENTITY]; /* head.h */
    bool utf8;                          /* its header has 8-bit characters */
};
/* Reads it through once. */
int letter_read(struct letter *l, struct cache *c, int64_t message, struct error *err) MUST_CHECK;
/* Of imap_upload: arg is the letter. */
int letter_bytes(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);

#endif
