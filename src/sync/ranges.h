/* SPDX-License-Identifier: MIT */
/* ranges.h - pure: a set of uids as a server tells it, in pieces and any order, for quick looks.
 * Must not know: what the uids are. */
#ifndef TMAIL_SYNC_RANGES_H
#define TMAIL_SYNC_RANGES_H

#include "cache/message.h"

enum { RANGES_MAX = 1 << 20 };

struct ranges {
    struct cache_range *rows;
    size_t n, cap;
};
/* Adds a set as on the wire. -1 with ERR_PROTO for what is none, or past RANGES_MAX. */
int ranges_add(struct ranges *r, struct str set, struct error *err) MUST_CHECK;
/* Adds first..last. -1 past RANGES_MAX. */
int ranges_put(struct ranges *r, uint32_t first, uint32_t last, struct error *err) MUST_CHECK;
/* Ascending, without overlaps: needed before ranges_has, after the last that was added. */
void ranges_tidy(struct ranges *r);
bool ranges_has(const struct ranges *r, uint32_t uid);
void ranges_clear(struct ranges *r);

#endif
