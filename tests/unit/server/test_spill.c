/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "server/limits.h"
#include "server/spill.h"

static char *tmp_path;
static int tmp_fd;

static int setup(void **state)
{
    struct error err;
    (void)state;
    tmp_path = file_temp_dir("spill", &err);
    if (tmp_path == NULL)
        return -1;
    tmp_fd = open(tmp_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return tmp_fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    close(tmp_fd);
    file_remove_tree(tmp_path);
    free(tmp_path);
    return 0;
}

/* Bytes that tell where they belong. */
static char byte_at(uint64_t at)
{
    return (char)(at * 7 + at / 251);
}

static void add(struct spill *s, uint64_t upto, size_t step)
{
    char piece[70000];
    while (s->n < upto) {
        size_t n = step < upto - s->n ? step : (size_t)(upto - s->n);
        for (size_t i = 0; i < n; i++)
            piece[i] = byte_at(s->n + i);
        spill_add(s, (struct str){ piece, n });
    }
}

static void check_read(const struct spill *s, uint64_t at, size_t want, size_t got)
{
    struct error err;
    struct buf out = BUF_INIT(4 << 20);
    assert_int_equal(spill_read(s, at, want, &out, &err), 0);
    assert_int_equal(out.len, got);
    for (size_t i = 0; i < out.len; i++)
        assert_int_equal(out.data[i], byte_at(at + i));
    buf_free(&out);
}

static void what_goes_in_comes_out(void **state)
{
    static const struct {
        uint64_t size;
        size_t step;
        bool in_file;
    } rows[] = {
        { 0, 1, false },
        { 1, 1, false },
        { SPILL_MEMORY - 1, 1000, false },
        { SPILL_MEMORY, 4096, false },
        { SPILL_MEMORY + 1, 999, true },
        { 3 * SPILL_MEMORY + 17, 65536, true },
        { 3 * SPILL_MEMORY, SPILL_MEMORY / 4, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct spill s;
        struct error err;
        struct str view;
        spill_init(&s, tmp_fd, 1 << 20);
        add(&s, rows[i].size, rows[i].step);
        assert_int_equal(spill_check(&s, &err), 0);
        assert_int_equal(spill_size(&s), rows[i].size);
        assert_int_equal(s.in_file, rows[i].in_file);
        assert_int_equal(spill_view(&s, &view), !rows[i].in_file);
        assert_int_equal(view.n, rows[i].in_file ? 0 : rows[i].size);
        check_read(&s, 0, 2 << 20, (size_t)rows[i].size);
        check_read(&s, rows[i].size, 10, 0);
        check_read(&s, rows[i].size + 5, 10, 0);
        if (rows[i].size > SPILL_MEMORY)
            check_read(&s, SPILL_MEMORY - 3, 4, 4); /* over the seam of file and memory */
        spill_clear(&s);
        assert_int_equal(spill_size(&s), 0);
    }
}

static void what_is_hidden_is_not_seen(void **state)
{
    struct spill s;
    struct error err;
    struct str view;
    struct buf out = BUF_INIT(100);
    (void)state;
    spill_init(&s, tmp_fd, 1 << 20);
    spill_add(&s, STR("head body"));
    spill_hide(&s, 5);
    assert_int_equal(spill_size(&s), 4);
    assert_true(spill_view(&s, &view));
    assert_str(view, "body");
    assert_int_equal(spill_read(&s, 1, 10, &out, &err), 0);
    assert_str(buf_str(&out), "ody");
    spill_hide(&s, 100);
    assert_int_equal(spill_size(&s), 0);
    spill_hide(&s, 0);
    assert_int_equal(spill_size(&s), 9);
    spill_clear(&s);
    buf_free(&out);
}

static void a_ceiling_holds_and_sticks(void **state)
{
    struct spill s;
    struct error err;
    (void)state;
    spill_init(&s, tmp_fd, 10);
    spill_add(&s, STR("0123456789"));
    assert_int_equal(spill_check(&s, &err), 0);
    spill_add(&s, STR("x"));
    spill_add(&s, STR(""));
    assert_int_equal(spill_check(&s, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(spill_size(&s), 10);
    spill_clear(&s);
    assert_int_equal(spill_check(&s, &err), 0);
    spill_clear(&s);
}

static void a_file_that_cannot_be_is_an_error_of_the_system(void **state)
{
    struct spill s;
    struct error err;
    struct buf out = BUF_INIT(100);
    (void)state;
    spill_init(&s, -1, 1 << 20);
    for (int i = 0; i < 10; i++)
        add(&s, SPILL_MEMORY, 1000);
    spill_add(&s, STR("one more"));
    assert_int_equal(spill_check(&s, &err), -1);
    assert_int_equal(err.code, ERR_SYS);
    assert_int_equal(err.sys, EBADF);
    assert_int_equal(spill_read(&s, 0, 10, &out, &err), -1);
    spill_clear(&s);
    buf_free(&out);
}

static void nothing_has_a_name(void **state)
{
    struct spill s;
    (void)state;
    spill_init(&s, tmp_fd, 1 << 20);
    add(&s, 2 * SPILL_MEMORY, 5000);
    DIR *d = opendir(tmp_path);
    size_t names = 0;
    while (readdir(d) != NULL)
        names++;
    closedir(d);
    assert_int_equal(names, 2); /* . and .. */
    spill_clear(&s);
}

static void a_zeroed_one_closes_nothing(void **state)
{
    struct spill s = { 0 };
    (void)state;
    spill_clear(&s);
    assert_true(fcntl(0, F_GETFD) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(what_is_hidden_is_not_seen),
        cmocka_unit_test(a_ceiling_holds_and_sticks),
        cmocka_unit_test(a_file_that_cannot_be_is_an_error_of_the_system),
        cmocka_unit_test(nothing_has_a_name),
        cmocka_unit_test(a_zeroed_one_closes_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
