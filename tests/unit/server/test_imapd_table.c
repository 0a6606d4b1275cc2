/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "base/file.h"
#include "server/imapd.h"
#include "server/store.h"

/* Every command in every state; and dialogues of LIST, UTF-8 and IMAP4rev2 with all that comes. */

struct world {
    struct server_options options;
    struct store *store;
    unsigned accounts;
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

/* ---- one session ---- */

struct session {
    struct desk desk;
    struct imapd *imapd;
    struct buf out, all;
    char *account;
};

static void session_open(struct world *w, struct session *s, bool loopback)
{
    struct error err;
    *s = (struct session){ .out = BUF_INIT(1 << 20), .all = BUF_INIT(1 << 20) };
    s->account = xasprintf("user%u", w->accounts++);
    assert_int_equal(desk_open(&s->desk, w->store, &err), 0);
    struct imapd_setup setup_ = { .options = &w->options,
                                  .desk = &s->desk,
                                  .peer = "127.0.0.1",
                                  .host = "host",
                                  .loopback = loopback,
                                  .starttls = true,
                                  .flush = keep,
                                  .arg = &s->all };
    s->imapd = imapd_new(&setup_, &s->out, &err);
}

static void session_close(struct session *s)
{
    imapd_free(&s->imapd);
    desk_close(&s->desk);
    buf_free(&s->out);
    buf_free(&s->all);
    free(s->account);
}

static enum session_step say(struct session *s, const char *text)
{
    struct str in = str_c(text);
    enum session_step step;
    buf_clear(&s->out);
    buf_clear(&s->all);
    do {
        step = imapd_feed(s->imapd, &in, &s->out);
        keep(&s->all, &s->out);
        if (step == SESSION_STARTTLS)
            imapd_secured(s->imapd);
    } while (step == SESSION_WAIT || (in.n > 0 && step != SESSION_CLOSE));
    return step;
}

static void log_in(struct session *s)
{
    char *line = xasprintf("l LOGIN %s x\r\n", s->account);
    say(s, line);
    assert_true(str_starts(buf_str(&s->all), "l OK "));
    free(line);
}

/* ---- every command in every state ---- */

enum state { FAR, NEAR, SECURE, IN, SELECTED, EXAMINED, STATES };

static void enter(struct world *w, struct session *s, enum state at)
{
    session_open(w, s, at != FAR && at != SECURE);
    if (at == SECURE)
        say(s, "s STARTTLS\r\n");
    if (at >= IN) {
        log_in(s);
        say(s, "m APPEND INBOX {15+}\r\nSubject: x\r\n\r\n.\r\nf CREATE f\r\n");
    }
    if (at >= SELECTED)
        say(s, at == SELECTED ? "e SELECT INBOX\r\n" : "e EXAMINE INBOX\r\n");
}

/* What comes: O is OK, N is NO, B is BAD, + a challenge, T OK and TLS begins, Z OK and deflate, Q OK
 * and the end. */
static const struct {
    const char *command, *want;
} rows[] = {
    { "CAPABILITY", "OOOOOO" },
    { "NOOP", "OOOOOO" },
    { "LOGOUT", "QQQQQQ" },
    { "ID NIL", "OOOOOO" },
    { "ID", "BBBBBB" },
    { "STARTTLS", "TTBBBB" },
    { "LOGIN x y", "NOOBBB" },
    { "LOGIN x", "BBBBBB" },
    { "AUTHENTICATE PLAIN AHgAeQ==", "NOOBBB" },
    { "AUTHENTICATE PLAIN", "N++BBB" },
    { "AUTHENTICATE NONSUCH", "NNNBBB" },
    { "AUTHENTICATE PLAIN AHgAeQ== x", "BBBBBB" },
    { "ENABLE CONDSTORE", "BBBOOO" },
    { "ENABLE NONSUCH", "BBBOOO" },
    { "ENABLE", "BBBBBB" },
    { "COMPRESS DEFLATE", "BBBZZZ" },
    { "COMPRESS LZW", "BBBNNN" },
    { "COMPRESS", "BBBBBB" },
    { "SELECT INBOX", "BBBOOO" },
    { "SELECT nowhere", "BBBNNN" },
    { "SELECT", "BBBBBB" },
    { "EXAMINE INBOX", "BBBOOO" },
    { "CREATE new", "BBBOOO" },
    { "CREATE f", "BBBNNN" },
    { "CREATE ../x", "BBBNNN" },
    { "CREATE new (USE (\\Sent))", "BBBBBB" },
    { "DELETE f", "BBBOOO" },
    { "DELETE nowhere", "BBBNNN" },
    { "DELETE INBOX", "BBBNNN" },
    { "RENAME f g", "BBBOOO" },
    { "RENAME f", "BBBBBB" },
    { "RENAME nowhere g", "BBBNNN" },
    { "SUBSCRIBE f", "BBBOOO" },
    { "UNSUBSCRIBE f", "BBBOOO" },
    { "LIST \"\" *", "BBBOOO" },
    { "LIST \"\"", "BBBBBB" },
    { "LIST (RECURSIVEMATCH) \"\" *", "BBBBBB" },
    { "LIST (RECURSIVEMATCH SUBSCRIBED) \"\" *", "BBBOOO" },
    { "LSUB \"\" *", "BBBOOO" },
    { "STATUS f (MESSAGES)", "BBBOOO" },
    { "STATUS f (NONSUCH)", "BBBBBB" },
    { "STATUS f", "BBBBBB" },
    { "STATUS nowhere (MESSAGES)", "BBBNNN" },
    { "NAMESPACE", "BBBOOO" },
    { "APPEND f {3+}\r\nx\r\n", "BBBOOO" },
    { "APPEND nowhere {3+}\r\nx\r\n", "BBBNNN" },
    { "APPEND f x", "BBBBBB" },
    { "IDLE", "BBB+++" },
    { "CHECK", "BBBBOO" },
    { "CLOSE", "BBBBOO" },
    { "UNSELECT", "BBBBOO" },
    { "EXPUNGE", "BBBBON" },
    { "UID EXPUNGE 1", "BBBBON" },
    { "FETCH 1 FLAGS", "BBBBOO" },
    { "FETCH 2 FLAGS", "BBBBBB" },
    { "FETCH 1 NONSUCH", "BBBBBB" },
    { "FETCH 1", "BBBBBB" },
    { "UID FETCH 1 FLAGS", "BBBBOO" },
    { "UID FETCH 9 FLAGS", "BBBBOO" },
    { "STORE 1 FLAGS (\\Seen)", "BBBBON" },
    { "STORE 1 FLAGS.NONSUCH (\\Seen)", "BBBBBB" },
    { "UID STORE 1 +FLAGS.SILENT \\Deleted", "BBBBON" },
    { "COPY 1 f", "BBBBOO" },
    { "COPY 1 nowhere", "BBBBNN" },
    { "UID COPY 1 f", "BBBBOO" },
    { "MOVE 1 f", "BBBBON" },
    { "UID MOVE 1 f", "BBBBON" },
    { "SEARCH ALL", "BBBBOO" },
    { "SEARCH NONSUCH", "BBBBBB" },
    { "UID SEARCH ALL", "BBBBOO" },
    { "SORT (DATE) UTF-8 ALL", "BBBBOO" },
    { "THREAD REFERENCES UTF-8 ALL", "BBBBOO" },
    { "UID NOOP", "BBBBBB" },
    { "UID", "BBBBBB" },
    { "XYZZY", "BBBBBB" },
    { "", "BBBBBB" },
};

/* The verdict of the last line. */
static char judged(const struct session *s, enum session_step step)
{
    struct str all = str_trim(buf_str(&s->all));
    struct str last = str_skip(all, str_rfind(all, '\n') < all.n ? str_rfind(all, '\n') + 1 : 0);
    if (str_starts(last, "+"))
        return '+';
    if (!str_starts(last, "t "))
        return '!';
    bool ok = str_starts(str_skip(last, 2), "OK");
    if (!ok)
        return step == SESSION_MORE ? last.p[2] : '!';
    return step == SESSION_STARTTLS   ? 'T'
           : step == SESSION_COMPRESS ? 'Z'
           : step == SESSION_CLOSE    ? 'Q'
                                      : 'O';
}

static void every_command_in_every_state(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int at = 0; at < STATES; at++) {
            struct session s;
            enter(*state, &s, (enum state)at);
            char *line = xasprintf("t %s\r\n", rows[i].command);
            char got = judged(&s, say(&s, line));
            if (got != rows[i].want[at])
                fail_msg("%s in state %d: %c for %c: %s", rows[i].command, at, got,
                         rows[i].want[at], buf_c(&s.all));
            session_close(&s);
            free(line);
        }
}

static bool has(const struct session *s, const char *word)
{
    return str_search(buf_str(&s->all), str_c(word)) < s->all.len;
}

static void capabilities_are_those_of_the_state(void **state)
{
    static const struct {
        enum state at;
        bool starttls, disabled, plain, compress;
    } want[] = { { FAR, true, true, false, false },
                 { NEAR, true, false, true, false },
                 { SECURE, false, false, true, false },
                 { IN, false, false, false, true },
                 { SELECTED, false, false, false, true } };
    for (size_t i = 0; i < COUNT(want); i++) {
        struct session s;
        enter(*state, &s, want[i].at);
        say(&s, "t CAPABILITY\r\n");
        assert_int_equal(has(&s, " STARTTLS"), want[i].starttls);
        assert_int_equal(has(&s, " LOGINDISABLED"), want[i].disabled);
        assert_int_equal(has(&s, " AUTH=PLAIN"), want[i].plain);
        assert_int_equal(has(&s, " COMPRESS=DEFLATE"), want[i].compress);
        if (want[i].compress) {
            say(&s, "t COMPRESS DEFLATE\r\nt CAPABILITY\r\n");
            assert_false(has(&s, " COMPRESS=DEFLATE"));
        }
        session_close(&s);
    }
}

/* ---- dialogues ---- */

struct dialogue {
    const char *say, *want; /* NULL: whatever it is */
};

static void check_dialogue(void **state, const struct dialogue *d, size_t n)
{
    struct session s;
    session_open(*state, &s, true);
    log_in(&s);
    for (size_t i = 0; i < n; i++) {
        char *line = xasprintf("%s\r\n", d[i].say);
        say(&s, line);
        if (d[i].want != NULL && !str_eqc(buf_str(&s.all), d[i].want))
            fail_msg("%s\n%s", d[i].say, buf_c(&s.all));
        free(line);
    }
    session_close(&s);
}

#define MAKE                                                                                       \
    "a CREATE Fruit\r\na CREATE Fruit/Apple\r\na CREATE Fruit/Banana\r\na CREATE Tofu\r\n"         \
    "a CREATE Vegetable/Broccoli\r\na CREATE Vegetable/Corn/Sweet\r\na CREATE Sent"

/* After the examples of RFC 5258 §5. */
static void lists(void **state)
{
    static const struct dialogue d[] = {
        { MAKE, NULL },
        { "a SUBSCRIBE Fruit/Banana\r\na SUBSCRIBE Fruit/Peach\r\na SUBSCRIBE INBOX\r\n"
          "a SUBSCRIBE Vegetable\r\na SUBSCRIBE Vegetable/Broccoli\r\na SUBSCRIBE Sent",
          NULL },
        { "a LIST \"\" %",
          "* LIST (\\HasNoChildren \\NoInferiors) \"/\" INBOX\r\n"
          "* LIST (\\HasChildren) \"/\" Fruit\r\n* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
          "* LIST (\\HasNoChildren) \"/\" Tofu\r\n"
          "* LIST (\\HasChildren \\Noselect) \"/\" Vegetable\r\na OK Done\r\n" },
        { "a LIST (SUBSCRIBED) \"\" *",
          "* LIST (\\HasNoChildren \\NoInferiors \\Subscribed) \"/\" INBOX\r\n"
          "* LIST (\\HasNoChildren \\Subscribed) \"/\" Fruit/Banana\r\n"
          "* LIST (\\HasNoChildren \\NonExistent \\Subscribed) \"/\" Fruit/Peach\r\n"
          "* LIST (\\HasNoChildren \\Subscribed \\Sent) \"/\" Sent\r\n"
          "* LIST (\\HasChildren \\Noselect \\Subscribed) \"/\" Vegetable\r\n"
          "* LIST (\\HasNoChildren \\Subscribed) \"/\" Vegetable/Broccoli\r\na OK Done\r\n" },
        /* Those above are told of where what is below is not. */
        { "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %",
          "* LIST (\\HasNoChildren \\NoInferiors \\Subscribed) \"/\" INBOX\r\n"
          "* LIST (\\HasChildren) \"/\" Fruit (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
          "* LIST (\\HasNoChildren \\Subscribed \\Sent) \"/\" Sent\r\n"
          "* LIST (\\HasChildren \\Noselect \\Subscribed) \"/\" Vegetable (\"CHILDINFO\" "
          "(\"SUBSCRIBED\"))\r\na OK Done\r\n" },
        { "a LIST (RECURSIVEMATCH SUBSCRIBED) \"\" Fruit*",
          "* LIST (\\HasNoChildren \\Subscribed) \"/\" Fruit/Banana\r\n"
          "* LIST (\\HasNoChildren \\NonExistent \\Subscribed) \"/\" Fruit/Peach\r\na OK "
          "Done\r\n" },
        { "a LIST (REMOTE) \"\" (Tofu Fruit/B*) RETURN (CHILDREN SUBSCRIBED)",
          "* LIST (\\HasNoChildren \\Subscribed) \"/\" Fruit/Banana\r\n"
          "* LIST (\\HasNoChildren) \"/\" Tofu\r\na OK Done\r\n" },
        { "a LIST (SPECIAL-USE) \"\" * RETURN (STATUS (MESSAGES DELETED SIZE))",
          "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
          "* STATUS Sent (MESSAGES 0 DELETED 0 SIZE 0)\r\na OK Done\r\n" },
        { "a LIST (SUBSCRIBED) \"\" \"\"", "a OK Done\r\n" },
        { "a LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\na OK Done\r\n" },
        { "a LIST (NONSUCH) \"\" *", "a BAD cannot read what is to be listed\r\n" },
        { "a CREATE &AOk-/x\r\na LIST &AOk-/ %",
          "a OK Done\r\n* LIST (\\HasNoChildren) \"/\" &AOk-/x\r\na OK Done\r\n" },
        { "a LIST \"\" * RETURN (NONSUCH)", "a BAD cannot read that\r\n" },
        /* RFC 3501 §6.3.9 */
        { "a UNSUBSCRIBE Vegetable\r\na LSUB \"\" %",
          "a OK Done\r\n* LSUB (\\HasNoChildren \\NoInferiors) \"/\" INBOX\r\n"
          "* LSUB (\\HasChildren \\Noselect) \"/\" Fruit\r\n"
          "* LSUB (\\HasNoChildren \\Sent) \"/\" Sent\r\n"
          "* LSUB (\\HasChildren \\Noselect) \"/\" Vegetable\r\na OK Done\r\n" },
        { "a DELETE Fruit\r\na LIST \"\" Fruit",
          "a OK Done\r\n* LIST (\\HasChildren \\Noselect) \"/\" Fruit\r\na OK Done\r\n" },
    };
    check_dialogue(state, d, COUNT(d));
}

/* RFC 3501 §6.3.5 */
static void inbox_is_renamed(void **state)
{
    static const struct dialogue d[] = {
        { "a RENAME inbox One", "a OK Done\r\n" },
        { "a APPEND INBOX {15+}\r\nSubject: x\r\n\r\n.", NULL },
        { "a RENAME INBOX One", "a NO [ALREADYEXISTS] there is such a folder\r\n" },
        { "a RENAME INBOX INBOX/x", "a NO this folder cannot be renamed so\r\n" },
        { "a RENAME INBOX Two", "a OK Done\r\n" },
        { "a STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 0)\r\na OK Done\r\n" },
        { "a STATUS One (MESSAGES)", "* STATUS One (MESSAGES 0)\r\na OK Done\r\n" },
        { "a STATUS Two (MESSAGES)", "* STATUS Two (MESSAGES 1)\r\na OK Done\r\n" },
        { "a APPEND INBOX {15+}\r\nSubject: x\r\n\r\n.", NULL },
        { "a STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 1)\r\na OK Done\r\n" },
    };
    check_dialogue(state, d, COUNT(d));
}

/* RFC 6855 */
static void utf8_is_accepted(void **state)
{
    static const struct dialogue d[] = {
        { "a CREATE &AOk-t&AOk-", "a OK Done\r\n" },
        { "a CREATE \"\xC3\xA9t\xC3\xA9\"", "a NO [CANNOT] this is no folder name\r\n" },
        { "a APPEND INBOX UTF8 (~{15+}\r\nSubject: \xC3\xA9\r\n\r\n)",
          "a BAD cannot read that\r\n" },
        { "a ENABLE UTF8=ACCEPT", "* ENABLED UTF8=ACCEPT\r\na OK Done\r\n" },
        { "a LIST \"\" %",
          "* LIST (\\HasNoChildren \\NoInferiors) \"/\" INBOX\r\n"
          "* LIST (\\HasNoChildren) \"/\" \"\xC3\xA9t\xC3\xA9\"\r\na OK Done\r\n" },
        { "a LIST \"\" \"\xC3\xA9*\"",
          "* LIST (\\HasNoChildren) \"/\" \"\xC3\xA9t\xC3\xA9\"\r\na OK Done\r\n" },
        { "a STATUS \"\xC3\xA9t\xC3\xA9\" (MESSAGES)",
          "* STATUS \"\xC3\xA9t\xC3\xA9\" (MESSAGES 0)\r\na OK Done\r\n" },
        { "a CREATE \"\xC3\"", "a NO [CANNOT] this is no folder name\r\n" },
        { "a CREATE {5+}\r\na\"b\\c", "a OK Done\r\n" },
        { "a LIST \"\" a*", "* LIST (\\HasNoChildren) \"/\" \"a\\\"b\\\\c\"\r\na OK Done\r\n" },
        { "a APPEND INBOX UTF8 (~{15+}\r\nSubject: \xC3\xA9\r\n\r\n)", NULL },
        { "a STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 1)\r\na OK Done\r\n" },
        { "a SELECT \"\xC3\xA9t\xC3\xA9\"", NULL },
        { "a SEARCH SUBJECT \"\xC3\xA9\"", "* SEARCH\r\na OK Done\r\n" },
    };
    check_dialogue(state, d, COUNT(d));
}

/* RFC 9051 */
static void rev2_is_spoken(void **state)
{
    static const struct dialogue d[] = {
        { "a CREATE &AOk-", "a OK Done\r\n" },
        { "a APPEND INBOX {15+}\r\nSubject: x\r\n\r\n.", NULL },
        { "a ENABLE IMAP4rev2", "* ENABLED IMAP4rev2\r\na OK Done\r\n" },
        { "a LIST \"\" \"\xC3\xA9\"",
          "* LIST (\\HasNoChildren) \"/\" \"\xC3\xA9\"\r\na OK Done\r\n" },
        { "a SELECT INBOX", NULL },
        { "a SEARCH ALL", "* ESEARCH (TAG \"a\") ALL 1\r\na OK Done\r\n" },
        { "a UID SEARCH UNSEEN", "* ESEARCH (TAG \"a\") UID ALL 1\r\na OK Done\r\n" },
        { "a STATUS INBOX (DELETED)", "* STATUS INBOX (DELETED 0)\r\na OK Done\r\n" },
        { "a UNSELECT", "a OK Done\r\n" },
    };
    struct session s;
    check_dialogue(state, d, COUNT(d));
    session_open(*state, &s, true);
    log_in(&s);
    say(&s, "a ENABLE IMAP4rev2\r\na SELECT INBOX\r\n");
    assert_true(has(&s, "* LIST () \"/\" INBOX\r\n"));
    assert_false(has(&s, "RECENT"));
    assert_false(has(&s, "[UNSEEN"));
    say(&s, "a EXAMINE INBOX\r\n");
    assert_true(has(&s, "* OK [CLOSED]"));
    session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_in_every_state),
        cmocka_unit_test(capabilities_are_those_of_the_state),
        cmocka_unit_test(lists),
        cmocka_unit_test(inbox_is_renamed),
        cmocka_unit_test(utf8_is_accepted),
        cmocka_unit_test(rev2_is_spoken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
