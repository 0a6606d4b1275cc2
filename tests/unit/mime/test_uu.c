/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "base/buf.h"
#include "mime/uu.h"

enum { DAMAGED = 1, UNENDED = 2 };

#define LINE45 "M86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n"

struct want {
    const char *name, *first, *last; /* first and last line of the file */
    size_t decoded;
    int state;
};

/* clang-format off */
static const struct { const char *text; size_t n; struct want want[2]; } rows[] = {
    { "", 0, { { 0 } } },
    { "begin 644 a\n#86)C\n`\nend\n", 1, { { "a", "begin 644 a", "end", 3, 0 } } },
    { "begin 644 a\n#86)C\n`\nend", 1, { { "a", "begin 644 a", "end", 3, 0 } } },
    { "begin 644 a\r\n#86)C\r", 1, { { "a", "begin 644 a", "#86)C", 3, DAMAGED | UNENDED } } },
    { "hi\r\nbegin 600 b c.txt\r\n#86)C\r\n`\r\nend\r\nbye\r\n", 1,
      { { "b c.txt", "begin 600 b c.txt", "end", 3, 0 } } },
    { "begin 644 a\n#86)C\n`\nend\nbetween\nbegin 644 b\n#86)C\n \nend\n", 2,
      { { "a", "begin 644 a", "end", 3, 0 }, { "b", "begin 644 b", "end", 3, 0 } } },
    { "begin 644 empty\n`\nend\n", 1, { { "empty", "begin 644 empty", "end", 0, 0 } } },
    { "begin 644 cut\n#86\n\nend\n", 1, { { "cut", "begin 644 cut", "end", 3, 0 } } },
    { "begin 644 lost\n#86\n#````\n`\nend\n", 1, { { "lost", "begin 644 lost", "end", 6, DAMAGED } } },
    { "begin 644 lost\n#8`\n`\nend\n", 1, { { "lost", "begin 644 lost", "end", 3, DAMAGED } } },
    { "begin 644 misspelt\n#86)C\n`\nEnd\n", 1,
      { { "misspelt", "begin 644 misspelt", "End", 3, UNENDED } } },
    { "begin 644 short\n" LINE45 "#86)C\nRegards\n", 1,
      { { "short", "begin 644 short", "#86)C", 48, UNENDED } } },
    { "begin 644 cut\n" LINE45 LINE45, 1, { { "cut", "begin 644 cut", "M", 90, DAMAGED | UNENDED } } },
    { "begin 644 broken\n" LINE45 "what is this\n#86)C\n", 1,
      { { "broken", "begin 644 broken", "M", 45, DAMAGED | UNENDED } } },
    { "begin 644 torn\n" LINE45 "what is this\n" LINE45 "`\nend\n", 1,
      { { "torn", "begin 644 torn", "end", 90, DAMAGED } } },
    { "begin 644 a\n#86)C\nbegin 644 b\n#86)C\n`\nend\n", 2,
      { { "a", "begin 644 a", "#86)C", 3, DAMAGED | UNENDED }, { "b", "begin 644 b", "end", 3, 0 } } },
    /* wrapped: each piece could be a line that lost its blanks */
    { "begin 644 wrapped\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n86%A86%A86%A\n#86)C\n \nend\n", 1,
      { { "wrapped", "begin 644 wrapped", "end", 72, DAMAGED } } },
    { "begin 644 one\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n(6%A86%A86%A\n \nend\n", 1,
      { { "one", "begin 644 one", "end", 53, DAMAGED } } },
    { "begin 644 uneven\n#86)C\n&86)C86)C\n#86)C\n`\nend\n", 1,
      { { "uneven", "begin 644 uneven", "end", 12, 0 } } },
    { "begin 644 zeros\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%\nM\nM\n#\n\nend\n", 1,
      { { "zeros", "begin 644 zeros", "end", 138, 0 } } },
    { "begin 644 files with this\nand go on.\nend\n", 0, { { 0 } } },
    { "begin the day\n#86)C\nend\n", 0, { { 0 } } },
    { "> begin 644 a\n> #86)C\n> end\n", 0, { { 0 } } },
    { "begin 644 a", 0, { { 0 } } },
    /* as it stands in an old article: wrapped anew, so that no line fits its length byte any more */
    { "begin 644 reports\n"
      "M9W)E<\" B<&P_ (B O=F%R+VQO9R]H='1P9\"]W96 (V-C1F-\n"
      "BYA8V-E<W,N; &]GM ('P@8W5T (\"UF (# (+@60@ (C\\B ('P@8W5T\n"
      "(\"UF (#$@+60@ (B8B (#X@<V5A<F-HM+61A=&$M) # $*?B]C;\n"
      "End\n", 1, { { "reports", "begin 644 reports", "End", 45, DAMAGED | UNENDED } } },
};
/* clang-format on */

static void check_file(struct str text, const struct uu_file *f, const struct want *want)
{
    struct str body = str_head(str_skip(text, f->offset), f->length);
    assert_str(f->name, want->name);
    assert_true(str_starts(body, want->first));
    body = str_trim(body);
    size_t lf = str_rfind(body, '\n');
    assert_true(str_starts(str_skip(body, lf + 1), want->last));
    assert_int_equal(f->decoded, want->decoded);
    assert_int_equal(f->damaged, (want->state & DAMAGED) != 0);
    assert_int_equal(f->unended, (want->state & UNENDED) != 0);
}

static void files_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct uu_file found[4];
        struct str text = str_c(rows[i].text);
        assert_int_equal(uu_find(text, found, COUNT(found)), rows[i].n);
        for (size_t k = 0; k < rows[i].n; k++)
            check_file(text, &found[k], &rows[i].want[k]);
    }
}

/* clang-format off */
static const struct { const char *text; enum uu_kind kind; const char *name, *last; bool damaged; } others[] = {
    { "hi\n=ybegin line=128 size=5 name=a b.jpg\nxyz\xE9\x01!\n=yend size=5 crc32=0\nbye\n", UU_FILE_YENC, "a b.jpg", "=yend", false },
    { "=ybegin part=1 total=2 line=128 size=5 name=x\r\n=ypart begin=1 end=3\r\nabc\r\n=yend size=3\r\n", UU_FILE_YENC, "x", "=yend", false },
    { "=ybegin line=128 size=5 name=x\nabc\n", UU_FILE_YENC, "x", "abc", true },
    { "=ybegin line=128 size=5 name=x\nabc\nbegin 644 y\n", UU_FILE_YENC, "x", "abc", true },
    { "=ybegin is how it starts\nabc\n=yend size=3\n", UU_FILE, NULL, NULL, false },
    { "=ybegin line=128 size=5 name=\nabc\n=yend size=3\n", UU_FILE, NULL, NULL, false },
    { "(This file must be converted with BinHex 4.0)\n\n:#A\"SEh4[,R4iG!\"849K8G(4iG!!!!!!!!J!!!!!\n50'&L9RJ!!!:\nbye\n", UU_FILE_BINHEX, "photo.txt", "50'&L", false },
    { "(This file must be converted with BinHex 4.0)\r\n\r\n:#A\"SEh4[,R4iG!\"849K8G(4iG!!!!!!!!J!!!!!50'&L9RJ!!!:\r\n", UU_FILE_BINHEX, "photo.txt", ":#A\"S", false },
    { "(This file must be converted with BinHex 4.0)\n:#A\"SEh4[,R4iG!\"849K8G(4iG!!!!!!!!J!!!!!\n", UU_FILE_BINHEX, "photo.txt", ":#A\"S", true },
    { "(This file must be converted with BinHex 4.0)\n:#A\"SEh4[,R4iG!\"849K8G(4iG!!!!!!!!J!!!!!\nand text\n:", UU_FILE_BINHEX, "photo.txt", ":#A\"S", true },
    { "(This file must be converted with BinHex 4.0)\nthey say\n:abc:\n", UU_FILE, NULL, NULL, false },
    { "(This file must be converted with BinHex 4.0)\n:~~~~:\n", UU_FILE_BINHEX, "", ":~", false },
};
/* clang-format on */

/* What we do not decode is named. */
static void others_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct uu_file f[2];
        struct str text = str_c(others[i].text);
        struct buf name = BUF_INIT(UU_NAME_MAX);
        assert_int_equal(uu_find(text, f, COUNT(f)), others[i].name != NULL);
        if (others[i].name == NULL)
            continue;
        uu_file_name(&f[0], &name);
        assert_str(buf_str(&name), others[i].name);
        assert_int_equal(f[0].kind, others[i].kind);
        assert_int_equal(f[0].damaged, others[i].damaged);
        assert_int_equal(f[0].decoded, f[0].length);
        struct str body = str_trim(str_head(str_skip(text, f[0].offset), f[0].length));
        assert_true(str_starts(str_skip(body, str_rfind(body, '\n') + 1), others[i].last));
        buf_free(&name);
    }
}

struct told {
    struct uu_file files[4];
    struct buf names;
    size_t n;
};

static void on_file(void *arg, const struct uu_file *file)
{
    struct told *t = arg;
    uu_file_name(file, &t->names);
    buf_addf(&t->names, "|%d|", file->kind);
    assert_true(t->n < COUNT(t->files));
    t->files[t->n] = *file;
    t->files[t->n++].name = (struct str){ NULL, 0 };
}

static void tell(struct uu_reader *r, struct told *t, struct str text, size_t cut, size_t step)
{
    t->n = 0;
    buf_clear(&t->names);
    for (size_t at = 0; at < text.n;) {
        struct str s = str_head(str_skip(text, at), at < cut ? cut - at : step);
        char *piece = xmalloc(s.n);
        memcpy(piece, s.p, s.n);
        uu_reader_feed(r, (struct str){ piece, s.n }, false);
        memset(piece, 'b', s.n);
        free(piece);
        at += s.n;
    }
    uu_reader_feed(r, (struct str){ NULL, 0 }, true);
}

static void check_same(const struct told *a, const struct told *b)
{
    assert_int_equal(a->n, b->n);
    assert_str(buf_str(&a->names), buf_c(&b->names));
    for (size_t i = 0; i < a->n; i++) {
        assert_int_equal(a->files[i].offset, b->files[i].offset);
        assert_int_equal(a->files[i].length, b->files[i].length);
        assert_int_equal(a->files[i].decoded, b->files[i].decoded);
        assert_int_equal(a->files[i].damaged, b->files[i].damaged);
        assert_int_equal(a->files[i].unended, b->files[i].unended);
    }
}

/* A text that comes in pieces has the same files. */
static void every_split_is_the_same(void **state)
{
    struct told whole = { .names = BUF_INIT(4096) }, cut = { .names = BUF_INIT(4096) };
    struct uu_reader *one = uu_reader_new(on_file, &whole), *two = uu_reader_new(on_file, &cut);
    (void)state;
    for (size_t i = 0; i < COUNT(rows) + COUNT(others); i++) {
        struct str text = str_c(i < COUNT(rows) ? rows[i].text : others[i - COUNT(rows)].text);
        whole.n = 0;
        buf_clear(&whole.names);
        uu_reader_feed(one, text, true);
        for (size_t at = 0; at < text.n; at++) {
            tell(two, &cut, text, at, text.n);
            check_same(&cut, &whole);
        }
        for (size_t step = 1; step < 8; step++) {
            tell(two, &cut, text, 0, step);
            check_same(&cut, &whole);
        }
    }
    uu_reader_free(&one);
    uu_reader_free(&two);
    buf_free(&whole.names);
    buf_free(&cut.names);
}

/* Whatever a text is cut at, a file lies inside it, and none that ended is left out. */
static void every_beginning_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++) {
            char *copy = xmemdup0(rows[i].text, cut); /* so that a step too far is seen */
            struct uu_file found[4];
            size_t n = uu_find((struct str){ copy, cut }, found, COUNT(found));
            for (size_t k = 0; k < n; k++)
                assert_true(found[k].offset + found[k].length <= cut);
            free(copy);
        }
}

static void a_million_begins_take_no_time(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(64 << 20);
    for (size_t i = 0; i < 100000; i++)
        buf_adds(&text, "begin 644 x\n#86)C\n");
    struct uu_file found[8];
    assert_int_equal(uu_find(buf_str(&text), found, COUNT(found)), COUNT(found));
    buf_clear(&text);
    for (size_t i = 0; i < 1000000; i++)
        buf_adds(&text, "begin 644 x\n");
    assert_int_equal(uu_find(buf_str(&text), found, COUNT(found)), 0);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found),
        cmocka_unit_test(others_are_recognised),
        cmocka_unit_test(every_split_is_the_same),
        cmocka_unit_test(every_beginning_is_safe),
        cmocka_unit_test(a_million_begins_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
