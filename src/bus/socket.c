/* SPDX-License-Identifier: MIT */
#include "bus/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { READ_CHUNK = 64 << 10, BACKLOG = 16 };

/* ------------------------------------------------------------------ lines */

void socket_end_init(struct socket_end *s, int fd)
{
    *s = (struct socket_end){ .fd = fd };
    buf_init(&s->in, SOCKET_LINE_MAX + READ_CHUNK);
    buf_init(&s->out, SOCKET_WAITING_MAX);
}

void socket_end_clear(struct socket_end *s)
{
    if (s->fd >= 0)
        close(s->fd);
    buf_wipe(&s->in);
    buf_wipe(&s->out);
    s->fd = -1;
}

/* What did not fit is lost: the other end would read a torn line. */
static int pump_out(struct socket_end *s)
{
    while (s->out.len > 0 && !s->out.over) {
        ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        buf_consume(&s->out, (size_t)n);
    }
    return s->out.over ? -1 : 0;
}

static int pump_in(struct socket_end *s)
{
    buf_consume(&s->in, s->taken);
    s->taken = 0;
    for (;;) {
        char *room = buf_room(&s->in, READ_CHUNK);
        if (room == NULL) /* enough for now, unless it is one line without an end */
            return s->in.over = false, str_find(buf_str(&s->in), '\n') < s->in.len ? 0 : -1;
        ssize_t n = recv(s->fd, room, READ_CHUNK, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        if (n == 0)
            return -1;
        buf_grown(&s->in, (size_t)n);
    }
}

int socket_end_pump(struct socket_end *s)
{
    int out = pump_out(s);
    int in = pump_in(s);
    return in != 0 || out != 0 ? -1 : 0;
}

bool socket_end_line(struct socket_end *s, struct str *line)
{
    struct str rest = str_skip(buf_str(&s->in), s->taken);
    if (str_until(&rest, '\n', line) != 0)
        return false;
    s->taken = s->in.len - rest.n;
    return true;
}

/* ------------------------------------------------------------------ the place */

/* FNV-1a: a short name for a path, not a secret. */
static uint64_t hash(const char *path)
{
    uint64_t h = 14695981039346656037u;
    for (; *path != '\0'; path++)
        h = (h ^ (unsigned char)*path) * 1099511628211u;
    return h;
}

/* The path that all who mean this store agree on. */
static char *real_store(const char *store)
{
    struct str s = str_c(store);
    size_t slash = str_rfind(s, '/');
    char *dir = slash < s.n ? xmemdup0(s.p, slash > 0 ? slash : 1) : xstrdup(".");
    char *real = realpath(dir, NULL);
    char *path = xasprintf("%s/%s", real != NULL ? real : dir, slash < s.n ? s.p + slash + 1 : s.p);
    free(real);
    free(dir);
    return path;
}

/* Opens the folder of the socket (made if missing where make says so) and gives the name in it. A
 * name below a descriptor is short whatever the path. */
static int place_open(const char *store, bool make, char **name)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct error ignored;
    char *real = real_store(store), *dir;
    if (runtime != NULL && runtime[0] == '/' && access(runtime, W_OK) == 0) {
        dir = xasprintf("%s/tmail", runtime);
        *name = xasprintf("%016llx", (unsigned long long)hash(real));
    } else {
        struct str s = str_c(real);
        dir = xmemdup0(s.p, str_rfind(s, '/'));
        *name = xstrdup("engine.socket");
    }
    int fd =
        !make || file_mkdirs(dir, &ignored) == 0 ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    free(dir);
    free(real);
    return fd;
}

static void address(struct sockaddr_un *a, int dir, const char *name)
{
    *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", dir, name);
}

int socket_connect(const char *store)
{
    struct sockaddr_un a;
    char *name;
    int dir = place_open(store, false, &name);
    int fd = dir >= 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    address(&a, dir, name);
    if (fd >= 0 && (connect(fd, (struct sockaddr *)&a, sizeof a) != 0 || !socket_peer_is_us(fd))) {
        close(fd);
        fd = -1;
    }
    if (dir >= 0)
        close(dir);
    free(name);
    return fd;
}

int socket_listen(const char *store, struct error *err)
{
    struct sockaddr_un a;
    char *name;
    int dir = place_open(store, true, &name);
    int fd = dir >= 0 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    address(&a, dir, name);
    if (dir >= 0)
        unlinkat(dir, name, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        fchmodat(dir, name, 0600, 0) != 0 || listen(fd, BACKLOG) != 0) {
        error_sys(err, _("cannot listen for tmail"));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    if (dir >= 0)
        close(dir);
    free(name);
    return fd;
}

void socket_unlink(const char *store)
{
    char *name;
    int dir = place_open(store, false, &name);
    if (dir >= 0) {
        unlinkat(dir, name, 0);
        close(dir);
    }
    free(name);
}

static char *lock_path(const char *store)
{
    char *real = real_store(store), *path = xasprintf("%s.lock", real);
    free(real);
    return path;
}

bool socket_is_locked(const char *store)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char *path = lock_path(store);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool locked = fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    free(path);
    return locked;
}

int socket_lock(const char *store, struct error *err)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char *path = lock_path(store);
    char *dir = xmemdup0(path, str_rfind(str_c(path), '/'));
    int fd = file_mkdirs(dir, err) == 0
                 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    if (fd < 0)
        error_sys(err, _("cannot open %s"), path);
    else if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        error_set(err, ERR_STORE, RETRY_NEVER, _("another engine works on %s"), store);
        close(fd);
        fd = -1;
    }
    free(path);
    free(dir);
    return fd;
}

int socket_peer(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 ? peer.pid : 0;
}

bool socket_peer_is_us(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.uid == geteuid();
}
