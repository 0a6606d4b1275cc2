/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cache/message.h"
#include "sync/mbscan.h"

#include "base/banned.h"

#define FROM "From a@b Mon Jan  5 00:00:00 2026\n"

static FILE *file_of(size_t pad, const char *text)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    if (pad > 0) {
        fputs(FROM "X: ", f);
        for (size_t i = 0; i < pad; i++)
            fputc('x', f);
        fputs("\n\n\n", f);
    }
    fputs(text, f);
    fflush(f);
    return f;
}

static struct mbrows scanned(const char *text, size_t pad)
{
    struct mbrows r = { 0 };
    struct error err = { 0 };
    FILE *f = file_of(pad, text);
    assert_int_equal(mbscan(fileno(f), 0, (uint64_t)ftell(f), &r, &err), 0);
    mbscan_sort(&r);
    assert_true(mbscan_same(fileno(f), r.rows, r.n));
    fclose(f);
    return r;
}

static const struct {
    const char *text;
    const char *bodies[4]; /* with their heads */
    unsigned flags[4];
} rows[] = {
    { "", { NULL }, { 0 } },
    { "\n\n", { NULL }, { 0 } },
    { FROM "A: b\n\nc\n\n" FROM "Status: R\n\nd\n\n",
      { "A: b\n\nc\n", "Status: R\n\nd\n" },
      { 0, 1 } },
    { "\n" FROM "A: b\n\nc\n\n\n" FROM "\nd", { "A: b\n\nc\n\n", "\nd" }, { 0 } },
    { FROM "A: b\n\nc\n" FROM "A: b\n\nStatus: R\n",
      { "A: b\n\nc\n", "A: b\n\nStatus: R\n" },
      { 0 } },
    { FROM "A: b\n\n" FROM "A: b\n", { "A: b\n\n", "A: b\n" }, { 0 } },
    { FROM FROM, { "", "" }, { 0 } },
    { FROM "A: b\n\nFrom me\n>" FROM "From \n\n", { "A: b\n\nFrom me\n>" FROM "From \n" }, { 0 } },
    { FROM "A: b\r\nX-Status: F\r\n\r\nc\r\n\r\n" FROM "\n\n",
      { "A: b\r\nX-Status: F\r\n\r\nc\r\n", "\n" },
      { CACHE_FLAGGED, 0 } },
    { FROM "Content-Length: 100\n\na\n" FROM "\nb\n",
      { "Content-Length: 100\n\na\n", "\nb\n" },
      { 0 } },
    { "From \nA: b\n\n", { "A: b\n\n" }, { 0 } },
};

static void messages_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mbrows r = scanned(rows[i].text, 0);
        for (size_t k = 0; k < r.n; k++) {
            assert_non_null(rows[i].bodies[k]);
            struct str s = str_head(str_skip(str_c(rows[i].text), r.rows[k].head),
                                    r.rows[k].end - r.rows[k].head);
            assert_str(s, rows[i].bodies[k]);
            assert_int_equal(r.rows[k].flags, rows[i].flags[k]);
            assert_int_equal(r.rows[k].next, k + 1 < r.n ? r.rows[k + 1].at : strlen(rows[i].text));
        }
        assert_null(rows[i].bodies[r.n]);
        mbrows_clear(&r);
    }
}

/* Wherever it lies in the window, and after lines of any length. */
static void at_every_place(void **state)
{
    enum { WINDOW = 128 << 10 };
    (void)state;
    for (size_t i = 2; i < COUNT(rows) - 1; i++) {
        struct mbrows want = scanned(rows[i].text, 0);
        size_t n = strlen(rows[i].text);
        for (size_t pad = WINDOW - n - 60; pad < WINDOW; pad += 1 + n / 40) {
            struct mbrows r = scanned(rows[i].text, pad);
            assert_int_equal(r.n, want.n + 1);
            for (size_t k = 0; k < want.n; k++) {
                assert_memory_equal(r.rows[k + 1].id, want.rows[k].id, MBSCAN_ID);
                assert_int_equal(r.rows[k + 1].end - r.rows[k + 1].at,
                                 want.rows[k].end - want.rows[k].at);
            }
            mbrows_clear(&r);
        }
        mbrows_clear(&want);
    }
}

static void a_message_is_the_same(void **state)
{
    static const char *const same[] = {
        FROM "A: b\n\nc\n\nd\n",
        FROM "A: b\n\nc\n\nd",
        FROM "A: b\n\nc\n\nd\n\n",
        FROM "A: b\n\nc\n\nd\n\n\n\n",
        "From x@y Tue Jan  6 00:00:00 2026\nA: b\n\nc\n\nd\n",
        FROM "Status: RO\nA: b\nX-Status: F\n folded\nContent-Length: 5\nLines: 7\n\nc\n\nd\n",
        FROM "A: b\r\n\r\nc\r\n\r\nd\r\n",
    };
    static const char *const others[] = {
        FROM "A: b\n\nc\nd\n",
        FROM "A: b\n\n\nc\n\nd\n",
        FROM "A: c\n\nc\n\nd\n",
        FROM "A: b\nC: d\n\nc\n\nd\n",
        FROM "A: b\n\nStatus: RO\nc\n\nd\n",
        FROM "A: b\n\nc\n\nd \n",
    };
    (void)state;
    struct mbrows first = scanned(same[0], 0);
    for (size_t i = 0; i < COUNT(same); i++) {
        struct mbrows r = scanned(same[i], 0);
        assert_int_equal(r.n, 1);
        assert_memory_equal(r.rows[0].id, first.rows[0].id, MBSCAN_ID);
        mbrows_clear(&r);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        struct mbrows r = scanned(others[i], 0);
        assert_memory_not_equal(r.rows[0].id, first.rows[0].id, MBSCAN_ID);
        mbrows_clear(&r);
    }
    mbrows_clear(&first);
}

static void equal_ones_are_told_apart(void **state)
{
    (void)state;
    struct mbrows r = scanned(FROM "\na\n\n" FROM "\nb\n\n" FROM "\na\n\n" FROM "\na\n\n", 0);
    assert_int_equal(r.n, 4);
    for (uint32_t n = 0; n < 3; n++)
        assert_ptr_equal(mbscan_find(&r, r.rows[0].id, n), &r.rows[n == 0 ? 0 : n + 1]);
    assert_null(mbscan_find(&r, r.rows[0].id, 3));
    assert_ptr_equal(mbscan_find(&r, r.rows[1].id, 0), &r.rows[1]);
    assert_null(mbscan_find(&r, r.rows[1].id, 1));
    mbrows_clear(&r);
}

static void changes_in_headers_are_seen(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct mbrows r = { 0 };
    const char *text = FROM "A: b\n\nc\n\n" FROM "A: d\n\ne\n\n";
    FILE *f = file_of(0, text);
    assert_int_equal(mbscan(fileno(f), 0, strlen(text), &r, &err), 0);
    for (size_t i = 0; i < strlen(text); i++) {
        char other = text[i] == 'z' ? 'y' : 'z';
        assert_int_equal(pwrite(fileno(f), &other, 1, (off_t)i), 1);
        bool head = i < r.rows[0].body || (i >= r.rows[1].at && i < r.rows[1].body);
        assert_int_equal(mbscan_same(fileno(f), r.rows, r.n), !head);
        assert_int_equal(pwrite(fileno(f), text + i, 1, (off_t)i), 1);
    }
    /* more, from where the last one begins */
    fputs("f\n\n" FROM "\ng\n", f);
    fflush(f);
    uint64_t from = r.rows[--r.n].at;
    assert_int_equal(mbscan(fileno(f), from, (uint64_t)ftell(f), &r, &err), 0);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.rows[2].end, ftell(f));
    mbrows_clear(&r);
    fclose(f);
}

static void notes_of_a_program(void **state)
{
    static const char notes[] =
        "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nx\n\n";
    (void)state;
    char text[400];
    snprintf(text, sizeof text, "%s%s%s%s", FROM, notes, FROM, notes);
    struct mbrows r = scanned(text, 0);
    assert_true(r.rows[0].internal);
    assert_false(r.rows[1].internal);
    mbrows_clear(&r);
}

static void what_is_no_mbox(void **state)
{
    static const char *const texts[] = { "x", "\nA: b\n", "From\n", ">From a\n",
                                         "\x7f"
                                         "ELF" };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct mbrows r = { 0 };
        struct error err = { 0 };
        FILE *f = file_of(0, texts[i]);
        assert_int_equal(mbscan(fileno(f), 0, strlen(texts[i]), &r, &err), -1);
        assert_int_equal(err.code, ERR_REFUSED);
        mbrows_clear(&r);
        fclose(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found),
        cmocka_unit_test(at_every_place),
        cmocka_unit_test(a_message_is_the_same),
        cmocka_unit_test(equal_ones_are_told_apart),
        cmocka_unit_test(changes_in_headers_are_seen),
        cmocka_unit_test(notes_of_a_program),
        cmocka_unit_test(what_is_no_mbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
