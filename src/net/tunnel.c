/* SPDX-License-Identifier: MIT */
#include "net/tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "net/words.h"
#include "base/banned.h"

enum {
    TUNNEL_WORD_MAX = 64 << 10,
    TUNNEL_STDERR_MAX = 64 << 10,
    TUNNEL_LAST_WORDS_MS = 300,
    TUNNEL_END_MS = 300 /* until it has seen that nobody is there any more; then again, until it has
                           heard the signal */
};

struct tunnel {
    struct arena *a;
    char **argv;
    int listener; /* -1: the connection has come */
    char name[108];
    pid_t pid;
    int err; /* what it says on its standard error */
    struct buf said;
};

static char *word_fill(struct arena *a, const char *word, const char *host, unsigned port)
{
    struct buf out = BUF_INIT(TUNNEL_WORD_MAX);
    for (const char *p = word; *p != '\0'; p++) {
        if (p[0] != '%' || (p[1] != 'h' && p[1] != 'p' && p[1] != '%')) {
            buf_addc(&out, *p);
            continue;
        }
        p++;
        if (*p == 'h')
            buf_adds(&out, host);
        else if (*p == 'p')
            buf_addf(&out, "%u", port);
        else
            buf_addc(&out, '%');
    }
    char *filled = arena_fmt(a, "%s", buf_c(&out));
    buf_free(&out);
    return filled;
}

/* An abstract socket, by the name that the kernel gives it. */
static int make_listener(struct tunnel *t, struct error *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    socklen_t size = sizeof at;
    t->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->listener < 0 ||
        bind(t->listener, (struct sockaddr *)&at, (socklen_t)sizeof at.sun_family) != 0 ||
        listen(t->listener, SOMAXCONN) != 0 ||
        getsockname(t->listener, (struct sockaddr *)&at, &size) != 0)
        return error_sys(err, _("cannot make a tunnel"));
    size_t n = size - offsetof(struct sockaddr_un, sun_path);
    if (n < 2 || n > sizeof at.sun_path || n > sizeof t->name)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot make a tunnel"));
    memcpy(t->name, at.sun_path + 1, n - 1);
    return 0;
}

struct tunnel *tunnel_new(struct str command, const char *host, unsigned port, struct error *err)
{
    struct tunnel *t = xcalloc(1, sizeof *t);
    *t = (struct tunnel){ .a = arena_new(0), .listener = -1, .pid = -1, .err = -1 };
    buf_init(&t->said, TUNNEL_STDERR_MAX);
    int rc = child_split(t->a, command, &t->argv, err);
    for (size_t i = 0; rc == 0 && t->argv[i] != NULL; i++)
        t->argv[i] = word_fill(t->a, t->argv[i], host, port);
    if (rc == 0)
        rc = make_listener(t, err);
    if (rc != 0)
        tunnel_end(&t);
    return t;
}

const char *tunnel_name(const struct tunnel *t)
{
    return t->name;
}

/* The standard error never blocks its writer: what is too much is lost. */
static int start(struct tunnel *t, int fd, struct error *err)
{
    int says[2] = { -1, -1 };
    if (pipe2(says, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_sys(err, _("cannot make a tunnel"));
    struct child_io io = { .in = fd, .out = fd, .err = says[1], .session = true };
    t->pid = child_start(t->argv, &io, err);
    t->err = says[0];
    close(says[1]);
    if (t->pid > 0)
        return 0;
    err->code = ERR_NET;
    err->retry = RETRY_LATER;
    return error_prefix(err, "%s", _("tunnel: "));
}

static bool is_ours(int fd)
{
    struct ucred who = { 0 };
    socklen_t size = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid();
}

int tunnel_accept(struct tunnel *t, struct error *err)
{
    int rc = 0;
    while (rc == 0 && t->listener >= 0) {
        int fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED
                       ? 0
                       : error_sys(err, _("cannot make a tunnel"));
        if (is_ours(fd)) {
            close(t->listener);
            t->listener = -1;
            rc = start(t, fd, err);
        }
        close(fd);
    }
    return rc;
}

/* Until its end, or wait_ms. */
static void read_said(struct tunnel *t, int wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    for (;;) {
        struct pollfd p = { .fd = t->err, .events = POLLIN };
        char bytes[4096];
        if (poll(&p, 1, clock_left_ms(until)) <= 0)
            return;
        ssize_t n = read(t->err, bytes, sizeof bytes);
        if (n <= 0)
            return;
        buf_add(&t->said, bytes, (size_t)n);
    }
}

void tunnel_says(struct tunnel *t, char *out, size_t size)
{
    if (t->err >= 0)
        read_said(t, TUNNEL_LAST_WORDS_MS);
    struct str all = str_trim(buf_str(&t->said));
    size_t at = str_rfind(all, '\n');
    net_words(out, size, at < all.n ? str_skip(all, at + 1) : all);
}

static void child_finish(pid_t pid)
{
    int code;
    if (child_wait_ms(pid, TUNNEL_END_MS, &code) == 0)
        return;
    kill(-pid, SIGTERM);
    if (child_wait_ms(pid, TUNNEL_END_MS, &code) == 0)
        return;
    kill(-pid, SIGKILL);
    (void)child_wait(pid);
}

void tunnel_end(struct tunnel **t)
{
    if (*t == NULL)
        return;
    if ((*t)->listener >= 0)
        close((*t)->listener);
    if ((*t)->pid > 0)
        child_finish((*t)->pid);
    if ((*t)->err >= 0)
        close((*t)->err);
    buf_free(&(*t)->said);
    arena_free(&(*t)->a);
    free(*t);
    *t = NULL;
}
