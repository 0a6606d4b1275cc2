/* SPDX-License-Identifier: MIT */
#include "net/cancel.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/banned.h"

struct net_cancel {
    int fd; /* eventfd: readable when set */
    int change_fd;
    atomic_bool set;
    atomic_uint moved, woken; /* how often */
};

struct net_cancel *net_cancel_new(struct error *err)
{
    struct net_cancel *c = xcalloc(1, sizeof *c);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->change_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd >= 0 && c->change_fd >= 0)
        return c;
    error_sys(err, _("cannot make an event descriptor"));
    net_cancel_free(&c);
    return NULL;
}

/* The only possible failure is a counter that is full, and then the descriptor is readable. */
static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n;
}

/* EAGAIN: it was not set. */
static void drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

void net_cancel_set(struct net_cancel *c)
{
    atomic_store(&c->set, true);
    wake(c->fd);
}

bool net_cancel_is_set(const struct net_cancel *c)
{
    return c != NULL && atomic_load(&c->set);
}

void net_cancel_clear(struct net_cancel *c)
{
    drain(c->fd);
    atomic_store(&c->set, false);
}

int net_cancel_fd(const struct net_cancel *c)
{
    return c != NULL ? c->fd : -1;
}

void net_cancel_free(struct net_cancel **c)
{
    if (*c == NULL)
        return;
    if ((*c)->fd >= 0)
        close((*c)->fd);
    if ((*c)->change_fd >= 0)
        close((*c)->change_fd);
    free(*c);
    *c = NULL;
}

void net_cancel_network(struct net_cancel *c, enum net_change what)
{
    atomic_fetch_add(what == NET_WOKEN ? &c->woken : &c->moved, 1);
    wake(c->change_fd);
}

bool net_cancel_changed(struct net_cancel *c, struct net_changes *seen, enum net_change *what)
{
    if (c == NULL)
        return false;
    drain(c->change_fd);
    struct net_changes now = { atomic_load(&c->moved), atomic_load(&c->woken) };
    bool changed = now.moved != seen->moved || now.woken != seen->woken;
    *what = now.woken != seen->woken ? NET_WOKEN : NET_MOVED;
    *seen = now;
    return changed;
}

int net_cancel_change_fd(const struct net_cancel *c)
{
    return c != NULL ? c->change_fd : -1;
}

static bool is_same(const struct sockaddr *a, const struct sockaddr_storage *b)
{
    if (a == NULL || a->sa_family != b->ss_family)
        return false;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)a)->sin_addr,
                      &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr)) == 0;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* The whole of 127/8 is ours, though interfaces name one of it. */
static bool is_loopback4(const struct sockaddr_storage *s)
{
    return s->ss_family == AF_INET &&
           ntohl(((const struct sockaddr_in *)s)->sin_addr.s_addr) >> 24 == 127;
}

bool net_address_is_ours(int fd)
{
    struct sockaddr_storage own = { 0 };
    socklen_t n = sizeof own;
    struct ifaddrs *all;
    if (getsockname(fd, (struct sockaddr *)&own, &n) != 0 ||
        (own.ss_family != AF_INET && own.ss_family != AF_INET6) || is_loopback4(&own) ||
        getifaddrs(&all) != 0)
        return true;
    bool ours = false;
    for (const struct ifaddrs *i = all; i != NULL && !ours; i = i->ifa_next)
        ours = is_same(i->ifa_addr, &own);
    freeifaddrs(all);
    return ours;
}

static bool leads_out(const struct ifaddrs *i)
{
    const struct sockaddr *a = i->ifa_addr;
    if (a == NULL || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0)
        return false;
    return a->sa_family == AF_INET ||
           (a->sa_family == AF_INET6 &&
            !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr));
}

bool net_is_connected(void)
{
    struct ifaddrs *all;
    bool connected = false;
    if (getifaddrs(&all) != 0)
        return true;
    for (const struct ifaddrs *i = all; i != NULL && !connected; i = i->ifa_next)
        connected = leads_out(i);
    freeifaddrs(all);
    return connected;
}
