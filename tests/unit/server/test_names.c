/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/names.h"

#define LONG100                                                                                    \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789"

static void folders_have_safe_paths(void **state)
{
    static const struct {
        const char *name, *path; /* NULL: refused */
    } rows[] = {
        { "INBOX", "INBOX" },
        { "inbox", "INBOX" },
        { "Sent", "Sent.mbox" },
        { "A/B", "A/B.mbox" },
        { "a b.c", "a b.c.mbox" },
        { "Entw\xC3\xBCrfe", "Entw\xC3\xBCrfe.mbox" },
        { LONG100, LONG100 ".mbox" },
        { "x" LONG100, NULL },
        { "", NULL },
        { "..", NULL },
        { ".", NULL },
        { "../x", NULL },
        { "a/../b", NULL },
        { "/etc/passwd", NULL },
        { "a//b", NULL },
        { "a/", NULL },
        { ".hidden", NULL },
        { "a\nb", NULL },
        { "a\x7f", NULL },
        { "a\xC2\x85", NULL }, /* C1 */
        { "a\xFF", NULL },
        { "INBOX/a", NULL },
        { "inbox/a", NULL },
        { "a/inbox", "a/inbox.mbox" },
        { "a.mbox", NULL },
        { "a.mbox/b", NULL },
        { "a.LOCK", NULL },
        { "1/2/3/4/5/6/7/8/9/10/11", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf path = BUF_INIT(2000);
        struct error err = { 0 };
        int rc = name_folder_path(str_c(rows[i].name), &path, &err);
        assert_int_equal(rc, rows[i].path != NULL ? 0 : -1);
        assert_str(buf_str(&path), rows[i].path != NULL ? rows[i].path : "");
        assert_int_equal(err.code, rc == 0 ? ERR_NONE : ERR_USAGE);
        buf_free(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(folders_have_safe_paths) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
