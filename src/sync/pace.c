/* SPDX-License-Identifier: MIT */
#include "sync/pace.h"

#include "base/banned.h"

int64_t pace_bytes_ms(uint64_t more, uint64_t came, int64_t ms)
{
    double takes = came > 0 ? (double)more / (double)came * (double)ms : 0;
    return takes < PACE_MOST_MS ? (int64_t)takes : PACE_MOST_MS;
}

bool pace_note(struct pace *p, int64_t now_ms, const struct pace_at *at, int64_t *rate,
               int64_t *left)
{
    *rate = *left = 0;
    if (at->total != p->total || at->done < p->done || at->done == 0)
        *p = (struct pace){
            .began_ms = now_ms, .done = at->done, .total = at->total, .bytes = at->bytes
        };
    else if (at->done < at->total && now_ms - p->told_ms < PACE_EVERY_MS)
        return false;
    p->told_ms = now_ms;
    int64_t took = now_ms - p->began_ms, moved = at->done - p->done;
    if (took < PACE_SURE_MS || moved <= 0)
        return true;
    *rate = (int64_t)(at->bytes - p->bytes) / took * 1000;
    *left = (at->total - at->done) * took / moved / 1000;
    if (at->more > 0 && at->bytes > p->bytes)
        *left = pace_bytes_ms(at->more, at->bytes - p->bytes, took) / 1000;
    return true;
}
