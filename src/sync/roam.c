/* SPDX-License-Identifier: MIT */
#include "sync/roam.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/banned.h"

enum {
    MESSAGES_MAX = 16 << 10,
    READS_MAX = 64, /* in one look: the rest is seen by the next */
    JITTER_MS = 500 /* the two clocks are not read at the same moment */
};

struct roam {
    int fd;
    int64_t ahead_ms; /* CLOCK_BOOTTIME before CLOCK_MONOTONIC */
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec t = { 0 };
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t ahead_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME) - clock_ms(CLOCK_MONOTONIC);
}

static int netlink_open(void)
{
    struct sockaddr_nl at = { .nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                           RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

struct roam *roam_new(void)
{
    struct roam *r = xcalloc(1, sizeof *r);
    *r = (struct roam){ .fd = netlink_open(), .ahead_ms = ahead_ms() };
    return r;
}

int roam_fd(const struct roam *r)
{
    return r->fd;
}

/* An address beyond its own link, or the way to everywhere. */
static bool message_matters(const struct nlmsghdr *h)
{
    if (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR) {
        struct ifaddrmsg a;
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof a))
            return false;
        memcpy(&a, NLMSG_DATA(h), sizeof a);
        return a.ifa_scope < RT_SCOPE_LINK;
    }
    if (h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) {
        struct rtmsg t;
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof t))
            return false;
        memcpy(&t, NLMSG_DATA(h), sizeof t);
        return t.rtm_dst_len == 0 && t.rtm_type == RTN_UNICAST;
    }
    return false;
}

bool roam_matters(struct str messages)
{
    while (messages.n >= sizeof(struct nlmsghdr)) {
        _Alignas(struct nlmsghdr) char room[NLMSG_LENGTH(sizeof(struct rtmsg))] = { 0 };
        struct nlmsghdr h;
        memcpy(&h, messages.p, sizeof h);
        if (h.nlmsg_len < sizeof h || h.nlmsg_len > messages.n)
            return false;
        memcpy(room, messages.p, h.nlmsg_len < sizeof room ? h.nlmsg_len : sizeof room);
        if (message_matters((const struct nlmsghdr *)room))
            return true;
        size_t step = NLMSG_ALIGN(h.nlmsg_len);
        messages = str_skip(messages, step < messages.n ? step : messages.n);
    }
    return false;
}

bool roam_slept(int64_t ms, enum net_change *what)
{
    *what = ms >= ROAM_SLEPT_MS ? NET_WOKEN : NET_MOVED;
    return ms > JITTER_MS;
}

/* All that waits to be read; what did not fit the kernel's buffer may have been anything. */
static bool told(const struct roam *r)
{
    char room[MESSAGES_MAX];
    bool matters = false;
    for (int i = 0; r->fd >= 0 && i < READS_MAX; i++) {
        ssize_t n = recv(r->fd, room, sizeof room, 0);
        if (n < 0 && errno == ENOBUFS)
            matters = true;
        else if (n <= 0)
            break;
        else
            matters = roam_matters((struct str){ room, (size_t)n }) || matters;
    }
    return matters;
}

bool roam_look(struct roam *r, enum net_change *what)
{
    int64_t ahead = ahead_ms();
    bool slept = roam_slept(ahead - r->ahead_ms, what);
    r->ahead_ms = ahead;
    return told(r) || slept;
}

void roam_free(struct roam **r)
{
    if (*r == NULL)
        return;
    if ((*r)->fd >= 0)
        close((*r)->fd);
    free(*r);
    *r = NULL;
}
