/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <poll.h>
#include <stdlib.h>

#include "base/file.h"
#include "server/imapd.h"
#include "server/store.h"

struct world {
    struct server_options options;
    struct store *store;
};

static int setup(void **state)
{
    struct error err;
    struct world *w = xcalloc(1, sizeof *w);
    char *argv[] = { "tmaild", "--accept-any", NULL };
    assert_int_equal(options_read(&w->options, 2, argv, &err), 0);
    free(w->options.root);
    w->options.root = file_temp_dir("tmaild-test", &err);
    w->store = store_start(&w->options, NULL, &err);
    *state = w;
    return w->store == NULL;
}

static int teardown(void **state)
{
    struct world *w = *state;
    store_stop(&w->store);
    file_remove_tree(w->options.root);
    options_free(&w->options);
    free(w);
    return 0;
}

static int keep(void *arg, struct buf *out)
{
    buf_add_str(arg, buf_str(out));
    buf_clear(out);
    return 0;
}

/* All that a session answers to input, given in pieces of step bytes, without the greeting. */
static void run(struct world *w, struct str input, size_t step, struct buf *all)
{
    struct error err;
    struct desk desk;
    struct buf out = BUF_INIT(1 << 20);
    struct buf in = BUF_INIT(1 << 20);
    assert_int_equal(desk_open(&desk, w->store, &err), 0);
    struct imapd_setup setup_ = { .options = &w->options,
                                  .desk = &desk,
                                  .peer = "127.0.0.1",
                                  .host = "host",
                                  .loopback = true,
                                  .flush = keep,
                                  .arg = all };
    struct imapd *i = imapd_new(&setup_, &out, &err);
    buf_clear(&out);
    enum session_step r = SESSION_MORE;
    while (input.n > 0 && r != SESSION_CLOSE) {
        buf_add_str(&in, str_head(input, step));
        input = str_skip(input, step);
        struct str rest = buf_str(&in);
        r = imapd_feed(i, &rest, &out);
        buf_consume(&in, in.len - rest.n);
        keep(all, &out);
    }
    imapd_free(&i);
    desk_close(&desk);
    buf_free(&out);
    buf_free(&in);
}

#define MAIL "Subject: hi\r\n\r\nbody\r\n"

static const struct {
    const char *command, *want; /* a part of the answer */
} rows[] = {
    { "LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n" },
    { "CREATE Sent", "OK" },
    { "CREATE sent/../x", "NO" },
    { "LIST \"\" %", "\\Sent) \"/\" Sent\r\n" },
    { "LIST \"\" * RETURN (STATUS (MESSAGES UNSEEN))", "* STATUS Sent (MESSAGES 0 UNSEEN 0)\r\n" },
    { "APPEND INBOX (\\Seen k1) {21+}\r\n" MAIL, "OK [APPENDUID " },
    { "APPEND INBOX {21}\r\n" MAIL, "+ go ahead\r\n" },
    { "APPEND nowhere {21+}\r\n" MAIL, "NO [TRYCREATE]" },
    { "SELECT INBOX", "* 2 EXISTS\r\n" },
    { "FETCH 1:* (UID FLAGS)",
      "* 1 FETCH (UID 1 FLAGS (\\Seen k1))\r\n* 2 FETCH (UID 2 FLAGS ())\r\n" },
    { "UID FETCH 2 BODY.PEEK[TEXT]<1.2>", "* 2 FETCH (UID 2 BODY[TEXT]<1> {2}\r\nod)\r\n" },
    { "FETCH 3 FLAGS", "BAD" },
    { "UID FETCH 3:9 FLAGS", "OK" },
    { "FETCH 2 BODY[]", "* 2 FETCH (BODY[] {21}\r\n" MAIL ")\r\n" },
    { "FETCH 2 FLAGS", "* 2 FETCH (FLAGS (\\Seen))" },
    { "SEARCH UNSEEN", "* SEARCH\r\n" },
    { "SEARCH OR (SUBJECT HI) NOT ALL", "* SEARCH 1 2\r\n" },
    { "UID SEARCH KEYWORD k1 1:2", "* SEARCH 1\r\n" },
    { "SEARCH FOO", "BAD" },
    { "SEARCH CHARSET KLINGON ALL", "NO [BADCHARSET" },
    { "SEARCH RETURN (MIN MAX COUNT) ALL", ") MIN 1 MAX 2 COUNT 2\r\n" },
    { "UID SEARCH RETURN () BODY body", ") UID ALL 1:2\r\n" },
    { "SEARCH RETURN (COUNT) TEXT nothing", ") COUNT 0\r\n" },
    { "SEARCH RETURN (SAVE) KEYWORD k1", "OK" },
    { "FETCH $ UID", "* 1 FETCH (UID 1)\r\n" },
    { "SEARCH NOT $", "* SEARCH 2\r\n" },
    { "SEARCH RETURN (FOO) ALL", "BAD" },
    { "SORT (REVERSE ARRIVAL SUBJECT) UTF-8 ALL", "* SORT " },
    { "SORT (SIZE) UTF-8 KEYWORD k1", "* SORT 1\r\n" },
    { "SORT (FOO) UTF-8 ALL", "BAD" },
    { "UID THREAD ORDEREDSUBJECT UTF-8 ALL", "* THREAD (1 2)\r\n" },
    { "THREAD REFERENCES UTF-8 KEYWORD none", "* THREAD\r\n" },
    { "THREAD BYLENGTH UTF-8 ALL", "BAD" },
    { "FETCH 2 (BODY.PEEK[1] BODY.PEEK[2] BINARY.SIZE[1])",
      "* 2 FETCH (BODY[1] {6}\r\nbody\r\n BODY[2] NIL BINARY.SIZE[1] 6)\r\n" },
    { "FETCH 2 BODY", "* 2 FETCH (BODY (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
                      "\"7bit\" 6 1))\r\n" },
    { "FETCH 2 FULL", " ENVELOPE (NIL \"hi\" NIL NIL NIL NIL NIL NIL NIL NIL) BODY (" },
    { "FETCH 2 BODY[0]", "BAD" },
    { "STORE 1 -FLAGS (k1)", "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n" },
    { "STORE 1 +FLAGS.SILENT \\Deleted", "OK" },
    { "UID COPY 1:2 Sent", "OK [COPYUID " },
    { "EXPUNGE", "* 1 EXPUNGE\r\n" },
    { "UID MOVE 2 Sent", "* 1 EXPUNGE\r\n" },
    { "STATUS Sent (MESSAGES)", "(MESSAGES 3)" },
    { "EXAMINE Sent", "[READ-ONLY]" },
    { "STORE 1 +FLAGS \\Seen", "NO [READ-ONLY]" },
    { "CLOSE", "OK" },
    { "FETCH 1 FLAGS", "BAD" },
    { "RENAME Sent A/B", "OK" },
    { "LIST \"A/\" *", "* LIST (\\HasNoChildren) \"/\" A/B\r\n" },
    { "SUBSCRIBE A/B", "OK" },
    { "LSUB \"\" *", "* LSUB (\\HasNoChildren) \"/\" A/B\r\n" },
    { "DELETE A/B", "OK" },
    { "DELETE A/B", "NO [NONEXISTENT]" },
    { "SELECT A/B", "NO [NONEXISTENT]" },
    { "IDLE\r\nDONE", "+ idling\r\n" },
    { "LOGOUT", "* BYE" },
};

static void check_commands(struct world *w, const char *account, size_t step)
{
    struct buf in = BUF_INIT(1 << 16);
    struct buf out = BUF_INIT(1 << 20);
    buf_addf(&in, "L LOGIN %s x\r\n", account);
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_addf(&in, "t%zu. %s\r\n", i, rows[i].command);
    run(w, buf_str(&in), step, &out);
    struct str rest = buf_str(&out);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* The answer ends with the first line behind the tag of its command. */
        char *tag = xasprintf("t%zu. ", i);
        size_t at = str_search(rest, str_c(tag));
        assert_true(at < rest.n);
        at += str_find(str_skip(rest, at), '\n') + 1;
        if (str_search(str_head(rest, at), str_c(rows[i].want)) == at)
            fail_msg("%s: %.*s", rows[i].command, (int)at, rest.p);
        rest = str_skip(rest, at);
        free(tag);
    }
    assert_int_equal(rest.n, 0);
    buf_free(&in);
    buf_free(&out);
}

static void commands_are_answered(void **state)
{
    check_commands(*state, "whole", 1 << 16);
    check_commands(*state, "bytes", 1);
    check_commands(*state, "seven", 7);
}

static void before_login_little_is_allowed(void **state)
{
    struct buf out = BUF_INIT(1 << 16);
    run(*state,
        STR("a SELECT INBOX\r\nb LOGIN {9000}\r\nc LOGIN x {1}\r\ny\r\nd NOOP\r\n* x\r\ne\r\n"),
        4096, &out);
    assert_true(str_search(buf_str(&out), STR("a BAD")) < out.len);
    assert_true(str_search(buf_str(&out), STR("b NO [LIMIT]")) < out.len);
    assert_true(str_search(buf_str(&out), STR("c OK")) < out.len);
    assert_true(str_search(buf_str(&out), STR("d OK")) < out.len);
    assert_true(str_search(buf_str(&out), STR("e BAD")) < out.len);
    buf_free(&out);
}

struct session {
    struct desk desk;
    struct imapd *imapd;
    struct buf out;
};

static void session_open(struct world *w, struct session *s)
{
    struct error err;
    buf_init(&s->out, 1 << 20);
    assert_int_equal(desk_open(&s->desk, w->store, &err), 0);
    struct imapd_setup setup_ = { .options = &w->options,
                                  .desk = &s->desk,
                                  .peer = "127.0.0.1",
                                  .host = "host",
                                  .loopback = true,
                                  .flush = keep,
                                  .arg = &s->out };
    s->imapd = imapd_new(&setup_, &s->out, &err);
}

static void session_say(struct session *s, struct str in, const char *want)
{
    buf_clear(&s->out);
    assert_int_equal(imapd_feed(s->imapd, &in, &s->out), SESSION_MORE);
    assert_true(str_search(buf_str(&s->out), str_c(want)) < s->out.len);
}

static void session_close(struct session *s)
{
    imapd_free(&s->imapd);
    desk_close(&s->desk);
    buf_free(&s->out);
}

/* A session that asks nothing has nothing heaped up for it, is told nothing, and misses nothing. */
static void a_silent_session_costs_nothing(void **state)
{
    struct session silent;
    struct session busy;
    session_open(*state, &silent);
    session_open(*state, &busy);
    session_say(&busy, STR("a LOGIN x y\r\nb APPEND INBOX {21+}\r\n" MAIL "\r\n"), "b OK");
    session_say(&silent, STR("a LOGIN x y\r\nb SELECT INBOX\r\n"), "* 1 EXISTS");
    session_say(&busy, STR("c SELECT INBOX\r\nd STORE 1 +FLAGS k1\r\n"), "d OK");
    session_say(&busy, STR("e APPEND INBOX {21+}\r\n" MAIL "\r\n"), "e OK");
    struct pollfd p = { .fd = imapd_event_fd(silent.imapd), .events = POLLIN };
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_int_equal(p.revents, POLLIN);
    buf_clear(&silent.out);
    imapd_wake(silent.imapd, &silent.out);
    assert_int_equal(silent.out.len, 0);
    assert_int_equal(poll(&p, 1, 0), 0);
    session_say(&silent, STR("c FETCH 2 FLAGS\r\n"), "c BAD");
    session_say(&silent, STR("d NOOP\r\n"), "* 2 EXISTS\r\n* 1 FETCH (UID 1 FLAGS (k1))\r\nd OK");
    session_say(&silent, STR("e FETCH 2 FLAGS\r\n"), "e OK");
    session_close(&silent);
    session_close(&busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commands_are_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_silent_session_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(before_login_little_is_allowed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
