/* SPDX-License-Identifier: MIT */
#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/queue.h"
#include "server/limits.h"
#include "base/banned.h"

enum { CONTROL_LISTS_MAX = 16, CONTROL_BACKLOG = 16 };

struct control_list {
    const struct control_command *commands;
    void *arg;
};
struct control {
    int root, fd, stop_fd;
    struct log *log;
    struct control_list lists[CONTROL_LISTS_MAX];
    size_t lists_n;
    struct queue *ended; /* requests whose thread is about to end */
    pthread_t thread;
    bool running;
};
struct request {
    struct msg m; /* first: it is put into ended */
    const struct control *control;
    pthread_t thread;
    int fd;
};

/* A name below a descriptor is short whatever the path of the folder. */
static socklen_t address_of(int root, struct sockaddr_un *a)
{
    *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/control", root);
    return sizeof *a;
}

/* ---- lines over the socket, for both ends ---- */

static bool ready(int fd, short events, int extra)
{
    struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = extra, .events = POLLIN } };
    int n;
    do
        n = poll(p, COUNT(p), CONTROL_WAIT_MS);
    while (n < 0 && errno == EINTR);
    return n > 0 && p[1].revents == 0;
}

/* All of it, to its end or to the first line's. */
static int receive(int fd, bool line, int stop_fd, struct buf *in)
{
    while (!line || str_find(buf_str(in), '\n') == in->len) {
        char *room = buf_room(in, 4096);
        ssize_t n =
            room == NULL || !ready(fd, POLLIN, stop_fd) ? -1 : recv(fd, room, 4096, MSG_DONTWAIT);
        if (n < 0 && room != NULL && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return n == 0 && !line ? 0 : -1;
        buf_grown(in, (size_t)n);
    }
    return 0;
}

static int send_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN && ready(fd, POLLOUT, -1))
            continue;
        if (n < 0 && errno != EINTR)
            return -1;
        s = str_skip(s, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

/* ---- a request ---- */

/* Tabs between the words, as our own client sends them; blanks do for a person. */
static size_t words_of(struct str line, struct str *words)
{
    size_t n = 0;
    struct str word;
    bool tabs = str_find(line, '\t') < line.n;
    while (tabs && n + 1 < CONTROL_WORDS_MAX && str_until(&line, '\t', &word) == 0)
        words[n++] = word;
    if (tabs)
        words[n++] = line;
    while (!tabs && n < CONTROL_WORDS_MAX && str_word(&line, &word))
        words[n++] = word;
    return n;
}

/* How many of the words are the name; 0 when they are not. */
static size_t name_matches(const char *name, const struct str *words, size_t n)
{
    struct str rest = str_c(name);
    struct str word;
    size_t used = 0;
    while (str_word(&rest, &word))
        if (used == n || !str_eq(word, words[used++]))
            return 0;
    return used;
}

static int answer(const struct control *c, const struct str *words, size_t n, struct buf *out,
                  struct error *err)
{
    for (size_t i = 0; i < c->lists_n; i++)
        for (const struct control_command *k = c->lists[i].commands; k->run != NULL; k++) {
            size_t used = name_matches(k->name, words, n);
            if (used > 0)
                return k->run(c->lists[i].arg, words + used, n - used, out, err);
        }
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("the server does not know this request"));
}

/* "ok", the lines, ".". */
static void put_stuffed(struct str said, struct buf *out)
{
    buf_adds(out, "ok\n");
    while (said.n > 0) {
        size_t n = str_find(said, '\n');
        if (said.p[0] == '.')
            buf_addc(out, '.');
        buf_add_str(out, str_head(said, n));
        buf_addc(out, '\n');
        said = str_skip(said, n + 1);
    }
    buf_adds(out, ".\n");
}

static void serve(struct request *r, struct str line)
{
    struct str words[CONTROL_WORDS_MAX];
    struct buf said = BUF_INIT(SERVER_OUT_MAX);
    struct buf out = BUF_INIT(SERVER_OUT_MAX);
    struct error err = { 0 };
    int rc = answer(r->control, words, words_of(line, words), &said, &err);
    if (rc == 0)
        rc = buf_check(&said, &err);
    if (rc == 0) {
        put_stuffed(buf_str(&said), &out);
    } else
        buf_addf(&out, "error %s\n", err.text);
    if (send_all(r->fd, buf_str(&out)) != 0)
        log_line(r->control->log, LOG_INFO, "control: nobody took an answer");
    buf_free(&said);
    buf_wipe(&out);
}

static void request_drop(struct msg *m)
{
    struct request *r = (struct request *)m;
    close(r->fd);
    free(r);
}

static void *request_thread(void *arg)
{
    struct request *r = arg;
    struct buf in = BUF_INIT(CONTROL_LINE_MAX + 4096);
    if (receive(r->fd, true, r->control->stop_fd, &in) == 0)
        serve(r, str_head(buf_str(&in), str_find(buf_str(&in), '\n')));
    buf_wipe(&in);
    queue_put_now(r->control->ended, &r->m);
    return NULL;
}

static bool is_heard(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

/* True when a thread has it. */
static bool request_begin(struct control *c, int fd)
{
    pthread_attr_t attr;
    struct request *r = xcalloc(1, sizeof *r);
    *r = (struct request){ .m.drop = request_drop, .control = c, .fd = fd };
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, SERVER_STACK_BYTES);
    bool begun = is_heard(fd) && pthread_create(&r->thread, &attr, request_thread, r) == 0;
    pthread_attr_destroy(&attr);
    if (!begun)
        request_drop(&r->m);
    return begun;
}

static void *control_thread(void *arg)
{
    struct control *c = arg;
    size_t under_way = 0;
    bool stopping = false;
    while (!stopping || under_way > 0) {
        struct pollfd p[3] = { { .fd = stopping || under_way == CONTROL_REQUESTS_MAX ? -1 : c->fd,
                                 .events = POLLIN },
                               { .fd = queue_fd(c->ended), .events = POLLIN },
                               { .fd = stopping ? -1 : c->stop_fd, .events = POLLIN } };
        if (poll(p, COUNT(p), -1) < 0)
            continue;
        for (struct msg *m; (m = queue_take(c->ended, 0)) != NULL; under_way--) {
            pthread_join(((struct request *)m)->thread, NULL);
            msg_drop(m);
        }
        stopping = stopping || p[2].revents != 0;
        int fd = p[0].revents != 0 ? accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
        if (fd >= 0 && request_begin(c, fd))
            under_way++;
    }
    return NULL;
}

/* ---- the server's end ---- */

static int listen_at(int root, struct error *err)
{
    struct sockaddr_un a;
    socklen_t n = address_of(root, &a);
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Whoever has the root's lock may clear away what a dead server left, and nothing else. */
    if (fstatat(root, "control", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode))
        unlinkat(root, "control", 0);
    mode_t before = umask(0177);
    int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, n);
    umask(before);
    if (rc == 0 && listen(fd, CONTROL_BACKLOG) == 0)
        return fd;
    error_sys(err, _("cannot make the socket \"control\""));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct control *control_new(int root, struct log *log, struct error *err)
{
    struct control *c = xcalloc(1, sizeof *c);
    *c = (struct control){ .root = root, .fd = -1, .log = log };
    c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->ended = queue_new(CONTROL_REQUESTS_MAX, err);
    if (c->ended != NULL && c->stop_fd >= 0)
        c->fd = listen_at(root, err);
    else if (c->ended != NULL)
        error_sys(err, _("cannot start"));
    if (c->fd < 0)
        control_stop(&c);
    return c;
}

void control_add(struct control *c, const struct control_command *commands, void *arg)
{
    if (c->lists_n < CONTROL_LISTS_MAX)
        c->lists[c->lists_n++] = (struct control_list){ commands, arg };
}

int control_start(struct control *c, struct error *err)
{
    c->running = pthread_create(&c->thread, NULL, control_thread, c) == 0;
    return c->running ? 0 : error_set(err, ERR_SYS, RETRY_LATER, _("cannot start a thread"));
}

void control_stop(struct control **c)
{
    uint64_t one = 1;
    if (*c == NULL)
        return;
    if ((*c)->running && write((*c)->stop_fd, &one, sizeof one) == sizeof one)
        pthread_join((*c)->thread, NULL);
    if ((*c)->fd >= 0) {
        unlinkat((*c)->root, "control", 0);
        close((*c)->fd);
    }
    if ((*c)->stop_fd >= 0)
        close((*c)->stop_fd);
    queue_free(&(*c)->ended);
    free(*c);
    *c = NULL;
}

/* ---- the other end ---- */

static int connect_to(const char *root, struct error *err)
{
    struct sockaddr_un a;
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = address_of(dir, &a);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, n) != 0) {
        close(fd);
        fd = -1;
    }
    int why = errno;
    if (dir >= 0)
        close(dir);
    errno = why;
    return fd >= 0 ? fd
                   : error_set(err, ERR_NET, RETRY_LATER,
                               _("no tmaild runs on %s (--root names its folder)"), root);
}

static int line_put(const char *const *words, size_t n, struct buf *out, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct str w = str_c(words[i]);
        if (!str_is_line(w) || str_find(w, '\t') < w.n)
            return error_set(err, ERR_USAGE, RETRY_NEVER, _("a word has more than one line"));
        buf_addf(out, "%s%s", i > 0 ? "\t" : "", words[i]);
    }
    buf_addc(out, '\n');
    return buf_check(out, err);
}

static int answer_take(struct str in, struct buf *out, struct error *err)
{
    struct str line;
    struct str why;
    if (str_until(&in, '\n', &line) != 0)
        return error_set(err, ERR_PROTO, RETRY_LATER, _("tmaild ended before it answered"));
    why = line;
    if (str_lit(&why, "error ") == 0)
        return error_set(err, ERR_REFUSED, RETRY_NEVER, "%.*s", STR_ARG(why));
    while (str_until(&in, '\n', &line) == 0) {
        if (str_eqc(line, "."))
            return buf_check(out, err);
        buf_add_str(out, str_starts(line, ".") ? str_skip(line, 1) : line);
        buf_addc(out, '\n');
    }
    return error_set(err, ERR_PROTO, RETRY_LATER, _("tmaild ended before it answered"));
}

int control_ask(const char *root, const char *const *words, size_t n, struct buf *out,
                struct error *err)
{
    struct buf line = BUF_INIT(CONTROL_LINE_MAX);
    struct buf in = BUF_INIT(SERVER_OUT_MAX);
    int fd = -1;
    int rc = line_put(words, n, &line, err);
    if (rc == 0)
        rc = (fd = connect_to(root, err)) >= 0 ? 0 : -1;
    if (rc == 0 && (send_all(fd, buf_str(&line)) != 0 || receive(fd, false, -1, &in) != 0))
        rc = error_set(err, ERR_NET, RETRY_LATER, _("tmaild does not answer"));
    if (rc == 0)
        rc = answer_take(buf_str(&in), out, err);
    if (fd >= 0)
        close(fd);
    buf_wipe(&line);
    buf_wipe(&in);
    return rc;
}
