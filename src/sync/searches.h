/* SPDX-License-Identifier: MIT */
/* searches.h - the searches that a worker has been asked for: each stays wanted until it is
 * answered, so that a link that breaks asks again.
 * Must not know: how a server is searched, who asked. */
#ifndef TMAIL_SYNC_SEARCHES_H
#define TMAIL_SYNC_SEARCHES_H

#include "sync/account.h"
#include "sync/want.h"

/* Those of which no server could tell more are answered; remote: the account has one to be asked. */
void searches_begin(struct sync_account *w, struct wants *l, bool remote);
/* All that are wanted, over the open link. -1: it failed, and the rest is still wanted. */
int searches_do(struct sync_account *w, struct wants *l, struct error *err) MUST_CHECK;
/* The server was not to be had: who asked is told what was not searched. */
void searches_failed(struct sync_account *w, struct wants *l, const struct error *why);

#endif
