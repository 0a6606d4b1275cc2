/* SPDX-License-Identifier: MIT */
#include "sync/commit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/pop.h"
#include "sync/say.h"
#include "base/banned.h"

enum {
    BATCH_MESSAGES = 128,  /* collected before they are stored together: most pages are written once
                             for all of them */
    BATCH_BYTES = 4 << 20, /* or so many bytes of them, as they were before compression */
    BATCH_WAIT_MS = 15,    /* so long a message waits for others */
    BATCH_LOCK_MS = 4,     /* so long the write lock is held */
    SAY_EVERY_MS = 100,
    FOLD_AFTER_MS = 1000, /* of quiet: the store's log is folded back */
    BODIES_MAX = 1024
};

enum job_kind { JOB_BYTES, JOB_DROP, JOB_MESSAGE, JOB_FLUSH };
struct job {
    struct msg msg; /* kind: enum job_kind */
    size_t owner;
    uint64_t tag;
    char *bytes;
    size_t n;
    struct arena *strings;
    struct cache_message message;
    struct cache_placement where;
    struct str pop;
    struct cache_body *body; /* of a message that waits to be stored: sealed */
    struct queue *answers;
};
/* The answer to a flush. */
struct flushed {
    struct msg msg;
    struct error why; /* ERR_NONE: all is well */
};
/* A body under way. */
struct open_body {
    size_t owner;
    uint64_t tag;
    struct cache_body *body;
};

struct commit {
    struct queue *jobs, *events;
    struct log *log;
    struct cache *cache;
    pthread_t thread;
    struct error *failed; /* one for each owner */
    size_t owners;
    struct open_body *bodies;
    size_t bodies_n;
    struct job *ready[BATCH_MESSAGES]; /* whole messages that wait to be stored together */
    size_t ready_n;
    uint64_t ready_bytes;
    int64_t ready_at; /* when the first of them came, monotonic ms */
    int64_t said_at;
    bool unfolded;
    int64_t changed; /* folder that has changes nobody was told of; 0: none */
};

struct commit_port {
    struct commit *commit;
    struct queue *answers;
    size_t owner;
};

static void job_drop(struct msg *m)
{
    struct job *j = (struct job *)m;
    arena_free(&j->strings);
    cache_body_drop(&j->body);
    free(j->bytes);
    free(j);
}

static struct job *job_new(enum job_kind kind, const struct commit_port *p, uint64_t tag)
{
    struct job *j = xcalloc(1, sizeof *j);
    j->msg.kind = (int)kind;
    j->msg.drop = job_drop;
    j->owner = p->owner;
    j->tag = tag;
    return j;
}

static void flushed_drop(struct msg *m)
{
    free(m);
}

/* ------------------------------------------------------------------ the thread */

static void changed_say(struct commit *c)
{
    if (c->changed == 0)
        return;
    say_event(c->events, &(struct bus_event){ .kind = EVENT_FOLDER, .id = c->changed });
    c->changed = 0;
    c->said_at = clock_mono_ms();
}

static void body_forget(struct commit *c, struct open_body *b)
{
    cache_body_drop(&b->body);
    *b = c->bodies[--c->bodies_n];
}

/* The transaction is lost, with messages of any owner and frames of any body in it: all will be
 * fetched again. */
static void batch_abort(struct commit *c, const struct error *why)
{
    cache_rollback(c->cache);
    while (c->bodies_n > 0)
        body_forget(c, &c->bodies[c->bodies_n - 1]);
    log_line(c->log, LOG_ERROR, "commit: %s", why->text);
    for (size_t i = 0; i < c->owners; i++)
        if (c->failed[i].code == ERR_NONE)
            c->failed[i] = *why;
}

static struct open_body *body_find(struct commit *c, const struct job *j)
{
    for (size_t i = c->bodies_n; i > 0; i--)
        if (c->bodies[i - 1].tag == j->tag && c->bodies[i - 1].owner == j->owner)
            return &c->bodies[i - 1];
    return NULL;
}

static int body_add(struct commit *c, const struct job *j, struct error *err)
{
    struct open_body *b = body_find(c, j);
    if (b == NULL) {
        if (c->bodies_n == BODIES_MAX)
            return error_set(err, ERR_LIMIT, RETRY_LATER, _("too many messages under way"));
        b = &c->bodies[c->bodies_n];
        *b = (struct open_body){ j->owner, j->tag, cache_body_create(c->cache, err) };
        if (b->body == NULL)
            return -1;
        c->bodies_n++;
    }
    return cache_body_append(b->body, (struct str){ j->bytes, j->n }, err);
}

static int message_put(struct commit *c, struct job *j, struct error *err)
{
    int known = 0, rc = 0;
    int64_t id = 0;
    if (j->body != NULL)
        rc = cache_body_finish(&j->body, &j->message.body, j->message.identity, &known, err);
    if (rc == 0 && j->pop.n > 0)
        rc = cache_pop_put(c->cache, &j->message, j->where.folder, j->pop, err);
    else if (rc == 0)
        rc = cache_message_put(c->cache, &j->message, &j->where, &id, err);
    return rc;
}

static void do_bytes(struct commit *c, struct job *j)
{
    struct error err = { 0 };
    if (c->failed[j->owner].code == ERR_NONE && body_add(c, j, &err) != 0)
        batch_abort(c, &err);
}

static void changed_note(struct commit *c, int64_t folder)
{
    if (c->changed != 0 && c->changed != folder)
        changed_say(c);
    c->changed = folder;
}

/* One transaction with as many of the messages as BATCH_LOCK_MS allows; how many. */
static size_t batch_store(struct commit *c, struct job **jobs, size_t n)
{
    struct error err = { 0 };
    size_t done = 0;
    int rc = cache_begin(c->cache, false, &err);
    int64_t until = clock_mono_ms() + BATCH_LOCK_MS;
    while (rc == 0 && done < n && (done == 0 || clock_mono_ms() < until)) {
        if (c->failed[jobs[done]->owner].code == ERR_NONE)
            rc = message_put(c, jobs[done], &err);
        done++;
    }
    if (rc == 0)
        rc = cache_commit(c->cache, &err);
    c->unfolded = true;
    if (rc != 0) {
        batch_abort(c, &err);
        return n;
    }
    return done;
}

static void ready_store(struct commit *c)
{
    for (size_t i = 0; i < c->ready_n;)
        i += batch_store(c, c->ready + i, c->ready_n - i);
    for (size_t i = 0; i < c->ready_n; i++) {
        changed_note(c, c->ready[i]->where.folder);
        msg_drop(&c->ready[i]->msg);
    }
    c->ready_n = 0;
    c->ready_bytes = 0;
    if (clock_mono_ms() - c->said_at >= SAY_EVERY_MS)
        changed_say(c);
}

/* Its body is whole: compressed now, while the store is not locked. */
static int body_end(struct commit *c, struct job *j, struct error *err)
{
    struct open_body *b = body_find(c, j);
    if (b == NULL)
        return error_set(err, ERR_STORE, RETRY_LATER, _("a message ended that never began"));
    j->body = b->body;
    b->body = NULL;
    body_forget(c, b);
    return cache_body_seal(j->body, err);
}

/* Takes j. */
static void do_message(struct commit *c, struct job *j)
{
    struct error err = { 0 };
    if (j->tag != 0 && c->failed[j->owner].code == ERR_NONE && body_end(c, j, &err) != 0)
        batch_abort(c, &err);
    if (c->ready_n == 0)
        c->ready_at = clock_mono_ms();
    c->ready[c->ready_n++] = j;
    c->ready_bytes += j->message.size < CACHE_FRAME ? j->message.size : CACHE_FRAME;
    if (c->ready_n == BATCH_MESSAGES || c->ready_bytes >= BATCH_BYTES)
        ready_store(c);
}

static void do_flush(struct commit *c, struct job *j)
{
    ready_store(c);
    changed_say(c);
    for (size_t i = c->bodies_n; i > 0; i--)
        if (c->bodies[i - 1].owner == j->owner)
            body_forget(c, &c->bodies[i - 1]);
    struct flushed *f = xcalloc(1, sizeof *f);
    f->msg.drop = flushed_drop;
    f->why = c->failed[j->owner];
    error_clear(&c->failed[j->owner]);
    (void)queue_put_now(j->answers, &f->msg);
}

/* Takes j. */
static void do_job(struct commit *c, struct job *j)
{
    struct open_body *b;
    switch ((enum job_kind)j->msg.kind) {
    case JOB_BYTES:
        do_bytes(c, j);
        break;
    case JOB_DROP:
        b = body_find(c, j);
        if (b != NULL)
            body_forget(c, b);
        break;
    case JOB_MESSAGE:
        do_message(c, j);
        return;
    case JOB_FLUSH:
        do_flush(c, j);
        break;
    }
    msg_drop(&j->msg);
}

/* While messages or news wait, not for long. NULL: the queue is closed and empty. */
static struct job *job_next(struct commit *c)
{
    struct msg *m = NULL;
    if (c->ready_n > 0) {
        int left = clock_left_ms(c->ready_at + BATCH_WAIT_MS);
        m = left > 0 ? queue_take(c->jobs, left) : NULL;
        if (m == NULL)
            ready_store(c);
    }
    if (m == NULL && c->changed != 0) {
        m = queue_take(c->jobs, SAY_EVERY_MS);
        if (m == NULL)
            changed_say(c);
    }
    if (m == NULL && c->unfolded) {
        m = queue_take(c->jobs, FOLD_AFTER_MS);
        if (m == NULL)
            cache_checkpoint(c->cache);
        c->unfolded = m != NULL;
    }
    if (m == NULL)
        m = queue_take(c->jobs, -1);
    return (struct job *)m;
}

static void *commit_run(void *arg)
{
    struct commit *c = arg;
    prctl(PR_SET_NAME, "commit"); /* as ps -L and top -H show it */
    for (struct job *j; (j = job_next(c)) != NULL;)
        do_job(c, j);
    ready_store(c);
    changed_say(c);
    while (c->bodies_n > 0)
        body_forget(c, &c->bodies[c->bodies_n - 1]);
    cache_checkpoint(c->cache);
    cache_close(&c->cache);
    return NULL;
}

/* ------------------------------------------------------------------ its owner's side */

static void commit_free(struct commit *c)
{
    cache_close(&c->cache);
    queue_free(&c->jobs);
    free(c->failed);
    free(c->bodies);
    free(c);
}

struct commit *commit_start(const char *store, size_t owners, struct queue *events, struct log *log,
                            struct error *err)
{
    struct commit *c = xcalloc(1, sizeof *c);
    c->events = events;
    c->log = log;
    c->owners = owners;
    c->failed = xcalloc(owners + 1, sizeof *c->failed);
    c->bodies = xcalloc(BODIES_MAX, sizeof *c->bodies);
    c->jobs = queue_new(COMMIT_PIECES, err);
    c->cache = c->jobs != NULL ? cache_open(store, CACHE_WRITE, err) : NULL;
    if (c->cache != NULL) {
        int rc = pthread_create(&c->thread, NULL, commit_run, c);
        if (rc == 0)
            return c;
        (void)error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    }
    commit_free(c);
    return NULL;
}

void commit_stop(struct commit **c)
{
    if (*c == NULL)
        return;
    queue_close((*c)->jobs);
    pthread_join((*c)->thread, NULL);
    commit_free(*c);
    *c = NULL;
}

struct commit_port *commit_port_new(struct commit *c, size_t owner, struct error *err)
{
    struct queue *answers = queue_new(1, err);
    if (answers == NULL)
        return NULL;
    struct commit_port *p = xcalloc(1, sizeof *p);
    *p = (struct commit_port){ c, answers, owner };
    return p;
}

void commit_port_free(struct commit_port **p)
{
    if (*p == NULL)
        return;
    queue_free(&(*p)->answers);
    free(*p);
    *p = NULL;
}

void commit_bytes(struct commit_port *p, uint64_t tag, struct str bytes)
{
    do {
        struct str piece = str_head(bytes, COMMIT_PIECE);
        struct job *j = job_new(JOB_BYTES, p, tag);
        j->bytes = xmemdup0(piece.p, piece.n);
        j->n = piece.n;
        (void)queue_put(p->commit->jobs, &j->msg);
        bytes = str_skip(bytes, piece.n);
    } while (bytes.n > 0);
}

void commit_drop(struct commit_port *p, uint64_t tag)
{
    (void)queue_put(p->commit->jobs, &job_new(JOB_DROP, p, tag)->msg);
}

void commit_message(struct commit_port *p, uint64_t tag, struct arena **strings,
                    const struct cache_message *m, const struct cache_placement *where,
                    struct str pop)
{
    struct job *j = job_new(JOB_MESSAGE, p, tag);
    j->strings = *strings;
    *strings = NULL;
    j->message = *m;
    j->where = *where;
    j->pop = pop;
    (void)queue_put(p->commit->jobs, &j->msg);
}

int commit_flush(struct commit_port *p, struct error *err)
{
    struct job *j = job_new(JOB_FLUSH, p, 0);
    j->answers = p->answers;
    if (queue_put(p->commit->jobs, &j->msg) != 0)
        return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
    struct flushed *f = (struct flushed *)queue_take(p->answers, -1);
    struct error why = f->why;
    msg_drop(&f->msg);
    if (why.code == ERR_NONE)
        return 0;
    *err = why;
    return -1;
}
