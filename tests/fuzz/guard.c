/* SPDX-License-Identifier: MIT */
/* The skeleton of any bytes: parts lie within the message and within each other. */
#include "fuzz.h"

#include "mime/guard.h"
#include "base/banned.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct guard_limits small = {
        .header_bytes = 100, .fields = 3, .parts = 3, .depth = 2
    };
    struct str in = { (const char *)data, size };
    scan(in, &guard_limits_default);
    scan(in, &small);
    return 0;
}
