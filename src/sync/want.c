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
