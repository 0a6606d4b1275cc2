/* SPDX-License-Identifier: MIT */
/* head.h - pure: what a message is known by until its body is here: SHA-256 of its header block,
 * the empty line included, and of its size as decimal digits (DESIGN §5). The same from
 * BODY[HEADER] and from the whole message as it streams by.
 * Must not know: the store. */
#ifndef TMAIL_SYNC_HEAD_H
#define TMAIL_SYNC_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* SHA-256 of bytes that come in pieces. */
struct hash;
struct hash *hash_new(void);
void hash_add(struct hash *h, struct str bytes);
/* Ends it and frees it. */
void hash_end(struct hash **h, unsigned char out[32]);

struct head {
    struct hash *hash;
    uint64_t size; /* of all bytes */
    unsigned state;
};
void head_init(struct head *h);
/* The next bytes of the message; those behind the header block are only counted. */
void head_add(struct head *h, struct str bytes);
/* size 0: that of the bytes that came. */
void head_end(struct head *h, uint64_t size, unsigned char out[32]);
void head_drop(struct head *h);

#endif
