/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "sync/columns.h"

static void a_servers_preview_is_one_sound_line(void **state)
{
    static const struct {
        const char *said, *kept;
    } rows[] = {
        { "", "" },
        { "Hello", "Hello" },
        { " \r\n Hello \t\x1B[31m you\x7F\xC2\x85\xC2\xA0\r\n", "Hello [31m you" },
        { "caf\xC3\xA9 \xFF\xE2\x80\xA8x", "caf\xC3\xA9 \xEF\xBF\xBD x" },
    };
    (void)state;
    struct arena *a = arena_new(1000);
    for (size_t k = 0; k < COUNT(rows); k++)
        assert_str(columns_preview(a, str_c(rows[k].said)), rows[k].kept);
    char lines[5000];
    memset(lines, 0xFF, sizeof lines);
    assert_int_equal(columns_preview(a, (struct str){ lines, sizeof lines }).n, MIME_PREVIEW_MAX);
    memset(lines, 'x', sizeof lines);
    memcpy(lines + MIME_PREVIEW_MAX - 1, "\xC3\xA9", 2); /* not cut in two */
    assert_int_equal(columns_preview(a, (struct str){ lines, sizeof lines }).n,
                     MIME_PREVIEW_MAX - 1);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_servers_preview_is_one_sound_line) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
