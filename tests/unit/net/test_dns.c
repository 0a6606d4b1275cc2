/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "net/dns.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_MX = 15, TYPE_SRV = 33 };

static void put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v >> 8));
    buf_addc(b, (char)v);
}

/* RFC 1035 §3.1; "" is the root. */
static void put_name(struct buf *b, const char *name)
{
    struct str rest = str_c(name), label;
    while (rest.n > 0) {
        if (str_until(&rest, '.', &label) != 0) {
            label = rest;
            rest.n = 0;
        }
        buf_addc(b, (char)label.n);
        buf_add_str(b, label);
    }
    buf_addc(b, 0);
}

struct row {
    unsigned type, n[3]; /* MX: preference; SRV: priority, weight, port */
    const char *host;
};

static void put_row(struct buf *b, const struct row *r)
{
    struct buf data = BUF_INIT(600);
    put16(b, 0xC00C); /* the name of the question */
    put16(b, r->type);
    put16(b, 1);
    put16(b, 0);
    put16(b, 60);
    for (size_t i = 0; i < (r->type == TYPE_SRV ? 3 : r->type == TYPE_MX ? 1 : 0); i++)
        put16(&data, r->n[i]);
    if (r->type == TYPE_A)
        buf_adds(&data, "\x7f\x01\x01\x01");
    else
        put_name(&data, r->host);
    put16(b, (unsigned)data.len);
    buf_add_str(b, buf_str(&data));
    buf_free(&data);
}

static void answer(struct buf *b, unsigned type, const struct row *rows, size_t n)
{
    buf_clear(b);
    put16(b, 1);
    put16(b, 0x8180);
    put16(b, 1);
    put16(b, (unsigned)n);
    put16(b, 0);
    put16(b, 0);
    put_name(b, "example.org");
    put16(b, type);
    put16(b, 1);
    for (size_t i = 0; i < n; i++)
        put_row(b, &rows[i]);
}

static void mx_are_sorted_and_checked(void **state)
{
    static const struct {
        struct row rows[4];
        size_t n;
        enum dns_result want;
        const char *hosts[4];
        size_t hosts_n;
    } tests[] = {
        { { { TYPE_MX, { 20 }, "b.example" }, { TYPE_MX, { 10 }, "A.Example" } },
          2,
          DNS_OK,
          { "a.example", "b.example" },
          2 },
        { { { TYPE_CNAME, { 0 }, "other.example" }, { TYPE_MX, { 65535 }, "b.example" } },
          2,
          DNS_OK,
          { "b.example" },
          1 },
        { { { TYPE_MX, { 0 }, "" } }, 1, DNS_OK, { "" }, 1 },
        { { { TYPE_MX, { 0 }, "" }, { TYPE_MX, { 5 }, "b.example" } },
          2,
          DNS_OK,
          { "b.example" },
          1 },
        { { { TYPE_A, { 0 }, NULL } }, 1, DNS_NO_DATA, { NULL }, 0 },
        { { { 0 } }, 0, DNS_NO_DATA, { NULL }, 0 },
        { { { TYPE_MX, { 1 }, "sp ace.example" }, { TYPE_MX, { 2 }, "b.example" } },
          2,
          DNS_OK,
          { "b.example" },
          1 },
        { { { TYPE_MX, { 1 }, "new\nline" } }, 1, DNS_FAILED, { NULL }, 0 },
    };
    struct buf b = BUF_INIT(65536);
    (void)state;
    for (size_t i = 0; i < COUNT(tests); i++) {
        static struct dns_mx_list list;
        unsigned random = 1;
        answer(&b, TYPE_MX, tests[i].rows, tests[i].n);
        if (dns_mx_read(buf_str(&b), &random, &list) != tests[i].want)
            fail_msg("row %zu", i);
        assert_int_equal(list.n, tests[i].hosts_n);
        for (size_t k = 0; k < list.n; k++)
            assert_string_equal(list.mx[k].host, tests[i].hosts[k]);
    }
    buf_free(&b);
}

static void equal_mx_come_in_any_order(void **state)
{
    static const struct row rows[] = { { TYPE_MX, { 10 }, "a.example" },
                                       { TYPE_MX, { 10 }, "b.example" },
                                       { TYPE_MX, { 10 }, "c.example" },
                                       { TYPE_MX, { 5 }, "first.example" } };
    struct buf b = BUF_INIT(65536);
    size_t second[3] = { 0 };
    unsigned random = 42;
    (void)state;
    answer(&b, TYPE_MX, rows, COUNT(rows));
    for (size_t i = 0; i < 300; i++) {
        static struct dns_mx_list list;
        assert_int_equal(dns_mx_read(buf_str(&b), &random, &list), DNS_OK);
        assert_int_equal(list.n, 4);
        assert_string_equal(list.mx[0].host, "first.example");
        second[list.mx[1].host[0] - 'a']++;
    }
    for (size_t k = 0; k < COUNT(second); k++)
        assert_in_range(second[k], 50, 150);
    buf_free(&b);
}

static void more_mx_than_anybody_needs_are_dropped(void **state)
{
    enum { MANY = 300 };
    static struct row rows[MANY];
    static struct dns_mx_list list;
    struct buf b = BUF_INIT(65536);
    unsigned random = 7;
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        rows[i] = (struct row){ TYPE_MX, { MANY - i }, "a.example" };
    answer(&b, TYPE_MX, rows, MANY);
    assert_int_equal(dns_mx_read(buf_str(&b), &random, &list), DNS_OK);
    assert_int_equal(list.n, DNS_MX_MAX);
    for (unsigned i = 0; i < DNS_MX_MAX; i++)
        assert_int_equal(list.mx[i].preference, i + 1);
    buf_free(&b);
}

static void srv_by_priority_and_weight(void **state)
{
    static const struct row rows[] = { { TYPE_SRV, { 20, 0, 25 }, "last.example" },
                                       { TYPE_SRV, { 10, 90, 587 }, "often.example" },
                                       { TYPE_SRV, { 10, 10, 587 }, "rare.example" } };
    struct buf b = BUF_INIT(65536);
    unsigned random = 42;
    size_t often = 0;
    (void)state;
    answer(&b, TYPE_SRV, rows, COUNT(rows));
    for (size_t i = 0; i < 300; i++) {
        static struct dns_srv_list list;
        assert_int_equal(dns_srv_read(buf_str(&b), &random, &list), DNS_OK);
        assert_int_equal(list.n, 3);
        assert_string_equal(list.srv[2].host, "last.example");
        assert_int_equal(list.srv[2].port, 25);
        often += list.srv[0].host[0] == 'o';
    }
    assert_in_range(often, 230, 295);
    buf_free(&b);
}

/* No cut and no changed byte of an answer does harm. */
static void broken_answers_are_none(void **state)
{
    static const struct row rows[] = { { TYPE_MX, { 10 }, "a.example" },
                                       { TYPE_MX, { 20 }, "b.example" } };
    static struct dns_mx_list list;
    struct buf b = BUF_INIT(65536);
    unsigned random = 1;
    (void)state;
    answer(&b, TYPE_MX, rows, COUNT(rows));
    for (size_t n = 0; n < b.len; n++) {
        char *exact = malloc(n + 1);
        memcpy(exact, b.data, n);
        enum dns_result rc = dns_mx_read((struct str){ exact, n }, &random, &list);
        assert_int_not_equal(rc, DNS_OK);
        assert_int_not_equal(rc, DNS_NO_NAME);
        free(exact);
    }
    for (size_t at = 0; at < b.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            b.data[at] = (char)(b.data[at] ^ (1 << bit));
            enum dns_result rc = dns_mx_read(buf_str(&b), &random, &list);
            assert_true(rc != DNS_OK || list.n > 0);
            for (size_t k = 0; k < list.n; k++)
                assert_true(list.mx[k].host[0] == '\0' || dns_name_ok(str_c(list.mx[k].host)));
            b.data[at] = (char)(b.data[at] ^ (1 << bit));
        }
    /* a name that points at itself */
    answer(&b, TYPE_MX, rows, 1);
    b.data[b.len - 11] = (char)0xC0;
    b.data[b.len - 10] = (char)(b.len - 11);
    assert_int_not_equal(dns_mx_read(buf_str(&b), &random, &list), DNS_OK);
    buf_free(&b);
}

static void names_of_hosts(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } rows[] = { { "a", true },
                 { "a.b-c.example.", true },
                 { "_submission._tcp.example.org", true },
                 { "", false },
                 { ".", false },
                 { "a..b", false },
                 { ".a", false },
                 { "a b", false },
                 { "a/b", false },
                 { "a:25", false },
                 { "[127.0.0.1]", false },
                 { "a\\.b", false },
                 { "\xC3\xA4.example", false } };
    char label[70];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (dns_name_ok(str_c(rows[i].name)) != rows[i].ok)
            fail_msg("%s", rows[i].name);
    memset(label, 'a', sizeof label);
    assert_true(dns_name_ok((struct str){ label, 63 }));
    assert_false(dns_name_ok((struct str){ label, 64 }));
}

static void domains_in_ascii(void **state)
{
    char out[DNS_NAME_MAX];
    struct error err;
    (void)state;
    assert_int_equal(dns_ascii("Example.ORG.", out, &err), 0);
    assert_string_equal(out, "example.org");
    assert_int_equal(dns_ascii("a b", out, &err), -1);
    assert_int_equal(err.code, ERR_ADDRESS);
    assert_int_equal(dns_ascii("\xFF", out, &err), -1);
    /* RFC 3492 §7.1, and names that are used */
    static const char *const rows[][2] = {
        { "B\xC3\xBC"
          "cher.example",
          "xn--bcher-kva.example" },
        { "\xE4\xBB\x96\xE4\xBB\xAC\xE4\xB8\xBA\xE4\xBB\x80\xE4\xB9\x88\xE4\xB8\x8D\xE8\xAF\xB4"
          "\xE4\xB8\xAD\xE6\x96\x87",
          "xn--ihqwcrb4cv8a8dqg056pqjye" },
        { "\xE3\x81\x9D\xE3\x81\xAE\xE3\x82\xB9\xE3\x83\x94\xE3\x83\xBC\xE3\x83\x89\xE3\x81\xA7",
          "xn--d9juau41awczczp" },
        { "\xF0\x9F\x92\xA9.la", "xn--ls8h.la" },
        { "stra\xC3\x9F"
          "e.example.",
          "xn--strae-oqa.example" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(dns_ascii(rows[i][0], out, &err), 0);
        assert_string_equal(out, rows[i][1]);
    }
}

static void servers_that_make_no_sense(void **state)
{
    struct error err;
    (void)state;
    struct dns *d = dns_new(&(struct dns_setup){ .servers = "not a server" }, &err);
    assert_null(d);
    assert_int_equal(err.code, ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mx_are_sorted_and_checked),
        cmocka_unit_test(equal_mx_come_in_any_order),
        cmocka_unit_test(more_mx_than_anybody_needs_are_dropped),
        cmocka_unit_test(srv_by_priority_and_weight),
        cmocka_unit_test(broken_answers_are_none),
        cmocka_unit_test(names_of_hosts),
        cmocka_unit_test(domains_in_ascii),
        cmocka_unit_test(servers_that_make_no_sense),
    };
    struct error err;
    if (dns_init(&err) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dns_cleanup();
    return failed;
}
