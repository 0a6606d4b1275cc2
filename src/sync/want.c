/* SPDX-License-Identifier: MIT */
#include "sync/want.h"

#include <stdlib.h>

#include "base/banned.h"

enum { TEXT_MAX = 64 << 10 };

static void drop(struct msg *m)
{
    struct want *w = (struct want *)m;
    buf_wipe(&w->text);
    free(w);
}

struct want *want_new(enum want_kind kind, int64_t id, int64_t request, struct str text)
{
    struct want *w = xcalloc(1, sizeof *w);
    w->msg.kind = (int)kind;
    w->msg.drop = drop;
    w->id = id;
    w->request = request;
    buf_init(&w->text, TEXT_MAX);
    buf_add_str(&w->text, text);
    return w;
}

void want_put(struct queue *to, struct want *w)
{
    (void)queue_put_now(to, &w->msg);
}

void wants_add(struct wants *l, struct want *w)
{
    if (l->head == NULL)
        l->tail = &l->head;
    w->msg.next = NULL;
    *l->tail = w;
    l->tail = (struct want **)&w->msg.next;
}

struct want *wants_take(struct wants *l)
{
    struct want *w = l->head;
    if (w != NULL)
        l->head = (struct want *)w->msg.next;
    return w;
}

void wants_drop(struct wants *l)
{
    for (struct want *w; (w = wants_take(l)) != NULL;)
        msg_drop(&w->msg);
}
