/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/rank.h"

/* An offer as letters: I IMAP, P POP3, S SMTP with TLS from the start; i, p, s with STARTTLS; X IMAP in
 * the clear. A '.' behind: nothing more comes. Sources in the order of enum find_source. */
struct row {
    const char *offers[FIND_SOURCES];
    bool up;
    int rc;
    enum find_source source;
    const char *receive, *send;
};

static const struct row rows[] = {
    /* Nobody has answered. */
    { { "", "", "", "", "", "", "", "" }, false, 1, 0, "", "" },
    { { "", "", "", "", "", "", "", "" }, true, -1, 0, "", "" },
    { { ".", ".", ".", ".", ".", ".", ".", "." }, false, -1, 0, "", "" },
    /* A better source may still answer; or cannot any more. */
    { { ".", "", "IS.", "", "", "", "", "" }, false, 1, 0, "", "" },
    { { ".", ".", "IS.", "", "", "", "", "" }, false, 0, FIND_SRV, "I", "S" },
    { { ".", "", "IS.", "", "", "", "", "" }, true, 0, FIND_SRV, "I", "S" },
    { { "IPS.", "", "", "", "", "", "", "" }, false, 0, FIND_TABLE, "IP", "S" },
    /* One that answers by and by is waited for: what is best of it may come last. */
    { { ".", ".", "is", "", "", "", "", "" }, false, 1, 0, "", "" },
    { { ".", ".", "is", "", "", "", "", "" }, true, 0, FIND_SRV, "i", "s" },
    { { ".", ".", "isI.", "", "", "", "", "" }, false, 0, FIND_SRV, "Ii", "s" },
    /* Complete comes before better. */
    { { ".", ".", "I.", "IS.", "", "", "", "" }, false, 0, FIND_AUTOCONFIG, "I", "S" },
    { { ".", ".", "I", "", "", "IS.", "", "" }, true, 0, FIND_DIRECTORY, "I", "S" },
    /* Two halves. */
    { { ".", ".", "I.", ".", ".", ".", ".", "s." }, false, 0, FIND_SRV, "I", "s" },
    { { ".", ".", "S.", ".", ".", ".", ".", "P." }, false, 0, FIND_GUESS, "P", "S" },
    { { ".", ".", "S.", ".", ".", ".", ".", "." }, false, 0, FIND_SRV, "", "S" },
    { { ".", ".", ".", "P.", ".", ".", ".", "." }, false, 0, FIND_AUTOCONFIG, "P", "" },
    /* IMAP first, TLS from the start first. */
    { { ".", ".", "pPiIsS.", "", "", "", "", "" }, false, 0, FIND_SRV, "IiPp", "Ss" },
    /* In the clear: never. */
    { { ".", ".", "XS.", ".", ".", ".", ".", "." }, false, 0, FIND_SRV, "", "S" },
};

static void offer(struct find_offer *o, const char *letters)
{
    for (; *letters != '\0' && *letters != '.'; letters++) {
        char c = ascii_upper(*letters);
        find_offer_add(o, &(struct find_server){ .proto = c == 'P'   ? NET_POP3
                                                          : c == 'S' ? NET_SMTP
                                                                     : NET_IMAP,
                                                 .tls = c == 'X'        ? TLS_NONE
                                                        : c == *letters ? TLS_DIRECT
                                                                        : TLS_STARTTLS,
                                                 .port = (uint16_t)*letters,
                                                 .host = STR("h") });
    }
    o->over = *letters == '.';
}

static void letters_of(const struct find_server *s, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (char)s[i].port;
    out[n] = '\0';
}

static void who_wins(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct find_offer offers[FIND_SOURCES] = { 0 };
        struct find_choice c;
        char receive[FIND_SERVERS_MAX + 1], send[FIND_SERVERS_MAX + 1];
        for (size_t s = 0; s < FIND_SOURCES; s++)
            offer(&offers[s], rows[i].offers[s]);
        int rc = find_choose(offers, rows[i].up, &c);
        if (rc != rows[i].rc)
            fail_msg("row %zu: %d", i, rc);
        if (rc != 0)
            continue;
        letters_of(c.receive, c.receive_n, receive);
        letters_of(c.send, c.send_n, send);
        if (c.source != rows[i].source || strcmp(receive, rows[i].receive) != 0 ||
            strcmp(send, rows[i].send) != 0)
            fail_msg("row %zu: %d <%s> <%s>", i, (int)c.source, receive, send);
    }
}

static void offers_have_a_ceiling(void **state)
{
    struct find_offer o = { 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        find_offer_add(&o,
                       &(struct find_server){ .port = (uint16_t)(i / 2 + 1), .host = STR("h") });
    assert_int_equal(o.n, FIND_SERVERS_MAX);
    assert_int_equal(o.servers[1].port, 2); /* the same twice is one */
    o.n = 0;
    find_offer_add(&o, &(struct find_server){
                           .tls = TLS_NONE, .port = 1143, .host = STR("127.0.0.1") });
    find_offer_add(&o,
                   &(struct find_server){ .tls = TLS_NONE, .port = 143, .host = STR("127.0.0.2") });
    assert_int_equal(o.n, 1);
}

static void words_are_filled_in(void **state)
{
    static const struct {
        const char *text, *address, *out;
    } fills[] = {
        { "%EMAILADDRESS%", "jane@example.org", "jane@example.org" },
        { "a%EMAILLOCALPART%b", "ja@ne@example.org", "aja@neb" },
        { "mail.%EMAILDOMAIN%", "jane@example.org", "mail.example.org" },
        { "%EMAIL%%", "j@x", "%EMAIL%%" },
        { "%EMAILLOCALPART%", "%EMAILDOMAIN%@x", "%EMAILDOMAIN%" },
        { "", "j@x", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(fills); i++) {
        struct buf out = BUF_INIT(100);
        find_fill(str_c(fills[i].text), str_c(fills[i].address), &out);
        assert_string_equal(buf_c(&out), fills[i].out);
        buf_free(&out);
    }
}

static void inside_or_outside(void **state)
{
    (void)state;
    assert_true(find_is_inside(STR("example.org"), STR("example.org")));
    assert_true(find_is_inside(STR("imap.Example.org"), STR("example.org")));
    assert_false(find_is_inside(STR("badexample.org"), STR("example.org")));
    assert_false(find_is_inside(STR("example.org.evil.net"), STR("example.org")));
    assert_false(find_is_inside(STR(".example.org"), STR("example.org.")));
    assert_true(find_is_here(STR("LocalHost")));
    assert_false(find_is_here(STR("localhost.example.org")));
}

static void big_providers(void **state)
{
    static const struct {
        const char *domain, *mx, *name;
    } known[] = {
        { "gmail.com", "gmail-smtp-in.l.google.com", "Gmail" },
        { "hotmail.com", "x.olc.protection.outlook.com", "Outlook.com" },
        { NULL, "example-org.mail.protection.outlook.com", "Microsoft 365" },
        { "mac.com", "mx01.mail.icloud.com", "iCloud" },
        { NULL, "notgoogle.com", NULL },
        { "com", "protection.outlook.com", NULL },
        { "", "", NULL },
        { "gmail.com.evil.net", "google.com.evil.net", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct provider *d = provider_of_domain(str_c(known[i].domain));
        const struct provider *m = provider_of_mx(str_c(known[i].mx));
        if (known[i].domain != NULL && known[i].name != NULL)
            assert_string_equal(d->name, known[i].name);
        else
            assert_null(d);
        if (known[i].name != NULL)
            assert_string_equal(m->name, known[i].name);
        else
            assert_null(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_wins),
        cmocka_unit_test(offers_have_a_ceiling),
        cmocka_unit_test(words_are_filled_in),
        cmocka_unit_test(inside_or_outside),
        cmocka_unit_test(big_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
