/* SPDX-License-Identifier: MIT */
#include "sync/sched.h"

#include "base/banned.h"

int64_t sync_sched_backoff_ms(unsigned failures, unsigned draw)
{
    if (failures == 0)
        return 0;
    int64_t wait = SCHED_FIRST_MS;
    for (unsigned i = 1; i < failures && wait < SCHED_MOST_MS; i++)
        wait *= 2;
    if (wait > SCHED_MOST_MS)
        wait = SCHED_MOST_MS;
    return wait * 4 / 5 + wait * 2 / 5 * (int64_t)(draw % 1000) / 999;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sync_sched_next(const struct sync_sched *s, int64_t now)
{
    if (s->woken)
        return now;
    if (s->login_needed)
        return SCHED_NEVER;
    int64_t pass = s->interval_ms <= 0 ? SCHED_NEVER : s->pass_at + s->interval_ms;
    if (s->pass_at == 0 && s->interval_ms > 0)
        pass = now;
    int64_t next = earlier(pass, s->work_due);
    if (s->failures == 0 || next == SCHED_NEVER)
        return next;
    int64_t again = s->failed_at + sync_sched_backoff_ms(s->failures, s->draw);
    return again > next ? again : next;
}

bool sync_sched_needs_login(const struct error *why)
{
    return why->code == ERR_AUTH && why->retry == RETRY_NEVER;
}

void sync_sched_failed(struct sync_sched *s, const struct error *why, int64_t now, unsigned draw)
{
    s->woken = false;
    if (why->code == ERR_CANCELLED) /* who stops it does not want it again at once */
        s->pass_at = now;
    if (why->code == ERR_CANCELLED || why->code == ERR_USAGE)
        return;
    if (sync_sched_needs_login(why))
        s->login_needed = true;
    s->failed_at = now;
    s->draw = draw;
    s->failures++;
}

void sync_sched_worked(struct sync_sched *s)
{
    s->failures = 0;
    s->woken = false;
    s->login_needed = false;
}
