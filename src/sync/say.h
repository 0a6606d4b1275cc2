/* SPDX-License-Identifier: MIT */
/* say.h - what the engine's threads tell its main thread, which alone owns the bus: events for
 * people, and notes about themselves.
 * Must not know: the bus, who listens. */
#ifndef TMAIL_SYNC_SAY_H
#define TMAIL_SYNC_SAY_H

#include "base/queue.h"
#include "bus/event.h"

enum say_kind {
    SAY_EVENT, /* pass ev on */
    SAY_BUSY,  /* the account works */
    SAY_IDLE,  /* it waits; due: its next work (wall ms, INT64_MAX: none) */
    SAY_PASS,  /* its part of request is over: ev has fetched, sent, code, text */
    SAY_FOUND, /* ev is a part of the answer to request, for who asked */
    SAY_ASK,   /* ev is a question; with nobody there the main thread answers with nothing */
    SAY_ENDED  /* the thread ends: nothing comes after */
};
struct say {
    struct msg msg; /* kind: enum say_kind */
    struct arena *arena;
    struct bus_event ev; /* its strings live in arena */
    size_t account;      /* number of the worker */
    int64_t request, due;
};
/* A note without an event. */
struct say *say_new(enum say_kind kind, size_t account);
/* The same with ev copied. */
struct say *say_new_event(enum say_kind kind, size_t account, const struct bus_event *ev);
/* Never waits. Takes s. */
void say_put(struct queue *to, struct say *s);
/* SAY_EVENT in one call. */
void say_event(struct queue *to, const struct bus_event *ev);

#endif
