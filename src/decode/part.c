/* SPDX-License-Identifier: MIT */
#include "decode/part.h"

#include "mime/codec.h"
#include "base/banned.h"

enum { CHUNK = 64 << 10 };

struct piece {
    struct buf read, decoded;
    struct codec *codec; /* NULL: as it is */
    int damaged;
    int (*sink)(void *arg, struct str bytes, struct error *err);
    void *arg;
};

static int piece_give(struct piece *p, struct str in, bool last, struct error *err)
{
    if (p->codec == NULL)
        return in.n > 0 ? p->sink(p->arg, in, err) : 0;
    buf_clear(&p->decoded);
    int rc = codec_decode(p->codec, in, last, &p->decoded, err);
    if (rc < 0)
        return -1;
    p->damaged |= rc;
    return p->decoded.len > 0 ? p->sink(p->arg, buf_str(&p->decoded), err) : 0;
}

/* The next bytes of the part, a view; empty at the message's end. */
static int piece_read(struct piece *p, struct decode_src raw, uint64_t offset, uint64_t left,
                      struct str *out, struct error *err)
{
    size_t want = left < CHUNK ? (size_t)left : CHUNK;
    if (raw.read == NULL) {
        *out = str_head(str_skip(raw.bytes, offset < SIZE_MAX ? (size_t)offset : SIZE_MAX), want);
        return 0;
    }
    buf_clear(&p->read);
    if (raw.read(raw.arg, offset, want, &p->read, err) != 0)
        return -1;
    *out = str_head(buf_str(&p->read), want);
    return 0;
}

int decode_part_bytes(struct decode_src raw, const struct mime_part_info *info,
                      int (*sink)(void *arg, struct str bytes, struct error *err), void *arg,
                      struct error *err)
{
    struct piece p = { .sink = sink, .arg = arg, .codec = codec_of_part(info->encoding) };
    uint64_t at = 0;
    int rc = 0;
    buf_init(&p.read, (size_t)CHUNK * 2);
    buf_init(&p.decoded, (size_t)CHUNK * 2);
    while (rc == 0 && at < info->length) {
        struct str in = { NULL, 0 };
        rc = piece_read(&p, raw, info->offset + at, info->length - at, &in, err);
        if (rc == 0 && in.n == 0) {
            p.damaged = 1; /* the message ends before its part does */
            break;
        }
        at += in.n;
        if (rc == 0)
            rc = piece_give(&p, in, false, err);
    }
    if (rc == 0)
        rc = piece_give(&p, (struct str){ "", 0 }, true, err);
    codec_free(&p.codec);
    buf_free(&p.read);
    buf_free(&p.decoded);
    /* what a line lacks may look like blanks that were cut: who saw all of them knows better */
    return rc != 0 ? rc : p.damaged | ((info->flags & MIME_PART_DAMAGED) != 0);
}
