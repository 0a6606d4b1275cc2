/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/utf8.h"
#include "decode/parse.h"

/* The flat summary of a message that comes cut at cut, and then after each step bytes. */
static void flat_of(struct parse *p, struct str raw, size_t cut, size_t step, struct buf *out)
{
    struct arena *a = arena_new(1024);
    struct mime_summary s;
    buf_clear(out);
    for (size_t at = 0; at < raw.n;) {
        struct str part = str_head(str_skip(raw, at), at < cut ? cut - at : step);
        char *piece = xmalloc(part.n);
        memcpy(piece, part.p, part.n);
        parse_feed(p, a, (struct str){ piece, part.n }, false, &s);
        memset(piece, '-', part.n);
        free(piece);
        at += part.n;
    }
    parse_feed(p, a, STR(""), true, &s);
    mime_summary_flatten(&s, out);
    arena_free(&a);
}

static void check_every_split(struct parse *p, struct str raw)
{
    static const size_t steps[] = { 1, 2, 7, 64 };
    struct buf whole = BUF_INIT(MIME_FLAT_MAX), cut = BUF_INIT(MIME_FLAT_MAX);
    struct arena *a = arena_new(1024);
    struct mime_summary s;
    parse_feed(p, a, raw, true, &s);
    mime_summary_flatten(&s, &whole);
    for (size_t at = 0; at < raw.n + COUNT(steps); at++) {
        if (at < raw.n)
            flat_of(p, raw, at, raw.n, &cut);
        else
            flat_of(p, raw, 0, steps[at - raw.n], &cut);
        assert_int_equal(cut.len, whole.len);
        assert_memory_equal(cut.data, whole.data, whole.len);
    }
    arena_free(&a);
    buf_free(&whole);
    buf_free(&cut);
}

static void fields_are_decoded(void **state)
{
    static const struct {
        const char *in;
        size_t at;
        const char *want;
    } rows[] = {
#define AT(field) offsetof(struct mime_summary, field)
        { "Subject: =?utf-8?B?w6k=?=\r\n =?utf-8?B?w6k=?= x\n\n", AT(subject),
          "\xC3\xA9\xC3\xA9 x" },
        { "Subject: a\n\tb\n\n", AT(subject), "a b" },
        { "Subject: caf\xE9\n\n", AT(subject), "caf\xC3\xA9" },
        { "Subject: =?utf-8?Q?a=0D=0ABcc:_x?=\n\n", AT(subject), "a Bcc: x" },
        { "Subject: =?x-none?Q?a?= =?utf-8?Q\n\n", AT(subject), NULL },
        { "subject:one\nSubject: two\n\n", AT(subject), "one" },
        { "From: =?utf-8?Q?Roe=2C_Jane?= <j@x.org>\n\n", AT(from), "\"Roe, Jane\" <j@x.org>" },
        { "From: =?utf-8?Q?Roe,_Jane?= <j@x.org>\n\n", AT(from), "\"Roe, Jane\" <j@x.org>" },
        { "To: a@x.org\nTo: b@x.org\n\n", AT(to), "a@x.org, b@x.org" },
        { "To: =?utf-8?Q?G?=: a@x.org, b@x.org;, c@x.org\n\n", AT(to),
          "G: a@x.org, b@x.org;, c@x.org" },
        { "References: <a@x>\n\t<b@x> junk <c@x>\n\n", AT(references), "<a@x> <b@x> <c@x>" },
        { "In-Reply-To: Your message of Monday <a@x>\n\n", AT(in_reply_to), "<a@x>" },
        { "Message-ID: a@x\n\n", AT(message_id), "<a@x>" },
        { "List-Id: Dev <dev.x.org>\n\n", AT(list_id), "Dev <dev.x.org>" },
        { "\n> q\n\nhello\r\n  you\n", AT(preview), "hello you" },
        { "Content-Type: text/html\n\n<style>x</style><p>a<b>b</b> &amp; c", AT(preview),
          "a b & c" },
    };
    struct parse *p = parse_new();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct mime_summary s;
        parse_feed(p, a, str_c(rows[i].in), true, &s);
        struct str got = *(struct str *)(void *)((char *)&s + rows[i].at);
        if (rows[i].want != NULL)
            assert_str(got, rows[i].want);
        assert_true(utf8_valid(got));
        check_every_split(p, str_c(rows[i].in));
        arena_free(&a);
    }
    parse_free(&p);
}

static void parts_say_what_they_are(void **state)
{
    static const char mail[] =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        "Content-Type: Text/Plain; charset=\"UTF-8\"; format=flowed; delsp=yes\n\nhi\n"
        "begin 644 a.txt\n#86)C\n`\nend\n--b\n"
        "Content-Type: application/pdf; name=\"=?utf-8?Q?=C3=A9.pdf?=\"\n"
        "Content-Transfer-Encoding: BASE64\nContent-ID: <i@x>\n\nAAAA\n--b\n"
        "Content-Disposition: attachment;\n filename*0*=utf-8''%C3%A9; "
        "filename*1=\"b.bin\"\n\nx\n--b--\n";
    struct parse *p = parse_new();
    struct arena *a = arena_new(1024);
    struct mime_summary s;
    (void)state;
    parse_feed(p, a, str_c(mail), true, &s);
    check_every_split(p, str_c(mail));
    assert_int_equal(s.parts_n, 5);
    assert_int_equal(s.parts[0].flags, MIME_PART_CONTAINER);
    assert_str(s.parts[1].type, "text/plain");
    assert_str(s.parts[1].charset, "utf-8");
    assert_int_equal(s.parts[1].flags, MIME_PART_FLOWED | MIME_PART_DELSP);
    assert_true((s.parts[2].flags & MIME_PART_UU) != 0);
    assert_str(s.parts[2].name, "a.txt");
    assert_memory_equal(mail + s.parts[2].offset, "begin 644", 9);
    assert_int_equal(s.parts[2].decoded, 3);
    assert_str(s.parts[3].name, "\xC3\xA9.pdf");
    assert_str(s.parts[3].id, "i@x");
    assert_int_equal(s.parts[3].encoding, MIME_BASE64);
    assert_true((s.parts[3].flags & MIME_PART_ATTACHMENT) != 0);
    assert_memory_equal(mail + s.parts[3].offset, "AAAA\n--b", 8);
    assert_int_equal(s.parts[3].length, 4);
    assert_str(s.parts[4].name, "\xC3\xA9"
                                "b.bin");
    assert_true((s.parts[4].flags & MIME_PART_ATTACHMENT) != 0);
    arena_free(&a);
    parse_free(&p);
}

/* Of all messages that the fuzzers begin with. */
static void pieces_give_the_same_summary(void **state)
{
    static const char *const folders[] = { "message", "guard", "uu" };
    struct parse *p = parse_new();
    struct error err;
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(folders); i++) {
        char *path = xasprintf("%s/tests/fuzz/corpus/%s", TEST_SRCDIR, folders[i]);
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            char *file = xasprintf("%s/%s", path, e->d_name);
            struct buf raw = BUF_INIT(1 << 20);
            if (e->d_name[0] != '.') {
                assert_int_equal(file_read(file, &raw, &err), 0);
                check_every_split(p, buf_str(&raw));
                n++;
            }
            buf_free(&raw);
            free(file);
        }
        closedir(dir);
        free(path);
    }
    assert_true(n > 50);
    parse_free(&p);
}

static void files_say_what_is_wrong_with_them(void **state)
{
    static const struct {
        const char *body;
        unsigned flags;
    } rows[] = {
        { "#86)C\n`\nend\n", 0 },
        { "#86)C\n`\nEnd\n", MIME_PART_UNENDED },
        { "#86)C\n`\n", MIME_PART_UNENDED },
        { "#86)C\n", MIME_PART_DAMAGED },
        { "#86)C\nx y\n`\nend\n", MIME_PART_DAMAGED },
    };
    struct parse *p = parse_new();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct mime_summary s;
        parse_feed(p, a, str_c(arena_fmt(a, "\nbegin 644 a\n%s", rows[i].body)), true, &s);
        assert_int_equal(s.parts_n, 2);
        assert_int_equal(s.parts[1].flags, MIME_PART_UU | MIME_PART_ATTACHMENT | rows[i].flags);
        arena_free(&a);
    }
    parse_free(&p);
}

static void what_is_not_decoded_is_offered_as_it_is(void **state)
{
    static const char mail[] = "\nhi\n=ybegin line=128 size=3 name=a.jpg\nxyz\n=yend size=3\nbye\n"
                               "(This file must be converted with BinHex "
                               "4.0)\n\n:#A\"SEh4[,R4iG!\"849K8G(4iG!!!!!!!!J!!!!!50'&L9RJ!!!:\n";
    struct parse *p = parse_new();
    struct arena *a = arena_new(1024);
    struct mime_summary s;
    (void)state;
    parse_feed(p, a, str_c(mail), true, &s);
    check_every_split(p, str_c(mail));
    assert_int_equal(s.parts_n, 3);
    assert_str(s.parts[1].name, "a.jpg.yenc");
    assert_str(s.parts[1].type, "application/x-yenc");
    assert_int_equal(s.parts[1].encoding, MIME_8BIT);
    assert_memory_equal(mail + s.parts[1].offset, "=ybegin", 7);
    assert_memory_equal(mail + s.parts[1].offset + s.parts[1].length, "bye", 3);
    assert_str(s.parts[2].name, "photo.txt.hqx");
    assert_str(s.parts[2].type, "application/mac-binhex40");
    arena_free(&a);
    parse_free(&p);
}

/* A preamble is text until a part comes, and its files are none then. */
static void what_turns_out_to_be_a_container_leaves_nothing(void **state)
{
#define FILE_A "begin 644 a\n#86)C\n`\nend\n"
    static const struct {
        const char *in;
        size_t parts;
        const char *preview;
    } rows[] = {
        { "Content-Type: multipart/mixed; boundary=b\n\npre\n" FILE_A "--b\n\none\n--b--\n", 2,
          "one" },
        { "Content-Type: multipart/mixed; boundary=b\n\npre\n" FILE_A "--b--\n", 1, "" },
        { "Content-Type: multipart/mixed; boundary=b\n\npre\nbegin 644 a\n#86)C\n--b--\n\n", 1,
          "" },
        { "Content-Type: multipart/mixed; boundary=b\n\npre\n" FILE_A, 2,
          "pre begin 644 a #86)C ` end" },
        { "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; "
          "boundary=c\n\n"
          "begin 644 a\n#86)C\n--b\n\ntwo\n" FILE_A "--b--\n",
          5, "begin 644 a #86)C" },
    };
    struct parse *p = parse_new();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct mime_summary s;
        for (int again = 0; again < 2; again++) {
            parse_feed(p, a, str_c(rows[i].in), true, &s);
            assert_int_equal(s.parts_n, rows[i].parts);
            assert_str(s.preview, rows[i].preview);
        }
        check_every_split(p, str_c(rows[i].in));
        arena_free(&a);
    }
    parse_free(&p);
}

/* head, n times piece, tail. */
static void hostile(struct parse *p, const char *head, const char *piece, size_t n,
                    const char *tail, unsigned damage)
{
    struct buf mail = BUF_INIT(64 << 20), flat = BUF_INIT(MIME_FLAT_MAX);
    struct arena *a = arena_new(1024);
    struct mime_summary s;
    buf_adds(&mail, head);
    for (size_t i = 0; i < n; i++)
        buf_adds(&mail, piece);
    buf_adds(&mail, tail);
    assert_false(mail.over);
    parse_feed(p, a, buf_str(&mail), true, &s);
    assert_int_equal(s.damage & MIME_DAMAGE_LIMIT, damage);
    assert_true(s.parts_n > 0 && s.parts_n <= MIME_PARTS_MAX);
    mime_summary_flatten(&s, &flat);
    assert_false(flat.over);
    assert_true(arena_used(a) < (8u << 20));
    buf_free(&mail);
    buf_free(&flat);
    arena_free(&a);
}

static void nothing_hangs_or_crashes(void **state)
{
    struct parse *p = parse_new();
    char nuls[] = "Subject: a\0b\0\n\0\n\0\0";
    struct mime_summary s;
    struct arena *a = arena_new(1024);
    (void)state;
    hostile(p, "To: ", "a:", 50000, "\n\n", MIME_DAMAGE_LIMIT);
    hostile(p, "To: ", "\"a", 50000, "\n\n", MIME_DAMAGE_LIMIT);
    hostile(p, "To: ", "(", 50000, "\n\n", 0);
    hostile(p, "To: =?utf-8?Q?a?= ", "b:,", 20000, "\n\n", 0);
    hostile(p, "", "X-A: b\n", 800000, "\n", MIME_DAMAGE_LIMIT);
    hostile(p, "", "To: b@x.org\n", 1900, "\n", 0);
    hostile(p, "X-A: ", "0123456789", 1000000, "\n\n", MIME_DAMAGE_LIMIT);
    hostile(p, "Subject: ", "=?utf-8?Q?a ", 100000, "\n\n", MIME_DAMAGE_LIMIT);
    hostile(p, "Subject: ", "=?utf-8?Q?a?= ", 100000, "\n\n", MIME_DAMAGE_LIMIT);
    hostile(p, "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 100000, "--b--\n",
            MIME_DAMAGE_LIMIT);
    hostile(p, "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", 10000, "",
            MIME_DAMAGE_LIMIT);
    hostile(p, "", "Content-Type: message/rfc822\n\n", 10000, "", MIME_DAMAGE_LIMIT);
    hostile(p, "Content-Type: multipart/mixed", ";boundary", 100000, "\n\n", 0);
    hostile(p, "Content-Type: text/plain", "; a*0*=x", 100000, "\n\n", 0);
    hostile(p, "References: ", "<", 60000, "\n\n", 0);
    hostile(p, "Date: ", "1 ", 30000, "\n\n", 0);
    parse_feed(p, a, (struct str){ nuls, sizeof nuls - 1 }, true, &s);
    assert_str(s.subject, "a b");
    arena_free(&a);
    parse_free(&p);
}

/* Each of many small texts is full of files, until no part has room any more. */
static void files_never_pass_the_ceiling_of_parts(void **state)
{
    struct parse *p = parse_new();
    struct buf mail = BUF_INIT(64 << 20);
    (void)state;
    static const size_t texts[] = { 3, 49, 50, 60 };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct arena *a = arena_new(1024);
        struct mime_summary s;
        buf_clear(&mail);
        buf_adds(&mail, "Content-Type: multipart/mixed; boundary=b\n\n");
        for (size_t k = 0; k < texts[i]; k++) {
            buf_adds(&mail, "--b\n\n");
            for (size_t file = 0; file < 100; file++)
                buf_adds(&mail, "begin 644 x\n#86)C\n`\nend\n");
        }
        buf_adds(&mail, "--b--\n");
        parse_feed(p, a, buf_str(&mail), true, &s);
        size_t all = 1 + texts[i] * 101;
        assert_int_equal(s.parts_n, all < MIME_PARTS_MAX ? all : MIME_PARTS_MAX);
        assert_int_equal(s.damage, all < MIME_PARTS_MAX ? 0 : MIME_DAMAGE_LIMIT);
        arena_free(&a);
    }
    buf_free(&mail);
    parse_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(parts_say_what_they_are),
        cmocka_unit_test(what_is_not_decoded_is_offered_as_it_is),
        cmocka_unit_test(files_say_what_is_wrong_with_them),
        cmocka_unit_test(pieces_give_the_same_summary),
        cmocka_unit_test(what_turns_out_to_be_a_container_leaves_nothing),
        cmocka_unit_test(nothing_hangs_or_crashes),
        cmocka_unit_test(files_never_pass_the_ceiling_of_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
