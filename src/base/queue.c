/* SPDX-License-Identifier: MIT */
#include "base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/banned.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled, drained;
    struct msg *head, **tail;
    size_t n, limit;
    bool closed;
    int fd; /* eventfd: 1 while something waits or the queue is closed */
};

struct queue *queue_new(size_t limit, struct error *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        error_sys(err, _("cannot make a queue between threads"));
        return NULL;
    }
    struct queue *q = xcalloc(1, sizeof *q);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->filled, &attr);
    pthread_cond_init(&q->drained, &attr);
    pthread_condattr_destroy(&attr);
    q->tail = &q->head;
    q->limit = limit > 0 ? limit : 1;
    q->fd = fd;
    return q;
}

/* Called with the lock held: makes the descriptor say what is true. */
static void signal_fd(struct queue *q)
{
    uint64_t one = 1, sink;
    ssize_t ignored;
    if (q->n > 0 || q->closed)
        ignored = write(q->fd, &one, sizeof one);
    else
        ignored = read(q->fd, &sink, sizeof sink);
    (void)ignored;
}

static int put(struct queue *q, struct msg *m, bool wait)
{
    pthread_mutex_lock(&q->lock);
    while (wait && !q->closed && q->n >= q->limit)
        pthread_cond_wait(&q->drained, &q->lock);
    bool closed = q->closed;
    if (!closed) {
        m->next = NULL;
        *q->tail = m;
        q->tail = &m->next;
        if (q->n++ == 0)
            signal_fd(q);
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    if (closed)
        msg_drop(m);
    return closed ? -1 : 0;
}

int queue_put(struct queue *q, struct msg *m)
{
    return put(q, m, true);
}

int queue_put_now(struct queue *q, struct msg *m)
{
    return put(q, m, false);
}

static struct timespec deadline_after(int wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += wait_ms / 1000;
    t.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

struct msg *queue_take(struct queue *q, int wait_ms)
{
    struct timespec until = { 0 };
    int rc = 0;
    if (wait_ms > 0)
        until = deadline_after(wait_ms);
    pthread_mutex_lock(&q->lock);
    while (q->n == 0 && !q->closed && wait_ms != 0 && rc != ETIMEDOUT)
        rc = wait_ms < 0 ? pthread_cond_wait(&q->filled, &q->lock)
                         : pthread_cond_timedwait(&q->filled, &q->lock, &until);
    struct msg *m = q->head;
    if (m != NULL) {
        q->head = m->next;
        if (q->head == NULL)
            q->tail = &q->head;
        m->next = NULL;
        if (--q->n == 0)
            signal_fd(q);
        pthread_cond_signal(&q->drained);
    }
    pthread_mutex_unlock(&q->lock);
    return m;
}

int queue_fd(const struct queue *q)
{
    return q->fd;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    signal_fd(q);
    pthread_cond_broadcast(&q->filled);
    pthread_cond_broadcast(&q->drained);
    pthread_mutex_unlock(&q->lock);
}

bool queue_closed(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

void queue_free(struct queue **q)
{
    if (*q == NULL)
        return;
    while ((*q)->head != NULL) {
        struct msg *m = (*q)->head;
        (*q)->head = m->next;
        msg_drop(m);
    }
    pthread_cond_destroy(&(*q)->filled);
    pthread_cond_destroy(&(*q)->drained);
    pthread_mutex_destroy(&(*q)->lock);
    close((*q)->fd);
    free(*q);
    *q = NULL;
}

void msg_drop(struct msg *m)
{
    if (m != NULL)
        m->drop(m);
}
