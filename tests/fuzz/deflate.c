/* SPDX-License-Identifier: MIT */
/* What a server sends as deflate: the same however it is cut, never more than the limits allow; and what we deflate
 * comes back as it was. */
#include "fuzz.h"

#include "net/deflate.h"
#include "base/banned.h"

enum { FREE = 100000, RATIO = 20, OUT_MAX = 8 << 20 };

static const struct deflate_options options = {
    .window_bits = 15, .memory = 8, .free = FREE, .ratio = RATIO
};

struct reader {
    struct deflater *deflater;
    struct buf *out;
    size_t came;
    bool bad;
};

static void feed(void *arg, struct str piece)
{
    struct reader *r = arg;
    while (!r->bad && (piece.n > 0 || deflater_full(r->deflater))) {
        size_t before = piece.n, made = r->out->len;
        r->bad = deflater_read(r->deflater, &piece, r->out) < 0;
        r->came += before - piece.n;
        FUZZ_CHECK(r->out->len - made <= DEFLATE_STEP);
        FUZZ_CHECK(r->bad || before > piece.n || r->out->len > made || !deflater_full(r->deflater));
    }
    FUZZ_CHECK(r->out->len <= FREE + DEFLATE_STEP ||
               r->out->len <= (RATIO + 1) * r->came + DEFLATE_STEP);
}

static bool inflated(struct str in, enum fuzz_split split, struct buf *out)
{
    struct error err;
    struct reader r = { .deflater = deflater_new(&options, &err), .out = out };
    fuzz_feed(in, split, feed, &r);
    deflater_free(&r.deflater);
    return !r.bad;
}

/* Whatever is deflated can be read to its last byte once it was flushed. */
static void round_trip(struct str in)
{
    struct buf packed = BUF_INIT(OUT_MAX), out = BUF_INIT(OUT_MAX);
    struct error err;
    struct deflater *d = deflater_new(&options, &err);
    struct str left = in;
    do
        FUZZ_CHECK(deflater_write(d, &left, true, &packed) == 0);
    while (left.n > 0);
    deflater_free(&d);
    if (inflated(buf_str(&packed), FUZZ_CUT, &out))
        fuzz_same(buf_str(&out), in);
    else
        FUZZ_CHECK(in.n > FREE);
    buf_free(&packed);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf whole = BUF_INIT(OUT_MAX), cut = BUF_INIT(OUT_MAX);
    round_trip(in);
    bool good = inflated(in, FUZZ_WHOLE, &whole);
    if (good == inflated(in, FUZZ_BYTES, &cut) && good)
        fuzz_same(buf_str(&whole), buf_str(&cut));
    buf_clear(&cut);
    if (good == inflated(in, FUZZ_CUT, &cut) && good)
        fuzz_same(buf_str(&whole), buf_str(&cut));
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
