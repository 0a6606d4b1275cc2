/* SPDX-License-Identifier: MIT */
#include "server/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/i18n.h"
#include "base/banned.h"

enum { LISTEN_BACKLOG = 1024, NETWORK_BYTES = 8 };

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

int listen_open(const char *address, int port, uint16_t *bound, struct error *err)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    char number[8];
    snprintf(number, sizeof number, "%d", port);
    if (getaddrinfo(address, number, &hints, &found) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--listen %s is not an address"), address);
    int fd = bind_one(found);
    if (fd < 0)
        error_sys(err, _("cannot listen on %s port %s"), address, number);
    else
        *bound = bound_port(fd);
    freeaddrinfo(found);
    return fd;
}

static void key_of(const struct sockaddr_storage *a, struct listen_peer *peer)
{
    memset(peer->key, 0, sizeof peer->key);
    if (a->ss_family == AF_INET) {
        const struct in_addr *four = &((const struct sockaddr_in *)a)->sin_addr;
        memcpy(peer->key + 12, four, sizeof *four);
        peer->loopback = (ntohl(four->s_addr) >> 24) == 127;
        return;
    }
    const struct in6_addr *six = &((const struct sockaddr_in6 *)a)->sin6_addr;
    bool mapped = IN6_IS_ADDR_V4MAPPED(six);
    peer->loopback = IN6_IS_ADDR_LOOPBACK(six) || (mapped && six->s6_addr[12] == 127);
    if (mapped)
        memcpy(peer->key + 12, six->s6_addr + 12, 4);
    else
        memcpy(peer->key, six->s6_addr, NETWORK_BYTES);
}

int listen_accept(int fd, struct listen_peer *peer)
{
    struct sockaddr_storage a = { 0 };
    socklen_t n = sizeof a;
    int on = 1;
    *peer = (struct listen_peer){ .address = "?" };
    int client = accept4(fd, (struct sockaddr *)&a, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0 && sys_fault(FAULT_CONNECT, "accept") != 0) {
        close(client);
        return -1;
    }
    if (client < 0)
        return -1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    getnameinfo((struct sockaddr *)&a, n, peer->address, sizeof peer->address, NULL, 0,
                NI_NUMERICHOST);
    key_of(&a, peer);
    return client;
}
