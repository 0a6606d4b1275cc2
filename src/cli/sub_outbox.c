/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/outbox.h"
#include "cli/engine.h"
#include "cli/out.h"
#include "compose/draft.h"
#include "base/banned.h"

enum { CHUNK = 256 << 10 };

static const char *const state_names[] = {
    [OUTBOX_QUEUED] = "queued", [OUTBOX_SENDING] = "sending", [OUTBOX_DOUBT] = "doubt",
    [OUTBOX_FAILED] = "failed", [OUTBOX_SENT] = "sent",
};

static json_t *entry_json(const struct outbox_entry *e)
{
    json_t *o = json_object(), *rcpts = json_array();
    json_object_set_new(o, "id", json_integer(e->id));
    json_object_set_new(o, "state", json_string(state_names[e->state]));
    json_object_set_new(o, "subject", out_json_text(e->subject));
    json_object_set_new(o, "from", out_json_text(e->sender));
    json_object_set_new(o, "size", json_integer((json_int_t)e->size));
    json_object_set_new(o, "message_id", out_json_text(e->message_id));
    json_object_set_new(o, "not_before", out_json_date(e->not_before));
    json_object_set_new(o, "receipt", json_boolean(e->receipt));
    json_object_set_new(o, "attempts", json_integer(e->attempts));
    json_object_set_new(o, "reason", out_json_text(e->reason));
    for (size_t i = 0; i < e->rcpts_n; i++) {
        json_t *r = json_object();
        json_object_set_new(r, "address", out_json_text(e->rcpts[i].address));
        json_object_set_new(r, "code", json_integer(e->rcpts[i].code));
        json_object_set_new(r, "text", out_json_text(e->rcpts[i].text));
        json_array_append_new(rcpts, r);
    }
    json_object_set_new(o, "to", rcpts);
    return o;
}

static void print_entry(const struct outbox_entry *e)
{
    printf("%6lld %-8s ", (long long)e->id, state_names[e->state]);
    out_text(e->rcpts_n > 0 ? e->rcpts[0].address : STR(""), false);
    printf("%s  ", e->rcpts_n > 1 ? ", ..." : "");
    out_text(e->subject, false);
    if (e->state == OUTBOX_QUEUED && e->not_before > clock_wall_ms() / 1000) {
        char when[CLOCK_RFC5322_MAX];
        clock_rfc5322(e->not_before, when);
        printf("  [%s]", when);
    }
    if (e->reason.n > 0) {
        fputs("  (", stdout);
        out_text(e->reason, false);
        putchar(')');
    }
    putchar('\n');
}

static int outbox_list(struct cli *c, bool json, struct error *err)
{
    struct arena *a = arena_new(64 << 10);
    struct outbox_entry *all;
    size_t n = 0;
    int rc = cache_outbox_list(c->cache, a, &all, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (all[i].state == OUTBOX_SENT)
            continue;
        if (json)
            out_json_line(entry_json(&all[i]));
        else
            print_entry(&all[i]);
    }
    arena_free(&a);
    return rc;
}

static int outbox_show(struct cli *c, int64_t id, bool json, struct error *err)
{
    struct arena *a = arena_new(64 << 10);
    struct buf chunk = BUF_INIT(CHUNK);
    struct outbox_entry e;
    int rc = cache_outbox_get(c->cache, a, id, &e, err);
    if (rc == 0 && json)
        out_json_line(entry_json(&e));
    for (uint64_t at = 0; rc == 0 && !json && at < e.size; at += chunk.len) {
        buf_clear(&chunk);
        rc = cache_body_read_id(c->cache, e.body, at, CHUNK, &chunk, err);
        if (chunk.len == 0)
            break;
        out_text(buf_str(&chunk), true);
    }
    buf_free(&chunk);
    arena_free(&a);
    return rc;
}

/* The person named a time for it, which has not come: it was never tried, and waits for longer than
 * for an undo. */
static bool is_for_later(const struct cli *c, const struct outbox_entry *e)
{
    return e->attempts == 0 && e->not_before > clock_wall_ms() / 1000 &&
           e->not_before - e->created > c->config.undo_send_s;
}

/* Of what waits, the one entry alone. */
enum {
    WAITING = 0, /* but for what has a time of its own */
    EVERYTHING = -1
};

static int waiting(struct cli *c, struct arena *a, int64_t only, struct outbox_entry **rows,
                   size_t *n, struct error *err)
{
    size_t all = 0;
    *n = 0;
    if (cache_outbox_list(c->cache, a, rows, &all, err) != 0)
        return -1;
    for (size_t i = 0; i < all; i++) {
        const struct outbox_entry *e = &(*rows)[i];
        bool wanted = only == EVERYTHING || (only == WAITING ? !is_for_later(c, e) : e->id == only);
        if (e->state == OUTBOX_QUEUED && wanted)
            (*rows)[(*n)++] = *e;
    }
    return 0;
}

/* Each is tried; what fails first says so. */
static int send_each(struct cli *c, const struct outbox_entry *rows, size_t n, struct error *err)
{
    struct error first = { 0 };
    struct engine_link link = { 0 };
    int rc = engine_open(c, true, &link, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct bus_hint hint = { .kind = HINT_SEND, .id = rows[i].id };
        struct bus_event done;
        rc = engine_ask(&link, &hint, NULL, NULL, &done, err);
        if (rc == 0 && done.code != 0 && first.code == ERR_NONE)
            engine_error(&done, &first);
    }
    engine_close(&link);
    if (rc != 0 || first.code == ERR_NONE)
        return rc;
    *err = first;
    return -1;
}

/* What waits is sent now, or the one entry. 1: that does not wait. */
static int send_waiting(struct cli *c, int64_t only, struct error *err)
{
    struct arena *a = arena_new(64 << 10);
    struct outbox_entry *rows;
    size_t n = 0;
    int rc = c->offline ? error_set(err, ERR_USAGE, RETRY_NEVER,
                                    _("flush and --offline exclude each other"))
                        : cli_need_config(c, err);
    if (rc == 0)
        rc = waiting(c, a, only, &rows, &n, err);
    if (rc == 0 && n > 0)
        rc = send_each(c, rows, n, err);
    arena_free(&a);
    return rc == 0 && only > 0 && n == 0 ? 1 : rc;
}

/* One that waits for its time is sent now, too. */
static int outbox_retry(struct cli *c, int64_t id, struct error *err)
{
    int rc = cache_outbox_retry(c->cache, id, clock_wall_ms() / 1000, err);
    if (rc < 0 || (rc == 0 && c->offline))
        return rc;
    return send_waiting(c, id, err);
}

static int outbox_cancel(struct cli *c, int64_t id, struct error *err)
{
    struct draft *d;
    int rc = draft_take_back(c->cache, id, &d, err);
    draft_free(&d);
    return rc;
}

/* What a 1 of change() means. */
static const char *why_not(const char *what)
{
    return strcmp(what, "cancel") == 0  ? _("too late, or there is no such entry")
           : strcmp(what, "retry") == 0 ? _("it is on its way, or there is no such entry")
                                        : _("there is no such entry in the outbox");
}

/* 0; 1 when there is no such entry; -1. */
static int change(struct cli *c, const char *what, const char *number, bool json, struct error *err)
{
    struct str s = str_c(number);
    uint64_t id;
    if (str_u64(&s, &id) != 0 || s.n > 0 || id > INT64_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%s\" is no number of the outbox"),
                         number);
    if (id == 0)
        return 1;
    if (strcmp(what, "cancel") == 0)
        return outbox_cancel(c, (int64_t)id, err);
    if (strcmp(what, "retry") == 0)
        return outbox_retry(c, (int64_t)id, err);
    return outbox_show(c, (int64_t)id, json, err);
}

/* What the words behind the options ask for: how many words it takes. 0: no such thing. */
static int words_of(const char *what)
{
    static const struct {
        const char *name;
        int words;
    } table[] = { { "list", 1 }, { "flush", 1 }, { "cancel", 2 }, { "retry", 2 }, { "show", 2 } };
    for (size_t i = 0; i < COUNT(table); i++)
        if (strcmp(what, table[i].name) == 0)
            return table[i].words;
    return 0;
}

struct wish {
    const char *what, *number;
    bool json, all;
};

static int run(struct cli *c, const struct wish *w, struct error *err)
{
    if (cli_need_cache(c, CACHE_WRITE, err) != 0)
        return -1;
    if (w->number != NULL)
        return change(c, w->what, w->number, w->json, err);
    return strcmp(w->what, "flush") == 0 ? send_waiting(c, w->all ? EVERYTHING : WAITING, err)
                                         : outbox_list(c, w->json, err);
}

int sub_outbox(struct cli *c, int argc, char **argv)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' },
                                             { "all", no_argument, NULL, 'a' },
                                             { NULL, 0, NULL, 0 } };
    struct wish w = { .what = "list" };
    struct error err;
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) == 'j' || o == 'a') {
        w.json |= o == 'j';
        w.all |= o == 'a';
    }
    int words = argc - optind;
    if (words > 0)
        w.what = argv[optind];
    if (words == 2)
        w.number = argv[optind + 1];
    bool misplaced = w.all && strcmp(w.what, "flush") != 0;
    if (o != -1 || misplaced || (words > 0 && words != words_of(w.what)))
        return cli_usage(cli_find(STR("outbox")));
    int rc = run(c, &w, &err);
    if (rc == 1) {
        error_set(&err, ERR_NOINPUT, RETRY_NEVER, "%s", why_not(w.what));
        (void)cli_fail(&err);
        return CLI_NOTHING;
    }
    return rc == 0 ? out_end() : cli_fail(&err);
}
