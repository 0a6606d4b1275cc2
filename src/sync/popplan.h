/* SPDX-License-Identifier: MIT */
/* popplan.h - pure: what a POP3 server's listing and the store's rows together ask for: what is
 * fetched, which rows go, and what may be deleted on the server. A unique-id that the server lists
 * once more after it was gone holds nothing back: some servers use them again. So it is with one
 * that was about to be deleted when the link broke: what lies there now is fetched before it is
 * deleted, and known again by its bytes. And so it is with several of one unique-id: their places in
 * the listing say which is which only as long as the visit lasts.
 * Must not know: connections, the database, the clock. */
#ifndef TMAIL_SYNC_POPPLAN_H
#define TMAIL_SYNC_POPPLAN_H

#include "cache/pop.h"
#include "net/pop3.h"

enum { POPPLAN_GONE_DAYS = 7 }; /* so long a message that is gone can be known again */

/* A message on the server under the name that its row has: its unique-id; where that is listed
 * twice (RFC 1939 §7 forbids it, servers that hash do it) the second has a LF and "2" behind it,
 * which no server can send. */
struct popplan_item {
    const struct pop3_entry *entry;
    struct str uid;
    bool again; /* to fetch: most probably here already, and no news */
    bool fresh; /* to fetch in this visit */
    bool alike; /* there are or were others of its unique-id */
};
/* The listing in the order of those names, without what has no unique-id; *out_n: so many. They
 * point into entries. ERR_PROTO when no message has one. */
int popplan_items(struct arena *a, const struct pop3_entry *entries, size_t n,
                  struct popplan_item **out, size_t *out_n, struct error *err) MUST_CHECK;

/* rows: as cache_pop_all gives them. Times are seconds. */
struct popplan_state {
    struct popplan_item *items; /* popplan sets again, fresh, alike */
    size_t items_n;
    const struct cache_pop *rows;
    size_t rows_n;
    int64_t now;
    int keep_days;     /* so long they stay on the server; 0: not at all, -1: for ever */
    uint64_t body_max; /* what is larger stays there but for its headers; 0: no limit */
};
struct popplan {
    const struct popplan_item **fetch; /* newest first */
    size_t fetch_n;
    const struct popplan_item **large; /* newest first: of these the headers */
    size_t large_n;
    struct str *gone; /* rows: what they stood for may not be there any more */
    size_t gone_n;
    struct str *forget; /* rows */
    size_t forget_n;
};
/* Result lives in a. */
const struct popplan *popplan(struct arena *a, const struct popplan_state *s);
/* After popplan, and when all was fetched and the rows read anew: what may be deleted on the server,
 * whole here (or removed here by the person) for as long as it was to be kept, and fetched in this
 * visit if others have its unique-id. Ascending by number; the result lives in a. */
const struct popplan_item **popplan_due(struct arena *a, const struct popplan_state *s, size_t *n);

#endif
