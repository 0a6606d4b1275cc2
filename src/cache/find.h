/* SPDX-License-Identifier: MIT */
/* find.h - a query answered from the store: its rows, and what the caller finds in messages that
 * are here. Of what is not here (the text of a message whose header alone is held) it says so.
 * Must not know: MIME, servers. */
#ifndef TMAIL_CACHE_FIND_H
#define TMAIL_CACHE_FIND_H

#include "cache/message.h"
#include "cache/query.h"

enum { FIND_HITS_MAX = 10000 };

enum find_answer { FIND_NO, FIND_YES, FIND_MAYBE /* the store does not have what would tell */ };

/* Whether the message of a row has term (QUERY_TEXT or QUERY_BODY: in its text; QUERY_CC,
 * QUERY_LIST) says look; NULL: nobody can tell. -1 with *err. */
struct find_look {
    int (*look)(void *arg, const struct cache_row *row, const struct query *term,
                enum find_answer *answer, struct error *err);
    void *arg;
};
/* Whether a row is what q looks for. */
int find_row(const struct query *q, const struct cache_row *row, struct str folder,
             const struct find_look *look, enum find_answer *answer, struct error *err) MUST_CHECK;

/* All messages of the store, folder by folder, a little at a time. */
struct finder;
/* Keeps c, q and what look points to. */
struct finder *finder_new(struct cache *c, const struct query *q, const struct find_look *look);
/* Goes on until until_ms (monotonic; INT64_MAX: to the end) or its end. 0: more to do; 1: done;
 * -1. */
int finder_step(struct finder *f, int64_t until_ms, struct error *err) MUST_CHECK;
/* What was found so far, in order of finding, each message once; FIND_HITS_MAX at most. Borrowed
 * until the next step. */
const struct cache_hit *finder_hits(const struct finder *f, size_t *n);
void finder_free(struct finder **f);
/* Newest first, each message once. In place; how many are left. */
size_t find_sort(struct cache_hit *hits, size_t n);

/* Folders of an account (0: of all) with messages of which only their server can say whether q
 * finds them: those that are not here, or whose text is needed and is not. Strings live in a. */
int find_elsewhere(struct cache *c, struct arena *a, int64_t account, const struct query *q,
                   struct cache_folder **out, size_t *n, struct error *err) MUST_CHECK;

#endif
