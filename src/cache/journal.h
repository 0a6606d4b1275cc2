/* SPDX-License-Identifier: MIT */
/* journal.h - what the person did, applied to the local rows at once and kept for the server until it has confirmed it. doc/journal.md has the states.
 * Must not know: IMAP commands. */
#ifndef TMAIL_CACHE_JOURNAL_H
#define TMAIL_CACHE_JOURNAL_H

#include "cache/message.h"

enum cache_op_kind {
    OP_FLAGS, /* add and del on a message in folder */
    OP_MOVE,  /* from folder to target */
    OP_COPY,
    OP_EXPUNGE, /* remove from folder for good (deleting in Trash) */
    OP_APPEND   /* a message made here (Sent copy, draft) goes to target */
};
struct cache_op {
    int64_t id, account, message, folder, target;
    enum cache_op_kind kind;
    uint32_t uid;      /* of the message in folder; filled in by cache_journal_due */
    unsigned add, del; /* enum cache_flag; APPEND: add is its flags */
    bool begun;        /* was under way when the link broke: search before repeating */
    unsigned attempts;
    int64_t retry_at; /* seconds */
};
/* Applies op to the local rows and records it for the server, in one durable transaction: after 0 it survives a crash. A flag change that undoes one not yet begun cancels it. */
int cache_journal_add(struct cache *c, const struct cache_op *op, int64_t *op_id,
                      struct error *err) MUST_CHECK;
/* Several as one step of undo. */
int cache_journal_add_all(struct cache *c, const struct cache_op *ops, size_t n,
                          struct error *err) MUST_CHECK;
/* Undoes the newest step not undone yet (a new op with the opposite effect, or the removal of one not begun). *message: where the cursor goes. 1: nothing to undo. */
int cache_journal_undo(struct cache *c, int64_t *folder, int64_t *message,
                       struct error *err) MUST_CHECK;
/* Up to *n due operations of an account, oldest first, none whose predecessor on the same message is still open. */
int cache_journal_due(struct cache *c, int64_t account, int64_t now, struct cache_op *ops,
                      size_t *n, struct error *err) MUST_CHECK;
/* Marks them begun, durable before the command is sent. */
int cache_journal_begin(struct cache *c, const int64_t *op_ids, size_t n,
                        struct error *err) MUST_CHECK;
enum cache_fate { FATE_DONE, FATE_FAILED, FATE_LATER };
/* DONE: forget op; uid (0: unknown) is what the target gave it. LATER: due again at retry_at, not begun. FAILED: undo its local effect and keep why's text for the person. */
int cache_journal_close(struct cache *c, int64_t op_id, enum cache_fate fate, uint32_t uid,
                        int64_t retry_at, const struct error *why, struct error *err) MUST_CHECK;
/* Open operations of an account (0: all), and when the next is due (seconds; 0: none). */
int cache_journal_pending(struct cache *c, int64_t account, int64_t *n, int64_t *next_due,
                          struct error *err) MUST_CHECK;

#endif
