/* SPDX-License-Identifier: MIT */
/* Address lists: what is read and shown reads as the same addresses. */
#include "fuzz.h"

#include <stdlib.h>

#include "mime/addr.h"
#include "base/banned.h"

static void show_all(const struct mime_addr *addrs, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        bool sep = i > 0 && !addrs[i].group_end && !addrs[i - 1].group_start;
        buf_adds(out, sep ? ", " : i > 0 ? " " : "");
        mime_addr_show(&addrs[i], out);
    }
}

/* Typed by a person: what passes is one address that can be written and read. */
static void typed(struct arena *a, struct str in)
{
    struct mime_addr one, again;
    struct error err;
    struct buf out = BUF_INIT(1 << 20);
    if (mime_addr_one(a, in, STR("example.org"), &one, &err) == 0) {
        FUZZ_CHECK(one.local.n > 0 && one.local.n <= 64 && one.domain.n > 0 && one.domain.n <= 255);
        FUZZ_CHECK(str_is_line(one.local) && str_is_line(one.domain) && str_is_line(one.name));
        mime_addr_show(&one, &out);
        FUZZ_CHECK(mime_addr_one(a, buf_str(&out), STR(""), &again, &err) == 0);
        FUZZ_CHECK(mime_addr_same(&one, &again));
        fuzz_same(one.name, again.name);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct arena *a = arena_new(4096);
    struct mime_addr *one = xcalloc(MIME_ADDR_MAX, sizeof *one);
    struct mime_addr *two = xcalloc(MIME_ADDR_MAX, sizeof *two);
    struct buf first = BUF_INIT(1 << 22), second = BUF_INIT(1 << 22);
    size_t n = mime_addr_list(a, in, one, MIME_ADDR_MAX);
    show_all(one, n, &first);
    FUZZ_CHECK(arena_used(a) <= 20 * in.n + (1 << 16));
    if (n < MIME_ADDR_MAX) {
        size_t m = mime_addr_list(a, buf_str(&first), two, MIME_ADDR_MAX);
        show_all(two, m, &second);
        fuzz_same(buf_str(&first), buf_str(&second));
    }
    typed(a, in);
    free(one);
    free(two);
    buf_free(&first);
    buf_free(&second);
    arena_free(&a);
    return 0;
}
