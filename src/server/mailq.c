/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "server/limits.h"
#include "server/maillog.h"
#include "server/mailq_in.h"
#include "base/banned.h"

enum { MAILQ_JOBS = 1000 };

static int stopping(struct error *err)
{
    return error_set(err, ERR_CANCELLED, RETRY_LATER, _("the server is stopping"));
}

/* ---- entries ---- */

struct mailq_entry *mailq_enter(struct mailq *q, struct spool_env *env)
{
    if (q->n == q->cap) {
        q->cap = q->cap + q->cap / 2 + 64;
        q->entries = xrealloc(q->entries, q->cap, sizeof(struct mailq_entry *));
    }
    struct mailq_entry *e = xcalloc(1, sizeof *e);
    e->env = *env;
    *env = (struct spool_env){ 0 };
    e->place = q->n;
    e->turn = ++q->turn;
    q->entries[q->n++] = e;
    return e;
}

void mailq_forget(struct mailq *q, struct mailq_entry *e)
{
    schedule_take(&q->schedule, &e->due);
    q->entries[e->place] = q->entries[--q->n];
    q->entries[e->place]->place = e->place;
    spool_env_clear(&e->env);
    free(e);
}

int mailq_add(struct mailq *q, struct spool_env *env, const struct spill *message,
              struct error *err)
{
    int64_t now = vclock_now(q->setup.clock);
    env->arrived_at = env->next_at = now;
    int rc = q->n < q->setup.options->limits.queue
                 ? spool_add(q->spool, env, message, err)
                 : error_set(err, ERR_LIMIT, RETRY_LATER, _("the queue is full"));
    struct mailq_entry *e = rc == 0 ? mailq_enter(q, env) : NULL;
    if (e != NULL) {
        maillog_queued(q->setup.log, e->env.id, e->env.rcpts_n);
        schedule_put(&q->schedule, &e->due, now);
    }
    spool_env_clear(env);
    return rc;
}

/* Whatever the limit is now: it was accepted. */
static void found(void *arg, struct spool_env *env)
{
    struct mailq *q = arg;
    mailq_enter(q, env);
}

static int by_time(const void *a, const void *b)
{
    const struct spool_env *x = &(*(const struct mailq_entry *const *)a)->env;
    const struct spool_env *y = &(*(const struct mailq_entry *const *)b)->env;
    return x->next_at != y->next_at         ? (x->next_at < y->next_at ? -1 : 1)
           : x->arrived_at != y->arrived_at ? (x->arrived_at < y->arrived_at ? -1 : 1)
                                            : str_cmp(str_c(x->id), str_c(y->id));
}

/* What was found goes on in the order in which it came; a virtual clock does not go back behind it. */
static int load(struct mailq *q, struct error *err)
{
    if (spool_load(q->spool, found, q, err) != 0)
        return -1;
    if (q->n > 0)
        qsort(q->entries, q->n, sizeof(struct mailq_entry *), by_time);
    for (size_t i = 0; i < q->n; i++) {
        struct mailq_entry *e = q->entries[i];
        e->place = i;
        e->turn = i + 1;
        schedule_put(&q->schedule, &e->due, e->env.next_at);
        vclock_move(q->setup.clock, e->env.arrived_at + 1);
    }
    return 0;
}

/* ---- when next ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --retry, times --backoff for each try before; never past the time at which the sender is to be
 * told something. */
static int64_t next_time(const struct server_options *o, const struct spool_env *env, int64_t now)
{
    int64_t wait = o->retry_s;
    for (unsigned i = 0; i < env->tries && wait < o->give_up_s; i++)
        wait = wait * o->backoff / 100;
    int64_t next = now + (wait > 0 ? wait : 1);
    if (!env->warned && now < env->arrived_at + o->warn_s)
        next = earlier(next, env->arrived_at + o->warn_s);
    if (now < env->arrived_at + o->give_up_s)
        next = earlier(next, env->arrived_at + o->give_up_s);
    return next;
}

/* What has waited too long is given up. */
static void expire(struct mailq *q, struct spool_env *env, int64_t now)
{
    if (now < env->arrived_at + q->setup.options->give_up_s)
        return;
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct spool_rcpt *r = &env->rcpts[i];
        if (r->state != SPOOL_WAITING)
            continue;
        r->state = SPOOL_FAILED;
        maillog_attempt(q->setup.log, env->id, MAILLOG_FAILED, str_c(r->address), "", 0,
                        STR("given up, its time is over"));
    }
}

static bool is_over(const struct spool_env *env)
{
    for (size_t i = 0; i < env->rcpts_n; i++)
        if (env->rcpts[i].state == SPOOL_WAITING || !env->rcpts[i].told)
            return false;
    return true;
}

static void write_down(struct mailq *q, const struct mailq_entry *e)
{
    struct error err;
    if (spool_update(q->spool, &e->env, &err) != 0)
        log_line(q->setup.log, LOG_ERROR, "mail %s: %s", e->env.id, err.text);
}

/* An envelope that cannot be removed says at least that nothing is left to do. */
static void over_write(struct mailq *q, struct mailq_entry *e)
{
    for (size_t i = 0; i < e->env.rcpts_n; i++) {
        e->env.rcpts[i].state = SPOOL_DONE;
        e->env.rcpts[i].told = true;
    }
    write_down(q, e);
}

static void drop(struct mailq *q, struct mailq_entry *e, const char *why)
{
    struct error err;
    if (spool_remove(q->spool, e->env.id, &err) != 0) {
        log_line(q->setup.log, LOG_ERROR, "mail %s: %s", e->env.id, err.text);
        over_write(q, e);
    }
    maillog_done(q->setup.log, e->env.id, why);
    mailq_forget(q, e);
}

void mailq_settle(struct mailq *q, struct mailq_entry *e)
{
    int64_t now = vclock_now(q->setup.clock);
    if (e->removed) {
        drop(q, e, "removed");
        return;
    }
    expire(q, &e->env, now);
    int rc = mailq_report(q, e, now);
    if (is_over(&e->env)) {
        drop(q, e, "done");
        return;
    }
    e->env.next_at = next_time(q->setup.options, &e->env, now);
    if (rc == 0)
        e->env.tries++;
    write_down(q, e);
    schedule_put(&q->schedule, &e->due, e->env.next_at);
}

/* ---- jobs ---- */

static int env_copy(const struct spool_env *from, struct spool_env *to, struct error *err)
{
    struct buf text = BUF_INIT(SPOOL_ENV_MAX);
    spool_env_put(from, &text);
    int rc = buf_check(&text, err);
    if (rc == 0)
        rc = spool_env_read(buf_str(&text), to, err);
    buf_free(&text);
    return rc;
}

static int do_accept(struct mailq *q, struct mailq_job *j)
{
    struct spool_env env;
    if (env_copy(j->env, &env, &j->err) != 0)
        return -1;
    env.warned = false;
    env.tries = 0;
    return mailq_add(q, &env, j->message, &j->err);
}

static struct mailq_entry *entry_named(const struct mailq *q, const char *id)
{
    for (size_t i = 0; i < q->n; i++)
        if (str_eq(str_c(q->entries[i]->env.id), str_c(id)))
            return q->entries[i];
    return NULL;
}

static int no_such(struct mailq_job *j)
{
    return error_set(&j->err, ERR_USAGE, RETRY_NEVER, _("there is no mail %s in the queue"), j->id);
}

static void flush_one(struct mailq *q, struct mailq_entry *e)
{
    if (e->due.place == 0)
        return;
    schedule_take(&q->schedule, &e->due);
    schedule_put(&q->schedule, &e->due, vclock_now(q->setup.clock));
}

static int do_flush(struct mailq *q, struct mailq_job *j)
{
    struct mailq_entry *e = j->id != NULL ? entry_named(q, j->id) : NULL;
    if (j->id != NULL && e == NULL)
        return no_such(j);
    if (e != NULL)
        flush_one(q, e);
    for (size_t i = 0; i < q->n && e == NULL; i++)
        flush_one(q, q->entries[i]);
    return 0;
}

static int do_remove(struct mailq *q, struct mailq_job *j)
{
    struct mailq_entry *e = entry_named(q, j->id);
    if (e == NULL)
        return no_such(j);
    e->removed = true;
    mailq_untask(q, e);
    if (e->running == 0)
        mailq_settle(q, e);
    return 0;
}

static int do_list(struct mailq *q, struct mailq_job *j)
{
    mailq_list(q, j->json, &j->out);
    return 0;
}

/* Answered once the clock is there and everything on the way has happened. */
static int do_advance(struct mailq *q, struct mailq_job *j)
{
    if (!vclock_is_virtual(q->setup.clock))
        return error_set(&j->err, ERR_USAGE, RETRY_NEVER,
                         _("the clock can be moved only with --virtual-clock"));
    if (q->stopping)
        return stopping(&j->err);
    if (q->advance != NULL)
        return error_set(&j->err, ERR_USAGE, RETRY_LATER, _("the clock is being moved already"));
    j->until += vclock_now(q->setup.clock);
    q->advance = &j->m;
    return 1;
}

static void advance_end(struct mailq *q, int rc)
{
    struct mailq_job *j = (struct mailq_job *)q->advance;
    q->advance = NULL;
    if (j == NULL)
        return;
    j->rc = rc;
    if (rc != 0)
        stopping(&j->err);
    queue_put_now(j->answer, &j->m);
}

static void job_do(struct mailq *q, struct msg *m)
{
    static int (*const table[])(struct mailq *, struct mailq_job *) = {
        [MAILQ_ACCEPT] = do_accept, [MAILQ_LIST] = do_list,       [MAILQ_FLUSH] = do_flush,
        [MAILQ_REMOVE] = do_remove, [MAILQ_ADVANCE] = do_advance,
    };
    if (m->kind == MAILQ_RESULT) {
        mailq_result(q, (struct mailq_attempt *)m);
        return;
    }
    if (m->kind == MAILQ_TAKEN) {
        mailq_taken(q, (struct mailq_taken *)m);
        return;
    }
    struct mailq_job *j = (struct mailq_job *)m;
    struct queue *answer = j->answer;
    if (m->kind == MAILQ_STOP) {
        q->stopping = true;
        q->stop_by_ms = clock_mono_ms() + MAILQ_STOP_MS;
        msg_drop(m);
        advance_end(q, -1);
        return;
    }
    j->rc = table[m->kind](q, j);
    if (j->rc != 1)
        queue_put_now(answer, m);
}

/* ---- the thread ---- */

/* The clock goes on to what is due next, or to where it shall be; then whoever moves it is told.
 * False: there is nobody. */
static bool clock_step(struct mailq *q)
{
    struct mailq_job *j = (struct mailq_job *)q->advance;
    const struct due *first = schedule_first(&q->schedule);
    if (j == NULL || !mailq_at_rest(q))
        return false;
    if (first != NULL && first->at <= j->until)
        vclock_move(q->setup.clock, first->at);
    else {
        vclock_move(q->setup.clock, j->until);
        advance_end(q, 0);
    }
    return true;
}

static int wait_ms(const struct mailq *q)
{
    enum { WAIT_MAX_MS = 60000 }; /* the wall's clock may be set */
    const struct due *first = schedule_first(&q->schedule);
    if (q->stopping)
        return net_cancel_is_set(q->cancel) ? -1 : clock_left_ms(q->stop_by_ms);
    if (first == NULL || vclock_is_virtual(q->setup.clock) || q->tasks_n >= MAILQ_TASKS_MAX)
        return -1;
    int64_t left = first->at - vclock_now(q->setup.clock);
    return left <= 0 ? 0 : left < WAIT_MAX_MS / 1000 ? (int)left * 1000 : WAIT_MAX_MS;
}

/* Whoever asks from now on hears that it is over, and so does who asked too late. */
static void rest_refuse(struct mailq *q)
{
    struct msg *m;
    queue_close(q->jobs);
    while ((m = queue_take(q->jobs, 0)) != NULL) {
        struct mailq_job *j = (struct mailq_job *)m;
        if (m->kind == MAILQ_STOP || m->kind == MAILQ_RESULT || m->kind == MAILQ_TAKEN) {
            msg_drop(m);
            continue;
        }
        j->rc = stopping(&j->err);
        queue_put_now(j->answer, m);
    }
}

static void *mailq_thread(void *arg)
{
    struct mailq *q = arg;
    while (!q->stopping || q->busy > 0) {
        if (!q->stopping) {
            mailq_due(q);
            mailq_dispatch(q);
            if (clock_step(q))
                continue;
        }
        struct msg *m = queue_take(q->jobs, wait_ms(q));
        if (m != NULL)
            job_do(q, m);
        else if (q->stopping)
            net_cancel_set(q->cancel);
    }
    rest_refuse(q);
    return NULL;
}

static int threads_start(struct mailq *q, struct error *err)
{
    q->workers = xcalloc((size_t)q->setup.options->limits.queue_workers, sizeof *q->workers);
    if (pthread_create(&q->thread, NULL, mailq_thread, q) != 0)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    q->running = true;
    return 0;
}

struct mailq *mailq_start(const struct mailq_setup *setup, struct error *err)
{
    struct mailq *q = xcalloc(1, sizeof *q);
    q->setup = *setup;
    if ((q->spool = spool_open(setup->root, setup->log, err)) == NULL ||
        (q->jobs = queue_new(MAILQ_JOBS, err)) == NULL ||
        (q->work = queue_new((size_t)setup->options->limits.queue_workers, err)) == NULL ||
        (q->cancel = net_cancel_new(err)) == NULL || desk_open(&q->desk, setup->store, err) != 0 ||
        load(q, err) != 0 || threads_start(q, err) != 0)
        mailq_stop(&q);
    return q;
}

static void quit_drop(struct msg *m)
{
    free(m);
}

void mailq_quit(struct mailq *q)
{
    struct msg *m = xcalloc(1, sizeof(struct mailq_job));
    m->kind = MAILQ_STOP;
    m->drop = quit_drop;
    queue_put_now(q->jobs, m);
}

void mailq_stop(struct mailq **q)
{
    if (*q == NULL)
        return;
    struct mailq *m = *q;
    if (m->running) {
        mailq_quit(m);
        pthread_join(m->thread, NULL);
        mailq_workers_end(m);
    }
    while (m->n > 0)
        mailq_forget(m, m->entries[m->n - 1]);
    mailq_destinations_free(m);
    schedule_clear(&m->schedule);
    if (m->desk.answers != NULL)
        desk_close(&m->desk);
    net_cancel_free(&m->cancel);
    queue_free(&m->work);
    queue_free(&m->jobs);
    spool_close(&m->spool);
    free(m->workers);
    free(m->entries);
    free(m);
    *q = NULL;
}

/* It is the caller's own, on his stack. */
static void nothing_drop(struct msg *m)
{
    (void)m;
}

int mailq_accept(struct mailq *q, struct queue *answers, const struct spool_env *env,
                 const struct spill *message, struct error *err)
{
    struct mailq_job j = { .m = { .kind = MAILQ_ACCEPT, .drop = nothing_drop },
                           .answer = answers,
                           .env = env,
                           .message = message };
    if (queue_put(q->jobs, &j.m) != 0)
        return stopping(err);
    queue_take(answers, -1);
    if (j.rc != 0)
        *err = j.err;
    return j.rc;
}
