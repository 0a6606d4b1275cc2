/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/log.h"
#include "server/conn.h"
#include "server/limits.h"
#include "server/protocol.h"
#include "server/store.h"
#include "server/tls.h"
#include "base/banned.h"

enum { LISTEN_BACKLOG = 1024, ACCEPT_PAUSE_MS = 50, END_WAIT_MS = 5000 };

/* A connection, as its thread told. */
struct peer {
    int fd; /* the connection's: it is closed by us when we hear of its end */
    bool logged_in, ending;
};
struct server {
    const struct server_options *options;
    struct log *log;
    struct store *store;
    struct tls *tls;
    struct queue *news;
    int stop_fd; /* an eventfd: one write is seen by every connection */
    int listeners[SERVER_PORTS];
    uint16_t ports[SERVER_PORTS];
    struct peer *peers;                  /* the oldest first */
    size_t peers_n, peers_max, ending_n; /* max: those that are ending included */
};

static int bind_one(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage a = { 0 };
    socklen_t n = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

static int listen_on(struct server *s, enum server_port port, struct error *err)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    char number[8];
    snprintf(number, sizeof number, "%d", s->options->ports[port]);
    if (getaddrinfo(s->options->listen, number, &hints, &found) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--listen %s is not an address"),
                         s->options->listen);
    s->listeners[port] = bind_one(found);
    freeaddrinfo(found);
    if (s->listeners[port] < 0)
        return error_sys(err, _("cannot listen on %s port %s"), s->options->listen, number);
    s->ports[port] = bound_port(s->listeners[port]);
    log_line(s->log, LOG_INFO, "%s on %s port %u", server_port_names[port], s->options->listen,
             s->ports[port]);
    return 0;
}

static int port_file_write(const struct server *s, struct error *err)
{
    struct buf text = BUF_INIT(1024);
    if (s->options->port_file == NULL)
        return 0;
    for (int i = 0; i < SERVER_PORTS; i++)
        if (s->listeners[i] >= 0)
            buf_addf(&text, "%s %u\n", server_port_names[i], s->ports[i]);
    int rc = file_replace(s->options->port_file, buf_str(&text), 0644, err);
    buf_free(&text);
    return rc;
}

static bool is_open(const struct server *s, enum server_port port)
{
    return s->options->ports[port] != PORT_OFF && (s->tls != NULL || !protocol_is_tls(port));
}

struct server *server_open(const struct server_options *options, struct log *log, struct error *err)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->options = options;
    s->log = log;
    s->peers_max = (size_t)options->limits.connections + SERVER_CONNECTIONS_ENDING;
    s->peers = xcalloc(s->peers_max, sizeof *s->peers);
    for (int i = 0; i < SERVER_PORTS; i++)
        s->listeners[i] = -1;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = s->stop_fd < 0 ? error_sys(err, _("cannot start")) : 0;
    if (rc == 0)
        rc = (s->news = queue_new(s->peers_max, err)) != NULL ? 0 : -1;
    if (rc == 0)
        rc = (s->store = store_start(options, log, err)) != NULL ? 0 : -1;
    if (rc == 0 && tls_wanted(options))
        rc = (s->tls = tls_new(options, err)) != NULL ? 0 : -1;
    for (int i = 0; i < SERVER_PORTS && rc == 0; i++)
        if (is_open(s, (enum server_port)i))
            rc = listen_on(s, (enum server_port)i, err);
    if (rc == 0)
        rc = port_file_write(s, err);
    if (rc != 0)
        server_close(&s);
    return s;
}

static bool is_loopback(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static void too_many(int fd, enum server_port port)
{
    const char *text = protocol_too_many(port);
    /* Who waits for a handshake is not told: it would be no answer. */
    if (!protocol_is_tls(port))
        send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* Room for one more: the oldest connection on which nobody logged in ends for it. */
static bool room_make(struct server *s)
{
    if (s->peers_n - s->ending_n < s->options->limits.connections)
        return s->peers_n < s->peers_max;
    for (size_t i = 0; i < s->peers_n && s->peers_n < s->peers_max; i++) {
        struct peer *p = &s->peers[i];
        if (p->logged_in || p->ending)
            continue;
        p->ending = true;
        s->ending_n++;
        shutdown(p->fd, SHUT_RDWR);
        return true;
    }
    return false;
}

static void accept_one(struct server *s, enum server_port port)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    struct error err;
    char peer[INET6_ADDRSTRLEN] = "?";
    int on = 1;
    int fd = accept4(s->listeners[port], (struct sockaddr *)&a, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && sys_fault(FAULT_CONNECT, "accept") != 0) {
        close(fd);
        return;
    }
    if (fd < 0) {
        /* Out of descriptors: the waiting connection would wake us again at once. */
        if (errno == EMFILE || errno == ENFILE)
            poll(NULL, 0, ACCEPT_PAUSE_MS);
        return;
    }
    if (!room_make(s)) {
        too_many(fd, port);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    getnameinfo((struct sockaddr *)&a, n, peer, sizeof peer, NULL, 0, NI_NUMERICHOST);
    struct conn_setup setup = { .options = s->options,
                                .store = s->store,
                                .log = s->log,
                                .tls = s->tls,
                                .stop_fd = s->stop_fd,
                                .news = s->news };
    if (conn_start(&setup, fd, port, peer, is_loopback(&a), &err) == 0)
        s->peers[s->peers_n++] = (struct peer){ .fd = fd };
    else
        log_line(s->log, LOG_ERROR, "%s", err.text);
}

static void news_take(struct server *s, const struct conn_news *news)
{
    size_t i = 0;
    while (i < s->peers_n && s->peers[i].fd != news->fd)
        i++;
    if (i == s->peers_n)
        return;
    struct peer *p = &s->peers[i];
    if (news->m.kind == CONN_LOGGED_IN)
        p->logged_in = true;
    else {
        s->ending_n -= p->ending;
        s->peers_n--;
        memmove(p, p + 1, (s->peers_n - i) * sizeof *p);
    }
}

static void reap(struct server *s, int wait_ms)
{
    struct msg *m;
    while (s->peers_n > 0 && (m = queue_take(s->news, wait_ms)) != NULL) {
        news_take(s, (struct conn_news *)m);
        msg_drop(m);
    }
}

static void connections_end(struct server *s)
{
    uint64_t one = 1;
    if (write(s->stop_fd, &one, sizeof one) < 0)
        log_line(s->log, LOG_ERROR, "cannot tell the connections to end");
    reap(s, END_WAIT_MS);
}

int server_run(struct server *s, int stop_fd, struct error *err)
{
    struct pollfd p[SERVER_PORTS + 2];
    for (int i = 0; i < SERVER_PORTS; i++)
        p[i] = (struct pollfd){ .fd = s->listeners[i], .events = POLLIN };
    p[SERVER_PORTS] = (struct pollfd){ .fd = queue_fd(s->news), .events = POLLIN };
    p[SERVER_PORTS + 1] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
    int rc = 0;
    while (rc == 0 && (p[SERVER_PORTS + 1].revents == 0)) {
        if (poll(p, COUNT(p), -1) < 0) {
            if (errno != EINTR)
                rc = error_sys(err, _("cannot wait for connections"));
            continue;
        }
        reap(s, 0);
        for (int i = 0; i < SERVER_PORTS; i++)
            if ((p[i].revents & POLLIN) != 0)
                accept_one(s, (enum server_port)i);
    }
    connections_end(s);
    return rc;
}

void server_close(struct server **s)
{
    if (*s == NULL)
        return;
    for (int i = 0; i < SERVER_PORTS; i++)
        if ((*s)->listeners[i] >= 0)
            close((*s)->listeners[i]);
    /* A connection that did not end still uses these: then the process goes with them. */
    if ((*s)->peers_n == 0) {
        store_stop(&(*s)->store);
        queue_free(&(*s)->news);
    }
    tls_free(&(*s)->tls);
    if ((*s)->stop_fd >= 0)
        close((*s)->stop_fd);
    free((*s)->peers);
    free(*s);
    *s = NULL;
}
