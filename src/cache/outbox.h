/* SPDX-License-Identifier: MIT */
/* outbox.h - mail on its way out, and drafts: what a person wrote is fsynced before anything
 * else happens.
 * Must not know: SMTP, MIME. */
#ifndef TMAIL_CACHE_OUTBOX_H
#define TMAIL_CACHE_OUTBOX_H

#include "cache/db.h"

enum outbox_state {
    OUTBOX_QUEUED,  /* due at not_before (undo time, retry) */
    OUTBOX_SENDING, /* a connection has it; found so at start: in doubt only if data had been sent
                     */
    OUTBOX_DOUBT,   /* the link broke between the final dot and its answer: the person decides */
    OUTBOX_FAILED, /* refused for good; reason says why; kept until the person cancels or retries it
                    */
    OUTBOX_SENT    /* gone out; kept only until its Sent copy, if save_sent, is settled */
};
struct outbox_rcpt {
    struct str address;
    unsigned code; /* 0: not answered yet */
    struct str text;
};
struct outbox_entry {
    int64_t id, account, body;
    enum outbox_state state;
    bool dot_sent;               /* in the store before the final dot goes out */
    int64_t created, not_before; /* seconds */
    unsigned attempts;
    uint64_t size;
    bool eight_bit, save_sent;
    bool receipt; /* the sender wants to be told that it arrived (RFC 3461) */
    struct str sender, subject, message_id, reason;
    struct outbox_rcpt *rcpts;
    size_t rcpts_n;
};
/* Stores the entry (body already finished on the same handle, in the same transaction if one is
 * open), durable. draft != 0: that draft is put away in the same transaction, and comes back when
 * the entry is cancelled. *id is set. */
int cache_outbox_add(struct cache *c, const struct outbox_entry *e, int64_t draft, int64_t *id,
                     struct error *err) MUST_CHECK;
/* All entries, oldest first. */
int cache_outbox_list(struct cache *c, struct arena *a, struct outbox_entry **out, size_t *n,
                      struct error *err) MUST_CHECK;
int cache_outbox_get(struct cache *c, struct arena *a, int64_t id, struct outbox_entry *out,
                     struct error *err) MUST_CHECK; /* 1: none */
enum { OUTBOX_BATCH = 16, OUTBOX_BATCH_BYTES = 1 << 20 };
/* The oldest due entries of an account, turned to SENDING; their numbers. OUTBOX_BATCH at most, those
 * behind the first only while all of them have no more than OUTBOX_BATCH_BYTES. 1: none. */
int cache_outbox_take(struct cache *c, int64_t account, int64_t now, int64_t ids[OUTBOX_BATCH],
                      size_t *n, struct error *err) MUST_CHECK;
/* The mark before the final dot is written; boot names this run of the system (clock_boot), 0: it is
 * not known. A program that dies leaves what it wrote, synced or not; a system that goes down does
 * not. So the mark of the first of several that are SENDING is durable and holds for all of them,
 * should boot be another one afterwards; within this boot each has its own. */
int cache_outbox_dot(struct cache *c, int64_t id, int64_t boot, struct error *err) MUST_CHECK;
/* Ends an attempt, durable: new state, reason, not_before, attempts, dot_sent, save_sent, and each
 * recipient's answer. */
int cache_outbox_update(struct cache *c, const struct outbox_entry *e,
                        struct error *err) MUST_CHECK;
/* SENDING → SENT: all have it. Not durable by itself: what follows is. */
int cache_outbox_sent(struct cache *c, int64_t id, struct error *err) MUST_CHECK;
/* The same of those that are SENT. 1: none. */
int cache_outbox_unsettled(struct cache *c, int64_t account, int64_t ids[OUTBOX_BATCH], size_t *n,
                           struct error *err) MUST_CHECK;
/* After a crash, or an end that could not be written, durable: SENDING whose final dot may have
 * gone out → DOUBT, else → QUEUED; of an account (0: all). By the engine while nothing of it is being
 * sent. */
int cache_outbox_recover(struct cache *c, int64_t account, int64_t boot,
                         struct error *err) MUST_CHECK;
/* The person: take it back before it goes or after it was refused (its draft is one again), or
 * forget a doubtful one (its draft goes too). 1: too late, or none. */
int cache_outbox_cancel(struct cache *c, int64_t id, struct error *err) MUST_CHECK;
/* The draft that an entry was made from, for showing it again after a cancel. 1: none. */
int cache_outbox_draft(struct cache *c, int64_t id, int64_t *draft, struct error *err) MUST_CHECK;
/* The engine: an entry that is SENT and whose copy is settled goes, with its draft and, when no
 * message has it, its body. In the transaction that is open, or durable in its own. */
int cache_outbox_drop(struct cache *c, int64_t id, struct error *err) MUST_CHECK;
/* FAILED or DOUBT → QUEUED now. 1: none. */
int cache_outbox_retry(struct cache *c, int64_t id, int64_t now, struct error *err) MUST_CHECK;
/* Entries that wait or are to be settled, and when the next is due (0: none). */
int cache_outbox_pending(struct cache *c, int64_t account, int64_t *n, int64_t *next_due,
                         struct error *err) MUST_CHECK;

/* Drafts: an opaque blob of compose's. Durable. id 0 makes a new one; one that has gone meanwhile
 * is made anew under its number. */
int cache_draft_put(struct cache *c, int64_t *id, int64_t account, struct str subject,
                    struct str to, struct str blob, int64_t now, struct error *err) MUST_CHECK;
int cache_draft_get(struct cache *c, struct arena *a, int64_t id, struct str *blob,
                    struct error *err) MUST_CHECK; /* 1: none */
/* With the entry that was refused for good, if it was made for one. */
int cache_draft_drop(struct cache *c, int64_t id, struct error *err) MUST_CHECK;
/* The entry of the outbox that a draft was put away for. 1: none. */
int cache_draft_entry(struct cache *c, int64_t id, int64_t *entry, struct error *err) MUST_CHECK;
struct draft_row {
    int64_t id, account, changed;
    struct str subject, to;
    struct str reason; /* why it came back from the outbox; empty: it did not */
};
/* Those that wait to be written on, newest first; above them those whose mail was refused for good:
 * their entries are FAILED. */
int cache_draft_list(struct cache *c, struct arena *a, struct draft_row **out, size_t *n,
                     struct error *err) MUST_CHECK;

#endif
