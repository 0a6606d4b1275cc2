/* SPDX-License-Identifier: MIT */
/* view.h - one look at a folder: it is opened, and what the server has in it, or what has changed
 * since the store's mod-sequence, is asked for in the same turn of the connection: QRESYNC
 * (RFC 7162 §3.2.5), else CONDSTORE, else the flags of all messages.
 * Must not know: what is done about it. */
#ifndef TMAIL_SYNC_VIEW_H
#define TMAIL_SYNC_VIEW_H

#include "sync/link.h"
#include "sync/plan.h"

struct view {
    enum sync_look look;
    struct link_select select;
    struct link_answer answer; /* of FETCH */
    struct link_answer search; /* of SEARCH, where uids are asked for */
    uint64_t pushed;           /* account's, when it was taken */
    struct arena *strings;
    struct sync_seen *rows;
    size_t n, cap;
    struct ranges gone, present;
    bool has_present, asks_present;
};
/* Queues it; *v, zeroed before, must live until imap_run is over. */
int view_queue(struct sync_account *w, const struct cache_folder *f, enum sync_look look,
               struct view *v, struct error *err) MUST_CHECK;
/* After imap_run: ERR_REFUSED or ERR_PROTO when the folder cannot be opened or what it shows is not
 * to be believed. 1: as changes it is worthless, LOOK_ALL is needed. */
int view_end(struct sync_account *w, const struct cache_folder *f, struct view *v,
             struct error *err) MUST_CHECK;
/* All of it anew, in a turn of its own. */
int view_again(struct sync_account *w, const struct cache_folder *f, enum sync_look look,
               struct view *v, struct error *err) MUST_CHECK;
/* The store's side of it and the plan; it lives in a, strings of it in v. */
int view_plan(struct sync_account *w, struct arena *a, const struct cache_folder *f, struct view *v,
              const struct sync_bodies *bodies, const struct sync_plan **out,
              struct error *err) MUST_CHECK;
/* True when the server can tell what changed since a mod-sequence. */
bool view_has_modseq(struct sync_account *w);
void view_clear(struct view *v);

#endif
