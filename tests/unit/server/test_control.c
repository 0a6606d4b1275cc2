/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/control.h"

static int say_back(void *arg, const struct str *words, size_t n, struct buf *out,
                    struct error *err)
{
    (void)err;
    buf_adds(out, arg);
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "[%.*s]\n", STR_ARG(words[i]));
    buf_adds(out, ".dots\n.\nno end");
    return 0;
}

static int refuse(void *arg, const struct str *words, size_t n, struct buf *out, struct error *err)
{
    (void)arg;
    (void)words;
    (void)n;
    buf_adds(out, "half of it\n");
    return error_set(err, ERR_USAGE, RETRY_NEVER, "not so");
}

static const struct control_command commands[] = { { "say back", say_back },
                                                   { "refuse", refuse },
                                                   { NULL, NULL } };

struct lab {
    char *root;
    int dir;
    struct control *control;
};

static int lab_open(void **state)
{
    struct error err;
    struct lab *l = xcalloc(1, sizeof *l);
    l->root = file_temp_dir("control", &err);
    l->dir = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l->control = control_new(l->dir, NULL, &err);
    assert_non_null(l->control);
    control_add(l->control, commands, "hello\n");
    assert_int_equal(control_start(l->control, &err), 0);
    *state = l;
    return 0;
}

static int lab_close(void **state)
{
    struct lab *l = *state;
    control_stop(&l->control);
    assert_int_equal(faccessat(l->dir, "control", F_OK, 0), -1);
    close(l->dir);
    file_remove_tree(l->root);
    free(l->root);
    free(l);
    return 0;
}

static void requests_are_answered(void **state)
{
    static const struct {
        const char *words[4];
        enum error_code code;
        const char *out;
    } rows[] = {
        { { "say", "back" }, ERR_NONE, "hello\n.dots\n.\nno end\n" },
        { { "say", "back", "a b", "" }, ERR_NONE, "hello\n[a b]\n[]\n.dots\n.\nno end\n" },
        { { "refuse" }, ERR_REFUSED, "" },
        { { "say" }, ERR_REFUSED, "" },
        { { "unknown" }, ERR_REFUSED, "" },
        { { "say", "back", "a\tb" }, ERR_USAGE, "" },
        { { "say", "back", "a\nb" }, ERR_USAGE, "" },
    };
    struct lab *l = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct buf out = BUF_INIT(4096);
        size_t n = 0;
        while (n < 4 && rows[i].words[n] != NULL)
            n++;
        int rc = control_ask(l->root, rows[i].words, n, &out, &err);
        assert_int_equal(rc, rows[i].code == ERR_NONE ? 0 : -1);
        assert_string_equal(buf_c(&out), rows[i].out);
        if (rc != 0)
            assert_int_equal(err.code, rows[i].code);
        buf_free(&out);
    }
}

static void the_socket_is_ours_alone(void **state)
{
    struct lab *l = *state;
    struct stat st;
    assert_int_equal(fstatat(l->dir, "control", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void nobody_runs_elsewhere(void **state)
{
    static const char *const words[] = { "say", "back" };
    struct error err;
    struct buf out = BUF_INIT(64);
    (void)state;
    assert_int_equal(control_ask("/nonexistent", words, 2, &out, &err), -1);
    assert_int_equal(err.code, ERR_NET);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_answered, lab_open, lab_close),
        cmocka_unit_test_setup_teardown(the_socket_is_ours_alone, lab_open, lab_close),
        cmocka_unit_test(nobody_runs_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
