/* SPDX-License-Identifier: MIT */
#include "sync/doubt.h"

#include "base/banned.h"

static bool is_same(const struct doubt_message *a, const struct doubt_message *b)
{
    return a->folder == b->folder && a->uidvalidity == b->uidvalidity && a->uid == b->uid;
}

static void add(struct doubt *d, const struct doubt_message *m)
{
    for (size_t i = 0; i < d->n; i++)
        if (is_same(&d->list[i], m)) {
            d->list[i].header |= m->header;
            return;
        }
    d->list[d->next] = *m;
    d->next = (d->next + 1) % DOUBT_MOST;
    d->n += d->n < DOUBT_MOST;
}

bool doubt_broke(struct doubt *d, const struct doubt_message *at, size_t others)
{
    d->careful = others > 0 ? at->folder : 0;
    if (others == 0)
        add(d, at);
    return others == 0;
}

void doubt_over(struct doubt *d, int64_t folder)
{
    if (d->careful == folder)
        d->careful = 0;
}

size_t doubt_keep(const struct doubt *d, const struct doubt_message *of, uint32_t *uids, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct doubt_message m = { of->folder, of->uidvalidity, uids[i], false };
        bool good = true;
        for (size_t k = 0; k < d->n && good; k++)
            good = !is_same(&d->list[k], &m) || (of->header && !d->list[k].header);
        if (good)
            uids[kept++] = uids[i];
    }
    return kept;
}

bool doubt_any(const struct doubt *d, int64_t folder)
{
    for (size_t k = 0; k < d->n; k++)
        if (d->list[k].folder == folder)
            return true;
    return d->careful == folder;
}
