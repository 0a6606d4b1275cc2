/* SPDX-License-Identifier: MIT */
/* Text parts as lines: flowed or fixed, in any encoding and width. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/text.h"
#include "mime/flowed.h"
#include "base/banned.h"

static void text(struct str in, unsigned choice)
{
    static const unsigned widths[] = { 72, 0, 10, 1 };
    static const enum mime_encoding encodings[] = { MIME_8BIT, MIME_QP, MIME_BASE64,
                                                    MIME_UUENCODE };
    struct arena *a = arena_new(4096);
    struct proto_text_ask ask = { .type = STR("text/plain"), .charset = STR("utf-8") };
    struct decode_text t;
    ask.flags = (choice & 1 ? MIME_PART_FLOWED : 0u) | (choice & 2 ? MIME_PART_DELSP : 0u);
    ask.encoding = encodings[choice / 4 % 2 + (choice == 31 ? 2 : 0)];
    ask.width = widths[choice / 8 % 4];
    text_make(a, in, &ask, &t);
    FUZZ_CHECK(utf8_valid(t.text));
    for (size_t i = 0; i < t.spans_n; i++) {
        const struct decode_span *s = &t.spans[i];
        FUZZ_CHECK(s->start <= t.text.n && s->length <= t.text.n - s->start);
        struct str part = str_head(str_skip(t.text, s->start), s->length);
        FUZZ_CHECK(str_find(part, '\n') == part.n);
    }
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size }, rest;
    unsigned choice = fuzz_choice(&in);
    struct buf out = BUF_INIT(1 << 24);
    flowed_unwrap(in, (choice & 2) != 0, &out);
    for (struct str lines = in, line; str_line(&lines, &line);) {
        unsigned depth = flowed_depth(line, &rest);
        FUZZ_CHECK(depth + rest.n <= line.n);
    }
    text(in, choice);
    buf_free(&out);
    return 0;
}
