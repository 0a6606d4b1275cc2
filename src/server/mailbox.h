/* SPDX-License-Identifier: MIT */
/* mailbox.h - a mailbox shared by sessions: one owner thread has the file, everybody else sends
 * it jobs and gets them back answered. Sessions that are attached get events in a queue of their
 * own, in the order in which things happened.
 * Must not know: protocols, which folder of whom it is. */
#ifndef TMAIL_SERVER_MAILBOX_H
#define TMAIL_SERVER_MAILBOX_H

#include <stdint.h>

#include "base/buf.h"
#include "base/queue.h"
#include "server/rows.h"
#include "server/spill.h"

struct log;
struct mailbox;

/* In the order in which things happened; rows: the mailbox as it was then. */
enum mailbox_event_kind { EVENT_NEW, EVENT_FLAGS, EVENT_GONE, EVENT_CLOSED };
struct mailbox_event {
    struct msg m;   /* kind: enum mailbox_event_kind */
    uint32_t *uids; /* ascending: those that came, changed or went */
    size_t n;
    struct rows rows;
    uint64_t modseq; /* the highest */
};

enum mailbox_kind {
    MAILBOX_ATTACH, /* events: the session's queue; since; answer: rows, status; gone */
    MAILBOX_DETACH,
    MAILBOX_HOLD, /* for whoever waits in answer, until it releases; answer: as ATTACH; rc 1: somebody
                     else has it */
    MAILBOX_RELEASE,
    MAILBOX_STATUS,  /* answer: status; sees what other programs did */
    MAILBOX_GONE,    /* since; answer: gone (RFC 7162 VANISHED) */
    MAILBOX_APPEND,  /* items; answer: uids, validity; all of them or none */
    MAILBOX_STORE,   /* uids, flags_mode, flags, keywords, unchanged_since; answer: modified */
    MAILBOX_EXPUNGE, /* those of uids (all if NULL) that have \Deleted, or without that when forced
                      */
    MAILBOX_READ,    /* uids[0]; answer: bytes; rc 1: no such message any more */
    MAILBOX_PIECE,   /* the same, a piece of it; from: 0 at first; answer: that of the next, or 0 */
    MAILBOX_BATCH,   /* uids in a row, up to MAILBOX_BATCH_BYTES and one message; answer: spans of
                        bytes */
    MAILBOX_HEADERS  /* the same, of each message its header alone, with the empty line */
    /* EXPUNGE and all that read with validity: of that alone, never of another mailbox under the name. */
};
enum { MAILBOX_BATCH_BYTES = 256 << 10 };
/* Where a message of a batch ends in the bytes; the next one begins there. */
struct mailbox_span {
    size_t end;
    bool gone; /* no such message any more */
};
enum flags_mode { FLAGS_SET, FLAGS_ADD, FLAGS_DEL };

struct mailbox_item {
    struct spill message;
    char *sender, *keywords; /* or NULL */
    unsigned flags;
    int64_t date;
};
struct mailbox_status {
    uint64_t messages, unseen, deleted;
    uint64_t size, deleted_size; /* bytes as served, of all and of those with \Deleted */
};
struct mailbox_job {
    struct msg m; /* kind: enum mailbox_kind */
    struct queue *answer;
    struct queue *events;
    struct mailbox_item *items;
    size_t items_n;
    uint32_t *uids; /* ascending where they are a set */
    size_t uids_n;
    enum flags_mode mode;
    unsigned flags;
    char *keywords;
    bool forced;
    uint64_t from;
    uint64_t since; /* what went after this modseq; 0: nobody asks */
    uint64_t
        unchanged_since; /* those with a higher modseq are left alone; UINT64_MAX: all change */
    /* the answer */
    int rc;
    struct error err;
    struct rows rows;
    struct mailbox_status status;
    uint32_t validity, uid_next;
    uint64_t modseq; /* the highest of the mailbox */
    struct buf bytes;
    struct mailbox_span *spans; /* of the first spans_n of uids */
    size_t spans_n;
    uint32_t *modified; /* UIDs that unchanged_since left alone */
    size_t modified_n;
    uint32_t *gone; /* ascending UIDs */
    size_t gone_n;
    bool gone_known; /* false: older ones are forgotten, and gone says nothing */
};

struct mailbox_job *mailbox_job_new(enum mailbox_kind kind);
void mailbox_job_free(struct mailbox_job **j);
/* Takes *j, waits in answers (the caller's own) and gives it back answered: its rc. -1 with *err
 * and *j NULL when the mailbox has been closed. */
int mailbox_call(struct mailbox *b, struct queue *answers, struct mailbox_job **j,
                 struct error *err) MUST_CHECK;
/* The same in two steps, so that the caller does something else meanwhile: takes *j; every job that
 * was taken comes back through answers, and only then may answers be freed. */
int mailbox_ask(struct mailbox *b, struct queue *answers, struct mailbox_job **j,
                struct error *err) MUST_CHECK;
int mailbox_answer(struct queue *answers, struct mailbox_job **j, struct error *err) MUST_CHECK;

/* Where its jobs go. */
struct queue *mailbox_queue(const struct mailbox *b);
/* For the store alone: opens the file leaf in the folder dir and starts the owner. */
struct mailbox *mailbox_start(int dir, const char *leaf, uint32_t validity, struct log *log,
                              struct error *err);
/* Does what is queued, tells the sessions, ends the owner. The struct stays until mailbox_free. */
void mailbox_stop(struct mailbox *b);
void mailbox_free(struct mailbox **b);

#endif
