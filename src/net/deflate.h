/* SPDX-License-Identifier: MIT */
/* deflate.h - bytes of a connection as raw deflate in both directions (RFC 4978, RFC 1951), for
 * client and server. What comes is inflated in bounded steps; a stream that grows out of all
 * measure is refused.
 * Must not know: sockets, who asked for it. */
#ifndef TMAIL_NET_DEFLATE_H
#define TMAIL_NET_DEFLATE_H

#include "base/buf.h"

enum {
    DEFLATE_STEP = 16 << 10, /* inflated at a time */
    DEFLATE_PIECE = 64 << 10 /* deflated at a time, so that what waits is bounded */
};

struct deflate_options {
    int window_bits, memory; /* of what we deflate: 9 to 15, 1 to 9 */
    /* Above free bytes, more than ratio times what came is a bomb. Deflate itself can do 1,032. */
    uint64_t free, ratio;
};
struct deflater;
/* NULL with ERR_SYS where memory is short. */
struct deflater *deflater_new(const struct deflate_options *o, struct error *err);
void deflater_free(struct deflater **d);

/* One step: takes from *in, appends up to DEFLATE_STEP bytes to out. 0; -1 for what is not deflate,
 * for its end (nothing may follow in this stream), for a bomb, or when out is full. */
int deflater_read(struct deflater *d, struct str *in, struct buf *out) MUST_CHECK;
/* True if deflater_read may have more without more input. */
bool deflater_full(const struct deflater *d);
/* Takes up to DEFLATE_PIECE bytes from *in and appends them deflated to out; with flush, and when
 * *in is then empty, so that the other side can read all of it (Z_SYNC_FLUSH). -1 when out is
 * full. */
int deflater_write(struct deflater *d, struct str *in, bool flush, struct buf *out) MUST_CHECK;

#endif
