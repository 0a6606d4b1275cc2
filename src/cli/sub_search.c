/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/find.h"
#include "cli/engine.h"
#include "cli/message.h"
#include "cli/out.h"
#include "cli/sub_list.h"
#include "decode/grep.h"
#include "base/banned.h"

enum {
    SEARCH_DEFAULT = 50,
    SEARCH_HINT = 1,
    CLI_SEARCH_MS = 180000 /* so long the servers are waited for */
};

struct search {
    struct cli *c;
    struct arena *arena;
    struct buf text; /* what is looked for */
    struct query *query;
    bool json;
    uint64_t n; /* how many more may be shown */
    int64_t *shown;
    size_t shown_n, room;
    int code; /* of the first thing that went wrong at a server */
};

/* Options may stand anywhere; "-word" is a query: without the word. */
static int read_words(struct search *s, int argc, char **argv)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        struct str number = str_c(i + 1 < argc ? argv[i + 1] : NULL);
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && strcmp(argv[i], "--json") == 0) {
            s->json = true;
        } else if (options && strcmp(argv[i], "-n") == 0) {
            if (str_u64(&number, &s->n) != 0 || number.n > 0)
                return -1;
            i++;
        } else if (options && str_starts(str_c(argv[i]), "--")) {
            return -1;
        } else {
            if (s->text.len > 0)
                buf_addc(&s->text, ' ');
            buf_adds(&s->text, argv[i]);
        }
    }
    return s->text.len > 0 ? 0 : -1;
}

/* ------------------------------------------------------------------ in the store */

static int look(void *arg, const struct cache_row *row, const struct query *term,
                enum find_answer *answer, struct error *err)
{
    static const enum grep_where wheres[] = { [QUERY_TEXT] = GREP_ALL,
                                              [QUERY_BODY] = GREP_TEXT,
                                              [QUERY_CC] = GREP_CC,
                                              [QUERY_LIST] = GREP_LIST };
    struct cli *c = arg;
    struct arena *a = arena_new(16 << 10);
    struct decode_src raw = cli_source(c, a, row->id);
    struct mime_summary sum = { 0 };
    struct str flat;
    bool has = false;
    int rc = cache_summary(c->cache, a, row->id, &flat, err);
    if (rc == 0)
        rc = mime_summary_read(a, flat, &sum, err) == 0 ? 0 : 1; /* of a version to come */
    if (rc == 0)
        rc = cli_need_decode(c, err);
    if (rc == 0)
        rc = decode_grep(c->decode, &sum, row->flags & CACHE_BODY_HERE ? &raw : NULL,
                         wheres[term->field], term->folded, &has, err);
    *answer = rc == 1 ? FIND_MAYBE : has ? FIND_YES : FIND_NO;
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

/* Each message once. */
static bool is_new(struct search *s, int64_t message)
{
    for (size_t i = 0; i < s->shown_n; i++)
        if (s->shown[i] == message)
            return false;
    if (s->shown_n == s->room) {
        s->room = s->room > 0 ? 2 * s->room : 64;
        s->shown = xrealloc(s->shown, s->room, sizeof *s->shown);
    }
    s->shown[s->shown_n++] = message;
    return true;
}

static int show(struct search *s, int64_t message, int64_t folder, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_row row;
    int rc = cache_row_get(s->c->cache, a, message, folder, &row, err);
    if (rc == 0 && s->n > 0 && is_new(s, message)) {
        row.thread_n = 0; /* a message, not a conversation */
        if (s->json)
            out_json_line(sub_list_json(s->c, a, &row));
        else
            sub_list_print(a, &row);
        s->n--;
    }
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

static int store_search(struct search *s, struct error *err)
{
    struct find_look how = { look, s->c };
    struct finder *f = finder_new(s->c->cache, s->query, &how);
    size_t n = 0;
    int rc = finder_step(f, INT64_MAX, err);
    const struct cache_hit *found = finder_hits(f, &n);
    struct cache_hit *hits = xcalloc(n + 1, sizeof *hits);
    if (n > 0)
        memcpy(hits, found, n * sizeof *hits);
    n = find_sort(hits, n);
    for (size_t i = 0; rc >= 0 && i < n && s->n > 0; i++)
        rc = show(s, hits[i].key.id, hits[i].folder, err);
    fflush(stdout);
    free(hits);
    finder_free(&f);
    return rc < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------ at the servers */

static void failed(struct search *s, const struct error *err)
{
    int code = cli_fail(err);
    if (s->code == EX_OK)
        s->code = code;
}

/* Folders of servers that have what the store has not. */
static int elsewhere(struct search *s, struct cache_folder **folders, size_t *n, struct error *err)
{
    size_t all, kept = 0;
    if (find_elsewhere(s->c->cache, s->arena, 0, s->query, folders, &all, err) != 0)
        return -1;
    for (size_t i = 0; i < all; i++) {
        struct str name;
        if (cache_account_name(s->c->cache, s->arena, (*folders)[i].account, &name, err) != 0)
            return -1;
        const struct config_account *a = config_account(&s->c->config, name);
        if (a != NULL && a->receive == RECEIVE_IMAP)
            (*folders)[kept++] = (*folders)[i];
    }
    *n = kept;
    return 0;
}

static void found(struct search *s, struct str numbers)
{
    struct str word;
    struct error err;
    uint64_t id;
    while (str_word(&numbers, &word))
        if (str_u64(&word, &id) == 0 && show(s, (int64_t)id, 0, &err) != 0)
            failed(s, &err);
    fflush(stdout);
}

/* Until all servers have answered, enough is shown, or it takes too long. */
static int answers_take(struct search *s, struct engine_link *link, struct error *err)
{
    int64_t deadline = clock_mono_ms() + CLI_SEARCH_MS;
    struct bus_event ev;
    while (s->n > 0) {
        if (engine_next(link, &ev, clock_left_ms(deadline), err) != 0)
            return -1;
        if (ev.kind == EVENT_ASK)
            engine_answer(link, &ev);
        if (ev.id != SEARCH_HINT || (ev.kind != EVENT_FOUND && ev.kind != EVENT_DONE))
            continue;
        if (ev.kind == EVENT_DONE)
            return 0;
        if (str_eqc(ev.state, "found"))
            found(s, ev.text);
        if (str_eqc(ev.state, "left")) {
            struct error left;
            engine_error(&ev, &left);
            failed(s, &left);
        }
    }
    return 0;
}

static void offline_say(struct search *s, const struct cache_folder *f, size_t n)
{
    struct buf names = BUF_INIT(4096);
    struct error err;
    for (size_t i = 0; i < n; i++)
        buf_addf(&names, "%s%.*s", i > 0 ? ", " : "", STR_ARG(str_head(f[i].name, 60)));
    (void)error_set(&err, ERR_NET, RETRY_LATER,
                    _("offline: not searched on the server, where the rest of them lies: %s"),
                    buf_c(&names));
    failed(s, &err);
    buf_free(&names);
}

static int servers_search(struct search *s, struct error *err)
{
    struct bus_hint hint = { .kind = HINT_SEARCH, .id = SEARCH_HINT, .text = buf_str(&s->text) };
    struct cache_folder *f;
    struct engine_link link;
    size_t n = 0;
    if (s->n == 0)
        return 0;
    if (cli_need_config(s->c, err) != 0 || elsewhere(s, &f, &n, err) != 0)
        return -1;
    if (n == 0)
        return 0;
    if (s->c->offline) {
        offline_say(s, f, n);
        return 0;
    }
    int rc = engine_open(s->c, false, &link, err);
    if (rc == 0) {
        bus_hint(link.bus, &hint);
        rc = answers_take(s, &link, err);
    }
    engine_close(&link);
    return rc;
}

static int run(struct search *s)
{
    struct error err;
    s->query = query_parse(s->arena, buf_str(&s->text), &err);
    if (s->query == NULL || cli_need_cache(s->c, CACHE_READ, &err) != 0 ||
        store_search(s, &err) != 0)
        return cli_fail(&err);
    if (servers_search(s, &err) != 0)
        failed(s, &err);
    int code = out_end();
    if (code != EX_OK)
        return code;
    return s->shown_n > 0 ? EX_OK : s->code != EX_OK ? s->code : CLI_NOTHING;
}

int sub_search(struct cli *c, int argc, char **argv)
{
    struct search s = { .c = c, .n = SEARCH_DEFAULT, .text = BUF_INIT(2 * QUERY_MAX) };
    int code;
    s.arena = arena_new(4096);
    if (read_words(&s, argc, argv) != 0)
        code = cli_usage(cli_find(STR("search")));
    else
        code = run(&s);
    free(s.shown);
    buf_free(&s.text);
    arena_free(&s.arena);
    return code;
}
