/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "config/option.h"

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ACCOUNT "[account work]\naddress = \"Jane Roe <jane@example.org>\"\n"

#define POP3 ACCOUNT "receive = \"pop3s://pop.example.org\"\n"

static char *dir;

static char *write_rc(const char *text, mode_t mode)
{
    struct error err;
    char *path = xasprintf("%s/tmailrc", dir);
    assert_int_equal(file_replace(path, str_c(text), mode, &err), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static int load(const char *text, struct config *c, struct error *err)
{
    char *path = write_rc(text, 0600);
    int rc = config_load(c, path, err);
    free(path);
    return rc;
}

static void mistakes_name_their_line(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { ACCOUNT "recieve = \"imaps://x\"\n",
          "line 3: unknown key \"recieve\"; did you mean \"receive\"?" },
        { ACCOUNT "address = \"a@b\"\n", "line 3" },
        { ACCOUNT "[account work]\n", "line 3" },
        { ACCOUNT "password = ab#cd\n", "line 3: a value with # or ; in it: put it in quotes" },
        { ACCOUNT "password = ab;cd\n", "line 3" },
        { ACCOUNT "password = \"ab\" cd\n", "line 3" },
        { ACCOUNT "password = \"ab\n", "line 3" },
        { ACCOUNT "password = ab\\\n", "line 3" },
        { ACCOUNT "receive = \"http://x\"\n", "line 3" },
        { ACCOUNT "receive = \"imaps://jane:pw@x\"\n", "password-command" },
        { ACCOUNT "receive = \"imaps://ja%00ne@x\"\n", "line 3" },
        { ACCOUNT "receive = \"imaps://x:99999\"\n", "line 3" },
        { ACCOUNT "receive = \"imaps://-x\"\n", "line 3" },
        { ACCOUNT "receive = \"maildir:Mail\"\n", "must begin with" },
        { ACCOUNT "receive = \"maildir:\"\n", "must begin with" },
        { ACCOUNT "receive = \"mbox:mbox\"\n", "must begin with" },
        { ACCOUNT "receive = \"mbox:~/Mail:INBOX=mbox\"\n", "must begin with" },
        { ACCOUNT "password-command = \"pass 'x\"\n", "line 3" },
        { ACCOUNT "tls = maybe\n", "line 3" },
        { ACCOUNT "tls-pin = \"/etc/passwd\"\n", "is no pin" },
        { ACCOUNT "tls-pin = \"" PIN ";\"\ntls-pin = x\n", "line 4" },
        { ACCOUNT "tls-pin = \"" PIN ";sha256//AAAA\"\n", "line 3" },
        { ACCOUNT "tls-pin = \"" PIN "\"\ntls = off\n", "exclude each other" },
        { ACCOUNT "tls-cert = /nonexistent\n", "cannot be read" },
        { ACCOUNT "tls-key = /dev/null\n", "tls-key needs tls-cert" },
        { ACCOUNT "login = external\n", "needs tls-cert" },
        { ACCOUNT "login = ntlm\n", "line 3" },
        { ACCOUNT "proxy = \"ftp://x\"\n", "proxy takes" },
        { ACCOUNT "proxy = \"socks5h://x\"\ntunnel = nc\n", "exclude each other" },
        { ACCOUNT "tunnel = \"ssh 'x\"\n", "line 3" },
        { ACCOUNT "oauth-command = \"'x\"\n", "line 3" },
        { ACCOUNT "offline = 90\n", "line 3" },
        { ACCOUNT "offline = 0d\n", "line 3" },
        { ACCOUNT "offline = none\n", "line 3" },
        { ACCOUNT "[folder Lists/*]\nofline = all\n", "did you mean \"offline\"?" },
        { ACCOUNT "[folder Lists/*]\noffline = no\n", "line 4" },
        { ACCOUNT "[folder  ]\noffline = all\n", "line 4" },
        { POP3 "keep-on-server = 14\n", "line 4" },
        { POP3 "receipt = maybe\n", "line 4" },
        { ACCOUNT "send = \"lmtp://mail.example.org\"\n", "tls = off" },
        { ACCOUNT "send = \"lmtp:relative/path\"\n", "line 3" },
        { ACCOUNT "send = \"lmtp://\"\n", "line 3" },
        { POP3 "keep-on-server = 0d\n", "line 4" },
        { POP3 "keep-on-server = 3651d\n", "line 4" },
        { POP3 "keep-on-server = -1d\n", "line 4" },
        { POP3 "keep-on-server = 2w\n", "line 4" },
        { POP3 "keep-on-server = 99999999999999999999d\n", "line 4" },
        { POP3 "keep-on-sever = no\n", "did you mean \"keep-on-server\"?" },
        { ACCOUNT "keep-on-server = no\nreceive = \"imaps://x\"\n", "line 3: keep-on-server" },
        { ACCOUNT "keep-on-server = no\n", "line 3: keep-on-server" },
        { "[tmail]\nkeep-on-server = no\n", "line 2: unknown key" },
        { "[account x]\nreceive = \"imaps://a@b\"\n", "address" },
        { "nonsense\n", "line 1" },
        { "[tmail] # x\n", "line 1" },
        { "[unknown]\nx = y\n", "line 2" },
        { "[tmail]\nundo-send = 10000\n", "line 2" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config c;
        struct error err = { 0 };
        assert_int_equal(load(rows[i].text, &c, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        if (strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu says: %s", i, err.text);
        config_free(&c);
    }
}

static void four_lines_make_an_account(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    assert_int_equal(
        load("# mine\n" ACCOUNT "receive = \"imaps://jane%40x@imap.example.org\" ; there\n"
             "send = \"smtp://127.0.0.1:2525\"\npassword-command = \"printf 'se#cret\nx'\"\n",
             &c, &err),
        -1);
    config_free(&c);
    assert_int_equal(
        load("# mine\n" ACCOUNT "receive = \"imaps://jane%40x@imap.example.org\" ; there\n"
             "send = \"smtp://127.0.0.1:2525\"\npassword-command = \"printf 'se#cret'\"\n"
             "[keys index]\ndelete = \"d <Del>\"\n",
             &c, &err),
        0);
    const struct config_account *a = config_account(&c, STR("WORK"));
    assert_non_null(a);
    assert_ptr_equal(a, config_account_of(&c, STR("x <Jane@Example.org>")));
    assert_string_equal(a->in.user, "jane@x");
    assert_string_equal(a->in.host, "imap.example.org");
    assert_int_equal(a->in.port, 993);
    assert_int_equal(a->in.tls, CONFIG_TLS_DIRECT);
    assert_false(a->in.loopback);
    assert_true(a->out.loopback);
    assert_int_equal(a->out.port, 2525);
    assert_string_equal(c.keys[0].keys, "d <Del>");
    struct buf secret = BUF_INIT(100);
    assert_int_equal(config_secret(a, &secret, -1, &err), 0);
    assert_string_equal(buf_c(&secret), "se#cret");
    buf_wipe(&secret);
    config_free(&c);
}

static void tls_off_holds_in_any_order(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    assert_int_equal(load(ACCOUNT "tls = off\nreceive = \"imap://imap.example.org\"\n", &c, &err),
                     0);
    assert_int_equal(c.accounts[0].in.tls, CONFIG_TLS_OFF);
    assert_string_equal(c.accounts[0].in.user, "jane@example.org");
    config_free(&c);
    assert_int_equal(load(ACCOUNT "receive = \"imap://imap.example.org\"\n", &c, &err), 0);
    assert_int_equal(c.accounts[0].in.tls, CONFIG_TLS_STARTTLS);
    config_free(&c);
}

static void pop3_keeps_for_days(void **state)
{
    static const struct {
        const char *text;
        enum config_tls tls;
        unsigned port;
        int days;
    } rows[] = {
        { POP3, CONFIG_TLS_DIRECT, 995, 14 },
        { POP3 "keep-on-server = yes\n", CONFIG_TLS_DIRECT, 995, -1 },
        { POP3 "keep-on-server = No\n", CONFIG_TLS_DIRECT, 995, 0 },
        { POP3 "keep-on-server = \"3650d\"\n", CONFIG_TLS_DIRECT, 995, 3650 },
        { ACCOUNT "keep-on-server = 1d\nreceive = \"POP3://x:1100\"\n", CONFIG_TLS_STARTTLS, 1100,
          1 },
        { ACCOUNT "receive = \"pop3://x\"\n", CONFIG_TLS_STARTTLS, 110, 14 },
        { ACCOUNT "receive = \"pop3://x\"\ntls = off\n", CONFIG_TLS_OFF, 110, 14 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config c;
        struct error err;
        assert_int_equal(load(rows[i].text, &c, &err), 0);
        assert_int_equal(c.accounts[0].receive, RECEIVE_POP3);
        assert_int_equal(c.accounts[0].in.tls, rows[i].tls);
        assert_int_equal(c.accounts[0].in.port, rows[i].port);
        assert_int_equal(c.accounts[0].keep_days, rows[i].days);
        config_free(&c);
    }
}

static void folders_are_held_as_the_last_match_says(void **state)
{
    static const char text[] = ACCOUNT "offline = 90d\n"
                                       "[account home]\naddress = \"j@example.net\"\n"
                                       "[folder Lists/*]\noffline = headers\n"
                                       "[folder *Important*]\noffline = all\n"
                                       "[folder home/Old?]\noffline = 1d\n";
    static const struct {
        int account;
        const char *folder;
        int offline;
    } rows[] = {
        { 0, "INBOX", 90 },
        { 1, "INBOX", OFFLINE_ALL },
        { 0, "Lists/c", OFFLINE_HEADERS },
        { 0, "lists/a/b", OFFLINE_HEADERS },
        { 0, "Lists", 90 },
        { 0, "My/Lists/x", 90 },
        { 0, "Lists/very important", OFFLINE_ALL },
        { 0, "Old1", 90 },
        { 1, "Old1", 1 },
        { 1, "Old", OFFLINE_ALL },
        { 1, "Old12", OFFLINE_ALL },
        { 0, "", 90 },
    };
    struct config c;
    struct error err;
    (void)state;
    assert_int_equal(load(text, &c, &err), 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(config_offline(&c, &c.accounts[rows[i].account], str_c(rows[i].folder)),
                         rows[i].offline);
    config_free(&c);
}

static void a_password_needs_a_private_file(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    char *path = write_rc(ACCOUNT "password = \"x\"\n", 0644);
    assert_int_equal(config_load(&c, path, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    config_free(&c);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(config_load(&c, path, &err), 0);
    config_free(&c);
    free(path);
}

static void a_password_in_a_proxy_is_one_too(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    char *path = write_rc(ACCOUNT "proxy = \"socks5h://u:p@x:1\"\n", 0644);
    assert_int_equal(config_load(&c, path, &err), -1);
    config_free(&c);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(config_load(&c, path, &err), 0);
    config_free(&c);
    free(path);
}

/* The file, the command, the environment; a token before all of them. */
static void passwords_have_an_order(void **state)
{
    static const struct {
        const char *keys, *secret;
        int rc;
    } rows[] = {
        { "", "from the environment", 0 },
        { "password-command = \"echo command\"\n", "command", 0 },
        { "password-command = \"echo command\"\npassword = file\n", "file", 0 },
        { "password = file\noauth-command = \"echo token\"\n", "token", 0 },
        { "password-command = \"echo command\"\noauth-command = false\n", "", -1 },
    };
    (void)state;
    assert_int_equal(setenv("TMAIL_PASSWORD_MY_WORK_2", "from the environment", 1), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1000];
        struct config c;
        struct error err;
        struct buf secret = BUF_INIT(100);
        snprintf(text, sizeof text, "[account my-work.2]\naddress = a@example.org\n%s",
                 rows[i].keys);
        assert_int_equal(load(text, &c, &err), 0);
        assert_int_equal(config_secret(&c.accounts[0], &secret, -1, &err), rows[i].rc);
        assert_string_equal(buf_c(&secret), rows[i].secret);
        buf_wipe(&secret);
        config_free(&c);
    }
    unsetenv("TMAIL_PASSWORD_MY_WORK_2");
}

static void a_failing_password_command_is_told(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    assert_int_equal(load(ACCOUNT "password-command = false\n", &c, &err), 0);
    struct buf secret = BUF_INIT(100);
    assert_int_equal(config_secret(&c.accounts[0], &secret, -1, &err), -1);
    assert_int_equal(err.code, ERR_AUTH);
    config_free(&c);
    assert_int_equal(load(ACCOUNT, &c, &err), 0);
    assert_int_equal(config_secret(&c.accounts[0], &secret, -1, &err), 1);
    config_free(&c);
    buf_wipe(&secret);
}

static void a_missing_file_is_no_input(void **state)
{
    (void)state;
    struct config c;
    struct error err;
    assert_int_equal(config_load(&c, "/nonexistent/tmailrc", &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    config_free(&c);
}

static int make_dir(void **state)
{
    (void)state;
    struct error err;
    dir = file_temp_dir("tmail-test-", &err);
    return dir != NULL ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    file_remove_tree(dir);
    free(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_name_their_line),
        cmocka_unit_test(four_lines_make_an_account),
        cmocka_unit_test(tls_off_holds_in_any_order),
        cmocka_unit_test(pop3_keeps_for_days),
        cmocka_unit_test(folders_are_held_as_the_last_match_says),
        cmocka_unit_test(a_password_needs_a_private_file),
        cmocka_unit_test(a_password_in_a_proxy_is_one_too),
        cmocka_unit_test(passwords_have_an_order),
        cmocka_unit_test(a_failing_password_command_is_told),
        cmocka_unit_test(a_missing_file_is_no_input),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
