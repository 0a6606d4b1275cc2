/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <unistd.h>

#include "server/options.h"

static void ports_are_read(void **state)
{
    bool root = geteuid() == 0;
    int smtp = root ? 25 : 2525;
    int pop3 = root ? 110 : 2110;
    int imaps = root ? 993 : 2993;
    const struct {
        char *argv[6];
        int rc, smtp, pop3, imaps, lmtp;
    } rows[] = {
        { { "--trace" }, 0, smtp, pop3, imaps, PORT_OFF },
        { { "--pop3", "0" }, 0, smtp, 0, imaps, PORT_OFF },
        { { "--pop3", "none" }, 0, smtp, PORT_OFF, imaps, PORT_OFF },
        { { "--pop3", "65535" }, 0, smtp, 65535, imaps, PORT_OFF },
        { { "--imaps", "1" }, 0, smtp, pop3, 1, PORT_OFF },
        { { "--port-file", "p" }, 0, 0, 0, 0, PORT_OFF },
        { { "--smtp", "1", "--port-file", "p" }, 0, 1, 0, 0, PORT_OFF },
        { { "--lmtp", "24" }, 0, smtp, pop3, imaps, 24 },
        { { "--pop3", "65536" }, -1, 0, 0, 0, 0 },
        { { "--pop3", "-1" }, -1, 0, 0, 0, 0 },
        { { "--pop3", "" }, -1, 0, 0, 0, 0 },
        { { "--pop3", "110x" }, -1, 0, 0, 0, 0 },
        { { "--nonsense" }, -1, 0, 0, 0, 0 },
        { { "rest" }, -1, 0, 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        struct server_options o;
        char *argv[8] = { "tmaild" };
        int argc = 1;
        for (; rows[i].argv[argc - 1] != NULL; argc++)
            argv[argc] = rows[i].argv[argc - 1];
        assert_int_equal(options_read(&o, argc, argv, &err), rows[i].rc);
        if (rows[i].rc == 0) {
            assert_int_equal(o.ports[PORT_SMTP], rows[i].smtp);
            assert_int_equal(o.ports[PORT_POP3], rows[i].pop3);
            assert_int_equal(o.ports[PORT_IMAPS], rows[i].imaps);
            assert_int_equal(o.ports[PORT_LMTP], rows[i].lmtp);
        } else
            assert_int_equal(err.code, ERR_USAGE);
        options_free(&o);
    }
}

static void limits_are_set(void **state)
{
    static const struct {
        const char *value;
        int rc;
        uint64_t connections, message;
    } rows[] = {
        { "connections=3", 0, 3, 128 << 20 },
        { "message=1024", 0, 1000, 1024 },
        { "message=1023", -1, 0, 0 },
        { "message=134217729", -1, 0, 0 },
        { "message=", -1, 0, 0 },
        { "message=1k", -1, 0, 0 },
        { "message", -1, 0, 0 },
        { "nothing=1", -1, 0, 0 },
        { "=1", -1, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        struct server_limits l;
        options_limits_default(&l);
        assert_int_equal(options_limit_set(&l, rows[i].value, &err), rows[i].rc);
        if (rows[i].rc == 0) {
            assert_int_equal(l.connections, rows[i].connections);
            assert_int_equal(l.message, rows[i].message);
        }
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
        cmocka_unit_test(limits_are_set),
        cmocka_unit_test(ports_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
