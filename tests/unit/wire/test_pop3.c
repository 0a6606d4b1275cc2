/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>
#include "wire/pop3.h"

static void replies_are_read(void **state)
{
    static const struct {
        const char *in;
        enum wire_result want;
        int kind;
        const char *code, *text;
    } rows[] = {
        { "+OK\r\n", WIRE_OK, POP3_OK, "", "" },
        { "+OK 2 320\r\n", WIRE_OK, POP3_OK, "", "2 320" },
        { "+OK ready <1896.6971@x>\n", WIRE_OK, POP3_OK, "", "ready <1896.6971@x>" },
        { "+ok  hello \r\n", WIRE_OK, POP3_OK, "", "hello" },
        { "-ERR\r\n", WIRE_OK, POP3_ERR, "", "" },
        { "-ERR [IN-USE] wait\r\n", WIRE_OK, POP3_ERR, "IN-USE", "wait" },
        { "-ERR [SYS/TEMP]\r\n", WIRE_OK, POP3_ERR, "SYS/TEMP", "" },
        { "-ERR [] x\r\n", WIRE_OK, POP3_ERR, "", "[] x" },
        { "-ERR [no code] x\r\n", WIRE_OK, POP3_ERR, "", "[no code] x" },
        { "-ERR [open\r\n", WIRE_OK, POP3_ERR, "", "[open" },
        { "+ \r\n", WIRE_OK, POP3_CONTINUE, "", "" },
        { "+\r\n", WIRE_OK, POP3_CONTINUE, "", "" },
        { "+ AbCd==\r\n", WIRE_OK, POP3_CONTINUE, "", "AbCd==" },
        { "+OKAY\r\n", WIRE_BAD, 0, "", "" },
        { "+x\r\n", WIRE_BAD, 0, "", "" },
        { "-ERRor\r\n", WIRE_BAD, 0, "", "" },
        { "* OK IMAP\r\n", WIRE_BAD, 0, "", "" },
        { "\r\n", WIRE_BAD, 0, "", "" },
        { "+OK a\rb\r\n", WIRE_BAD, 0, "", "" },
        { "", WIRE_MORE, 0, "", "" },
        { "+OK", WIRE_MORE, 0, "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire_pop3_reply r;
        struct str in = str_c(rows[i].in);
        assert_int_equal(wire_pop3_reply_next(&in, &r), rows[i].want);
        assert_int_equal(in.n, rows[i].want == WIRE_OK ? 0 : strlen(rows[i].in));
        if (rows[i].want == WIRE_OK) {
            assert_int_equal(r.kind, rows[i].kind);
            assert_str(r.code, rows[i].code);
            assert_str(r.text, rows[i].text);
        }
        for (size_t cut = 0; cut + 1 < strlen(rows[i].in); cut++) {
            struct str part = { rows[i].in, cut };
            assert_int_equal(wire_pop3_reply_next(&part, &r), WIRE_MORE);
            assert_int_equal(part.n, cut);
        }
    }
}

static void a_nul_in_a_reply_is_bad(void **state)
{
    struct wire_pop3_reply r;
    struct str in = STR("+OK a\0b\r\n");
    (void)state;
    assert_int_equal(wire_pop3_reply_next(&in, &r), WIRE_BAD);
}

static void an_endless_line_is_bad(void **state)
{
    static char big[WIRE_POP3_LINE_MAX + 1];
    struct wire_pop3_reply r;
    struct str line;
    bool end;
    (void)state;
    memset(big, '+', sizeof big);
    struct str in = { big, sizeof big };
    assert_int_equal(wire_pop3_reply_next(&in, &r), WIRE_BAD);
    assert_int_equal(wire_pop3_line_next(&in, &line, &end), WIRE_BAD);
    in.n--;
    assert_int_equal(wire_pop3_line_next(&in, &line, &end), WIRE_MORE);
}

static void listings_are_read(void **state)
{
    static const struct {
        const char *in;
        enum wire_result want;
        const char *line;
        bool end;
    } rows[] = {
        { "1 200\r\n", WIRE_OK, "1 200", false }, { "TOP\n", WIRE_OK, "TOP", false },
        { ".\r\n", WIRE_OK, "", true },           { ".\n", WIRE_OK, "", true },
        { "..\r\n", WIRE_OK, ".", false },        { ".x\r\n", WIRE_OK, "x", false },
        { "\r\n", WIRE_OK, "", false },           { "1 20", WIRE_MORE, "", false },
        { "1\r2\r\n", WIRE_BAD, "", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str in = str_c(rows[i].in);
        struct str line;
        bool end;
        assert_int_equal(wire_pop3_line_next(&in, &line, &end), rows[i].want);
        assert_int_equal(end, rows[i].end);
        if (rows[i].want == WIRE_OK)
            assert_str(line, rows[i].line);
        else
            assert_int_equal(in.n, strlen(rows[i].in));
        for (size_t cut = 0; cut + 1 < strlen(rows[i].in); cut++) {
            struct str part = { rows[i].in, cut };
            assert_int_equal(wire_pop3_line_next(&part, &line, &end), WIRE_MORE);
        }
    }
}

static void numbers_and_sizes_are_read(void **state)
{
    static const struct {
        const char *in;
        int want;
        uint32_t number;
        uint64_t size;
    } rows[] = {
        { "7 1024", 0, 7, 1024 },
        { "7 1024 octets", 0, 7, 1024 },
        { "7  5000000000 ", 0, 7, 5000000000 },
        { "4294967295 0", 0, 4294967295, 0 },
        { "0 1", -1, 0, 0 },
        { "4294967296 1", -1, 0, 0 },
        { "1 9223372036854775807", 0, 1, INT64_MAX },
        { "1 9223372036854775808", -1, 0, 0 }, /* a store would make it less than nothing */
        { "1 18446744073709551616", -1, 0, 0 },
        { "7", -1, 0, 0 },
        { "7 x", -1, 0, 0 },
        { "7 -1", -1, 0, 0 },
        { "7 10x", -1, 0, 0 },
        { "x 10", -1, 0, 0 },
        { "", -1, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t number;
        uint64_t size;
        assert_int_equal(wire_pop3_number_size(str_c(rows[i].in), &number, &size), rows[i].want);
        if (rows[i].want == 0) {
            assert_int_equal(number, rows[i].number);
            assert_int_equal(size, rows[i].size);
        }
    }
}

static void numbers_and_uids_are_read(void **state)
{
    static const struct {
        const char *in;
        int want;
        uint32_t number;
        const char *uid;
    } rows[] = {
        { "7 abc", 0, 7, "abc" },  { "7  ../a/b ", 0, 7, "../a/b" },
        { "7 a b", 0, 7, "a b" },  { "7", 0, 7, "" },
        { "7 ", 0, 7, "" },        { "7 \x01", -1, 0, "" },
        { "7 a\tb", -1, 0, "" },   { "7 a\x7f", -1, 0, "" },
        { "0 abc", -1, 0, "" },    { "abc", -1, 0, "" },
        { "7abc abc", -1, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t number;
        struct str uid;
        assert_int_equal(wire_pop3_number_uid(str_c(rows[i].in), &number, &uid), rows[i].want);
        if (rows[i].want == 0) {
            assert_int_equal(number, rows[i].number);
            assert_str(uid, rows[i].uid);
        }
    }
}

static void a_uid_has_a_ceiling(void **state)
{
    char line[2 + WIRE_POP3_UID_MAX + 1] = "1 ";
    uint32_t number;
    struct str uid;
    (void)state;
    memset(line + 2, 'u', WIRE_POP3_UID_MAX + 1);
    struct str in = { line, sizeof line };
    assert_int_equal(wire_pop3_number_uid(in, &number, &uid), -1);
    in.n--;
    assert_int_equal(wire_pop3_number_uid(in, &number, &uid), 0);
    assert_int_equal(uid.n, WIRE_POP3_UID_MAX);
}

/* Feeds one piece; the piece is a copy of its own, so that whoever looks outside is found. */
static enum wire_result body_feed(struct wire_pop3_body *b, struct str piece, struct buf *out,
                                  size_t *left)
{
    char *copy = xmalloc(piece.n + 1);
    enum wire_result r = WIRE_MORE;
    memcpy(copy, piece.p, piece.n);
    struct str in = { copy, piece.n };
    while (in.n > 0 && r == WIRE_MORE) {
        struct str run;
        size_t before = in.n;
        r = wire_pop3_body_next(b, &in, &run);
        assert_true(in.n < before || run.n > 0);
        assert_true(r == WIRE_MORE || run.n == 0);
        buf_add(out, run.p, run.n);
    }
    *left = in.n;
    free(copy);
    return r;
}

struct body_row {
    const char *in;
    enum wire_result want;
    const char *out, *left;
};

/* In three pieces; what stands behind the end may be in any of them. */
static void body_cut(const struct body_row *row, size_t one, size_t two)
{
    const size_t n = strlen(row->in);
    const struct str pieces[] = { { row->in, one },
                                  { row->in + one, two - one },
                                  { row->in + two, n - two } };
    struct wire_pop3_body b = { 0 };
    struct buf out = BUF_INIT(2000);
    enum wire_result r = WIRE_MORE;
    size_t left = 0;
    size_t eaten = 0;
    for (size_t i = 0; i < COUNT(pieces) && r == WIRE_MORE; i++) {
        r = body_feed(&b, pieces[i], &out, &left);
        eaten += pieces[i].n - left;
    }
    assert_int_equal(r, row->want);
    assert_string_equal(buf_c(&out), row->out);
    assert_int_equal(n - eaten, strlen(row->left));
    if (r == WIRE_OK)
        assert_int_equal(b.state, 0); /* ready for the next one */
    buf_free(&out);
}

static void bodies_are_unstuffed(void **state)
{
    static const struct body_row rows[] = {
        { "a\r\nb\r\n.\r\n+OK\r\n", WIRE_OK, "a\r\nb\r\n", "+OK\r\n" },
        { ".\r\n.\r\n", WIRE_OK, "", ".\r\n" },
        { "..\r\n.\r\n", WIRE_OK, ".\r\n", "" },
        { "..a\r\n.b\r\n\r\n...c\r\n.\r\n", WIRE_OK, ".a\r\nb\r\n\r\n..c\r\n", "" },
        { "a.b\r\n..\r\n..\r\n.\r\n", WIRE_OK, "a.b\r\n.\r\n.\r\n", "" },
        { "a\r\n", WIRE_MORE, "a\r\n", "" },
        { "a\r\n.", WIRE_MORE, "a\r\n", "" },
        { "a\r\n.\r", WIRE_MORE, "a\r\n", "" },
        { "\r\n\r\n.\r\n", WIRE_OK, "\r\n\r\n", "" },
        /* lines of CRLF: bare ends are given as they came and end nothing */
        { "a\r\nb\n.\nc\n.\r\nd\r\n.\r\n", WIRE_OK, "a\r\nb\n.\nc\n.\r\nd\r\n", "" },
        { "a\r\nb\r.\rc\r\r\n.\r\n", WIRE_OK, "a\r\nb\r.\rc\r\r\n", "" },
        { "a\r\n.\nb\r\n.\r\n", WIRE_OK, "a\r\n\nb\r\n", "" },
        { "a\r\n.\rb\r\n.\r\n", WIRE_OK, "a\r\n\rb\r\n", "" },
        { "a\r\n.\r\r\n.\r\n", WIRE_OK, "a\r\n\r\r\n", "" },
        { "a\r\n\n..\r\n.\r\n", WIRE_OK, "a\r\n\n..\r\n", "" },
        /* lines of LF */
        { ".\n+OK\n", WIRE_OK, "", "+OK\n" },
        { "a\n..\n..b\n.\n+OK\n", WIRE_OK, "a\n.\n.b\n", "+OK\n" },
        { "a\n.\r\n+OK\n", WIRE_OK, "a\n", "+OK\n" },
        { "a\nb\r\n..c\n.\n", WIRE_OK, "a\nb\r\n.c\n", "" },
        { "a\n.\rb\n.\n", WIRE_OK, "a\n\rb\n", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t two = 0; two <= strlen(rows[i].in); two++)
            for (size_t one = 0; one <= two; one++)
                body_cut(&rows[i], one, two);
}

/* Long stretches are one run: nothing is copied and nothing looked at twice. */
static void a_stretch_without_dots_is_one_run(void **state)
{
    static const char text[] = "Subject: x\r\n\r\nline one.\r\nline two\r\n";
    struct wire_pop3_body b = { 0 };
    struct str in = STR(text);
    struct str run;
    (void)state;
    assert_int_equal(wire_pop3_body_next(&b, &in, &run), WIRE_MORE);
    assert_ptr_equal(run.p, text);
    assert_int_equal(run.n, sizeof text - 1);
    assert_int_equal(in.n, 0);
}

static void commands_are_read(void **state)
{
    static const struct {
        const char *in;
        enum wire_pop3_verb verb;
        bool bad;
        const char *text;
        uint32_t number, lines;
    } rows[] = {
        { "USER alice", POP3_USER, false, "alice", 0, 0 },
        { "user  a b  ", POP3_USER, false, "a b", 0, 0 },
        { "USER", POP3_USER, true, "", 0, 0 },
        { "PASS secret", POP3_PASS, false, "secret", 0, 0 },
        { "pass  a b ", POP3_PASS, false, " a b ", 0, 0 },
        { "PASS", POP3_PASS, true, "", 0, 0 },
        { "PASS ", POP3_PASS, true, "", 0, 0 },
        { "AUTH PLAIN =", POP3_AUTH, false, "PLAIN =", 0, 0 },
        { "AUTH", POP3_AUTH, true, "", 0, 0 },
        { "STAT", POP3_STAT, false, "", 0, 0 },
        { "stat ", POP3_STAT, false, "", 0, 0 },
        { "STAT 1", POP3_STAT, true, "1", 0, 0 },
        { "LIST", POP3_LIST, false, "", 0, 0 },
        { "List 12", POP3_LIST, false, "12", 12, 0 },
        { "LIST 0", POP3_LIST, true, "0", 0, 0 },
        { "LIST 1 2", POP3_LIST, true, "1 2", 1, 0 },
        { "LIST 1x", POP3_LIST, true, "1x", 1, 0 },
        { "UIDL", POP3_UIDL, false, "", 0, 0 },
        { "UIDL  3", POP3_UIDL, false, "3", 3, 0 },
        { "RETR 4294967295", POP3_RETR, false, "4294967295", 4294967295, 0 },
        { "RETR 4294967296", POP3_RETR, true, "4294967296", 0, 0 },
        { "RETR", POP3_RETR, true, "", 0, 0 },
        { "RETR -1", POP3_RETR, true, "-1", 0, 0 },
        { "DELE 1", POP3_DELE, false, "1", 1, 0 },
        { "DELE", POP3_DELE, true, "", 0, 0 },
        { "TOP 1 10", POP3_TOP, false, "1 10", 1, 10 },
        { "TOP 1  0", POP3_TOP, false, "1  0", 1, 0 },
        { "TOP 1", POP3_TOP, true, "1", 1, 0 },
        { "TOP 1 -1", POP3_TOP, true, "1 -1", 1, 0 },
        { "TOP 1 1 1", POP3_TOP, true, "1 1 1", 1, 1 },
        { "NOOP", POP3_NOOP, false, "", 0, 0 },
        { "RSET", POP3_RSET, false, "", 0, 0 },
        { "capa", POP3_CAPA, false, "", 0, 0 },
        { "STLS", POP3_STLS, false, "", 0, 0 },
        { " quit", POP3_QUIT, false, "", 0, 0 },
        { "QUITX", POP3_UNKNOWN, true, "", 0, 0 },
        { "XTND x", POP3_UNKNOWN, true, "x", 0, 0 },
        { "", POP3_UNKNOWN, true, "", 0, 0 },
        { "  ", POP3_UNKNOWN, true, "", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wire_pop3_cmd cmd;
        wire_pop3_cmd_read(str_c(rows[i].in), &cmd);
        assert_int_equal(cmd.verb, rows[i].verb);
        assert_int_equal(cmd.bad, rows[i].bad);
        assert_str(cmd.text, rows[i].text);
        assert_int_equal(cmd.number, rows[i].number);
        assert_int_equal(cmd.lines, rows[i].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read),
        cmocka_unit_test(a_nul_in_a_reply_is_bad),
        cmocka_unit_test(an_endless_line_is_bad),
        cmocka_unit_test(listings_are_read),
        cmocka_unit_test(numbers_and_sizes_are_read),
        cmocka_unit_test(numbers_and_uids_are_read),
        cmocka_unit_test(a_uid_has_a_ceiling),
        cmocka_unit_test(bodies_are_unstuffed),
        cmocka_unit_test(a_stretch_without_dots_is_one_run),
        cmocka_unit_test(commands_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
