/* SPDX-License-Identifier: MIT */
#include "mime/codec.h"

#include <stdlib.h>

#include "mime/codec_line.h"
#include "mime/codec_pack.h"
#include "base/banned.h"

struct codec {
    enum codec_kind kind;
    char *name;
    struct codec_pack *pack; /* base64, and encoding of uuencode */
    struct codec_line *line; /* decoding of uuencode, and quoted-printable */
};

struct codec *codec_new(enum codec_kind kind, const char *name)
{
    struct codec *c = xcalloc(1, sizeof *c);
    c->kind = kind;
    c->name = name != NULL ? xstrdup(name) : NULL;
    return c;
}

int codec_decode(struct codec *c, struct str in, bool last, struct buf *out, struct error *err)
{
    if (c->kind == CODEC_BASE64) {
        if (c->pack == NULL)
            c->pack = codec_pack_new(CODEC_BASE64, NULL);
        return codec_pack_decode(c->pack, in, last, out, err);
    }
    if (c->line == NULL)
        c->line = codec_line_new();
    return c->kind == CODEC_QP ? codec_qp_decode(c->line, in, last, out, err)
                               : codec_uu_decode(c->line, in, last, out, err);
}

int codec_encode(struct codec *c, struct str in, bool last, bool crlf, struct buf *out,
                 struct error *err)
{
    if (c->kind == CODEC_QP) {
        if (c->line == NULL)
            c->line = codec_line_new();
        return codec_qp_encode(c->line, in, last, crlf, out, err);
    }
    if (c->pack == NULL)
        c->pack = codec_pack_new(c->kind, c->name);
    return codec_pack_encode(c->pack, in, last, crlf, out, err);
}

struct str codec_uu_name(const struct codec *c)
{
    return c->line != NULL ? codec_line_name(c->line) : str_c("");
}

void codec_free(struct codec **c)
{
    if (*c == NULL)
        return;
    codec_pack_free(&(*c)->pack);
    codec_line_free(&(*c)->line);
    free((*c)->name);
    free(*c);
    *c = NULL;
}

struct codec *codec_of_part(enum mime_encoding encoding)
{
    switch (encoding) {
    case MIME_BASE64:
        return codec_new(CODEC_BASE64, NULL);
    case MIME_QP:
        return codec_new(CODEC_QP, NULL);
    case MIME_UUENCODE:
        return codec_new(CODEC_UU, NULL);
    case MIME_7BIT:
    case MIME_8BIT:
    case MIME_BINARY:
        break;
    }
    return NULL;
}
