/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "decode/client.h"
#include "decode/part.h"

#define WORKER TEST_BUILDDIR "/tmail-decode"

/* With a sanitizer the shadow counts too. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TEST_REAL_MEMORY = 0 };
#else
enum { TEST_REAL_MEMORY = 1 };
#endif

static const char small[] = "From: Jane Roe <jane@example.org>\r\n"
                            "To: bob@example.org\r\n"
                            "Subject: =?utf-8?q?caf=C3=A9?=\r\n"
                            "Date: Sat, 31 Jan 2026 13:00:00 +0100\r\n"
                            "Message-ID: <1@example.org>\r\n"
                            "\r\n"
                            "Hello there.\r\n";

static struct decode_src src_of(const char *text, const char *key)
{
    return (struct decode_src){ .bytes = str_c(text), .key = str_c(key) };
}

static void a_message_is_summarised(void **state)
{
    struct error err;
    struct mime_summary s;
    struct arena *a = arena_new(4096);
    struct decode *d = decode_new(WORKER, NULL, &err);
    (void)state;
    decode_warm(d);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(decode_summary(d, a, src_of(small, "k"), &s, &err), 0);
        assert_str(s.subject, "caf\xC3\xA9");
        assert_str(s.from, "Jane Roe <jane@example.org>");
        assert_str(s.message_id, "<1@example.org>");
        assert_str(s.preview, "Hello there.");
        assert_int_equal(s.date, 1769860800);
        assert_int_equal(s.parts_n, 1);
        assert_int_equal(s.parts[0].offset, strlen(small) - 14);
        assert_int_equal(s.parts[0].length, 14);
    }
    decode_free(&d);
    assert_null(d);
    arena_free(&a);
}

static void many_are_under_way(void **state)
{
    enum { N = 5000 };
    struct error err;
    struct mime_summary s;
    struct decode *d = decode_new(WORKER, NULL, &err);
    uint64_t tag, next = 0, taken = 0;
    (void)state;
    while (taken < N) {
        if (next < N && next - taken < DECODE_AHEAD_MAX) {
            assert_int_equal(decode_begin(d, next, STR(""), &err), 0);
            assert_int_equal(decode_feed(d, next, str_head(str_c(small), 50), false, &err), 0);
            assert_int_equal(decode_feed(d, next, str_skip(str_c(small), 50), true, &err), 0);
            next++;
            continue;
        }
        struct arena *a = arena_new(1024);
        assert_int_equal(decode_take(d, a, -1, &tag, &s, &err), 0);
        assert_int_equal(tag, taken++);
        assert_str(s.message_id, "<1@example.org>");
        arena_free(&a);
    }
    struct arena *a = arena_new(64);
    assert_int_equal(decode_take(d, a, 0, &tag, &s, &err), 2);
    arena_free(&a);
    decode_free(&d);
}

/* A worker that takes n bytes and dies, the first times; afterwards the real one. */
static void fake_worker(const char *dir, const char *first, int times, char **path)
{
    struct error err;
    struct buf script = BUF_INIT(4096);
    *path = xasprintf("%s/worker", dir);
    buf_addf(&script,
             "#!/bin/sh\nn=$(cat %s/was 2>&-)\n"
             "if test ${#n} -lt %d; then printf x >> %s/was\n%s\nfi\nexec %s\n",
             dir, times, dir, first, WORKER);
    assert_int_equal(file_replace(*path, buf_str(&script), 0700, &err), 0);
    buf_free(&script);
}

static void the_killer_is_marked_and_the_rest_is_answered(void **state)
{
#define GREETING "printf '\\1\\0\\0\\0\\1\\0\\0\\0001"
    enum blame { SURE, NONE, MAYBE };
    static const struct {
        const char *death;
        int times;
        enum blame blame;
    } rows[] = {
        { GREETING "'; head -c 300 >/dev/null; ulimit -c 0; kill -SEGV $$", 1, SURE },
        { GREETING "'; exec sleep 20", 1, SURE }, /* it hangs */
        { GREETING "nonsense nonsense'; exec sleep 20", 1,
          MAYBE }, /* before it was asked anything */
        /* From outside: only who is hit twice is to blame. */
        { GREETING "'; head -c 300 >/dev/null; kill -9 $$", 1, NONE },
        { GREETING "'; head -c 300 >/dev/null; kill -TERM $$", 1, NONE },
        { GREETING "'; head -c 300 >/dev/null; kill -9 $$", 2, SURE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err;
        struct mime_summary s;
        char *dir = file_temp_dir("tmail-test", &err), *path;
        char *marks = xasprintf("%s/marks", dir);
        struct arena *a = arena_new(4096);
        uint64_t tag;
        fake_worker(dir, rows[i].death, rows[i].times, &path);
        struct decode *d = decode_new(path, marks, &err);
        decode_patience(d, i == 1 ? 300 : 5000);
        for (uint64_t n = 0; n < 3; n++) {
            char key[] = { 'k', (char)('0' + n) };
            assert_int_equal(decode_begin(d, n, (struct str){ key, 2 }, &err), 0);
            assert_int_equal(decode_feed(d, n, str_c(small), true, &err), 0);
        }
        for (uint64_t n = 0; n < 3; n++) {
            int rc = decode_take(d, a, -1, &tag, &s, &err);
            assert_int_equal(tag, n);
            if (rows[i].blame == MAYBE)
                continue;
            bool blamed = rows[i].blame == SURE && n == 0;
            assert_int_equal(rc, blamed ? 1 : 0);
            assert_int_equal(s.damage, blamed ? MIME_DAMAGE_OPAQUE : 0);
            assert_int_equal(s.parts[0].length, blamed ? strlen(small) : 14);
        }
        decode_free(&d);
        /* Marked on disk: another process never asks for it. */
        d = decode_new("/nonexistent/worker", rows[i].blame == MAYBE ? NULL : marks, &err);
        if (rows[i].blame != MAYBE)
            assert_int_equal(decode_summary(d, a, src_of(small, "k0"), &s, &err),
                             rows[i].blame == SURE ? 1 : -1);
        assert_int_equal(decode_summary(d, a, src_of(small, "k1"), &s, &err), -1);
        assert_int_equal(err.code, ERR_SYS);
        decode_free(&d);
        arena_free(&a);
        file_remove_tree(dir);
        free(dir);
        free(path);
        free(marks);
    }
}

/* It dies of the first bytes, before the last have come. */
static void a_killer_is_known_before_it_ends(void **state)
{
    enum { PIECE = 100000, PIECES = 50 }; /* more than waits in the socket */
    struct error err;
    struct mime_summary s;
    char *dir = file_temp_dir("tmail-test", &err), *path;
    char *marks = xasprintf("%s/marks", dir), *piece = xmalloc(PIECE);
    struct arena *a = arena_new(4096);
    uint64_t tag;
    (void)state;
    memset(piece, 'x', PIECE);
    fake_worker(dir, GREETING "'; head -c 300 >/dev/null; ulimit -c 0; kill -SEGV $$", 1, &path);
    struct decode *d = decode_new(path, marks, &err);
    assert_int_equal(decode_begin(d, 7, STR("k7"), &err), 0);
    for (int i = 0; i <= PIECES; i++)
        assert_int_equal(decode_feed(d, 7, (struct str){ piece, PIECE }, i == PIECES, &err), 0);
    assert_int_equal(decode_take(d, a, -1, &tag, &s, &err), 1);
    assert_int_equal(tag, 7);
    assert_int_equal(s.damage, MIME_DAMAGE_OPAQUE);
    assert_int_equal(s.parts[0].length, (uint64_t)PIECE * (PIECES + 1));
    assert_int_equal(decode_summary(d, a, src_of(small, "k8"), &s, &err), 0);
    decode_free(&d);
    d = decode_new("/nonexistent/worker", marks, &err);
    assert_int_equal(decode_summary(d, a, src_of(small, "k7"), &s, &err), 1);
    decode_free(&d);
    arena_free(&a);
    file_remove_tree(dir);
    free(dir);
    free(path);
    free(marks);
    free(piece);
}

/* What a decoder needs for a message does not grow with it. */
static void large_messages_take_little_memory(void **state)
{
    enum { PIECE = 64 << 10, PIECES = 2000, RESIDENT_MAX = 40 << 20 };
    static const char *const heads[] = {
        "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n", "Subject: text\n\n",
        "Subject: a field without end\n ",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
    };
    struct error err;
    struct mime_summary s;
    struct rusage used;
    char *piece = xmalloc(PIECE);
    (void)state;
    memset(piece, 'x', PIECE);
    struct decode *d = decode_new(WORKER, NULL, &err);
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct arena *a = arena_new(4096);
        uint64_t tag;
        assert_int_equal(decode_begin(d, i, STR(""), &err), 0);
        assert_int_equal(decode_feed(d, i, str_c(heads[i]), false, &err), 0);
        for (int k = 1; k <= PIECES; k++)
            assert_int_equal(decode_feed(d, i, (struct str){ piece, PIECE }, k == PIECES, &err), 0);
        assert_int_equal(decode_take(d, a, -1, &tag, &s, &err), 0);
        const struct mime_part_info *last = &s.parts[s.parts_n - 1];
        assert_int_equal(last->offset + last->length, strlen(heads[i]) + (uint64_t)PIECES * PIECE);
        arena_free(&a);
    }
    decode_free(&d);
    getrusage(RUSAGE_CHILDREN, &used);
    if (TEST_REAL_MEMORY)
        assert_in_range(used.ru_maxrss, 1, RESIDENT_MAX / 1024);
    free(piece);
}

/* More than is kept, and more than one frame: it goes through. */
static void big_messages_pass(void **state)
{
    struct error err;
    struct mime_summary s;
    struct arena *a = arena_new(4096);
    struct decode *d = decode_new(WORKER, NULL, &err);
    size_t n = (size_t)DECODE_KEEP_MAX + 12345;
    char *big = xmalloc(n);
    (void)state;
    memset(big, 'x', n);
    memcpy(big, "Subject: big\n\n", 14);
    for (int i = 0; i < 2; i++) {
        struct decode_src src = { .bytes = { big, n } };
        assert_int_equal(decode_summary(d, a, src, &s, &err), 0);
        assert_str(s.subject, "big");
        assert_int_equal(s.parts[0].length, n - 14);
    }
    free(big);
    decode_free(&d);
    arena_free(&a);
}

static int slice(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct str s = str_head(str_skip(*(struct str *)arg, (size_t)offset), want < 7 ? want : 7);
    (void)err;
    buf_add_str(out, s);
    return 0;
}

static int collect(void *arg, struct str bytes, struct error *err)
{
    (void)err;
    buf_add_str(arg, bytes);
    return 0;
}

static void a_part_is_read_as_text_and_as_bytes(void **state)
{
    static const char mail[] = "Content-Type: text/plain; charset=utf-8\n"
                               "Content-Transfer-Encoding: base64\n\n"
                               "Y2Fmw6kgb2xl\n";
    struct str bytes = str_c(mail);
    struct decode_src src = { .read = slice, .arg = &bytes };
    struct error err;
    struct mime_summary s;
    struct decode_text t;
    struct arena *a = arena_new(4096);
    struct buf got = BUF_INIT(100);
    struct decode *d = decode_new(WORKER, NULL, &err);
    (void)state;
    assert_int_equal(decode_summary(d, a, src, &s, &err), 0);
    assert_int_equal(decode_text(d, a, src, &s.parts[0], 80, &t, &err), 0);
    assert_str(t.text, "caf\xC3\xA9 ole\n");
    assert_int_equal(decode_part_bytes(src, &s.parts[0], collect, &got, &err), 0);
    assert_str(buf_str(&got), "caf\xC3\xA9 ole");
    s.parts[0].type = STR("image/png");
    assert_int_equal(decode_text(d, a, src, &s.parts[0], 80, &t, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    buf_clear(&got);
    assert_int_equal(decode_header(d, STR(" =?iso-8859-1?Q?p=E9?=\r\n b"), &got, &err), 0);
    assert_str(buf_str(&got), "p\xC3\xA9 b");
    buf_free(&got);
    decode_free(&d);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_summarised),
        cmocka_unit_test(many_are_under_way),
        cmocka_unit_test(the_killer_is_marked_and_the_rest_is_answered),
        cmocka_unit_test(a_killer_is_known_before_it_ends),
        cmocka_unit_test(large_messages_take_little_memory),
        cmocka_unit_test(big_messages_pass),
        cmocka_unit_test(a_part_is_read_as_text_and_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
