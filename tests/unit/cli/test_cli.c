/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/message.h"

struct place {
    char *dir;
    struct cli cli;
};

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof *p);
    struct error err;
    p->dir = file_temp_dir("tmail-cli", &err);
    cli_init(&p->cli, p->dir, NULL);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    cli_clear(&p->cli);
    file_remove_tree(p->dir);
    free(p->dir);
    free(p);
    return 0;
}

static void a_message_is_named_by_its_number(void **state)
{
    static const struct {
        const char *text;
        int rc;
        int64_t id;
    } rows[] = {
        { "1", 0, 1 },
        { "9223372036854775807", 0, INT64_MAX },
        { "9223372036854775808", -1, 0 },
        { "18446744073709551617", -1, 0 },
        { "", -1, 0 },
        { "-1", -1, 0 },
        { "+1", -1, 0 },
        { " 1", -1, 0 },
        { "1 ", -1, 0 },
        { "1.0", -1, 0 },
        { "0x1", -1, 0 },
        { "\xEF\xBC\x91", -1, 0 }, /* a full-width digit */
        { "mid:<none@example.org>", 1, 0 },
        { "mid:", 1, 0 },
    };
    struct place *p = *state;
    struct error err;
    assert_int_equal(cli_need_cache(&p->cli, CACHE_WRITE, &err), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t id = 0;
        assert_int_equal(cli_message(&p->cli, rows[i].text, &id, &err), rows[i].rc);
        if (rows[i].rc < 0)
            assert_int_equal(err.code, ERR_USAGE);
        else if (rows[i].rc == 0)
            assert_true(id == rows[i].id);
    }
}

static void a_part_is_named_by_its_number(void **state)
{
    static const char *const wrong[] = { "",   "0",  "3",  "-1",
                                         "+1", " 1", "1x", "18446744073709551617" };
    struct mime_part_info parts[2] = { 0 };
    struct cli_text t = { .summary = { .parts = parts, .parts_n = 2 } };
    (void)state;
    assert_ptr_equal(cli_text_part(&t, "1"), &parts[0]);
    assert_ptr_equal(cli_text_part(&t, "2"), &parts[1]);
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_null(cli_text_part(&t, wrong[i]));
}

static void what_is_not_there_is_told(void **state)
{
    struct place *p = *state;
    struct error err;
    assert_int_equal(cli_need_cache(&p->cli, CACHE_READ, &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    assert_int_equal(cli_need_config(&p->cli, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_int_equal(file_replace(p->cli.config_path, STR("[tmail]\n"), 0600, &err), 0);
    assert_int_equal(cli_need_config(&p->cli, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_int_equal(file_replace(p->cli.store_path, STR("this is no database\n"), 0600, &err), 0);
    assert_int_equal(cli_need_cache(&p->cli, CACHE_READ, &err), -1);
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(cli_need_cache(&p->cli, CACHE_WRITE, &err), -1);
    assert_int_equal(err.code, ERR_STORE);
}

static void a_word_that_is_no_command(void **state)
{
    (void)state;
    assert_null(cli_find(STR("")));
    assert_null(cli_find(STR("Sync")));
    assert_null(cli_find(STR("synch")));
    for (size_t i = 0; i < cli_commands_n; i++)
        assert_ptr_equal(cli_find(str_c(cli_commands[i].name)), &cli_commands[i]);
}

static void the_help_fits_on_a_screen(void **state)
{
    enum { COLUMNS = 80 };
    (void)state;
    for (size_t i = 0; i < cli_commands_n; i++) {
        char *use = xasprintf("tmail %s %s", cli_commands[i].name, cli_commands[i].args);
        struct str rest = str_c(use), line;
        while (str_line(&rest, &line))
            assert_in_range(line.n, 1, COLUMNS);
        free(use);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_named_by_its_number, setup, teardown),
        cmocka_unit_test(a_part_is_named_by_its_number),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_told, setup, teardown),
        cmocka_unit_test(a_word_that_is_no_command),
        cmocka_unit_test(the_help_fits_on_a_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
