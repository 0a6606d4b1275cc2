/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"

static void a_line_cannot_be_forged(void **state)
{
    (void)state;
    struct error err;
    char *dir = file_temp_dir("tmail-test-", &err);
    char *path = xasprintf("%s/log", dir);
    struct buf file = BUF_INIT(10000), ring = BUF_INIT(10000);
    struct log *l = log_open(path, "tmail", LOG_INFO, &err);
    log_line(l, LOG_INFO, "server says: %s", "a\nb\033[31m");
    log_line(l, LOG_DEBUG, "not wanted");
    log_recent(l, &ring);
    log_close(&l);
    assert_int_equal(file_read(path, &file, &err), 0);
    assert_true(str_eq(buf_str(&file), buf_str(&ring)));
    assert_true(str_search(buf_str(&file), STR("a\\x0ab\\x1b[31m\n")) < file.len);
    assert_int_equal(str_find(buf_str(&file), '\n'), file.len - 1);
    log_line(NULL, LOG_ERROR, "nothing happens");
    buf_free(&file);
    buf_free(&ring);
    file_remove_tree(dir);
    free(path);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_line_cannot_be_forged) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
