/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/tlscert.h"

enum { DAY = 24 * 60 * 60 };
static const int64_t now = 1800000000;

static bool fits(const struct tlscert_text *t, const char *name, int64_t at)
{
    return tlscert_fits(buf_str(&t->cert), &name, 1, at);
}

static void make(struct tlscert_text *t, const char *const *names, size_t n)
{
    struct error err;
    tlscert_text_init(t);
    assert_int_equal(tlscert_make(names, n, now, t, &err), 0);
    assert_true(str_starts(buf_str(&t->ca), "-----BEGIN CERTIFICATE-----"));
    assert_true(str_starts(buf_str(&t->key), "-----BEGIN PRIVATE KEY-----"));
    /* The server's comes first, then the CA's. */
    assert_true(str_ends(buf_str(&t->cert), buf_c(&t->ca)));
    assert_false(str_starts(buf_str(&t->cert), buf_c(&t->ca)));
}

static void its_names_are_those_given(void **state)
{
    static const char *const names[] = { "mail.example", "localhost", "127.0.0.1", "::1" };
    struct tlscert_text t;
    (void)state;
    make(&t, names, COUNT(names));
    assert_true(tlscert_fits(buf_str(&t.cert), names, COUNT(names), now));
    assert_true(fits(&t, "MAIL.example", now));
    assert_false(fits(&t, "other.example", now));
    assert_false(fits(&t, "x.mail.example", now));
    assert_false(fits(&t, "127.0.0.2", now));
    assert_false(fits(&t, "::2", now));
    tlscert_text_clear(&t);
}

static void it_ends(void **state)
{
    static const char *const names[] = { "mail.example" };
    static const struct {
        int64_t days;
        bool fits;
    } rows[] = { { -2, false },
                 { 0, true },
                 { TLSCERT_DAYS - TLSCERT_RENEW_DAYS - 2, true },
                 { TLSCERT_DAYS - TLSCERT_RENEW_DAYS, false },
                 { 10000, false } };
    struct tlscert_text t;
    (void)state;
    make(&t, names, 1);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(fits(&t, names[0], now + rows[i].days * DAY), rows[i].fits);
    tlscert_text_clear(&t);
}

/* Options can say anything; a certificate cannot. */
static void what_is_no_name_is_left_out(void **state)
{
    static const char *const names[] = {
        "",
        "two words",
        "a,DNS:evil.example",
        "x\ny",
        "-x",
        "good.example",
        "a.name.that.is.longer.than.a.common.name.of.sixty-four.bytes.may.be.example"
    };
    struct tlscert_text t;
    (void)state;
    make(&t, names, COUNT(names));
    assert_true(tlscert_fits(buf_str(&t.cert), names, COUNT(names), now));
    assert_false(fits(&t, "evil.example", now));
    assert_true(fits(&t, "good.example", now));
    tlscert_text_clear(&t);
    make(&t, names + COUNT(names) - 1, 1); /* no common name, but it is there */
    assert_true(fits(&t, names[COUNT(names) - 1], now));
    tlscert_text_clear(&t);
}

static void what_is_no_certificate_does_not_fit(void **state)
{
    (void)state;
    static const char *const names[] = { "localhost" };
    struct str nonsense = STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_false(tlscert_fits(STR(""), names, 1, now));
    assert_false(tlscert_fits(nonsense, names, 1, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_names_are_those_given),
        cmocka_unit_test(it_ends),
        cmocka_unit_test(what_is_no_name_is_left_out),
        cmocka_unit_test(what_is_no_certificate_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
