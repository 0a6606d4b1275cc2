/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
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

/* What cannot be meant is said at the start, and how it should be. */
static void mistakes_are_told(void **state)
{
    static const struct {
        char *argv[5];
        const char *want; /* NULL: it is none */
    } rows[] = {
        { { "--domain", "example.org" }, NULL },
        { { "--domain", "[192.0.2.1]" }, NULL },
        { { "--domain", "exämple.org" }, NULL },
        { { "--domain", "a.org,b.org" }, "one for each" },
        { { "--domain", "a..b" }, "domain" },
        { { "--domain", "a b" }, "domain" },
        { { "--domain", "" }, "domain" },
        { { "--domain", "me@a.org" }, "domain" },
        { { "--tls-key", "k.pem" }, "--tls-cert" },
        { { "--tls-cert", "none", "--tls-key", "k.pem" }, "--tls-cert" },
        { { "--tls-cert", "c.pem", "--tls-key", "k.pem" }, NULL },
        { { "--relay-ca", "/dev/null" }, "--relay" },
        { { "--relay", "a.org", "--relay-ca", "/nonexistent" }, "/nonexistent" },
        { { "--relay", "a.org", "--relay-ca", "/dev/null" }, "certificate" },
        { { "--agent", "command:" }, "command:WORDS" },
        { { "--agent", "command: " }, "command:WORDS" },
        { { "--agent", "command:a 'b" }, "--agent: " },
        { { "--limit", "x=1" }, "no limit x;" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct server_options o;
        char *argv[6] = { "tmaild" };
        int argc = 1;
        for (; rows[i].argv[argc - 1] != NULL; argc++)
            argv[argc] = rows[i].argv[argc - 1];
        int rc = options_read(&o, argc, argv, &err);
        if (rc != (rows[i].want != NULL ? -1 : 0) ||
            (rc != 0 && strstr(err.text, rows[i].want) == NULL))
            fail_msg("row %zu: %s", i, err.text);
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

/* What the file of a row says, and what the command line says beside it. */
static void files_are_read(void **state)
{
    static const struct {
        const char *text, *line;
        int rc;
        unsigned wrong; /* line */
        const char *root, *domain, *user;
        uint64_t message;
        bool trace;
    } rows[] = {
        { "", NULL, 0, 0, "tmaild", NULL, NULL, 128 << 20, false },
        { "[server]\nroot = /r\ntrace = yes\n", NULL, 0, 0, "/r", NULL, NULL, 128 << 20, true },
        { "[Server]\nROOT = \"/r\"\ntrace = no\n", NULL, 0, 0, "/r", NULL, NULL, 128 << 20, false },
        { "[server]\nroot = /r\n", "--root=/s", 0, 0, "/s", NULL, NULL, 128 << 20, false },
        { "[server]\ndomain = \"A.b, c.d\"\n", NULL, 0, 0, "tmaild", "c.d", NULL, 128 << 20,
          false },
        { "[server]\ndomain = a.b\n", "--domain=x.y", 0, 0, "tmaild", "x.y", NULL, 128 << 20,
          false },
        { "[server]\nlimit = \"message=2000, errors=5\"\n", NULL, 0, 0, "tmaild", NULL, NULL, 2000,
          false },
        { "[server]\nlimit = message=2000\n", "--limit=message=3000", 0, 0, "tmaild", NULL, NULL,
          3000, false },
        { "[server]\nuser-1 = \"joe:a,b\"\nuser-2 = sue:c\n", NULL, 0, 0, "tmaild", NULL, "a,b",
          128 << 20, false },
        { "[server]\n\nroott = /r\n", NULL, -1, 3, NULL, NULL, NULL, 0, false },
        { "[server]\nroot-1 = /r\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "[server]\nroot = /r\nroot = /s\n", NULL, -1, 3, NULL, NULL, NULL, 0, false },
        { "[server]\ntrace = maybe\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "[server]\nsmtp = 65536\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "[server]\nversion = yes\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "[server]\nconfig = /x\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "root = /r\n", NULL, -1, 1, NULL, NULL, NULL, 0, false },
        { "[other]\nroot = /r\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
        { "[server]\nroot = a # b\n", NULL, -1, 2, NULL, NULL, NULL, 0, false },
    };
    char path[] = "/tmp/tmaild-conf-XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct server_options o;
        char *line = rows[i].line != NULL ? xstrdup(rows[i].line) : NULL;
        char *argv[] = { "tmaild", "--config", path, line, NULL };
        char *where = xasprintf("%s, line %u:", path, rows[i].wrong);
        assert_int_equal(file_replace(path, str_c(rows[i].text), 0600, &err), 0);
        assert_int_equal(options_read(&o, line != NULL ? 4 : 3, argv, &err), rows[i].rc);
        if (rows[i].rc != 0) {
            assert_int_equal(err.code, ERR_CONFIG);
            assert_memory_equal(err.text, where, strlen(where));
        } else {
            assert_string_equal(o.root, rows[i].root);
            assert_int_equal(o.limits.message, rows[i].message);
            assert_int_equal(o.trace, rows[i].trace);
            if (rows[i].domain != NULL)
                assert_string_equal(o.domains[o.domains_n - 1], rows[i].domain);
            if (rows[i].user != NULL)
                assert_string_equal(o.users[0].password, rows[i].user);
        }
        options_free(&o);
        free(where);
        free(line);
    }
    unlink(path);
}

static void secrets_are_private(void **state)
{
    char path[] = "/tmp/tmaild-conf-XXXXXX";
    char *argv[] = { "tmaild", "--config", path, NULL };
    struct error err = { 0 };
    struct server_options o;
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(file_write_fd(fd, STR("[server]\nuser = joe:pw\n"), path, &err), 0);
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_int_equal(options_read(&o, 3, argv, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    options_free(&o);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(options_read(&o, 3, argv, &err), 0);
    options_free(&o);
    unlink(path);
    assert_int_equal(options_read(&o, 3, argv, &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    options_free(&o);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_read), cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(limits_are_set), cmocka_unit_test(ports_have_names),
        cmocka_unit_test(files_are_read), cmocka_unit_test(secrets_are_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
