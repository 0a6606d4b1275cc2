/* SPDX-License-Identifier: MIT */
/* hand.h - the second thread: it owns the writing store handle, the decoder and the bus, and
 * does all that may wait. The screen asks, the hand says; both through queues, and after a put
 * the sender has no pointer left.
 * Must not know: what is on the screen. */
#ifndef TMAIL_UI_HAND_H
#define TMAIL_UI_HAND_H

#include "base/queue.h"
#include "bus/bus.h"
#include "cache/journal.h"
#include "cache/message.h"
#include "compose/draft.h"
#include "decode/client.h"
#include "ui/main.h"

enum ask_kind {
    ASK_OPS,     /* ops, seq; role: where an OP_MOVE without target goes. Answered by SAY_DONE */
    ASK_UNDO,    /* SAY_UNDONE */
    ASK_TEXT,    /* id, part, width: SAY_TEXT */
    ASK_RAW,     /* id, part (0: the header only, 1: all): SAY_RAW */
    ASK_SAVE,    /* id, part, text: where to. SAY_NOTE */
    ASK_BODY,    /* id: the engine fetches it */
    ASK_SEARCH,  /* id, text (NULL: no longer): SAY_FOUND and EVENT_FOUND, as things are found */
    ASK_SYNC,    /* the engine syncs all now */
    ASK_NEW,     /* text: To, text2: Subject. SAY_DRAFT */
    ASK_REPLY,   /* id, part: enum reply_kind. SAY_DRAFT */
    ASK_FORWARD, /* id, text: To. SAY_DRAFT */
    ASK_LOAD,    /* id of a draft: SAY_DRAFT */
    ASK_KEEP,    /* draft: SAY_NOTE */
    ASK_STORE,   /* draft: a copy, stored in case we are killed. SAY_NOTE only when that fails */
    ASK_EDIT,    /* draft: SAY_RUN, then SAY_DRAFT */
    ASK_ATTACH,  /* draft, text: path. SAY_DRAFT */
    ASK_QUEUE,   /* draft, when: SAY_QUEUED, or SAY_DRAFT with the reason why not */
    ASK_CANCEL,  /* id of an outbox entry: SAY_DRAFT or SAY_NOTE */
    ASK_RETRY,   /* id of an outbox entry: SAY_NOTE */
    ASK_DROP,    /* id of a draft: SAY_NOTE */
    ASK_ANSWER,  /* id of a question, text */
    ASK_QUIT     /* SAY_BYE */
};
struct ask {
    struct msg m; /* kind: enum ask_kind */
    int64_t id, seq, when;
    size_t part;
    unsigned width;
    enum cache_role role;
    struct cache_op *ops;
    size_t ops_n;
    char *text, *text2;
    struct draft *draft;
};
enum say_kind {
    SAY_READY,  /* the store is there and open; rc -1: it is not, err */
    SAY_DONE,   /* seq; rc, err */
    SAY_UNDONE, /* rc 0: id of the message, folder; 1: nothing to undo; -1 err */
    SAY_TEXT,   /* id, part, width, text in arena; rc, err */
    SAY_RAW,    /* id, part, text.text in arena; rc, err */
    SAY_NOTE,   /* note, or rc -1 and err; the lists may have changed */
    SAY_DRAFT,  /* draft (NULL when there is none), note or err; fresh: just made, to be edited */
    SAY_QUEUED, /* id of the outbox entry, when it can be taken back until, when it goes */
    SAY_FOUND,  /* id of the search, hits in arena; over: the store was looked through */
    SAY_EVENT,  /* event in arena */
    SAY_RUN,    /* argv in arena: run it on the terminal, put the exit code into answers */
    SAY_BYE
};
struct say {
    struct msg m; /* kind: enum say_kind */
    int64_t id, seq, folder, when, goes;
    size_t part;
    unsigned width;
    int rc;
    struct error err;
    struct arena *arena;
    struct decode_text text;
    struct bus_event event;
    char **argv;
    struct draft *draft;
    bool fresh, over;
    struct cache_hit *hits;
    size_t hits_n;
    char *note;
};

struct hand;
/* Starts the thread. start must live until hand_stop. NULL when the system gives no thread. */
struct hand *hand_start(const struct ui_start *start, struct error *err);
/* A new question, zeroed; its strings are freed with it. */
struct ask *ask_new(enum ask_kind kind);
/* Takes a. Never waits. */
void hand_ask(struct hand *h, struct ask *a);
/* The next answer, the caller's; NULL after wait_ms. Freed with msg_drop(&say->m). */
struct say *hand_next(struct hand *h, int wait_ms);
int hand_fd(const struct hand *h);
/* What the screen found out while the hand waits for it (exit code of SAY_RUN). */
void hand_answer(struct hand *h, int rc);
/* Lets the hand finish what it was asked, at most wait_ms; 0 when all of it is done. *h is freed
 * only then. */
int hand_stop(struct hand **h, int wait_ms);

#endif
