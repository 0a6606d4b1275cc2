/* SPDX-License-Identifier: MIT */
/* Lines of the bus: what is read is written the same again. */
#include "fuzz.h"

#include "bus/event.h"
#include "base/banned.h"

static void event_same(const struct bus_event *a, const struct bus_event *b)
{
    FUZZ_CHECK(a->kind == b->kind && a->id == b->id && a->done == b->done && a->total == b->total);
    FUZZ_CHECK(a->code == b->code && a->fetched == b->fetched && a->sent == b->sent);
    FUZZ_CHECK(a->version == b->version && a->schema == b->schema);
    fuzz_same(a->account, b->account);
    fuzz_same(a->folder, b->folder);
    fuzz_same(a->state, b->state);
    fuzz_same(a->text, b->text);
    fuzz_same(a->config, b->config);
}

static void hint_same(const struct bus_hint *a, const struct bus_hint *b)
{
    FUZZ_CHECK(a->kind == b->kind && a->id == b->id);
    FUZZ_CHECK(a->version == b->version && a->schema == b->schema);
    fuzz_same(a->account, b->account);
    fuzz_same(a->folder, b->folder);
    fuzz_same(a->text, b->text);
    fuzz_same(a->config, b->config);
}

static void event(struct arena *a, struct str in)
{
    struct bus_event ev, again;
    struct buf one = BUF_INIT(8 << 20);
    struct error err;
    if (bus_event_read(a, in, &ev, &err) == 0) {
        FUZZ_CHECK(ev.kind < EVENT_KINDS);
        bus_event_write(&ev, &one);
        FUZZ_CHECK(str_find(buf_str(&one), '\n') == one.len - 1);
        FUZZ_CHECK(bus_event_read(a, buf_str(&one), &again, &err) == 0);
        event_same(&ev, &again);
    }
    buf_free(&one);
}

static void hint(struct arena *a, struct str in)
{
    struct bus_hint h, again;
    struct buf one = BUF_INIT(8 << 20);
    struct error err;
    if (bus_hint_read(a, in, &h, &err) == 0) {
        FUZZ_CHECK(h.kind < HINT_KINDS);
        bus_hint_write(&h, &one);
        FUZZ_CHECK(bus_hint_read(a, buf_str(&one), &again, &err) == 0);
        hint_same(&h, &again);
    }
    buf_free(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct arena *a = arena_new(4096);
    event(a, in);
    hint(a, in);
    arena_free(&a);
    return 0;
}
