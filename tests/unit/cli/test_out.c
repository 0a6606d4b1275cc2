/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <locale.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/send.h"

#define BAD "\xEF\xBF\xBD"

static void nothing_of_a_stranger_moves_the_terminal(void **state)
{
    static const struct {
        struct str in;
        const char *line, *lines;
    } rows[] = {
        { STR("plain \xC3\xA9"), "plain \xC3\xA9", "plain \xC3\xA9" },
        { STR("a\nb\tc"), "a b c", "a\nb\tc" },
        { STR("\x1B]52;c;x\x07"), BAD "]52;c;x" BAD, BAD "]52;c;x" BAD },
        { STR("\xC2\x9B"
              "31m"),
          BAD "31m", BAD "31m" }, /* CSI as one C1 character */
        { STR("\x9B"
              "31m"),
          BAD "31m", BAD "31m" },
        { STR("a\x7F\0b"), "a" BAD BAD "b", "a" BAD BAD "b" },
        { STR("\xE2\x80\xAE"
              "gpj.exe"),
          BAD "gpj.exe", BAD "gpj.exe" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1000);
        out_clean(rows[i].in, false, &out);
        assert_string_equal(buf_c(&out), rows[i].line);
        buf_clear(&out);
        out_clean(rows[i].in, true, &out);
        assert_string_equal(buf_c(&out), rows[i].lines);
        buf_free(&out);
    }
}

static void a_line_goes_on_with_a_whole_word(void **state)
{
    static const struct {
        const char *in;
        size_t indent, columns;
        const char *out;
    } rows[] = {
        { "", 0, 10, "" },
        { "one two", 0, 7, "one two" },
        { "one two", 0, 6, "one\ntwo" },
        { "one  two three", 2, 8, "one  two\n  three" },
        { "  one two three", 2, 9, "  one two\n  three" },
        { "ok   a: bb cc dd", 5, 10, "ok   a: bb\n     cc dd" },
        { "https://example.org/long and more", 0, 10, "https://example.org/long\nand more" },
        { "x https://example.org/long", 2, 10, "x\n  https://example.org/long" },
        { "\xE4\xB8\x80\xE4\xBA\x8C \xE4\xB8\x89", 0, 6, "\xE4\xB8\x80\xE4\xBA\x8C\n\xE4\xB8\x89" },
        { "any width will do here", 4, SIZE_MAX, "any width will do here" },
    };
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8")); /* which says how wide a character is */
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1000);
        out_wrap(str_c(rows[i].in), rows[i].indent, rows[i].columns, &out);
        if (strcmp(buf_c(&out), rows[i].out) != 0)
            fail_msg("row %zu: %s", i, buf_c(&out));
        buf_free(&out);
    }
}

static void every_error_has_its_exit_code(void **state)
{
    static const struct {
        enum error_code code;
        int status;
    } rows[] = {
        { ERR_NONE, EX_OK },
        { ERR_USAGE, EX_USAGE },
        { ERR_NOINPUT, EX_NOINPUT },
        { ERR_ADDRESS, EX_NOUSER },
        { ERR_REFUSED, EX_UNAVAILABLE },
        { ERR_NET, EX_TEMPFAIL },
        { ERR_DOUBT, EX_TEMPFAIL },
        { ERR_PROTO, EX_PROTOCOL },
        { ERR_AUTH, EX_NOPERM },
        { ERR_CONFIG, EX_CONFIG },
        { ERR_PARSE, EX_DATAERR },
        { ERR_SYS, EX_IOERR },
        { (enum error_code)99, EX_SOFTWARE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(cli_exit_code(&(struct error){ .code = rows[i].code }), rows[i].status);
}

static void the_help_names_commands_that_exist(void **state)
{
    (void)state;
    assert_true(cli_commands_n > 0);
    for (size_t i = 0; i < cli_commands_n; i++) {
        assert_ptr_equal(cli_find(str_c(cli_commands[i].name)), &cli_commands[i]);
        assert_non_null(cli_commands[i].run);
        assert_true(cli_commands[i].help[0] != '\0');
    }
    assert_null(cli_find(STR("lis")));
    assert_null(cli_find(STR("")));
}

static void sendmail_is_known_by_its_name_or_t(void **state)
{
    static char *rows[][4] = {
        { (char *)"sendmail", (char *)"a@b" }, { (char *)"/usr/sbin/sendmail", NULL },
        { (char *)"tmail", (char *)"-t" },     { (char *)"tmail", (char *)"-ti" },
        { (char *)"tmail", (char *)"-s" },     { (char *)"tmail", NULL },
        { (char *)"tmail", (char *)"t" },      { (char *)"/opt/sendmail/tmail", (char *)"x" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(cli_is_sendmail(rows[i][1] != NULL ? 2 : 1, rows[i]), i < 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_stranger_moves_the_terminal),
        cmocka_unit_test(a_line_goes_on_with_a_whole_word),
        cmocka_unit_test(every_error_has_its_exit_code),
        cmocka_unit_test(the_help_names_commands_that_exist),
        cmocka_unit_test(sendmail_is_known_by_its_name_or_t),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
