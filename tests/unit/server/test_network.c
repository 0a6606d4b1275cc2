/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/network.h"

static void networks(void **state)
{
    static const struct {
        const char *network, *in, *out; /* in NULL: no network */
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
        { "192.0.2.77/24", "192.0.2.1", "192.0.1.1" },
        { "192.0.2.1", "192.0.2.1", "192.0.2.2" },
        { "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
        { "10.0.0.0/9", "10.127.1.1", "10.128.1.1" },
        { "0.0.0.0/0", "8.8.8.8", "2001:db8::1" },
        { "::/0", "2001:db8::1", "8.8.8.8" },
        { "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1" },
        { "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
        { "fe80::/10", "fe80::1%eth0", "nonsense" },
        { "::1", "::1", "::2" },
        { "::1/128", "::1", "::" },
        { "", NULL, NULL },
        { "192.0.2", NULL, NULL },
        { "192.0.2.0/33", NULL, NULL },
        { "192.0.2.0/", NULL, NULL },
        { "192.0.2.0/x", NULL, NULL },
        { "192.0.2.0/24x", NULL, NULL },
        { "::/129", NULL, NULL },
        { "localhost", NULL, NULL },
        { "11111111111111111111111111111111111111111111111111111111111111111111", NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network n;
        assert_int_equal(network_read(rows[i].network, &n), rows[i].in != NULL ? 0 : -1);
        if (rows[i].in == NULL)
            continue;
        assert_true(network_has(&n, rows[i].in));
        assert_false(network_has(&n, rows[i].out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(networks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
