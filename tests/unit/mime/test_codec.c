/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "mime/codec.h"

enum { ROOM = 4 << 20 };

/* Runs a codec over in, cut in two at cut; returns what its last call returned. */
static int run(enum codec_kind kind, bool encode, struct str in, size_t cut, struct buf *out)
{
    struct error err = { 0 };
    struct codec *c = codec_new(kind, "name");
    struct str piece[2] = { str_head(in, cut), str_skip(in, cut) };
    int got = 0;
    buf_clear(out);
    for (int i = 0; i < 2 && got >= 0; i++)
        got = encode ? codec_encode(c, piece[i], i == 1, false, out, &err)
                     : codec_decode(c, piece[i], i == 1, out, &err);
    codec_free(&c);
    return got;
}

struct row {
    enum codec_kind kind;
    const char *in, *out;
    int want;
};

/* clang-format off */
static const struct row decode_rows[] = {
    { CODEC_BASE64, "", "", 0 },
    { CODEC_BASE64, "aGVsbG8=", "hello", 0 },
    { CODEC_BASE64, "aGVs\r\nbG8=\r\n", "hello", 0 },
    { CODEC_BASE64, "aG VsbG\n8=", "hello", 0 },
    { CODEC_BASE64, "aGVsbG8", "hello", 1 },        /* no padding */
    { CODEC_BASE64, "aGVs*bG8=", "hello", 1 },      /* junk */
    { CODEC_BASE64, "aGVs\377bG8=", "hello", 1 },
    { CODEC_BASE64, "aGk=aGk=", "hihi", 0 },        /* two pieces set one after another */
    { CODEC_BASE64, "aGkgaA==\naGkgaA==\n", "hi hhi h", 0 },
    { CODEC_BASE64, "aGVsb", "hel", 1 },            /* half a byte */
    { CODEC_BASE64, "====", "", 1 },
    { CODEC_QP, "a=3Db", "a=b", 0 },
    { CODEC_QP, "a=3db", "a=b", 0 },
    { CODEC_QP, "soft=\nbreak", "softbreak", 0 },
    { CODEC_QP, "soft=\r\nbreak\r\n", "softbreak\r\n", 0 },
    { CODEC_QP, "soft= \t\r\nbreak", "softbreak", 0 },
    { CODEC_QP, "cut by a relay  \t\nnext", "cut by a relay\nnext", 0 },
    { CODEC_QP, "end=", "end", 0 },
    { CODEC_QP, "bad=zz=4", "bad=zz=4", 1 },
    { CODEC_QP, "100=% =E2=82=AC", "100=% \xE2\x82\xAC", 1 },
    { CODEC_UU, "begin 644 a.txt\n#86)C\n`\nend\n", "abc", 0 },
    { CODEC_UU, "text\n\nbegin 644 a b.txt\r\n#86)C\r\n \r\nend\r\nmore\n", "abc", 0 },
    { CODEC_UU, "begin 644 zero\n#````\n`\nend\n", "\0\0\0", 0 },
    { CODEC_UU, "begin 0644 cut\n#86\n\nend\n", "a`\0", 0 },     /* "#86  ": blanks cut */
    { CODEC_UU, "begin 644 x\nM\n`\nend\n", NULL, 0 },            /* all of a line cut: 45 zeros */
    { CODEC_UU, "begin 644 x\n#86)Cz\n`\nend\n", "abc", 0 },      /* a check character */
    { CODEC_UU, "begin 644 x\n#86)C\n", "abc", 1 },               /* no end */
    { CODEC_UU, "begin 644 x\n#86)C\nEnd\n", "abc", 1 },
    { CODEC_UU, "begin 644 x\n#86)C86)C86)C\nend\n", "", 1 },     /* too long for its length byte */
    { CODEC_UU, "begin 644 x\n#86)C\nsome text\n#86)C\n`\nend\n", "abcabc", 1 },
    { CODEC_UU, "begin 644 x\r\n#86)C\r\n`\r\nend\r", "abc", 0 },
    { CODEC_UU, "begin nowhere\n#86)C\n", "", -1 },
    { CODEC_UU, "", "", -1 },
};

static const struct row encode_rows[] = {
    { CODEC_BASE64, "", "", 0 },
    { CODEC_BASE64, "a", "YQ==\n", 0 },
    { CODEC_BASE64, "ab", "YWI=\n", 0 },
    { CODEC_BASE64, "abc", "YWJj\n", 0 },
    { CODEC_UU, "", "begin 644 name\n`\nend\n", 0 },
    { CODEC_UU, "abc", "begin 644 name\n#86)C\n`\nend\n", 0 },
    { CODEC_UU, "a", "begin 644 name\n!80``\n`\nend\n", 0 },
    { CODEC_QP, "a=b", "a=3Db", 0 },
    { CODEC_QP, "trailing \nblank\t\n", "trailing=20\nblank=09\n", 0 },
    { CODEC_QP, "a\r\nb\rc\n", "a\nb=0Dc\n", 0 },
    { CODEC_QP, "From me\n.\n..\n", "=46rom me\n=2E\n..\n", 0 },
    { CODEC_QP, "\xE2\x82\xAC", "=E2=82=AC", 0 },
};
/* clang-format on */

static void check_row(const struct row *r, bool encode)
{
    static const char zeros[45];
    struct buf out = BUF_INIT(ROOM);
    struct str in = str_c(r->in), want = str_c(r->out);
    if (!encode && strstr(r->in, " zero\n") != NULL)
        want = (struct str){ zeros, 3 };
    if (!encode && strstr(r->in, " cut\n") != NULL)
        want = STR("a`\0");
    if (r->out == NULL)
        want = (struct str){ zeros, sizeof zeros };
    for (size_t cut = 0; cut <= in.n; cut++) {
        assert_int_equal(run(r->kind, encode, in, cut, &out), r->want);
        assert_int_equal(out.len, want.n);
        assert_memory_equal(buf_c(&out), want.p, want.n);
    }
    buf_free(&out);
}

static void rows_decode_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(decode_rows); i++)
        check_row(&decode_rows[i], false);
}

static void rows_encode_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(encode_rows); i++)
        check_row(&encode_rows[i], true);
}

/* Bytes without a pattern that repeats, always the same. */
static void fill(struct buf *b, size_t n)
{
    uint32_t x = 1;
    while (n-- > 0) {
        x = x * 1664525u + 1013904223u;
        buf_addc(b, (char)(x >> 24));
    }
}

static void every_length_comes_back(void **state)
{
    (void)state;
    static const enum codec_kind kinds[] = { CODEC_BASE64, CODEC_UU };
    struct buf raw = BUF_INIT(ROOM), there = BUF_INIT(ROOM), back = BUF_INIT(ROOM);
    for (size_t n = 0; n <= 1000; n++) {
        buf_clear(&raw);
        fill(&raw, n);
        for (size_t k = 0; k < COUNT(kinds); k++) {
            assert_int_equal(run(kinds[k], true, buf_str(&raw), n / 3, &there), 0);
            assert_int_equal(run(kinds[k], false, buf_str(&there), there.len / 2, &back), 0);
            assert_int_equal(back.len, n);
            assert_memory_equal(buf_c(&back), buf_c(&raw), n);
        }
    }
    buf_free(&raw);
    buf_free(&there);
    buf_free(&back);
}

/* More than a block, and lines longer than a piece. */
static void large_data_come_back(void **state)
{
    (void)state;
    struct buf raw = BUF_INIT(ROOM), there = BUF_INIT(ROOM), back = BUF_INIT(ROOM);
    fill(&raw, 100000);
    for (size_t i = 0; i < raw.len; i++)
        if (raw.data[i] == '\n' || raw.data[i] == '\r')
            raw.data[i] = ' ';
    for (enum codec_kind k = CODEC_BASE64; k <= CODEC_UU; k++) {
        assert_int_equal(run(k, true, buf_str(&raw), 33333, &there), 0);
        assert_int_equal(run(k, false, buf_str(&there), 77777, &back), 0);
        assert_int_equal(back.len, raw.len);
        assert_memory_equal(buf_c(&back), buf_c(&raw), raw.len);
        for (struct str in = buf_str(&there), line; str_line(&in, &line);)
            assert_true(line.n <= 76);
    }
    buf_free(&raw);
    buf_free(&there);
    buf_free(&back);
}

/* What is no line of ours at all: a megabyte without an end, in small pieces. */
static void endless_lines_are_bounded(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(ROOM);
    struct codec *c = codec_new(CODEC_QP, NULL);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(codec_decode(c, STR("x=41 \t   "), false, &out, &err), 0);
    assert_int_equal(codec_decode(c, STR("."), true, &out, &err), 0);
    assert_int_equal(out.len, 700001);
    codec_free(&c);
    c = codec_new(CODEC_UU, NULL);
    buf_clear(&out);
    assert_int_equal(codec_decode(c, STR("begin 644 x\n"), false, &out, &err), 0);
    for (size_t i = 0; i < 100000; i++)
        assert_true(codec_decode(c, STR("MMMMMMMMM"), false, &out, &err) >= 0);
    assert_int_equal(codec_decode(c, STR("\n`\nend\n"), true, &out, &err), 1);
    assert_int_equal(out.len, 0);
    codec_free(&c);
    buf_free(&out);
}

/* A line with n times c in its middle gives the same in one go and in two, wherever it is cut. */
static void check_long_line(enum codec_kind kind, bool encode, const char *head, char c, size_t n,
                            const char *tail)
{
    struct buf in = BUF_INIT(ROOM), whole = BUF_INIT(ROOM), cut = BUF_INIT(ROOM);
    buf_adds(&in, head);
    for (size_t i = 0; i < n; i++)
        buf_addc(&in, c);
    buf_adds(&in, tail);
    int rc = run(kind, encode, buf_str(&in), 0, &whole);
    for (size_t at = in.len - strlen(tail) - 40; at <= in.len; at++) {
        assert_int_equal(run(kind, encode, buf_str(&in), at, &cut), rc);
        assert_true(str_eq(buf_str(&whole), buf_str(&cut)));
    }
    buf_free(&in);
    buf_free(&whole);
    buf_free(&cut);
}

static void long_lines_are_the_same_in_pieces(void **state)
{
    static const struct {
        enum codec_kind kind;
        bool encode;
        const char *head;
        char c;
        const char *tail;
    } rows[] = {
        { CODEC_UU, false, "begin 644 ", 'x', "\n#86)C\n`\nend\n" },
        { CODEC_UU, false, "begin 644 x\n#86)C", ' ', "\n`\nend\n" },
        { CODEC_QP, false, "a", ' ', "\r\nb" },
        { CODEC_QP, false, "a=", '\t', "\r\nb" },
        { CODEC_QP, false, "a", '.', "  \r\nb" },
        { CODEC_QP, false, "a", '.', "=\r\nb" },
        { CODEC_QP, false, "a", '.', "=41\r\r\n" },
        { CODEC_QP, true, "a", '.', " \r\nb" },
        { CODEC_QP, true, "a", '.', "\r\r\nb" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t n = 8180; n < 8200; n++) {
            check_long_line(rows[i].kind, rows[i].encode, rows[i].head, rows[i].c, n, rows[i].tail);
            check_long_line(rows[i].kind, rows[i].encode, rows[i].head, rows[i].c, n / 2,
                            rows[i].tail);
        }
}

static void the_ceiling_is_an_error(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(10);
    assert_int_equal(run(CODEC_BASE64, false, STR("aGVsbG8gd29ybGQgYW5kIG1vcmU="), 0, &out), -1);
    assert_int_equal(run(CODEC_QP, true, STR("hello world and more"), 0, &out), -1);
    buf_free(&out);
}

static void crlf_and_names(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct buf out = BUF_INIT(ROOM);
    struct codec *c = codec_new(CODEC_UU, "a\nend.txt");
    assert_int_equal(codec_encode(c, STR("abc"), true, true, &out, &err), 0);
    assert_str(buf_str(&out), "begin 644 a_end.txt\r\n#86)C\r\n`\r\nend\r\n");
    codec_free(&c);
    c = codec_new(CODEC_UU, NULL);
    assert_str(codec_uu_name(c), "");
    struct buf back = BUF_INIT(ROOM);
    assert_int_equal(codec_decode(c, buf_str(&out), true, &back, &err), 0);
    assert_str(codec_uu_name(c), "a_end.txt");
    codec_free(&c);
    buf_free(&out);
    buf_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_decode_at_every_split),
        cmocka_unit_test(rows_encode_at_every_split),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(large_data_come_back),
        cmocka_unit_test(endless_lines_are_bounded),
        cmocka_unit_test(long_lines_are_the_same_in_pieces),
        cmocka_unit_test(the_ceiling_is_an_error),
        cmocka_unit_test(crlf_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
