/* SPDX-License-Identifier: MIT */
/* Autoconfig documents: whatever is read of one can go over the pipe and comes out the same. */
#include "fuzz.h"

#include "decode/proto.h"
#include "decode/servers.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4096);
    struct decode_servers s, again;
    struct buf one = BUF_INIT(1 << 22), two = BUF_INIT(1 << 22);
    struct error err;
    if (servers_read(a, (struct str){ (const char *)data, size }, &s) == 0) {
        FUZZ_CHECK(s.n <= DECODE_SERVERS_MAX && str_is_line(s.name));
        proto_servers_put(&one, &s);
        FUZZ_CHECK(proto_servers_get(a, buf_str(&one), &again, &err) == 0);
        proto_servers_put(&two, &again);
        fuzz_same(buf_str(&one), buf_str(&two));
    }
    arena_free(&a);
    buf_free(&one);
    buf_free(&two);
    return 0;
}
