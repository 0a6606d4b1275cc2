/* SPDX-License-Identifier: MIT */
/* Dot-stuffing there and back, in any split; and bytes of a stranger un-stuffed. */
#include "fuzz.h"

#include "wire/reply.h"
#include "base/banned.h"

struct stream {
    struct wire_stuff stuff;
    struct wire_unstuff unstuff;
    struct buf out;
    size_t left;
    bool ended;
};

static void stuff(void *arg, struct str piece)
{
    struct stream *s = arg;
    wire_stuff_add(&s->stuff, piece, &s->out);
}

static void unstuff(void *arg, struct str piece)
{
    struct stream *s = arg;
    if (s->ended) {
        s->left += piece.n;
        return;
    }
    enum wire_result r = wire_unstuff_next(&s->unstuff, &piece, &s->out);
    s->left = piece.n;
    s->ended = r != WIRE_MORE;
    FUZZ_CHECK(s->ended || piece.n == 0);
    if (s->ended)
        buf_adds(&s->out, r == WIRE_OK ? "[ok]" : "[bad]");
}

/* Appends what came of it, and how much was left of the input. */
static void through(fuzz_piece_fn *way, bool lenient, struct str in, enum fuzz_split split,
                    struct buf *out)
{
    struct stream s = { .unstuff = { .lenient = lenient }, .out = BUF_INIT(1 << 20) };
    fuzz_feed(in, split, way, &s);
    if (way == stuff)
        wire_stuff_end(&s.stuff, &s.out);
    else
        buf_addf(&s.out, "[left %zu]", s.left);
    buf_add_str(out, buf_str(&s.out));
    buf_free(&s.out);
}

static void any_split(fuzz_piece_fn *way, bool lenient, struct str in, struct buf *out)
{
    struct buf cut = BUF_INIT(1 << 20);
    through(way, lenient, in, FUZZ_WHOLE, out);
    through(way, lenient, in, FUZZ_CUT, &cut);
    fuzz_same(buf_str(out), buf_str(&cut));
    buf_clear(&cut);
    through(way, lenient, in, FUZZ_BYTES, &cut);
    fuzz_same(buf_str(out), buf_str(&cut));
    buf_free(&cut);
}

/* The text with CRLF for every line end, what is at the end of a line included. */
static void canonical(struct str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '\r' || in.p[i] == '\n') {
            buf_adds(out, "\r\n");
            i += in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n';
        } else
            buf_addc(out, in.p[i]);
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        buf_adds(out, "\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20), c = BUF_INIT(1 << 20);
    any_split(unstuff, false, in, &a);
    any_split(unstuff, true, in, &b);
    buf_clear(&a);
    buf_clear(&b);
    any_split(stuff, false, in, &a);
    any_split(unstuff, false, buf_str(&a), &b);
    canonical(in, &c);
    buf_adds(&c, "[ok][left 0]");
    fuzz_same(buf_str(&b), buf_str(&c));
    buf_free(&a);
    buf_free(&b);
    buf_free(&c);
    return 0;
}
