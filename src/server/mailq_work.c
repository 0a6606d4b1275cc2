/* SPDX-License-Identifier: MIT */
/* What is due becomes tasks, one for each destination of a message; tasks of one destination become
 * an attempt, which a worker makes. Destinations take turns, so that a slow one holds up no other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "server/limits.h"
#include "server/maillog.h"
#include "server/mailq_in.h"
#include "base/banned.h"

/* ---- destinations ---- */

/* The domain of an address in lower case; all of the agent's are one. */
static char *destination_of(const struct spool_rcpt *r)
{
    struct str address = str_c(r->address);
    if (r->account != NULL)
        return xstrdup("");
    struct str domain = str_skip(address, str_rfind(address, '@') + 1);
    char *name = xmemdup0(domain.p, domain.n);
    for (char *c = name; *c != '\0'; c++)
        *c = ascii_lower(*c);
    return name;
}

static bool goes_to(const struct spool_rcpt *r, const char *destination)
{
    char *name = destination_of(r);
    bool same = r->state == SPOOL_WAITING && str_eq(str_c(name), str_c(destination));
    free(name);
    return same;
}

static struct mailq_destination *destination_find(struct mailq *q, const char *name)
{
    for (size_t i = 0; i < q->destinations_n; i++)
        if (str_eq(str_c(q->destinations[i].name), str_c(name)))
            return &q->destinations[i];
    return NULL;
}

static struct mailq_destination *destination_make(struct mailq *q, const char *name)
{
    struct mailq_destination *d = destination_find(q, name);
    if (d != NULL)
        return d;
    q->destinations = xrealloc(q->destinations, q->destinations_n + 1, sizeof *q->destinations);
    d = &q->destinations[q->destinations_n++];
    *d = (struct mailq_destination){ .name = xstrdup(name) };
    return d;
}

static void destination_trim(struct mailq *q, struct mailq_destination *d)
{
    if (d->running > 0 || d->waiting > 0)
        return;
    free(d->name);
    size_t after = q->destinations_n - 1 - (size_t)(d - q->destinations);
    memmove(d, d + 1, after * sizeof *d);
    q->destinations_n--;
}

static struct mailq_task *task_take(struct mailq *q, struct mailq_destination *d)
{
    struct mailq_task *t = d->first;
    d->first = t->next;
    d->waiting--;
    q->tasks_n--;
    return t;
}

void mailq_destinations_free(struct mailq *q)
{
    for (size_t i = 0; i < q->destinations_n; i++) {
        while (q->destinations[i].first != NULL)
            free(task_take(q, &q->destinations[i]));
        free(q->destinations[i].name);
    }
    free(q->destinations);
}

static void task_put(struct mailq *q, struct mailq_entry *e, const char *name)
{
    struct mailq_destination *d = destination_make(q, name);
    struct mailq_task *t = xcalloc(1, sizeof *t);
    t->entry = e;
    if (d->first == NULL)
        d->first = t;
    else
        d->last->next = t;
    d->last = t;
    d->waiting++;
    q->tasks_n++;
    e->running++;
}

/* The tasks of e in one destination go. */
static void destination_untask(struct mailq *q, struct mailq_destination *d, struct mailq_entry *e)
{
    struct mailq_task **at = &d->first;
    d->last = NULL;
    while (*at != NULL) {
        struct mailq_task *t = *at;
        if (t->entry != e) {
            d->last = t;
            at = &t->next;
            continue;
        }
        *at = t->next;
        free(t);
        d->waiting--;
        q->tasks_n--;
        e->running--;
    }
}

void mailq_untask(struct mailq *q, struct mailq_entry *e)
{
    for (size_t i = q->destinations_n; i-- > 0;) {
        destination_untask(q, &q->destinations[i], e);
        destination_trim(q, &q->destinations[i]);
    }
}

bool mailq_at_rest(const struct mailq *q)
{
    return q->tasks_n == 0 && q->busy == 0;
}

/* A task for each destination that still waits; true when there is one. */
static bool tasks_make(struct mailq *q, struct mailq_entry *e)
{
    for (size_t i = 0; i < e->env.rcpts_n; i++) {
        if (e->env.rcpts[i].state != SPOOL_WAITING)
            continue;
        char *name = destination_of(&e->env.rcpts[i]);
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = !goes_to(&e->env.rcpts[k], name);
        if (first)
            task_put(q, e, name);
        free(name);
    }
    return e->running > 0;
}

/* A destination that so many wait for has enough for now. */
static bool is_crowded(struct mailq *q, const struct mailq_entry *e)
{
    for (size_t i = 0; i < e->env.rcpts_n; i++) {
        char *name = destination_of(&e->env.rcpts[i]);
        const struct mailq_destination *d = destination_find(q, name);
        bool crowded = d != NULL && d->waiting >= MAILQ_DESTINATION_WAITING;
        free(name);
        if (crowded && e->env.rcpts[i].state == SPOOL_WAITING)
            return true;
    }
    return false;
}

void mailq_due(struct mailq *q)
{
    struct due *first;
    int64_t now = vclock_now(q->setup.clock);
    while (q->tasks_n < MAILQ_TASKS_MAX && (first = schedule_first(&q->schedule)) != NULL &&
           first->at <= now) {
        struct mailq_entry *e = (struct mailq_entry *)first;
        schedule_take(&q->schedule, first);
        if (!vclock_is_virtual(q->setup.clock) && is_crowded(q, e))
            schedule_put(&q->schedule, first, now + MAILQ_CROWD_S);
        else if (!tasks_make(q, e))
            mailq_settle(q, e); /* a report that could not be made is tried again */
    }
}

/* ---- attempts ---- */

static char *copy_or_null(const char *s)
{
    return s != NULL ? xstrdup(s) : NULL;
}

static void mail_clear(struct relay_mail *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free((char *)(uintptr_t)m->rcpts[i].address);
        free((char *)(uintptr_t)m->rcpts[i].account);
        free((char *)(uintptr_t)m->rcpts[i].orcpt);
    }
    free(m->rcpts);
    free((char *)(uintptr_t)m->id);
    free((char *)(uintptr_t)m->sender);
    free((char *)(uintptr_t)m->envid);
}

static void attempt_drop(struct msg *m)
{
    struct mailq_attempt *a = (struct mailq_attempt *)m;
    for (size_t i = 0; i < a->n; i++)
        mail_clear(&a->mails[i]);
    free(a->mails);
    free(a->entries);
    free(a->destination);
    free(a);
}

/* All recipients, so that a result finds its place; those that are not meant are skipped. */
static void mail_fill(struct relay_mail *m, const struct spool_env *env, const char *destination)
{
    *m = (struct relay_mail){ .id = xstrdup(env->id),
                              .sender = xstrdup(env->sender),
                              .envid = copy_or_null(env->envid),
                              .ret = env->ret,
                              .rcpts = xcalloc(env->rcpts_n, sizeof *m->rcpts),
                              .n = env->rcpts_n,
                              .size = env->size,
                              .eight_bit = env->eight_bit,
                              .utf8 = env->utf8 };
    for (size_t i = 0; i < env->rcpts_n; i++) {
        const struct spool_rcpt *r = &env->rcpts[i];
        m->rcpts[i] = (struct relay_rcpt){ .address = xstrdup(r->address),
                                           .account = copy_or_null(r->account),
                                           .orcpt = copy_or_null(r->orcpt),
                                           .notify = r->notify,
                                           .skip = !goes_to(r, destination) };
    }
}

static struct mailq_attempt *attempt_new(struct mailq *q, struct mailq_destination *d)
{
    struct mailq_attempt *a = xcalloc(1, sizeof *a);
    size_t most = vclock_is_virtual(q->setup.clock) ? 1 : MAILQ_BATCH;
    size_t n = d->waiting < most ? d->waiting : most;
    a->m.kind = MAILQ_RESULT;
    a->m.drop = attempt_drop;
    a->destination = xstrdup(d->name);
    a->mails = xcalloc(n, sizeof *a->mails);
    a->entries = xcalloc(n, sizeof(struct mailq_entry *));
    for (; a->n < n; a->n++) {
        struct mailq_task *t = task_take(q, d);
        a->entries[a->n] = t->entry;
        mail_fill(&a->mails[a->n], &t->entry->env, d->name);
        free(t);
    }
    d->running++;
    q->busy++;
    return a;
}

/* ---- workers ---- */

/* What a worker knows of a mail. */
struct carried {
    struct mailq *q;
    struct mailq_entry *entry;
    int fd;
};

static int message_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    const struct carried *c = arg;
    return spool_read(c->fd, at, want, out, err);
}

static void taken_drop(struct msg *m)
{
    free(((struct mailq_taken *)m)->sent);
    free(m);
}

/* Others of the attempt may take long: a crash meanwhile must not send this one again. */
static void message_taken(void *arg, const struct relay_mail *m)
{
    const struct carried *c = arg;
    struct mailq_taken *t = xcalloc(1, sizeof *t);
    t->m.kind = MAILQ_TAKEN;
    t->m.drop = taken_drop;
    t->entry = c->entry;
    t->sent = xcalloc(m->n, sizeof *t->sent);
    for (size_t i = 0; i < m->n; i++) {
        t->sent[i] = !m->rcpts[i].skip && m->rcpts[i].fate == RELAY_SENT;
        t->peer_has_dsn = t->peer_has_dsn || (t->sent[i] && m->rcpts[i].peer_has_dsn);
    }
    queue_put_now(c->q->jobs, &t->m);
}

static void all_later(struct relay_mail *m, const char *why)
{
    for (size_t i = 0; i < m->n; i++)
        if (!m->rcpts[i].skip)
            relay_result(&m->rcpts[i], RELAY_LATER, 0, "4.3.0", "", why);
}

static void mail_skip(struct relay_mail *m)
{
    for (size_t i = 0; i < m->n; i++)
        m->rcpts[i].skip = true;
}

static void attempt_run(struct mailq *q, void *worker, struct mailq_attempt *a)
{
    struct error err = { 0 };
    struct carried *carried = xcalloc(a->n, sizeof *carried);
    for (size_t i = 0; i < a->n; i++) {
        struct relay_mail *m = &a->mails[i];
        int fd = spool_message(q->spool, m->id, &err);
        carried[i] = (struct carried){ .q = q, .entry = a->entries[i], .fd = fd };
        m->read = message_read;
        m->taken = message_taken;
        m->arg = &carried[i];
        if (fd < 0 || worker == NULL) {
            all_later(m, fd < 0 ? err.text : _("out of memory or threads"));
            mail_skip(m);
        }
    }
    if (worker != NULL &&
        q->setup.ops->attempt(worker, a->destination[0] != '\0' ? a->destination : NULL, a->mails,
                              a->n, &err) != 0)
        log_line(q->setup.log, LOG_INFO, "queue: %s", err.text);
    for (size_t i = 0; i < a->n; i++)
        if (carried[i].fd >= 0)
            close(carried[i].fd);
    free(carried);
}

static void *worker_thread(void *arg)
{
    struct mailq *q = arg;
    struct error err;
    struct msg *m;
    void *worker = q->setup.ops->open(q->setup.ops->arg, q->cancel, &err);
    if (worker == NULL)
        log_line(q->setup.log, LOG_ERROR, "queue: %s", err.text);
    while ((m = queue_take(q->work, -1)) != NULL) {
        attempt_run(q, worker, (struct mailq_attempt *)m);
        queue_put_now(q->jobs, m);
    }
    if (worker != NULL)
        q->setup.ops->close(&worker);
    return NULL;
}

void mailq_workers_end(struct mailq *q)
{
    queue_close(q->work);
    for (size_t i = 0; i < q->workers_n; i++)
        pthread_join(q->workers[i], NULL);
}

/* With the virtual clock one after the other, so that it is always the same. */
static size_t workers_most(const struct mailq *q)
{
    return vclock_is_virtual(q->setup.clock) ? 1 : (size_t)q->setup.options->limits.queue_workers;
}

static bool worker_free(struct mailq *q)
{
    pthread_attr_t attr;
    if (q->busy < q->workers_n)
        return true;
    if (q->workers_n == workers_most(q))
        return false;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, SERVER_STACK_BYTES);
    bool started = pthread_create(&q->workers[q->workers_n], &attr, worker_thread, q) == 0;
    pthread_attr_destroy(&attr);
    q->workers_n += started;
    return started;
}

/* Whose turn it is; NULL: nobody waits that may be tried now. */
static struct mailq_destination *destination_next(struct mailq *q)
{
    size_t most = (size_t)q->setup.options->limits.destination;
    for (size_t i = 0; i < q->destinations_n; i++) {
        size_t turn = (q->next + i) % q->destinations_n;
        struct mailq_destination *d = &q->destinations[turn];
        if (d->waiting > 0 && d->running < most) {
            q->next = turn + 1;
            return d;
        }
    }
    return NULL;
}

void mailq_dispatch(struct mailq *q)
{
    struct mailq_destination *d;
    while (q->tasks_n > 0 && worker_free(q) && (d = destination_next(q)) != NULL)
        queue_put_now(q->work, &attempt_new(q, d)->m);
}

/* ---- results ---- */

static void text_set(char **to, const char *value)
{
    free(*to);
    *to = value[0] != '\0' ? xstrdup(value) : NULL;
}

static void rcpt_result(struct mailq *q, const char *id, struct spool_rcpt *to,
                        const struct relay_rcpt *from)
{
    static const enum maillog_fate fates[] = {
        [RELAY_SENT] = MAILLOG_SENT, [RELAY_LATER] = MAILLOG_LATER, [RELAY_REFUSED] = MAILLOG_FAILED
    };
    to->state = from->fate == RELAY_SENT      ? SPOOL_DONE
                : from->fate == RELAY_REFUSED ? SPOOL_FAILED
                                              : SPOOL_WAITING;
    /* RFC 3461 §5.2.2: who took over the duty to report success does so. */
    to->told =
        to->state == SPOOL_DONE && (from->peer_has_dsn || (to->notify & SMTP_NOTIFY_SUCCESS) == 0);
    to->code = from->code;
    text_set(&to->enhanced, from->enhanced);
    text_set(&to->host, from->host);
    text_set(&to->why, from->text);
    if (to->account != NULL && from->fate == RELAY_SENT)
        maillog_delivered(q->setup.log, id, str_c(to->address), to->account);
    else
        maillog_attempt(q->setup.log, id, fates[from->fate], str_c(to->address), from->host,
                        from->code, str_c(from->text));
}

/* The attempt comes back with the same, and with what is to be said of it. */
void mailq_taken(struct mailq *q, struct mailq_taken *t)
{
    struct error err;
    struct spool_env *env = &t->entry->env;
    bool any = false;
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct spool_rcpt *r = &env->rcpts[i];
        if (!t->sent[i])
            continue;
        r->state = SPOOL_DONE;
        r->told = t->peer_has_dsn || (r->notify & SMTP_NOTIFY_SUCCESS) == 0;
        any = true;
    }
    if (any && spool_update(q->spool, env, &err) != 0)
        log_line(q->setup.log, LOG_ERROR, "mail %s: %s", env->id, err.text);
    msg_drop(&t->m);
}

/* Written down unless it is settled next, which writes or removes it: what was sent must not be sent
 * again after a crash while others are still under way. */
static void entry_result(struct mailq *q, struct mailq_entry *e, const struct relay_mail *m)
{
    struct error err;
    for (size_t i = 0; i < m->n && i < e->env.rcpts_n; i++)
        if (!m->rcpts[i].skip || m->rcpts[i].text[0] != '\0') /* "" and skipped: not in this one */
            rcpt_result(q, e->env.id, &e->env.rcpts[i], &m->rcpts[i]);
    if (--e->running == 0)
        mailq_settle(q, e);
    else if (spool_update(q->spool, &e->env, &err) != 0)
        log_line(q->setup.log, LOG_ERROR, "mail %s: %s", e->env.id, err.text);
}

void mailq_result(struct mailq *q, struct mailq_attempt *a)
{
    struct mailq_destination *d = destination_find(q, a->destination);
    if (d != NULL)
        d->running--;
    q->busy--;
    for (size_t i = 0; i < a->n; i++)
        entry_result(q, a->entries[i], &a->mails[i]);
    if ((d = destination_find(q, a->destination)) != NULL)
        destination_trim(q, d);
    msg_drop(&a->m);
}
