/* SPDX-License-Identifier: MIT */
#include "bus/progress.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/banned.h"

static void put_bytes(int64_t bytes, struct buf *out)
{
    static const char *const units[] = { "B", "kB", "MB", "GB" };
    double n = (double)bytes;
    size_t unit = 0;
    for (; n >= 1000 && unit + 1 < COUNT(units); unit++)
        n /= 1000;
    buf_addf(out, unit > 0 && n < 10 ? "%.1f %s" : "%.0f %s", n, units[unit]);
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

static void put_more(int64_t bytes, struct buf *out)
{
    struct buf size = BUF_INIT(100);
    put_bytes(bytes, &size);
    buf_adds(out, ", ");
    buf_addf(out, _("%s left"), buf_c(&size));
    buf_free(&size);
}

void bus_progress_words(const struct bus_event *ev, struct buf *out)
{
    buf_addf(out, "%.*s %lld/%lld", STR_ARG(ev->folder), (long long)ev->done, (long long)ev->total);
    if (ev->rate > 0) {
        buf_adds(out, ", ");
        put_bytes(ev->rate, out);
        buf_adds(out, "/s");
    }
    if (ev->left > 0)
        put_left(ev->left, out);
    else if (ev->more > 0)
        put_more(ev->more, out);
}
