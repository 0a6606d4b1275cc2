/* SPDX-License-Identifier: MIT */
/* event.h - what the engine says and what it is told: flat values and their JSON lines, both
 * directions. The lines are those that `tmail sync --json` prints.
 * Must not know: sockets. */
#ifndef TMAIL_BUS_EVENT_H
#define TMAIL_BUS_EVENT_H

#include "base/buf.h"

enum bus_event_kind {
    EVENT_HELLO,     /* version, schema, configuration of the other end */
    EVENT_STATE,     /* account, state ("connecting", "syncing", "idle", "offline", "login-needed"),
                        text */
    EVENT_PROGRESS,  /* account, folder (name), done, total, more, rate, left */
    EVENT_FOLDER,    /* id: the folder's rows changed */
    EVENT_FOLDERS,   /* the list of folders changed */
    EVENT_OUTBOX,    /* id: entry changed; state ("queued", "sending", "sent", "failed", "doubt"),
                        text: reason */
    EVENT_OP_FAILED, /* text: what was refused and undone */
    EVENT_BODY,      /* id: the message's body is here now; text: why not */
    EVENT_FOUND,     /* id of the hint, account; state: "searching" (its server is being asked),
                        "found" (text: numbers of messages, blank separated), "left" (text: what could
                        not be searched and why, code, later) */
    EVENT_ERROR,     /* account, text, code (enum error_code), later */
    EVENT_ASK,       /* id, what ("password"), account, text: the question */
    EVENT_DONE, /* a pass that was asked for is over: id of the hint, fetched, sent, code, later,
                   text (the first error) */
    EVENT_BYE,  /* the engine ends */
    EVENT_KINDS
};
struct bus_event {
    enum bus_event_kind kind;
    int64_t id, done, total;
    int code;
    bool later; /* of code: it may be otherwise the next time */
    struct str account, folder, state, text;
    int64_t more;          /* EVENT_PROGRESS: bytes that are still to come; 0: not known */
    int64_t rate, left;    /* EVENT_PROGRESS: bytes a second, seconds; 0: not known */
    int64_t fetched, sent; /* EVENT_DONE */
    int64_t version, schema;
    struct str config;
};
/* text of a HINT_HELLO of who wants nothing but mail sent: the engine is not told. */
#define BUS_OUTBOX_ONLY "outbox-only"
enum bus_hint_kind {
    HINT_HELLO,  /* somebody is there who wants to see mail */
    HINT_WAKE,   /* the journal or the outbox has something */
    HINT_SYNC,   /* id (echoed in EVENT_DONE), account (empty: all), folder (empty: all): one full
                    pass */
    HINT_BODY,   /* id: the message whose body is wanted now */
    HINT_SEARCH, /* id (echoed in EVENT_FOUND and EVENT_DONE), text: a query for the servers, of
                    which the store cannot tell everything */
    HINT_SEND,   /* id: outbox entry wanted out now (echoed in EVENT_DONE) */
    HINT_ANSWER, /* id of the question, text: the answer (a secret: never logged) */
    HINT_CANCEL, /* stop what is going on */
    HINT_STOP,   /* finish and go */
    HINT_KINDS
};
struct bus_hint {
    enum bus_hint_kind kind;
    int64_t id;
    struct str account, folder, text, config;
    int64_t version, schema;
};
/* One JSON object and a LF. */
void bus_event_write(const struct bus_event *ev, struct buf *out);
void bus_hint_write(const struct bus_hint *h, struct buf *out);
/* Strings live in a. ERR_PARSE. */
int bus_event_read(struct arena *a, struct str line, struct bus_event *out,
                   struct error *err) MUST_CHECK;
int bus_hint_read(struct arena *a, struct str line, struct bus_hint *out,
                  struct error *err) MUST_CHECK;

#endif
