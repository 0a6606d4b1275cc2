/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>
#include <unistd.h>

#include "net/imap.h"
#include "unit/net/script.h"

static const struct net_login jane = { .user = "jane", .secret = { "sec\"ret", 7 } };

/* What a handler heard. */
struct heard {
    struct buf words;
    int done, broken;
    enum imap_kind kind;
    struct imap *imap; /* queue another command when done */
    int break_at_resp;
};

static void heard_init(struct heard *h)
{
    *h = (struct heard){ .words = BUF_INIT(1 << 20) };
}

static int heard_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct heard *h = arg;
    if (h->break_at_resp)
        return error_set(err, ERR_STORE, RETRY_LATER, "full");
    switch (r->kind) {
    case IMAP_EXISTS:
        buf_addf(&h->words, "exists %u;", (unsigned)r->number);
        break;
    case IMAP_FETCH:
        buf_addf(&h->words, "fetch %u uid %u", r->fetch.seq, r->fetch.uid);
        if (r->fetch.body != NULL && r->fetch.body->kind != WIRE_STREAMED)
            buf_addf(&h->words, " [%.*s]", STR_ARG(r->fetch.body->s));
        buf_adds(&h->words, ";");
        break;
    case IMAP_OK:
        buf_addf(&h->words, "ok %d;", r->code == CODE_ALERT);
        break;
    case IMAP_LIST:
        buf_addf(&h->words, "list %.*s;", STR_ARG(r->list.name));
        break;
    default:
        buf_addf(&h->words, "kind %d;", (int)r->kind);
    }
    return 0;
}

static int heard_chunk(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err)
{
    struct heard *h = arg;
    (void)err;
    (void)seq;
    buf_add_str(&h->words, bytes);
    if (last)
        buf_adds(&h->words, "|");
    return 0;
}

static void heard_done(void *arg, const struct imap_resp *r)
{
    struct heard *h = arg;
    h->done++;
    h->broken += r == NULL;
    h->kind = r == NULL ? IMAP_OTHER : r->kind;
    if (h->imap != NULL) {
        struct imap *again = h->imap;
        h->imap = NULL;
        imap_queue(again, STR("NOOP"), &(struct imap_handler){ .done = heard_done, .arg = h });
    }
}

static struct imap *open_it(const struct script *server, int wait_ms, struct error *err)
{
    struct imap_options o = { .endpoint = { .proto = NET_IMAP,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE },
                              .login = &jane,
                              .connect_ms = wait_ms,
                              .wait_ms = wait_ms };
    return imap_open(&o, err);
}

#define CAPS "IMAP4rev1 IDLE LITERAL+ SASL-IR AUTH=PLAIN"
#define PLAIN "AGphbmUAc2VjInJldA=="
#define LOGIN                                                                                      \
    "S: * OK [CAPABILITY " CAPS "] hi\nC: t1 AUTHENTICATE PLAIN " PLAIN "\n"                       \
    "S: t1 OK [CAPABILITY " CAPS "] in\n"
#define LOGOUT(tag) "C: " tag " LOGOUT\nS: * BYE\nS: " tag " OK bye\nE:\n"

static void opening_logs_in_or_says_why_not(void **state)
{
    static const struct {
        const char *script;
        enum error_code code;
        enum error_retry retry;
    } rows[] = {
        { LOGIN LOGOUT("t2"), ERR_NONE, RETRY_NEVER },
        { "S: * OK hi\nC: t1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: t1 OK\n"
          "C: t2 AUTHENTICATE PLAIN\nS: +\nC: " PLAIN "\nS: t2 OK in\nC: t3 CAPABILITY\n"
          "S: * CAPABILITY IMAP4rev1\nS: t3 OK\n" LOGOUT("t4"),
          ERR_NONE, RETRY_NEVER },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN jane \"sec\\\\\"ret\"\n"
          "S: t1 OK [CAPABILITY IMAP4rev1] in\n" LOGOUT("t2"),
          ERR_NONE, RETRY_NEVER },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n" LOGOUT("t1"), ERR_NONE, RETRY_NEVER },
        { "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\nE:\n", ERR_AUTH, RETRY_NEVER },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN *\nS: t1 NO [AUTHENTICATIONFAILED] "
          "no\nE:\n",
          ERR_AUTH, RETRY_NEVER },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN *\nS: t1 NO\nE:\n", ERR_AUTH,
          RETRY_NEVER },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN *\nS: t1 NO [UNAVAILABLE] later\nE:\n",
          ERR_AUTH, RETRY_LATER },
        { "S: * BYE too many\nH:\n", ERR_REFUSED, RETRY_LATER },
        { "S: * NO no\nH:\n", ERR_PROTO, RETRY_LATER },
        { "S: 220 this is SMTP\nH:\n", ERR_PROTO, RETRY_LATER },
        { "S: t1 OK hi\nH:\n", ERR_PROTO, RETRY_LATER },
        { "X:\n", ERR_NET, RETRY_LATER },
        { "H:\n", ERR_NET, RETRY_LATER },
        { "s: * OK half\nH:\n", ERR_NET, RETRY_LATER },
        { "S: * OK hi\nC: t1 CAPABILITY\nH:\n", ERR_NET, RETRY_LATER },
        /* the login answered before it was said */
        { "S: * OK [CAPABILITY " CAPS "] hi\\r\\nt1 OK in\nE:\n", ERR_PROTO, RETRY_LATER },
        { "S: * OK [CAPABILITY " CAPS "] hi\nC: t1 *\nS: t9 OK in\nE:\n", ERR_PROTO, RETRY_LATER },
        { "S: * OK [CAPABILITY " CAPS "] hi\nC: t1 *\nS: t1 WHAT in\nE:\n", ERR_PROTO,
          RETRY_LATER },
        { "S: * OK [CAPABILITY " CAPS "] hi\nC: t1 *\nS: * BYE no\nE:\n", ERR_NET, RETRY_LATER },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct error err = { 0 };
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        bool hangs = strstr(rows[k].script, "half\nH:") ||
                     strstr(rows[k].script, "CAPABILITY\nH:") || rows[k].script[0] == 'H';
        struct imap *i = open_it(server, hangs ? 50 : 5000, &err);
        bool opened = i != NULL;
        imap_close(&i);
        if (!script_end(&server) || opened != (rows[k].code == ERR_NONE) ||
            (!opened && (err.code != rows[k].code || err.retry != rows[k].retry)))
            fail_msg("row %zu: error %d %s", k, (int)err.code, err.text);
    }
}

/* What no quotes can hold goes as a literal; what no login can carry goes nowhere. */
static void passwords_of_any_letters(void **state)
{
    static const struct {
        const char *script;
        struct str password;
        enum error_code code;
    } rows[] = {
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN jane {4}\nS: + go\nC: s\xC3\xA9"
          "c\nS: t1 OK [CAPABILITY IMAP4rev1] in\n" LOGOUT("t2"),
          { "s\xC3\xA9"
            "c",
            4 },
          ERR_NONE },
        { "S: * OK [CAPABILITY IMAP4rev1 LITERAL+] hi\nC: t1 LOGIN jane {4+}\nC: s\xC3\xA9"
          "c\nS: t1 OK [CAPABILITY IMAP4rev1] in\n" LOGOUT("t2"),
          { "s\xC3\xA9"
            "c",
            4 },
          ERR_NONE },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN jane {4}\nS: t1 NO\nE:\n",
          { "s\xC3\xA9"
            "c",
            4 },
          ERR_AUTH },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nE:\n", { "a\0b", 3 }, ERR_AUTH },
        { "S: * OK [CAPABILITY " CAPS "] hi\nE:\n", { "a\0b", 3 }, ERR_AUTH },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct error err = { 0 };
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct net_login login = { .user = "jane", .secret = rows[k].password };
        struct imap_options o = { .endpoint = { .proto = NET_IMAP,
                                                .host = "127.0.0.1",
                                                .port = script_port(server),
                                                .tls = TLS_NONE },
                                  .login = &login,
                                  .connect_ms = 5000,
                                  .wait_ms = 5000 };
        struct imap *i = imap_open(&o, &err);
        bool opened = i != NULL;
        imap_close(&i);
        if (!script_end(&server) || opened != (rows[k].code == ERR_NONE) ||
            (!opened && err.code != rows[k].code))
            fail_msg("row %zu: error %d %s", k, (int)err.code, err.text);
    }
}

static void queued_commands_go_together(void **state)
{
    static const char text[] =
        LOGIN "C: t2 SELECT INBOX\nC: t3 NOOP\nC: t4 UID FETCH 1 BODY.PEEK[]\nC: t5 NOOP\n"
              "S: * 3 EXISTS\nS: t2 OK [READ-WRITE] in\nS: * 4 EXISTS\nS: t3 NO\n"
              "S: * OK [ALERT] fire\n"
              "s: * 1 FETCH (UID 7 BODY[] {5}\\r\\nhe\ns: llo)\\r\\n\nS: t5 OK\nS: t4 OK\n"
              "C: t6 NOOP\nS: t6 OK\n" LOGOUT("t7");
    struct heard h[3], unasked;
    struct error err;
    (void)state;
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    for (size_t k = 0; k < COUNT(h); k++)
        heard_init(&h[k]);
    heard_init(&unasked);
    imap_on_unsolicited(i, heard_resp, &unasked);
    imap_queue(i, STR("SELECT INBOX"),
               &(struct imap_handler){ .resp = heard_resp, .done = heard_done, .arg = &h[0] });
    imap_queue(i, STR("NOOP"), &(struct imap_handler){ .done = heard_done, .arg = &h[1] });
    imap_queuef(i,
                &(struct imap_handler){
                    .resp = heard_resp, .chunk = heard_chunk, .done = heard_done, .arg = &h[2] },
                "UID FETCH %d BODY.PEEK[]", 1);
    h[1].imap = i; /* queues NOOP when it is done */
    imap_queue(i, STR("NOOP"), NULL);
    assert_int_equal(imap_run(i, &err), 0);
    assert_str(buf_str(&h[0].words), "exists 3;");
    assert_str(buf_str(&unasked.words), "exists 4;ok 1;");
    assert_str(buf_str(&h[2].words), "ok 1;hello|fetch 1 uid 7;");
    assert_int_equal(h[1].kind, IMAP_OK); /* of the second */
    assert_int_equal(h[0].done * 100 + h[1].done * 10 + h[2].done, 121);
    imap_close(&i);
    assert_true(script_end(&server));
    for (size_t k = 0; k < COUNT(h); k++)
        buf_free(&h[k].words);
    buf_free(&unasked.words);
}

static void refusals_of_one_command_leave_the_link(void **state)
{
    static const char text[] =
        LOGIN "C: t2 SELECT x\nS: t2 NO [NONEXISTENT] no such\n"
              "C: t3 FROB\nS: t3 BAD what\nC: t4 NOOP\nS: t4 OK\n" LOGOUT("t5");
    struct error err;
    (void)state;
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    assert_int_equal(imap_command(i, STR("SELECT x"), NULL, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_int_equal(imap_command(i, STR("FROB"), NULL, &err), -1);
    assert_int_equal(err.code, ERR_PROTO);
    assert_int_equal(imap_command(i, STR("NOOP"), NULL, &err), 0);
    imap_close(&i);
    assert_true(script_end(&server));
}

static int text_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    (void)err;
    buf_add_str(out, str_head(str_skip(str_c(arg), (size_t)offset), want));
    return 0;
}

static void append_waits_only_where_it_must(void **state)
{
    static char small[] = "a\r\nb\r\n";
    static const struct {
        const char *script;
        enum imap_kind first, second;
    } rows[] = {
        { LOGIN "C: t2 APPEND \"Sent &AOk-\" (\\\\Seen) {6+}\nC: a\nC: b\nC: \nC: t3 APPEND *\n"
                "C: a\nC: b\nC: \nS: t2 OK\nS: t3 OK\n" LOGOUT("t4"),
          IMAP_OK, IMAP_OK },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n"
          "C: t1 APPEND \"Sent &AOk-\" (\\\\Seen) {6}\nS: + go\nC: a\nC: b\nC: \n"
          "C: t2 APPEND \"Sent &AOk-\" (\\\\Seen) {6}\nS: t1 OK\nS: + go\nC: a\nC: b\nC: \n"
          "S: t2 OK\n" LOGOUT("t3"),
          IMAP_OK, IMAP_OK },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n"
          "C: t1 APPEND *\nS: t1 NO [OVERQUOTA] full\nC: t2 APPEND *\nS: + go\nC: a\nC: b\nC: \n"
          "S: t2 OK\n" LOGOUT("t3"),
          IMAP_NO, IMAP_OK },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct heard h[2];
        struct error err;
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct imap *i = open_it(server, 5000, &err);
        assert_non_null(i);
        for (size_t n = 0; n < 2; n++) {
            heard_init(&h[n]);
            imap_queue_append(i, STR("Sent \xC3\xA9"), IMAP_SEEN, 0, 6, text_read, small,
                              &(struct imap_handler){ .done = heard_done, .arg = &h[n] });
        }
        if (imap_run(i, &err) != 0)
            fail_msg("row %zu: %s", k, err.text);
        assert_int_equal(h[0].kind, rows[k].first);
        assert_int_equal(h[1].kind, rows[k].second);
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

static int blanks_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    (void)arg;
    (void)offset;
    (void)err;
    for (; want > 0; want--)
        buf_addc(out, ' ');
    return 0;
}

/* Refused while its literal is on its way: the rest would be read as commands, so the connection
 * goes. */
static void a_literal_refused_half_way_closes_the_link(void **state)
{
    struct heard h;
    struct error err;
    (void)state;
    heard_init(&h);
    struct script *server =
        script_start(STR(LOGIN "C: t2 APPEND *\nS: t2 NO full\nH:\n"), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    imap_queue_append(i, STR("Sent"), 0, 0, 64 << 20, blanks_read, NULL,
                      &(struct imap_handler){ .done = heard_done, .arg = &h });
    assert_int_equal(imap_run(i, &err), -1);
    assert_int_equal(h.done, 1);
    assert_int_equal(h.kind, IMAP_NO);
    imap_close(&i);
    assert_true(script_end(&server));
}

/* "OK" for a command that still waits behind another's literal. */
static void answers_ahead_of_their_commands_close_the_link(void **state)
{
    struct heard h[2];
    struct error err;
    (void)state;
    struct script *server = script_start(
        STR("S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 APPEND *\nS: t2 OK done\nE:\n"),
        SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    heard_init(&h[0]);
    heard_init(&h[1]);
    imap_queue_append(i, STR("Sent"), 0, 0, 10, blanks_read, NULL,
                      &(struct imap_handler){ .done = heard_done, .arg = &h[0] });
    imap_queue(i, STR("NOOP"), &(struct imap_handler){ .done = heard_done, .arg = &h[1] });
    assert_int_equal(imap_run(i, &err), -1);
    assert_int_equal(err.code, ERR_PROTO);
    assert_int_equal(h[0].broken + h[1].broken, 2);
    imap_close(&i);
    assert_true(script_end(&server));
}

static void idle_ends_for_three_reasons(void **state)
{
    static const char text[] =
        LOGIN "C: t2 IDLE\nS: + idling\nS: * OK still here\nS: * 5 EXISTS\nC: DONE\nS: * 6 "
              "EXISTS\nS: t2 OK\n"
              "C: t3 IDLE\nS: + idling\nC: DONE\nS: t3 OK\nC: t4 IDLE\nS: t4 NO\n"
              "C: t5 IDLE\nS: * 7 EXISTS\\r\\n+ idling\nC: DONE\nS: t5 OK\n" LOGOUT("t6");
    struct heard unasked;
    struct error err;
    int wake[2];
    (void)state;
    assert_int_equal(pipe(wake), 0);
    heard_init(&unasked);
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    imap_on_unsolicited(i, heard_resp, &unasked);
    assert_int_equal(imap_idle(i, wake[0], &err), 0);
    assert_int_equal(write(wake[1], "x", 1), 1);
    assert_int_equal(imap_idle(i, wake[0], &err), 1);
    assert_int_equal(imap_idle(i, wake[0], &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_int_equal(imap_idle(i, wake[0], &err), 0);
    assert_str(buf_str(&unasked.words), "ok 0;exists 5;exists 6;exists 7;");
    imap_close(&i);
    assert_true(script_end(&server));
    buf_free(&unasked.words);
    close(wake[0]);
    close(wake[1]);
}

/* The link goes at every byte of a session: every command's done is called once, nothing hangs or
 * leaks. */
static void a_cut_at_any_byte_ends_every_command_once(void **state)
{
    static const char text[] =
        LOGIN "C: t2 SELECT INBOX\nC: t3 UID FETCH 1:* BODY.PEEK[]\nC: t4 NOOP\n"
              "S: * 3 EXISTS\nS: t2 OK in\ns: * 1 FETCH (UID 7 BODY[] {5}\\r\\nhello)\\r\\n\n"
              "S: * 2 FETCH (UID 8 BODY[] \"quoted\")\nS: t3 OK\nS: t4 OK\n" LOGOUT("t5");
    (void)state;
    size_t until = script_sends(STR(text)) - strlen("* BYE\r\nt5 OK bye\r\n");
    for (size_t cut = 1; cut < until; cut++) {
        struct heard h[3];
        struct error err;
        struct script *server = script_start(STR(text), cut);
        struct imap *i = open_it(server, 5000, &err);
        static const char *const words[] = { "SELECT INBOX", "UID FETCH 1:* BODY.PEEK[]", "NOOP" };
        int done = 0;
        for (size_t k = 0; k < 3 && i != NULL; k++) {
            heard_init(&h[k]);
            imap_queue(i, str_c(words[k]),
                       &(struct imap_handler){ .resp = heard_resp,
                                               .chunk = heard_chunk,
                                               .done = heard_done,
                                               .arg = &h[k] });
        }
        if (i != NULL) {
            assert_int_equal(imap_run(i, &err), -1);
            assert_int_equal(err.code, ERR_NET);
            for (size_t k = 0; k < 3; k++) {
                done += h[k].done;
                buf_free(&h[k].words);
            }
            assert_int_equal(done, 3);
            assert_int_equal(imap_run(i, &err), -1);
        }
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

static void hostile_answers_close_the_link(void **state)
{
    static const struct {
        const char *answer;
        enum error_code code;
    } rows[] = {
        { "S: t7 OK\nE:\n", ERR_PROTO },
        { "S: t3 OK\nE:\n", ERR_PROTO },
        { "S: * BYE\nE:\n", ERR_NET },
        { "X:\n", ERR_NET },
        { "S: * 1 FETCH (UID 1 BODY[] {99999999999999999999}\nE:\n", ERR_PROTO },
        { "S: * 1 FETCH (UID 1 BODY[] {4294967296}\nE:\n", ERR_PROTO },
        { "S: * 99999999999 EXISTS\nE:\n", ERR_PROTO },
        { "S: * 1 FETCH (UID 1 FLAGS (((\nE:\n", ERR_PROTO },
        { "s: * 1 FETCH (UID 1 BODY[] {200000000}\\r\\nhello\nH:\n", ERR_NET },
        { "H:\n", ERR_NET },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct buf text = BUF_INIT(4096);
        struct heard h;
        struct error err = { 0 };
        heard_init(&h);
        buf_addf(&text, "%s%s%s", LOGIN, "C: t2 NOOP\n", rows[k].answer);
        struct script *server = script_start(buf_str(&text), SIZE_MAX);
        struct imap *i = open_it(server, 300, &err);
        assert_non_null(i);
        imap_queue(i, STR("NOOP"),
                   &(struct imap_handler){ .resp = heard_resp, .done = heard_done, .arg = &h });
        if (imap_run(i, &err) != -1 || err.code != rows[k].code || h.done != 1 || h.broken != 1)
            fail_msg("row %zu: error %d %s, done %d", k, (int)err.code, err.text, h.done);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&text);
        buf_free(&h.words);
    }
}

static void our_own_stops_close_it_too(void **state)
{
    struct heard h;
    struct error err;
    (void)state;
    heard_init(&h);
    h.break_at_resp = 1;
    struct script *server =
        script_start(STR(LOGIN "C: t2 NOOP\nS: * 1 EXISTS\nS: t2 OK\nH:\n"), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    imap_queue(i, STR("NOOP"),
               &(struct imap_handler){ .resp = heard_resp, .done = heard_done, .arg = &h });
    assert_int_equal(imap_run(i, &err), -1);
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(h.broken, 1);
    imap_close(&i);
    assert_true(script_end(&server));
    server = script_start(STR(LOGIN "E:\n"), SIZE_MAX);
    i = open_it(server, 5000, &err);
    assert_non_null(i);
    imap_queue(i, STR("NOOP\r\nt9 DELETE INBOX"), NULL);
    assert_int_equal(imap_run(i, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    imap_close(&i);
    assert_true(script_end(&server));
}

/* More commands than the buffers of both sockets hold, each with an answer: nobody may wait for the
 * other. */
static void long_queues_do_not_lock(void **state)
{
    enum { COMMANDS = 8000, PADDING = 900 };
    struct buf text = BUF_INIT(64 << 20);
    char pad[PADDING + 1];
    struct error err;
    (void)state;
    memset(pad, 'x', PADDING);
    pad[PADDING] = '\0';
    buf_adds(&text, LOGIN);
    for (unsigned k = 2; k < COMMANDS + 2; k++)
        buf_addf(&text, "C: t%u X*\nS: t%u OK %s\n", k, k, pad);
    buf_addf(&text, "C: t%u LOGOUT\nS: t%u OK\nE:\n", COMMANDS + 2, COMMANDS + 2);
    struct script *server = script_start(buf_str(&text), SIZE_MAX);
    struct imap *i = open_it(server, 5000, &err);
    assert_non_null(i);
    for (unsigned k = 0; k < COMMANDS; k++)
        imap_queuef(i, NULL, "X%s", pad);
    if (imap_run(i, &err) != 0)
        fail_msg("%s", err.text);
    imap_close(&i);
    assert_true(script_end(&server));
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_logs_in_or_says_why_not),
        cmocka_unit_test(passwords_of_any_letters),
        cmocka_unit_test(queued_commands_go_together),
        cmocka_unit_test(refusals_of_one_command_leave_the_link),
        cmocka_unit_test(append_waits_only_where_it_must),
        cmocka_unit_test(a_literal_refused_half_way_closes_the_link),
        cmocka_unit_test(answers_ahead_of_their_commands_close_the_link),
        cmocka_unit_test(idle_ends_for_three_reasons),
        cmocka_unit_test(a_cut_at_any_byte_ends_every_command_once),
        cmocka_unit_test(hostile_answers_close_the_link),
        cmocka_unit_test(our_own_stops_close_it_too),
        cmocka_unit_test(long_queues_do_not_lock),
    };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
