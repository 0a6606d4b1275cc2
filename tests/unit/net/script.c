/* SPDX-License-Identifier: MIT */
#include "unit/net/script.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/banned.h"

enum { PATIENCE_MS = 10000, PAUSE_US = 1500 };

struct script {
    pthread_t thread;
    struct str text;
    struct script_way way;
    size_t sent;
    int listener, fd;
    uint16_t port;
    struct buf in;
    bool ok, over;
};

static bool readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, PATIENCE_MS) > 0;
}

static void hang_up(struct script *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    buf_clear(&s->in);
}

static void accept_next(struct script *s)
{
    hang_up(s);
    if (readable(s->listener))
        s->fd = accept(s->listener, NULL, NULL);
    int one = 1;
    if (s->fd < 0 || setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
        s->over = true;
}

/* False when the client has closed or says nothing for too long. */
static bool more(struct script *s)
{
    char bytes[4096];
    ssize_t n = readable(s->fd) ? recv(s->fd, bytes, sizeof bytes, 0) : -1;
    if (n <= 0)
        return false;
    buf_add(&s->in, bytes, (size_t)n);
    return true;
}

static void unescape(struct str in, struct buf *out)
{
    for (size_t k = 0; k < in.n; k++) {
        if (in.p[k] != '\\' || k + 1 == in.n) {
            buf_addc(out, in.p[k]);
            continue;
        }
        char c = in.p[++k];
        if (c == 'x' && k + 2 < in.n) {
            char hex[3] = { in.p[k + 1], in.p[k + 2], '\0' };
            buf_addc(out, (char)strtoul(hex, NULL, 16));
            k += 2;
        } else
            buf_addc(out, c == 'r' ? '\r' : c == 'n' ? '\n' : c);
    }
}

/* One piece, as long as the way allows. */
static size_t send_some(struct script *s, struct str bytes)
{
    size_t n = s->way.bytes ? 1 : bytes.n;
    if (s->way.pause > s->sent && n > s->way.pause - s->sent)
        n = s->way.pause - s->sent;
    if (n > s->way.cut - s->sent)
        n = s->way.cut - s->sent;
    if (s->fd >= 0 && send(s->fd, bytes.p, n, MSG_NOSIGNAL) < 0)
        hang_up(s);
    s->sent += n;
    if (s->sent == s->way.pause && s->fd >= 0)
        usleep(PAUSE_US);
    return n;
}

static void say(struct script *s, struct str text, const char *end)
{
    struct buf out = BUF_INIT(8 << 20);
    unescape(text, &out);
    buf_adds(&out, end);
    struct str left = buf_str(&out);
    while (left.n > 0 && s->sent < s->way.cut)
        left = str_skip(left, send_some(s, left));
    if (s->sent == s->way.cut) {
        hang_up(s);
        s->over = true;
    }
    buf_free(&out);
}

static void differ(struct script *s, struct str want, struct str got)
{
    fprintf(stderr, "script: expected \"%.*s\", got \"%.*s\"\n", STR_ARG(want), STR_ARG(got));
    s->ok = false;
    s->over = true;
}

static void expect(struct script *s, struct str text)
{
    struct buf want = BUF_INIT(1 << 20);
    unescape(text, &want);
    while (s->fd >= 0 && str_find(buf_str(&s->in), '\n') == s->in.len && more(s))
        ;
    size_t n = str_find(buf_str(&s->in), '\n');
    struct str got = str_head(buf_str(&s->in), n);
    struct str w = buf_str(&want);
    bool crlf = got.n > 0 && got.p[got.n - 1] == '\r';
    got = crlf ? str_head(got, got.n - 1) : got;
    bool any = w.n > 0 && w.p[w.n - 1] == '*';
    if (!crlf || !(any ? got.n >= w.n - 1 && memcmp(got.p, w.p, w.n - 1) == 0 : str_eq(got, w)))
        differ(s, w, got);
    else
        buf_consume(&s->in, n + 1);
    buf_free(&want);
}

static void expect_close(struct script *s, bool quiet)
{
    while (s->fd >= 0 && more(s))
        ;
    if (!quiet && s->in.len > 0)
        differ(s, STR("(close)"), buf_str(&s->in));
    hang_up(s);
}

/* "N text": the text N times, sent as it is. */
static void repeat(struct script *s, struct str text)
{
    uint64_t n = 0;
    struct buf out = BUF_INIT(8 << 20);
    if (str_u64(&text, &n) == 0)
        text = str_skip(text, 1);
    while (n-- > 0 && !out.over)
        buf_add_str(&out, text);
    say(s, buf_str(&out), "");
    buf_free(&out);
}

static void play_line(struct script *s, struct str line)
{
    struct str rest = str_skip(line, 2);
    if (rest.n > 0 && rest.p[0] == ' ')
        rest = str_skip(rest, 1);
    switch (line.n > 1 && line.p[1] == ':' ? line.p[0] : '#') {
    case 'S':
        say(s, rest, "\r\n");
        break;
    case 's':
        say(s, rest, "");
        break;
    case 'C':
        expect(s, rest);
        break;
    case 'E':
        expect_close(s, false);
        break;
    case 'H':
        expect_close(s, true);
        break;
    case 'X':
        hang_up(s);
        break;
    case 'N':
        accept_next(s);
        break;
    case 'W':
        usleep((useconds_t)strtoul(rest.p, NULL, 10) * 1000);
        break;
    case 'R':
        repeat(s, rest);
        break;
    default:
        break;
    }
}

static void *play(void *arg)
{
    struct script *s = arg;
    struct str text = s->text, line;
    accept_next(s);
    while (!s->over && str_line(&text, &line))
        play_line(s, line);
    hang_up(s);
    return NULL;
}

struct script *script_start(struct str text, size_t cut)
{
    return script_play(text, &(struct script_way){ .cut = cut, .pause = SIZE_MAX });
}

struct script *script_play(struct str text, const struct script_way *way)
{
    struct script *s = xcalloc(1, sizeof *s);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof a;
    s->text = text;
    s->way = *way;
    s->fd = -1;
    s->ok = true;
    buf_init(&s->in, 1 << 20);
    int small = 16 << 10; /* so that a test can fill the pipes */
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 ||
        setsockopt(s->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) < 0 ||
        setsockopt(s->listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) < 0 ||
        bind(s->listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(s->listener, 8) < 0 ||
        getsockname(s->listener, (struct sockaddr *)&a, &n) < 0 ||
        pthread_create(&s->thread, NULL, play, s) != 0)
        abort();
    s->port = ntohs(a.sin_port);
    return s;
}

uint16_t script_port(const struct script *s)
{
    return s->port;
}

bool script_end(struct script **s)
{
    bool cut = (*s)->sent == (*s)->way.cut;
    shutdown((*s)->listener, SHUT_RDWR);
    pthread_join((*s)->thread, NULL);
    close((*s)->listener);
    buf_free(&(*s)->in);
    bool ok = (*s)->ok || cut;
    free(*s);
    *s = NULL;
    return ok;
}

size_t script_sends(struct str text)
{
    struct buf out = BUF_INIT(1 << 20);
    size_t repeated = 0;
    struct str line;
    while (str_line(&text, &line)) {
        uint64_t times = 0;
        struct str what = str_skip(line, 3);
        if (str_starts(line, "R: ") && str_u64(&what, &times) == 0)
            repeated += times * (what.n - 1);
        if (line.n < 2 || (line.p[0] != 'S' && line.p[0] != 's') || line.p[1] != ':')
            continue;
        struct str rest = str_skip(line, 2);
        unescape(rest.n > 0 && rest.p[0] == ' ' ? str_skip(rest, 1) : rest, &out);
        if (line.p[0] == 'S')
            buf_adds(&out, "\r\n");
    }
    size_t n = out.len + repeated;
    buf_free(&out);
    return n;
}
