/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "decode/proto.h"
#include "decode/servers.h"

#define DOC(inner)                                                                                 \
    "<clientConfig version=\"1.1\"><emailProvider id=\"x\">" inner "</emailProvider></"            \
    "clientConfig>"
#define SERVER(kind, type, fields) "<" kind " type=\"" type "\">" fields "</" kind ">"
#define FIELDS(host, port, socket)                                                                 \
    "<hostname>" host "</hostname><port>" port "</port><socketType>" socket "</socketType>"
#define IMAP SERVER("incomingServer", "imap", FIELDS("imap.example.org", "993", "SSL"))

/* Servers as "proto host port tls user pw|oauth" lines, the provider's name first; NULL: refused. */
struct row {
    const char *xml, *lines;
};

static const struct row rows[] = {
    { DOC(IMAP), "imap imap.example.org 993 tls <>\n" },
    { "<?xml version=\"1.0\"?>\n" DOC(
          "<domain>example.org</domain><displayName> Example  Mail </displayName>" IMAP SERVER(
              "outgoingServer", "smtp",
              FIELDS("smtp.example.org", "587",
                     "STARTTLS") "<username>%EMAILADDRESS%</"
                                 "username><authentication>password-cleartext"
                                 "</authentication><authentication>OAuth2</authentication>")),
      "Example  Mail\nimap imap.example.org 993 tls <>\n"
      "smtp smtp.example.org 587 starttls <%EMAILADDRESS%> password oauth\n" },
    { DOC(SERVER("incomingServer", "pop3", FIELDS("pop.example.org", "110", "plain"))),
      "pop3 pop.example.org 110 plain <>\n" },
    /* Not ours, not whole, or not possible. */
    { DOC(SERVER("incomingServer", "exchange", FIELDS("x", "443", "SSL")) IMAP),
      "imap imap.example.org 993 tls <>\n" },
    { DOC(SERVER("incomingServer", "imap", "<hostname>h</hostname>")), "" },
    { DOC(SERVER("incomingServer", "imap", FIELDS("h", "0", "SSL"))), "" },
    { DOC(SERVER("incomingServer", "imap", FIELDS("h", "65536", "SSL"))), "" },
    { DOC(SERVER("incomingServer", "imap", FIELDS("h", "99x", "SSL"))), "" },
    { DOC(SERVER("incomingServer", "imap", FIELDS("a\nb", "993", "SSL"))), "" },
    { DOC("<incomingServer><hostname>h</hostname><port>1</port></incomingServer>"), "" },
    /* A field deeper than it belongs is none. */
    { DOC(SERVER("incomingServer", "imap", "<x>" FIELDS("h", "993", "SSL") "</x>")), "" },
    { "<clientConfig>" IMAP "</clientConfig>", "" },
    { DOC("<webMail>" IMAP "</webMail>"), "" },
    { "<html><body>404</body></html>", NULL },
    { "<clientConfig><emailProvider>", NULL },
    { "", NULL },
    { "no xml at all", NULL },
    { "<!DOCTYPE clientConfig>" DOC(IMAP), NULL },
    { "<!DOCTYPE c [<!ENTITY a \"1234567890\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>" DOC(
          "<displayName>&b;</displayName>" IMAP),
      NULL },
    { "<!DOCTYPE c [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>" DOC(
          "<displayName>&f;</displayName>"),
      NULL },
    { DOC("<displayName>&nosuch;</displayName>" IMAP), NULL },
    { DOC("<displayName>a &amp; b &#60; c</displayName>"), "a & b < c\n" },
};

static void show(const struct decode_servers *s, struct buf *out)
{
    static const char *const protos[] = { "imap", "pop3", "smtp" };
    static const char *const tls[] = { "plain", "starttls", "tls" };
    if (s->name.n > 0)
        buf_addf(out, "%.*s\n", STR_ARG(s->name));
    for (size_t i = 0; i < s->n; i++) {
        const struct decode_server *v = &s->servers[i];
        buf_addf(out, "%s %.*s %u %s <%.*s>%s%s\n", protos[v->proto], STR_ARG(v->host), v->port,
                 tls[v->tls], STR_ARG(v->user), v->password ? " password" : "",
                 v->oauth ? " oauth" : "");
    }
}

static void documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decode_servers s;
        struct arena *a = arena_new(1024);
        struct buf out = BUF_INIT(1 << 20);
        int rc = servers_read(a, str_c(rows[i].xml), &s);
        if ((rc == 0) != (rows[i].lines != NULL))
            fail_msg("row %zu", i);
        if (rc == 0) {
            show(&s, &out);
            assert_string_equal(buf_c(&out), rows[i].lines);
        }
        buf_free(&out);
        arena_free(&a);
    }
}

static void have_ceilings(void **state)
{
    struct buf xml = BUF_INIT(1 << 20);
    struct decode_servers s;
    struct arena *a = arena_new(1024);
    (void)state;
    buf_adds(&xml, "<clientConfig><emailProvider>");
    for (int i = 0; i < DECODE_SERVERS_MAX + 5; i++)
        buf_adds(&xml, IMAP);
    buf_adds(&xml, "</emailProvider></clientConfig>");
    assert_int_equal(servers_read(a, buf_str(&xml), &s), 0);
    assert_int_equal(s.n, DECODE_SERVERS_MAX);
    buf_clear(&xml);
    for (int i = 0; i < 100; i++)
        buf_adds(&xml, i == 0 ? "<clientConfig>" : "<a>");
    assert_int_equal(servers_read(a, buf_str(&xml), &s), -1);
    buf_clear(&xml);
    buf_adds(&xml,
             "<clientConfig><emailProvider><incomingServer type=\"imap\"><port>1</port><hostname>");
    for (int i = 0; i < SERVERS_FIELD_MAX + 1; i++)
        buf_addc(&xml, 'x');
    buf_adds(&xml, "</hostname></incomingServer></emailProvider></clientConfig>");
    assert_int_equal(servers_read(a, buf_str(&xml), &s), 0);
    assert_int_equal(s.n, 0);
    buf_free(&xml);
    arena_free(&a);
}

static void through_the_worker(void **state)
{
    struct error err;
    struct decode_servers s;
    struct arena *a = arena_new(1024);
    struct decode *d = decode_new(TEST_BUILDDIR "/tmail-decode", NULL, &err);
    (void)state;
    assert_int_equal(decode_servers(d, a, str_c(rows[1].xml), &s, &err), 0);
    struct buf out = BUF_INIT(4096);
    show(&s, &out);
    assert_string_equal(buf_c(&out), rows[1].lines);
    assert_int_equal(decode_servers(d, a, STR("<html/>"), &s, &err), -1);
    assert_int_equal(err.code, ERR_PARSE);
    assert_int_equal(decode_servers(d, a, str_c(rows[0].xml), &s, &err), 0);
    assert_int_equal(s.n, 1);
    buf_free(&out);
    decode_free(&d);
    arena_free(&a);
}

/* A worker that was taken over may say anything. */
static void answers_are_checked(void **state)
{
    struct error err;
    struct decode_server one = {
        .proto = DECODE_SMTP, .port = 25, .host = STR("h"), .user = STR("u")
    };
    struct decode_servers s = { .servers = &one, .n = 1 }, got;
    struct arena *a = arena_new(1024);
    struct buf out = BUF_INIT(4096);
    (void)state;
    proto_servers_put(&out, &s);
    assert_int_equal(proto_servers_get(a, buf_str(&out), &got, &err), 0);
    assert_int_equal(got.n, 1);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(proto_servers_get(a, str_head(buf_str(&out), n), &got, &err), -1);
    one.host = STR("a\nb");
    buf_clear(&out);
    proto_servers_put(&out, &s);
    assert_int_equal(proto_servers_get(a, buf_str(&out), &got, &err), -1);
    one.host = STR("h");
    one.port = 0;
    buf_clear(&out);
    proto_servers_put(&out, &s);
    assert_int_equal(proto_servers_get(a, buf_str(&out), &got, &err), -1);
    buf_free(&out);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(have_ceilings),
        cmocka_unit_test(through_the_worker),
        cmocka_unit_test(answers_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
