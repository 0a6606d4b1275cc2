/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "wire/imap_resp.h"

struct parsed {
    struct wire_imap *p;
    struct imap_resp r;
    int result;
};

static struct parsed parse(const char *text)
{
    struct parsed x = { .p = wire_imap_new(WIRE_CLIENT, NULL) };
    struct str in = str_c(text);
    const struct wire_node *line;
    struct error err = { 0 };
    assert_int_equal(wire_imap_next(x.p, &in, &line, &err), WIRE_OK);
    x.result = wire_imap_resp(line, &x.r, &err);
    if (x.result != 0)
        assert_int_equal(err.code, ERR_PROTO);
    return x;
}

static void kinds_and_numbers(void **state)
{
    static const struct {
        const char *in;
        int result;
        enum imap_kind kind;
        enum imap_code code;
        uint64_t number;
        unsigned bits; /* flags or caps */
    } rows[] = {
        { "a1 OK done\r\n", 0, IMAP_OK, CODE_NONE, 0, 0 },
        { "a1 NO\r\n", 0, IMAP_NO, CODE_NONE, 0, 0 },
        { "a1 bad\r\n", 0, IMAP_BAD, CODE_NONE, 0, 0 },
        { "a1 BYE x\r\n", -1, 0, 0, 0, 0 },
        { "a1 23 EXISTS\r\n", -1, 0, 0, 0, 0 },
        { "*\r\n", -1, 0, 0, 0, 0 },
        { "* BYE x\r\n", 0, IMAP_BYE, 0, 0, 0 },
        { "* PREAUTH x\r\n", 0, IMAP_PREAUTH, 0, 0, 0 },
        { "+ x\r\n", 0, IMAP_CONTINUE, 0, 0, 0 },
        { "* OK [UIDNEXT 7] x\r\n", 0, IMAP_OK, CODE_UIDNEXT, 7, 0 },
        { "* OK [UIDNEXT x] x\r\n", -1, 0, 0, 0, 0 },
        { "* OK [UIDVALIDITY 18446744073709551616]\r\n", -1, 0, 0, 0, 0 },
        { "* OK [HIGHESTMODSEQ 90]\r\n", 0, IMAP_OK, CODE_HIGHESTMODSEQ, 90, 0 },
        { "* OK [WHATEVER (a) b] x\r\n", 0, IMAP_OK, CODE_OTHER, 0, 0 },
        { "* OK [PERMANENTFLAGS (\\Seen \\*)]\r\n", 0, IMAP_OK, CODE_PERMANENTFLAGS, 0,
          IMAP_SEEN | IMAP_ANY },
        { "* OK [PERMANENTFLAGS]\r\n", -1, 0, 0, 0, 0 },
        { "* OK [CAPABILITY IMAP4rev1 IDLE] x\r\n", 0, IMAP_OK, CODE_CAPABILITY, 0,
          CAP_IMAP4REV1 | CAP_IDLE },
        { "a NO [AUTHENTICATIONFAILED] x\r\n", 0, IMAP_NO, CODE_AUTHENTICATIONFAILED, 0, 0 },
        { "a OK [APPENDUID 3 7] x\r\n", 0, IMAP_OK, CODE_APPENDUID, 3, 0 },
        { "a OK [APPENDUID 3 7,] x\r\n", -1, 0, 0, 0, 0 }, /* CVE-2021-32055 */
        { "a OK [APPENDUID 3] x\r\n", -1, 0, 0, 0, 0 },
        { "a OK [COPYUID 3 1:2 5:6] x\r\n", 0, IMAP_OK, CODE_COPYUID, 3, 0 },
        { "a OK [COPYUID 3 1:2 5:7] x\r\n", -1, 0, 0, 0, 0 },
        { "* CAPABILITY IMAP4rev1 LITERAL+ QRESYNC AUTH=PLAIN X\r\n", 0, IMAP_CAPABILITY, 0, 0,
          CAP_IMAP4REV1 | CAP_LITERAL_PLUS | CAP_QRESYNC | CAP_CONDSTORE | CAP_AUTH_PLAIN },
        { "* FLAGS (\\Answered $Forwarded x)\r\n", 0, IMAP_FLAGS, 0, 0,
          IMAP_ANSWERED | IMAP_FORWARDED },
        { "* FLAGS\r\n", -1, 0, 0, 0, 0 },
        { "* 23 EXISTS\r\n", 0, IMAP_EXISTS, 0, 23, 0 },
        { "* 0 EXISTS\r\n", 0, IMAP_EXISTS, 0, 0, 0 },
        { "* 4294967296 EXISTS\r\n", -1, 0, 0, 0, 0 },
        { "* 0 EXPUNGE\r\n", -1, 0, 0, 0, 0 },
        { "* 2 EXPUNGE\r\n", 0, IMAP_EXPUNGE, 0, 2, 0 },
        { "* 2 NEWTHING (x)\r\n", 0, IMAP_OTHER, 0, 0, 0 },
        { "* 2\r\n", -1, 0, 0, 0, 0 },
        { "* ID NIL\r\n", 0, IMAP_OTHER, 0, 0, 0 },
        { "* VANISHED (EARLIER) 1:3,\r\n", -1, 0, 0, 0, 0 }, /* CVE-2021-32055 */
        { "* VANISHED (EARLIER) 1:3\r\n", 0, IMAP_VANISHED, 0, 0, 0 },
        { "* VANISHED\r\n", -1, 0, 0, 0, 0 },
        { "* SEARCH\r\n", 0, IMAP_SEARCH, 0, 0, 0 },
        { "* SEARCH 1 x\r\n", -1, 0, 0, 0, 0 },
        { "* SEARCH 1 2 (MODSEQ 9)\r\n", 0, IMAP_SEARCH, 0, 0, 0 },
        { "* LIST (\\Noselect) \"//\" x\r\n", -1, 0, 0, 0, 0 },
        { "* LIST x \"/\" x\r\n", -1, 0, 0, 0, 0 },
        { "* LIST () \"/\"\r\n", -1, 0, 0, 0, 0 },
        { "* STATUS x (MESSAGES)\r\n", -1, 0, 0, 0, 0 },
        { "* STATUS x (MESSAGES 99999999999999999999)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (UID)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (UID 0)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (FLAGS x)\r\n", -1, 0, 0, 0, 0 },
        { "* 1 FETCH (BODY[] (x))\r\n", -1, 0, 0, 0, 0 },
        /* CVE-2018-14358: digits without end */
        { "* 1 FETCH (RFC822.SIZE 999999999999999999999999999999)\r\n", -1, 0, 0, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parsed x = parse(rows[i].in);
        assert_int_equal(x.result, rows[i].result);
        if (x.result == 0) {
            assert_int_equal(x.r.kind, rows[i].kind);
            assert_int_equal(x.r.code, rows[i].code);
            assert_true(x.r.number == rows[i].number);
            assert_int_equal(x.r.flags | x.r.caps, rows[i].bits);
        }
        wire_imap_free(&x.p);
    }
}

static void fetch_has_its_items(void **state)
{
    (void)state;
    struct parsed x = parse("* 12 FETCH (UID 7 FLAGS (\\Seen foo) RFC822.SIZE 4294967300 "
                            "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" MODSEQ (12) X-GM-MSGID 5 "
                            "BODY[] {5}\r\nhello BODY[HEADER] NIL)\r\n");
    const struct imap_fetch *f = &x.r.fetch;
    assert_int_equal(x.result, 0);
    assert_int_equal(f->seq, 12);
    assert_int_equal(f->uid, 7);
    assert_int_equal(f->flags, IMAP_SEEN);
    assert_str(f->keywords->next->s, "foo");
    assert_true(f->size == 4294967300u);
    assert_true(f->internal_date == 837596665);
    assert_true(f->modseq == 12);
    assert_str(f->body->s, "hello");
    assert_null(f->header);
    assert_int_equal(f->has, FETCH_UID | FETCH_FLAGS | FETCH_SIZE | FETCH_DATE | FETCH_MODSEQ |
                                 FETCH_BODY | FETCH_HEADER);
    wire_imap_free(&x.p);
}

static void a_date_of_any_length_is_a_date_or_nothing(void **state)
{
    char text[3000]; /* CVE-2018-14350 */
    (void)state;
    memset(text, '1', sizeof text);
    memcpy(text, "* 1 FETCH (INTERNALDATE \"", 25);
    memcpy(text + sizeof text - 5, "\")\r\n", 5);
    struct parsed x = parse(text);
    assert_int_equal(x.result, 0);
    assert_int_equal(x.r.fetch.has, 0);
    wire_imap_free(&x.p);
}

static void lists_and_status(void **state)
{
    (void)state;
    struct parsed x = parse("* LIST (\\HasChildren \\Sent) \".\" {4}\r\nSent\r\n");
    assert_int_equal(x.r.list.flags, LIST_HASCHILDREN | LIST_SENT);
    assert_int_equal(x.r.list.delim, '.');
    assert_str(x.r.list.name, "Sent");
    wire_imap_free(&x.p);
    x = parse("* LIST (\\NonExistent) NIL x\r\n");
    assert_int_equal(x.r.list.flags, LIST_NONEXISTENT | LIST_NOSELECT);
    assert_int_equal(x.r.list.delim, 0);
    wire_imap_free(&x.p);
    x = parse("* STATUS \"a b\" (MESSAGES 3 UNSEEN 1 UIDNEXT 9 NEW (x) UIDVALIDITY 2)\r\n");
    assert_str(x.r.status.name, "a b");
    assert_int_equal(x.r.status.has,
                     STATUS_MESSAGES | STATUS_UNSEEN | STATUS_UIDNEXT | STATUS_UIDVALIDITY);
    assert_true(x.r.status.messages == 3 && x.r.status.unseen == 1 && x.r.status.uidnext == 9 &&
                x.r.status.uidvalidity == 2);
    wire_imap_free(&x.p);
}

static void dates(void **state)
{
    static const struct {
        const char *in;
        int result;
        int64_t seconds;
    } rows[] = {
        { "01-Jan-1970 00:00:00 +0000", 0, 0 },
        { " 1-Jan-1970 00:00:00 +0000", 0, 0 },
        { "1-Jan-1970 00:00:00 +0000", 0, 0 },
        { "29-Feb-2024 12:00:00 +0130", 0, 1709202600 },
        { "31-Dec-1969 23:59:59 +0000", 0, -1 },
        { "17-Jul-1996 02:44:25 -0700", 0, 837596665 },
        { "17-Jul-1996 02:44:25", -1, 0 },
        { "17-Foo-1996 02:44:25 +0000", -1, 0 },
        { "00-Jan-1996 02:44:25 +0000", -1, 0 },
        { "17-Jan-1996 24:44:25 +0000", -1, 0 },
        { "17-Jan-1996 02:44:25 +0000x", -1, 0 },
        { "x-Jan-1996 02:44:25 +0000", -1, 0 },
        { "", -1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t t = 0;
        assert_int_equal(wire_imap_date(str_c(rows[i].in), &t), rows[i].result);
        if (rows[i].result == 0)
            assert_true(t == rows[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_and_numbers),
        cmocka_unit_test(fetch_has_its_items),
        cmocka_unit_test(a_date_of_any_length_is_a_date_or_nothing),
        cmocka_unit_test(lists_and_status),
        cmocka_unit_test(dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
