/* SPDX-License-Identifier: MIT */
#include "ui/app.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "cache/find.h"
#include "base/banned.h"

void ui_search_clear(struct ui *u)
{
    free(u->search.hits);
    u->search = (struct ui_search){ .last = u->search.last };
}

/* Nobody wants the rest of the answer. */
static void forget(struct ui *u)
{
    if (u->search.id != 0)
        ui_ask(u, ask_new(ASK_SEARCH));
    ui_search_clear(u);
}

static void hits_show(struct ui *u)
{
    u->index.query.hits = u->search.hits;
    u->index.query.hits_n = u->search.n;
}

static void begin(struct ui *u, struct str text)
{
    struct ui_search *s = &u->search;
    struct arena *a = arena_new(4096);
    struct error err;
    text = str_trim(text);
    bool ok = text.n == 0 || query_parse(a, text, &err) != NULL;
    arena_free(&a);
    if (!ok)
        ui_error(u, &err);
    if (!ok || text.n == 0 || u->cache == NULL)
        return;
    while (ui_top(u) != VIEW_INDEX)
        ui_pop(u);
    struct ui_row *r = ui_index_row(u);
    int64_t folder = u->index.query.kind == LIST_FOUND ? s->back : u->index.query.folder;
    int64_t message = u->index.query.kind == LIST_FOUND ? s->back_message
                      : r != NULL                       ? r->row.id
                                                        : 0;
    ui_search_clear(u);
    s->id = --s->last;
    s->here = true;
    s->back = folder;
    s->back_message = message;
    ui_index_open_found(u, text);
    struct ask *ask = ask_new(ASK_SEARCH);
    ask->id = s->id;
    ask->text = xmemdup0(text.p, text.n);
    ui_ask(u, ask);
}

void ui_search_open(struct ui *u)
{
    ui_prompt_open(u, _("Search all mail: "), STR(""), COMPLETE_NONE, begin);
}

bool ui_search_leave(struct ui *u)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    struct error err;
    int64_t folder = u->search.back, message = u->search.back_message;
    bool shown = u->index.query.kind == LIST_FOUND;
    if (shown) {
        forget(u);
        bool there = folder != 0 && cache_folder_get(u->cache, a, folder, &f, &err) == 0;
        ui_index_open(u, there ? &f : NULL);
        ui_index_seek(u, message);
    }
    arena_free(&a);
    return shown;
}

void ui_search_left(struct ui *u)
{
    if (u->search.id != 0)
        forget(u);
}

static void end_look(struct ui *u)
{
    const struct ui_search *s = &u->search;
    if (!s->here && !s->there && s->n == 0 && u->status[0] == '\0')
        ui_status(u, _("Nothing was found"));
}

void ui_search_said(struct ui *u, const struct say *say)
{
    struct ui_search *s = &u->search;
    if (say->id != s->id)
        return;
    size_t room = FIND_HITS_MAX - s->n, n = say->hits_n < room ? say->hits_n : room;
    if (n > 0) {
        s->hits = xrealloc(s->hits, s->n + n, sizeof *s->hits);
        memcpy(s->hits + s->n, say->hits, n * sizeof *s->hits);
        s->n = find_sort(s->hits, s->n + n);
        hits_show(u);
        ui_index_reload(u);
    }
    if (say->over)
        s->here = false;
    end_look(u);
}

/* "work, home" */
static void server_add(struct ui_search *s, struct str account)
{
    size_t used = strlen(s->at);
    bool told = str_search(str_c(s->at), account) < used; /* a link that broke: asked again */
    if (account.n > 0 && !told)
        snprintf(s->at + used, sizeof s->at - used, "%s%.*s", used > 0 ? ", " : "",
                 STR_ARG(account));
}

bool ui_search_event(struct ui *u, const struct bus_event *ev)
{
    struct ui_search *s = &u->search;
    bool ours = s->id != 0 && ev->id == s->id;
    if (ev->kind == EVENT_BYE)
        s->there = false;
    if (ev->kind != EVENT_FOUND && (ev->kind != EVENT_DONE || ev->id >= 0))
        return false;
    if (ours && ev->kind == EVENT_DONE) {
        s->there = false;
        ui_index_reload(u);
        end_look(u);
    } else if (ours && str_eqc(ev->state, "searching")) {
        s->there = true;
        server_add(s, ev->account);
    } else if (ours && str_eqc(ev->state, "left")) {
        ui_status(u, "%.*s", STR_ARG(ev->text));
        u->status_bad = true;
    }
    return true;
}

bool ui_search_words(const struct ui *u, char *out, size_t max)
{
    const struct ui_search *s = &u->search;
    if (s->there)
        snprintf(out, max, _("searching at %s…"), s->at[0] != '\0' ? s->at : _("the server"));
    else if (s->here)
        snprintf(out, max, "%s", _("searching…"));
    return s->there || s->here;
}
