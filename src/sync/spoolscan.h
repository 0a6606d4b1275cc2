/* SPDX-License-Identifier: MIT */
/* spoolscan.h - pure: what lies in a local account's folder beside what the store has of it.
 * Must not know: files, the database. */
#ifndef TMAIL_SYNC_SPOOLSCAN_H
#define TMAIL_SYNC_SPOOLSCAN_H

#include "cache/spool.h"
#include "sync/spoolkind.h"

/* A message of the folder with its row; uid 0: it has none yet. */
struct spool_item {
    const struct spool_entry *entry;
    uint32_t uid;
};
struct spool_scan {
    struct spool_item *fresh; /* not here, or not whole; the newest first */
    size_t fresh_n;
    struct spool_item *changed; /* here under another place */
    size_t changed_n;
    const struct cache_spool **gone; /* ascending by name */
    size_t gone_n;
};
/* Sorts entries by name; of two of one name the one with the higher place counts. rows: ascending by name. The
 * result lives in a and points to both. */
struct spool_scan spoolscan(struct arena *a, struct spool_entry *entries, size_t n,
                            const struct cache_spool *rows, size_t rows_n);
/* Leaves in s->gone what is in no second listing either: a file that is renamed while the folder is
 * read may be missed once. */
void spoolscan_confirm(struct spool_scan *s, struct spool_entry *entries, size_t n);

#endif
