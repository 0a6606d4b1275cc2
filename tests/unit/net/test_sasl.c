/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/sasl.h"

enum {
    PLUS = MECH_SCRAM_SHA_256_PLUS,
    PLUS_1 = MECH_SCRAM_SHA_1_PLUS,
    SCRAM = MECH_SCRAM_SHA_256,
    SCRAM_1 = MECH_SCRAM_SHA_1
};

static const struct tls_binding channel = { TLS_BINDING_EXPORTER, 4, "\1\2\0\3" };

static struct net_sasl_setup setup_of(const struct net_login *login, unsigned offered, bool secure)
{
    return (struct net_sasl_setup){ .login = login,
                                    .host = "server.example.com",
                                    .port = 143,
                                    .service = "imap",
                                    .offered = offered,
                                    .secure = secure,
                                    .binding = secure ? &channel : NULL };
}

static void the_strongest_is_chosen(void **state)
{
    static const struct {
        unsigned offered;
        enum net_login_kind kind;
        bool secure;
        const char *mechanism, *chosen;
    } rows[] = {
        { MECH_PLAIN | MECH_LOGIN | MECH_CRAM_MD5 | SCRAM | SCRAM_1 | PLUS, 0, true, NULL,
          "SCRAM-SHA-256-PLUS" },
        { MECH_PLAIN | SCRAM | PLUS, 0, false, NULL, "SCRAM-SHA-256" },
        { MECH_PLAIN | SCRAM_1 | SCRAM, 0, true, NULL, "SCRAM-SHA-256" },
        { MECH_PLAIN | SCRAM_1, 0, true, NULL, "SCRAM-SHA-1" },
        { MECH_PLAIN | MECH_LOGIN | MECH_CRAM_MD5, 0, true, NULL, "PLAIN" },
        { MECH_LOGIN | MECH_CRAM_MD5, 0, true, NULL, "LOGIN" },
        { MECH_PLAIN | MECH_LOGIN | MECH_CRAM_MD5, 0, false, NULL, "CRAM-MD5" },
        { MECH_CRAM_MD5 | MECH_XOAUTH2, 0, true, NULL, "CRAM-MD5" },
        { MECH_XOAUTH2 | MECH_GSSAPI, 0, true, NULL, NULL },
        { MECH_PLAIN | MECH_XOAUTH2, LOGIN_TOKEN, true, NULL, "XOAUTH2" },
        { MECH_PLAIN | MECH_XOAUTH2 | MECH_OAUTHBEARER, LOGIN_TOKEN, true, NULL, "OAUTHBEARER" },
        { MECH_XOAUTH2 | MECH_OAUTHBEARER, LOGIN_TOKEN, true, "xoauth2", "XOAUTH2" },
        { MECH_PLAIN, LOGIN_TOKEN, true, NULL, NULL },
        { MECH_PLAIN | MECH_EXTERNAL, LOGIN_EXTERNAL, true, NULL, "EXTERNAL" },
        { MECH_PLAIN | SCRAM | PLUS, 0, true, "plain", "PLAIN" },
        { MECH_PLAIN | SCRAM | PLUS, 0, true, "scram-sha-256", "SCRAM-SHA-256" },
        { MECH_PLAIN, 0, true, "scram-sha-256", NULL },
        { MECH_PLAIN, 0, true, "apop", "PLAIN" },
        { 0, 0, true, NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net_login login = {
            .user = "u", .secret = STR("p"), .kind = rows[i].kind, .mechanism = rows[i].mechanism
        };
        struct net_sasl_setup setup = setup_of(&login, rows[i].offered, rows[i].secure);
        struct error err = { 0 };
        struct net_sasl *s = net_sasl_new(&setup, &err);
        const char *chosen = s != NULL ? net_sasl_name(s) : "";
        if (strcmp(chosen, rows[i].chosen != NULL ? rows[i].chosen : "") != 0 ||
            (s == NULL && (err.code != ERR_AUTH || err.retry != RETRY_NEVER)))
            fail_msg("row %zu: %s %s", i, chosen, err.text);
        net_sasl_free(&s);
    }
}

/* What goes out at once, and after each challenge; in base64, as the RFCs have it. */
static void answers_are_what_the_rfcs_say(void **state)
{
    static const struct {
        unsigned mech;
        enum net_login_kind kind;
        const char *user, *secret;
        bool at_once;
        const char *say[3], *hear[4]; /* hear[0]: the initial response */
    } rows[] = {
        /* RFC 4616 */
        { MECH_PLAIN,
          0,
          "tim",
          "tanstaaftanstaaf",
          true,
          { NULL },
          { "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" } },
        { MECH_PLAIN,
          0,
          "tim",
          "tanstaaftanstaaf",
          false,
          { "" },
          { NULL, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" } },
        /* not looked at: said once more, and no third time */
        { MECH_PLAIN,
          0,
          "tim",
          "tanstaaftanstaaf",
          true,
          { "", "" },
          { "AHRpbQB0YW5zdGFhZnRhbnN0YWFm", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm", "*" } },
        { MECH_LOGIN,
          0,
          "jane",
          "secret",
          true,
          { "VXNlcm5hbWU6", "Password please" },
          { "", "amFuZQ==", "c2VjcmV0" } },
        /* RFC 2195 */
        { MECH_CRAM_MD5,
          0,
          "tim",
          "tanstaaftanstaaf",
          true,
          { "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+" },
          { "", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw" } },
        { MECH_CRAM_MD5, 0, "tim", "x", true, { "no base64!" }, { "", "*" } },
        /* RFC 7628 §4.1 and §4.3 */
        { MECH_OAUTHBEARER,
          LOGIN_TOKEN,
          "user@example.com",
          "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
          true,
          { "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=" },
          { "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcm"
            "VyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
            "AQ==" } },
        { MECH_OAUTHBEARER,
          LOGIN_TOKEN,
          "a,b=c",
          "t",
          true,
          { NULL },
          { "bixhPWE9MkNiPTNEYywBaG9zdD1zZXJ2ZXIuZXhhbXBsZS5jb20BcG9ydD0xNDMBYXV0aD1CZWFyZXIgdAE"
            "B" } },
        /* as Google and Microsoft document it */
        { MECH_XOAUTH2,
          LOGIN_TOKEN,
          "someuser@example.com",
          "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlz"
          "dGEuY29tCg",
          true,
          { "eyJzdGF0dXMiOiI0MDEifQ==" },
          { "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQm"
            "hkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
            "" } },
        { MECH_EXTERNAL, LOGIN_EXTERNAL, "jane", "", true, { "" }, { "=", "" } },
        { MECH_EXTERNAL, LOGIN_EXTERNAL, "jane", "", false, { "" }, { NULL, "" } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net_login login = { .user = rows[i].user,
                                   .secret = str_c(rows[i].secret),
                                   .kind = rows[i].kind };
        struct net_sasl_setup setup = setup_of(&login, rows[i].mech, true);
        struct error err = { 0 };
        struct buf out = BUF_INIT(NET_SASL_LINE_MAX);
        struct net_sasl *s = net_sasl_new(&setup, &err);
        assert_non_null(s);
        if (rows[i].at_once) {
            assert_int_equal(net_sasl_initial(s, &out, &err), 0);
            assert_string_equal(buf_c(&out), rows[i].hear[0]);
        }
        for (size_t k = 0; k < COUNT(rows[i].say) && rows[i].say[k] != NULL; k++) {
            buf_clear(&out);
            assert_int_equal(net_sasl_answer(s, str_c(rows[i].say[k]), &out, &err), 0);
            if (strcmp(buf_c(&out), rows[i].hear[k + 1]) != 0)
                fail_msg("row %zu, %zu: %s", i, k, buf_c(&out));
        }
        buf_wipe(&out);
        net_sasl_free(&s);
    }
}

/* ------------------------------------------------------------------ SCRAM, against a server */

struct server {
    Gsasl *lib;
    Gsasl_session *session;
    const char *password, *cb;
};

static int server_asks(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
    const struct server *v = gsasl_callback_hook_get(lib);
    if (prop == GSASL_PASSWORD)
        return gsasl_property_set(session, prop, v->password);
    if (prop == GSASL_CB_TLS_EXPORTER && v->cb != NULL)
        return gsasl_property_set(session, prop, v->cb);
    return GSASL_NO_CALLBACK;
}

static void server_begin(struct server *v, const char *mech)
{
    assert_int_equal(gsasl_init(&v->lib), GSASL_OK);
    gsasl_callback_hook_set(v->lib, v);
    gsasl_callback_set(v->lib, server_asks);
    assert_int_equal(gsasl_server_start(v->lib, mech, &v->session), GSASL_OK);
}

static void server_end(struct server *v)
{
    gsasl_finish(v->session);
    gsasl_done(v->lib);
}

/* Plays to the end; turn changes what the server says at its step: 0, or the server's no. */
static int play(struct net_sasl *s, struct server *v,
                const char *(*turn)(int step, const char *said), struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX);
    bool yes = false, no = false;
    if (net_sasl_initial(s, &line, err) != 0)
        fail_msg("%s", err->text);
    assert_false(net_sasl_is_over(s));
    for (int step = 0; !yes && !no; step++) {
        char *said = NULL;
        int rc = strcmp(buf_c(&line), "*") == 0 ? GSASL_AUTHENTICATION_ERROR
                                                : gsasl_step64(v->session, buf_c(&line), &said);
        const char *says = said != NULL ? said : "";
        no = rc != GSASL_OK && rc != GSASL_NEEDS_MORE;
        if (!no && turn != NULL)
            says = turn(step, says);
        no = no || says == NULL;
        yes = !no && rc == GSASL_OK && (*says == '\0' || strcmp(buf_c(&line), "") == 0);
        buf_clear(&line);
        if (!no && !yes) {
            assert_int_equal(net_sasl_answer(s, str_c(says), &line, err), 0);
            assert_int_equal(net_sasl_is_over(s),
                             line.len == 0); /* not before it has proved itself */
        }
        gsasl_free(said);
        if (rc == GSASL_OK && line.len == 0)
            yes = true;
    }
    buf_wipe(&line);
    return net_sasl_end(s, yes, false, "no", err);
}

/* v=... of somebody who has not the password. */
static const char *forge(int step, const char *said)
{
    return step == 1 ? "dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==" : said;
}

/* r=x,s=QSXCR+Q6sek8bd92,i=4294967295 */
static const char *toil(int step, const char *said)
{
    return step == 0 ? "cj14LHM9UVNYQ1IrUTZzZWs4YmQ5MixpPTQyOTQ5NjcyOTU=" : said;
}

/* e=channel-bindings-dont-match */
static const char *mismatch(int step, const char *said)
{
    return step == 1 ? "ZT1jaGFubmVsLWJpbmRpbmdzLWRvbnQtbWF0Y2g=" : said;
}

/* e=unsupported-channel-binding-type */
static const char *no_such_type(int step, const char *said)
{
    return step == 0 ? "ZT11bnN1cHBvcnRlZC1jaGFubmVsLWJpbmRpbmctdHlwZQ==" : said;
}

static const char *at_once_no(int step, const char *said)
{
    (void)said;
    return step == 0 ? NULL : said;
}

static void scram_is_mutual(void **state)
{
    static const struct {
        const char *mech;
        unsigned offered;
        const char *cb, *password;
        const char *(*turn)(int step, const char *said);
        int rc;
        enum error_retry retry;
        const char *then; /* what is tried next, or a word of the error */
    } rows[] = {
        { "SCRAM-SHA-1", SCRAM_1, NULL, "pencil", NULL, 0, 0, NULL },
        { "SCRAM-SHA-256", SCRAM, NULL, "pencil", NULL, 0, 0, NULL },
        { "SCRAM-SHA-256-PLUS", PLUS | SCRAM, "AQIAAw==", "pencil", NULL, 0, 0, NULL },
        { "SCRAM-SHA-1-PLUS", PLUS_1, "AQIAAw==", "pencil", NULL, 0, 0, NULL },
        { "SCRAM-SHA-256", SCRAM | MECH_PLAIN, NULL, "other", NULL, -1, RETRY_NEVER,
          "login = plain" },
        { "SCRAM-SHA-256", SCRAM, NULL, "pencil", forge, -1, RETRY_LATER, "in between" },
        { "SCRAM-SHA-256", SCRAM, NULL, "pencil", toil, -1, RETRY_NEVER, "more work" },
        /* the channel ends somewhere else: nothing of it is taken, the server is told, and no login
           that is not bound follows */
        { "SCRAM-SHA-256-PLUS", PLUS | SCRAM | MECH_PLAIN, "AQIABA==", "pencil", NULL, -1,
          RETRY_NEVER, "set login = scram-sha-256 if" },
        { "SCRAM-SHA-256-PLUS", PLUS | SCRAM | MECH_PLAIN, "AQIAAw==", "pencil", mismatch, -1,
          RETRY_LATER, "in between; the login was broken off" },
        { "SCRAM-SHA-256-PLUS", PLUS | PLUS_1 | SCRAM_1, "AQIAAw==", "pencil", mismatch, -1,
          RETRY_LATER, "login = scram-sha-1" },
        { "SCRAM-SHA-256-PLUS", PLUS | PLUS_1 | SCRAM, "AQIAAw==", "pencil", no_such_type, -1,
          RETRY_LATER, "in between" },
        { "SCRAM-SHA-256-PLUS", PLUS | SCRAM | MECH_PLAIN, "AQIAAw==", "pencil", at_once_no, -1,
          RETRY_NEVER, "login = scram-sha-256" },
        { "SCRAM-SHA-256-PLUS", PLUS | PLUS_1 | SCRAM, "AQIAAw==", "pencil", at_once_no, 1, 0,
          "SCRAM-SHA-1-PLUS" },
        { "SCRAM-SHA-256-PLUS", PLUS | MECH_LOGIN, "AQIAAw==", "other", NULL, -1, RETRY_NEVER,
          "login = login" },
        /* refused before anything was shown: the next SCRAM, and never the password */
        { "SCRAM-SHA-256", SCRAM | SCRAM_1 | MECH_PLAIN, NULL, "pencil", at_once_no, 1, 0,
          "SCRAM-SHA-1" },
        { "SCRAM-SHA-1", SCRAM_1 | MECH_PLAIN, NULL, "pencil", at_once_no, -1, RETRY_NEVER,
          "login = plain" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net_login login = { .user = "user", .secret = STR("pencil") };
        struct net_sasl_setup setup = setup_of(&login, rows[i].offered, true);
        struct server v = { .password = rows[i].password, .cb = rows[i].cb };
        struct error err = { 0 };
        struct net_sasl *s = net_sasl_new(&setup, &err);
        assert_non_null(s);
        assert_string_equal(net_sasl_name(s), rows[i].mech);
        server_begin(&v, rows[i].mech);
        int rc = play(s, &v, rows[i].turn, &err);
        const char *found = rc == 1 ? net_sasl_name(s) : err.text;
        if (rc != rows[i].rc || (rc < 0 && (err.code == ERR_NONE || err.retry != rows[i].retry)) ||
            (rows[i].then != NULL && strstr(found, rows[i].then) == NULL))
            fail_msg("row %zu: %d %s", i, rc, found);
        server_end(&v);
        net_sasl_free(&s);
    }
}

static void a_yes_without_proof_is_no_login(void **state)
{
    struct net_login login = { .user = "user", .secret = STR("pencil") };
    struct net_sasl_setup setup = setup_of(&login, SCRAM | MECH_PLAIN, true);
    struct error err = { 0 };
    struct buf out = BUF_INIT(1000);
    struct net_sasl *s = net_sasl_new(&setup, &err);
    (void)state;
    assert_int_equal(net_sasl_initial(s, &out, &err), 0);
    assert_int_equal(net_sasl_end(s, true, false, "", &err), -1);
    assert_int_equal(err.code, ERR_AUTH);
    assert_non_null(strstr(err.text, "in between"));
    buf_wipe(&out);
    net_sasl_free(&s);
}

static void challenges_come_to_an_end(void **state)
{
    struct net_login login = { .user = "user", .secret = STR("t"), .kind = LOGIN_TOKEN };
    struct net_sasl_setup setup = setup_of(&login, MECH_XOAUTH2, true);
    struct error err = { 0 };
    struct buf out = BUF_INIT(1000);
    struct net_sasl *s = net_sasl_new(&setup, &err);
    int answers = 0;
    (void)state;
    while (net_sasl_answer(s, STR("e30="), &out, &err) == 0)
        assert_in_range(answers++, 0, NET_SASL_STEPS_MAX);
    assert_int_equal(err.code, ERR_PROTO);
    buf_wipe(&out);
    net_sasl_free(&s);
}

/* The person is told what the JSON says; nothing is sent that would break the line. */
static void tokens_are_refused_in_words(void **state)
{
    static const struct {
        const char *challenge, *word;
    } rows[] = {
        { "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "invalid_token" },
        { "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=", "(400)" },
        { "bm90IEpTT04=", "not JSON" },
        { "eyJzdGF0dXMiOjF9", "status" },
    };
    static const char *const bad[] = { "a\nb", "a\1b" };
    struct buf out = BUF_INIT(4000);
    struct error err = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct net_login login = { .user = "user", .secret = STR("t"), .kind = LOGIN_TOKEN };
        struct net_sasl_setup setup = setup_of(&login, MECH_XOAUTH2, true);
        struct net_sasl *s = net_sasl_new(&setup, &err);
        assert_int_equal(net_sasl_initial(s, &out, &err), 0);
        assert_int_equal(net_sasl_answer(s, str_c(rows[i].challenge), &out, &err), 0);
        assert_int_equal(net_sasl_end(s, false, false, "no", &err), -1);
        if (err.code != ERR_AUTH || strstr(err.text, rows[i].word) == NULL)
            fail_msg("row %zu: %s", i, err.text);
        net_sasl_free(&s);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct net_login login = { .user = "u", .secret = str_c(bad[i]), .kind = LOGIN_TOKEN };
        struct net_sasl_setup setup = setup_of(&login, MECH_XOAUTH2, true);
        struct net_sasl *s = net_sasl_new(&setup, &err);
        assert_int_equal(net_sasl_initial(s, &out, &err), -1);
        assert_int_equal(err.code, ERR_AUTH);
        net_sasl_free(&s);
    }
    buf_wipe(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_is_chosen),
        cmocka_unit_test(answers_are_what_the_rfcs_say),
        cmocka_unit_test(scram_is_mutual),
        cmocka_unit_test(a_yes_without_proof_is_no_login),
        cmocka_unit_test(challenges_come_to_an_end),
        cmocka_unit_test(tokens_are_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
