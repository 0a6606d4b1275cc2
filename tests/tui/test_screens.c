/* SPDX-License-Identifier: MIT */
/* The real program in a pseudo-terminal on a fixture store: what a person sees, and what reaches the terminal. */
#include "unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/journal.h"
#include "tui/fixture.h"
#include "tui/pty.h"

enum { WAIT = 10000 };

struct run {
    char *dir;
    struct pty *p;
};

static void start(struct run *r, int rows, int cols, const char *editor)
{
    char *env[] = { "TERM=xterm-256color",
                    "LC_ALL=C.UTF-8",
                    "TZ=UTC",
                    NULL,
                    NULL,
                    "ASAN_OPTIONS=detect_leaks=1",
                    NULL };
    char visual[4096];
    if (r->dir == NULL)
        r->dir = fixture_new();
    snprintf(visual, sizeof visual, "VISUAL=%s", editor);
    env[3] = visual;
    env[4] = "EDITOR=";
    char *argv[] = { TEST_BUILDDIR "/tmail", "--profile", r->dir, "--offline", NULL };
    r->p = pty_start(argv, env, rows, cols);
}

static void look(struct run *r, const char *text)
{
    if (pty_shows(r->p, text, WAIT))
        return;
    struct buf b = BUF_INIT(1 << 20);
    pty_screen(r->p, &b);
    print_error("not on the screen: %s\n%s", text, buf_c(&b));
    buf_free(&b);
    fail();
}

static void finish(struct run *r, int want)
{
    assert_int_equal(pty_end(&r->p, WAIT), want);
    if (r->dir != NULL)
        fixture_drop(&r->dir);
}

static void every_size_shows_the_list(void **state)
{
    static const int sizes[][2] = { { 24, 80 }, { 10, 40 }, { 50, 200 }, { 5, 20 } };
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct run r = { 0 };
        start(&r, sizes[i][0], sizes[i][1], "");
        look(&r, "INBOX  1/60");
        pty_keys(r.p, "*");
        look(&r, "60/60");
        pty_keys(r.p, "=q");
        finish(&r, 0);
    }
}

/* The engine was alone when the server refused it: the person is told at the next start, once. */
static void what_was_refused_meanwhile_is_told(void **state)
{
    (void)state;
    struct run r = { .dir = fixture_new() };
    struct error err = { 0 }, why = { 0 };
    struct arena *a = arena_new(1024);
    struct cache_failure *kept;
    size_t n = 1;
    int64_t op;
    char *path = xasprintf("%s/mail.db", r.dir);
    struct cache *c = cache_open(path, CACHE_WRITE, &err);
    assert_non_null(c);
    struct cache_op flag = { .account = 1, .message = 1, .folder = 1, .add = CACHE_FLAGGED };
    assert_int_equal(cache_journal_add(c, &flag, &op, &err), 0);
    error_set(&why, ERR_REFUSED, RETRY_NEVER, "home: the mailbox is read-only");
    assert_int_equal(cache_journal_begin(c, &op, 1, &err), 0);
    assert_int_equal(cache_journal_close(c, op, FATE_FAILED, 0, 0, &why, &err), 0);
    start(&r, 24, 80, "");
    look(&r, "home: the mailbox is read-only");
    pty_keys(r.p, "q");
    assert_int_equal(pty_end(&r.p, WAIT), 0);
    assert_int_equal(cache_journal_failures(c, a, &kept, &n, &err), 0);
    assert_int_equal(n, 0);
    cache_close(&c);
    arena_free(&a);
    free(path);
    fixture_drop(&r.dir);
}

static void resizing_and_moving_keep_the_place(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "");
    look(&r, "message number 58");
    pty_keys(r.p, "zzz");
    look(&r, "INBOX  60/60");
    look(&r, "message number 1 ");
    pty_resize(r.p, 10, 40);
    look(&r, "INBOX  60/60");
    pty_keys(r.p, "kkkkkkkkkkkkkkkkkkkk");
    look(&r, "INBOX  40/60");
    look(&r, "number 21");
    pty_resize(r.p, 50, 200);
    look(&r, "INBOX  40/60");
    pty_keys(r.p, "\033[H");
    look(&r, "INBOX  1/60");
    pty_keys(r.p, "x");
    finish(&r, 0);
}

static void a_message_is_read_and_marked(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "");
    look(&r, "22 unread");
    pty_keys(r.p, "jjj\r");
    look(&r, "From: Anna Bloom <anna@example.net>");
    look(&r, "the last line");
    pty_keys(r.p, "T");
    assert_true(pty_lost(r.p, "you wrote this", WAIT));
    pty_keys(r.p, "Tj");
    look(&r, "message number 56");
    pty_keys(r.p, "h");
    look(&r, "Message-ID: <m56@example.net>");
    pty_keys(r.p, "q?");
    look(&r, "leave tmail");
    pty_keys(r.p, "q:flag\r");
    look(&r, "!");
    pty_keys(r.p, "q");
    finish(&r, 0);
}

static void deleting_is_undone(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "");
    look(&r, "message number 57");
    pty_keys(r.p, "jjjd");
    assert_true(pty_lost(r.p, "message number 57", WAIT));
    look(&r, "4/59");
    pty_keys(r.p, "cTr\t\r");
    look(&r, "Trash  1/1");
    look(&r, "message number 57");
    pty_keys(r.p, "cINBOX\ru");
    look(&r, "message number 57");
    look(&r, "4/60");
    pty_keys(r.p, "aslists/\t\r");
    assert_true(pty_lost(r.p, "message number 56", WAIT));
    pty_keys(r.p, "y");
    look(&r, "Lists/tmail");
    pty_keys(r.p, "qq");
    finish(&r, 0);
}

static void what_is_nasty_stays_text(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "");
    look(&r, "subject");
    pty_keys(r.p, "\r");
    look(&r, "evil@example.com");
    look(&r, "after");
    pty_keys(r.p, "E");
    look(&r, "Message-ID");
    struct str all = pty_bytes(r.p);
    static const char *const bad[] = { "\033]52", "\033]0;",  "\033[2J \xEF", "\x01",
                                       "\x7F",    "\xC2\x9B", "\xC2\x9D",     "\xE2\x80\xAE" };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(str_search(all, str_c(bad[i])), all.n);
    pty_keys(r.p, "qq");
    finish(&r, 0);
}

static void an_attachment_is_saved_once_and_again(void **state)
{
    (void)state;
    struct run r = { 0 };
    struct error err;
    start(&r, 24, 80, "");
    look(&r, "and a file");
    pty_keys(r.p, "jv");
    look(&r, "application/pdf");
    for (int i = 0; i < 2; i++) {
        char *path = xasprintf("%s/got%s.pdf", r.dir, i == 0 ? "" : "-2");
        struct buf keys = BUF_INIT(5000), got = BUF_INIT(5000);
        buf_addf(&keys, "s\x15%s/got.pdf\r", r.dir);
        pty_keys(r.p, buf_c(&keys));
        look(&r, i == 0 ? "got.pdf" : "got-2.pdf");
        look(&r, "Saved as");
        assert_int_equal(file_read(path, &got, &err), 0);
        assert_str(buf_str(&got), "some bytes");
        buf_free(&keys);
        buf_free(&got);
        free(path);
    }
    pty_keys(r.p, "qqq");
    finish(&r, 0);
}

static void a_letter_is_written_sent_and_taken_back(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "");
    look(&r, "INBOX  1/60");
    pty_keys(r.p, "m");
    look(&r, "To:");
    pty_keys(r.p, "bob@example.org\r");
    look(&r, "Subject:");
    pty_keys(r.p, "a greeting\r");
    look(&r, "Done");
    pty_keys(r.p, "Hello Bob\x18");
    look(&r, "bob@example.org");
    look(&r, "Hello Bob");
    struct buf keys = BUF_INIT(5000);
    buf_addf(&keys, "a%s/tmailr\t\r", r.dir);
    pty_keys(r.p, buf_c(&keys));
    look(&r, "+ tmailrc");
    pty_keys(r.p, "Dy");
    look(&r, "u takes it back");
    pty_keys(r.p, "u");
    look(&r, "draft again");
    pty_keys(r.p, "q");
    look(&r, "Kept as a draft");
    pty_keys(r.p, "R\r");
    look(&r, "Hello Bob");
    pty_keys(r.p, "w+2d\r");
    look(&r, "Send at:");
    pty_keys(r.p, "y");
    look(&r, "It goes on 20");
    pty_keys(r.p, "O");
    look(&r, "a greeting");
    pty_keys(r.p, "c");
    look(&r, "draft again");
    pty_keys(r.p, "qq");
    pty_keys(r.p, "q");
    buf_free(&keys);
    finish(&r, 0);
}

/* A key with a long name, or a language with long words. */
static void words_at_the_foot_are_whole(void **state)
{
    (void)state;
    struct run r = { .dir = fixture_new() };
    char path[4096];
    snprintf(path, sizeof path, "%s/tmailrc", r.dir);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs("[keys index]\ncompose = \"<PageDown>\"\n", f);
    fclose(f);
    start(&r, 24, 200, "");
    look(&r, "<PageDown> Write ");
    look(&r, "? Help");
    pty_keys(r.p, "q");
    finish(&r, 0);
}

static void a_remark_is_whole_on_a_narrow_screen(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 14, 40, "");
    look(&r, "INBOX");
    pty_keys(r.p, "m");
    look(&r, "To:");
    pty_keys(r.p, "bob@example.org\r");
    look(&r, "Subject:");
    pty_keys(r.p, "x\r");
    look(&r, "Done");
    pty_keys(r.p, "It is attached.\x18");
    look(&r, "there is none.");
    look(&r, "It is attached.");
    pty_keys(r.p, "qq");
    finish(&r, 0);
}

static void a_mistyped_command_is_told(void **state)
{
    (void)state;
    char *env[] = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=1", NULL };
    char *argv[] = { TEST_BUILDDIR "/tmail", "--offline", "serch", "kettles", NULL };
    struct run r = { .p = pty_start(argv, env, 24, 80) };
    look(&r, "no command \"serch\"");
    finish(&r, 64);
}

static void an_editor_of_ones_own_gets_the_terminal(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "sed -i s/wrote/scribbled/");
    look(&r, "INBOX  1/60");
    pty_keys(r.p, "jjjr");
    look(&r, "anna@example.net");
    look(&r, "scribbled");
    look(&r, "Re: message number 57");
    pty_keys(r.p, "q");
    look(&r, "Kept as a draft");
    pty_keys(r.p, "q");
    finish(&r, 0);
}

static void a_size_that_changed_under_an_editor_is_seen(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "sh -c 'printf open; read x'");
    look(&r, "INBOX  1/60");
    pty_keys(r.p, "jjjr");
    look(&r, "open");
    pty_resize(r.p, 10, 40);
    pty_keys(r.p, "\r");
    look(&r, "To send");
    look(&r, "y Send");
    pty_keys(r.p, "qq");
    finish(&r, 0);
}

static void an_end_that_comes_under_an_editor_is_heard(void **state)
{
    (void)state;
    struct run r = { 0 };
    start(&r, 24, 80, "sh -c 'printf open; read x'");
    look(&r, "INBOX  1/60");
    pty_keys(r.p, "jjjr");
    look(&r, "open");
    kill(pty_pid(r.p), SIGTERM);
    pty_keys(r.p, "\r");
    finish(&r, 0);
}

static void the_end_gives_the_terminal_back(void **state)
{
    static const int signals[] = { SIGTERM, SIGHUP, SIGABRT };
    (void)state;
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct run r = { 0 };
        start(&r, 24, 80, "");
        look(&r, "INBOX  1/60");
        kill(pty_pid(r.p), signals[i]);
        assert_true(pty_lost(r.p, "INBOX", WAIT));
        struct str all = pty_bytes(r.p);
        assert_true(str_search(all, STR("\033[?1049l")) < all.n);
        finish(&r, signals[i] == SIGABRT ? 128 + SIGABRT : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_shows_the_list),
        cmocka_unit_test(what_was_refused_meanwhile_is_told),
        cmocka_unit_test(resizing_and_moving_keep_the_place),
        cmocka_unit_test(a_message_is_read_and_marked),
        cmocka_unit_test(deleting_is_undone),
        cmocka_unit_test(what_is_nasty_stays_text),
        cmocka_unit_test(an_attachment_is_saved_once_and_again),
        cmocka_unit_test(a_letter_is_written_sent_and_taken_back),
        cmocka_unit_test(words_at_the_foot_are_whole),
        cmocka_unit_test(a_remark_is_whole_on_a_narrow_screen),
        cmocka_unit_test(a_mistyped_command_is_told),
        cmocka_unit_test(an_editor_of_ones_own_gets_the_terminal),
        cmocka_unit_test(a_size_that_changed_under_an_editor_is_seen),
        cmocka_unit_test(an_end_that_comes_under_an_editor_is_heard),
        cmocka_unit_test(the_end_gives_the_terminal_back),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
