/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <gsasl.h>
#include <stdlib.h>

#include "server/accounts.h"
#include "server/sasl.h"

struct world {
    struct server_options options;
    struct accounts *accounts;
    unsigned good, wrong;
    struct sasl_setup setup;
};

static void world_secret(void *arg, struct str name, struct user_secret *out)
{
    accounts_secret(((struct world *)arg)->accounts, name, out);
}

static enum accounts_keeps world_keeps(void *arg)
{
    return accounts_keeps(((struct world *)arg)->accounts);
}

static void world_done(void *arg, const char *peer, bool ok, int *delay_ms)
{
    struct world *w = arg;
    assert_string_equal(peer, "192.0.2.1");
    if (ok)
        w->good++;
    else
        w->wrong++;
    *delay_ms = ok ? 0 : 7;
}

static void world_init(struct world *w, bool any)
{
    char user[] = "user:pencil";
    char token[] = "user:secret-token";
    char *argv[] = { "tmaild",        "--domain", "a.nl",         "--user", user,
                     "--oauth-token", token,      "--accept-any", NULL };
    struct error err;
    *w = (struct world){ 0 };
    assert_int_equal(options_read(&w->options, any ? 8 : 7, argv, &err), 0);
    w->accounts = accounts_read(&w->options, STR(""), STR(""), &err);
    assert_non_null(w->accounts);
    w->setup = (struct sasl_setup){ .options = &w->options,
                                    .service = "smtp",
                                    .peer = "192.0.2.1",
                                    .secret = world_secret,
                                    .keeps = world_keeps,
                                    .done = world_done,
                                    .arg = w };
}

static void world_clear(struct world *w)
{
    accounts_free(&w->accounts);
    options_free(&w->options);
}

static void base64(const char *text, size_t n, struct buf *out)
{
    buf_clear(out);
    secret_base64_put(text, n, out);
}

#define NONE "(none)"
static void test_table(void **state)
{
    (void)state;
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *mech;
        const char *first; /* initial response */
        size_t first_n;
        const char *lines[3];
        enum sasl_step want;
    } rows[] = {
        { "PLAIN", BYTES("\0user\0pencil"), { NULL }, SASL_OK },
        { "plain", BYTES("user\0user\0pencil"), { NULL }, SASL_OK },
        { "PLAIN", BYTES("\0USER@a.nl\0pencil"), { NULL }, SASL_OK },
        { "PLAIN", BYTES("other\0user\0pencil"), { NULL }, SASL_NO },
        { "PLAIN", BYTES("\0user\0Pencil"), { NULL }, SASL_NO },
        { "PLAIN", BYTES("\0user\0"), { NULL }, SASL_NO },
        { "PLAIN", BYTES("\0nobody\0pencil"), { NULL }, SASL_NO },
        { "PLAIN", BYTES("\0user@b.nl\0pencil"), { NULL }, SASL_NO },
        { "PLAIN", BYTES("user"), { NULL }, SASL_BAD },
        { "PLAIN", NULL, 0, { "AHVzZXIAcGVuY2ls" }, SASL_OK },
        { "PLAIN", NULL, 0, { "*" }, SASL_CANCEL },
        { "PLAIN", NULL, 0, { "!!" }, SASL_BAD },
        { "LOGIN", NULL, 0, { "dXNlcg==", "cGVuY2ls" }, SASL_OK },
        { "LOGIN", BYTES("user"), { "cGVuY2ls" }, SASL_OK },
        { "LOGIN", BYTES("user"), { "cGVuY2x=" }, SASL_NO },
        { "LOGIN", BYTES("user"), { "*" }, SASL_CANCEL },
        { "LOGIN", BYTES("us\ner"), { NULL }, SASL_BAD },
        { "CRAM-MD5", BYTES("user abc"), { NULL }, SASL_BAD },
        { "CRAM-MD5",
          NULL,
          0,
          { "dXNlciAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==" },
          SASL_NO },
        { "XOAUTH2", BYTES("user=user\1auth=Bearer secret-token\1\1"), { NULL }, SASL_OK },
        { "XOAUTH2", BYTES("user=user@a.nl\1auth=Bearer secret-token\1\1"), { NULL }, SASL_OK },
        { "XOAUTH2", BYTES("user=user\1auth=Bearer secret-toke\1\1"), { "" }, SASL_NO },
        { "XOAUTH2", BYTES("user=other\1auth=Bearer secret-token\1\1"), { "" }, SASL_NO },
        { "XOAUTH2", BYTES("user=user\1auth=Basic secret-token\1\1"), { NULL }, SASL_BAD },
        { "XOAUTH2", BYTES("user=user\1"), { NULL }, SASL_BAD },
        { "OAUTHBEARER",
          BYTES("n,a=user,\1host=h\1port=1\1auth=Bearer secret-token\1\1"),
          { NULL },
          SASL_OK },
        { "OAUTHBEARER", BYTES("n,,\1auth=Bearer secret-token\1\1"), { NULL }, SASL_OK },
        { "OAUTHBEARER", BYTES("n,a=user,\1auth=Bearer no\1\1"), { "AQ==" }, SASL_NO },
        { "OAUTHBEARER", BYTES("p=x,a=user,\1auth=Bearer secret-token\1\1"), { NULL }, SASL_BAD },
        { "SCRAM-SHA-256", BYTES("n,,n=user"), { NULL }, SASL_BAD },
        { "SCRAM-SHA-256", BYTES("p=tls-unique,,n=user,r=abc"), { NULL }, SASL_BAD },
        { "SCRAM-SHA-1", NULL, 0, { NULL }, SASL_UNKNOWN },
        { "ANONYMOUS", BYTES("x"), { NULL }, SASL_UNKNOWN },
        { "GSSAPI", NULL, 0, { NULL }, SASL_UNKNOWN },
        { "", NULL, 0, { NULL }, SASL_UNKNOWN },
    };
    struct world w;
    struct buf text = BUF_INIT(4096);
    struct buf out = BUF_INIT(4096);
    world_init(&w, false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sasl *s = sasl_new(&w.setup);
        unsigned ended = w.good + w.wrong;
        struct str initial;
        buf_clear(&out);
        base64(rows[i].first, rows[i].first_n, &text);
        initial = buf_str(&text);
        enum sasl_step step =
            sasl_start(s, str_c(rows[i].mech), rows[i].first != NULL ? &initial : NULL, &out);
        for (size_t k = 0; k < COUNT(rows[i].lines) && rows[i].lines[k] != NULL; k++) {
            if (step != SASL_MORE || !sasl_busy(s))
                fail_msg("row %zu: over before line %zu", i, k);
            step = sasl_line(s, str_c(rows[i].lines[k]), &out);
        }
        if (step != rows[i].want)
            fail_msg("row %zu: %d", i, (int)step);
        assert_false(sasl_busy(s));
        assert_int_equal(w.good + w.wrong - ended, step == SASL_OK || step == SASL_NO);
        assert_int_equal(sasl_delay_ms(s), step == SASL_NO ? 7 : 0);
        assert_str(sasl_account(s), step == SASL_OK ? "user" : "");
        sasl_free(&s);
    }
    buf_free(&text);
    buf_free(&out);
    world_clear(&w);
}

/* ---- libgsasl on the other side ---- */

static int client_asked(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
    (void)lib;
    const char *const *who = gsasl_session_hook_get(session);
    if (prop == GSASL_AUTHID)
        gsasl_property_set(session, prop, who[0]);
    else if (prop == GSASL_PASSWORD)
        gsasl_property_set(session, prop, who[1]);
    else
        return GSASL_NO_CALLBACK;
    return GSASL_OK;
}

/* proved: the server proved itself to the client too. */
static enum sasl_step exchange(struct world *w, const char *mech, const char *const who[2],
                               bool *proved)
{
    Gsasl *lib;
    Gsasl_session *client;
    struct sasl *s = sasl_new(&w->setup);
    struct buf challenge = BUF_INIT(4096);
    assert_int_equal(gsasl_init(&lib), GSASL_OK);
    gsasl_callback_set(lib, client_asked);
    assert_int_equal(gsasl_client_start(lib, mech, &client), GSASL_OK);
    gsasl_session_hook_set(client, (void *)who);
    enum sasl_step step = sasl_start(s, str_c(mech), NULL, &challenge);
    int rc = GSASL_NEEDS_MORE;
    while (step == SASL_MORE) {
        char *answer = NULL;
        rc = gsasl_step64(client, buf_c(&challenge), &answer);
        bool ok = rc == GSASL_OK || rc == GSASL_NEEDS_MORE;
        buf_clear(&challenge);
        step = sasl_line(s, ok ? str_c(answer) : STR("*"), &challenge);
        gsasl_free(answer);
    }
    *proved = rc == GSASL_OK;
    gsasl_finish(client);
    gsasl_done(lib);
    sasl_free(&s);
    buf_free(&challenge);
    return step;
}

static void test_exchange(void **state)
{
    (void)state;
    static const struct {
        const char *mech, *who[2];
        enum sasl_step want;
    } rows[] = {
        { "SCRAM-SHA-256", { "user", "pencil" }, SASL_OK },
        { "SCRAM-SHA-256", { "user", "pencils" }, SASL_NO },
        { "SCRAM-SHA-256", { "nobody", "pencil" }, SASL_NO },
        { "CRAM-MD5", { "user", "pencil" }, SASL_OK },
        { "CRAM-MD5", { "user", "pencils" }, SASL_NO },
        { "CRAM-MD5", { "nobody", "x" }, SASL_NO },
        { "PLAIN", { "user", "pencil" }, SASL_OK },
        { "PLAIN", { "nobody", "x" }, SASL_NO },
    };
    struct world w;
    bool proved;
    world_init(&w, false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum sasl_step step = exchange(&w, rows[i].mech, rows[i].who, &proved);
        if (step != rows[i].want)
            fail_msg("row %zu: %d", i, (int)step);
        assert_true(proved || step != SASL_OK);
    }
    world_clear(&w);
}

/* RFC 7677 §3: the example's verifier, and its proofs checked by hand against it. */
static void test_rfc7677(void **state)
{
    (void)state;
    static const char text[] =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    static const char spoken[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    struct secret_scram s;
    struct secret_scram read;
    struct error err;
    struct buf salt = BUF_INIT(64);
    struct buf out = BUF_INIT(1024);
    unsigned char proof[SECRET_KEY_BYTES];
    assert_int_equal(sasl_base64(STR("W22ZaJ0SNY7soEsUEjb6gQ=="), &salt), 0);
    assert_int_equal(secret_scram_make(STR("pencil"), buf_str(&salt), 4096, &s, &err), 0);
    secret_scram_put(&s, &out);
    assert_string_equal(buf_c(&out), text);
    assert_int_equal(secret_scram_read(STR(text), &read), 0);
    assert_memory_equal(&s, &read, sizeof s);
    assert_int_equal(secret_hmac((struct str){ (const char *)s.server, sizeof s.server },
                                 STR(spoken), proof),
                     0);
    buf_clear(&out);
    secret_base64_put(proof, sizeof proof, &out);
    assert_string_equal(buf_c(&out), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    buf_free(&salt);
    buf_free(&out);
}

static void test_hash(void **state)
{
    (void)state;
    struct user_secret s;
    struct error err;
    assert_int_equal(secret_make(STR("pe\303\251ncil"), true, &s, &err), 0);
    assert_true(str_starts(str_c(s.crypt), "$y$"));
    assert_int_equal(s.scram.iterations, SECRET_ITERATIONS);
    assert_true(secret_holds(&s, STR("pe\303\251ncil")));
    assert_false(secret_holds(&s, STR("pencil")) || secret_holds(&s, STR("")));
    s.known = false;
    assert_false(secret_holds(&s, STR("pe\303\251ncil")));
    assert_int_equal(secret_make(STR(""), false, &s, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(secret_make(STR("a\nb"), false, &s, &err), -1);
    assert_int_equal(secret_make(STR("\377"), false, &s, &err), -1);
}

static void test_offered(void **state)
{
    (void)state;
    struct world w;
    struct buf out = BUF_INIT(4096);
    for (int any = 0; any < 2; any++) {
        world_init(&w, any == 1);
        struct sasl *s = sasl_new(&w.setup);
        buf_clear(&out);
        sasl_mechanisms(s, " AUTH=", &out);
        assert_string_equal(buf_c(&out),
                            any == 1 ? " AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 AUTH=OAUTHBEARER"
                                     : " AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256 "
                                       "AUTH=XOAUTH2 AUTH=OAUTHBEARER");
        assert_int_equal(sasl_password(s, STR("Some@b.nl"), STR("x")),
                         any == 1 ? SASL_OK : SASL_NO);
        assert_int_equal(sasl_password(s, STR("../x"), STR("x")), SASL_NO);
        sasl_free(&s);
        world_clear(&w);
    }
    buf_free(&out);
}

/* RFC 1939 §7's example. */
static void test_apop(void **state)
{
    (void)state;
    static const char stamp[] = "<1896.697170952@dbc.mtview.ca.us>";
    char user[] = "mrose:tanstaaf";
    char *argv[] = { "tmaild", "--user", user, NULL };
    struct error err;
    struct world w;
    world_init(&w, false);
    world_clear(&w);
    assert_int_equal(options_read(&w.options, 3, argv, &err), 0);
    w.accounts = accounts_read(&w.options, STR(""), STR(""), &err);
    struct sasl *s = sasl_new(&w.setup);
    struct str digest = STR("c4c9334bac560ecc979e58001b3e22fb");
    assert_int_equal(sasl_apop(s, STR("mrose"), STR(stamp), digest), SASL_OK);
    assert_str(sasl_account(s), "mrose");
    assert_int_equal(sasl_apop(s, STR("mrose"), STR(stamp), str_head(digest, 31)), SASL_NO);
    assert_int_equal(sasl_apop(s, STR("nobody"), STR(stamp), digest), SASL_NO);
    sasl_free(&s);
    world_clear(&w);
}

/* Too long a line ends it; what is asked for meanwhile starts anew. */
static void test_limits(void **state)
{
    (void)state;
    struct world w;
    struct buf line = BUF_INIT(SASL_LINE_MAX + 8);
    struct buf out = BUF_INIT(4096);
    world_init(&w, false);
    struct sasl *s = sasl_new(&w.setup);
    while (line.len <= SASL_LINE_MAX)
        buf_addc(&line, 'A');
    assert_int_equal(sasl_start(s, STR("PLAIN"), NULL, &out), SASL_MORE);
    assert_int_equal(sasl_line(s, buf_str(&line), &out), SASL_BAD);
    assert_int_equal(sasl_start(s, STR("LOGIN"), NULL, &out), SASL_MORE);
    assert_int_equal(sasl_start(s, STR("SCRAM-SHA-256"), NULL, &out), SASL_MORE);
    assert_true(sasl_busy(s));
    sasl_reset(s);
    assert_false(sasl_busy(s));
    sasl_free(&s);
    buf_free(&line);
    buf_free(&out);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_rfc7677), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_offered), cmocka_unit_test(test_apop),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
