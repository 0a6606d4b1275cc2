/* SPDX-License-Identifier: MIT */
#include "bus/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "bus/socket.h"
#include "base/banned.h"

enum { START_MS = 10000, HELLO_MS = 5000, RACE_MS = 10, HINTS_WAITING = 256 << 10 };

struct bus {
    struct socket_end end;
    struct arena *arena; /* of the last event */
    int poll_fd;         /* epoll: readable when bytes came, or when waiting bytes can go */
};

int bus_fd(const struct bus *b)
{
    return b->poll_fd;
}

static void watch_socket(struct bus *b, int how)
{
    struct epoll_event e = { .events = EPOLLIN | (b->end.out.len > 0 ? (unsigned)EPOLLOUT : 0u) };
    epoll_ctl(b->poll_fd, how, b->end.fd, &e);
}

static int gone(struct error *err)
{
    return error_set(err, ERR_SYS, RETRY_NOW, _("the mail engine is gone"));
}

/* A line that is there already is given out even when the other end has closed behind it. */
int bus_next(struct bus *b, struct bus_event *ev, struct error *err)
{
    struct str line;
    if (!socket_end_line(&b->end, &line)) {
        int rc = socket_end_pump(&b->end);
        watch_socket(b, EPOLL_CTL_MOD);
        if (!socket_end_line(&b->end, &line))
            return rc == 0 ? 1 : gone(err);
    }
    arena_free(&b->arena);
    b->arena = arena_new(1024);
    return bus_event_read(b->arena, line, ev, err);
}

int bus_wait(struct bus *b, struct bus_event *ev, int wait_ms, struct error *err)
{
    int64_t deadline = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;
    for (;;) {
        int rc = bus_next(b, ev, err);
        int left = clock_left_ms(deadline);
        if (rc != 1 || left == 0)
            return rc;
        struct pollfd fd = { b->poll_fd, POLLIN, 0 };
        poll(&fd, 1, left);
    }
}

void bus_hint(struct bus *b, const struct bus_hint *hint)
{
    if (hint->kind == HINT_WAKE && b->end.out.len > HINTS_WAITING)
        return;
    bus_hint_write(hint, &b->end.out);
    (void)socket_end_pump(&b->end); /* an end that is gone is told by bus_next */
    watch_socket(b, EPOLL_CTL_MOD);
}

void bus_close(struct bus **b)
{
    if (*b == NULL)
        return;
    if ((*b)->poll_fd >= 0)
        close((*b)->poll_fd);
    socket_end_clear(&(*b)->end);
    arena_free(&(*b)->arena);
    free(*b);
    *b = NULL;
}

/* ------------------------------------------------------------------ finding or starting the engine
 */

static char *real_config(const struct bus_where *where)
{
    char *real = where->config != NULL ? realpath(where->config, NULL) : NULL;
    return real != NULL ? real : xstrdup("");
}

static int config_same(const struct bus_event *hello, const char *config, struct error *err)
{
    if (str_eqc(hello->config, config))
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("this store is in use with another configuration: %.*s"),
                     STR_ARG(hello->config));
}

static struct bus *bus_on(int fd, struct error *err)
{
    struct bus *b = xcalloc(1, sizeof *b);
    socket_end_init(&b->end, fd);
    b->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (b->poll_fd < 0) {
        error_sys(err, _("cannot wait for the mail engine"));
        bus_close(&b);
        return NULL;
    }
    watch_socket(b, EPOLL_CTL_ADD);
    return b;
}

/* Asks an engine of an older version to go, and waits until it is gone. */
static void send_away(struct bus *b)
{
    struct bus_event ev;
    struct error ignored;
    bus_hint(b, &(struct bus_hint){ .kind = HINT_STOP });
    while (bus_wait(b, &ev, START_MS, &ignored) == 0)
        ;
}

/* 0: we understand each other; 1: an older engine, gone now; -1. */
static int greet(struct bus *b, const struct bus_where *where, struct error *err)
{
    struct bus_event ev;
    char *config = real_config(where);
    struct bus_hint hello = { .kind = HINT_HELLO,
                              .version = BUS_VERSION,
                              .schema = where->schema,
                              .config = str_c(config),
                              .text = str_c(where->outbox_only ? BUS_OUTBOX_ONLY : "") };
    bus_hint(b, &hello);
    int rc = bus_wait(b, &ev, HELLO_MS, err);
    if (rc == 1 || (rc == 0 && ev.kind != EVENT_HELLO))
        rc = error_set(err, ERR_SYS, RETRY_LATER, _("the mail engine does not answer"));
    else if (rc == 0 && (ev.version < BUS_VERSION || ev.schema < where->schema)) {
        send_away(b);
        rc = 1;
    } else if (rc == 0 && (ev.version > BUS_VERSION || ev.schema > where->schema))
        rc = error_set(err, ERR_STORE, RETRY_NEVER,
                       _("a newer tmail works on this store: leave this one and start that"));
    else if (rc == 0)
        rc = config_same(&ev, config, err);
    free(config);
    return rc;
}

/* What the engine says before it listens: a single LF when it does, a sentence when it cannot. 0;
 * 1: another engine was faster; -1. */
static int started(pid_t pid, int fd, struct error *err)
{
    struct buf said = BUF_INIT(4096);
    struct pollfd ready = { fd, POLLIN, 0 };
    int64_t deadline = clock_mono_ms() + START_MS;
    char chunk[512];
    ssize_t n = 1;
    while (n > 0 && !str_starts(buf_str(&said), "\n") &&
           poll(&ready, 1, clock_left_ms(deadline)) == 1)
        if ((n = read(fd, chunk, sizeof chunk)) > 0)
            buf_add(&said, chunk, (size_t)n);
    int rc = str_starts(buf_str(&said), "\n") ? 0 : -1;
    if (rc != 0 && n == 0 && child_wait(pid) == EX_TEMPFAIL)
        rc = 1;
    struct str words = str_trim(buf_str(&said));
    if (rc < 0)
        error_set(err, ERR_SYS, RETRY_LATER, _("the mail engine cannot start: %.*s"),
                  STR_ARG(words.n > 0 ? words : str_c(_("it ended without a word"))));
    buf_free(&said);
    return rc;
}

static int start_engine(const struct bus_where *where, struct error *err)
{
    int fds[2];
    if (file_pipe(fds, err) != 0)
        return -1;
    char *program = where->engine != NULL ? xstrdup(where->engine) : child_program("tmail-sync");
    char *argv[10] = { program, (char *)"--store", (char *)where->store };
    size_t n = 3;
    if (where->config != NULL) {
        argv[n++] = (char *)"--config";
        argv[n++] = (char *)where->config;
    }
    if (where->log != NULL) {
        argv[n++] = (char *)"--log";
        argv[n++] = (char *)where->log;
    }
    if (where->outbox_only)
        argv[n++] = (char *)"--outbox-only";
    struct child_io io = { .in = -1, .out = fds[1], .err = fds[1], .session = true };
    pid_t pid = child_start(argv, &io, err);
    close(fds[1]);
    int rc = pid > 0 ? started(pid, fds[0], err) : -1;
    close(fds[0]);
    free(program);
    return rc;
}

struct bus *bus_open(const struct bus_where *where, int *started_one, struct error *err)
{
    int64_t deadline = clock_mono_ms() + START_MS;
    *started_one = 0;
    do {
        int fd = socket_connect(where->store);
        if (fd >= 0) {
            struct bus *b = bus_on(fd, err);
            int rc = b != NULL ? greet(b, where, err) : -1;
            if (rc == 0)
                return b;
            bus_close(&b);
            if (rc < 0 && err->retry != RETRY_NOW)
                return NULL;
            continue; /* it was just leaving */
        }
        int rc = start_engine(where, err);
        if (rc < 0)
            return NULL;
        *started_one = rc == 0;
        if (rc == 1)
            poll(NULL, 0, RACE_MS); /* the faster one is about to listen, or to leave */
    } while (clock_mono_ms() < deadline);
    error_set(err, ERR_SYS, RETRY_LATER, _("the mail engine does not answer"));
    return NULL;
}

/* ------------------------------------------------------------------ looking */

/* When a process began, seconds since 1970; 0: not known. Its name, which may hold anything, ends at the last ")"
 * (proc(5)). */
static int64_t began(int pid)
{
    enum { WORDS_BEFORE = 19 };
    char path[64];
    struct buf text = BUF_INIT(4096);
    struct error ignored;
    struct str rest, word;
    uint64_t ticks = 0;
    long per_s = sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    bool there = file_read(path, &text, &ignored) == 0;
    rest = str_skip(buf_str(&text), str_rfind(buf_str(&text), ')') + 1);
    for (int i = 0; there && i < WORDS_BEFORE; i++)
        there = str_word(&rest, &word);
    there = there && str_word(&rest, &word) && str_u64(&word, &ticks) == 0 && per_s > 0;
    buf_free(&text);
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    return there ? clock_wall_ms() / 1000 - up.tv_sec + (int64_t)(ticks / (uint64_t)per_s) : 0;
}

static int look(struct bus *b, const struct bus_where *where, struct error *err)
{
    struct bus_event ev;
    char *config = real_config(where);
    int rc = bus_wait(b, &ev, HELLO_MS, err);
    if (rc == 1 || (rc == 0 && ev.kind != EVENT_HELLO))
        rc = error_set(err, ERR_SYS, RETRY_LATER, _("the mail engine does not answer"));
    else if (rc == 0 && (ev.version != BUS_VERSION || ev.schema != where->schema))
        rc = error_set(err, ERR_STORE, RETRY_LATER,
                       _("the mail engine that runs is of another version of tmail"));
    else if (rc == 0)
        rc = config_same(&ev, config, err);
    free(config);
    return rc;
}

int bus_look(const struct bus_where *where, struct bus_seen *seen, struct error *err)
{
    *seen = (struct bus_seen){ .locked = socket_is_locked(where->store) };
    int fd = socket_connect(where->store);
    if (fd < 0)
        return 0;
    seen->pid = socket_peer(fd);
    seen->since = began(seen->pid);
    struct bus *b = bus_on(fd, err);
    int rc = b != NULL ? look(b, where, err) : -1;
    bus_close(&b);
    return rc;
}
