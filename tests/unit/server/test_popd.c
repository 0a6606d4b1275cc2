/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "server/limits.h"
#include "server/popd.h"
#include "server/store.h"
#include "wire/pop3.h"

struct world {
    struct server_options options;
    struct store *store;
    struct desk desk; /* the test's own */
    unsigned accounts;
};

static int world_start(void **state, char *option, char *value)
{
    struct error err;
    struct world *w = xcalloc(1, sizeof *w);
    char *argv[] = { "tmaild", option, value, NULL };
    assert_int_equal(options_read(&w->options, value != NULL ? 3 : 2, argv, &err), 0);
    free(w->options.root);
    w->options.root = file_temp_dir("tmaild-test", &err);
    w->store = store_start(&w->options, NULL, &err);
    assert_non_null(w->store);
    assert_int_equal(desk_open(&w->desk, w->store, &err), 0);
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return world_start(state, "--accept-any", NULL);
}

static int setup_user(void **state)
{
    char user[] = "jane: p w ";
    return world_start(state, "--user", user);
}

static int teardown(void **state)
{
    struct world *w = *state;
    desk_close(&w->desk);
    store_stop(&w->store);
    file_remove_tree(w->options.root);
    options_free(&w->options);
    free(w);
    return 0;
}

/* ---- the mailbox from the other side ---- */

static struct mailbox_job *box_call(struct world *w, const char *account, struct mailbox_job *j)
{
    struct error err;
    struct mailbox *box = NULL;
    assert_int_equal(desk_mailbox(&w->desk, str_c(account), STR("INBOX"), true, &box, &err), 0);
    assert_int_equal(mailbox_call(box, w->desk.answers, &j, &err), 0);
    desk_mailbox_done(&w->desk, &box);
    return j;
}

static void mail_add(struct world *w, const char *account, struct str text)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_APPEND);
    j->items = xcalloc(1, sizeof *j->items);
    j->items_n = 1;
    spill_init(&j->items[0].message, AT_FDCWD, SERVER_OUT_MAX);
    spill_add(&j->items[0].message, text);
    j = box_call(w, account, j);
    mailbox_job_free(&j);
}

static void mail_expunge(struct world *w, const char *account, uint32_t uid)
{
    struct mailbox_job *j = mailbox_job_new(MAILBOX_EXPUNGE);
    j->forced = true;
    j->uids = xcalloc(1, sizeof *j->uids);
    j->uids[0] = uid;
    j->uids_n = 1;
    j = box_call(w, account, j);
    mailbox_job_free(&j);
}

static size_t mails_n(struct world *w, const char *account, uint32_t *validity)
{
    struct mailbox_job *j = box_call(w, account, mailbox_job_new(MAILBOX_STATUS));
    size_t n = j->status.messages;
    if (validity != NULL)
        *validity = j->validity;
    mailbox_job_free(&j);
    return n;
}

static const char first[] = "Subject: hi\r\n\r\nbody\r\n";
static const char second[] = "Subject: dots\r\n\r\n.\r\n..x\r\nend";

static char *account_new(struct world *w)
{
    char *account = xasprintf("user%u", w->accounts++);
    mail_add(w, account, str_c(first));
    mail_add(w, account, str_c(second));
    return account;
}

/* ---- sessions ---- */

struct session {
    struct desk desk;
    struct popd *popd;
    struct buf in, out, all;
    size_t largest; /* that waited in memory */
    unsigned waits;
    void (*at_flush)(void *arg); /* once */
    void *at_flush_arg;
};

static int flush(void *arg, struct buf *out)
{
    struct session *s = arg;
    void (*at_flush)(void *) = s->at_flush;
    s->at_flush = NULL;
    if (at_flush != NULL)
        at_flush(s->at_flush_arg);
    s->largest = out->len > s->largest ? out->len : s->largest;
    buf_add_str(&s->all, buf_str(out));
    buf_clear(out);
    return 0;
}

static void session_open(struct world *w, struct session *s, bool loopback)
{
    struct error err;
    *s = (struct session){ .in = BUF_INIT(1 << 20),
                           .out = BUF_INIT(1 << 20),
                           .all = BUF_INIT(1 << 24) };
    assert_int_equal(desk_open(&s->desk, w->store, &err), 0);
    struct popd_setup setup_ = { .options = &w->options,
                                 .desk = &s->desk,
                                 .peer = "127.0.0.1",
                                 .host = "host",
                                 .loopback = loopback,
                                 .flush = flush,
                                 .arg = s };
    s->popd = popd_new(&setup_, &s->out);
    assert_true(str_starts(buf_str(&s->out), "+OK host tmaild ready"));
    buf_clear(&s->out);
}

/* Without QUIT, as when the connection breaks. */
static void session_break(struct session *s)
{
    popd_free(&s->popd);
    desk_close(&s->desk);
    buf_free(&s->in);
    buf_free(&s->out);
    buf_free(&s->all);
}

/* What it answers is in all; its last step. */
static enum session_step say_in_pieces(struct session *s, struct str input, size_t piece)
{
    enum session_step r = SESSION_MORE;
    buf_clear(&s->all);
    while ((input.n > 0 || r == SESSION_WAIT) && r != SESSION_CLOSE) {
        buf_add_str(&s->in, str_head(input, piece));
        input = str_skip(input, piece);
        struct str rest = buf_str(&s->in);
        r = popd_feed(s->popd, &rest, &s->out);
        s->waits += r == SESSION_WAIT;
        assert_int_equal(r == SESSION_WAIT, popd_delay_ms(s->popd) > 0 && r != SESSION_CLOSE);
        buf_consume(&s->in, s->in.len - rest.n);
        flush(s, &s->out);
    }
    return r;
}

static enum session_step say(struct session *s, const char *input, const char *want)
{
    enum session_step r = say_in_pieces(s, str_c(input), SIZE_MAX);
    assert_string_equal(buf_c(&s->all), want);
    return r;
}

static void log_in(struct session *s, const char *account)
{
    char *line = xasprintf("USER %s\r\nPASS x\r\n", account);
    say_in_pieces(s, str_c(line), SIZE_MAX);
    assert_true(str_starts(buf_str(&s->all), "+OK PASS now\r\n+OK "));
    assert_true(popd_logged_in(s->popd));
    free(line);
}

/* ---- dialogues ---- */

#define IN "USER @\r\nPASS x\r\n"
#define IN_OK "+OK PASS now\r\n+OK 2 messages (49 octets)\r\n"
#define LIST_OK "+OK here they are\r\n"
#define BYE "+OK tmaild closing connection\r\n"
#define DELE_OK "+OK goes at QUIT\r\n"
#define CAPA_OK                                                                                    \
    "+OK what there is\r\nUSER\r\nSASL PLAIN LOGIN XOAUTH2 OAUTHBEARER\r\nTOP\r\nUIDL\r\n"         \
    "PIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nEXPIRE NEVER\r\nIMPLEMENTATION tmaild\r\n.\r\n"
#define NONE "-ERR no such message\r\n"
#define NOT_NOW "-ERR not now\r\n"
#define UNREAD "-ERR cannot read the arguments\r\n"

/* @ is the name of the account, # its UIDVALIDITY. */
static const struct {
    const char *in, *want;
    size_t left;
} rows[] = {
    { "QUIT\r\n", BYE, 2 },
    { "CAPA\r\nquit\r\n", CAPA_OK BYE, 2 },
    { IN "CAPA\r\n", IN_OK CAPA_OK, 2 },
    { "user @\npass any thing \nstat\nquit\n", IN_OK "+OK 2 49\r\n" BYE,
      2 }, /* as a person types it */
    { "PASS x\r\n", "-ERR USER first\r\n", 2 },
    { "USER\r\nUSER @\r\nUSER @\r\nPASS\r\nPASS x\r\n",
      UNREAD "+OK PASS now\r\n+OK PASS now\r\n" UNREAD "+OK 2 messages (49 octets)\r\n", 2 },
    { "STAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nNOOP\r\nRSET\r\nQUIT\r\n",
      NOT_NOW NOT_NOW NOT_NOW NOT_NOW NOT_NOW NOT_NOW BYE, 2 },
    { IN "USER @\r\nPASS x\r\nAUTH PLAIN\r\n", IN_OK NOT_NOW NOT_NOW NOT_NOW, 2 },
    { "STLS\r\nAPOP a b\r\n\r\n",
      "-ERR no TLS here\r\n-ERR no APOP here\r\n-ERR command not known\r\n", 2 },
    { IN "STAT\r\nSTAT 1\r\nNOOP\r\n", IN_OK "+OK 2 49\r\n" UNREAD "+OK \r\n", 2 },
    { IN "LIST\r\nLIST 2\r\nLIST 3\r\nLIST 0\r\nLIST x\r\n",
      IN_OK LIST_OK "1 21\r\n2 28\r\n.\r\n+OK 2 28\r\n" NONE UNREAD UNREAD, 2 },
    { IN "UIDL\r\nUIDL 2\r\nUIDL 3\r\n", IN_OK LIST_OK "1 #-1\r\n2 #-2\r\n.\r\n+OK 2 #-2\r\n" NONE,
      2 },
    { IN "RETR 1\r\nRETR 3\r\nRETR\r\n",
      IN_OK "+OK 21 octets\r\nSubject: hi\r\n\r\nbody\r\n.\r\n" NONE UNREAD, 2 },
    { IN "RETR 2\r\n", IN_OK "+OK 28 octets\r\nSubject: dots\r\n\r\n..\r\n...x\r\nend\r\n.\r\n",
      2 },
    { IN "TOP 2 0\r\nTOP 2 1\r\nTOP 2 2\r\nTOP 1\r\nTOP 3 0\r\n",
      IN_OK "+OK here it begins\r\nSubject: dots\r\n\r\n.\r\n"
            "+OK here it begins\r\nSubject: dots\r\n\r\n..\r\n.\r\n"
            "+OK here it begins\r\nSubject: dots\r\n\r\n..\r\n...x\r\n.\r\n" UNREAD NONE,
      2 },
    { IN "TOP 1 4294967295\r\n", IN_OK "+OK here it begins\r\nSubject: hi\r\n\r\nbody\r\n.\r\n",
      2 },
    { IN "DELE 1\r\nDELE 1\r\nRETR 1\r\nTOP 1 0\r\nLIST 1\r\nUIDL 1\r\nLIST\r\nSTAT\r\nQUIT\r\n",
      IN_OK DELE_OK NONE NONE NONE NONE NONE LIST_OK "2 28\r\n.\r\n+OK 1 28\r\n" BYE, 1 },
    { IN "DELE 1\r\nDELE 2\r\nUIDL\r\nQUIT\r\n", IN_OK DELE_OK DELE_OK LIST_OK ".\r\n" BYE, 0 },
    { IN "DELE 1\r\nDELE 2\r\nRSET\r\nSTAT\r\nDELE 2\r\nQUIT\r\nNOOP\r\n",
      IN_OK DELE_OK DELE_OK "+OK nothing goes\r\n+OK 2 49\r\n" DELE_OK BYE, 1 },
    { IN "DELE 1\r\nDELE 2\r\n", IN_OK DELE_OK DELE_OK, 2 }, /* no QUIT */
    { IN "DELE 1\r\nQUIT now\r\nQUIT", IN_OK DELE_OK UNREAD, 2 },
};

/* text with @ and # filled in. */
static char *filled(const char *text, const char *account, uint32_t validity)
{
    struct buf out = BUF_INIT(1 << 16);
    for (; *text != '\0'; text++)
        if (*text == '@')
            buf_adds(&out, account);
        else if (*text == '#')
            buf_addf(&out, "%u", validity);
        else
            buf_addc(&out, *text);
    return buf_detach(&out);
}

static void dialogues_hold_at_every_split(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 7, SIZE_MAX };
    struct world *w = *state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(pieces); k++) {
            struct session s;
            uint32_t validity;
            char *account = account_new(w);
            mails_n(w, account, &validity);
            char *in = filled(rows[i].in, account, validity);
            char *want = filled(rows[i].want, account, validity);
            session_open(w, &s, true);
            say_in_pieces(&s, str_c(in), pieces[k]);
            assert_string_equal(buf_c(&s.all), want);
            session_break(&s);
            assert_int_equal(mails_n(w, account, NULL), rows[i].left);
            free(account);
            free(in);
            free(want);
        }
}

/* ---- logging in ---- */

#define WRONG "-ERR [AUTH] wrong name or password\r\n"

static void logins(void **state)
{
    static const struct {
        const char *in, *want;
        bool in_after;
    } tries[] = {
        { "USER jane\r\nPASS  p w \r\n", "+OK PASS now\r\n+OK 0 messages (0 octets)\r\n", true },
        { "USER JANE\nPASS  p w \n", "+OK PASS now\r\n+OK 0 messages (0 octets)\r\n", true },
        { "USER jane\r\nPASS p w\r\nPASS  p w \r\n", "+OK PASS now\r\n" WRONG "-ERR USER first\r\n",
          false },
        { "USER nobody\r\nPASS  p w \r\n", "+OK PASS now\r\n" WRONG, false },
        { "AUTH PLAIN AGphbmUAIHAgdyA=\r\n", "+OK 0 messages (0 octets)\r\n", true },
        { "auth plain\nAGphbmUAIHAgdyA=\n", "+ \r\n+OK 0 messages (0 octets)\r\n", true },
        { "AUTH PLAIN AGphbmUAcA==\r\n", WRONG, false },
        { "AUTH PLAIN =\r\n", "-ERR cannot read that\r\n", false },
        { "AUTH PLAIN\r\n*\r\nNOOP\r\n", "+ \r\n-ERR cancelled\r\n-ERR not now\r\n", false },
        { "AUTH LOGIN\r\namFuZQ==\r\nIHAgdyA=\r\n",
          "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK 0 messages (0 octets)\r\n", true },
        { "AUTH X\r\nAUTH\r\n", "-ERR this mechanism is not known\r\n" UNREAD, false },
    };
    for (size_t i = 0; i < COUNT(tries); i++) {
        struct session s;
        session_open(*state, &s, true);
        say(&s, tries[i].in, tries[i].want);
        assert_int_equal(popd_logged_in(s.popd), tries[i].in_after);
        session_break(&s);
    }
}

static void five_wrong_tries_end_it(void **state)
{
    struct session s;
    session_open(*state, &s, true);
    for (int i = 1; i < SERVER_LOGIN_TRIES; i++)
        assert_int_equal(say(&s, "USER jane\r\nPASS x\r\n", "+OK PASS now\r\n" WRONG),
                         SESSION_MORE);
    assert_int_equal(s.waits, SERVER_LOGIN_TRIES - 1);
    assert_int_equal(say(&s, "AUTH PLAIN AGphbmUAcA==\r\n", WRONG), SESSION_CLOSE);
    assert_true(popd_delay_ms(s.popd) > 0);
    session_break(&s);
}

static void nobody_logs_in_in_the_clear(void **state)
{
    struct session s;
    session_open(*state, &s, false);
    say(&s, "USER jane\r\nPASS  p w \r\nAUTH PLAIN AGphbmUAIHAgdyA=\r\n",
        "-ERR no login in the clear\r\n-ERR USER first\r\n-ERR no login in the clear\r\n");
    assert_false(popd_logged_in(s.popd));
    say_in_pieces(&s, STR("CAPA\r\n"), SIZE_MAX);
    assert_true(str_search(buf_str(&s.all), STR("USER")) == s.all.len);
    assert_true(str_search(buf_str(&s.all), STR("SASL")) == s.all.len);
    session_break(&s);
}

static void secrets_are_known(void **state)
{
    struct session s;
    session_open(*state, &s, true);
    assert_true(popd_secret(s.popd, STR(" pass x")));
    assert_true(popd_secret(s.popd, STR("AUTH PLAIN AGphbmUAcA==")));
    assert_false(popd_secret(s.popd, STR("USER jane")));
    say(&s, "AUTH PLAIN\r\n", "+ \r\n");
    assert_true(popd_secret(s.popd, STR("AGphbmUAcA==")));
    session_break(&s);
}

/* ---- the maildrop ---- */

static void a_second_session_has_to_wait(void **state)
{
    struct world *w = *state;
    struct session one;
    struct session two;
    char *account = account_new(w);
    char *line = xasprintf("USER %s\r\nPASS x\r\n", account);
    session_open(w, &one, true);
    session_open(w, &two, true);
    log_in(&one, account);
    say(&two, line, "+OK PASS now\r\n-ERR [IN-USE] another session has this mailbox\r\n");
    assert_int_equal(two.waits, POP3_BUSY_TRIES);
    assert_false(popd_logged_in(two.popd));
    say(&one, "QUIT\r\n", BYE);
    say(&two, line, IN_OK);
    session_break(&one);
    session_open(w, &one, true);
    /* The end of a broken connection is noticed while the next one waits. */
    struct str in = str_c(line);
    assert_int_equal(popd_feed(one.popd, &in, &one.out), SESSION_WAIT);
    session_break(&two);
    assert_int_equal(popd_feed(one.popd, &in, &one.out), SESSION_MORE);
    assert_string_equal(buf_c(&one.out), IN_OK);
    session_break(&one);
    free(line);
    free(account);
}

static void the_maildrop_is_a_snapshot(void **state)
{
    struct world *w = *state;
    struct session s;
    char *account = account_new(w);
    session_open(w, &s, true);
    log_in(&s, account);
    mail_add(w, account, str_c(first));
    mail_expunge(w, account, 1);
    say(&s, "STAT\r\nRETR 3\r\nRETR 1\r\nTOP 1 0\r\n",
        "+OK 2 49\r\n" NONE "-ERR this message is gone\r\n-ERR this message is gone\r\n");
    say(&s, "DELE 1\r\nDELE 2\r\nQUIT\r\n", DELE_OK DELE_OK BYE);
    session_break(&s);
    assert_int_equal(mails_n(w, account, NULL), 1);
    session_open(w, &s, true);
    log_in(&s, account);
    say(&s, "LIST\r\n", LIST_OK "1 21\r\n.\r\n");
    say_in_pieces(&s, STR("UIDL 1\r\n"), SIZE_MAX);
    assert_true(str_ends(buf_str(&s.all), "-3\r\n"));
    session_break(&s);
    free(account);
}

/* The numbers of one mailbox say nothing in another one. */
static void another_mailbox_under_the_name_is_left_alone(void **state)
{
    static const char other[] = "From a@b Thu Jan  1 00:00:00 2026\nSubject: other\n\nx\n\n"
                                "From a@b Thu Jan  1 00:00:00 2026\nSubject: more\n\ny\n\n";
    struct world *w = *state;
    struct error err;
    struct session s;
    char *account = account_new(w);
    char *path = xasprintf("%s/mail/%s/INBOX", w->options.root, account);
    session_open(w, &s, true);
    log_in(&s, account);
    say(&s, "DELE 1\r\n", DELE_OK);
    assert_int_equal(file_replace(path, str_c(other), 0600, &err), 0);
    say(&s, "RETR 2\r\n", "-ERR this message is gone\r\n");
    say(&s, "QUIT\r\n", BYE); /* what was marked is gone already */
    session_break(&s);
    assert_int_equal(mails_n(w, account, NULL), 2);
    free(path);
    free(account);
}

/* ---- size ---- */

/* Many pieces, a line that is longer than one, and no line end at the end. */
static void large_make(struct buf *text)
{
    static const char *const lines[] = { ".\r\n", "..\r\n", "\r\n", "a line.\r\n", ".x\r.\r\n" };
    buf_init(text, 1 << 22);
    buf_adds(text, "Subject: large\r\n\r\n");
    for (size_t i = 0; text->len < 3 * MBOX_PIECE; i++)
        buf_adds(text, lines[i * i % 7 % COUNT(lines)]);
    for (size_t i = 0; i <= MBOX_PIECE; i++)
        buf_addc(text, '.');
    buf_adds(text, "\r\n.end");
}

/* The message of an answer, whose last line end is the protocol's. */
static void body_is(struct session *s, const char *ask, struct str want)
{
    struct buf got = BUF_INIT(1 << 22);
    struct wire_pop3_body body = { 0 };
    struct wire_pop3_reply reply;
    struct str run;
    say_in_pieces(s, str_c(ask), SIZE_MAX);
    struct str in = buf_str(&s->all);
    assert_int_equal(wire_pop3_reply_next(&in, &reply), WIRE_OK);
    assert_int_equal(reply.kind, POP3_OK);
    while (wire_pop3_body_next(&body, &in, &run) == WIRE_MORE && in.n > 0)
        buf_add_str(&got, run);
    assert_int_equal(in.n, 0);
    assert_int_equal(got.len, want.n + (str_ends(want, "\r\n") ? 0 : 2));
    assert_true(str_eq(str_head(buf_str(&got), want.n), want));
    buf_free(&got);
}

static void a_large_message_goes_out_in_pieces(void **state)
{
    struct world *w = *state;
    struct session s;
    struct buf text;
    large_make(&text);
    struct str all = buf_str(&text);
    struct str rest = all;
    struct str line;
    size_t lines = 0;
    mail_add(w, "large", all);
    session_open(w, &s, true);
    log_in(&s, "large");
    body_is(&s, "RETR 1\r\n", all);
    assert_true(s.largest <= 3 * SERVER_OUT_FLUSH);
    while (str_line(&rest, &line))
        if (lines++ % 50000 == 2) {
            char *ask = xasprintf("TOP 1 %zu\r\n", lines - 2);
            body_is(&s, ask, str_head(all, all.n - rest.n));
            free(ask);
        }
    assert_true(lines > 100000);
    body_is(&s, "TOP 1 1000000\r\n", all);
    session_break(&s);
    buf_free(&text);
}

/* What an IMAP session does while a message is under way. */
static void expunge(void *arg)
{
    mail_expunge(arg, "large", 1);
}

static void a_message_that_goes_while_it_is_sent_has_no_end(void **state)
{
    struct world *w = *state;
    struct session s;
    struct buf text;
    large_make(&text);
    mail_add(w, "large", buf_str(&text));
    session_open(w, &s, true);
    log_in(&s, "large");
    s.at_flush = expunge;
    s.at_flush_arg = w;
    assert_int_equal(say_in_pieces(&s, STR("RETR 1\r\nNOOP\r\n"), SIZE_MAX), SESSION_CLOSE);
    assert_true(str_search(buf_str(&s.all), STR("\r\n.\r\n")) == s.all.len);
    assert_true(s.all.len < text.len);
    session_break(&s);
    buf_free(&text);
}

static void what_makes_no_sense_ends(void **state)
{
    struct session s;
    struct buf line = BUF_INIT(1 << 20);
    enum session_step r = SESSION_MORE;
    for (size_t i = 0; i <= WIRE_POP3_CMD_MAX; i++)
        buf_addc(&line, 'x');
    session_open(*state, &s, true);
    assert_int_equal(say_in_pieces(&s, buf_str(&line), 1000), SESSION_CLOSE);
    session_break(&s);
    session_open(*state, &s, true);
    assert_int_equal(say_in_pieces(&s, STR("USER a\0b\r\nUSER a\rb\r\n"), SIZE_MAX), SESSION_MORE);
    assert_string_equal(buf_c(&s.all), "-ERR cannot read that\r\n-ERR cannot read that\r\n");
    for (int i = 0; i < POP3_ERRORS_MAX && r == SESSION_MORE; i++)
        r = say(&s, "nonsense\r\n", "-ERR command not known\r\n");
    assert_int_equal(r, SESSION_CLOSE);
    session_break(&s);
    buf_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dialogues_hold_at_every_split, setup, teardown),
        cmocka_unit_test_setup_teardown(logins, setup_user, teardown),
        cmocka_unit_test_setup_teardown(five_wrong_tries_end_it, setup_user, teardown),
        cmocka_unit_test_setup_teardown(nobody_logs_in_in_the_clear, setup_user, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_session_has_to_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(the_maildrop_is_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(another_mailbox_under_the_name_is_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_large_message_goes_out_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_that_goes_while_it_is_sent_has_no_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
