/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "net/status.h"

static void codes_have_words(void **state)
{
    static const struct {
        const char *code;
        bool known;
    } rows[] = {
        { "5.1.1", true },     { "4.2.2 full", true }, { "5.7.28", true },   { "5.6.7", true },
        { "2.1.5", false },    { "5.1.99", false },    { "5.1", false },     { "5.1.1x", false },
        { "5.1.", false },     { "", false },          { "no code", false }, { "5.1.0001", false },
        { "5.0001.1", false }, { "5.-1.1", false },    { "15.1.1", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if ((status_words(str_c(rows[i].code)) != NULL) != rows[i].known)
            fail_msg("\"%s\"", rows[i].code);
}

static void the_servers_words_stay(void **state)
{
    struct buf out = BUF_INIT(1000);
    (void)state;
    status_put(550, STR("5.1.1"), STR("5.1.1 who is that"), &out);
    assert_string_equal(buf_c(&out), "there is no such mailbox (550 5.1.1 who is that)");
    buf_clear(&out);
    status_put(554, STR(""), STR("no"), &out);
    assert_string_equal(buf_c(&out), "554 no");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_words),
        cmocka_unit_test(the_servers_words_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
