/* SPDX-License-Identifier: MIT */
/* codec_line.h - the codecs that think in lines: quoted-printable both ways, uuencode in.
 * Must not know: anything but bytes; codec.h is what others include. */
#ifndef TMAIL_MIME_CODEC_LINE_H
#define TMAIL_MIME_CODEC_LINE_H

#include "mime/codec.h"
#include "mime/codec_pack.h"

struct codec_line;
struct codec_line *codec_line_new(void);
int codec_qp_decode(struct codec_line *c, struct str in, bool last, struct buf *out,
                    struct error *err) MUST_CHECK;
int codec_qp_encode(struct codec_line *c, struct str in, bool last, bool crlf, struct buf *out,
                    struct error *err) MUST_CHECK;
int codec_uu_decode(struct codec_line *c, struct str in, bool last, struct buf *out,
                    struct error *err) MUST_CHECK;
/* The name on the begin line. */
struct str codec_line_name(const struct codec_line *c);
void codec_line_free(struct codec_line **c);

/* A longer line is none of uuencode's. */
enum { CODEC_UU_LINE_MAX = 4 << 10 };

/* How one line of uuencoded data looks, for decoding and for finding. */
enum codec_uu_kind {
    CODEC_UU_DATA,      /* its length byte fits what follows, blanks cut at its end filled up */
    CODEC_UU_ZERO,      /* the line of no bytes before the end */
    CODEC_UU_END,       /* "end" */
    CODEC_UU_WRONG_END, /* "End" and the like */
    CODEC_UU_BAD        /* anything else */
};
struct codec_uu_line {
    enum codec_uu_kind kind;
    size_t bytes;   /* of the file, by its length byte */
    size_t filled;  /* characters that are missing at its end */
    bool backquote; /* '`' stands for zero in it, so that no blanks can have been cut */
};
/* Looks at a line without its end. */
struct codec_uu_line codec_uu_look(const struct codec_pack_in *t, struct str line);
/* "begin 644 name": true with the name, a view of the line. */
bool codec_uu_begin(struct str line, struct str *name);

#endif
