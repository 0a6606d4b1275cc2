/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdlib.h>
#include "wire/imap_name.h"

static void names_go_both_ways(void **state)
{
    static const struct {
        const char *wire, *utf8;
    } rows[] = {
        { "INBOX", "INBOX" },
        { "a &- b", "a & b" },
        { "&AOk-t&AOk-", "\xC3\xA9t\xC3\xA9" },
        { "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
          "~peter/mail/\xE5\x8F\xB0\xE5\x8C\x97/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E" },
        { "&2D3eAA-", "\xF0\x9F\x98\x80" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(2000);
        assert_int_equal(wire_name_decode(str_c(rows[i].wire), &out), 0);
        assert_string_equal(buf_c(&out), rows[i].utf8);
        buf_clear(&out);
        assert_int_equal(wire_name_encode(str_c(rows[i].utf8), &out), 0);
        assert_string_equal(buf_c(&out), rows[i].wire);
        buf_free(&out);
    }
}

static void what_is_no_name_leaves_nothing(void **state)
{
    static const char *const wire[] = {
        "",      "&",     "a&AOk",    "&AO-",       "&AOl-", "&AGE-", /* a, written in a long way */
        "&2D0-", "&3gA-", "\xC3\xA9", "&AOk-&AOk-", "a\tb",  "&AAo-", "&*-", "&AAA-",
    };
    static const char *const utf8[] = { "", "\xFF", "a\nb", "\x7F", "\xC2\x80" };
    struct buf out = BUF_INIT(5000);
    (void)state;
    buf_adds(&out, "kept");
    for (size_t i = 0; i < COUNT(wire); i++)
        assert_int_equal(wire_name_decode(str_c(wire[i]), &out), -1);
    for (size_t i = 0; i < COUNT(utf8); i++)
        assert_int_equal(wire_name_encode(str_c(utf8[i]), &out), -1);
    char *big = xmalloc(WIRE_NAME_MAX + 1);
    memset(big, 'a', WIRE_NAME_MAX + 1);
    assert_int_equal(wire_name_encode((struct str){ big, WIRE_NAME_MAX + 1 }, &out), -1);
    assert_int_equal(wire_name_decode((struct str){ big, WIRE_NAME_MAX + 1 }, &out), -1);
    free(big);
    assert_string_equal(buf_c(&out), "kept");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(what_is_no_name_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
