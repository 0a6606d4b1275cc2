/* SPDX-License-Identifier: MIT */
/* findjob.h - one source of find.h asked, in a thread of its own: what it needs goes in, what it found comes
 * back, through a queue.
 * Must not know: the other sources, which is used. */
#ifndef TMAIL_SYNC_FINDJOB_H
#define TMAIL_SYNC_FINDJOB_H

#include <pthread.h>

#include "base/queue.h"
#include "decode/client.h"
#include "net/dns.h"
#include "sync/probe.h"
#include "sync/rank.h"
#include "sync/reach.h"

/* What all of them read, and none changes. */
struct findjob_world {
    struct probe *probe;
    const struct reach *reach;
    struct net_cancel *cancel;
    struct queue *done;
    const char *domain; /* A-labels */
    int64_t deadline;
};
struct findjob {
    struct msg msg; /* first: it comes back so */
    const struct findjob_world *world;
    enum find_source source;
    void (*run)(struct findjob *j);
    pthread_t thread;
    bool running;
    /* What to ask. */
    char url[1024];              /* fetch */
    char name[DNS_NAME_MAX * 2]; /* SRV: service and domain; guess: the host */
    enum net_proto proto;
    enum net_tls tls;
    uint16_t port;
    /* What came of it. */
    struct buf document;
    bool fetched;
    char mx[DNS_NAME_MAX];
    struct dns_srv_list *srv; /* freed with free() */
    bool answers;             /* the host that was guessed has a server */
};
/* What run can be. */
void findjob_mx(struct findjob *j);
void findjob_srv(struct findjob *j);
void findjob_fetch(struct findjob *j);
void findjob_guess(struct findjob *j);

/* Starts the thread; the job is in world->done when it is over, also where it could not be started. */
void findjob_start(struct findjob *j);
/* Joins the thread and frees what came. */
void findjob_clear(struct findjob *j);

#endif
