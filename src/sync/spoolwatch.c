/* SPDX-License-Identifier: MIT */
#include "sync/spoolwatch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/want.h"
#include "base/banned.h"

enum {
    QUIET_MS = 20, /* what comes in within this time is one change */
    BUSY_MS = 200, /* but not for longer than this */
    EVENTS_MAX = 64 << 10,
    WATCHES_MAX = 1 << 16
};
#define CHANGES                                                                                    \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_MODIFY |            \
     IN_ATTRIB | IN_ONLYDIR)

struct watched {
    int number;
    char *leaf; /* the one name in it that counts; NULL: all */
};
struct spoolwatch {
    const struct spool_kind *kind;
    const struct config_account *cfg;
    struct queue *wants, *stop; /* closed, stop ends the waits */
    struct log *log;
    int fd;
    bool full;
    struct watched *dirs;
    size_t n;
    pthread_t thread;
};

static void dirs_forget(struct spoolwatch *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->dirs[i].leaf);
    free(w->dirs);
    w->dirs = NULL;
    w->n = 0;
}

static void dir_add(void *arg, const char *dir, const char *leaf)
{
    struct spoolwatch *w = arg;
    if (w->n == WATCHES_MAX)
        return;
    int number = inotify_add_watch(w->fd, dir, CHANGES);
    if (number < 0 && errno == ENOSPC && !w->full) {
        w->full = true;
        log_line(w->log, LOG_ERROR,
                 "%s: the system watches no more folders "
                 "(fs.inotify.max_user_watches): new mail is noticed at sync-interval",
                 w->cfg->name);
    }
    if (number < 0)
        return;
    w->dirs = xrealloc(w->dirs, w->n + 1, sizeof *w->dirs);
    w->dirs[w->n++] = (struct watched){ number, leaf != NULL ? xstrdup(leaf) : NULL };
}

/* The same folder again has the same number; what is gone the system has forgotten. */
static void dirs_watch(struct spoolwatch *w)
{
    dirs_forget(w);
    struct spool_home home = { .root = w->cfg->in.path, .inbox = w->cfg->in.inbox };
    w->kind->watched(&home, dir_add, w);
}

static bool event_counts(const struct spoolwatch *w, const struct inotify_event *e)
{
    if ((e->mask & IN_Q_OVERFLOW) != 0)
        return true;
    const char *name = e->len > 0 ? e->name : "";
    for (size_t i = 0; i < w->n; i++) {
        const struct watched *d = &w->dirs[i];
        if (d->number == e->wd &&
            (d->leaf != NULL ? str_eqc(str_c(d->leaf), name)
                             : w->kind->counts == NULL || w->kind->counts(name)))
            return true;
    }
    return false;
}

/* All events that are there. folders: one of them may have brought a folder. */
static bool events_take(struct spoolwatch *w, bool *folders)
{
    _Alignas(struct inotify_event) char buf[EVENTS_MAX];
    bool any = false;
    ssize_t n = read(w->fd, buf, sizeof buf);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;) {
        const struct inotify_event *e = (const struct inotify_event *)(buf + at);
        any |= event_counts(w, e);
        *folders |= (e->mask & (IN_ISDIR | IN_Q_OVERFLOW | IN_IGNORED)) != 0;
        at += (ssize_t)(sizeof *e + e->len);
    }
    return any;
}

/* -1: it is to end; 0: nothing came in that time. */
static int wait_ms(struct spoolwatch *w, int ms)
{
    struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN },
                           { .fd = queue_fd(w->stop), .events = POLLIN } };
    int rc = poll(p, 2, ms);
    return p[1].revents != 0 || queue_closed(w->stop) ? -1 : rc > 0;
}

static void *spoolwatch_run(void *arg)
{
    struct spoolwatch *w = arg;
    prctl(PR_SET_NAME, "watch"); /* as ps -L and top -H show it */
    while (wait_ms(w, -1) > 0) {
        int64_t until = clock_mono_ms() + BUSY_MS;
        bool folders = false, any = events_take(w, &folders);
        while (clock_left_ms(until) > 0 && wait_ms(w, QUIET_MS) > 0)
            any |= events_take(w, &folders);
        if (folders) /* before the worker looks: what comes behind its look is noticed */
            dirs_watch(w);
        if (any || folders)
            want_put(w->wants, want_new(WANT_INBOX, 0, 0, (struct str){ "", 0 }));
    }
    return NULL;
}

static void spoolwatch_clear(struct spoolwatch *w)
{
    dirs_forget(w);
    if (w->fd >= 0)
        close(w->fd);
    queue_free(&w->stop);
    free(w);
}

struct spoolwatch *spoolwatch_start(const struct spool_kind *kind, const struct config_account *cfg,
                                    struct queue *wants, struct log *log, struct error *err)
{
    struct spoolwatch *w = xcalloc(1, sizeof *w);
    *w = (struct spoolwatch){ .kind = kind, .cfg = cfg, .wants = wants, .log = log, .fd = -1 };
    w->stop = queue_new(1, err);
    if (w->stop != NULL) {
        w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->fd < 0)
            (void)error_sys(err, _("the system cannot watch folders"));
    }
    if (w->fd >= 0) {
        dirs_watch(w);
        if (pthread_create(&w->thread, NULL, spoolwatch_run, w) == 0)
            return w;
        (void)error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
    }
    spoolwatch_clear(w);
    return NULL;
}

void spoolwatch_free(struct spoolwatch **w)
{
    if (*w == NULL)
        return;
    queue_close((*w)->stop);
    pthread_join((*w)->thread, NULL);
    spoolwatch_clear(*w);
    *w = NULL;
}
