/* SPDX-License-Identifier: MIT */
/* schedule.h - what is due when: a heap, the earliest first, and what was put in first among equals.
 * Pure.
 * Must not know: what is due. */
#ifndef TMAIL_SERVER_SCHEDULE_H
#define TMAIL_SERVER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embed as the first member of what is scheduled. */
struct due {
    int64_t at;
    uint64_t turn; /* the schedule's */
    size_t place;  /* the schedule's; 0: not in it */
};
struct schedule {
    struct due **p; /* from 1 on */
    size_t n, cap;
    uint64_t turn;
};
void schedule_put(struct schedule *s, struct due *d, int64_t at);
/* The earliest, which stays in; NULL: nothing. */
struct due *schedule_first(const struct schedule *s);
/* One that is in it is taken out; any other is left alone. */
void schedule_take(struct schedule *s, struct due *d);
void schedule_clear(struct schedule *s);

#endif
