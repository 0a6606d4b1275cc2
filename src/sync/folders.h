/* SPDX-License-Identifier: MIT */
/* folders.h - the account's folders: LIST into the store.
 * Must not know: messages. */
#ifndef TMAIL_SYNC_FOLDERS_H
#define TMAIL_SYNC_FOLDERS_H

#include "sync/account.h"
#include "sync/link.h"
#include "sync/roles.h"

enum { FOLDERS_MAX = 10000 };

struct folders {
    struct arena *arena;
    struct sync_listed *rows;
    size_t n, cap;
    struct link_answer answer;
};
/* Queues LIST; *f must live until imap_run is over. */
void folders_queue(struct sync_account *w, struct folders *f);
/* After imap_run: new and changed folders into the store, vanished ones out of it. A Trash is made
 * here (on the server when something moves there) if there is none. */
int folders_store(struct sync_account *w, struct folders *f, struct error *err) MUST_CHECK;
/* True when the server has this folder and it can be opened. */
bool folders_can_open(const struct folders *f, struct str name);
void folders_clear(struct folders *f);
/* The account's folder of that role; made here, on the server with the first message, if there is
 * none. Strings live in a. */
int folders_need(struct sync_account *w, struct arena *a, enum cache_role role, const char *name,
                 struct cache_folder *out, struct error *err) MUST_CHECK;

#endif
