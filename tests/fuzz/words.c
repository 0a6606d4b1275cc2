/* SPDX-License-Identifier: MIT */
/* Encoded words: any bytes decode to valid UTF-8, and what we encode comes back. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/header.h"
#include "decode/words.h"
#include "mime/field.h"
#include "base/banned.h"

/* A field of ours, read as the decoder reads one. Blanks fold: only single ones between words come
 * back as they were. */
static void comes_back(struct str text)
{
    struct buf field = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20);
    struct arena *a = arena_new(1024);
    struct error err;
    struct str word;
    for (struct str in = text; str_word(&in, &word);) {
        if (plain.len > 0)
            buf_addc(&plain, ' ');
        buf_add_str(&plain, word);
    }
    if (utf8_valid(text) && str_is_line(text) && plain.len > 0 && plain.len < 4000 &&
        mime_field_put(&field, "Subject", buf_str(&plain), false, &err) == 0) {
        struct str rest = buf_str(&field);
        for (struct str line; str_line(&rest, &line);)
            FUZZ_CHECK(line.n <= 998);
        fuzz_same(header_text(a, str_skip(buf_str(&field), 8)), buf_str(&plain));
    }
    arena_free(&a);
    buf_free(&field);
    buf_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf out = BUF_INIT(1 << 20);
    struct arena *a = arena_new(1024);
    words_decode(in, &out);
    if (utf8_valid(in))
        FUZZ_CHECK(utf8_valid(buf_str(&out)));
    if (!words_any(in))
        fuzz_same(buf_str(&out), in);
    struct str header = header_text(a, in);
    FUZZ_CHECK(utf8_valid(header) && str_is_line(header));
    comes_back(in);
    arena_free(&a);
    buf_free(&out);
    return 0;
}
