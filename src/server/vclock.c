/* SPDX-License-Identifier: MIT */
#include "server/vclock.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/banned.h"

struct vclock {
    bool is_virtual;
    _Atomic int64_t now;
    _Atomic uint64_t chance;
};

struct vclock *vclock_new(bool is_virtual)
{
    struct vclock *c = xcalloc(1, sizeof *c);
    c->is_virtual = is_virtual;
    atomic_init(&c->now, VCLOCK_BEGIN);
    atomic_init(&c->chance, 0);
    return c;
}

void vclock_free(struct vclock **c)
{
    free(*c);
    *c = NULL;
}

bool vclock_is_virtual(const struct vclock *c)
{
    return c != NULL && c->is_virtual;
}

int64_t vclock_now(const struct vclock *c)
{
    return vclock_is_virtual(c) ? atomic_load(&c->now) : clock_wall_ms() / 1000;
}

void vclock_move(struct vclock *c, int64_t to)
{
    if (to > atomic_load(&c->now))
        atomic_store(&c->now, to);
}

uint64_t vclock_chance(struct vclock *c)
{
    uint64_t chance;
    if (vclock_is_virtual(c))
        return atomic_fetch_add(&c->chance, 1) + 1;
    clock_random(&chance, sizeof chance);
    return chance;
}
