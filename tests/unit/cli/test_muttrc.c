/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "cli/muttrc.h"

static void a_usual_file(void **state)
{
    static const char text[] =
        "# mutt\n"
        "set realname = 'Jane \"J\" Roe' from=jane@example.org\n"
        "set my_host=\"example.org\"; set editor=vim\n"
        "set imap_user = \"jane@$my_host\"\n"
        "set imap_pass=\"`pass show mail/work`\"\n"
        "set folder=imaps://imap.${my_host}:993/\n"
        "set spoolfile=+INBOX   # the inbox\n"
        "set smtp_url = \\\n  \"smtp://jane%40example.org@smtp.$my_host:587/\"\n"
        "unset record\n"
        "color index red default .\n"
        "color index blue default .\n"
        "source ~/.mutt/other `rm -rf /`\n"
        "macro index G \"!fetchmail\\n\"\n";
    struct muttrc m;
    struct muttrc_server s;
    struct arena *a = arena_new(4096);
    (void)state;
    muttrc_read(a, str_c(text), &m);
    assert_str(m.realname, "Jane \"J\" Roe");
    assert_str(m.from, "jane@example.org");
    assert_str(m.imap_user, "jane@example.org");
    assert_str(m.password_command, "pass show mail/work");
    assert_str(m.password, "");
    assert_str(m.folder, "imaps://imap.example.org:993/");
    assert_str(m.spoolfile, "+INBOX");
    assert_str(m.rest, "unset, color, source, macro");
    assert_int_equal(muttrc_server(a, m.smtp_url, &s), 0);
    assert_string_equal(s.protocol, "smtp");
    assert_false(s.direct);
    assert_str(s.user, "jane@example.org");
    assert_str(s.host, "smtp.example.org");
    assert_int_equal(s.port, 587);
    arena_free(&a);
}

static void values(void **state)
{
    static const struct {
        const char *text, *from, *rest;
    } rows[] = {
        { "set from=a\\ b", "a b", "" },
        { "set from='$x`y`'", "$x`y`", "" },
        { "set from=\"a\\\"b\"", "a\"b", "" },
        { "set from=`id`", "", "from" }, /* not run, and not taken for an address */
        { "set from", "", "" },
        { "set from=", "", "" },
        { "set from=one\nset from=two", "two", "" },
        { "set from=\"open", "open", "" },
        { "set from=\"`open", "", "from" },
        { "set from=x\\", "x", "" },
        { "  \tset from=a timeout=5 nobeep from=b", "b", "timeout" },
        { "set from=$from$from", "", "" },
        { "=;set from=a", "", "" },
        { "", "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct muttrc m;
        struct arena *a = arena_new(4096);
        muttrc_read(a, str_c(rows[i].text), &m);
        if (!str_eqc(m.from, rows[i].from) || !str_eqc(m.rest, rows[i].rest))
            fail_msg("row %zu: <%.*s> <%.*s>", i, STR_ARG(m.from), STR_ARG(m.rest));
        arena_free(&a);
    }
}

static void servers(void **state)
{
    static const struct {
        const char *url;
        int rc;
        const char *user, *host;
        unsigned port;
    } rows[] = {
        { "imaps://imap.example.org", 0, "", "imap.example.org", 993 },
        { "imap://jane:secret@h:1/INBOX/x@y", 0, "jane", "h", 1 },
        { "pops://h/", 0, "", "h", 995 },
        { "smtps://a%3ab@h", 0, "a:b", "h", 465 },
        { "smtps://a%0ab@h", 1, "", "", 0 },
        { "imaps://", 1, "", "", 0 },
        { "imaps://h:0", 1, "", "", 0 },
        { "imaps://h:99999", 1, "", "", 0 },
        { "imaps://h:x", 1, "", "", 0 },
        { "imaps://a b", 1, "", "", 0 },
        { "~/Mail", 1, "", "", 0 },
        { "", 1, "", "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct muttrc_server s;
        struct arena *a = arena_new(4096);
        if (muttrc_server(a, str_c(rows[i].url), &s) != rows[i].rc)
            fail_msg("row %zu", i);
        if (rows[i].rc == 0) {
            assert_str(s.user, rows[i].user);
            assert_str(s.host, rows[i].host);
            assert_int_equal(s.port, rows[i].port);
        }
        arena_free(&a);
    }
}

/* Doubling itself in every line ends at a ceiling, not in memory. */
static void has_ceilings(void **state)
{
    struct buf text = BUF_INIT(1 << 20);
    struct muttrc m;
    struct arena *a = arena_new(4096);
    (void)state;
    buf_adds(&text, "set from=xxxxxxxxxx\n");
    for (int i = 0; i < 100; i++)
        buf_adds(&text, "set from=\"$from$from\"\n");
    for (int i = 0; i < 2 * MUTTRC_VARIABLES_MAX; i++)
        buf_addf(&text, "set v%d=1\nword%d\n", i, i);
    muttrc_read(a, buf_str(&text), &m);
    assert_true(m.from.n <= MUTTRC_VALUE_MAX);
    assert_true(arena_used(a) < 4 << 20);
    buf_free(&text);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_file),
        cmocka_unit_test(values),
        cmocka_unit_test(servers),
        cmocka_unit_test(has_ceilings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
