/* SPDX-License-Identifier: MIT */
#include "server/rate.h"

#include "base/mem.h"
#include "base/banned.h"

enum { MINUTE_MS = 60 * 1000 };

static struct rate_client *client_of(struct rate *r, struct str name, int64_t now_ms)
{
    struct rate_client *oldest = &r->clients[0];
    name = str_head(name, RATE_NAME_MAX - 1);
    for (size_t i = 0; i < COUNT(r->clients); i++) {
        struct rate_client *c = &r->clients[i];
        if (c->name[0] != '\0' && str_eqc(name, c->name))
            return c;
        if (c->name[0] == '\0' || (oldest->name[0] != '\0' && c->at_ms < oldest->at_ms))
            oldest = c;
    }
    *oldest = (struct rate_client){ .left_ms = MINUTE_MS, .at_ms = now_ms };
    memcpy(oldest->name, name.p, name.n);
    return oldest;
}

bool rate_take(struct rate *r, struct str name, uint64_t per_minute, int64_t now_ms)
{
    struct rate_client *c = client_of(r, name, now_ms);
    int64_t cost = (int64_t)(MINUTE_MS / (per_minute < MINUTE_MS ? per_minute : MINUTE_MS));
    int64_t gone = now_ms > c->at_ms ? now_ms - c->at_ms : 0;
    c->left_ms = gone > MINUTE_MS - c->left_ms ? MINUTE_MS : c->left_ms + gone;
    c->at_ms = now_ms;
    if (c->left_ms < cost)
        return false;
    c->left_ms -= cost;
    return true;
}
