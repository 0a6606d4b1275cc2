/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>

#include "net/pop3_conn.h"
#include "unit/net/script.h"

static const struct net_login jane = { .user = "jane", .secret = { "secret", 6 } };
static const char *const bodies[] = { "Subject: a\r\n\r\n.dot\r\n", "", "Subject: c\r\n\r\n.\r\n" };

/* What came of the three messages that every script has. */
struct run {
    struct error err;
    enum error_code opened, listed, fetched, quit;
    size_t n, whole, refused, done;
    struct buf body;
    char uid[8];
};

static int on_chunk(void *arg, size_t i, struct str bytes, bool last, struct error *err)
{
    struct run *r = arg;
    (void)err;
    buf_add_str(&r->body, bytes);
    if (!last)
        return 0;
    assert_in_range(i, 0, COUNT(bodies) - 1);
    assert_string_equal(buf_c(&r->body), bodies[i]);
    buf_clear(&r->body);
    r->whole++;
    return 0;
}

static int on_refused(void *arg, size_t i, const char *words, struct error *err)
{
    struct run *r = arg;
    (void)err;
    assert_int_equal(i, r->whole + r->refused);
    assert_int_equal(r->body.len, 0);
    assert_string_equal(words, "[X] no such");
    r->refused++;
    return 0;
}

static struct pop3 *open_at(const struct script *server, struct run *r)
{
    struct pop3_options o = { .endpoint = { .proto = NET_POP3,
                                            .host = "127.0.0.1",
                                            .port = script_port(server),
                                            .tls = TLS_NONE },
                              .login = &jane,
                              .connect_ms = 5000,
                              .wait_ms = 5000 };
    return pop3_open(&o, &r->err);
}

static enum error_code code(int rc, const struct run *r)
{
    return rc == 0 ? ERR_NONE : r->err.code;
}

/* Open, list, RETR of all, DELE of all, QUIT. */
static void session(const struct script *server, struct run *r)
{
    const struct pop3_entry *entries = NULL;
    struct pop3_handler h = { .chunk = on_chunk, .refused = on_refused, .arg = r };
    bool marked[COUNT(bodies)];
    *r = (struct run){ .body = BUF_INIT(1000) };
    struct pop3 *p = open_at(server, r);
    r->opened = code(p != NULL ? 0 : -1, r);
    if (p == NULL)
        return;
    r->listed = code(pop3_list(p, &entries, &r->n, &r->err), r);
    if (r->listed == ERR_NONE && r->n == COUNT(bodies)) {
        snprintf(r->uid, sizeof r->uid, "%.*s", STR_ARG(entries[2].uid));
        r->fetched = code(pop3_fetch(p, entries, r->n, -1, &h, &r->done, &r->err), r);
        assert_int_equal(r->done, r->whole + r->refused);
        if (r->fetched == ERR_NONE)
            r->fetched = code(pop3_dele(p, entries, 1, marked, &r->err), r);
    }
    r->quit = code(pop3_quit(&p, &r->err), r);
    assert_null(p);
    buf_free(&r->body);
}

#define CAPA "C: CAPA\nS: +OK\nS: TOP\nS: UIDL\nS: PIPELINING\nS: SASL LOGIN PLAIN\nS: .\n"
#define PLAIN "C: AUTH PLAIN AGphbmUAc2VjcmV0\n"
#define IN "S: +OK hi\n" CAPA PLAIN "S: +OK in\n" CAPA
#define LISTED                                                                                     \
    "C: LIST\nC: UIDL\nS: +OK\nS: 2 20\nS: 4 0\nS: 9 20\nS: .\nS: +OK\nS: 9 u9\nS: 2 u2\nS: .\n"
#define RETR "C: RETR 2\nC: RETR 4\nC: RETR 9\n"
#define FIRST "S: +OK\nS: Subject: a\nS: \nS: ..dot\nS: .\n"
#define SECOND "S: +OK\nS: .\n"
#define THIRD "S: +OK\nS: Subject: c\nS: \nS: ..\nS: .\n"
#define END "C: DELE 2\nS: +OK\nC: QUIT\nS: +OK bye\nE:\n"
#define ALL IN LISTED RETR FIRST SECOND THIRD END
#define USER_IN "S: +OK\nC: CAPA\nS: -ERR\nC: USER jane\nS: +OK\nC: PASS secret\nS: +OK\n"

static void every_dialogue_has_its_outcome(void **state)
{
    static const struct {
        const char *script;
        enum error_code opened, listed, fetched, quit;
        size_t whole, refused;
        const char *uid;
    } rows[] = {
        { ALL, 0, 0, 0, 0, 3, 0, "u9" },
        { IN LISTED RETR FIRST "S: -ERR [X] no such\n" THIRD END, 0, 0, 0, 0, 2, 1, "u9" },
        /* one by one where PIPELINING is not offered */
        { USER_IN
          "C: LIST\nS: +OK\nS: 9 20\nS: 2 20\nS: 4 0\nS: .\nC: UIDL\nS: -ERR\nC: RETR 2\n" //
          FIRST "C: RETR 4\n" SECOND "C: RETR 9\n" THIRD END,
          0, 0, 0, 0, 3, 0, "" },
        /* an answer to what was not asked */
        { USER_IN "C: LIST\nS: +OK\ns: .\\r\\n+OK\\r\\n\nE:\n", 0, ERR_PROTO, 0, ERR_NET, 0, 0,
          "" },
        { IN LISTED RETR FIRST SECOND "S: 250 ok\nE:\n", 0, 0, ERR_PROTO, ERR_NET, 2, 0, "u9" },
        { IN LISTED RETR FIRST SECOND "S: + go\nE:\n", 0, 0, ERR_PROTO, ERR_NET, 2, 0, "u9" },
        { IN LISTED RETR FIRST "S: +OK\nS: Subject: b\nX:\n", 0, 0, ERR_NET, ERR_NET, 1, 0, "u9" },
        { IN "C: LIST\nC: UIDL\nS: -ERR [SYS/TEMP] no\nE:\n", 0, ERR_REFUSED, 0, ERR_NET, 0, 0,
          "" },
        { "S: +OK hi\n" CAPA PLAIN "S: + \nC: AGphbmUAc2VjcmV0\nS: -ERR [AUTH] no\nE:\n", ERR_AUTH,
          0, 0, 0, 0, 0, "" },
        { "S: +OK hi\nC: CAPA\nS: +OK\nS: SASL GSSAPI\nS: .\nE:\n", ERR_AUTH, 0, 0, 0, 0, 0, "" },
        { "S: -ERR [IN-USE] no\nE:\n", ERR_REFUSED, 0, 0, 0, 0, 0, "" },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct script *server = script_start(str_c(rows[k].script), SIZE_MAX);
        struct run r;
        session(server, &r);
        bool kept = script_end(&server);
        if (!kept || r.opened != rows[k].opened || r.listed != rows[k].listed ||
            r.fetched != rows[k].fetched || r.quit != rows[k].quit || r.whole != rows[k].whole ||
            r.refused != rows[k].refused || strcmp(r.uid, rows[k].uid) != 0)
            fail_msg("row %zu: %d %d %d %d, %zu whole, %zu refused: %s", k, (int)r.opened,
                     (int)r.listed, (int)r.fetched, (int)r.quit, r.whole, r.refused, r.err.text);
    }
}

/* Whatever is whole is right (on_chunk looks), and the end is told as an error. */
static void a_cut_at_any_byte_is_an_error(void **state)
{
    (void)state;
    size_t until = script_sends(STR(ALL));
    for (size_t cut = 1; cut < until; cut++) {
        struct script *server = script_start(STR(ALL), cut);
        struct run r;
        session(server, &r);
        assert_true(script_end(&server));
        enum error_code last = r.opened != ERR_NONE    ? r.opened
                               : r.listed != ERR_NONE  ? r.listed
                               : r.fetched != ERR_NONE ? r.fetched
                                                       : r.quit;
        if (last != ERR_NET || r.err.retry == RETRY_NEVER)
            fail_msg("cut at %zu: %d %s", cut, (int)last, r.err.text);
    }
}

static void codes_have_their_class(void **state)
{
    static const struct {
        const char *line;
        int kind, code;
        const char *words;
    } rows[] = {
        { "+OK\r\n", POP3_OK, SAID_NOTHING, "" },
        { "-ERR [AUTH] wrong\r\n", POP3_ERR, SAID_AUTH, "[AUTH] wrong" },
        { "-ERR [in-use] x\r\n", POP3_ERR, SAID_LATER, "[in-use] x" },
        { "-ERR [LOGIN-DELAY]\r\n", POP3_ERR, SAID_LATER, "[LOGIN-DELAY]" },
        { "-ERR [SYS/TEMP/FULL] x\r\n", POP3_ERR, SAID_LATER, "[SYS/TEMP/FULL] x" },
        { "-ERR [SYS/PERM] x\r\n", POP3_ERR, SAID_NEVER, "[SYS/PERM] x" },
        { "-ERR [SYS] x\r\n", POP3_ERR, SAID_NOTHING, "[SYS] x" },
        { "-ERR [SYS/TEMPER] x\r\n", POP3_ERR, SAID_NOTHING, "[SYS/TEMPER] x" },
        { "-ERR a\tb\x1b[2J\r\n", POP3_ERR, SAID_NOTHING, "a b [2J" },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct str in = str_c(rows[k].line);
        struct wire_pop3_reply reply;
        struct pop3_answer a;
        assert_int_equal(wire_pop3_reply_next(&in, &reply), WIRE_OK);
        pop3_answer_keep(&a, &reply);
        assert_int_equal(a.kind, rows[k].kind);
        assert_int_equal(a.code, rows[k].code);
        assert_string_equal(a.words, rows[k].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_class),
        cmocka_unit_test(every_dialogue_has_its_outcome),
        cmocka_unit_test(a_cut_at_any_byte_is_an_error),
    };
    struct error err;
    if (net_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    net_cleanup();
    return failed;
}
