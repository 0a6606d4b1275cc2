/* SPDX-License-Identifier: MIT */
#include "cli/message.h"

#include "base/i18n.h"
#include "cache/body.h"
#include "cli/engine.h"
#include "base/banned.h"

struct source {
    struct cache *cache;
    int64_t message;
};

static int read_body(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    const struct source *s = arg;
    return cache_body_read(s->cache, s->message, offset, want, out, err);
}

struct decode_src cli_source(struct cli *c, struct arena *a, int64_t message)
{
    struct source *s = arena_alloc(a, sizeof *s);
    *s = (struct source){ c->cache, message };
    return (struct decode_src){ .read = read_body,
                                .arg = s,
                                .key = str_c(arena_fmt(a, "message-%lld", (long long)message)) };
}

/* Waits until the engine has fetched the body of message, or says why not. */
static int fetch_body(struct cli *c, int64_t message, struct error *err)
{
    struct bus_hint hint = { .kind = HINT_BODY, .id = message };
    struct bus_event ev;
    if (c->offline)
        return error_set(err, ERR_NET, RETRY_LATER,
                         _("only the header of this message is here; fetch it without --offline"));
    if (cli_need_config(c, err) != 0)
        return -1;
    struct engine_link link;
    int rc = engine_open(c, false, &link, err);
    if (rc == 0)
        bus_hint(link.bus, &hint);
    while (rc == 0) {
        rc = engine_next(&link, &ev, CLI_ENGINE_MS, err);
        if (rc == 0 && ev.kind == EVENT_BODY && ev.id == message)
            break;
    }
    if (rc == 0 && ev.text.n > 0)
        rc = error_set(err, ERR_NET, RETRY_LATER, _("the message could not be fetched: %.*s"),
                       STR_ARG(ev.text));
    engine_close(&link);
    return rc;
}

static int open_row(struct cli *c, const char *name, struct cli_text *t, struct error *err)
{
    int64_t id;
    int rc = cli_need_cache(c, CACHE_READ, err);
    if (rc == 0)
        rc = cli_message(c, name, &id, err);
    if (rc == 0)
        rc = cache_row_get(c->cache, t->arena, id, 0, &t->row, err);
    if (rc != 0 || (t->row.flags & CACHE_BODY_HERE))
        return rc;
    rc = fetch_body(c, id, err);
    return rc == 0 ? cache_row_get(c->cache, t->arena, id, 0, &t->row, err) : rc;
}

int cli_text_open(struct cli *c, const char *name, struct cli_text *t, struct error *err)
{
    struct str flat;
    *t = (struct cli_text){ .arena = arena_new(64 << 10) };
    int rc = open_row(c, name, t, err);
    if (rc == 0)
        rc = cache_summary(c->cache, t->arena, t->row.id, &flat, err);
    if (rc == 0)
        rc = mime_summary_read(t->arena, flat, &t->summary, err);
    if (rc != 0)
        return rc;
    t->raw = cli_source(c, t->arena, t->row.id);
    return 0;
}

void cli_text_clear(struct cli_text *t)
{
    arena_free(&t->arena);
}

const struct mime_part_info *cli_text_part(const struct cli_text *t, const char *number)
{
    struct str s = str_c(number);
    uint64_t n;
    if (str_u64(&s, &n) != 0 || s.n > 0 || n == 0 || n > t->summary.parts_n)
        return NULL;
    return &t->summary.parts[n - 1];
}
