/* SPDX-License-Identifier: MIT */
/* lap.h - times of repeated work and the lines "name metric value unit" that all benchmarks print.
 * Must not know: what is measured. */
#ifndef TMAIL_BENCH_LAP_H
#define TMAIL_BENCH_LAP_H

#include <stddef.h>

enum { LAPS_MAX = 1000 };

struct laps {
    double value[LAPS_MAX];
    size_t n;
};

/* Milliseconds of a clock that never jumps, with fractions. */
double lap_now(void);
void lap_add(struct laps *l, double value);
/* Sorts; 0 when there are none. */
double lap_median(struct laps *l);
/* Prints median, smallest and largest. */
void lap_print(const char *name, const char *metric, struct laps *l, const char *unit);

#endif
