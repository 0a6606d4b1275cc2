/* SPDX-License-Identifier: MIT */
/* What the decoder answers, as its client reads it: a worker that a message took over may say
 * anything. */
#include "fuzz.h"

#include "decode/proto.h"
#include "base/banned.h"

static void text(struct str in)
{
    struct arena *a = arena_new(4096);
    struct decode_text t, again;
    struct buf one = BUF_INIT(1 << 24), two = BUF_INIT(1 << 24);
    struct error err;
    if (proto_text_get(a, in, &t, &err) == 0) {
        for (size_t i = 0; i < t.spans_n; i++)
            FUZZ_CHECK(t.spans[i].start + t.spans[i].length <= t.text.n);
        proto_text_put(&one, &t);
        FUZZ_CHECK(proto_text_get(a, buf_str(&one), &again, &err) == 0);
        proto_text_put(&two, &again);
        fuzz_same(buf_str(&one), buf_str(&two));
    }
    arena_free(&a);
    buf_free(&one);
    buf_free(&two);
}

static void servers(struct str in)
{
    struct arena *a = arena_new(4096);
    struct decode_servers s;
    struct buf out = BUF_INIT(1 << 24);
    struct error err;
    if (proto_servers_get(a, in, &s, &err) == 0) {
        for (size_t i = 0; i < s.n; i++)
            FUZZ_CHECK(s.servers[i].port > 0 && str_is_line(s.servers[i].host));
        proto_servers_put(&out, &s);
        FUZZ_CHECK(out.len == in.n); /* flags of any value but 0 are written as 1 */
    }
    arena_free(&a);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size }, rest = in, payload;
    struct proto_text_ask ask;
    struct buf out = BUF_INIT(1 << 20);
    unsigned kind;
    while (proto_frame(&rest, PROTO_ANSWER_MAX, &kind, &payload) == 0)
        text(payload);
    text(in);
    servers(in);
    if (proto_text_ask_get(in, &ask) == 0) {
        proto_text_ask_put(&out, &ask);
        fuzz_same(buf_str(&out), in);
    }
    buf_free(&out);
    return 0;
}
