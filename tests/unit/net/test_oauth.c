/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/oauth_http.h"
#include "net/oauth_listen.h"

/* RFC 7636 appendix B. */
static void test_challenge(void **state)
{
    struct buf out = BUF_INIT(100);
    (void)state;
    oauth_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &out);
    assert_string_equal(buf_c(&out), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    buf_free(&out);
}

static void test_flow(void **state)
{
    struct oauth_flow a, b;
    (void)state;
    oauth_flow_init(&a, 4711);
    oauth_flow_init(&b, 4711);
    assert_int_equal(strlen(a.verifier), OAUTH_VERIFIER);
    assert_int_equal(strlen(a.state), OAUTH_VERIFIER);
    assert_string_not_equal(a.verifier, b.verifier);
    assert_string_not_equal(a.state, b.state);
    assert_string_not_equal(a.state, a.verifier);
    assert_string_equal(a.redirect, "http://127.0.0.1:4711");
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        { "https://example.org/token", true },
        { "https://example.org:8443/a?b=c", true },
        { "http://127.0.0.1:80/t", true },
        { "http://localhost/t", true },
        { "http://[::1]:81/t", true },
        { "http://example.org/t", false },
        { "http://127.0.0.1.example.org/t", false },
        { "http://localhost@example.org/t", false },
        { "https://user:pw@example.org/t", false },
        { "ftp://127.0.0.1/", false },
        { "file:///etc/passwd", false },
        { "javascript:alert(1)", false },
        { "-oops", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        if ((oauth_url_check(rows[i].url, &err) == 0) != rows[i].good)
            fail_msg("%s", rows[i].url);
    }
}

static void test_auth_url(void **state)
{
    struct oauth_client c = { .provider = "google", .id = "me & you" };
    struct oauth_flow f = { .verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                            .state = "S",
                            .redirect = "http://127.0.0.1:1" };
    struct buf out = BUF_INIT(OAUTH_URL_MAX);
    struct error err;
    (void)state;
    assert_int_equal(oauth_client_fill(&c, &err), 0);
    assert_int_equal(oauth_auth_url(&c, &f, "jane@example.org", &out, &err), 0);
    assert_string_equal(
        buf_c(&out),
        "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=me%20%26%20you"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1&scope=https%3A%2F%2Fmail.google.com%2F&state=S"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        "&login_hint=jane%40example.org&access_type=offline&prompt=consent");
    buf_clear(&out);
    c = (struct oauth_client){
        .provider = "custom", .id = "x", .auth_url = "https://a/b?c=d", .token_url = "https://a/t"
    };
    assert_int_equal(oauth_client_fill(&c, &err), 0);
    assert_int_equal(oauth_auth_url(&c, &f, NULL, &out, &err), 0);
    assert_true(str_starts(buf_str(&out), "https://a/b?c=d&response_type=code&client_id=x&"));
    buf_free(&out);
}

static void test_fill(void **state)
{
    struct oauth_client c = { .provider = "microsoft" };
    struct error err;
    (void)state;
    assert_int_equal(oauth_client_fill(&c, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.text, "oauth-client-id"));
    c = (struct oauth_client){ .provider = "microsoft", .id = "x", .scope = "mine" };
    assert_int_equal(oauth_client_fill(&c, &err), 0);
    assert_string_equal(c.scope, "mine");
    assert_non_null(strstr(c.device_url, "/devicecode"));
    c = (struct oauth_client){ .provider = "custom", .id = "x", .token_url = "https://a/" };
    assert_int_equal(oauth_client_fill(&c, &err), -1);
    c = (struct oauth_client){ .provider = "nobody", .id = "x" };
    assert_int_equal(oauth_client_fill(&c, &err), -1);
}

static void test_forms(void **state)
{
    static const struct {
        const char *form, *value; /* of x; NULL: none */
    } rows[] = {
        { "x=1", "1" },
        { "a=b&x=1&c=d", "1" },
        { "x=a%20b+c%2B", "a b c+" },
        { "x=", "" },
        { "x", "" },
        { "xx=1", NULL },
        { "x=1&x=2", NULL },
        { "x=%", NULL },
        { "x=%4", NULL },
        { "x=%zz", NULL },
        { "x=%00", NULL },
        { "x=%0d%0a", NULL },
        { "x=\xc3\xa4", NULL },
        { "x=%41", "A" },
        { "", NULL },
        { "&&&x=1&&", "1" },
        { "x=%4141", "A41" },
        { "=x", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(100);
        bool found = oauth_form_get(str_c(rows[i].form), "x", &out);
        if (found != (rows[i].value != NULL) || (found && strcmp(buf_c(&out), rows[i].value) != 0))
            fail_msg("%s: %s", rows[i].form, buf_c(&out));
        buf_free(&out);
    }
    struct buf small = BUF_INIT(3);
    assert_false(oauth_form_get(STR("x=12345"), "x", &small));
    buf_free(&small);
}

static void test_paste(void **state)
{
    static const struct {
        const char *text;
        int rc;
        enum error_code code;
        const char *value;
    } rows[] = {
        { "http://127.0.0.1:1/?code=abc%2F1&state=S", 0, ERR_NONE, "abc/1" },
        { "  http://127.0.0.1:1/?state=S&scope=x&code=abc#frag \r\n", 0, ERR_NONE, "abc" },
        { "4/0Abc-d_e", 0, ERR_NONE, "4/0Abc-d_e" },
        { "http://127.0.0.1:1/?code=abc&state=T", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/?code=abc", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/?state=S", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/?state=S&code=", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/?state=S&state=S&code=1", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/?error=access_denied&state=S", -1, ERR_AUTH, "" },
        { "http://127.0.0.1:1/?error=access_denied&state=T", -1, ERR_USAGE, "" },
        { "http://127.0.0.1:1/", -1, ERR_USAGE, "" },
        { "two words", -1, ERR_USAGE, "" },
        { "", -1, ERR_USAGE, "" },
    };
    struct oauth_flow f = { .state = "S" };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf code = BUF_INIT(OAUTH_TOKEN_MAX);
        struct error err = { 0 };
        int rc = oauth_paste_read(&f, str_c(rows[i].text), &code, &err);
        if (rc != rows[i].rc || (rc != 0 && err.code != rows[i].code) ||
            strcmp(buf_c(&code), rows[i].value) != 0)
            fail_msg("%s: %d, %d, %s", rows[i].text, rc, err.code, buf_c(&code));
        buf_free(&code);
    }
}

static void test_request(void **state)
{
    static const struct {
        const char *head, *query; /* NULL: refused */
    } rows[] = {
        { "GET /?a=b HTTP/1.1\r\nHost: h:1\r\n\r\n", "a=b" },
        { "GET /?a HTTP/1.0\r\nX: y\r\nhost:h:1\r\n\r\n", "a" },
        { "GET / HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /favicon.ico HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /x?a HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "POST /?a HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /?a HTTP/1.1\r\nHost: evil:1\r\n\r\n", NULL },
        { "GET /?a HTTP/1.1\r\nHost: h:1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /?a HTTP/1.1\r\n\r\n", NULL },
        { "GET /?a\tb HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /?a\xc3\xa4 HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "GET /?a HTTP/2\r\nHost: h:1\r\n\r\n", NULL },
        { "GET  /?a HTTP/1.1\r\nHost: h:1\r\n\r\n", NULL },
        { "\x16\x03\x01\r\n\r\n", NULL },
        { "\r\n\r\n", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str query = { 0 };
        bool ok = oauth_request_read(str_c(rows[i].head), "h:1", &query);
        if (ok != (rows[i].query != NULL) || (ok && !str_eqc(query, rows[i].query)))
            fail_msg("%s", rows[i].head);
    }
}

/* ------------------------------------------------------------------ the listener */

struct browser {
    uint16_t port;
    const struct oauth_flow *flow;
};

static int dial(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void get(const struct browser *b, const char *query, const char *wanted)
{
    char answer[4096] = { 0 };
    size_t n = 0;
    ssize_t got;
    int fd = dial(b->port);
    struct buf out = BUF_INIT(4096);
    buf_addf(&out, "GET /%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", query, (unsigned)b->port);
    for (size_t i = 0; i < out.len; i++) /* byte by byte */
        assert_int_equal(send(fd, out.data + i, 1, MSG_NOSIGNAL), 1);
    while (n < sizeof answer - 1 && (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0)
        n += (size_t)got;
    if (strncmp(answer + strlen("HTTP/1.1 "), wanted, strlen(wanted)) != 0)
        fail_msg("%s: %s", query, answer);
    buf_free(&out);
    close(fd);
}

static void *browse(void *arg)
{
    struct browser *b = arg;
    int silent[OAUTH_PEERS + 2];
    struct buf query = BUF_INIT(4096);
    char noise[OAUTH_HEAD_MAX / 4];
    memset(noise, 'x', sizeof noise);
    for (size_t i = 0; i < COUNT(silent); i++)
        silent[i] = dial(b->port); /* says nothing, as those that a browser opens ahead */
    get(b, "favicon.ico", "404");
    get(b, "?code=evil&state=guessed", "400");
    get(b, "?error=access_denied&state=guessed", "400");
    int loud = dial(b->port);
    for (int i = 0; i < 8; i++) /* no end of a head: cut off, and the rest goes on */
        (void)!send(loud, noise, sizeof noise, MSG_NOSIGNAL);
    buf_addf(&query, "?state=%s&code=good", b->flow->state);
    get(b, buf_c(&query), "200");
    buf_free(&query);
    close(loud);
    for (size_t i = 0; i < COUNT(silent); i++)
        close(silent[i]);
    return NULL;
}

static void test_listener(void **state)
{
    struct oauth_flow f;
    struct browser b = { .flow = &f };
    struct error err;
    struct buf code = BUF_INIT(OAUTH_TOKEN_MAX);
    pthread_t thread;
    (void)state;
    int fd = oauth_listen_open(&b.port, &err);
    assert_true(fd >= 0);
    oauth_flow_init(&f, b.port);
    assert_int_equal(pthread_create(&thread, NULL, browse, &b), 0);
    assert_int_equal(oauth_listen_wait(fd, &f, NULL, 60000, &code, &err), 0);
    assert_string_equal(buf_c(&code), "good");
    pthread_join(thread, NULL);
    buf_clear(&code);
    assert_int_equal(oauth_listen_wait(fd, &f, NULL, 1, &code, &err), -1);
    assert_int_equal(err.code, ERR_NET);
    struct net_cancel *cancel = net_cancel_new(&err);
    net_cancel_set(cancel);
    assert_int_equal(oauth_listen_wait(fd, &f, cancel, 60000, &code, &err), -1);
    assert_int_equal(err.code, ERR_CANCELLED);
    net_cancel_free(&cancel);
    close(fd);
    buf_free(&code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenge), cmocka_unit_test(test_flow),
        cmocka_unit_test(test_urls),      cmocka_unit_test(test_auth_url),
        cmocka_unit_test(test_fill),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_paste),     cmocka_unit_test(test_request),
        cmocka_unit_test(test_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
