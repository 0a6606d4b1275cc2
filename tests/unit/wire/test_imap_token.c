/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "unit/wire/split.h"

struct row {
    struct str in;
    const char *want;
};
#define ROW(in, want)                                                                              \
    {                                                                                              \
        STR(in), want                                                                              \
    }

static const struct wire_imap_limits small = {
    .line_max = 60,
    .depth_max = 4,
    .nodes_max = 12,
    .memory_max = 4000,
    .literal_keep = 8,
    .literal_max = 30,
};

static void check(const struct split *s, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        split_check(s, rows[i].in, rows[i].want);
}

static void responses_become_trees(void **state)
{
    static const struct row rows[] = {
        ROW("* OK ready\r\n", "* OK <ready>\n"),
        ROW("a1 NO\r\n", "a1 NO\n"), /* CVE-2018-14349: no text at all */
        ROW("a1 NO \r\n", "a1 NO\n"),
        ROW("a1 OK [APPENDUID 3 7] done (really) {5}\r\n",
            "a1 OK [APPENDUID 3 7] <done (really) {5}>\n"),
        ROW("* OK [PERMANENTFLAGS (\\Seen \\*)] Limited\r\n",
            "* OK [PERMANENTFLAGS (\\Seen \\*)] <Limited>\n"),
        ROW("* OK [ALERT]\r\n", "* OK [ALERT]\n"),
        ROW("* OK text [not a code]\r\n", "* OK <text [not a code]>\n"),
        ROW("+ go on (\"x\r\n", "+ <go on (\"x>\n"),
        ROW("+ [x] y\r\n", "+ <[x] y>\n"),
        ROW("+\r\n", "+\n"),
        ROW("* 23 EXISTS\r\n* FLAGS (\\Seen $x)\r\n", "* 23 EXISTS\n* FLAGS (\\Seen $x)\n"),
        ROW("* LIST () \"/\" \"a \\\"b\\\\\"\r\n", "* LIST () \"/\" \"a \"b\\\"\n"),
        ROW("* LIST () NIL [Gmail]/x\r\n", "* LIST () NIL [Gmail]/x\n"),
        ROW("* 1 FETCH (BODY[HEADER.FIELDS (A \"]\" B)]<0> {3}\r\na\r\n UID 7)\r\n",
            "* 1 FETCH (BODY[HEADER.FIELDS (A \"]\" B)]<0> {a\r\n} UID 7)\n"),
        ROW("* 1 FETCH (BODY[] {0}\r\n)\r\n", "* 1 FETCH (BODY[] {})\n"),
        ROW("* 1 FETCH (BODY ((\"a\" NIL)(\"b\") \"mixed\"))\r\n",
            "* 1 FETCH (BODY ((\"a\" NIL) (\"b\") \"mixed\"))\n"),
        ROW("* 1 FETCH (BINARY[1] ~{3}\r\na\0b)\r\n", "* 1 FETCH (BINARY[1] {a"),
        ROW("* a\n* b\r\n", "* a\n* b\n"),
    };
    (void)state;
    const struct split s = { .side = WIRE_CLIENT };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (memchr(rows[i].in.p, '\0', rows[i].in.n) == NULL) {
            split_check(&s, rows[i].in, rows[i].want);
            continue;
        }
        struct buf out = BUF_INIT(4096); /* a NUL in a literal is data */
        split_trace(&s, rows[i].in, 0, 1, &out);
        assert_memory_equal(out.data, "* 1 FETCH (BINARY[1] {a\0b})\n", out.len);
        buf_free(&out);
    }
}

static void broken_lines_are_dropped_alone(void **state)
{
    static const struct row rows[] = {
        ROW("* a (b\r\n* c\r\n", "bad\n* c\n"),
        ROW("* a )\r\n* c\r\n", "bad\n* c\n"),
        ROW("* OK [CODE\r\n* c\r\n", "bad\n* c\n"),
        ROW("* OK [A (x] x\r\n* c\r\n", "bad\n* c\n"),
        ROW("* OK [A (a]b ])] x\r\n* c\r\n", "* OK [A (a]b ])] <x>\n* c\n"),
        ROW("* \"a\0b\"\r\n* c\r\n", "bad\n* c\n"), /* CVE-2019-11500 */
        ROW("* a\0b\r\n* c\r\n", "bad\n* c\n"),
        ROW("* OK a\0b\r\n* c\r\n", "bad\n* c\n"),
        ROW("+ a\0b{7}\r\n* c\r\n", "bad\n* c\n"), /* text announces nothing */
        ROW("* \"a\r\n* c\r\n", "bad\n* c\n"),
        ROW("* \"a\\\r\n* c\r\n", "bad\n* c\n"),
        ROW("* a\rb\r\n* c\r\n", "bad\n* c\n"),
        ROW("* BODY[x\r\n* c\r\n", "bad\n* c\n"),
        ROW("\r\n* c\r\n", "\n* c\n"),
        ROW("* {}\r\n* c\r\n", "bad\n* c\n"),
        ROW("* {-1}\r\n* c\r\n", "bad\n* c\n"), /* CVE-2018-14351: signed sizes */
        ROW("* {1+1}\r\n* c\r\n", "bad\n* c\n"),
        ROW("* {99999999999999999999}\r\n* c\r\n", "bad\n* c\n"),
        ROW("* {5} x\r\n* c\r\n", "bad\n* c\n"),
        /* what a dropped line announces is dropped with it */
        ROW("* ) {3}\r\n* x\r\n* c\r\n", "bad\n* c\n"),
        ROW("* ) {3}\r\n* x {2}\r\n\r\n\r\n* c\r\n", "bad\n* c\n"),
    };
    (void)state;
    check(&(struct split){ .side = WIRE_CLIENT }, rows, COUNT(rows));
}

static void limits_hold(void **state)
{
    static const struct row rows[] = {
        ROW("* ((((a))))\r\n", "* ((((a))))\n"),
        ROW("* (((((a)))))\r\n* c\r\n", "bad limit\n* c\n"),
        ROW("1 2 3 4 5 6 7 8 9 a b c\r\n", "1 2 3 4 5 6 7 8 9 a b c\n"),
        ROW("1 2 3 4 5 6 7 8 9 a b c d\r\n* c\r\n", "bad limit\n* c\n"),
        ROW("* aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n* c\r\n",
            "bad limit\n* c\n"),
        ROW("* OK aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n* c\r\n",
            "bad limit\n* c\n"),
        ROW("* OK aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{9}\r\n* c\r\n",
            "bad limit\n* c\n"),
        ROW("* (x {9}\r\nabcdefghi y)\r\n* c\r\n", "announce 9\nabcdefghi end\n* (x ~9~ y)\n* c\n"),
        ROW("* {31}\r\n0123456789012345678901234567890\r\n* c\r\n", "bad limit\n* c\n"),
    };
    (void)state;
    check(&(struct split){ .side = WIRE_CLIENT, .limits = &small }, rows, COUNT(rows));
}

static void memory_grows_with_what_comes(void **state)
{
    (void)state;
    const struct wire_imap_limits l = { 100, 4, 100, 2000, 1 << 20, 1 << 20 };
    const struct split s = { .side = WIRE_CLIENT, .limits = &l };
    struct buf in = BUF_INIT(8192), out = BUF_INIT(8192);
    buf_adds(&in, "* a {3000}\r\n");
    for (size_t i = 0; i < 3000; i++)
        buf_addc(&in, '\n');
    buf_adds(&in, "\r\n* c\r\n");
    split_trace(&s, buf_str(&in), 0, 7, &out);
    assert_string_equal(buf_c(&out), "bad limit\n* c\n");
    buf_free(&in);
    buf_free(&out);
}

static void commands_announce_their_literals(void **state)
{
    static const struct row keep[] = {
        ROW("a1 append INBOX (\\Seen) {5}\r\nhello\r\n",
            "announce 5\na1 append INBOX (\\Seen) {hello}\n"),
        ROW("a1 LOGIN {1+}\r\nx {0}\r\n\r\n", "announce 1+\nannounce 0\na1 LOGIN {x} {}\n"),
        ROW("a1 FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (From To)]<0.100>)\r\n",
            "a1 FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (From To)]<0.100>)\n"),
        ROW("a2 FETCH 1 BODY.PEEK[]\r\n", "a2 FETCH 1 BODY.PEEK[]\n"),
        ROW("a2 SELECT foo[bar\r\n", "a2 SELECT foo[bar\n"),
        ROW("a2 OK (x) y\r\n", "a2 OK (x) y\n"), /* no free text from a client */
        ROW("DONE\r\n\r\nx\r\n", "DONE\n\nx\n"),
        ROW("a1 append x ~{3}\r\nabc\r\n", "announce 3~\na1 append x {abc}\n"),
        ROW("a1 \"a\\x\"\r\nb\r\n", "bad\nb\n"),
        ROW("a1 a\"b\r\nb\r\n", "bad\nb\n"),
        /* nobody sends what was not asked for; what needs no asking comes */
        ROW("a1 ) {3}\r\nb\r\n", "bad\nb\n"),
        ROW("a1 ) {3+}\r\nabc\r\nb\r\n", "bad\nb\n"),
    };
    static const struct row stream[] = {
        ROW("a1 append x {3}\r\nabc\r\n", "announce 3\nabc end\na1 append x ~3~\n"),
        ROW("a1 append x {0}\r\n\r\nb\r\n", "announce 0\n end\na1 append x ~0~\nb\n"),
    };
    static const struct row refuse[] = {
        ROW("a1 append x {3}\r\nb c\r\n", "announce 3\nb c\n"),
        ROW("a1 append x {3+}\r\nabc\r\nb c\r\n", "announce 3+\nb c\n"),
        ROW("a1 append x {3+}\r\nabc {2+}\r\n\r\n\r\nb c\r\n", "announce 3+\nb c\n"),
    };
    (void)state;
    check(&(struct split){ .side = WIRE_SERVER, .choice = SPLIT_KEEP }, keep, COUNT(keep));
    check(&(struct split){ .side = WIRE_SERVER }, stream, COUNT(stream));
    check(&(struct split){ .side = WIRE_SERVER, .choice = SPLIT_REFUSE }, refuse, COUNT(refuse));
}

static void too_large_commands_are_dropped_whole(void **state)
{
    static const struct row rows[] = {
        ROW("a1 x {31+}\r\n0123456789012345678901234567890\r\nb\r\n", "bad limit\nb\n"),
        ROW("a1 x {31}\r\nb\r\n", "bad limit\nb\n"),
    };
    (void)state;
    check(&(struct split){ .side = WIRE_SERVER, .limits = &small }, rows, COUNT(rows));
}

static void a_bad_line_still_tells_its_tag(void **state)
{
    (void)state;
    struct wire_imap *p = wire_imap_new(WIRE_SERVER, NULL);
    struct str in = STR("a7 (\r\n");
    const struct wire_node *line;
    struct error err;
    assert_int_equal(wire_imap_next(p, &in, &line, &err), WIRE_BAD);
    assert_non_null(line);
    assert_str(line->s, "a7");
    wire_imap_free(&p);
    wire_imap_free(&p);
}

static void numbers_are_atoms_that_fit(void **state)
{
    static const struct {
        const char *in;
        int u32, u64;
    } rows[] = {
        { "* 7\r\n", 0, 0 },           { "* 4294967295\r\n", 0, 0 },
        { "* 4294967296\r\n", -1, 0 }, { "* 18446744073709551616\r\n", -1, -1 },
        { "* 7x\r\n", -1, -1 },        { "* \"7\"\r\n", -1, -1 },
        { "*\r\n", -1, -1 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire_imap *p = wire_imap_new(WIRE_CLIENT, NULL);
        struct str in = str_c(rows[i].in);
        const struct wire_node *line;
        struct error err;
        uint32_t a;
        uint64_t b;
        assert_int_equal(wire_imap_next(p, &in, &line, &err), WIRE_OK);
        assert_int_equal(wire_u32(wire_nth(line, 1), &a), rows[i].u32);
        assert_int_equal(wire_u64(wire_nth(line, 1), &b), rows[i].u64);
        wire_imap_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_become_trees),
        cmocka_unit_test(broken_lines_are_dropped_alone),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(memory_grows_with_what_comes),
        cmocka_unit_test(commands_announce_their_literals),
        cmocka_unit_test(too_large_commands_are_dropped_whole),
        cmocka_unit_test(a_bad_line_still_tells_its_tag),
        cmocka_unit_test(numbers_are_atoms_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
