/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "sync/flagcut.h"
#include "base/banned.h"

enum { SEEN = CACHE_SEEN, FLAGGED = CACHE_FLAGGED };

static struct cache_op op(uint32_t uid, unsigned add, unsigned del, const char *words_add,
                          const char *words_del)
{
    struct cache_op o = { .kind = OP_FLAGS, .uid = uid, .add = add, .del = del };
    words_copy(o.words_add, str_c(words_add));
    words_copy(o.words_del, str_c(words_del));
    return o;
}

static void one_command_for_each_kind(void **state)
{
    static const struct {
        struct {
            uint32_t uid;
            unsigned add, del;
            const char *words_add, *words_del;
        } ops[5];
        const char *commands;
    } rows[] = {
        { { { 3, SEEN, 0, "", "" }, { 1, SEEN, 0, "", "" }, { 2, SEEN, 0, "", "" } },
          "UID STORE 1:3 +FLAGS.SILENT (\\Seen)\n" },
        { { { 9, 0, SEEN | FLAGGED, "", "" } }, "UID STORE 9 -FLAGS.SILENT (\\Seen \\Flagged)\n" },
        /* what is added comes first, in all of them */
        { { { 1, SEEN, FLAGGED, "", "" }, { 2, SEEN, 0, "", "" }, { 7, 0, FLAGGED, "", "" } },
          "UID STORE 1:2 +FLAGS.SILENT (\\Seen)\nUID STORE 1,7 -FLAGS.SILENT (\\Flagged)\n" },
        { { { 1, SEEN, 0, "todo", "" }, { 2, SEEN, 0, "", "" }, { 3, 0, 0, "todo", "later" } },
          "UID STORE 1 +FLAGS.SILENT (\\Seen todo)\nUID STORE 2 +FLAGS.SILENT (\\Seen)\n"
          "UID STORE 3 +FLAGS.SILENT (todo)\nUID STORE 3 -FLAGS.SILENT (later)\n" },
        { { { 5, 1u << 30, 0, "", "" } }, "" }, /* of no concern to a server */
        { { { 0, 0, 0, NULL, NULL } }, "" },
    };
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        struct cache_op ops[5];
        struct flagcut *cuts;
        struct buf out = BUF_INIT(10000);
        size_t n = 0, cuts_n;
        for (; n < 5 && rows[k].ops[n].uid != 0; n++)
            ops[n] = op(rows[k].ops[n].uid, rows[k].ops[n].add, rows[k].ops[n].del,
                        rows[k].ops[n].words_add, rows[k].ops[n].words_del);
        flagcut_make(ops, n, &cuts, &cuts_n);
        for (size_t i = 0; i < cuts_n; i++) {
            flagcut_put(&cuts[i], ops, n, &out);
            buf_addc(&out, '\n');
        }
        assert_string_equal(buf_c(&out), rows[k].commands);
        buf_free(&out);
        free(cuts);
    }
}

/* Odd uids make the longest sets there are. */
static void a_long_set_is_cut(void **state)
{
    enum { N = 3000 };
    struct cache_op *ops = xcalloc(N, sizeof *ops);
    struct flagcut *cuts;
    size_t cuts_n, had = 0;
    (void)state;
    for (uint32_t i = 0; i < N; i++)
        ops[i] = op(4294960000u + 2 * i, SEEN, 0, "", "");
    flagcut_make(ops, N, &cuts, &cuts_n);
    assert_true(cuts_n > 1);
    for (size_t i = 0; i < cuts_n; i++) {
        struct buf out = BUF_INIT(100000);
        flagcut_put(&cuts[i], ops, N, &out);
        assert_true(out.len < 8000);
        for (size_t k = 0; k < N; k++)
            had += flagcut_has(&cuts[i], &ops[k]);
        buf_free(&out);
    }
    assert_int_equal(had, N);
    free(cuts);
    free(ops);
}

static void halves_are_all_of_it(void **state)
{
    (void)state;
    for (size_t n = 1; n < 10; n++) {
        struct cache_op ops[10];
        struct flagcut *cuts, low, high;
        size_t cuts_n, lows = 0;
        for (uint32_t i = 0; i < n; i++)
            ops[i] = op(100 - 3 * i, SEEN, 0, "", "");
        ops[n] = op(91, FLAGGED, 0, "", ""); /* of another kind */
        flagcut_make(ops, n + 1, &cuts, &cuts_n);
        assert_int_equal(cuts_n, 2);
        assert_int_equal(flagcut_halve(&cuts[0], ops, n + 1, &low, &high), n > 1);
        assert_false(
            flagcut_halve(&cuts[1], ops, n + 1, &(struct flagcut){ 0 }, &(struct flagcut){ 0 }));
        for (size_t i = 0; n > 1 && i < n; i++) {
            assert_true(flagcut_has(&low, &ops[i]) != flagcut_has(&high, &ops[i]));
            lows += flagcut_has(&low, &ops[i]);
        }
        assert_int_equal(lows, n > 1 ? n / 2 : 0);
        assert_true(n == 1 || (!flagcut_has(&low, &ops[n]) && !flagcut_has(&high, &ops[n])));
        free(cuts);
    }
}

static void uids_are_sorted(void **state)
{
    const struct cache_op ops[] = { op(7, SEEN, 0, "", ""), op(4294967295u, 0, SEEN, "", ""),
                                    op(1, FLAGGED, 0, "", "") };
    uint32_t uids[3];
    (void)state;
    assert_int_equal(flagcut_uids(ops, 3, uids), 3);
    assert_true(uids[0] == 1 && uids[1] == 7 && uids[2] == 4294967295u);
    flagcut_sort(uids, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_command_for_each_kind),
        cmocka_unit_test(a_long_set_is_cut),
        cmocka_unit_test(halves_are_all_of_it),
        cmocka_unit_test(uids_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
