/* SPDX-License-Identifier: MIT */
#include "server/schedule.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/banned.h"

static bool before(const struct due *a, const struct due *b)
{
    return a->at != b->at ? a->at < b->at : a->turn < b->turn;
}

static void set(struct schedule *s, size_t place, struct due *d)
{
    s->p[place] = d;
    d->place = place;
}

static void up(struct schedule *s, size_t place)
{
    struct due *d = s->p[place];
    for (; place > 1 && before(d, s->p[place / 2]); place /= 2)
        set(s, place, s->p[place / 2]);
    set(s, place, d);
}

static void down(struct schedule *s, size_t place)
{
    struct due *d = s->p[place];
    for (size_t child; (child = 2 * place) <= s->n; place = child) {
        if (child < s->n && before(s->p[child + 1], s->p[child]))
            child++;
        if (!before(s->p[child], d))
            break;
        set(s, place, s->p[child]);
    }
    set(s, place, d);
}

void schedule_put(struct schedule *s, struct due *d, int64_t at)
{
    if (s->n + 1 >= s->cap) {
        s->cap = s->cap + s->cap / 2 + 64;
        s->p = xrealloc(s->p, s->cap, sizeof(struct due *));
    }
    d->at = at;
    d->turn = ++s->turn;
    set(s, ++s->n, d);
    up(s, s->n);
}

struct due *schedule_first(const struct schedule *s)
{
    return s->n > 0 ? s->p[1] : NULL;
}

void schedule_take(struct schedule *s, struct due *d)
{
    size_t place = d->place;
    if (place == 0)
        return;
    struct due *last = s->p[s->n--];
    d->place = 0;
    if (last == d)
        return;
    set(s, place, last);
    up(s, place);
    down(s, last->place);
}

void schedule_clear(struct schedule *s)
{
    free(s->p);
    *s = (struct schedule){ 0 };
}
