/* SPDX-License-Identifier: MIT */
/* codec_pack.h - three bytes as four characters of an alphabet of 64, fast: base64 both ways,
 * uuencode out, and the kernel that uuencode in uses.
 * Must not know: anything but bytes; codec.h is what others include. */
#ifndef TMAIL_MIME_CODEC_PACK_H
#define TMAIL_MIME_CODEC_PACK_H

#include "mime/codec.h"

/* For each byte its six bits at each of the four places of a group; CODEC_PACK_BAD where the byte
 * has none. */
struct codec_pack_in {
    uint32_t place[4][256];
};
enum { CODEC_PACK_BAD = 1 << 24 };

/* Fills the table for base64 or uuencode (where blank and '`' are both zero). */
void codec_pack_in_init(struct codec_pack_in *t, enum codec_kind kind);
/* Decodes groups of four until one holds another character; *out needs one byte more than it gets.
 * Returns groups done. */
size_t codec_pack_groups(const struct codec_pack_in *t, const unsigned char *in, size_t groups,
                         unsigned char *out);

struct codec_pack;
struct codec_pack *codec_pack_new(enum codec_kind kind, const char *name);
int codec_pack_decode(struct codec_pack *c, struct str in, bool last, struct buf *out,
                      struct error *err) MUST_CHECK;
int codec_pack_encode(struct codec_pack *c, struct str in, bool last, bool crlf, struct buf *out,
                      struct error *err) MUST_CHECK;
void codec_pack_free(struct codec_pack **c);

#endif
