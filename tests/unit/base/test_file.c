/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void files_are_replaced_whole(void **state)
{
    (void)state;
    struct error err;
    struct buf back = BUF_INIT(100);
    struct stat st;
    char *dir = file_temp_dir("tmail-test-", &err);
    char *deep = xasprintf("%s/a/b/c", dir);
    char *path = xasprintf("%s/f", deep);
    assert_int_equal(file_mkdirs(deep, &err), 0);
    assert_int_equal(file_mkdirs(deep, &err), 0);
    assert_int_equal(file_replace(path, STR("one"), 0600, &err), 0);
    assert_int_equal(file_replace(path, STR("two"), 0600, &err), 0);
    assert_int_equal(file_read(path, &back, &err), 0);
    assert_str(buf_str(&back), "two");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_mkdirs(path, &err), -1);
    file_remove_tree(dir);
    assert_int_equal(access(dir, F_OK), -1);
    buf_free(&back);
    free(path);
    free(deep);
    free(dir);
}

static void a_ceiling_holds_for_files(void **state)
{
    (void)state;
    struct error err;
    char *dir = file_temp_dir("tmail-test-", &err);
    char *path = xasprintf("%s/f", dir);
    struct buf exact = BUF_INIT(4), small = BUF_INIT(3);
    assert_int_equal(file_replace(path, STR("four"), 0600, &err), 0);
    assert_int_equal(file_read(path, &exact, &err), 0);
    assert_int_equal(file_read(path, &small, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(file_read("/nonexistent", &small, &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    buf_free(&exact);
    buf_free(&small);
    file_remove_tree(dir);
    free(path);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(a_ceiling_holds_for_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
