/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <unistd.h>

#include "server/options.h"

static void ports_are_read(void **state)
{
    int pop3 = geteuid() == 0 ? 110 : 2110;
    const struct {
        char *option, *value;
        int rc, ports[SERVER_PORTS];
    } rows[] = {
        { "--trace", NULL, 0, { 2525, 2587, 2143, pop3 } },
        { "--pop3", "0", 0, { 2525, 2587, 2143, 0 } },
        { "--pop3", "none", 0, { 2525, 2587, 2143, PORT_OFF } },
        { "--pop3", "65535", 0, { 2525, 2587, 2143, 65535 } },
        { "--imap", "1", 0, { 2525, 2587, 1, pop3 } },
        { "--pop3", "65536", -1, { 0 } },
        { "--pop3", "-1", -1, { 0 } },
        { "--pop3", "", -1, { 0 } },
        { "--pop3", "110x", -1, { 0 } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        struct server_options o;
        char *argv[] = { "tmaild", rows[i].option, rows[i].value, NULL };
        int argc = rows[i].value != NULL ? 3 : 2;
        assert_int_equal(options_read(&o, argc, argv, &err), rows[i].rc);
        if (rows[i].rc == 0)
            assert_memory_equal(o.ports, rows[i].ports, sizeof o.ports);
        else
            assert_int_equal(err.code, ERR_USAGE);
        options_free(&o);
    }
}

static void ports_have_names(void **state)
{
    (void)state;
    assert_string_equal(server_port_names[PORT_SMTP], "smtp");
    assert_string_equal(server_port_names[PORT_SUBMISSION], "submission");
    assert_string_equal(server_port_names[PORT_IMAP], "imap");
    assert_string_equal(server_port_names[PORT_POP3], "pop3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_read),
        cmocka_unit_test(ports_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
