/* SPDX-License-Identifier: MIT */
/* md_in.h - the folders of a Maildir account (mddirs.c), for maildir.c, which has the messages in one.
 * What each function is to do spoolkind.h says.
 * Must not know: the store. */
#ifndef TMAIL_SYNC_MD_IN_H
#define TMAIL_SYNC_MD_IN_H

#include "sync/spoolkind.h"

/* A descriptor of that folder; -1 with errno. */
int md_dir_open(int at, const char *name);
int md_folders(const struct spool_home *h, struct arena *a, struct sync_listed **out, size_t *n,
               struct error *said, struct error *err) MUST_CHECK;
int md_make(const struct spool_home *h, struct arena *a, const struct sync_listed *have, size_t n,
            struct str name, struct str *wire, struct error *err) MUST_CHECK;
void md_watched(const struct spool_home *h,
                void (*each)(void *arg, const char *dir, const char *leaf), void *arg);

#endif
