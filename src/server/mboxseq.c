/* SPDX-License-Identifier: MIT */
#include "server/mboxseq.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/index.h"
#include "server/limits.h"
#include "base/banned.h"

enum { US = 1000, AHEAD_US = 2000, RESERVE = 1000000 };

void mboxseq_unsaved(struct mbox *m)
{
    if (!m->unsaved)
        index_mark(m, m->modseq);
    m->unsaved = true;
}

uint64_t mboxseq_stamp(struct mbox *m)
{
    uint64_t now = (uint64_t)clock_wall_ms() * US;
    mboxseq_unsaved(m);
    if (m->stamped)
        return m->modseq;
    m->stamped = true;
    m->modseq = now > m->modseq ? now : m->modseq + 1;
    /* The clock was set back: it will not tell after a crash how far we were. */
    if (m->modseq > now + AHEAD_US && m->modseq > m->reserved) {
        m->reserved = m->modseq + RESERVE;
        index_mark(m, m->reserved);
    }
    return m->modseq;
}

uint64_t mboxseq_floor(const struct mbox *m)
{
    struct stat st;
    uint64_t floor = (uint64_t)clock_wall_ms() * US;
    /* Each change was a write: what the file's own time is above, the clock was once. */
    if (fstat(m->fd, &st) == 0 && st.st_ctime > 0 && (uint64_t)st.st_ctime * 1000 * US > floor)
        floor = ((uint64_t)st.st_ctime + 1) * 1000 * US;
    return m->modseq > floor ? m->modseq : floor;
}

void mboxseq_gone(struct mbox *m, const uint32_t *uids, size_t n, uint64_t modseq)
{
    if (n > MBOX_GONE_MAX / 2) {
        m->gone_n = 0;
        m->gone_since = modseq;
        return;
    }
    if (m->gone_n + n > MBOX_GONE_MAX) {
        size_t drop = m->gone_n + n - MBOX_GONE_MAX / 2;
        drop = drop < m->gone_n ? drop : m->gone_n;
        m->gone_since = m->gone[drop - 1].modseq;
        memmove(m->gone, m->gone + drop, (m->gone_n - drop) * sizeof *m->gone);
        m->gone_n -= drop;
    }
    if (m->gone_n + n > m->gone_cap) {
        m->gone_cap = m->gone_n + n + m->gone_n / 2 + 16;
        m->gone = xrealloc(m->gone, m->gone_cap, sizeof *m->gone);
    }
    for (size_t i = 0; i < n; i++)
        m->gone[m->gone_n++] = (struct mbox_gone){ .uid = uids[i], .modseq = modseq };
}

static bool same_flags(const struct mbox_row *a, const struct mbox_row *b)
{
    return a->flags == b->flags && str_eq(str_c(a->keywords), str_c(b->keywords));
}

void mboxseq_merge(struct mbox *m)
{
    uint32_t *gone = xcalloc(m->old_n + 1, sizeof *gone);
    size_t gone_n = 0;
    size_t k = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct mbox_row *r = &m->rows[i];
        while (k < m->old_n && m->old[k].uid < r->uid)
            gone[gone_n++] = m->old[k++].uid;
        bool known = k < m->old_n && m->old[k].uid == r->uid;
        r->modseq = known && same_flags(r, &m->old[k]) ? m->old[k].modseq : mboxseq_stamp(m);
        k += known;
    }
    while (k < m->old_n)
        gone[gone_n++] = m->old[k++].uid;
    if (gone_n > 0)
        mboxseq_gone(m, gone, gone_n, mboxseq_stamp(m));
    free(gone);
}

static int uid_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

bool mboxseq_gone_since(const struct mbox *m, uint64_t since, uint32_t **uids, size_t *n)
{
    *uids = xcalloc(m->gone_n + 1, sizeof **uids);
    *n = 0;
    for (size_t i = m->gone_n; i-- > 0 && m->gone[i].modseq > since;)
        (*uids)[(*n)++] = m->gone[i].uid;
    qsort(*uids, *n, sizeof **uids, uid_cmp);
    return since >= m->gone_since;
}
