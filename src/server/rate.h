/* SPDX-License-Identifier: MIT */
/* rate.h - how much each client may do in a minute: as many at once, and then one for each part of
 * the minute that has gone by.
 * Must not know: what is counted, clocks. */
#ifndef TMAIL_SERVER_RATE_H
#define TMAIL_SERVER_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { RATE_CLIENTS = 1024, RATE_NAME_MAX = 64 };

/* Start zeroed. The client that was heard of longest ago makes room for a new one. */
struct rate {
    struct rate_client {
        char name[RATE_NAME_MAX];
        int64_t left_ms; /* what it may still spend; one costs a minute divided by per_minute */
        int64_t at_ms;   /* when that was so */
    } clients[RATE_CLIENTS];
};
/* True when name may do one more now, which is then counted. per_minute is at least 1. */
bool rate_take(struct rate *r, struct str name, uint64_t per_minute, int64_t now_ms);

#endif
