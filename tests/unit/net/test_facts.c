/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "net/facts.h"

static void a_greeting_may_tell_the_time(void **state)
{
    static const struct {
        const char *words;
        int64_t clock;
    } rows[] = {
        { "mx.example.org ESMTP Exim 4.96 Fri, 27 Nov 2026 06:15:51 +0000", 1795760151 },
        { "mx.example.org ESMTP Sendmail 8.17; Fri, 27 Nov 2026 07:15:51 +0100", 1795760151 },
        { "mx (Microsoft SMTP) ready at Fri, 27 Nov 2026 06:15:51 +0000 [0A1B2C]", 1795760151 },
        { "27 Nov 2026 06:15:51 +0000 ready", 1795760151 },
        { "ready 1 Jan 1970 00:00:01 +0000; go on", 1 },
        { "mx.example.org ESMTP Postfix (Debian/GNU)", 0 },
        { "mx 32 Nov 2026 06:15:51 +0000", 0 },
        { "mx 27 Nov 2026 06:15 +0000", 0 },
        { "mx 27 Nov 2026 06:15:51", 0 },
        { "mx 27 Nov 2026 06:15:51 GMT", 0 },
        { "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (facts_clock(str_c(rows[i].words)) != rows[i].clock)
            fail_msg("row %zu: %lld", i, (long long)facts_clock(str_c(rows[i].words)));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_greeting_may_tell_the_time) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
