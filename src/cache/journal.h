/* SPDX-License-Identifier: MIT */
/* journal.h - what the person did, applied to the local rows at once and kept for the server
 * until it has confirmed it. doc/journal.md has the states.
 * Must not know: IMAP commands. */
#ifndef TMAIL_CACHE_JOURNAL_H
#define TMAIL_CACHE_JOURNAL_H

#include "cache/message.h"
#include "cache/words.h"

enum cache_op_kind {
    OP_FLAGS, /* add and del on a message in folder */
    OP_MOVE,  /* from folder to target */
    OP_COPY,
    OP_EXPUNGE,       /* remove from folder for good (deleting in Trash) */
    OP_APPEND,        /* a message made here (Sent copy, draft) goes to target */
    OP_FOLDER_CREATE, /* of folder, without a message (folder_op.h) */
    OP_FOLDER_RENAME,
    OP_FOLDER_DELETE,
    OP_FOLDER_SUBSCRIBE,
    OP_FOLDER_UNSUBSCRIBE
};
struct cache_op {
    int64_t id, account, message, folder, target;
    enum cache_op_kind kind;
    uint32_t uid;      /* of the message in folder; filled in by cache_journal_due */
    unsigned add, del; /* enum cache_flag; APPEND: add is its flags */
    /* Keywords of OP_FLAGS, blank separated; APPEND: words_add are its own. */
    char words_add[CACHE_WORDS_MAX], words_del[CACHE_WORDS_MAX];
    bool quiet;  /* no step of undo: what a program does by itself (marking as read, \Answered) */
    bool begun;  /* was under way when the link broke: search before repeating */
    bool copied; /* of a move: the target has it (and begun is set), the source is to be removed */
    unsigned attempts;
    int64_t retry_at; /* seconds */
};
enum {
    CACHE_UNDO_STEPS = 100,   /* kept */
    CACHE_FAILURES_MAX = 100, /* kept */
    CACHE_APPEND_AGAIN = 24 * 3600
};
/* Applies op to the local rows and records it for the server, in one durable transaction: after 0
 * it survives a crash. A change that undoes one not yet begun cancels it. *op_id is 0 when there is
 * nothing to tell the server: no change, or the message is not in folder any more. An APPEND's
 * message was put with uid 0 in the same transaction. */
int cache_journal_add(struct cache *c, const struct cache_op *op, int64_t *op_id,
                      struct error *err) MUST_CHECK;
/* Several as one step of undo. */
int cache_journal_add_all(struct cache *c, const struct cache_op *ops, size_t n,
                          struct error *err) MUST_CHECK;
/* Undoes the newest step not undone yet (a new op with the opposite effect, or the removal of one
 * not begun). *folder and *message: where the cursor goes. 1: nothing to undo. What the server has
 * expunged stays so. */
int cache_journal_undo(struct cache *c, int64_t *folder, int64_t *message,
                       struct error *err) MUST_CHECK;
/* Up to *n due operations of an account, oldest first, none whose predecessor on the same message
 * is still open, and none whose message has no uid in folder yet (a pass over that folder brings
 * it). */
int cache_journal_due(struct cache *c, int64_t account, int64_t now, struct cache_op *ops,
                      size_t *n, struct error *err) MUST_CHECK;
/* Marks them begun, durable before the command is sent. 1: one of them was taken back meanwhile and
 * none is marked; ask for the due ones again. */
int cache_journal_begin(struct cache *c, const int64_t *op_ids, size_t n,
                        struct error *err) MUST_CHECK;
/* The first half of moves is done: the target has the messages, under uids (0: not known). Durable;
 * from then on a move that comes to nothing leaves what was copied there. One that has gone is fine. */
int cache_journal_copied(struct cache *c, const int64_t *op_ids, const uint32_t *uids, size_t n,
                         struct error *err) MUST_CHECK;
enum cache_fate { FATE_DONE, FATE_FAILED, FATE_LATER };
/* DONE: forget op; uid (0: unknown) is what the target gave it. LATER: due again at retry_at, not
 * begun, but copied if it was. FAILED: undo its local effect and keep why's text for the person; an APPEND stays and is
 * tried again CACHE_APPEND_AGAIN seconds after retry_at, since what it brings may be nowhere else.
 * An op that has gone meanwhile is fine. */
int cache_journal_close(struct cache *c, int64_t op_id, enum cache_fate fate, uint32_t uid,
                        int64_t retry_at, const struct error *why, struct error *err) MUST_CHECK;
/* Open operations of an account (0: all), and when cache_journal_due has the next (seconds; 0: not
 * before something else happens). */
int cache_journal_pending(struct cache *c, int64_t account, int64_t *n, int64_t *next_due,
                          struct error *err) MUST_CHECK;

/* What the server refused, newest first; at most CACHE_FAILURES_MAX are kept. */
struct cache_failure {
    int64_t id, message, folder, target;
    enum cache_op_kind kind;
    struct str text;
};
int cache_journal_failures(struct cache *c, struct arena *a, struct cache_failure **out, size_t *n,
                           struct error *err) MUST_CHECK;
/* The person has seen it; 0: all of them. */
int cache_journal_forget(struct cache *c, int64_t failure, struct error *err) MUST_CHECK;

#endif
