/* SPDX-License-Identifier: MIT */
/* spool.h - an account whose mail lies in files of this machine that other programs use too: what
 * they did comes into the store, what the person did goes into the files.
 * Must not know: what the files are like (spoolkind.h does). */
#ifndef TMAIL_SYNC_SPOOL_H
#define TMAIL_SYNC_SPOOL_H

#include "sync/account.h"
#include "sync/pull.h"
#include "sync/spoolkind.h"

/* What the account's files are like; NULL: its mail lies on a server. */
const struct spool_kind *spool_kind(const struct config_account *cfg);
/* Where the mail of the account lies, if it is one of those (w->kind); keeps w and its cancel. */
void spool_home_init(struct sync_account *w, const char *store);
void spool_home_clear(struct sync_account *w);
/* The account's folders, if the store has none yet. */
int spool_folders(struct sync_account *w, struct error *err) MUST_CHECK;
/* One look at all folders, or at the one called only. With PULL_CHANGED those that cannot have
 * changed are left out. What cannot be read is told, the rest goes on. */
int spool_pass(struct sync_account *w, enum pull_how how, struct str only,
               struct error *err) MUST_CHECK;
/* Brings the store up to date with one folder. */
int spool_look(struct sync_account *w, int64_t folder, struct error *err) MUST_CHECK;
/* All operations of the journal that are due; none while the folders are looked at. */
int spool_push(struct sync_account *w, struct error *err) MUST_CHECK;

#endif
