/* SPDX-License-Identifier: MIT */
/* mailq_in.h - the inside of the queue, shared by the files that hold its parts. All of it belongs
 * to the queue's thread, but for what is on its way to a worker or back.
 * Must not know: sockets. */
#ifndef TMAIL_SERVER_MAILQ_IN_H
#define TMAIL_SERVER_MAILQ_IN_H

#include <pthread.h>

#include "server/mailq.h"
#include "server/schedule.h"
#include "server/store.h"

/* A message of the queue. */
struct mailq_entry {
    struct due due; /* first */
    struct spool_env env;
    size_t place;   /* in entries */
    uint64_t turn;  /* in which they came */
    size_t running; /* attempts that wait or are under way */
    bool removed;   /* by a person, while an attempt was under way */
};
/* The recipients of a message at one destination, waiting for a worker. */
struct mailq_task {
    struct mailq_entry *entry;
    struct mailq_task *next;
};
struct mailq_destination {
    char *name; /* lower case; "" for the agent */
    struct mailq_task *first, *last;
    size_t waiting, running;
};
struct mailq {
    struct mailq_setup setup;
    struct spool *spool;
    struct queue *jobs, *work; /* to the owner; to the workers */
    struct net_cancel *cancel;
    struct desk desk; /* for reports to our own accounts */
    pthread_t thread, *workers;
    bool running, stopping;
    int64_t stop_by_ms;
    size_t workers_n, busy;
    struct mailq_entry **entries;
    size_t n, cap;
    uint64_t turn;
    struct schedule schedule;
    struct mailq_destination *destinations;
    size_t destinations_n, tasks_n, next; /* next: whose turn it is */
    struct msg *advance;                  /* the clock is being moved for this job */
};

enum mailq_job_kind {
    MAILQ_ACCEPT,
    MAILQ_RESULT,
    MAILQ_TAKEN,
    MAILQ_LIST,
    MAILQ_FLUSH,
    MAILQ_REMOVE,
    MAILQ_ADVANCE,
    MAILQ_STOP
};
struct mailq_job {
    struct msg m; /* kind: enum mailq_job_kind */
    struct queue *answer;
    const struct spool_env *env; /* ACCEPT, as message: the caller waits */
    const struct spill *message;
    char *id;      /* FLUSH, REMOVE; NULL: all */
    bool json;     /* LIST */
    int64_t until; /* ADVANCE: by so much; then where that ends */
    struct buf out;
    int rc;
    struct error err;
};

/* One attempt, on its way to a worker and back; what it says of its mails is its own copy. */
struct mailq_attempt {
    struct msg m;      /* kind: MAILQ_RESULT */
    char *destination; /* "" for the agent */
    struct mailq_entry **entries;
    struct relay_mail *mails;
    size_t n;
};

/* What a peer took of a mail, before the attempt that it is part of has ended. */
struct mailq_taken {
    struct msg m; /* kind: MAILQ_TAKEN */
    struct mailq_entry *entry;
    bool *sent; /* for each recipient */
    bool peer_has_dsn;
};

/* mailq.c: takes what is in env. Asks for no limit: mailq_add has. */
struct mailq_entry *mailq_enter(struct mailq *q, struct spool_env *env);
/* Spools a message and has it tried at once; takes what is in env, also on failure. */
int mailq_add(struct mailq *q, struct spool_env *env, const struct spill *message,
              struct error *err) MUST_CHECK;
void mailq_forget(struct mailq *q, struct mailq_entry *e);
/* All attempts of the entry are back: reports, removal, or the time of the next. */
void mailq_settle(struct mailq *q, struct mailq_entry *e);

/* mailq_work.c: what is due becomes tasks, tasks become attempts of workers. */
void mailq_due(struct mailq *q);
void mailq_dispatch(struct mailq *q);
/* Takes it. */
void mailq_taken(struct mailq *q, struct mailq_taken *t);
/* What waits for a worker does so no longer; what is under way goes on. */
void mailq_untask(struct mailq *q, struct mailq_entry *e);
/* Takes the attempt. */
void mailq_result(struct mailq *q, struct mailq_attempt *a);
bool mailq_at_rest(const struct mailq *q);
void mailq_workers_end(struct mailq *q);
void mailq_destinations_free(struct mailq *q);

/* mailq_report.c: tells the sender whatever there is to tell of e at this time. -1: something could
 * not be told and is to be tried again. */
int mailq_report(struct mailq *q, struct mailq_entry *e, int64_t now);

/* mailq_control.c: what LIST says. */
void mailq_list(const struct mailq *q, bool json, struct buf *out);

#endif
