/* SPDX-License-Identifier: MIT */
#include "sync/say.h"

#include <stdlib.h>

#include "base/banned.h"

static void drop(struct msg *m)
{
    struct say *s = (struct say *)m;
    arena_free(&s->arena);
    free(s);
}

struct say *say_new(enum say_kind kind, size_t account)
{
    struct say *s = xcalloc(1, sizeof *s);
    s->msg.kind = (int)kind;
    s->msg.drop = drop;
    s->account = account;
    return s;
}

struct say *say_new_event(enum say_kind kind, size_t account, const struct bus_event *ev)
{
    struct say *s = say_new(kind, account);
    s->arena = arena_new(512);
    s->ev = *ev;
    s->ev.account = arena_str(s->arena, ev->account);
    s->ev.folder = arena_str(s->arena, ev->folder);
    s->ev.state = arena_str(s->arena, ev->state);
    s->ev.text = arena_str(s->arena, ev->text);
    s->ev.config = arena_str(s->arena, ev->config);
    return s;
}

void say_put(struct queue *to, struct say *s)
{
    (void)queue_put_now(to, &s->msg);
}

void say_event(struct queue *to, const struct bus_event *ev)
{
    say_put(to, say_new_event(SAY_EVENT, 0, ev));
}
