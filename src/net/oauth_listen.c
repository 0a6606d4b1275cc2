/* SPDX-License-Identifier: MIT */
#include "net/oauth_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

struct peer {
    int fd;
    struct buf head;
    int64_t deadline;
};
struct listener {
    int fd;
    const struct oauth_flow *flow;
    struct net_cancel *cancel;
    int64_t deadline;
    struct peer peers[OAUTH_PEERS];
    struct buf *code;
};

int oauth_listen_open(uint16_t *port, struct error *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, OAUTH_PEERS) != 0 || getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
        error_sys(err, _("cannot listen on this machine"));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

/* ------------------------------------------------------------------ one request */

static bool host_is(struct str head, const char *host)
{
    struct str line;
    bool found = false;
    while (str_line(&head, &line)) {
        if (str_ilit(&line, "host:") != 0)
            continue;
        if (found || !str_eqc(str_trim(line), host))
            return false;
        found = true;
    }
    return found;
}

bool oauth_request_read(struct str head, const char *host, struct str *query)
{
    struct str line, target;
    if (!str_line(&head, &line) || str_lit(&line, "GET ") != 0 ||
        str_until(&line, ' ', &target) != 0 ||
        (!str_eqc(line, "HTTP/1.1") && !str_eqc(line, "HTTP/1.0")))
        return false;
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= ' ' || target.p[i] > '~')
            return false;
    if (str_lit(&target, "/?") != 0 || !host_is(head, host))
        return false;
    *query = target;
    return true;
}

static void answer(int fd, const char *status, const char *words)
{
    struct buf out = BUF_INIT(4096), page = BUF_INIT(2048);
    buf_addf(&page,
             "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>tmail</title></head>"
             "<body><p>%s</p></body></html>\n",
             words);
    buf_addf(&out,
             "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
             "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
             "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n%s",
             status, page.len, buf_c(&page));
    /* it fits into the socket's buffer; a browser that does not read it has the code given already */
    (void)!send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    buf_free(&out);
    buf_free(&page);
}

static void peer_end(struct peer *p)
{
    close(p->fd);
    p->fd = -1;
    buf_wipe(&p->head);
}

/* A whole head is there. 1: not what we wait for; else as oauth_listen_wait. */
static int peer_answer(struct listener *l, struct peer *p, struct error *err)
{
    struct str query;
    int rc = 1;
    bool ours =
        oauth_request_read(buf_str(&p->head), l->flow->redirect + strlen("http://"), &query);
    if (ours)
        rc = oauth_query_read(l->flow, query, l->code, err);
    if (rc == 0)
        answer(p->fd, "200 OK", _("Signed in. You may close this page and go back to tmail."));
    else if (rc < 0)
        answer(p->fd, "200 OK", _("tmail was not allowed in. You may close this page."));
    else
        answer(p->fd, ours ? "400 Bad Request" : "404 Not Found",
               _("This is not what tmail waits for."));
    peer_end(p);
    return rc;
}

static int peer_read(struct listener *l, struct peer *p, struct error *err)
{
    enum { CHUNK = 4096 };
    char *room = buf_room(&p->head, CHUNK);
    ssize_t n = room != NULL ? recv(p->fd, room, CHUNK, MSG_DONTWAIT) : 0;
    if (n > 0)
        buf_grown(&p->head, (size_t)n);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (str_search(buf_str(&p->head), STR("\r\n\r\n")) < p->head.len)
        return peer_answer(l, p, err);
    if (n <= 0)
        peer_end(p);
    return 1;
}

/* ------------------------------------------------------------------ all of them */

/* Where all places are taken the oldest goes. */
static struct peer *place(struct listener *l)
{
    struct peer *oldest = &l->peers[0];
    for (size_t i = 0; i < OAUTH_PEERS; i++) {
        if (l->peers[i].fd < 0)
            return &l->peers[i];
        if (l->peers[i].deadline < oldest->deadline)
            oldest = &l->peers[i];
    }
    peer_end(oldest);
    return oldest;
}

static void take(struct listener *l)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct peer *p = place(l);
    *p = (struct peer){ .fd = fd, .deadline = clock_mono_ms() + OAUTH_PEER_MS };
    buf_init(&p->head, OAUTH_HEAD_MAX);
}

/* 1: nothing yet. */
static int turn(struct listener *l, struct error *err)
{
    enum { FIRST = 2 };
    struct pollfd fds[OAUTH_PEERS + FIRST] = { { l->fd, POLLIN, 0 },
                                               { net_cancel_fd(l->cancel), POLLIN, 0 } };
    int64_t now = clock_mono_ms(), until = l->deadline;
    for (size_t i = 0; i < OAUTH_PEERS; i++) {
        struct peer *p = &l->peers[i];
        if (p->fd >= 0 && p->deadline <= now)
            peer_end(p);
        else if (p->fd >= 0 && p->deadline < until)
            until = p->deadline;
        fds[FIRST + i] = (struct pollfd){ p->fd, POLLIN, 0 };
    }
    (void)poll(fds, COUNT(fds), clock_left_ms(until));
    if (l->cancel != NULL && net_cancel_is_set(l->cancel))
        return error_set(err, ERR_CANCELLED, RETRY_NEVER, _("broken off"));
    int rc = 1;
    for (size_t i = 0; i < OAUTH_PEERS && rc == 1; i++)
        if (fds[FIRST + i].revents != 0)
            rc = peer_read(l, &l->peers[i], err);
    if (rc == 1 && fds[0].revents != 0)
        take(l);
    return rc;
}

int oauth_listen_wait(int fd, const struct oauth_flow *f, struct net_cancel *cancel, int wait_ms,
                      struct buf *code, struct error *err)
{
    struct listener l = {
        .fd = fd, .flow = f, .cancel = cancel, .deadline = clock_mono_ms() + wait_ms, .code = code
    };
    int rc = 1;
    for (size_t i = 0; i < OAUTH_PEERS; i++)
        l.peers[i].fd = -1;
    while (rc == 1 && clock_mono_ms() < l.deadline)
        rc = turn(&l, err);
    for (size_t i = 0; i < OAUTH_PEERS; i++)
        if (l.peers[i].fd >= 0)
            peer_end(&l.peers[i]);
    if (rc == 1)
        rc = error_set(err, ERR_NET, RETRY_NEVER, _("nobody signed in within the time for it"));
    return rc;
}
