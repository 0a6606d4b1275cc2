/* SPDX-License-Identifier: MIT */
#include "ui/hand_in.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/find.h"
#include "decode/grep.h"
#include "base/banned.h"

enum { SLICE_MS = 20 /* what the person asks for meanwhile waits no longer */ };

struct hand_search {
    int64_t id;
    struct arena *arena;
    struct query *query;
    struct finder *finder; /* NULL: the store is looked through */
    struct find_look look;
    size_t told; /* hits */
};

void hand_search_end(struct hand *h)
{
    if (h->search == NULL)
        return;
    finder_free(&h->search->finder);
    arena_free(&h->search->arena);
    free(h->search);
    h->search = NULL;
}

static void found_say(struct hand *h, const struct cache_hit *hits, size_t n, bool over)
{
    struct say *s = say_new(SAY_FOUND);
    s->id = h->search->id;
    s->arena = arena_new(n * sizeof *hits + 64);
    s->hits = arena_array(s->arena, n + 1, sizeof *hits);
    if (n > 0)
        memcpy(s->hits, hits, n * sizeof *hits);
    s->hits_n = n;
    s->over = over;
    hand_say(h, s);
}

/* ------------------------------------------------------------------ in the store */

static int look(void *arg, const struct cache_row *row, const struct query *term,
                enum find_answer *answer, struct error *err)
{
    static const enum grep_where wheres[] = { [QUERY_TEXT] = GREP_ALL,
                                              [QUERY_BODY] = GREP_TEXT,
                                              [QUERY_CC] = GREP_CC,
                                              [QUERY_LIST] = GREP_LIST };
    struct hand *h = arg;
    struct hand_body body;
    struct decode_src raw = hand_source(h, row->id, &body);
    struct mime_summary sum = { 0 };
    struct arena *a = arena_new(16 << 10);
    struct error unknown; /* a message that went, or a summary of a version to come */
    bool has = false;
    int rc = hand_summary(h, a, row->id, &sum, &unknown) == 0 && h->decode != NULL ? 0 : 1;
    if (rc == 0)
        rc = decode_grep(h->decode, &sum, row->flags & CACHE_BODY_HERE ? &raw : NULL,
                         wheres[term->field], term->folded, &has, err);
    *answer = rc == 1 ? FIND_MAYBE : has ? FIND_YES : FIND_NO;
    arena_free(&a);
    return rc < 0 ? -1 : 0;
}

bool hand_search_step(struct hand *h)
{
    struct hand_search *s = h->search;
    struct error err;
    size_t n;
    if (s == NULL || s->finder == NULL)
        return false;
    int rc = finder_step(s->finder, clock_mono_ms() + SLICE_MS, &err);
    const struct cache_hit *hits = finder_hits(s->finder, &n);
    if (rc != 0 || n > s->told)
        found_say(h, hits + s->told, n - s->told, rc != 0);
    s->told = n;
    if (rc < 0)
        hand_event(h, &(struct bus_event){ .kind = EVENT_ERROR, .text = str_c(err.text) });
    if (rc != 0)
        finder_free(&s->finder);
    return true;
}

/* ------------------------------------------------------------------ at the servers */

/* Folders of servers that have what the store has not, by name; how many. -1. */
static int elsewhere(struct hand *h, struct buf *names, struct error *err)
{
    struct hand_search *s = h->search;
    struct cache_folder *f;
    size_t n;
    int found = 0;
    if (find_elsewhere(h->cache, s->arena, 0, s->query, &f, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct str name;
        if (cache_account_name(h->cache, s->arena, f[i].account, &name, err) != 0)
            return -1;
        const struct config_account *a = config_account(h->start->config, name);
        if (a != NULL && a->receive == RECEIVE_IMAP)
            buf_addf(names, "%s%.*s", found++ > 0 ? ", " : "", STR_ARG(str_head(f[i].name, 60)));
    }
    return found;
}

/* True when they were asked. */
static bool servers_ask(struct hand *h, struct str text)
{
    struct buf names = BUF_INIT(300);
    struct error err = { 0 };
    int n = elsewhere(h, &names, &err);
    if (n > 0 && h->bus != NULL)
        hand_hint(h, HINT_SEARCH, h->search->id, text);
    else if (n > 0)
        (void)error_set(&err, ERR_NET, RETRY_LATER,
                        _("offline: not searched on the server, where the rest of them lies: %s"),
                        buf_c(&names));
    if (err.code != ERR_NONE)
        hand_event(h, &(struct bus_event){ .kind = EVENT_FOUND,
                                           .id = h->search->id,
                                           .state = STR("left"),
                                           .text = str_c(err.text) });
    buf_free(&names);
    return n > 0 && h->bus != NULL;
}

void hand_search(struct hand *h, const struct ask *a)
{
    struct error err;
    hand_search_end(h);
    if (a->text == NULL)
        return;
    struct hand_search *s = h->search = xcalloc(1, sizeof *s);
    s->id = a->id;
    s->arena = arena_new(4096);
    s->look = (struct find_look){ look, h };
    s->query = query_parse(s->arena, str_c(a->text), &err);
    if (s->query == NULL) { /* the screen has seen to that */
        found_say(h, NULL, 0, true);
        hand_search_end(h);
        return;
    }
    s->finder = finder_new(h->cache, s->query, &s->look);
    if (servers_ask(h, str_c(a->text)))
        hand_event(h, &(struct bus_event){
                          .kind = EVENT_FOUND, .id = s->id, .state = STR("searching") });
}

bool hand_search_found(struct hand *h, const struct bus_event *ev)
{
    struct str numbers = ev->text, word;
    uint64_t id;
    size_t n = 0;
    if (ev->kind != EVENT_FOUND || !str_eqc(ev->state, "found"))
        return false;
    if (h->search == NULL || ev->id != h->search->id)
        return true;
    struct arena *a = arena_new(4096);
    struct cache_hit *hits = arena_array(a, numbers.n / 2 + 1, sizeof *hits);
    while (str_word(&numbers, &word)) {
        struct cache_row row;
        struct error gone;
        if (str_u64(&word, &id) == 0 &&
            cache_row_get(h->cache, a, (int64_t)id, 0, &row, &gone) == 0)
            hits[n++] = (struct cache_hit){ { row.date, row.id }, row.folder };
    }
    found_say(h, hits, n, false);
    arena_free(&a);
    return true;
}
