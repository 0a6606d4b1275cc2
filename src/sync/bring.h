/* SPDX-License-Identifier: MIT */
/* bring.h - what a folder's plan wants of messages: what is here already is recognised (by what the
 * server calls it, by its header), headers come first where bodies take long or are not wanted,
 * bodies newest first.
 * Must not know: how the plan was made. */
#ifndef TMAIL_SYNC_BRING_H
#define TMAIL_SYNC_BRING_H

#include "sync/fetch.h"
#include "sync/plan.h"

enum {
    BRING_SLOW_MS = 20000,  /* bodies that need longer have the headers of all before them */
    BRING_SAMPLE = 1 << 20, /* bytes of bodies before the line is judged */
    /* Bytes in a second: a slower line is deflated (RFC 4978). Measured: deflating costs a server and
     * us more than it saves above some 15 MB/s. */
    BRING_DEFLATE_BELOW = 4 << 20
};

struct bring {
    const struct cache_folder *folder;
    uint32_t uidvalidity;
    const struct sync_plan *plan;
    int offline;   /* days of bodies (config.h) */
    uint64_t size; /* bytes of all messages of the folder; 0: not known */
};
/* Which bodies that means. */
struct sync_bodies bring_bodies(int offline, int64_t now_s);
/* All of it, with what is urgent in between; 0: it is in the store. */
int bring_all(struct sync_account *w, const struct bring *b, struct error *err) MUST_CHECK;

#endif
