/* SPDX-License-Identifier: MIT */
/* The whole way, with keys alone: tmail --demo, an answer with a file attached, and its arrival. */
#include "unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tui/pty.h"

enum { WAIT = 30000 };

static void look(struct pty *p, const char *text)
{
    if (pty_shows(p, text, WAIT))
        return;
    struct buf b = BUF_INIT(1 << 20);
    pty_screen(p, &b);
    print_error("not on the screen: %s\n%s", text, buf_c(&b));
    buf_free(&b);
    fail();
}

static void an_answer_with_a_file_arrives(void **state)
{
    (void)state;
    char *env[] = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC", "VISUAL=", "EDITOR=", NULL };
    char *argv[] = { TEST_BUILDDIR "/tmail", "--demo", NULL };
    struct pty *p = pty_start(argv, env, 30, 100);
    look(p, "INBOX  1/39");
    pty_keys(p, "m");
    look(p, "To:");
    pty_keys(p, "somebody@example.org\rfrom the demo\r");
    look(p, "Done");
    pty_keys(p, "A line of text.\x18");
    look(p, "from the demo");
    pty_keys(p, "a" TEST_SRCDIR "/LICENSE\r");
    look(p, "+ LICENSE");
    pty_keys(p, "y");
    look(p, "u takes it back");
    assert_true(pty_lost(p, "u takes it back", WAIT));
    look(p, "from the demo");
    pty_keys(p, "=\r");
    look(p, "A line of text.");
    look(p, "LICENSE");
    pty_keys(p, "qq");
    assert_int_equal(pty_end(&p, WAIT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_answer_with_a_file_arrives) };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
