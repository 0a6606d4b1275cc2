/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>

#include "base/file.h"
#include "net/smtp.h"
#include "unit/net/script.h"

struct mail {
    struct str text;
    int dots, fail_read, fail_dot;
};

static int mail_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    const struct mail *m = arg;
    if (m->fail_read)
        return error_set(err, ERR_STORE, RETRY_LATER, "no");
    buf_add_str(out, str_head(str_skip(m->text, (size_t)offset), want));
    return 0;
}

static int mail_before_dot(void *arg, struct error *err)
{
    struct mail *m = arg;
    m->dots++;
    return m->fail_dot ? error_set(err, ERR_STORE, RETRY_LATER, "no") : 0;
}

struct run {
    enum smtp_outcome outcome;
    struct error err;
    struct smtp_envelope env;
    struct smtp_rcpt rcpts[2];
    struct mail mail;
    bool opened, usable;
    int dot_ms;
    enum net_proto proto;
    struct smtp_answer refusal;
};

static const struct net_login jane = { .user = "jane", .secret = { "secret", 6 } };

/* One session against the server of a script: open, send (if mail has text), close. */
static void session(struct run *r, const struct script *server, const struct net_login *login,
                    int wait_ms)
{
    struct smtp_options o = { .endpoint = { .proto = r->proto,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE,
                                            .ehlo_name = "me.example" },
                              .refusal = &r->refusal,
                              .login = login,
                              .connect_ms = wait_ms,
                              .wait_ms = wait_ms,
                              .dot_ms = r->dot_ms };
    struct smtp *s = smtp_open(&o, &r->err);
    r->opened = s != NULL;
    r->outcome = SMTP_UNSENT;
    if (s == NULL)
        return;
    struct smtp_body body = { .read = mail_read, .before_dot = mail_before_dot, .arg = &r->mail };
    if (r->mail.text.n > 0)
        r->outcome = smtp_send(s, &r->env, &body, &r->err);
    r->usable = smtp_usable(s);
    smtp_close(&s);
}

static void run_init(struct run *r)
{
    *r = (struct run){ .proto = NET_SMTP, .mail = { .text = STR("Subject: x\r\n\r\n.hi\r\n") } };
    r->rcpts[0].address = "a@example.org";
    r->rcpts[1].address = "b@example.org";
    r->env = (struct smtp_envelope){
        .sender = "me@example.org", .rcpts = r->rcpts, .rcpts_n = 2, .size = r->mail.text.n
    };
}

#define HELLO "S: 220 hi\nC: EHLO me.example\n"
#define PIPED HELLO "S: 250-hi\nS: 250-PIPELINING\nS: 250-8BITMIME\nS: 250 SIZE 1000\n"
#define ENVELOPE                                                                                   \
    "C: MAIL FROM:<me@example.org> SIZE=19\nC: RCPT TO:<a@example.org>\n"                          \
    "C: RCPT TO:<b@example.org>\nC: DATA\n"
#define BODY "C: Subject: x\nC: \nC: ..hi\nC: .\n"
#define QUIT "C: QUIT\nS: 221 bye\nE:\n"
#define TAKEN "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n"

static void every_dialogue_has_its_outcome(void **state)
{
    static const struct {
        const char *script;
        enum smtp_outcome want;
        enum error_code code;
        unsigned rcpt0, rcpt1;
        int dots;
        bool usable;
    } rows[] = {
        { PIPED ENVELOPE TAKEN BODY "S: 250 2.0.0 queued\n" QUIT, SMTP_SENT, ERR_NONE, 250, 250, 1,
          true },
        /* one recipient of two */
        { PIPED ENVELOPE "S: 250 ok\nS: 550 5.1.1 who\nS: 250 ok\nS: 354 go\n" BODY
                         "S: 250 ok\n" QUIT,
          SMTP_SENT, ERR_NONE, 550, 250, 1, true },
        /* nobody: for good, and for now */
        { PIPED ENVELOPE "S: 250 ok\nS: 550 who\nS: 550 who\nS: 554 none\n" QUIT, SMTP_REJECTED,
          ERR_ADDRESS, 550, 550, 0, true },
        { PIPED ENVELOPE "S: 250 ok\nS: 550 who\nS: 451 grey\nS: 554 none\n" QUIT, SMTP_UNSENT,
          ERR_REFUSED, 550, 451, 0, true },
        /* RFC 2920 §3.1: DATA let through though nobody was taken */
        { PIPED ENVELOPE "S: 250 ok\nS: 550 who\nS: 550 who\nS: 354 go\nC: .\nS: 554 none\n" QUIT,
          SMTP_REJECTED, ERR_ADDRESS, 550, 550, 0, true },
        { PIPED ENVELOPE "S: 552 big\nS: 503 x\nS: 503 x\nS: 503 x\n" QUIT, SMTP_REJECTED,
          ERR_REFUSED, 503, 503, 0, true },
        { PIPED ENVELOPE "S: 451 later\nS: 503 x\nS: 503 x\nS: 503 x\n" QUIT, SMTP_UNSENT,
          ERR_REFUSED, 503, 503, 0, true },
        { PIPED ENVELOPE "S: 550 go away\nX:\n", SMTP_REJECTED, ERR_REFUSED, 0, 0, 0, false },
        { PIPED ENVELOPE "S: 451 no\nS: 250 ok\nS: 250 ok\nS: 354 go\nE:\n", SMTP_UNSENT,
          ERR_REFUSED, 250, 250, 0, false },
        { PIPED ENVELOPE "S: 421 closing\nX:\n", SMTP_UNSENT, ERR_NET, 0, 0, 0, false },
        /* 250 where 354 is due is no leave to send, and nothing was sent */
        { PIPED ENVELOPE "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 sent\nE:\n", SMTP_UNSENT,
          ERR_PROTO, 250, 250, 0, false },
        { PIPED ENVELOPE "S: 250 ok\nS: 250 ok\nS: 354 ok\nS: 354 go\nE:\n", SMTP_UNSENT, ERR_PROTO,
          250, 354, 0, false },
        /* an answer to the dot ahead of the dot */
        { PIPED ENVELOPE "s: 250 ok\\r\\n250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 sent\\r\\n\nE:\n",
          SMTP_UNSENT, ERR_PROTO, 250, 250, 0, false },
        { PIPED ENVELOPE "s: 250 ok\\r\\n250 ok\\r\\n250 ok\\r\\n354 go\\r\\n552 full\\r\\n\nE:\n",
          SMTP_REJECTED, ERR_REFUSED, 250, 250, 0, false },
        /* the dot's own answer */
        { PIPED ENVELOPE TAKEN BODY "S: 554 5.7.1 spam\n" QUIT, SMTP_REJECTED, ERR_REFUSED, 250,
          250, 1, true },
        { PIPED ENVELOPE TAKEN BODY "S: 452 full\n" QUIT, SMTP_UNSENT, ERR_REFUSED, 250, 250, 1,
          true },
        { PIPED ENVELOPE TAKEN BODY "S: 421 down\nE:\n", SMTP_UNSENT, ERR_NET, 250, 250, 1, false },
        { PIPED ENVELOPE TAKEN BODY "X:\n", SMTP_IN_DOUBT, ERR_DOUBT, 250, 250, 1, false },
        { PIPED ENVELOPE TAKEN BODY "H:\n", SMTP_IN_DOUBT, ERR_DOUBT, 250, 250, 1, false },
        { PIPED ENVELOPE TAKEN BODY "S: nonsense\nE:\n", SMTP_IN_DOUBT, ERR_DOUBT, 250, 250, 1,
          false },
        { PIPED ENVELOPE TAKEN BODY "S: 354 go\nE:\n", SMTP_IN_DOUBT, ERR_DOUBT, 250, 250, 1,
          false },
        { PIPED ENVELOPE TAKEN BODY "S: 250-half\nS: 251 other\nE:\n", SMTP_IN_DOUBT, ERR_DOUBT,
          250, 250, 1, false },
        /* one step at a time where PIPELINING is not offered; no SIZE either */
        { HELLO "S: 250 hi\nC: MAIL FROM:<me@example.org>\nS: 250 ok\nC: RCPT TO:<a@example.org>\n"
                "S: 250 ok\nC: RCPT TO:<b@example.org>\nS: 251 ok\nC: DATA\nS: 354 go\n" BODY
                "S: 250 ok\n" QUIT,
          SMTP_SENT, ERR_NONE, 250, 251, 1, true },
        { HELLO "S: 250 hi\nC: MAIL FROM:<me@example.org>\nS: 550 no\n" QUIT, SMTP_REJECTED,
          ERR_REFUSED, 0, 0, 0, true },
        /* HELO for the old ones */
        { HELLO "S: 502 what\nC: HELO me.example\nS: 250 hi\nC: MAIL FROM:<me@example.org>\n"
                "S: 550 no\n" QUIT,
          SMTP_REJECTED, ERR_REFUSED, 0, 0, 0, true },
        /* too large: said before anything is sent */
        { HELLO "S: 250-hi\nS: 250 SIZE 10\n" QUIT, SMTP_REJECTED, ERR_REFUSED, 0, 0, 0, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run r;
        run_init(&r);
        r.dot_ms = strstr(rows[i].script, "H:\n") != NULL ? 50 : 5000;
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        session(&r, server, NULL, 5000);
        if (!script_end(&server) || !r.opened || r.outcome != rows[i].want ||
            (r.outcome != SMTP_SENT && r.err.code != rows[i].code))
            fail_msg("row %zu: outcome %d, error %d %s", i, (int)r.outcome, (int)r.err.code,
                     r.err.text);
        assert_int_equal(r.rcpts[0].code, rows[i].rcpt0);
        assert_int_equal(r.rcpts[1].code, rows[i].rcpt1);
        assert_int_equal(r.mail.dots, rows[i].dots);
        assert_int_equal(r.usable, rows[i].usable);
    }
}

static void opening_says_why_not(void **state)
{
    static const struct {
        const char *script;
        bool login;
        enum error_code code;
        enum error_retry retry;
    } rows[] = {
        { HELLO
          "S: 250-hi\nS: 250 AUTH LOGIN PLAIN\nC: AUTH PLAIN AGphbmUAc2VjcmV0\nS: 235 ok\n" QUIT,
          true, ERR_NONE, RETRY_NEVER },
        { HELLO "S: 250-hi\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: amFuZQ==\n"
                "S: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok\n" QUIT,
          true, ERR_NONE, RETRY_NEVER },
        { HELLO "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 334\nC: AGphbmUAc2VjcmV0\n"
                "S: 235 ok\n" QUIT,
          true, ERR_NONE, RETRY_NEVER },
        { HELLO "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 535 5.7.8 wrong\n" QUIT, true,
          ERR_AUTH, RETRY_NEVER },
        { HELLO "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 454 busy\n" QUIT, true, ERR_AUTH,
          RETRY_LATER },
        { HELLO "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 250 sure\n" QUIT, true, ERR_AUTH,
          RETRY_NEVER },
        { HELLO "S: 250-hi\nS: 250 AUTH NTLM\n" QUIT, true, ERR_AUTH, RETRY_NEVER },
        { HELLO "S: 250 hi\n" QUIT, true, ERR_AUTH, RETRY_NEVER },
        { "S: 554 no\n" QUIT, false, ERR_REFUSED, RETRY_NEVER },
        { "S: 421 busy\n" QUIT, false, ERR_NET, RETRY_LATER },
        { "S: 250 hi\nE:\n", false, ERR_PROTO, RETRY_LATER },
        { "S: * OK this is IMAP\nE:\n", false, ERR_PROTO, RETRY_LATER },
        { "S: 220 hi\\r\\n250 early\nE:\n", false, ERR_PROTO, RETRY_LATER },
        { "X:\n", false, ERR_NET, RETRY_LATER },
        { "H:\n", false, ERR_NET, RETRY_LATER },
        { HELLO "S: 250-hi\nH:\n", false, ERR_NET, RETRY_LATER },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run r;
        run_init(&r);
        r.mail.text.n = 0;
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        bool hangs = strstr(rows[i].script, "H:\n") != NULL;
        session(&r, server, rows[i].login ? &jane : NULL, hangs ? 50 : 5000);
        if (!script_end(&server) || r.opened != (rows[i].code == ERR_NONE) ||
            (!r.opened && (r.err.code != rows[i].code || r.err.retry != rows[i].retry)))
            fail_msg("row %zu: error %d %s", i, (int)r.err.code, r.err.text);
    }
}

static void a_cut_at_any_byte_is_never_sent(void **state)
{
    static const char text[] = PIPED ENVELOPE TAKEN BODY "S: 250 ok\n" QUIT;
    size_t until = script_sends(str_c(PIPED ENVELOPE TAKEN BODY));
    (void)state;
    for (size_t cut = 1; cut < until + sizeof "250 ok\r\n" - 1; cut++) {
        struct run r;
        run_init(&r);
        struct script *server = script_start(str_c(text), cut);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        enum smtp_outcome want = r.mail.dots > 0 ? SMTP_IN_DOUBT : SMTP_UNSENT;
        if (r.outcome != want || (cut > until && want != SMTP_IN_DOUBT))
            fail_msg("cut %zu: outcome %d", cut, (int)r.outcome);
    }
}

static void our_own_failures_send_no_dot(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct run r;
        run_init(&r);
        r.mail.fail_read = which == 0;
        r.mail.fail_dot = which == 1;
        struct script *server = script_start(STR(PIPED ENVELOPE TAKEN "E:\n"), SIZE_MAX);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        assert_int_equal(r.outcome, SMTP_UNSENT);
        assert_int_equal(r.err.code, ERR_STORE);
        assert_false(r.usable);
    }
}

static void bad_addresses_reach_no_server(void **state)
{
    static const char *const bad[] = { "a@example.org> SIZE=1", "a@example.org\r\nDATA", "a b@c",
                                       "" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct run r;
        run_init(&r);
        r.env.rcpts_n = 1;
        r.rcpts[0].address = bad[i];
        struct script *server = script_start(STR(PIPED QUIT), SIZE_MAX);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        assert_int_equal(r.outcome, SMTP_REJECTED);
        assert_int_equal(r.err.code, ERR_ADDRESS);
        assert_int_equal(r.rcpts[0].code, 553);
    }
}

static void two_messages_on_one_connection(void **state)
{
    static const char text[] = PIPED ENVELOPE "S: 451 later\nS: 503 x\nS: 503 x\nS: 503 x\n"
                                              "C: RSET\nS: 250 ok\n" ENVELOPE TAKEN BODY
                                              "S: 250 ok\n" ENVELOPE TAKEN BODY "S: 250 ok\n" QUIT;
    static const enum smtp_outcome want[] = { SMTP_UNSENT, SMTP_SENT, SMTP_SENT };
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct smtp_options o = { .endpoint = { .proto = NET_SMTP,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE,
                                            .ehlo_name = "me.example" },
                              .connect_ms = 5000,
                              .wait_ms = 5000 };
    struct error err;
    (void)state;
    struct smtp *s = smtp_open(&o, &err);
    assert_non_null(s);
    for (size_t i = 0; i < COUNT(want); i++) {
        struct run r;
        run_init(&r);
        struct smtp_body body = { .read = mail_read,
                                  .before_dot = mail_before_dot,
                                  .arg = &r.mail };
        assert_int_equal(smtp_send(s, &r.env, &body, &r.err), want[i]);
    }
    smtp_close(&s);
    assert_true(script_end(&server));
}

/* The commands for the next message follow a final dot at once (RFC 2920 §3.1). */
static void the_next_message_is_asked_for_ahead(void **state)
{
    static const struct {
        const char *script;
        enum smtp_outcome want[3];
        bool usable;
    } rows[] = {
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 250 ok\n" TAKEN BODY ENVELOPE
                                             "S: 250 ok\n" TAKEN BODY "S: 250 ok\n" QUIT,
          { SMTP_SENT, SMTP_SENT, SMTP_SENT },
          true },
        /* each answer is about its own message */
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 552 too much\nS: 250 ok\nS: 550 who\nS: 250 ok\n"
                                             "S: 354 go\n" BODY ENVELOPE
                                             "S: 452 later\nS: 250 ok\nS: 550 a\nS: 550 b\n"
                                             "S: 554 nobody\n" QUIT,
          { SMTP_REJECTED, SMTP_UNSENT, SMTP_REJECTED },
          true },
        /* nobody is taken, and DATA is let through all the same */
        { PIPED ENVELOPE TAKEN BODY ENVELOPE
          "S: 250 ok\nS: 250 ok\nS: 550 a\nS: 550 b\nS: 354 go\n"
          "C: .\nS: 554 nobody\nC: RSET\nS: 250 ok\n" ENVELOPE TAKEN BODY "S: 250 ok\n" QUIT,
          { SMTP_SENT, SMTP_REJECTED, SMTP_SENT },
          true },
        /* a server that has not done with the first is asked again, and no more ahead */
        { PIPED ENVELOPE TAKEN BODY ENVELOPE
          "S: 250 ok\nS: 503 nested\nS: 503 x\nS: 503 x\nS: 503 x\nC: RSET\nS: 250 ok\n" ENVELOPE
              TAKEN BODY "S: 250 ok\n" ENVELOPE TAKEN BODY "S: 250 ok\n" QUIT,
          { SMTP_SENT, SMTP_SENT, SMTP_SENT },
          true },
        /* so many messages and no more */
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 250 ok\nS: 421 enough\nX:\n",
          { SMTP_SENT, SMTP_UNSENT, SMTP_UNSENT },
          false },
        /* what breaks then is no doubt about what was not sent */
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "X:\n",
          { SMTP_IN_DOUBT, SMTP_UNSENT, SMTP_UNSENT },
          false },
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 250 ok\nX:\n",
          { SMTP_SENT, SMTP_UNSENT, SMTP_UNSENT },
          false },
        { PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 250 ok\n" TAKEN BODY ENVELOPE "X:\n",
          { SMTP_SENT, SMTP_IN_DOUBT, SMTP_UNSENT },
          false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        struct smtp_options o = { .endpoint = { .proto = NET_SMTP,
                                                .host = "127.0.0.1",
                                                .port = script_port(server),
                                                .tls = TLS_NONE,
                                                .ehlo_name = "me.example" },
                                  .connect_ms = 5000,
                                  .wait_ms = 5000 };
        struct error err;
        struct run r[COUNT(rows[i].want)];
        struct smtp *s = smtp_open(&o, &err);
        assert_non_null(s);
        for (size_t k = 0; k < COUNT(r); k++)
            run_init(&r[k]);
        for (size_t k = 0; k < COUNT(r); k++) {
            struct smtp_body body = { .read = mail_read,
                                      .before_dot = mail_before_dot,
                                      .next = k + 1 < COUNT(r) ? &r[k + 1].env : NULL,
                                      .arg = &r[k].mail };
            enum smtp_outcome got = smtp_send(s, &r[k].env, &body, &r[k].err);
            if (got != rows[i].want[k])
                fail_msg("row %zu, message %zu: outcome %d: %s", i, k, (int)got, r[k].err.text);
        }
        assert_int_equal(smtp_usable(s), rows[i].usable);
        smtp_close(&s);
        assert_true(script_end(&server));
    }
}

/* Another message than was announced: the server waits for that one, so the connection is given up. */
static void another_message_than_announced_is_not_mixed_up(void **state)
{
    static const char text[] = PIPED ENVELOPE TAKEN BODY ENVELOPE "S: 250 ok\n" TAKEN "E:\n";
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct smtp_options o = { .endpoint = { .proto = NET_SMTP,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE,
                                            .ehlo_name = "me.example" },
                              .connect_ms = 5000,
                              .wait_ms = 5000 };
    struct error err;
    struct run r[3];
    (void)state;
    for (size_t k = 0; k < COUNT(r); k++)
        run_init(&r[k]);
    struct smtp *s = smtp_open(&o, &err);
    assert_non_null(s);
    struct smtp_body body = { .read = mail_read, .next = &r[1].env, .arg = &r[0].mail };
    assert_int_equal(smtp_send(s, &r[0].env, &body, &err), SMTP_SENT);
    body.next = NULL;
    assert_int_equal(smtp_send(s, &r[2].env, &body, &err), SMTP_UNSENT);
    assert_false(smtp_usable(s));
    smtp_close(&s);
    assert_true(script_end(&server));
}

/* Domains go as the DNS has them; SMTPUTF8 is for local parts that need it (RFC 6531 §3.4). */
static void letters_beyond_ascii(void **state)
{
    static const struct {
        const char *script, *to;
        enum smtp_outcome want;
        const char *enhanced;
    } rows[] = {
        { HELLO "S: 250-hi\nS: 250 SMTPUTF8\nC: MAIL FROM:<me@example.org>\nS: 250 ok\n"
                "C: RCPT TO:<joe@xn--bcher-kva.example>\nS: 250 ok\nC: DATA\nS: 354 go\n" BODY
                "S: 250 ok\n" QUIT,
          "joe@b\xc3\xbc"
          "cher.example",
          SMTP_SENT, "" },
        { HELLO "S: 250 hi\nC: MAIL FROM:<me@example.org>\nS: 250 ok\n"
                "C: RCPT TO:<joe@xn--bcher-kva.example>\nS: 250 ok\nC: DATA\nS: 354 go\n" BODY
                "S: 250 ok\n" QUIT,
          "joe@B\xc3\xbc"
          "cher.example",
          SMTP_SENT, "" },
        { HELLO "S: 250-hi\nS: 250 SMTPUTF8\nC: MAIL FROM:<me@example.org> SMTPUTF8\nS: 250 ok\n"
                "C: RCPT TO:<j\xc3\xb6@b\xc3\xbc"
                "cher.example>\nS: 250 ok\nC: DATA\nS: 354 go\n" BODY "S: 250 ok\n" QUIT,
          "j\xc3\xb6@b\xc3\xbc"
          "cher.example",
          SMTP_SENT, "" },
        { HELLO "S: 250 hi\n" QUIT, "j\xc3\xb6@example.org", SMTP_REJECTED, "5.6.7" },
        { HELLO "S: 250-hi\nS: 250 SMTPUTF8\n" QUIT, "j\xc3@example.org", SMTP_REJECTED, "5.1.3" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run r;
        run_init(&r);
        r.env.rcpts_n = 1;
        r.rcpts[0].address = rows[i].to;
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        if (r.outcome != rows[i].want || strcmp(r.rcpts[0].enhanced, rows[i].enhanced) != 0)
            fail_msg("row %zu: outcome %d, %s: %s", i, (int)r.outcome, r.rcpts[0].enhanced,
                     r.err.text);
    }
}

#define LMTP "S: 220 hi\nC: LHLO me.example\nS: 250-hi\nS: 250 PIPELINING\n"
#define LMTP_ENVELOPE                                                                              \
    "C: MAIL FROM:<me@example.org>\nC: RCPT TO:<a@example.org>\n"                                  \
    "C: RCPT TO:<b@example.org>\nC: DATA\n"

/* RFC 2033 §4.2 */
static void lmtp_answers_for_each_recipient(void **state)
{
    static const struct {
        const char *script;
        enum smtp_outcome want;
        unsigned code[2];
    } rows[] = {
        { LMTP LMTP_ENVELOPE TAKEN BODY "S: 250 2.0.0 ok\nS: 250 ok\n" QUIT,
          SMTP_SENT,
          { 250, 250 } },
        { LMTP LMTP_ENVELOPE TAKEN BODY "S: 250 2.0.0 ok\nS: 552 5.2.2 full\n" QUIT,
          SMTP_SENT,
          { 250, 552 } },
        /* who was not taken gets no reply */
        { LMTP LMTP_ENVELOPE "S: 250 ok\nS: 550 5.1.1 who\nS: 250 ok\nS: 354 go\n" BODY
                             "S: 250 ok\n" QUIT,
          SMTP_SENT,
          { 550, 250 } },
        { LMTP LMTP_ENVELOPE TAKEN BODY "S: 552 5.2.2 full\nS: 552 5.2.2 full\n" QUIT,
          SMTP_REJECTED,
          { 552, 552 } },
        { LMTP LMTP_ENVELOPE TAKEN BODY "S: 552 5.2.2 full\nS: 450 4.2.0 wait\n" QUIT,
          SMTP_UNSENT,
          { 552, 450 } },
        { LMTP LMTP_ENVELOPE TAKEN BODY "S: 250 2.0.0 ok\nX:\n", SMTP_IN_DOUBT, { 250, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run r;
        run_init(&r);
        r.proto = NET_LMTP;
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        if (r.outcome != rows[i].want || r.rcpts[0].code != rows[i].code[0] ||
            r.rcpts[1].code != rows[i].code[1])
            fail_msg("row %zu: outcome %d, %u %u", i, (int)r.outcome, r.rcpts[0].code,
                     r.rcpts[1].code);
    }
}

/* RFC 3461 §4: only to servers that offer it */
static void dsn_parameters_where_offered(void **state)
{
    static const char *const scripts[] = {
        HELLO "S: 250-hi\nS: 250 DSN\n"
              "C: MAIL FROM:<me@example.org> RET=HDRS ENVID=QQ+2B1\nS: 250 ok\n"
              "C: RCPT TO:<a@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@y\nS: 250 ok\n"
              "C: RCPT TO:<b@example.org> NOTIFY=NEVER\nS: 550 5.7.1 no\n"
              "C: DATA\nS: 354 go\n" BODY "S: 250 2.6.0 ok\n" QUIT,
        HELLO "S: 250 hi\nC: MAIL FROM:<me@example.org>\nS: 250 ok\n"
              "C: RCPT TO:<a@example.org>\nS: 250 ok\n"
              "C: RCPT TO:<b@example.org>\nS: 550 5.7.1 no\n"
              "C: DATA\nS: 354 go\n" BODY "S: 250 2.6.0 ok\n" QUIT,
    };
    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct run r;
        run_init(&r);
        r.env.ret = SMTP_RET_HDRS;
        r.env.envid = "QQ+2B1";
        r.rcpts[0].notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY;
        r.rcpts[0].orcpt = "rfc822;x@y";
        r.rcpts[1].notify = SMTP_NOTIFY_NEVER;
        r.rcpts[1].orcpt = "rfc822;x@y\r\nDATA";
        struct script *server = script_start(str_c(scripts[i]), SIZE_MAX);
        session(&r, server, NULL, 5000);
        assert_true(script_end(&server));
        assert_int_equal(r.outcome, SMTP_SENT);
        assert_string_equal(r.rcpts[1].enhanced, "5.7.1");
        assert_string_equal(r.env.reply_enhanced, "2.6.0");
        assert_int_equal(r.env.reply_code, 250);
    }
}

static void a_refused_connection_is_told(void **state)
{
    static const struct {
        const char *script;
        unsigned code;
        const char *enhanced;
    } rows[] = {
        { "S: 554-5.7.1 go\nS: 554 5.7.1 away\nE:\n", 554, "5.7.1" },
        { "S: 421 busy\nE:\n", 421, "" },
        { HELLO "S: 450 4.3.2 wait\nE:\n", 450, "4.3.2" },
        { "X:\n", 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run r;
        run_init(&r);
        struct script *server = script_start(str_c(rows[i].script), SIZE_MAX);
        session(&r, server, NULL, 5000);
        script_end(&server);
        assert_false(r.opened);
        assert_int_equal(r.refusal.code, rows[i].code);
        assert_string_equal(r.refusal.enhanced, rows[i].enhanced);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialogue_has_its_outcome),
        cmocka_unit_test(opening_says_why_not),
        cmocka_unit_test(a_cut_at_any_byte_is_never_sent),
        cmocka_unit_test(our_own_failures_send_no_dot),
        cmocka_unit_test(bad_addresses_reach_no_server),
        cmocka_unit_test(letters_beyond_ascii),
        cmocka_unit_test(two_messages_on_one_connection),
        cmocka_unit_test(the_next_message_is_asked_for_ahead),
        cmocka_unit_test(another_message_than_announced_is_not_mixed_up),
        cmocka_unit_test(lmtp_answers_for_each_recipient),
        cmocka_unit_test(dsn_parameters_where_offered),
        cmocka_unit_test(a_refused_connection_is_told),
    };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
