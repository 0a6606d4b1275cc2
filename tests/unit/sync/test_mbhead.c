/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "cache/message.h"
#include "sync/mbhead.h"

#include "base/banned.h"

static void lines_of_the_mailbox(void **state)
{
    static const struct {
        const char *line;
        bool own;
        unsigned flags;
    } rows[] = {
        { "Status: RO\n", true, CACHE_SEEN },
        { "status:R", true, CACHE_SEEN },
        { "Status : R\r\n", true, CACHE_SEEN },
        { "Status: O\n", true, 0 },
        { "X-Status: AFDT\n", true, CACHE_ANSWERED | CACHE_FLAGGED | CACHE_DELETED | CACHE_DRAFT },
        { "X-Status: R\n", true, 0 },
        { "Status: A\n", true, 0 },
        { "X-Keywords: work $Forwarded   \n", true, CACHE_FORWARDED },
        { "X-Keywords: $Forwardedly\n", true, 0 },
        { "X-UID: 7\n", true, 0 },
        { "X-IMAP: 1 2\n", true, 0 },
        { "X-IMAPbase: 1 2\n", true, 0 },
        { "Content-Length: 7\n", true, 0 },
        { "Lines: 7\n", true, 0 },
        { "X-Tmaild: 1 2 3 -\n", true, 0 },
        { "X-Statuses: A\n", false, 0 },
        { "Status\n", false, 0 },
        { " Status: R\n", false, 0 },
        { "Subject: Status: R\n", false, 0 },
        { "", false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned flags = 0;
        assert_int_equal(mbhead_is_own(str_c(rows[i].line)), rows[i].own);
        mbhead_flags_add(str_c(rows[i].line), &flags);
        assert_int_equal(flags, rows[i].flags);
    }
}

#define BOTH "Status: RO\nX-Status:     \n"

static void flags_are_set(void **state)
{
    static const struct {
        const char *head;
        unsigned flags;
        const char *want;
    } rows[] = {
        { "A: b\n\n", CACHE_SEEN, "A: b\n" BOTH "\n" },
        { "A: b\r\n\r\n", CACHE_SEEN, "A: b\r\nStatus: RO\r\nX-Status:     \r\n\r\n" },
        { "A: b\n", CACHE_SEEN, "A: b\n" BOTH },
        { "A: b", CACHE_SEEN, "A: b\n" BOTH },
        { "", CACHE_SEEN, BOTH },
        { "\n", CACHE_SEEN, BOTH "\n" },
        /* where there is room */
        { BOTH "A: b\n\n", CACHE_ANSWERED | CACHE_FLAGGED, "Status: O \nX-Status: AF  \nA: b\n\n" },
        { BOTH "A: b\n\n", CACHE_SEEN, BOTH "A: b\n\n" },
        { "X-Status:     \nA: b\nStatus: RO  \n\n", CACHE_SEEN | CACHE_DRAFT,
          "X-Status: T   \nA: b\nStatus: RO  \n\n" },
        { BOTH "X-Keywords: work            \n\n", CACHE_SEEN | CACHE_FORWARDED,
          BOTH "X-Keywords: work $Forwarded \n\n" },
        { BOTH "X-Keywords: $Forwarded\n\n", CACHE_SEEN, BOTH "X-Keywords:           \n\n" },
        { BOTH "X-Keywords: a  b\n\n", CACHE_SEEN, BOTH "X-Keywords: a  b\n\n" },
        /* and where there is none */
        { "Status: O\nA: b\n\n", CACHE_SEEN, "A: b\n" BOTH "\n" },
        { "X-Status: F\nStatus: RO\nA: b\n\n", CACHE_SEEN | CACHE_FLAGGED | CACHE_ANSWERED,
          "A: b\nStatus: RO\nX-Status: AF  \n\n" },
        { BOTH "X-Keywords: w\nA: b\n\n", CACHE_FORWARDED,
          "A: b\nStatus: O \nX-Status:     \nX-Keywords: w $Forwarded\n\n" },
        { BOTH BOTH "A: b\n\n", CACHE_SEEN, "A: b\n" BOTH "\n" },
        { "Status: RO\n folded\nA: b\n\n", CACHE_SEEN, "A: b\n" BOTH "\n" },
        /* what others mean by their letters stays */
        { "Status: ROx\nX-Status: NF \n\n", 0, "Status: Ox \nX-Status: N  \n\n" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(4096), again = BUF_INIT(4096);
        mbhead_set(str_c(rows[i].head), rows[i].flags, &out);
        assert_string_equal(buf_c(&out), rows[i].want);
        mbhead_set(buf_str(&out), rows[i].flags, &again);
        assert_string_equal(buf_c(&again), rows[i].want);
        buf_free(&out);
        buf_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_the_mailbox),
        cmocka_unit_test(flags_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
