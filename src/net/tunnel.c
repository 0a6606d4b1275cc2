/* SPDX-License-Identifier: MIT */
#include "net/tunnel.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
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
    pid_t pid;
    int fd;  /* our end; -1: taken */
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

/* The standard error never blocks its writer: what is too much is lost. */
static int start(struct tunnel *t, char *const *argv, struct error *err)
{
    int pair[2] = { -1, -1 }, says[2] = { -1, -1 };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
        pipe2(says, O_CLOEXEC | O_NONBLOCK) != 0)
        error_sys(err, _("cannot make a tunnel"));
    else {
        struct child_io io = { .in = pair[1], .out = pair[1], .err = says[1], .session = true };
        t->pid = child_start(argv, &io, err);
    }
    t->fd = pair[0];
    t->err = says[0];
    if (pair[1] >= 0)
        close(pair[1]);
    if (says[1] >= 0)
        close(says[1]);
    if (t->pid > 0)
        return 0;
    err->code = ERR_NET;
    err->retry = RETRY_LATER;
    return error_prefix(err, "%s", _("tunnel: "));
}

struct tunnel *tunnel_start(struct str command, const char *host, unsigned port, struct error *err)
{
    struct tunnel *t = xcalloc(1, sizeof *t);
    struct arena *a = arena_new(0);
    char **argv;
    *t = (struct tunnel){ .pid = -1, .fd = -1, .err = -1, .said = BUF_INIT(TUNNEL_STDERR_MAX) };
    int rc = child_split(a, command, &argv, err);
    for (size_t i = 0; rc == 0 && argv[i] != NULL; i++)
        argv[i] = word_fill(a, argv[i], host, port);
    if (rc == 0)
        rc = start(t, argv, err);
    if (rc != 0)
        tunnel_end(&t);
    arena_free(&a);
    return t;
}

int tunnel_take_fd(struct tunnel *t)
{
    int fd = t->fd;
    t->fd = -1;
    return fd;
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
    if ((*t)->fd >= 0)
        close((*t)->fd);
    if ((*t)->pid > 0)
        child_finish((*t)->pid);
    if ((*t)->err >= 0)
        close((*t)->err);
    buf_free(&(*t)->said);
    free(*t);
    *t = NULL;
}
