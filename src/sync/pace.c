/* SPDX-License-Identifier: MIT */
#include "sync/pace.h"

#include "base/banned.h"

bool pace_note(struct pace *p, int64_t now_ms, int64_t done, int64_t total, uint64_t bytes,
               int64_t *rate, int64_t *left)
{
    *rate = *left = 0;
    if (total != p->total || done < p->done || done == 0)
        *p = (struct pace){ .began_ms = now_ms, .done = done, .total = total, .bytes = bytes };
    else if (done < total && now_ms - p->told_ms < PACE_EVERY_MS)
        return false;
    p->told_ms = now_ms;
    int64_t took = now_ms - p->began_ms, moved = done - p->done;
    if (took < PACE_SURE_MS || moved <= 0)
        return true;
    *rate = (int64_t)(bytes - p->bytes) / took * 1000;
    *left = (total - done) * took / moved / 1000;
    return true;
}
