/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/mbox.h"
#include "server/spill.h"
#include "wire/imap_resp.h"

struct fixture {
    char *path;
    int dir;
};

static int setup(void **state)
{
    struct error err;
    struct fixture *f = xcalloc(1, sizeof *f);
    f->path = file_temp_dir("tmaild-test", &err);
    f->dir = f->path != NULL ? open(f->path, O_RDONLY | O_DIRECTORY) : -1;
    *state = f;
    return f->dir < 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close(f->dir);
    file_remove_tree(f->path);
    free(f->path);
    free(f);
    return 0;
}

static struct mbox *open_box(const struct fixture *f)
{
    struct error err = { 0 };
    struct mbox *m = mbox_open(f->dir, "INBOX", 77, NULL, &err);
    assert_string_equal(err.text, "");
    assert_non_null(m);
    return m;
}

static int append(struct mbox *m, struct str bytes, struct mbox_new new, uint32_t *uid,
                  struct error *err)
{
    struct spill message;
    spill_init(&message, m->dir, 1 << 24);
    spill_add(&message, bytes);
    new.message = &message;
    int rc = mbox_append(m, &new, uid, err);
    spill_clear(&message);
    return rc;
}

static int kill_row(struct mbox *m, size_t row, struct error *err)
{
    size_t done;
    return mbox_kill(m, &row, 1, &done, err);
}

static uint32_t add(struct mbox *m, struct str bytes, unsigned flags, const char *keywords)
{
    struct error err = { 0 };
    uint32_t uid = 0;
    struct mbox_new new = {
        .sender = STR("a@b"), .flags = flags, .keywords = keywords, .date = 1000000000
    };
    assert_true(mbox_begin(m, true, &err) >= 0);
    assert_int_equal(append(m, bytes, new, &uid, &err), 0);
    mbox_end(m);
    return uid;
}

static void check_read(struct mbox *m, size_t row, struct str want)
{
    struct error err = { 0 };
    struct buf out = BUF_INIT(1 << 20);
    assert_true(row < m->n);
    assert_true(mbox_begin(m, false, &err) >= 0);
    assert_int_equal(mbox_read(m, row, &out, &err), 0);
    mbox_end(m);
    assert_int_equal(out.len, want.n);
    assert_int_equal(m->rows[row].size, want.n);
    if (want.n > 0)
        assert_memory_equal(out.data, want.p, want.n);
    buf_free(&out);
}

static char *box_path(const struct fixture *f)
{
    return xasprintf("%s/INBOX", f->path);
}

static void write_file(const struct fixture *f, struct str bytes)
{
    struct error err;
    char *path = box_path(f);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(file_write_fd(fd, bytes, path, &err), 0);
    close(fd);
    free(path);
}

static void read_file(const struct fixture *f, struct buf *out)
{
    struct error err;
    char *path = box_path(f);
    buf_init(out, 1 << 22);
    assert_int_equal(file_read(path, out, &err), 0);
    free(path);
}

#define MESSAGE(literal)                                                                           \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
static const struct str messages[] = {
    MESSAGE("a: b\r\n\r\nbody\r\n"),
    MESSAGE("From x@y Thu Jan  1 00:00:00 1970\r\n\r\nFrom me\r\n>From you\r\n>>From us\r\n"),
    MESSAGE("\r\nno final newline"),
    MESSAGE("no line end but a CR\r"),
    MESSAGE("a: b\r\n\r\n\xFF\xFE 8-bit \0 NUL\r\n"),
    MESSAGE("bare\rCR\r\r\n"),
    MESSAGE(""),
    MESSAGE("\r\n"),
    MESSAGE("\r\n\r\n\r\n"),
    MESSAGE("Status: RO\r\nX-UID: 5\r\nX-Tmaild: 1\r\n\r\nx\r\n"),
    MESSAGE("a: b\r\n\r\nFrom "),
};

static void bytes_come_back_the_same(void **state)
{
    struct mbox *m = open_box(*state);
    for (size_t i = 0; i < COUNT(messages); i++)
        assert_int_equal(add(m, messages[i], 0, NULL), i + 1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(m->n, COUNT(messages));
        for (size_t i = 0; i < COUNT(messages); i++)
            check_read(m, i, messages[i]);
        assert_int_equal(m->validity, 77);
        mbox_close(&m);
        m = open_box(*state);
    }
    mbox_close(&m);
}

static void flags_and_uids_survive(void **state)
{
    struct error err = { 0 };
    struct mbox *m = open_box(*state);
    char wide[200];
    memset(wide, 'k', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    add(m, STR("1"), IMAP_SEEN | IMAP_DRAFT, "one two");
    add(m, STR("2"), 0, NULL);
    add(m, STR("3"), 0, NULL);
    assert_true(mbox_begin(m, true, &err) >= 0);
    assert_int_equal(mbox_set(m, 1, IMAP_ANSWERED | IMAP_FLAGGED | IMAP_DELETED, "x", &err), 0);
    assert_int_equal(mbox_set(m, 2, IMAP_SEEN, wide, &err), 0); /* wider than its line */
    assert_int_equal(kill_row(m, 0, &err), 0);
    assert_int_equal(mbox_sync(m, &err), 0);
    mbox_end(m);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(m->n, 2);
        assert_int_equal(m->rows[0].uid, 2);
        assert_int_equal(m->rows[0].flags, IMAP_ANSWERED | IMAP_FLAGGED | IMAP_DELETED);
        assert_string_equal(m->rows[0].keywords, "x");
        assert_int_equal(m->rows[1].flags, IMAP_SEEN);
        assert_string_equal(m->rows[1].keywords, wide);
        assert_int_equal(m->rows[1].date, 1000000000);
        assert_int_equal(m->validity, 77);
        assert_int_equal(m->uid_next, 4);
        check_read(m, 1, STR("3"));
        if (again == 1) {
            assert_true(mbox_begin(m, true, &err) >= 0);
            assert_int_equal(mbox_compact(m, &err), 0);
            assert_int_equal(m->dead, 0);
            mbox_end(m);
            continue;
        }
        mbox_close(&m);
        m = open_box(*state);
    }
    mbox_close(&m);
}

static void an_emptied_mailbox_keeps_its_numbers(void **state)
{
    struct error err = { 0 };
    struct mbox *m = open_box(*state);
    add(m, STR("1"), 0, NULL);
    add(m, STR("2"), 0, NULL);
    assert_true(mbox_begin(m, true, &err) >= 0);
    assert_int_equal(kill_row(m, 1, &err), 0);
    assert_int_equal(kill_row(m, 0, &err), 0);
    assert_int_equal(mbox_compact(m, &err), 0);
    mbox_end(m);
    mbox_close(&m);
    m = mbox_open(((struct fixture *)*state)->dir, "INBOX", 99, NULL, &err);
    assert_int_equal(m->validity, 77);
    assert_int_equal(add(m, STR("3"), 0, NULL), 3);
    mbox_close(&m);
    m = mbox_open(((struct fixture *)*state)->dir, "INBOX", 99, NULL, &err);
    assert_int_equal(m->validity, 77);
    assert_int_equal(m->n, 1);
    assert_int_equal(m->uid_next, 4);
    mbox_close(&m);
}

/* Every length to which a crash can cut the last message leaves the others whole, and nothing of
 * it. */
static void a_torn_tail_is_cut(void **state)
{
    struct buf whole;
    struct mbox *m = open_box(*state);
    add(m, messages[1], 0, NULL);
    uint64_t one = m->end;
    add(m, STR("a: b\r\n\r\nFrom here\r\nFrom x@y Thu Jan  1 00:00:00 1970\r\nto there\r\n"), 0,
        NULL);
    mbox_close(&m);
    read_file(*state, &whole);
    for (size_t n = (size_t)one; n <= whole.len; n++) {
        write_file(*state, str_head(buf_str(&whole), n));
        m = open_box(*state);
        assert_int_equal(m->n, n == whole.len ? 2 : 1);
        assert_int_equal(m->end, n == whole.len ? whole.len : one);
        check_read(m, 0, messages[1]);
        assert_int_equal(m->validity, 77);
        mbox_close(&m);
    }
    buf_free(&whole);
}

/* Any digit of the lengths and UIDs in a head may lie: the messages before and after it stay. */
static void lies_lose_no_other_message(void **state)
{
    static const char *const names[] = { "X-Tmaild: ", "X-IMAPbase: 0000000077 ", "X-UID: " };
    static const struct str text = MESSAGE("a: b\r\n\r\nFrom here\r\n");
    struct buf whole;
    struct mbox *m = open_box(*state);
    for (int i = 0; i < 3; i++)
        add(m, text, 0, NULL);
    uint64_t two = m->rows[1].at;
    mbox_close(&m);
    read_file(*state, &whole);
    for (size_t k = 0; k < COUNT(names); k++)
        for (size_t digit = 0; digit < 10; digit++) {
            size_t from = k == 1 ? 0 : (size_t)two;
            size_t at = from + str_search(str_skip(buf_str(&whole), from), str_c(names[k]));
            char *byte = whole.data + at + strlen(names[k]) + digit;
            char old = *byte;
            *byte = '9';
            write_file(*state, buf_str(&whole));
            *byte = old;
            m = open_box(*state);
            assert_int_equal(m->n, 3);
            check_read(m, 0, text);
            check_read(m, 2, text);
            assert_true(add(m, STR("new"), 0, NULL) > m->rows[2].uid);
            mbox_close(&m);
            m = open_box(*state);
            assert_int_equal(m->n, 4);
            mbox_close(&m);
        }
    buf_free(&whole);
}

static void foreign_mail_is_taken_over(void **state)
{
    struct error err = { 0 };
    write_file(*state,
               STR("From joe@example.org Tue Nov 24 00:59:35 2026\n"
                   "Subject: one\nStatus: RO\nX-Status: F\nX-Keywords: a\n  b\n\n"
                   "text\n>From quoted\n\n"
                   "From jim@example.org Tue Nov 24 00:59:36 2026\nSubject: two\n\nno end"));
    struct mbox *m = open_box(*state);
    assert_int_equal(m->n, 2);
    assert_int_equal(m->rows[0].flags, IMAP_SEEN | IMAP_FLAGGED);
    assert_string_equal(m->rows[0].keywords, "a");
    assert_int_equal(m->rows[0].date, 1795481975);
    check_read(m, 0, STR("Subject: one\r\n\r\ntext\r\nFrom quoted\r\n"));
    check_read(m, 1, STR("Subject: two\r\n\r\nno end"));
    uint32_t validity = m->validity;

    /* Another program appends while we have it open. */
    char *path = box_path(*state);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(file_write_fd(fd,
                                   STR("From a Tue Nov 24 00:59:37 2026\nX-UID: 2\n\nthree\n\n"),
                                   path, &err),
                     0);
    close(fd);
    free(path);
    assert_int_equal(mbox_begin(m, false, &err), 1);
    assert_int_equal(m->old_n, 2);
    assert_int_equal(m->n, 3);
    mbox_end(m);
    check_read(m, 2, STR("\r\nthree\r\n"));
    assert_int_equal(m->validity, validity);
    assert_int_equal(m->rows[2].uid, 3); /* 2 was given already, whatever it claims */
    mbox_close(&m);
    m = open_box(*state);
    assert_int_equal(m->n, 3);
    assert_int_equal(m->validity, validity);
    mbox_close(&m);
}

static void garbage_is_mail_too(void **state)
{
    static const struct {
        struct str file, served;
    } rows[] = {
        { MESSAGE("garbage"), MESSAGE("garbage\r\n") },
        { MESSAGE("\0\0\0"), MESSAGE("\0\0\0\r\n") },
        { MESSAGE("one\ntwo"), MESSAGE("one\r\ntwo\r\n") },
        { MESSAGE("a: b\n\nc\nd"), MESSAGE("a: b\r\n\r\nc\r\nd") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_file(*state, rows[i].file);
        struct mbox *m = open_box(*state);
        assert_int_equal(m->n, 1);
        check_read(m, 0, rows[i].served);
        mbox_close(&m);
    }
}

/* The file system says no in the middle of a message: the file is as it was, and goes on. */
static void a_full_disk_leaves_nothing_half(void **state)
{
    struct error err = { 0 };
    struct rlimit old;
    struct mbox *m = open_box(*state);
    char big[20000];
    char wide[200];
    uint32_t uid;
    struct mbox_new new = { .date = 1 };
    memset(big, 'x', sizeof big);
    memset(wide, 'k', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    add(m, messages[0], 0, NULL);
    uint64_t end = m->end;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10000, old.rlim_max }), 0);
    assert_true(mbox_begin(m, true, &err) >= 0);
    assert_int_equal(append(m, (struct str){ big, sizeof big }, new, &uid, &err), -1);
    /* Keywords that need the file written anew: what it has and what we know stay the same. */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 100, old.rlim_max }), 0);
    assert_int_equal(mbox_set(m, 0, IMAP_SEEN, wide, &err), -1);
    assert_int_equal(m->rows[0].flags, 0);
    assert_null(m->rows[0].keywords);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    mbox_end(m);
    assert_int_equal(err.sys, EFBIG);
    assert_int_equal(m->end, end);
    assert_int_equal(m->seen.st_size, end);
    assert_int_equal(add(m, messages[1], 0, NULL), 2);
    mbox_close(&m);
    m = open_box(*state);
    assert_int_equal(m->n, 2);
    check_read(m, 1, messages[1]);
    mbox_close(&m);
}

static void links_are_refused(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    write_file(f, STR(""));
    assert_int_equal(linkat(f->dir, "INBOX", f->dir, "other", 0), 0);
    assert_null(mbox_open(f->dir, "INBOX", 1, NULL, &err));
    assert_int_equal(err.code, ERR_STORE);
    assert_int_equal(symlinkat("INBOX", f->dir, "sym"), 0);
    assert_null(mbox_open(f->dir, "sym", 1, NULL, &err));
    assert_int_equal(err.code, ERR_SYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_come_back_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_and_uids_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(an_emptied_mailbox_keeps_its_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_tail_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(lies_lose_no_other_message, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_mail_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_mail_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_nothing_half, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
