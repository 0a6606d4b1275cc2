/* SPDX-License-Identifier: MIT */
/* thread.h - inside of src/cache only: which conversation a message belongs to. Every Message-ID
 * that any message was called by or refers to is known with its thread; a message joins all
 * threads that it names into one, so that the order in which messages come in makes no
 * difference.
 * Must not know: how a conversation is drawn. */
#ifndef TMAIL_CACHE_THREAD_H
#define TMAIL_CACHE_THREAD_H

#include "cache/message.h"

enum {
    THREAD_REFS_MAX = 100,             /* of one message: the first and the newest are kept */
    THREAD_TOPIC_SECONDS = 60 * 86400, /* how far apart a subject alone may join */
    THREAD_COUNT_MAX = 1000 /* compared when two threads join: the smaller is renumbered */
};

/* What a subject says about its thread: a number for its text without reply prefixes (0: none), and
 * whether it had one. */
struct thread_topic {
    int64_t topic;
    bool reply;
};
struct thread_place {
    int64_t thread, topic;
    bool orphan;       /* a reply that names nothing: joined by its subject alone */
    struct str parent; /* Message-ID that it answers; points into m */
};
int thread_topic(struct cache *c, struct str subject, struct thread_topic *out,
                 struct error *err) MUST_CHECK;
/* Joins what must be joined for the message that will be number id. */
int thread_join(struct cache *c, const struct cache_message *m, int64_t id,
                struct thread_place *out, struct error *err) MUST_CHECK;
/* The number under which a Message-ID is known: 63 bits of its SHA-256. */
int thread_reference(struct cache *c, struct str mid, int64_t *out, struct error *err) MUST_CHECK;

#endif
