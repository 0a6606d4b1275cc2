/* SPDX-License-Identifier: MIT */
/* codec.h - streaming base64, quoted-printable and uuencode, both ways, any chunk size.
 * Must not know: where the bytes come from. */
#ifndef TMAIL_MIME_CODEC_H
#define TMAIL_MIME_CODEC_H

#include "mime/summary.h"

enum codec_kind { CODEC_BASE64, CODEC_QP, CODEC_UU };

/* Input that is handled in one go; out should have room for twice as much beyond what it is to
 * hold. */
enum { CODEC_BLOCK = 16 << 10 };

struct codec;
/* For uuencode: encode writes the begin line (mode 644, name) and the end; decode finds begin by
 * itself. name may be NULL. A codec goes one way only. */
struct codec *codec_new(enum codec_kind kind, const char *name);
/* What decodes a part of that encoding; NULL where its bytes are the content as they are. */
struct codec *codec_of_part(enum mime_encoding encoding);
/* Bytes of a codec, any chunk size; out grows to its ceiling. last ends the data. 0; 1 if the data
 * so far were damaged but went on (junk skipped, padding or end missing); -1 with ERR_LIMIT, or
 * with ERR_PARSE where uuencoded data never began. */
int codec_decode(struct codec *c, struct str in, bool last, struct buf *out,
                 struct error *err) MUST_CHECK;
/* Encoded lines end in LF (crlf false) or CRLF: 76 characters of base64, at most 76 of
 * quoted-printable, 45 bytes of uuencode. Quoted-printable takes its input as text: LF and CRLF
 * both end a line. */
int codec_encode(struct codec *c, struct str in, bool last, bool crlf, struct buf *out,
                 struct error *err) MUST_CHECK;
/* uuencode decoding: the name on the begin line, borrowed; empty before it was seen. */
struct str codec_uu_name(const struct codec *c);
void codec_free(struct codec **c);

#endif
