/* SPDX-License-Identifier: MIT */
#include "bus/progress.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/banned.h"

static void put_rate(int64_t rate, struct buf *out)
{
    static const char *const units[] = { "B", "kB", "MB", "GB" };
    double n = (double)rate;
    size_t unit = 0;
    for (; n >= 1000 && unit + 1 < COUNT(units); unit++)
        n /= 1000;
    buf_addf(out, unit > 0 && n < 10 ? ", %.1f %s/s" : ", %.0f %s/s", n, units[unit]);
}

/* As exactly as anybody can know. */
static void put_left(int64_t s, struct buf *out)
{
    buf_adds(out, ", ");
    if (s < 60)
        buf_addf(out, _("%lld s left"), (long long)s);
    else if (s < 90 * 60)
        buf_addf(out, _("%lld min left"), (long long)((s + 30) / 60));
    else
        buf_addf(out, _("%lld h left"), (long long)((s + 1800) / 3600));
}

void bus_progress_words(const struct bus_event *ev, struct buf *out)
{
    buf_addf(out, "%.*s %lld/%lld", STR_ARG(ev->folder), (long long)ev->done, (long long)ev->total);
    if (ev->rate > 0)
        put_rate(ev->rate, out);
    if (ev->left > 0)
        put_left(ev->left, out);
}
