/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/write.h"

static const struct write_key keys[] = {
    { "address", STR("Jane Roe <jane@example.org>"), false },
    { "receive", STR("imaps://jane@imap.example.org"), false },
    { "send", STR("smtps://jane@smtp.example.org"), false },
    { "password-command", STR("pass show mail/work"), false },
    { "tls-pin", STR(""), false },
};
#define SECTION                                                                                    \
    "[account work]\naddress = \"Jane Roe <jane@example.org>\"\n"                                  \
    "receive = \"imaps://jane@imap.example.org\"\nsend = \"smtps://jane@smtp.example.org\"\n"      \
    "password-command = \"pass show mail/work\"\n"

struct place {
    char *dir, *rc;
};

static int setup(void **state)
{
    struct error err;
    struct place *p = xcalloc(1, sizeof *p);
    p->dir = file_temp_dir("tmail-write.", &err);
    p->rc = xasprintf("%s/a/b/tmailrc", p->dir);
    *state = p;
    return p->dir != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct place *p = *state;
    file_remove_tree(p->dir);
    free(p->dir);
    free(p->rc);
    free(p);
    return 0;
}

static void assert_file(const char *path, const char *text, mode_t mode)
{
    struct buf got = BUF_INIT(1 << 20);
    struct error err;
    struct stat st;
    assert_int_equal(file_read(path, &got, &err), 0);
    assert_string_equal(buf_c(&got), text);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, mode);
    buf_free(&got);
}

static void a_file_is_made(void **state)
{
    struct place *p = *state;
    struct error err;
    struct stat st;
    umask(0);
    assert_int_equal(write_account(p->rc, "work", keys, COUNT(keys), &err), 0);
    assert_file(p->rc, SECTION, 0600);
    char *dir = xasprintf("%s/a", p->dir);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    free(dir);
}

static void what_is_there_stays(void **state)
{
    static const char old[] =
        "# mine\n[tmail]\nundo-send = 5s\n\n[account Old]\naddress = \"a@example.org\"\n"
        "receive = \"imaps://a@b.example\"";
    struct place *p = *state;
    struct error err;
    char *there = xasprintf("%s/there", p->dir), *link = xasprintf("%s/link", p->dir);
    assert_int_equal(file_replace(there, str_c(old), 0644, &err), 0);
    assert_int_equal(symlink(there, link), 0);
    assert_int_equal(write_account(link, "work", keys, COUNT(keys), &err), 0);
    char *want = xasprintf("%s\n\n%s", old, SECTION);
    assert_file(there, want, 0644);
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    /* The same name twice: nothing is changed. */
    assert_int_equal(write_account(link, "work", keys, COUNT(keys), &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_file(there, want, 0644);
    /* A password shuts out others. */
    const struct write_key with[] = {
        keys[0], keys[1], keys[2], { "password", STR("ab#c;d"), true }
    };
    assert_int_equal(write_account(there, "two", with, COUNT(with), &err), 0);
    assert_int_equal(stat(there, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct config c;
    assert_int_equal(config_load(&c, there, &err), 0);
    assert_string_equal(config_account(&c, STR("two"))->password, "ab#c;d");
    config_free(&c);
    free(want);
    free(there);
    free(link);
}

static void a_broken_file_is_left_alone(void **state)
{
    struct place *p = *state;
    struct error err;
    char *path = xasprintf("%s/broken", p->dir);
    assert_int_equal(file_replace(path, STR("[tmail]\nnonsense = 1\n"), 0600, &err), 0);
    assert_int_equal(write_account(path, "work", keys, COUNT(keys), &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_file(path, "[tmail]\nnonsense = 1\n", 0600);
    free(path);
}

static void values_that_cannot_stand_there(void **state)
{
    static const char *const bad[] = { "a\"b", "a\\b", "a\nb", "\x7f", "a\tb" };
    struct place *p = *state;
    struct error err;
    struct stat st;
    char *path = xasprintf("%s/none", p->dir);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct write_key key = { "password", { bad[i], strlen(bad[i]) }, true };
        assert_false(write_value_fits(key.value));
        assert_int_equal(write_account(path, "work", &key, 1, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
    }
    struct write_key url = { "receive", STR("gopher://x"), false };
    assert_int_equal(write_account(path, "work", &url, 1, &err), -1);
    assert_int_equal(stat(path, &st), -1);
    free(path);
}

static void urls(void **state)
{
    static const struct {
        const char *scheme, *user, *host;
        uint16_t port, standard;
        const char *url;
    } rows[] = {
        { "imaps", "jane", "imap.example.org", 993, 993, "imaps://jane@imap.example.org" },
        { "imaps", "jane@example.org", "h", 9930, 993, "imaps://jane@example.org@h:9930" },
        { "smtp", "", "h", 587, 587, "smtp://h" },
        { "smtp", "a:b/c%d e", "::1", 25, 587, "smtp://a%3Ab%2Fc%25d%20e@[::1]:25" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1000);
        write_url(&out, rows[i].scheme, str_c(rows[i].user), str_c(rows[i].host), rows[i].port,
                  rows[i].standard);
        assert_string_equal(buf_c(&out), rows[i].url);
        buf_free(&out);
    }
}

static void names(void **state)
{
    struct config_account have[] = { { .name = "work" }, { .name = "work-2" } };
    struct config c = { .accounts = have, .accounts_n = COUNT(have) };
    static const char *const rows[][2] = {
        { "Example", "example" }, { "work", "work-3" },           { "", "mail" },
        { "--a b.c\n]", "abc" },  { "Gr\xC3\xBC\xC3\x9F", "gr" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        write_name(&c, str_c(rows[i][0]), &out);
        assert_string_equal(buf_c(&out), rows[i][1]);
        buf_free(&out);
    }
}

static void what_cannot_be_written_is_named(void **state)
{
    const struct write_key key = { "address", STR("a@b"), false };
    struct error err = { 0 };
    (void)state;
    assert_int_equal(write_account("/proc/tmailrc", "x", &key, 1, &err), -1);
    assert_int_equal(err.code, ERR_SYS);
    assert_non_null(strstr(err.text, "cannot write /proc/tmailrc: "));
}

static void secrets_are_not_shown(void **state)
{
    const struct write_key key = { "password", STR("sesame"), true };
    struct buf out = BUF_INIT(1000);
    (void)state;
    write_section(&out, "x", &key, 1, true);
    assert_string_equal(buf_c(&out), "[account x]\npassword = \"***\"\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_made),
        cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(a_broken_file_is_left_alone),
        cmocka_unit_test(values_that_cannot_stand_there),
        cmocka_unit_test(urls),
        cmocka_unit_test(names),
        cmocka_unit_test(what_cannot_be_written_is_named),
        cmocka_unit_test(secrets_are_not_shown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
