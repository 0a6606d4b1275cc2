/* SPDX-License-Identifier: MIT */
/* Replies of an SMTP server: the same in any split, and what is written reads back. */
#include "fuzz.h"

#include <stdlib.h>

#include "wire/reply.h"
#include "base/banned.h"

struct reader {
    struct buf kept, out;
    bool broken;
};

static void feed(void *arg, struct str piece)
{
    struct reader *r = arg;
    struct wire_reply reply;
    buf_add_str(&r->kept, piece);
    struct str in = buf_str(&r->kept);
    enum wire_result rc = WIRE_MORE;
    while (!r->broken && (rc = wire_reply_next(&in, &reply)) == WIRE_OK) {
        FUZZ_CHECK(reply.code >= 200 && reply.code <= 599);
        FUZZ_CHECK(reply.enhanced[0] == 0 || reply.enhanced[0] == reply.code / 100);
        buf_addf(&r->out, "%u %u.%u.%u %d ", reply.code, reply.enhanced[0], reply.enhanced[1],
                 reply.enhanced[2], reply.last);
        buf_add_str(&r->out, reply.text);
        buf_addc(&r->out, '\n');
    }
    if (rc == WIRE_BAD && !r->broken) {
        buf_adds(&r->out, "bad\n");
        r->broken = true; /* nobody reads on behind a bad line */
    }
    buf_consume(&r->kept, r->kept.len - in.n);
}

static void read_all(struct str in, enum fuzz_split split, struct buf *out)
{
    struct reader r = { .kept = BUF_INIT(1 << 20), .out = BUF_INIT(1 << 20) };
    fuzz_feed(in, split, feed, &r);
    buf_add_str(out, buf_str(&r.out));
    buf_free(&r.kept);
    buf_free(&r.out);
}

static void written(struct str text)
{
    struct buf out = BUF_INIT(1 << 12);
    struct wire_reply reply;
    char *c = fuzz_copy(text);
    wire_reply_put(&out, 250, "2.1.0", true, c);
    struct str in = buf_str(&out);
    FUZZ_CHECK(wire_reply_next(&in, &reply) == WIRE_OK && in.n == 0);
    FUZZ_CHECK(reply.code == 250 && reply.enhanced[1] == 1 && reply.last);
    buf_free(&out);
    free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf whole = BUF_INIT(1 << 20), cut = BUF_INIT(1 << 20);
    read_all(in, FUZZ_WHOLE, &whole);
    read_all(in, FUZZ_CUT, &cut);
    fuzz_same(buf_str(&whole), buf_str(&cut));
    written(in);
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
