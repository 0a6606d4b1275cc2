/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/limits.h"
#include "server/peers.h"

static struct server_options *options(uint64_t connections, uint64_t per_address)
{
    struct server_options *o = xcalloc(1, sizeof *o);
    o->limits.connections = connections;
    o->limits.per_address = per_address;
    return o;
}

static struct listen_peer client(unsigned char last)
{
    struct listen_peer p = { .address = "192.0.2.1" };
    p.key[LISTEN_KEY_BYTES - 1] = last;
    return p;
}

/* A connection whose other end tells that it was shut down. */
struct pair {
    int ours, theirs;
};

static struct pair pair_make(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct pair){ fds[0], fds[1] };
}

static bool was_ended(struct pair p)
{
    char c;
    return recv(p.theirs, &c, 1, MSG_DONTWAIT) == 0;
}

static void pairs_close(const struct pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        close(p[i].ours);
        close(p[i].theirs);
    }
}

static void oldest_makes_room(void **state)
{
    struct peers *p = peers_new(options(3, 3));
    struct pair pairs[4];
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++)
        pairs[i] = pair_make();
    for (unsigned char i = 0; i < 3; i++) {
        struct listen_peer c = client(i);
        assert_true(peers_room(p, &c));
        peers_add(p, pairs[i].ours, &c);
    }
    peers_logged_in(p, pairs[0].ours);
    struct listen_peer last = client(9);
    assert_true(peers_room(p, &last));
    assert_false(was_ended(pairs[2]));
    assert_false(peers_n(p) != 3);
    assert_true(was_ended(pairs[1]));
    peers_add(p, pairs[3].ours, &last);
    peers_logged_in(p, pairs[2].ours);
    peers_logged_in(p, pairs[3].ours);
    assert_false(peers_room(p, &last)); /* one is ending, three are logged in */
    peers_ended(p, pairs[1].ours);
    assert_int_equal(peers_n(p), 3);
    assert_false(peers_room(p, &last));
    peers_ended(p, pairs[0].ours);
    assert_true(peers_room(p, &last));
    peers_free(&p);
    pairs_close(pairs, COUNT(pairs));
}

static void one_address_has_its_share(void **state)
{
    struct peers *p = peers_new(options(10, 2));
    struct pair pairs[5];
    struct listen_peer one = client(1);
    struct listen_peer two = client(2);
    struct listen_peer local = client(3);
    (void)state;
    local.loopback = true;
    for (size_t i = 0; i < COUNT(pairs); i++)
        pairs[i] = pair_make();
    for (size_t i = 0; i < 2; i++) {
        assert_true(peers_room(p, &one));
        peers_add(p, pairs[i].ours, &one);
        peers_logged_in(p, pairs[i].ours);
    }
    assert_false(peers_room(p, &one));
    assert_true(peers_room(p, &two));
    for (size_t i = 2; i < 5; i++) {
        assert_true(peers_room(p, &local));
        peers_add(p, pairs[i].ours, &local);
    }
    assert_true(peers_room(p, &local));
    for (size_t i = 0; i < COUNT(pairs); i++)
        assert_false(was_ended(pairs[i]));
    peers_free(&p);
    pairs_close(pairs, COUNT(pairs));
}

/* A client whose share is taken by connections on which nobody logged in loses the oldest. */
static void own_oldest_goes_first(void **state)
{
    struct peers *p = peers_new(options(10, 2));
    struct pair pairs[3] = { pair_make(), pair_make(), pair_make() };
    struct listen_peer one = client(1);
    struct listen_peer two = client(2);
    (void)state;
    peers_add(p, pairs[0].ours, &two);
    peers_add(p, pairs[1].ours, &one);
    peers_add(p, pairs[2].ours, &one);
    assert_true(peers_room(p, &one));
    assert_false(was_ended(pairs[0]));
    assert_true(was_ended(pairs[1]));
    assert_false(was_ended(pairs[2]));
    peers_free(&p);
    pairs_close(pairs, COUNT(pairs));
}

/* Those that are told to end and do not are not without number. */
static void endings_are_counted(void **state)
{
    struct peers *p = peers_new(options(1, 1));
    struct listen_peer c = client(1);
    (void)state;
    c.loopback = true;
    size_t n = 0;
    while (n < 1000 && peers_room(p, &c))
        peers_add(p, 100000 + (int)n++, &c); /* no such descriptors: shutdown fails */
    assert_int_equal(n, 1 + SERVER_CONNECTIONS_ENDING);
    peers_free(&p);
}

/* What the sanitizers would tell: options are freed once, and not before their last connection. */
static void options_live_as_long_as_needed(void **state)
{
    struct server_options *first = options(10, 10);
    struct server_options *second = options(20, 20);
    struct peers *p = peers_new(first);
    struct listen_peer c = client(1);
    (void)state;
    peers_add(p, 100001, &c);
    peers_renew(p, second);
    peers_add(p, 100002, &c);
    peers_renew(p, options(30, 30));
    assert_int_equal(peers_options(p)->limits.connections, 30);
    assert_int_equal(second->limits.connections, 20);
    peers_ended(p, 100001);
    assert_int_equal(first->limits.connections, 10);
    assert_int_equal(second->limits.connections, 20);
    peers_ended(p, 100002);
    peers_renew(p, options(40, 40));
    assert_int_equal(first->limits.connections, 10);
    peers_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_makes_room),
        cmocka_unit_test(one_address_has_its_share),
        cmocka_unit_test(own_oldest_goes_first),
        cmocka_unit_test(endings_are_counted),
        cmocka_unit_test(options_live_as_long_as_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
