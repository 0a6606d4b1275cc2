/* SPDX-License-Identifier: MIT */
#include "bench/lap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/banned.h"

double lap_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

void lap_add(struct laps *l, double value)
{
    if (l->n < LAPS_MAX)
        l->value[l->n++] = value;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double lap_median(struct laps *l)
{
    if (l->n == 0)
        return 0;
    qsort(l->value, l->n, sizeof l->value[0], order);
    return (l->value[(l->n - 1) / 2] + l->value[l->n / 2]) / 2;
}

void lap_print(const char *name, const char *metric, struct laps *l, const char *unit)
{
    double median = lap_median(l);
    if (l->n == 0)
        return;
    printf("%s %s %.2f %s\n", name, metric, median, unit);
    printf("%s %s_min %.2f %s\n", name, metric, l->value[0], unit);
    printf("%s %s_max %.2f %s\n", name, metric, l->value[l->n - 1], unit);
    fflush(stdout);
}
