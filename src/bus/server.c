/* SPDX-License-Identifier: MIT */
#include "bus/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/socket.h"
#include "base/banned.h"

struct client {
    unsigned id; /* 0: free */
    struct socket_end end;
    bool gone; /* dropped at the next wait, never while somebody iterates */
};

struct bus_server {
    char *store, *config;
    int64_t schema;
    int lock_fd, listen_fd;
    unsigned last_id;
    size_t turn; /* whose line is looked at first */
    struct client clients[BUS_CLIENTS_MAX];
    struct arena *arena; /* of the last hint */
};

void bus_ready(void)
{
    struct stat st;
    if (fstat(STDOUT_FILENO, &st) != 0 || !S_ISFIFO(st.st_mode))
        return;
    ssize_t ignored = write(STDOUT_FILENO, "\n", 1);
    (void)ignored;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0)
        return;
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
}

struct bus_server *bus_listen(const struct bus_where *where, struct error *err)
{
    int lock_fd = socket_lock(where->store, err);
    int listen_fd = lock_fd >= 0 ? socket_listen(where->store, err) : -1;
    if (listen_fd < 0) {
        if (lock_fd >= 0)
            close(lock_fd);
        return NULL;
    }
    struct bus_server *s = xcalloc(1, sizeof *s);
    char *real = where->config != NULL ? realpath(where->config, NULL) : NULL;
    s->config = real != NULL ? real : xstrdup("");
    s->store = xstrdup(where->store);
    s->schema = where->schema;
    s->lock_fd = lock_fd;
    s->listen_fd = listen_fd;
    return s;
}

void bus_server_free(struct bus_server **s)
{
    if (*s == NULL)
        return;
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++)
        if ((*s)->clients[i].id != 0)
            socket_end_clear(&(*s)->clients[i].end);
    close((*s)->listen_fd);
    socket_unlink((*s)->store);
    close((*s)->lock_fd); /* last: the next engine may only begin when nothing of us is left */
    arena_free(&(*s)->arena);
    free((*s)->store);
    free((*s)->config);
    free(*s);
    *s = NULL;
}

size_t bus_server_clients(const struct bus_server *s)
{
    size_t n = 0;
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++)
        n += s->clients[i].id != 0 && !s->clients[i].gone;
    return n;
}

static void say(struct client *c, const struct bus_event *ev)
{
    bus_event_write(ev, &c->end.out);
    ssize_t n = send(c->end.fd, c->end.out.data, c->end.out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        buf_consume(&c->end.out, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        c->gone = true;
    if (c->end.out.over) /* it does not read */
        c->gone = true;
}

void bus_server_say(struct bus_server *s, unsigned client, const struct bus_event *ev)
{
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (c->id != 0 && !c->gone && (client == 0 || client == c->id))
            say(c, ev);
    }
}

static void accept_one(struct bus_server *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *c = NULL;
    for (size_t i = 0; i < BUS_CLIENTS_MAX && c == NULL; i++)
        if (s->clients[i].id == 0)
            c = &s->clients[i];
    if (fd < 0)
        return;
    if (c == NULL || !socket_peer_is_us(fd)) {
        close(fd);
        return;
    }
    c->id = ++s->last_id;
    c->gone = false;
    socket_end_init(&c->end, fd);
    say(c, &(struct bus_event){ .kind = EVENT_HELLO,
                                .version = BUS_VERSION,
                                .schema = s->schema,
                                .config = str_c(s->config) });
}

/* The next hint that has arrived; clients take turns. A line that cannot be read ends its client.
 */
static bool next_hint(struct bus_server *s, struct bus_hint *hint, unsigned *client)
{
    struct error ignored;
    struct str line;
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++) {
        struct client *c = &s->clients[(s->turn + i) % BUS_CLIENTS_MAX];
        while (c->id != 0 && socket_end_line(&c->end, &line)) {
            arena_free(&s->arena);
            s->arena = arena_new(1024);
            if (bus_hint_read(s->arena, line, hint, &ignored) != 0) {
                c->gone = true;
                break;
            }
            if (hint->kind == HINT_HELLO && str_eqc(hint->text, BUS_OUTBOX_ONLY))
                continue;
            *client = c->id;
            s->turn = (s->turn + i + 1) % BUS_CLIENTS_MAX;
            return true;
        }
    }
    return false;
}

static void drop_gone(struct bus_server *s)
{
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++)
        if (s->clients[i].id != 0 && s->clients[i].gone) {
            socket_end_clear(&s->clients[i].end);
            s->clients[i].id = 0;
        }
}

/* Waits for bytes anywhere. 2: extra_fd is readable. */
static int wait_once(struct bus_server *s, int extra_fd, int wait_ms)
{
    struct pollfd fds[BUS_CLIENTS_MAX + 2] = { { s->listen_fd, POLLIN, 0 },
                                               { extra_fd, POLLIN, 0 } };
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++) {
        const struct client *c = &s->clients[i];
        fds[i + 2] = (struct pollfd){ c->id != 0 ? c->end.fd : -1,
                                      (short)(POLLIN | (c->end.out.len > 0 ? POLLOUT : 0)), 0 };
    }
    if (poll(fds, BUS_CLIENTS_MAX + 2, wait_ms) <= 0)
        return 0;
    for (size_t i = 0; i < BUS_CLIENTS_MAX; i++)
        if (fds[i + 2].revents != 0 && socket_end_pump(&s->clients[i].end) != 0)
            s->clients[i].gone = true;
    if (fds[0].revents != 0)
        accept_one(s);
    return fds[1].revents != 0 ? 2 : 0;
}

int bus_server_wait(struct bus_server *s, int extra_fd, int wait_ms, struct bus_hint *hint,
                    unsigned *client, struct error *err)
{
    int64_t deadline = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;
    (void)err;
    for (;;) {
        if (next_hint(s, hint, client))
            return 0;
        drop_gone(s);
        int left = clock_left_ms(deadline);
        if (wait_once(s, extra_fd, left) == 2)
            return 2;
        if (left == 0)
            return next_hint(s, hint, client) ? 0 : 1;
    }
}
