/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include "wire/imap_cmd.h"
#include "wire/imap_resp.h"

static void strings_take_the_shortest_legal_form(void **state)
{
    static const struct {
        struct str in;
        bool plus, ok;
        const char *astring, *string;
    } rows[] = {
        { STR("INBOX"), false, true, "INBOX", "\"INBOX\"" },
        { STR(""), false, true, "\"\"", "\"\"" },
        { STR("NIL"), false, true, "\"NIL\"", "\"NIL\"" },
        { STR("a b"), false, true, "\"a b\"", "\"a b\"" },
        { STR("a\"\\"), false, true, "\"a\\\"\\\\\"", "\"a\\\"\\\\\"" },
        { STR("a\r\nb"), false, false, "", "{4}\r\na\r\nb" },
        { STR("a\r\nb"), true, true, "{4+}\r\na\r\nb", "{4}\r\na\r\nb" },
        { STR("\xC3\xA9"), true, true, "{2+}\r\n\xC3\xA9", "{2}\r\n\xC3\xA9" },
        { STR("a*"), false, true, "\"a*\"", "\"a*\"" },
        { STR("BODY[x"), false, true, "\"BODY[x\"", "\"BODY[x\"" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(200);
        assert_int_equal(wire_put_astring(&out, rows[i].in, rows[i].plus), rows[i].ok);
        assert_string_equal(buf_c(&out), rows[i].astring);
        buf_clear(&out);
        wire_put_string(&out, rows[i].in);
        assert_string_equal(buf_c(&out), rows[i].string);
        buf_free(&out);
    }
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(200);
    assert_false(wire_put_astring(&out, STR("a\0b"), true));
    assert_int_equal(out.len, 0);
    wire_put_string(&out, (struct str){ NULL, 0 });
    assert_string_equal(buf_c(&out), "NIL");
    buf_free(&out);
}

static void flags_and_dates(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(200);
    wire_put_flags(&out, IMAP_SEEN | IMAP_FORWARDED, STR("work b(ad \\x"));
    assert_string_equal(buf_c(&out), "(\\Seen $Forwarded work)");
    buf_clear(&out);
    wire_put_flags(&out, IMAP_DRAFT | IMAP_ANY, STR(""));
    assert_string_equal(buf_c(&out), "(\\Draft \\*)");
    buf_clear(&out);
    wire_put_flags(&out, 0, STR(""));
    assert_string_equal(buf_c(&out), "()");
    buf_clear(&out);
    wire_put_date(&out, 837596665);
    assert_string_equal(buf_c(&out), "\"17-Jul-1996 09:44:25 +0000\"");
    buf_clear(&out);
    wire_put_date(&out, INT64_MAX);
    assert_string_equal(buf_c(&out), "\"01-Jan-1970 00:00:00 +0000\"");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_take_the_shortest_legal_form),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(flags_and_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
