/* SPDX-License-Identifier: MIT */
/* search.h - a person's query put to the server, in the folders of which only it can tell (cache/find.h):
 * those that are not held here whole. What it finds comes into the store, its headers at least.
 * Must not know: who asked, what the store finds by itself. */
#ifndef TMAIL_SYNC_SEARCH_H
#define TMAIL_SYNC_SEARCH_H

#include "sync/account.h"

enum {
    SEARCH_GROUP = 16,       /* folders in one turn of the connection */
    SEARCH_HITS_MAX = 10000, /* of an account, newest first in each folder */
    SEARCH_FETCH_MAX = 2000, /* headers fetched of a folder's hits that the store does not know */
    SEARCH_FOLDERS_TOLD = 5, /* by name, in a sentence */
    SEARCH_MS = 120000       /* no more folders are asked after so long */
};

struct search {
    struct str query; /* as it was typed */
    /* Messages that were found, as they come. */
    void (*found)(void *arg, const int64_t *messages, size_t n);
    void *arg;
    struct error left; /* what could not be searched, and why: a sentence; ERR_NONE: all was */
};
/* 0: nothing has to be asked of the server, 1: something has to, -1 (a query that is none too). */
int search_needed(struct sync_account *w, struct str query, struct error *err) MUST_CHECK;
/* Over the open link. -1: it failed. */
int search_run(struct sync_account *w, struct search *s, struct error *err) MUST_CHECK;
/* The server was not to be had, because of why: the sentence for s->left. */
void search_failed(struct sync_account *w, struct search *s, const struct error *why);

#endif
