/* SPDX-License-Identifier: MIT */
/* fetch.h - messages from the connection through the decoder to the commit thread, as the bytes
 * pass. They are asked for in windows, two of them under way, so that the line is never empty; a
 * run ends after a second or when something urgent waits.
 * Must not know: which messages are wanted and why. */
#ifndef TMAIL_SYNC_FETCH_H
#define TMAIL_SYNC_FETCH_H

#include "sync/link.h"

enum {
    FETCH_HEADER_MAX = 1 << 20,
    FETCH_KEYWORDS_MAX = 4096,
    FETCH_MESSAGE_MAX = 256 << 20, /* of a larger message the body stays on the server */
    FETCH_RUN_MS = 1000,           /* nothing new is asked for after so long */
    FETCH_WINDOW_FIRST = 50,       /* messages */
    FETCH_WINDOW_LEAST = 5,
    FETCH_WINDOW_MOST = 1000,
    FETCH_WINDOW_MS = 150 /* what a window should take: quicker ones are followed by larger ones */
};

enum fetch_what { FETCH_WHOLE, FETCH_HEADERS_ONLY };
struct fetch_job {
    const struct cache_folder *folder; /* opened in the same turn where it is not open */
    uint32_t uidvalidity;              /* whose uids these are */
    const struct link_select *opening; /* it is being opened, with this; NULL: not yet */
    bool maybe;                        /* uids are a guess: a refusal means nothing */
    bool tell;                         /* progress */
    bool alone; /* headers whose bodies do not come: with a preview (RFC 8970) */
    bool saved; /* instead of uids what the last search saved ("$", RFC 5182; n is 1), as far as the
                   store does not have it */
    const uint32_t *uids; /* strictly descending */
    size_t n;
    enum fetch_what what;
    size_t done;   /* so many of uids have been asked for and answered */
    size_t window; /* 0: the first */
    uint64_t size; /* of all of them; 0: not known */
    /* What came so far, and in how much time. */
    uint64_t bytes;
    int64_t ms;
};
/* Keywords of a message as the store has them: blank separated, without what are flags. */
void fetch_keywords(const struct wire_node *flag, struct buf *out);
/* Adds what the server calls a message to a list of FETCH items, where it has such names. */
void fetch_put_objectid(struct sync_account *w, struct buf *items);
/* That name, into out; empty: none. */
void fetch_objectid(const struct imap_fetch *r, struct buf *out);
/* "too large" as a sentence about a message of so many bytes, ERR_REFUSED. Returns -1. */
int fetch_too_large(uint64_t size, struct error *err);
/* "renumbered meanwhile", ERR_PROTO with RETRY_NOW. Returns -1. */
int fetch_renumbered(struct error *err);
/* Fetches on from job->done. ERR_PROTO with RETRY_NOW when the folder was renumbered. What the server does not have any more
 * just does not come; what is too large comes as headers only, and the person is told. 0 means handed to the commit thread, not yet in the store; call again while
 * done < n. */
int fetch_run(struct sync_account *w, struct fetch_job *job, struct error *err) MUST_CHECK;

#endif
