/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "sync/roam.h"

enum { ROOM = 256 };

/* One message: its type, and the two fields that count. */
static size_t address_put(char *at, unsigned type, unsigned scope)
{
    struct nlmsghdr h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                          .nlmsg_type = (uint16_t)type };
    struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_scope = (uint8_t)scope };
    memcpy(at, &h, sizeof h);
    memcpy(at + NLMSG_HDRLEN, &a, sizeof a);
    return NLMSG_ALIGN(h.nlmsg_len);
}

static size_t route_put(char *at, unsigned type, unsigned dst_len, unsigned kind)
{
    struct nlmsghdr h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                          .nlmsg_type = (uint16_t)type };
    struct rtmsg t = { .rtm_dst_len = (uint8_t)dst_len, .rtm_type = (uint8_t)kind };
    memcpy(at, &h, sizeof h);
    memcpy(at + NLMSG_HDRLEN, &t, sizeof t);
    return NLMSG_ALIGN(h.nlmsg_len);
}

static void only_what_leads_somewhere_counts(void **state)
{
    static const struct {
        unsigned type, value, kind;
        bool matters;
    } rows[] = {
        { RTM_NEWADDR, RT_SCOPE_UNIVERSE, 0, true }, { RTM_DELADDR, RT_SCOPE_SITE, 0, true },
        { RTM_NEWADDR, RT_SCOPE_LINK, 0, false }, /* fe80:: of some container */
        { RTM_DELADDR, RT_SCOPE_HOST, 0, false },    { RTM_NEWROUTE, 0, RTN_UNICAST, true },
        { RTM_DELROUTE, 0, RTN_UNICAST, true },      { RTM_NEWROUTE, 24, RTN_UNICAST, false },
        { RTM_NEWROUTE, 0, RTN_UNREACHABLE, false }, { RTM_NEWLINK, 0, 0, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char room[ROOM] = { 0 };
        bool address = rows[i].type == RTM_NEWADDR || rows[i].type == RTM_DELADDR;
        size_t n = address_put(room, RTM_NEWADDR, RT_SCOPE_HOST); /* one that does not, before it */
        n += address ? address_put(room + n, rows[i].type, rows[i].value)
                     : route_put(room + n, rows[i].type, rows[i].value, rows[i].kind);
        if (roam_matters((struct str){ room, n }) != rows[i].matters)
            fail_msg("row %zu", i);
        for (size_t cut = 0; cut < n; cut++) /* never further than what came */
            (void)roam_matters((struct str){ room, cut });
    }
}

static void a_length_that_lies_ends_the_reading(void **state)
{
    static const uint32_t lengths[] = { 0, 1, sizeof(struct nlmsghdr) - 1, 4000, UINT32_MAX };
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char room[ROOM] = { 0 };
        size_t n = address_put(room, RTM_NEWADDR, RT_SCOPE_UNIVERSE);
        memcpy(room, &lengths[i], sizeof lengths[i]);
        assert_false(roam_matters((struct str){ room, n }));
    }
}

static void a_long_sleep_ends_every_link(void **state)
{
    enum net_change what;
    (void)state;
    assert_false(roam_slept(0, &what));
    assert_false(roam_slept(3, &what));
    assert_true(roam_slept(2000, &what));
    assert_int_equal(what, NET_MOVED);
    assert_true(roam_slept(ROAM_SLEPT_MS, &what));
    assert_int_equal(what, NET_WOKEN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_leads_somewhere_counts),
        cmocka_unit_test(a_length_that_lies_ends_the_reading),
        cmocka_unit_test(a_long_sleep_ends_every_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
