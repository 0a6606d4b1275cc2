/* SPDX-License-Identifier: MIT */
/* want.h - what a worker is told by the main thread and by its watcher, and the list of what it
 * has not done yet.
 * Must not know: how it is done. */
#ifndef TMAIL_SYNC_WANT_H
#define TMAIL_SYNC_WANT_H

#include "base/buf.h"
#include "base/queue.h"

enum want_kind {
    WANT_WORK,    /* the journal or the outbox has something */
    WANT_INBOX,   /* something happened in the INBOX */
    WANT_NEWS,    /* something happened in another folder */
    WANT_PASS,    /* a full pass; request: whose; folder: only that one */
    WANT_BODY,    /* id: message */
    WANT_SEND,    /* id: outbox entry */
    WANT_SEARCH,  /* request: whose; text: what a person looks for */
    WANT_NETWORK, /* id: enum net_change */
    WANT_UNWATCH, /* the watcher ended by itself */
    WANT_ANSWER   /* secret: to the question that was asked; empty: none is to be had */
};
struct want {
    struct msg msg; /* kind: enum want_kind */
    int64_t id, request;
    struct buf text; /* folder, query, or secret */
};
/* Wants of one kind, oldest first. */
struct wants {
    struct want *head, **tail;
};
/* Takes w. */
void wants_add(struct wants *l, struct want *w);
/* The oldest, the caller's; NULL when there is none. */
struct want *wants_take(struct wants *l);
void wants_drop(struct wants *l);
/* text is copied. */
struct want *want_new(enum want_kind kind, int64_t id, int64_t request, struct str text);
/* Never waits. Takes w. */
void want_put(struct queue *to, struct want *w);

#endif
