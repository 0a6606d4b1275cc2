/* SPDX-License-Identifier: MIT */
/* folders.h - the account's folders: LIST into the store, and what the server says of each without
 * opening it, in one turn of the connection however many there are.
 * Must not know: messages. */
#ifndef TMAIL_SYNC_FOLDERS_H
#define TMAIL_SYNC_FOLDERS_H

#include "sync/account.h"
#include "sync/link.h"
#include "sync/plan.h"
#include "sync/roles.h"

/* Of an account: more are left out, and the person is told; and how many are listened to before those
 * of others are left out. */
enum { FOLDERS_MAX = 10000, FOLDERS_LISTED_MAX = 50000 };

struct folders {
    struct arena *arena;
    struct sync_account *w;
    struct sync_listed *rows;
    size_t n, cap;
    size_t excess;                  /* so many did not fit */
    struct folder_status *statuses; /* by name */
    size_t statuses_n, statuses_cap;
    int64_t asked_at; /* monotonic ms */
    uint64_t pushed;  /* account's, then */
    int64_t open;     /* of this folder what is said may be old; 0: none */
    struct link_answer answer;
};
/* Asks for all of it: LIST with STATUS (RFC 5819), else LIST and a STATUS for each folder that the
 * store has, in one turn. New and changed folders go into the store, vanished ones out of it. A
 * Trash is made here (on the server when something moves there) if there is none. *f is fresh in
 * either case: folders_clear it. */
int folders_get(struct sync_account *w, struct folders *f, struct error *err) MUST_CHECK;
/* What the server says of it; nothing where it said nothing. */
struct sync_there folders_there(const struct folders *f, const struct cache_folder *of);
/* Bytes of all messages in it, as told for a first sync; 0: not known. */
uint64_t folders_size(const struct folders *f, const struct cache_folder *of);
/* True when the server has this folder and it can be opened. */
bool folders_can_open(const struct folders *f, struct str name);
void folders_clear(struct folders *f);
/* Queues the question of folders_get, which will use the answer if it is still new then; for
 * servers that answer all of it at once. */
void folders_early(struct sync_account *w);
/* Keeps what folders_get said as such an answer; *f is empty then. */
void folders_keep(struct sync_account *w, struct folders *f);
/* Takes and forgets what folders_early began or folders_keep kept; its link is closed, or the answer
 * is there. */
void folders_drop(struct folders **f);
/* The account's folder of that role; made here, on the server with the first message, if there is
 * none. Strings live in a. */
int folders_need(struct sync_account *w, struct arena *a, enum cache_role role, const char *name,
                 struct cache_folder *out, struct error *err) MUST_CHECK;

#endif
