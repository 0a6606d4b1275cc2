/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/boxtext.h"
#include "server/index.h"
#include "server/mboxcompact.h"
#include "server/mboxseq.h"
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

static void begin(struct mbox *m, int want)
{
    struct error err = { 0 };
    assert_int_equal(mbox_begin(m, true, &err), want);
}

static void add(struct mbox *m, const char *text, unsigned flags, const char *keywords)
{
    struct error err = { 0 };
    uint32_t uid;
    struct spill message;
    spill_init(&message, m->dir, 1 << 20);
    spill_add(&message, str_c(text));
    struct mbox_new new = { .message = &message,
                            .sender = STR("a@b"),
                            .flags = flags,
                            .keywords = keywords,
                            .date = 1000000000 };
    assert_int_equal(mbox_append(m, &new, &uid, &err), 0);
    spill_clear(&message);
}

static void kill_row(struct mbox *m, size_t row)
{
    struct error err = { 0 };
    size_t done;
    assert_int_equal(mbox_kill(m, &row, 1, &done, &err), 0);
}

/* Three messages, of which the index knows. */
static struct mbox *filled(const struct fixture *f)
{
    struct mbox *m = open_box(f);
    begin(m, 0);
    add(m, "a: 1\r\n\r\nfirst\r\n", IMAP_SEEN, "one two");
    add(m, "a: 2\r\n\r\nsecond\r\n", 0, NULL);
    add(m, "a: 3\r\n\r\nthird\r\n", IMAP_FLAGGED, "one two");
    add(m, "a: 4\r\n\r\nfourth\r\n", 0, NULL);
    kill_row(m, 3);
    mbox_end(m);
    return m;
}

static void check_row(struct mbox *m, size_t row, uint32_t uid, const char *text)
{
    struct error err = { 0 };
    struct buf out = BUF_INIT(1 << 20);
    assert_true(row < m->n);
    assert_int_equal(m->rows[row].uid, uid);
    assert_int_equal(mbox_read(m, row, &out, &err), 0);
    assert_string_equal(buf_c(&out), text);
    buf_free(&out);
}

static void check_filled(struct mbox *m)
{
    assert_int_equal(m->n, 3);
    assert_int_equal(m->validity, 77);
    assert_int_equal(m->uid_next, 5);
    assert_string_equal(m->rows[0].keywords, "one two");
    assert_int_equal(m->rows[2].flags, IMAP_FLAGGED);
    check_row(m, 0, 1, "a: 1\r\n\r\nfirst\r\n");
    check_row(m, 1, 2, "a: 2\r\n\r\nsecond\r\n");
    check_row(m, 2, 3, "a: 3\r\n\r\nthird\r\n");
}

static void index_bytes(const struct fixture *f, struct buf *out)
{
    struct error err = { 0 };
    char *path = xasprintf("%s/.INBOX.index", f->path);
    buf_init(out, 1 << 20);
    assert_int_equal(file_read(path, out, &err), 0);
    free(path);
}

static void index_put(const struct fixture *f, struct str bytes)
{
    struct error err = { 0 };
    char *path = xasprintf("%s/.INBOX.index", f->path);
    assert_int_equal(file_replace(path, bytes, 0600, &err), 0);
    free(path);
}

static void it_has_what_was_known(void **state)
{
    struct mbox *m = filled(*state);
    uint64_t modseq = m->modseq;
    uint64_t first = m->rows[0].modseq;
    mbox_close(&m);
    m = open_box(*state);
    assert_false(m->unsaved); /* the file was not read */
    check_filled(m);
    assert_int_equal(m->modseq, modseq);
    assert_int_equal(m->rows[0].modseq, first);
    assert_int_equal(m->gone_n, 1);
    assert_int_equal(m->gone[0].uid, 4);
    mbox_close(&m);
}

static bool decode(struct mbox *m, struct str bytes)
{
    struct buf copy = BUF_INIT(1 << 20);
    buf_add_str(&copy, bytes);
    bool ok = index_decode(m, &copy);
    buf_free(&copy);
    return ok;
}

/* Each byte, and each length. */
static void what_is_damaged_is_none(void **state)
{
    struct fixture *f = *state;
    struct mbox *m = filled(f);
    mbox_close(&m);
    struct buf good;
    index_bytes(f, &good);
    m = open_box(f);
    for (size_t i = 0; i < good.len; i++) {
        good.data[i] ^= (char)(1 << i % 8);
        assert_false(decode(m, buf_str(&good)));
        good.data[i] ^= (char)(1 << i % 8);
        assert_false(decode(m, str_head(buf_str(&good), i)));
    }
    assert_true(decode(m, buf_str(&good)));
    check_filled(m);
    mbox_close(&m);
    for (size_t i = 0; i < good.len; i += 61) {
        index_put(f, str_head(buf_str(&good), i));
        m = open_box(f);
        assert_true(m->unsaved);
        check_filled(m);
        mbox_close(&m);
    }
    buf_free(&good);
}

/* A good checksum, and rows that cannot be. */
static void rows_that_lie_are_refused(void **state)
{
    struct mbox *m = filled(*state);
    struct mbox other = { .fd = -1 };
    for (int lie = 0; lie <= 13; lie++) {
        struct mbox_row keep = m->rows[1];
        uint32_t next = m->uid_next;
        struct mbox_row *r = &m->rows[1];
        struct buf out = BUF_INIT(1 << 20);
        switch (lie) {
        case 0:
            r->uid = 1;
            break;
        case 1:
            r->uid = 5;
            break;
        case 2:
            r->at = 0;
            break;
        case 3:
            r->at = m->end;
            break;
        case 4:
            r->stored = m->end;
            break;
        case 5:
            r->stored = UINT64_MAX;
            break;
        case 6:
            r->head_n = 5000;
            break;
        case 7:
            r->dead_at = r->head_n;
            break;
        case 8:
            r->flags_at = r->head_n;
            break;
        case 9:
            r->modseq = m->modseq + 1;
            break;
        case 10:
            r->flags = 1u << 15;
            break;
        case 11:
            r->date = -1;
            break;
        case 12:
            m->uid_next = 2;
            break;
        case 13:
            r->size = 100 * r->stored;
            break;
        }
        index_encode(m, &out);
        assert_false(index_decode(&other, &out));
        buf_free(&out);
        m->rows[1] = keep;
        m->uid_next = next;
    }
    assert_null(other.rows);
    mbox_close(&m);
}

/* Rows that could be, of a file that is another: nothing is read or written at a wrong place. */
static void what_does_not_stand_in_the_file_is_found_out(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct mbox *m = filled(f);
    mbox_close(&m);
    m = open_box(f);
    struct mbox_row keep = m->rows[1];
    m->rows[1].at += 1;
    m->rows[1].stored -= 1;
    struct buf out = BUF_INIT(1 << 20);
    size_t done;
    begin(m, 0);
    assert_int_equal(mbox_read(m, 1, &out, &err), -1);
    assert_int_equal(err.retry, RETRY_LATER);
    assert_int_equal(mbox_set(m, 1, IMAP_SEEN, NULL, &err), -1);
    assert_int_equal(mbox_kill(m, (size_t[]){ 1 }, 1, &done, &err), -1);
    assert_int_equal(out.len, 0);
    mbox_end(m);
    begin(m, 1); /* read again */
    assert_int_equal(m->rows[1].at, keep.at);
    check_filled(m);
    mbox_end(m);
    mbox_close(&m);
}

static void names_that_are_not_ours_are_left_alone(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct buf text = BUF_INIT(64);
    char *path = xasprintf("%s/precious", f->path);
    assert_int_equal(file_replace(path, STR("precious"), 0600, &err), 0);
    for (int hard = 0; hard < 2; hard++) {
        struct mbox *m = filled(f);
        mbox_close(&m);
        unlinkat(f->dir, ".INBOX.index", 0);
        assert_int_equal(hard ? linkat(f->dir, "precious", f->dir, ".INBOX.index", 0)
                              : symlinkat("precious", f->dir, ".INBOX.index"),
                         0);
        m = open_box(f);
        assert_true(m->unsaved);
        begin(m, 0);
        add(m, "x\r\n", 0, NULL);
        mbox_end(m);
        mbox_close(&m);
        buf_clear(&text);
        assert_int_equal(file_read(path, &text, &err), 0);
        assert_string_equal(buf_c(&text), "precious");
        m = open_box(f);
        assert_false(m->unsaved); /* it has one again */
        mbox_close(&m);
        unlinkat(f->dir, "INBOX", 0);
    }
    buf_free(&text);
    free(path);
}

static char *box_append(const struct fixture *f, const char *text)
{
    char *path = xasprintf("%s/INBOX", f->path);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static void others_may_append_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct mbox *m = filled(f);
    uint64_t modseq = m->modseq;
    uint64_t first = m->rows[0].modseq;
    mbox_close(&m);
    free(box_append(f, "From x@y Thu Jan  1 00:00:00 1970\na: 5\n\nfifth\n\n"));
    m = open_box(f);
    assert_int_equal(m->n, 4);
    check_row(m, 3, 5, "a: 5\r\n\r\nfifth\r\n");
    assert_int_equal(m->rows[0].modseq, first);
    assert_true(m->rows[3].modseq > modseq);
    assert_int_equal(m->gone_n, 1);
    mbox_close(&m);
}

/* Writes the file anew without what lies between two of its bytes, as mail programs do. */
static void cut_out(const struct fixture *f, uint64_t from, uint64_t to)
{
    struct error err = { 0 };
    struct buf all = BUF_INIT(1 << 20);
    char *path = xasprintf("%s/INBOX", f->path);
    assert_int_equal(file_read(path, &all, &err), 0);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, all.data, from), from);
    assert_int_equal(write(fd, all.data + to, all.len - to), all.len - to);
    close(fd);
    free(path);
    buf_free(&all);
}

/* X-IMAPbase stood in the first, and the highest UID in the last. */
static void uids_outlive_the_first_and_the_last(void **state)
{
    struct fixture *f = *state;
    struct mbox *m = filled(f);
    cut_out(f, 0, m->rows[1].at);
    begin(m, 1);
    assert_int_equal(m->n, 2);
    assert_int_equal(m->validity, 77);
    check_row(m, 0, 2, "a: 2\r\n\r\nsecond\r\n");
    check_row(m, 1, 3, "a: 3\r\n\r\nthird\r\n");
    mbox_end(m);
    cut_out(f, m->rows[1].at, m->end);
    begin(m, 1);
    assert_int_equal(m->n, 1);
    assert_int_equal(m->uid_next, 5);
    mbox_end(m);
    m->unsaved = false;
    mbox_close(&m);
    unlinkat(f->dir, ".INBOX.index", 0);
    m = open_box(f); /* the file knows it too */
    assert_int_equal(m->validity, 77);
    assert_int_equal(m->uid_next, 5);
    cut_out(f, 0, m->end);
    begin(m, 1);
    mbox_end(m);
    free(box_append(f, "From x@y Thu Jan  1 00:00:00 1970\na: 5\n\nfifth\n\n"));
    begin(m, 1);
    assert_int_equal(m->validity, 77);
    check_row(m, 0, 5, "a: 5\r\n\r\nfifth\r\n");
    mbox_end(m);
    mbox_close(&m);
}

/* ---- numbers ---- */

static void numbers_never_go_back(void **state)
{
    struct fixture *f = *state;
    struct mbox *m = filled(f);
    uint64_t top = m->modseq + 3600ul * 1000 * 1000; /* as if the clock had been set back an hour */
    m->modseq = top;
    begin(m, 0);
    add(m, "x\r\n", 0, NULL);
    assert_int_equal(m->modseq, top + 1);
    mbox_end(m);
    for (int i = 0; i < 3; i++) {
        /* Left as a kill leaves it: what is known is in the mark alone. */
        m->unsaved = false;
        mbox_close(&m);
        m = open_box(f);
        assert_true(m->unsaved);
        assert_true(m->modseq > top);
        assert_true(m->rows[0].modseq > top);
        uint32_t *gone;
        size_t n;
        assert_false(mboxseq_gone_since(m, top, &gone, &n));
        free(gone);
        top = m->modseq;
        begin(m, 0);
        add(m, "x\r\n", 0, NULL);
        mbox_end(m);
        assert_true(m->modseq > top);
        top = m->modseq;
    }
    mbox_close(&m);
}

static void what_went_is_forgotten_in_order(void **state)
{
    (void)state;
    enum { MOST = 20000 };
    struct mbox m = { .fd = -1 };
    uint32_t *gone;
    size_t n;
    for (uint32_t uid = 1; uid <= MOST + 1; uid++)
        mboxseq_gone(&m, &uid, 1, uid);
    assert_true(m.gone_n <= MOST);
    assert_true(m.gone_since > 0 && m.gone_since < MOST);
    assert_true(mboxseq_gone_since(&m, MOST - 1, &gone, &n));
    assert_int_equal(n, 2);
    assert_int_equal(gone[0], MOST);
    free(gone);
    assert_true(mboxseq_gone_since(&m, m.gone_since, &gone, &n));
    free(gone);
    assert_false(mboxseq_gone_since(&m, m.gone_since - 1, &gone, &n));
    free(gone);
    free(m.gone);
}

/* ---- compaction in steps ---- */

static void the_copy_is_brought_up_to_date(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct mbox *m = filled(f);
    begin(m, 0);
    struct compaction *c = compaction_begin(m, &err);
    mbox_end(m);
    assert_non_null(c);
    compaction_copy(c, NULL, NULL);
    begin(m, 0);
    assert_int_equal(mbox_set(m, 0, IMAP_ANSWERED, "three", &err), 0);
    kill_row(m, 1);
    add(m, "a: 5\r\n\r\nfifth\r\n", IMAP_DRAFT, NULL);
    mbox_end(m);
    begin(m, 0);
    assert_int_equal(compaction_finish(&c, m, &err), 0);
    assert_null(c);
    mbox_end(m);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(m->n, 3);
        assert_int_equal(m->rows[0].flags, IMAP_ANSWERED);
        assert_string_equal(m->rows[0].keywords, "three");
        check_row(m, 0, 1, "a: 1\r\n\r\nfirst\r\n");
        check_row(m, 1, 3, "a: 3\r\n\r\nthird\r\n");
        check_row(m, 2, 5, "a: 5\r\n\r\nfifth\r\n");
        assert_int_equal(m->uid_next, 6);
        assert_true(m->dead > 0 && m->dead < m->end);
        if (again == 1)
            m->unsaved = false; /* then without an index */
        mbox_close(&m);
        if (again == 1)
            unlinkat(f->dir, ".INBOX.index", 0);
        m = open_box(f);
    }
    mbox_close(&m);
}

static void a_copy_of_another_file_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    struct mbox *m = filled(f);
    begin(m, 0);
    struct compaction *c = compaction_begin(m, &err);
    compaction_copy(c, NULL, NULL);
    assert_int_equal(mbox_compact(m, &err), 0);
    assert_int_equal(compaction_finish(&c, m, &err), 1);
    assert_null(c);
    c = compaction_begin(m, &err);
    char wide[300];
    memset(wide, 'k', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    compaction_copy(c, NULL, NULL);
    mbox_end(m);
    begin(m, 0);
    assert_int_equal(mbox_set(m, 1, 0, wide, &err), 0); /* makes the file anew itself */
    assert_int_equal(compaction_finish(&c, m, &err), 1);
    check_row(m, 1, 2, "a: 2\r\n\r\nsecond\r\n");
    mbox_end(m);
    mbox_close(&m);
}

/* ---- text ---- */

static void every_split_is_stored_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *in, *stored;
        uint64_t served;
        bool added;
    } table[] = {
        { "", "\n", 0, true },
        { "x", "x\n", 1, true },
        { "x\r", "x\r\n", 2, true },
        { "\r\n", "\n", 2, false },
        { "a\r\nb\n", "a\nb\n", 6, false },
        { "\r\r\n\rx\r\r\n", "\r\n\rx\r\n", 8, false },
        { "From x\nFrom: y\n>From z\n", ">From x\nFrom: y\n>>From z\n", 26, false },
        { "Fro\nFrom\n From \n>>Fro", "Fro\nFrom\n From \n>>Fro\n", 24, true },
        { ">From ", ">>From \n", 6, true },
        { "From ", ">From \n", 5, true },
        { "\nFrom \r\n", "\n>From \n", 9, false },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct str in = str_c(table[i].in);
        for (size_t cut = 0; cut <= in.n; cut++) {
            struct boxtext t = { 0 };
            struct boxtext count = { 0 };
            struct buf out = BUF_INIT(256);
            boxtext_feed(&t, str_head(in, cut), &out);
            boxtext_feed(&t, str_skip(in, cut), &out);
            boxtext_end(&t, &out);
            boxtext_feed(&count, in, NULL);
            boxtext_end(&count, NULL);
            assert_string_equal(buf_c(&out), table[i].stored);
            assert_int_equal(t.stored, out.len);
            assert_int_equal(t.served, table[i].served);
            assert_int_equal(t.newline_added, table[i].added);
            assert_memory_equal(&count.stored, &t.stored, 2 * sizeof t.stored);
            assert_int_equal(boxtext_served_size(buf_str(&out), t.newline_added), t.served);
            buf_free(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_has_what_was_known, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_that_lie_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_stand_in_the_file_is_found_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(names_that_are_not_ours_are_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(others_may_append_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(uids_outlive_the_first_and_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_never_go_back, setup, teardown),
        cmocka_unit_test(what_went_is_forgotten_in_order),
        cmocka_unit_test_setup_teardown(the_copy_is_brought_up_to_date, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_of_another_file_is_dropped, setup, teardown),
        cmocka_unit_test(every_split_is_stored_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
