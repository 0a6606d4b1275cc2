/* SPDX-License-Identifier: MIT */
/* HTML to the lines that a person reads; and the quick preview of it. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/charset.h"
#include "decode/html.h"
#include "decode/preview.h"
#include "base/banned.h"

static void holds(const struct decode_text *t)
{
    FUZZ_CHECK(utf8_valid(t->text));
    for (size_t i = 0; i < t->spans_n; i++) {
        const struct decode_span *s = &t->spans[i];
        FUZZ_CHECK(s->start <= t->text.n && s->length <= t->text.n - s->start);
        struct str text = str_head(str_skip(t->text, s->start), s->length);
        FUZZ_CHECK(str_find(text, '\n') == text.n);
        if (s->kind == SPAN_LINK)
            FUZZ_CHECK(s->level < t->links_n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned widths[] = { 72, 0, 20, 1 };
    struct str in = { (const char *)data, size };
    unsigned choice = fuzz_choice(&in);
    struct buf text = BUF_INIT(1 << 22), preview = BUF_INIT(1 << 22);
    struct arena *a = arena_new(4096);
    struct decode_text out = { 0 };
    (void)charset_to_utf8(STR("utf-8"), in, &text);
    html_text(a, buf_str(&text), widths[choice % 4], &out);
    holds(&out);
    preview_html(buf_str(&text), &preview);
    arena_free(&a);
    buf_free(&text);
    buf_free(&preview);
    return 0;
}
