/* SPDX-License-Identifier: MIT */
/* spoolrows.h - the folders that were found on disk, while they are collected: each shown under a
 * name of its own, SPOOL_FOLDERS_MAX at most.
 * Must not know: what kind of folders they are. */
#ifndef TMAIL_SYNC_SPOOLROWS_H
#define TMAIL_SYNC_SPOOLROWS_H

#include "sync/roles.h"

struct spoolrows {
    struct arena *a;    /* the rows' strings live there */
    struct error *said; /* why one was left out */
    struct sync_listed *rows;
    size_t n, cap;
};

/* wire: where it lies; shown: what its name is made of, levels at delim. */
void spoolrows_add(struct spoolrows *r, const char *wire, struct str shown, char delim);
/* Sorted by wire, with their roles; *out lives in r->a. Empties r. */
void spoolrows_end(struct spoolrows *r, struct sync_listed **out, size_t *n);

#endif
