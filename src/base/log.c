/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { RING_LINES = 256, LINE_MAX_BYTES = 2048, FILE_MAX_BYTES = 4 << 20 };

struct log {
    pthread_mutex_t lock;
    char *path, *program;
    int fd;
    bool own_fd;
    enum log_level level;
    int64_t (*now)(const void *arg);
    const void *now_arg;
    char *ring[RING_LINES];
    size_t next;
};

static struct log *log_new(int fd, const char *program, enum log_level level)
{
    struct log *l = xcalloc(1, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    l->program = xstrdup(program);
    l->fd = fd;
    l->level = level;
    return l;
}

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct log *log_open(const char *path, const char *program, enum log_level level, struct error *err)
{
    int fd = -1;
    if (path != NULL && (fd = open_file(path)) < 0) {
        error_sys(err, _("cannot write the log %s"), path);
        return NULL;
    }
    struct log *l = log_new(fd, program, level);
    l->own_fd = fd >= 0;
    l->path = path != NULL ? xstrdup(path) : NULL;
    return l;
}

struct log *log_open_fd(int fd, const char *program, enum log_level level)
{
    return log_new(fd, program, level);
}

void log_set_level(struct log *l, enum log_level level)
{
    if (l != NULL)
        l->level = level;
}

bool log_wants(const struct log *l, enum log_level level)
{
    return l != NULL && level <= l->level;
}

/* Called with the lock held. */
static void format_line(struct buf *line, const struct log *l, const char *fmt, va_list ap)
{
    char stamp[CLOCK_RFC3339_MAX];
    struct buf text = BUF_INIT(LINE_MAX_BYTES);
    clock_rfc3339(l->now != NULL ? l->now(l->now_arg) : clock_wall_ms() / 1000, stamp);
    buf_addf(line, "%s %s[%d] ", stamp, l->program, (int)getpid());
    buf_vaddf(&text, fmt, ap);
    if (text.over)
        buf_adds(line, "(a line too long for the log)");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7F)
            buf_addf(line, "\\x%02x", c);
        else
            buf_addc(line, (char)c);
    }
    buf_addc(line, '\n');
    buf_free(&text);
}

/* Called with the lock held. */
static void open_again(struct log *l)
{
    int fd = open_file(l->path);
    if (fd < 0)
        return;
    close(l->fd);
    l->fd = fd;
}

/* Called with the lock held. */
static void rotate_if_large(struct log *l)
{
    struct stat st;
    if (!l->own_fd || fstat(l->fd, &st) != 0 || st.st_size < FILE_MAX_BYTES)
        return;
    char *old = xasprintf("%s.1", l->path);
    if (rename(l->path, old) == 0)
        open_again(l);
    free(old);
}

void log_clock(struct log *l, int64_t (*now)(const void *arg), const void *arg)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    l->now = now;
    l->now_arg = arg;
    pthread_mutex_unlock(&l->lock);
}

void log_reopen(struct log *l)
{
    if (l == NULL || !l->own_fd)
        return;
    pthread_mutex_lock(&l->lock);
    open_again(l);
    pthread_mutex_unlock(&l->lock);
}

void log_line(struct log *l, enum log_level level, const char *fmt, ...)
{
    if (!log_wants(l, level))
        return;
    struct buf line = BUF_INIT(4 * LINE_MAX_BYTES + 256);
    va_list ap;
    va_start(ap, fmt);
    pthread_mutex_lock(&l->lock);
    format_line(&line, l, fmt, ap);
    va_end(ap);
    if (l->fd >= 0) {
        rotate_if_large(l);
        ssize_t ignored = write(l->fd, line.data, line.len);
        (void)ignored; /* a full disk must not stop the mail */
    }
    free(l->ring[l->next]);
    l->ring[l->next] = buf_detach(&line);
    l->next = (l->next + 1) % RING_LINES;
    pthread_mutex_unlock(&l->lock);
}

void log_recent(struct log *l, struct buf *out)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < RING_LINES; i++) {
        const char *line = l->ring[(l->next + i) % RING_LINES];
        if (line != NULL)
            buf_adds(out, line);
    }
    pthread_mutex_unlock(&l->lock);
}

void log_close(struct log **l)
{
    if (*l == NULL)
        return;
    for (size_t i = 0; i < RING_LINES; i++)
        free((*l)->ring[i]);
    if ((*l)->own_fd)
        close((*l)->fd);
    pthread_mutex_destroy(&(*l)->lock);
    free((*l)->path);
    free((*l)->program);
    free(*l);
    *l = NULL;
}
