/* SPDX-License-Identifier: MIT */
/* The skeleton of any bytes: parts lie within the message and within each other, and what is told of a
 * message does not depend on how it is cut. And what goes out in seven bits. */
#include "fuzz.h"

#include "mime/guard.h"
#include "mime/seven.h"
#include "base/banned.h"

enum { BYTEWISE_MAX = 8 << 10 }; /* a line is looked at again for each piece of it that comes */

static bool within(struct str raw, struct str s)
{
    return s.n == 0 || (s.p >= raw.p && s.p + s.n <= raw.p + raw.n);
}

static void part_holds(struct str raw, const struct guard *g, size_t i)
{
    const struct guard_part *p = &g->parts[i];
    FUZZ_CHECK(p->header <= p->offset && p->offset <= p->end && p->end <= raw.n);
    FUZZ_CHECK(within(raw, p->type) && within(raw, p->content_type) && within(raw, p->encoding));
    FUZZ_CHECK(within(raw, p->disposition) && within(raw, p->id));
    if (i == 0) {
        FUZZ_CHECK(p->depth == 0);
        return;
    }
    FUZZ_CHECK(p->header >= g->parts[i - 1].header && p->depth <= g->parts[i - 1].depth + 1);
    for (size_t up = i; up-- > 0;)
        if (g->parts[up].depth + 1 == p->depth) {
            FUZZ_CHECK(g->parts[up].kind != GUARD_LEAF || g->parts[up].unclosed);
            FUZZ_CHECK(p->header >= g->parts[up].offset);
            break;
        }
}

static void scan(struct str raw, const struct guard_limits *limits)
{
    struct arena *a = arena_new(4096);
    struct guard g;
    guard_scan(a, raw, limits, &g);
    FUZZ_CHECK(g.parts_n > 0 && g.parts_n <= limits->parts && g.fields_n <= limits->fields);
    for (size_t i = 0; i < g.parts_n; i++) {
        part_holds(raw, &g, i);
        struct str name = guard_param(a, g.parts[i].content_type, "name");
        FUZZ_CHECK(name.n <= g.parts[i].content_type.n);
    }
    for (size_t i = 0; i < g.fields_n; i++)
        FUZZ_CHECK(within(raw, g.fields[i].name) && within(raw, g.fields[i].value));
    FUZZ_CHECK(arena_used(a) <= 64 * raw.n + (1 << 20));
    arena_free(&a);
}

static void on_field(void *arg, const struct guard_field *f)
{
    buf_addc(arg, 'f');
    buf_add_str(arg, f->name);
    buf_add_str(arg, f->value);
}

static void on_begin(void *arg, const struct guard_part *p)
{
    buf_addf(arg, "b%d %u %zu %zu %d%d", p->kind, p->depth, p->header, p->offset, p->opaque,
             p->digest);
    buf_add_str(arg, p->content_type);
    buf_add_str(arg, p->encoding);
    buf_add_str(arg, p->disposition);
    buf_add_str(arg, p->id);
}

static void on_content(void *arg, struct str bytes)
{
    buf_add_str(arg, bytes);
}

static void on_end(void *arg, const struct guard_part *p)
{
    buf_addf(arg, "e%d %u %zu %d", p->kind, p->depth, p->end, p->unclosed);
}

static void piece(void *arg, struct str bytes)
{
    guard_reader_feed(arg, bytes, false);
}

static void pieces(struct str raw, const struct guard_limits *limits)
{
    struct buf told[2] = { BUF_INIT(64 << 20), BUF_INIT(64 << 20) };
    enum fuzz_split last = raw.n <= BYTEWISE_MAX ? FUZZ_BYTES : FUZZ_CUT;
    for (enum fuzz_split split = FUZZ_WHOLE; split <= last; split++) {
        struct buf *out = &told[split != FUZZ_WHOLE];
        struct guard_sink sink = { on_field, on_begin, on_content, on_end, out };
        struct guard_reader *r = guard_reader_new(limits, &sink);
        buf_clear(out);
        if (split == FUZZ_WHOLE)
            guard_reader_feed(r, raw, true);
        else {
            fuzz_feed(raw, split, piece, r);
            guard_reader_feed(r, STR(""), true);
            fuzz_same(buf_str(&told[0]), buf_str(&told[1]));
        }
        guard_reader_free(&r);
    }
    buf_free(&told[0]);
    buf_free(&told[1]);
}

/* What is done once is done. */
static void seven(struct str in)
{
    struct buf once = BUF_INIT(64 << 20), twice = BUF_INIT(64 << 20);
    struct error err = { 0 };
    bool all = false, again = false;
    if (mime_seven(in, &once, &all, &err) == 0 && all) {
        FUZZ_CHECK(mime_seven(buf_str(&once), &twice, &again, &err) == 0 && again);
        fuzz_same(buf_str(&once), buf_str(&twice));
    }
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct guard_limits small = {
        .header_bytes = 100, .fields = 3, .parts = 3, .depth = 2
    };
    struct str in = { (const char *)data, size };
    scan(in, &guard_limits_default);
    scan(in, &small);
    pieces(in, &guard_limits_default);
    pieces(in, &small);
    seven(in);
    return 0;
}
