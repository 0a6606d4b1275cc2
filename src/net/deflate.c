/* SPDX-License-Identifier: MIT */
#include "net/deflate.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { WINDOW_IN = -15 }; /* raw, up to 32 kB: the other side chooses */

struct deflater {
    z_stream in, out;
    uint64_t free, ratio;
    uint64_t came, made; /* bytes, ever */
    bool full;
};

struct deflater *deflater_new(const struct deflate_options *o, struct error *err)
{
    struct deflater *d = xcalloc(1, sizeof *d);
    d->free = o->free;
    d->ratio = o->ratio;
    if (inflateInit2(&d->in, WINDOW_IN) == Z_OK &&
        deflateInit2(&d->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -o->window_bits, o->memory,
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return d;
    deflater_free(&d);
    (void)error_set(err, ERR_SYS, RETRY_LATER, _("cannot begin to compress"));
    return NULL;
}

void deflater_free(struct deflater **d)
{
    if (*d == NULL)
        return;
    inflateEnd(&(*d)->in);
    deflateEnd(&(*d)->out);
    free(*d);
    *d = NULL;
}

bool deflater_full(const struct deflater *d)
{
    return d->full;
}

int deflater_read(struct deflater *d, struct str *in, struct buf *out)
{
    struct str piece = str_head(*in, DEFLATE_PIECE);
    char *room = buf_room(out, DEFLATE_STEP);
    if (room == NULL)
        return -1;
    d->in.next_in = (const Bytef *)piece.p;
    d->in.avail_in = (uInt)piece.n;
    d->in.next_out = (Bytef *)room;
    d->in.avail_out = DEFLATE_STEP;
    int rc = inflate(&d->in, Z_SYNC_FLUSH);
    size_t made = DEFLATE_STEP - d->in.avail_out, came = piece.n - d->in.avail_in;
    *in = str_skip(*in, came);
    buf_grown(out, made);
    d->full = d->in.avail_out == 0;
    d->came += came;
    d->made += made;
    if (d->made > d->free && d->made / d->ratio > d->came)
        return -1;
    return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}

int deflater_write(struct deflater *d, struct str *in, bool flush, struct buf *out)
{
    struct str piece = str_head(*in, DEFLATE_PIECE);
    *in = str_skip(*in, piece.n);
    d->out.next_in = (const Bytef *)piece.p;
    d->out.avail_in = (uInt)piece.n;
    do {
        char *room = buf_room(out, DEFLATE_STEP);
        if (room == NULL)
            return -1;
        d->out.next_out = (Bytef *)room;
        d->out.avail_out = DEFLATE_STEP;
        if (deflate(&d->out, flush && in->n == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH) == Z_STREAM_ERROR)
            return -1;
        buf_grown(out, DEFLATE_STEP - d->out.avail_out);
    } while (d->out.avail_out == 0);
    return 0;
}
