/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sync/mbchange.h"

#include "base/banned.h"

enum { MOST = 4000 };

static char dir[] = "/tmp/tmail-mbchange-XXXXXX", *mailbox, *redo;

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    mailbox = xasprintf("%s/mbox", dir);
    redo = xasprintf("%s/redo", dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(mailbox);
    free(mailbox);
    free(redo);
    return rmdir(dir);
}

static void file_is(struct str s)
{
    int fd = open(mailbox, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(write(fd, s.p, s.n), s.n);
    close(fd);
}

static void check_file(struct str want)
{
    char have[4 * MOST];
    int fd = open(mailbox, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, have, sizeof have);
    close(fd);
    assert_int_equal(n, want.n);
    assert_memory_equal(have, want.p, want.n);
}

/* Text that is nowhere the same. */
static void fill(char *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + (i * 7 + i / 26 * seed + seed) % 25);
}

struct shape {
    size_t before, old, new; /* bytes in front of the change, and of it */
};
static const struct shape shapes[] = {
    { 0, 0, 900 },       { 700, 0, 900 },    { 700, 1300, 2100 }, { 700, 1300, 1310 },
    { 700, 1300, 1300 }, { 700, 1300, 900 }, { 700, 1300, 1290 }, { 700, 1300, 0 },
    { 0, 1300, 0 },      { 512, 1024, 512 }, { 512, 1024, 1536 }, { 5000, 40, 30 },
    { 700, 30, 10 },
};

struct fixture {
    struct buf was, new, will, others;
};

static void fixture_make(struct fixture *f, const struct shape *s, const char *others)
{
    char text[6000];
    *f = (struct fixture){ BUF_INIT(3 * MOST), BUF_INIT(3 * MOST), BUF_INIT(4 * MOST),
                           BUF_INIT(MOST) };
    fill(text, s->before, 1);
    buf_add(&f->was, text, s->before);
    buf_add(&f->will, text, s->before);
    fill(text, s->old, 2);
    buf_add(&f->was, text, s->old);
    fill(text, s->new, 3);
    buf_add(&f->new, text, s->new);
    buf_add(&f->will, text, s->new);
    buf_adds(&f->others, others);
    buf_adds(&f->will, others);
}

static void fixture_clear(struct fixture *f)
{
    buf_free(&f->was);
    buf_free(&f->new);
    buf_free(&f->will);
    buf_free(&f->others);
}

/* With a descriptor that nothing can be written to it is written down, and not done. */
static void change(const struct fixture *f, size_t at, bool write, int want)
{
    struct error err = { 0 };
    int fd = open(mailbox, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    struct mbchange *c = mbchange_new(redo, fd, at, &err);
    assert_non_null(c);
    assert_int_equal(mbchange_put(c, STR("to be cut"), &err), 0);
    mbchange_cut(c, 0);
    assert_int_equal(mbchange_put(c, buf_str(&f->new), &err), 0);
    assert_int_equal(mbchange_length(c), f->new.len);
    assert_int_equal(mbchange_commit(&c, &err), want);
    assert_null(c);
    close(fd);
}

static int replay(struct mbchange_lost *lost)
{
    struct error err = { 0 };
    int fd = open(mailbox, O_RDWR | O_CLOEXEC);
    int rc = mbchange_replay(redo, fd, lost, &err);
    close(fd);
    return rc;
}

static void it_is_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct fixture f;
        struct mbchange_lost lost;
        fixture_make(&f, &shapes[i], "");
        file_is(buf_str(&f.was));
        change(&f, shapes[i].before, true, 0);
        check_file(buf_str(&f.will));
        assert_int_equal(access(redo, F_OK), -1);
        assert_int_equal(replay(&lost), 0);
        fixture_clear(&f);
    }
}

/* The mailbox as a crash may leave it: so many new bytes written, so many of room made, cut or not;
 * and what others append to it then. */
static void resumed(const struct shape *s, const char *others, size_t written, size_t room,
                    bool cut)
{
    struct fixture f;
    struct mbchange_lost lost;
    struct buf now = BUF_INIT(4 * MOST);
    char zero[MOST] = { 0 };
    fixture_make(&f, s, others);
    file_is(buf_str(&f.was));
    change(&f, s->before, false, 1);
    buf_add_str(&now, buf_str(&f.was));
    buf_add(&now, zero, room);
    for (size_t i = 0; i < written; i++)
        now.data[s->before + i] = f.new.data[i];
    if (cut)
        buf_truncate(&now, s->before + s->new);
    buf_add_str(&now, buf_str(&f.others));
    file_is(buf_str(&now));
    assert_int_equal(replay(&lost), 0);
    check_file(buf_str(&f.will));
    assert_int_equal(access(redo, F_OK), -1);
    buf_free(&now);
    fixture_clear(&f);
}

static void resumed_everywhere(const struct shape *s, const char *others)
{
    size_t room = s->new > s->old ? s->new - s->old : 0;
    for (size_t part = 0; part < room; part += 1 + room / 7)
        resumed(s, others, 0, part, false);
    for (size_t n = 0; n <= s->new; n += 1 + s->new / 97)
        resumed(s, others, n, room, false);
    resumed(s, others, s->new, room, false);
    resumed(s, others, s->new, room, true);
}

static void it_is_ended_after_a_crash(void **state)
{
    static const char *const others[] = { "", "From others\n", "\nFrom others\nwith more\n" };
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (size_t k = 0; k < COUNT(others); k++)
            resumed_everywhere(&shapes[i], others[k]);
    /* more than what goes: it looks as long as before */
    char many[3000];
    fill(many, sizeof many - 1, 4);
    many[sizeof many - 1] = '\0';
    for (size_t i = 0; i < COUNT(shapes); i++)
        resumed_everywhere(&shapes[i], many);
}

/* Another program has done more than append: the mailbox stays as it is, and what should have come
 * is handed out. */
static void another_file(void **state)
{
    (void)state;
    for (size_t how = 0; how < 4; how++) {
        struct fixture f;
        struct mbchange_lost lost = { .fd = -1 };
        char have[MOST];
        fixture_make(&f, &shapes[how == 3 ? 5 : 2], "");
        file_is(buf_str(&f.was));
        change(&f, 700, false, 1);
        if (how == 0)
            memset(f.was.data + 690, 'Z', 5);
        else if (how == 1)
            memset(f.was.data + 700, 'Z', 1300);
        else
            buf_truncate(&f.was, 800);
        file_is(buf_str(&f.was));
        assert_int_equal(replay(&lost), 1);
        check_file(buf_str(&f.was));
        assert_int_equal(lost.n, f.new.len);
        assert_int_equal(pread(lost.fd, have, lost.n, (off_t)lost.from), lost.n);
        assert_memory_equal(have, f.new.data, lost.n);
        mbchange_lost_drop(redo, &lost, true);
        assert_int_equal(access(redo, F_OK), -1);
        fixture_clear(&f);
    }
}

static void what_was_not_written_down(void **state)
{
    struct mbchange_lost lost;
    (void)state;
    file_is(STR("as it is"));
    assert_int_equal(replay(&lost), 0);
    FILE *f = fopen(redo, "w");
    for (int i = 0; i < 300; i++)
        fputc(i, f);
    fclose(f);
    assert_int_equal(replay(&lost), 0);
    check_file(STR("as it is"));
    assert_int_equal(access(redo, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_done),
        cmocka_unit_test(it_is_ended_after_a_crash),
        cmocka_unit_test(another_file),
        cmocka_unit_test(what_was_not_written_down),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
