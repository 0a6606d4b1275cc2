/* SPDX-License-Identifier: MIT */
/* Whole messages, as the decoder takes them: the summary, its flat form, each part as text and as
 * bytes. */
#include "fuzz.h"

#include "base/utf8.h"
#include "decode/parse.h"
#include "decode/part.h"
#include "decode/text.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { PARTS_LOOKED_AT = 20 };

static void flat_comes_back(const struct mime_summary *s)
{
    struct buf one = BUF_INIT(MIME_FLAT_MAX), two = BUF_INIT(MIME_FLAT_MAX);
    struct arena *a = arena_new(4096);
    struct mime_summary back;
    struct error err;
    mime_summary_flatten(s, &one);
    if (!one.over) {
        FUZZ_CHECK(mime_summary_read(a, buf_str(&one), &back, &err) == 0);
        mime_summary_flatten(&back, &two);
        fuzz_same(buf_str(&one), buf_str(&two));
    }
    arena_free(&a);
    buf_free(&one);
    buf_free(&two);
}

static void fields_hold(struct arena *a, const struct mime_summary *s)
{
    const struct str all[] = { s->subject, s->from,       s->to,         s->cc,      s->reply_to,
                               s->sender,  s->message_id, s->references, s->list_id, s->preview };
    static struct mime_addr addrs[MIME_ADDR_MAX];
    for (size_t i = 0; i < COUNT(all); i++) {
        FUZZ_CHECK(utf8_valid(all[i]));
        FUZZ_CHECK(str_is_line(all[i]) || i + 1 == COUNT(all)); /* the preview keeps controls */
    }
    FUZZ_CHECK(s->preview.n <= MIME_PREVIEW_MAX);
    (void)mime_addr_list(a, s->to, addrs, MIME_ADDR_MAX);
    size_t part = mime_summary_text_part(s);
    FUZZ_CHECK(part <= s->parts_n);
    (void)mime_summary_has_attachments(s);
}

static int count(void *arg, struct str bytes, struct error *err)
{
    (void)err;
    *(size_t *)arg += bytes.n;
    return 0;
}

static void part(struct arena *a, struct str raw, const struct mime_part_info *p)
{
    struct proto_text_ask ask = { .type = p->type,
                                  .charset = p->charset,
                                  .encoding = p->encoding,
                                  .flags = p->flags,
                                  .width = 72 };
    struct decode_text text;
    struct error err;
    size_t n = 0;
    FUZZ_CHECK(p->offset <= raw.n && p->length <= raw.n - p->offset && utf8_valid(p->name));
    int rc = decode_part_bytes((struct decode_src){ .bytes = raw }, p, count, &n, &err);
    FUZZ_CHECK(rc <= 1 && n <= 4 * p->length + 100);
    if ((p->flags & MIME_PART_CONTAINER) == 0 && str_istarts(p->type, "text/")) {
        text_make(a, str_head(str_skip(raw, (size_t)p->offset), (size_t)p->length), &ask, &text);
        FUZZ_CHECK(utf8_valid(text.text));
    }
}

struct feeding {
    struct parse *parse;
    struct arena *a;
    struct mime_summary s;
};

static void piece(void *arg, struct str bytes)
{
    struct feeding *f = arg;
    parse_feed(f->parse, f->a, bytes, false, &f->s);
}

/* In pieces it has the same summary. */
static void pieces_are_the_same(struct parse *parse, struct str raw, const struct mime_summary *s)
{
    struct buf one = BUF_INIT(MIME_FLAT_MAX), two = BUF_INIT(MIME_FLAT_MAX);
    mime_summary_flatten(s, &one);
    for (enum fuzz_split split = FUZZ_CUT; split <= FUZZ_BYTES; split++) {
        struct feeding f = { .parse = parse, .a = arena_new(4096) };
        fuzz_feed(raw, split, piece, &f);
        parse_feed(parse, f.a, STR(""), true, &f.s);
        buf_clear(&two);
        mime_summary_flatten(&f.s, &two);
        if (!one.over)
            fuzz_same(buf_str(&one), buf_str(&two));
        arena_free(&f.a);
    }
    buf_free(&one);
    buf_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parse *parse;
    struct str raw = { (const char *)data, size };
    struct arena *a = arena_new(4096);
    struct mime_summary s;
    if (parse == NULL)
        parse = parse_new();
    parse_feed(parse, a, raw, true, &s);
    FUZZ_CHECK(s.parts_n > 0 && s.parts_n <= MIME_PARTS_MAX);
    fields_hold(a, &s);
    flat_comes_back(&s);
    pieces_are_the_same(parse, raw, &s);
    for (size_t i = 0; i < s.parts_n && i < PARTS_LOOKED_AT; i++)
        part(a, raw, &s.parts[i]);
    arena_free(&a);
    return 0;
}
