/* SPDX-License-Identifier: MIT */
#include "sync/searches.h"

#include "sync/say.h"
#include "sync/search.h"
#include "base/banned.h"

enum { FOUND_LINE_MAX = 4096 /* bytes of numbers in one event */ };

static void say(struct sync_account *w, enum say_kind kind, int64_t request, const char *state,
                struct str text, const struct error *why)
{
    struct bus_event ev = { .kind = EVENT_FOUND,
                            .account = str_c(w->cfg->name),
                            .state = str_c(state),
                            .text = text,
                            .code = (int)why->code,
                            .later = why->code != ERR_NONE && why->retry != RETRY_NEVER };
    struct say *s = say_new_event(kind, 0, &ev);
    s->request = request;
    say_put(w->events, s);
}

/* Who searches, and for which request. */
struct searcher {
    struct sync_account *w;
    int64_t request;
};

/* In lines that the bus takes. */
static void found(void *arg, const int64_t *messages, size_t n)
{
    const struct searcher *s = arg;
    const struct error none = { 0 };
    struct buf text = BUF_INIT(FOUND_LINE_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&text, "%s%lld", text.len > 0 ? " " : "", (long long)messages[i]);
        if (i + 1 < n && text.len < FOUND_LINE_MAX - 32)
            continue;
        say(s->w, SAY_FOUND, s->request, "found", buf_str(&text), &none);
        buf_clear(&text);
    }
    buf_free(&text);
}

/* The oldest search is over, with what it left. */
static void answer(struct sync_account *w, struct wants *l, const struct error *left)
{
    struct want *want = wants_take(l);
    if (left->code != ERR_NONE)
        say(w, SAY_FOUND, want->request, "left", str_c(left->text), left);
    say(w, SAY_PASS, want->request, "", str_c(left->text), left);
    msg_drop(&want->msg);
}

int searches_do(struct sync_account *w, struct wants *l, struct error *err)
{
    const struct error none = { 0 };
    while (l->head != NULL) {
        struct searcher who = { w, l->head->request };
        struct search s = { .query = buf_str(&l->head->text), .found = found, .arg = &who };
        say(w, SAY_FOUND, who.request, "searching", (struct str){ "", 0 }, &none);
        if (search_run(w, &s, err) != 0) {
            bool own = err->code == ERR_USAGE || err->code == ERR_STORE || err->code == ERR_LIMIT;
            if (!own || w->imap == NULL)
                return -1;
            s.left = *err;
        }
        answer(w, l, &s.left);
    }
    return 0;
}

void searches_begin(struct sync_account *w, struct wants *l, bool remote)
{
    struct wants rest = { 0 };
    while (l->head != NULL) {
        struct error err = { 0 };
        int needed = remote ? search_needed(w, buf_str(&l->head->text), &err) : 0;
        if (needed == 1)
            wants_add(&rest, wants_take(l));
        else
            answer(w, l, &err);
    }
    *l = rest;
}

void searches_failed(struct sync_account *w, struct wants *l, const struct error *why)
{
    while (l->head != NULL) {
        struct search s = { .query = buf_str(&l->head->text) };
        search_failed(w, &s, why);
        answer(w, l, &s.left);
    }
}
