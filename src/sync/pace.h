/* SPDX-License-Identifier: MIT */
/* pace.h - pure: how fast a long piece of work goes and how long the rest will take, from its own
 * beginning on, so that a line that stutters does not make the numbers jump.
 * Must not know: what is counted. */
#ifndef TMAIL_SYNC_PACE_H
#define TMAIL_SYNC_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PACE_EVERY_MS = 100,       /* so often it is worth telling */
    PACE_MOST_MS = 1000000000, /* longer than anybody waits */
    PACE_SURE_MS = 1000        /* before, nobody can say how fast it is */
};
struct pace {
    int64_t began_ms, told_ms; /* monotonic */
    int64_t done, total;       /* when it began; the last total */
    uint64_t bytes;
};
/* Where a piece of work stands. */
struct pace_at {
    int64_t done, total;
    uint64_t bytes; /* in all, since whenever */
    uint64_t more;  /* bytes that are still to come; 0: not known */
};
/* True when it should be told: *rate in bytes a second and *left in seconds, 0 where nobody can say.
 * Less done than before, or another total, is another piece of work. */
bool pace_note(struct pace *p, int64_t now_ms, const struct pace_at *at, int64_t *rate,
               int64_t *left);
/* How long so many bytes take, at the pace of those that came in so many milliseconds (ms). */
int64_t pace_bytes_ms(uint64_t more, uint64_t came, int64_t ms);

#endif
