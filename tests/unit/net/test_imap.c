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
            imap_queue_append(i, STR("Sent &AOk-"), IMAP_SEEN, 0, 6, text_read, small,
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

/* A session that begins with PREAUTH, these capabilities and these options. */
static struct imap *open_with(const struct script *server, uint64_t enable, uint64_t *lies)
{
    struct imap_options o = { .endpoint = { .proto = NET_IMAP,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE },
                              .connect_ms = 5000,
                              .wait_ms = 5000,
                              .enable = enable,
                              .lies = lies };
    struct error err;
    struct imap *i = imap_open(&o, &err);
    assert_non_null(i);
    return i;
}

/* ID and ENABLE go out in front of the first command, answered or not. */
static void the_client_tells_its_name_for_nothing(void **state)
{
    static const struct {
        const char *script;
        uint64_t enabled, lies;
    } rows[] = {
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ID ENABLE QRESYNC UTF8=ACCEPT] hi\n"
          "C: t1 ID (\"name\" \"tmail\" \"version\" *\nC: t2 ENABLE QRESYNC CONDSTORE UTF8=ACCEPT\n"
          "C: t3 NOOP\nS: * ID NIL\nS: t1 OK\nS: * ENABLED QRESYNC\nS: t2 OK\n"
          "S: t3 OK\n" LOGOUT("t4"),
          CAP_QRESYNC | CAP_CONDSTORE, CAP_UTF8_ACCEPT },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ID ENABLE CONDSTORE] hi\n"
          "C: t1 ID *\nC: t2 ENABLE CONDSTORE\nC: t3 NOOP\nS: t1 BAD what\nS: t2 BAD what\n"
          "S: t3 OK\n" LOGOUT("t4"),
          0, CAP_ID | CAP_ENABLE },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE] hi\nC: t1 NOOP\nS: t1 OK\n" LOGOUT("t2"), 0,
          0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 QRESYNC] hi\nC: t1 NOOP\nS: t1 OK\n" LOGOUT("t2"), 0,
          0 },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        uint64_t lies = 0;
        struct error err;
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct imap *i = open_with(server, CAP_QRESYNC | CAP_CONDSTORE | CAP_UTF8_ACCEPT, &lies);
        assert_int_equal(imap_command(i, STR("NOOP"), NULL, &err), 0);
        assert_true(imap_enabled(i) == rows[k].enabled);
        assert_true(lies == rows[k].lies && (imap_caps(i) & lies) == 0);
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

static void early_noop(void *arg, struct imap *i)
{
    imap_queue(i, STR("NOOP"), &(struct imap_handler){ .done = heard_done, .arg = arg });
}

/* What goes out with a login that is refused is refused as well, and that proves nothing. */
static void a_refused_login_makes_no_liar(void **state)
{
    static const struct {
        const char *script;
        uint64_t lies;
    } rows[] = {
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN *\nC: t2 ID *\nC: t3 ENABLE QRESYNC\n"
          "C: t4 NOOP\nS: t1 NO [AUTHENTICATIONFAILED] no\nS: t2 BAD log in first\n"
          "S: t3 BAD log in first\nS: t4 OK\nE:\n",
          0 },
        { "S: * OK [CAPABILITY IMAP4rev1] hi\nC: t1 LOGIN *\nC: t2 ID *\nC: t3 ENABLE QRESYNC\n"
          "C: t4 NOOP\nS: t1 OK [CAPABILITY IMAP4rev1 ID ENABLE QRESYNC] in\nS: t2 BAD what\n"
          "S: t3 BAD what\nS: t4 OK\n" LOGOUT("t5"),
          CAP_ID | CAP_ENABLE },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct heard h;
        struct error err = { 0 };
        uint64_t lies = 0;
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        heard_init(&h);
        struct imap_options o = { .endpoint = { .proto = NET_IMAP,
                                                .host = "127.0.0.1",
                                                .port = script_port(server),
                                                .tls = TLS_NONE },
                                  .login = &jane,
                                  .connect_ms = 5000,
                                  .wait_ms = 5000,
                                  .enable = CAP_QRESYNC,
                                  .lies = &lies,
                                  .expected = CAP_IMAP4REV1 | CAP_ID | CAP_ENABLE | CAP_QRESYNC,
                                  .early = early_noop,
                                  .early_arg = &h };
        struct imap *i = imap_open(&o, &err);
        assert_int_equal(i == NULL, k == 0);
        assert_int_equal(h.done, 1);
        assert_true(lies == rows[k].lies);
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

/* The first commands go with the last line of a login, however many it has; with a token they wait. */
static void first_commands_go_with_the_last_line(void **state)
{
    static const struct net_login token = { .user = "jane",
                                            .secret = { "t", 1 },
                                            .kind = LOGIN_TOKEN };
    static const struct net_login cram = { .user = "jane",
                                           .secret = { "secret", 6 },
                                           .mechanism = "cram-md5" };
    static const struct {
        const struct net_login *login;
        const char *script;
        bool fails;
    } rows[] = {
        { &jane,
          "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\nC: t1 AUTHENTICATE PLAIN *\n"
          "C: t2 NOOP\nS: t1 OK\nS: t2 OK\n",
          false },
        { &jane,
          "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\nC: t1 AUTHENTICATE PLAIN\nS: +\nC: *\n"
          "C: t2 NOOP\nS: t1 OK\nS: t2 OK\n",
          false },
        { &jane,
          "S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN SASL-IR] hi\nC: t1 AUTHENTICATE LOGIN\n"
          "S: + VXNlcm5hbWU6\nC: amFuZQ==\nS: + UGFzc3dvcmQ6\nC: *\n"
          "C: t2 NOOP\nS: t1 OK\nS: t2 OK\n",
          false },
        { &cram,
          "S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] hi\nC: t1 AUTHENTICATE CRAM-MD5\n"
          "S: + PDFAeD4=\nC: *\nC: t2 NOOP\nS: t1 NO wrong\nS: t2 BAD what\nE:\n",
          true },
        { &token,
          "S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] hi\nC: t1 AUTHENTICATE XOAUTH2 *\n"
          "S: t1 OK\nC: t2 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: t2 OK\n",
          false },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct heard h;
        struct error err = { 0 };
        struct buf text = BUF_INIT(1 << 16);
        bool early = rows[k].login->kind != LOGIN_TOKEN;
        heard_init(&h);
        buf_adds(&text, rows[k].script);
        if (!rows[k].fails)
            buf_adds(&text, early ? "C: t3 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: t3 OK\nC: t4 "
                                    "LOGOUT\nS: t4 OK\n"
                                  : "C: t3 LOGOUT\nS: t3 OK\n");
        struct script *server = script_start(buf_str(&text), SIZE_MAX);
        struct imap_options o = { .endpoint = { .proto = NET_IMAP,
                                                .host = "127.0.0.1",
                                                .port = script_port(server),
                                                .tls = TLS_NONE },
                                  .login = rows[k].login,
                                  .connect_ms = 5000,
                                  .wait_ms = 5000,
                                  .expected = CAP_IMAP4REV1,
                                  .early = early_noop,
                                  .early_arg = &h };
        struct imap *i = imap_open(&o, &err);
        if ((i == NULL) != rows[k].fails)
            fail_msg("row %zu: %s", k, err.text);
        assert_int_equal(h.done, early ? 1 : 0);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&text);
    }
}

/* Each row: the commands queued at once, and how the server may hear of them. */
static void commands_that_must_wait_do(void **state)
{
    static const struct {
        const char *commands[4];
        const char *script;
    } rows[] = {
        { { "SELECT a", "UID FETCH 1 FLAGS", "FETCH 1 FLAGS" },
          "C: t1 SELECT a\nC: t2 UID FETCH 1 FLAGS\nS: t1 OK\nS: t2 OK\nC: t3 FETCH 1 FLAGS\n"
          "S: t3 OK\n" },
        { { "SELECT a", "FETCH 1 FLAGS", "SEARCH ALL" },
          "C: t1 SELECT a\nC: t2 FETCH 1 FLAGS\nC: t3 SEARCH ALL\nS: t1 OK\nS: t2 OK\nS: t3 OK\n" },
        { { "NOOP", "FETCH 1 FLAGS", "FETCH 2 FLAGS" },
          "C: t1 NOOP\nS: t1 OK\nC: t2 FETCH 1 FLAGS\nC: t3 FETCH 2 FLAGS\nS: t2 OK\nS: t3 OK\n" },
        { { "SELECT a", "UID STORE 1 FLAGS x", "UID MOVE 2 b", "SELECT b" },
          "C: t1 SELECT a\nS: t1 NO\nC: t2 UID STORE 1 FLAGS x\nC: t3 UID MOVE 2 b\nC: t4 SELECT "
          "b\nS: t2 OK\nS: t3 OK\nS: t4 OK\n" },
        { { "STATUS a (MESSAGES)", "LIST \"\" *", "SELECT b" },
          "C: t1 STATUS *\nC: t2 LIST *\nC: t3 SELECT b\nS: t1 OK\nS: t2 OK\nS: t3 OK\n" },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct buf text = BUF_INIT(1 << 16);
        struct error err;
        buf_addf(&text, "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n%sH:\n", rows[k].script);
        struct script *server = script_start(buf_str(&text), SIZE_MAX);
        struct imap *i = open_with(server, 0, NULL);
        for (size_t c = 0; c < 4 && rows[k].commands[c] != NULL; c++)
            imap_queue(i, str_c(rows[k].commands[c]), NULL);
        assert_int_equal(imap_run(i, &err), 0);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&text);
    }
}

static void strings_of_any_bytes_go_as_literals(void **state)
{
    static const struct str pieces[] = { { "UID SEARCH CHARSET UTF-8 TEXT ", 30 },
                                         { "caf\xC3\xA9", 5 },
                                         { " FROM ", 6 },
                                         { "a\"b", 3 },
                                         { " UNSEEN", 7 } };
    static const char *const scripts[] = {
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n"
        "C: t1 UID SEARCH CHARSET UTF-8 TEXT {5}\nS: + go\nC: caf\\xC3\\xA9 FROM \"a\\\\\"b\" "
        "UNSEEN\nS: t1 OK\n" LOGOUT("t2"),
        "S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL-] hi\n"
        "C: t1 UID SEARCH CHARSET UTF-8 TEXT {5+}\nC: caf\\xC3\\xA9 FROM \"a\\\\\"b\" "
        "UNSEEN\nS: t1 OK\n" LOGOUT("t2"),
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\n"
        "C: t1 UID SEARCH CHARSET UTF-8 TEXT {5}\nS: t1 NO [BADCHARSET] no\n" LOGOUT("t2"),
    };
    (void)state;
    for (size_t k = 0; k < COUNT(scripts); k++) {
        struct error err;
        struct script *server = script_start(str_c(scripts[k]), SIZE_MAX);
        struct imap *i = open_with(server, 0, NULL);
        assert_int_equal(imap_command_pieces(i, pieces, COUNT(pieces), NULL, &err),
                         k == 2 ? -1 : 0);
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

/* LITERAL+ that is none: the link is given up, the next one does without. */
static void a_literal_that_is_refused_is_remembered(void **state)
{
    static const char first[] = "S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi\n"
                                "C: t1 APPEND Sent {10+}\nC:           \nS: t1 BAD what\nH:\n";
    static const char second[] = "S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi\n"
                                 "C: t1 APPEND Sent {10}\nS: +\nC:           \nS: t1 OK\n"
                                 "C: t2 LOGOUT\nH:\n";
    const char *const scripts[] = { first, second };
    uint64_t lies = 0;
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct heard h;
        struct error err;
        struct script *server = script_start(str_c(scripts[k]), SIZE_MAX);
        struct imap *i = open_with(server, 0, &lies);
        heard_init(&h);
        imap_queue_append(i, STR("Sent"), 0, 0, 10, blanks_read, NULL,
                          &(struct imap_handler){ .done = heard_done, .arg = &h });
        assert_int_equal(imap_run(i, &err), k == 0 ? -1 : 0);
        assert_int_equal(h.broken, k == 0 ? 1 : 0);
        assert_true(lies == (CAP_LITERAL_PLUS | CAP_LITERAL_MINUS));
        imap_close(&i);
        assert_true(script_end(&server));
    }
}

static void a_message_goes_as_utf8_and_with_its_marks(void **state)
{
    static const char text[] =
        "S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL- ENABLE UTF8=ACCEPT "
        "APPENDLIMIT=5000] hi\nC: t1 ENABLE UTF8=ACCEPT\nC: t2 NOOP\nS: * ENABLED UTF8=ACCEPT\n"
        "S: t1 OK\nS: t2 OK\n"
        "C: t3 APPEND \"caf\\xC3\\xA9 x\" (\\\\Seen work) UTF8 (~{3+}\nC:    )\n"
        "C: t4 APPEND x \"01-Jan-1970 00:00:09 +0000\" {2+}\nC:   \nS: t3 OK [APPENDUID 5 7] done\n"
        "S: t4 OK\n" LOGOUT("t5");
    struct imap_upload list[] = {
        { .flags = IMAP_SEEN, .keywords = STR("work"), .size = 3, .utf8 = true },
        { .date = 9, .size = 2 },
    };
    struct heard h;
    struct error err;
    (void)state;
    list[0].read = list[1].read = blanks_read;
    heard_init(&h);
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_with(server, CAP_UTF8_ACCEPT, NULL);
    assert_int_equal(imap_command(i, STR("NOOP"), NULL, &err), 0);
    assert_true(imap_utf8(i) && imap_append_limit(i) == 5000);
    imap_queue_upload(i, STR("caf&AOk- x"), &list[0],
                      &(struct imap_handler){ .done = heard_done, .arg = &h });
    imap_queue_upload(i, STR("x"), &list[1], NULL);
    assert_int_equal(imap_run(i, &err), 0);
    assert_int_equal(h.kind, IMAP_OK);
    imap_close(&i);
    assert_true(script_end(&server));
}

struct listed {
    struct buf name, old;
};

static int listed_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct listed *l = arg;
    (void)err;
    if (r->kind == IMAP_LIST || r->kind == IMAP_STATUS)
        buf_add_str(&l->name, r->kind == IMAP_LIST ? r->list.name : r->status.name);
    if (r->kind == IMAP_LIST)
        buf_add_str(&l->old, r->list.old_name);
    return 0;
}

#define REV1 "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 LIST \"\" *\n"
#define REV2 "S: * PREAUTH [CAPABILITY IMAP4rev2] hi\nC: t1 LIST \"\" *\n"

/* What is heard on any link is one name, and is said again as that link has it. */
static void names_are_one_whatever_the_link(void **state)
{
    static const struct {
        const char *script, *name, *text;
    } rows[] = {
        { REV1 "S: * LIST () \"/\" caf&AOk-\nS: t1 OK\nC: t2 STATUS caf&AOk- ()\nS: t2 OK\n",
          "caf&AOk-", "caf\xC3\xA9" },
        { REV1 "S: * LIST () \"/\" a&b\nS: t1 OK\nC: t2 STATUS a&b ()\nS: t2 OK\n", "a&b", "a&b" },
        { REV1 "S: * LIST () \"/\" \"caf\\xC3\\xA9\"\nS: t1 OK\nC: t2 STATUS \"caf\\xC3\\xA9\" ()\n"
               "S: t2 OK\n",
          "caf\xC3\xA9", "caf\xC3\xA9" },
        { REV1 "S: * LIST () \"/\" {2}\ns: \\xFF\\x22\nS:\nS: t1 OK\nC: t2 STATUS "
               "\"\\xFF\\x5C\\x22\" ()\nS: t2 OK\n",
          "\xFF\"", "\xEF\xBF\xBD\"" },
        { REV1 "S: * LIST () \"/\" &AOk-&AOk-\nS: t1 OK\nC: t2 STATUS &AOk-&AOk- ()\nS: t2 OK\n",
          "&AOk-&AOk-", "&AOk-&AOk-" },
        { REV2 "S: * LIST () \"/\" \"caf\\xC3\\xA9\"\nS: t1 OK\nC: t2 STATUS \"caf\\xC3\\xA9\" ()\n"
               "S: t2 OK\n",
          "caf&AOk-", "caf\xC3\xA9" },
        { REV2 "S: * LIST () \"/\" a&b\nS: t1 OK\nC: t2 STATUS a&b ()\nS: t2 OK\n", "a&-b", "a&b" },
        { REV2 "S: * LIST () \"/\" caf&AOk-\nS: t1 OK\nC: t2 STATUS caf&AOk- ()\nS: t2 OK\n",
          "caf&-AOk-", "caf&AOk-" },
        { REV2 "S: * STATUS a&b ()\nS: * LIST () \"/\" x (\"OLDNAME\" (\"a&b\"))\nS: t1 OK\n"
               "C: t2 STATUS a&bx ()\nS: t2 OK\n",
          "a&-bx", "a&bx" },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct listed l = { BUF_INIT(1000), BUF_INIT(1000) };
        struct buf text = BUF_INIT(1000), cmd = BUF_INIT(1000), script = BUF_INIT(10000);
        struct imap_handler h = { .resp = listed_resp, .arg = &l };
        struct error err;
        buf_addf(&script, "%s%s", rows[k].script, LOGOUT("t3"));
        struct script *server = script_start(buf_str(&script), SIZE_MAX);
        struct imap *i = open_with(server, 0, NULL);
        if (imap_command(i, STR("LIST \"\" *"), &h, &err) != 0)
            fail_msg("row %zu: %s", k, err.text);
        assert_string_equal(buf_c(&l.name), rows[k].name);
        imap_name_text(buf_str(&l.name), &text);
        assert_string_equal(buf_c(&text), rows[k].text);
        buf_adds(&cmd, "STATUS ");
        assert_int_equal(imap_put_name(i, &cmd, buf_str(&l.name), &err), 0);
        buf_adds(&cmd, " ()");
        assert_int_equal(imap_command(i, buf_str(&cmd), NULL, &err), 0);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&l.name);
        buf_free(&l.old);
        buf_free(&text);
        buf_free(&cmd);
        buf_free(&script);
    }
}

/* Names in UTF-8 go with the ENABLE, unanswered; where it comes to nothing so does the link, and the
 * next one has them as ever. */
static void names_do_not_wait_for_enable(void **state)
{
    static const struct {
        const char *script;
        int result;
        uint64_t lies;
    } rows[] = {
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\nC: t1 ENABLE UTF8=ACCEPT\n"
          "C: t2 SELECT \"caf\\xC3\\xA9\"\nS: * ENABLED UTF8=ACCEPT\nS: t1 OK\nS: t2 OK\n" LOGOUT(
              "t3"),
          0, 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 IMAP4rev2 ENABLE] hi\nC: t1 ENABLE IMAP4rev2\n"
          "C: t2 SELECT \"caf\\xC3\\xA9\"\nS: * ENABLED IMAP4rev2\nS: t1 OK\nS: t2 OK\n" LOGOUT(
              "t3"),
          0, 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\nC: t1 ENABLE UTF8=ACCEPT\n"
          "C: t2 SELECT \"caf\\xC3\\xA9\"\nS: * ENABLED\nS: t1 OK\nH:\n",
          -1, CAP_UTF8_ACCEPT },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE UTF8=ACCEPT] hi\nC: t1 ENABLE UTF8=ACCEPT\n"
          "C: t2 SELECT \"caf\\xC3\\xA9\"\nS: t1 BAD what\nH:\n",
          -1, CAP_UTF8_ACCEPT | CAP_ENABLE },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE] hi\nC: t1 SELECT caf&AOk-\nS: t1 OK\n" LOGOUT(
              "t2"),
          0, 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev2] hi\nC: t1 SELECT \"caf\\xC3\\xA9\"\nS: t1 "
          "OK\n" LOGOUT("t2"),
          0, 0 },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct buf cmd = BUF_INIT(1000);
        uint64_t lies = 0;
        struct error err;
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct imap *i = open_with(server, CAP_UTF8_ACCEPT | CAP_IMAP4REV2, &lies);
        buf_adds(&cmd, "SELECT ");
        assert_int_equal(imap_put_name(i, &cmd, STR("caf&AOk-"), &err), 0);
        imap_queue(i, buf_str(&cmd), NULL);
        if (imap_run(i, &err) != rows[k].result)
            fail_msg("row %zu: %s", k, err.text);
        assert_true(lies == rows[k].lies);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&cmd);
    }
}

/* Servers that have no code for it say in words that it is not the person's fault. */
static void troubles_that_pass_are_known(void **state)
{
    static const struct {
        enum imap_code code;
        const char *text;
        bool login, other;
    } rows[] = {
        { CODE_UNAVAILABLE, "x", true, true },
        { CODE_SERVERBUG, "SELECT Server error - Please try again later", true, true },
        { CODE_ALERT, "Too many simultaneous connections. (Failure)", true, true },
        { CODE_OVERQUOTA, "Account exceeded command or bandwidth limits. (Failure)", true, true },
        { CODE_NONE, "User is authenticated but not connected.", false, true },
        { CODE_NONE, "UID FETCH Server error while fetching messages", false, true },
        { CODE_NONE, "Request is throttled. Suggested Backoff Time: 5000 milliseconds", false,
          true },
        { CODE_NONE, "LOGIN failed.", false, false },
        { CODE_AUTHENTICATIONFAILED, "Too many login failures, try again later", false, false },
        { CODE_NONE, "Invalid credentials, please try again", false, false },
        { CODE_OVERQUOTA, "Quota exceeded", false, false },
        { CODE_NONE, "", false, false },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++)
        if (imap_passes(rows[k].code, str_c(rows[k].text), true) != rows[k].login ||
            imap_passes(rows[k].code, str_c(rows[k].text), false) != rows[k].other)
            fail_msg("%s", rows[k].text);
}

static void a_search_gives_a_set_however_it_is_told(void **state)
{
    static const struct {
        const char *script, *set;
        int result;
    } rows[] = {
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 UID SEARCH UNSEEN\n"
          "S: * SEARCH 9 2 1\nS: * 3 EXISTS\nS: * SEARCH 3 9\nS: t1 OK\n" LOGOUT("t2"),
          "1:3,9", 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 UID SEARCH UNSEEN\n"
          "S: * SEARCH\nS: t1 OK\n" LOGOUT("t2"),
          "", 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH] hi\nC: t1 UID SEARCH RETURN (ALL) UNSEEN\n"
          "S: * ESEARCH (TAG \"t1\") UID ALL 4:6,2\nS: t1 OK\n" LOGOUT("t2"),
          "2,4:6", 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH] hi\nC: t1 UID SEARCH RETURN (ALL) UNSEEN\n"
          "S: * ESEARCH (TAG \"t1\") UID\nS: t1 OK\n" LOGOUT("t2"),
          "", 0 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH] hi\nC: t1 UID SEARCH RETURN (ALL) UNSEEN\n"
          "S: * ESEARCH (TAG \"t1\") UID ALL 1:4294967295\nS: t1 OK\n" LOGOUT("t2"),
          "", -1 },
        { "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 UID SEARCH UNSEEN\nS: t1 NO no\n" LOGOUT(
              "t2"),
          "", -1 },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct buf set = BUF_INIT(1000);
        struct str what = STR("UNSEEN");
        struct error err;
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct imap *i = open_with(server, 0, NULL);
        assert_int_equal(imap_search(i, &what, 1, &set, &err), rows[k].result);
        assert_string_equal(buf_c(&set), rows[k].set);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&set);
    }
}

static void idle_that_is_none_is_remembered(void **state)
{
    static const char *const answers[] = { "S: t1 BAD what\n", "S: t1 OK done\n" };
    (void)state;
    for (size_t k = 0; k < COUNT(answers); k++) {
        struct buf text = BUF_INIT(1000);
        uint64_t lies = 0;
        struct error err;
        buf_addf(&text, "S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi\nC: t1 IDLE\n%s%s", answers[k],
                 LOGOUT("t2"));
        struct script *server = script_start(buf_str(&text), SIZE_MAX);
        struct imap *i = open_with(server, 0, &lies);
        assert_int_equal(imap_idle(i, -1, &err), -1);
        assert_int_equal(err.code, ERR_REFUSED);
        assert_true(lies == CAP_IDLE && (imap_caps(i) & CAP_IDLE) == 0);
        imap_close(&i);
        assert_true(script_end(&server));
        buf_free(&text);
    }
}

/* NOTIFY: STATUS comes unasked, before the answer and later; nothing is sent while we listen. */
static void the_server_says_what_happens_elsewhere(void **state)
{
    static const char text[] =
        "S: * PREAUTH [CAPABILITY IMAP4rev1 NOTIFY] hi\n"
        "C: t1 NOTIFY SET STATUS (personal (MessageNew *\nS: * STATUS a (MESSAGES 3)\nS: t1 OK\n"
        "C: t2 NOOP\nS: t2 OK\nS: * STATUS a (MESSAGES 4)\n"
        "C: t3 NOOP\nS: t3 OK\nS: * 5 EXISTS\n"
        "C: t4 NOOP\nS: t4 OK\nS: * LIST () \"/\" new (\"OLDNAME\" (\"a\"))\n"
        "C: t5 NOOP\nS: t5 OK\nS: * OK [NOTIFICATIONOVERFLOW] too much\n" LOGOUT("t6");
    struct heard unasked;
    struct error err;
    (void)state;
    heard_init(&unasked);
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_with(server, 0, NULL);
    imap_on_unsolicited(i, heard_resp, &unasked);
    assert_int_equal(imap_notify(i, NULL, &err), 0);
    assert_int_equal(imap_listen(i, -1, 10, &err), 2);
    for (size_t k = 0; k < 4; k++) {
        imap_queue(i, STR("NOOP"), NULL);
        struct buf before = BUF_INIT(1000);
        buf_add_str(&before, buf_str(&unasked.words));
        assert_int_equal(imap_run(i, &err), 0);
        if (str_eq(buf_str(&before), buf_str(&unasked.words))) /* else it came with the OK */
            assert_int_equal(imap_listen(i, -1, 5000, &err), 0);
        buf_free(&before);
    }
    assert_string_equal(buf_c(&unasked.words), "kind 8;kind 8;exists 5;list new;ok 0;");
    imap_close(&i);
    assert_true(script_end(&server));
    buf_free(&unasked.words);
}

static void a_server_may_refuse_to_notify(void **state)
{
    static const char text[] =
        "S: * PREAUTH [CAPABILITY IMAP4rev1 NOTIFY] hi\n"
        "C: t1 NOTIFY *\nS: t1 NO [BADEVENT (FlagChange)] no\nC: t2 NOTIFY *\nS: t2 BAD "
        "what\n" LOGOUT("t3");
    uint64_t lies = 0;
    struct error err;
    (void)state;
    struct script *server = script_start(STR(text), SIZE_MAX);
    struct imap *i = open_with(server, 0, &lies);
    assert_int_equal(imap_notify(i, NULL, &err), -1);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_true(lies == 0);
    assert_int_equal(imap_notify(i, NULL, &err), -1);
    assert_true(lies == CAP_NOTIFY);
    assert_int_equal(imap_notify(i, NULL, &err), -1); /* it is not asked again */
    imap_close(&i);
    assert_true(script_end(&server));
}

static void a_mailbox_is_left_without_expunging(void **state)
{
    static const char *const scripts[] = {
        "S: * PREAUTH [CAPABILITY IMAP4rev1 UNSELECT] hi\nC: t1 UNSELECT\nS: t1 OK\n" LOGOUT("t2"),
        "S: * PREAUTH [CAPABILITY IMAP4rev1] hi\nC: t1 EXAMINE INBOX\nS: t1 OK\nC: t2 CLOSE\n"
        "S: t2 OK\n" LOGOUT("t3"),
    };
    (void)state;
    for (size_t k = 0; k < COUNT(scripts); k++) {
        struct error err;
        struct script *server = script_start(str_c(scripts[k]), SIZE_MAX);
        struct imap *i = open_with(server, 0, NULL);
        imap_queue_unselect(i, STR("INBOX"), NULL);
        assert_int_equal(imap_run(i, &err), 0);
        imap_close(&i);
        assert_true(script_end(&server));
    }
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
        cmocka_unit_test(the_client_tells_its_name_for_nothing),
        cmocka_unit_test(a_refused_login_makes_no_liar),
        cmocka_unit_test(first_commands_go_with_the_last_line),
        cmocka_unit_test(commands_that_must_wait_do),
        cmocka_unit_test(strings_of_any_bytes_go_as_literals),
        cmocka_unit_test(a_literal_that_is_refused_is_remembered),
        cmocka_unit_test(a_message_goes_as_utf8_and_with_its_marks),
        cmocka_unit_test(names_are_one_whatever_the_link),
        cmocka_unit_test(troubles_that_pass_are_known),
        cmocka_unit_test(names_do_not_wait_for_enable),
        cmocka_unit_test(a_search_gives_a_set_however_it_is_told),
        cmocka_unit_test(idle_that_is_none_is_remembered),
        cmocka_unit_test(the_server_says_what_happens_elsewhere),
        cmocka_unit_test(a_server_may_refuse_to_notify),
        cmocka_unit_test(a_mailbox_is_left_without_expunging),
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
