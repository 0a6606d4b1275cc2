/* SPDX-License-Identifier: MIT */
/* The flat form of a summary, as the store or the decoder gives it: hostile bytes are refused, what
 * is accepted is written the same again. */
#include "fuzz.h"

#include "mime/summary.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct arena *a = arena_new(4096);
    struct mime_summary s, again;
    struct buf one = BUF_INIT(MIME_FLAT_MAX), two = BUF_INIT(MIME_FLAT_MAX);
    struct error err;
    if (mime_summary_read(a, in, &s, &err) == 0) {
        FUZZ_CHECK(s.parts_n <= MIME_PARTS_MAX && mime_summary_text_part(&s) <= s.parts_n);
        (void)mime_summary_has_attachments(&s);
        mime_summary_flatten(&s, &one);
        FUZZ_CHECK(mime_summary_read(a, buf_str(&one), &again, &err) == 0);
        mime_summary_flatten(&again, &two);
        fuzz_same(buf_str(&one), buf_str(&two));
    } else
        FUZZ_CHECK(err.code == ERR_PARSE);
    FUZZ_CHECK(arena_used(a) <= 64 * in.n + (1 << 16));
    arena_free(&a);
    buf_free(&one);
    buf_free(&two);
    return 0;
}
