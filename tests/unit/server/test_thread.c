/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdio.h>

#include "server/limits.h"
#include "server/sort.h"
#include "server/thread.h"

static void subjects_lose_what_was_added(void **state)
{
    static const struct {
        const char *in, *base;
        bool reply;
    } rows[] = {
        { "", "", false },
        { "Hello", "Hello", false },
        { "  Hello \t there  ", "Hello there", false },
        { "Re: Hello", "Hello", true },
        { "RE : re: Fwd:fw: Hello", "Hello", true },
        { "Re[2]: Hello", "Hello", true },
        { "Re [x] : Hello", "Hello", true },
        { "[list] Hello", "Hello", false },
        { "[list] [more] Re: [again] Hello", "Hello", true },
        { "[list]", "[list]", false },
        { "Re: [list]", "[list]", true },
        { "Hello (fwd) (FWD) ", "Hello", true },
        { "[Fwd: Re: Hello]", "Hello", true },
        { "[fwd: [fwd: Hello (fwd)]]", "Hello", true },
        { "Regarding: Hello", "Regarding: Hello", false },
        { "Re Hello", "Re Hello", false },
        { "[open Hello", "[open Hello", false },
        { "Re:", "", true },
    };
    struct buf out = BUF_INIT(4096);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool reply;
        struct str base = sort_base_subject(str_c(rows[i].in), &out, &reply);
        assert_str(base, rows[i].base);
        assert_int_equal(reply, rows[i].reply);
    }
    buf_free(&out);
}

struct row {
    const char *subject, *id, *references, *reply_to;
    int64_t date;
};

static void threads_of(const struct row *rows, size_t n, bool references, struct buf *out)
{
    struct error err;
    struct buf base = BUF_INIT(4096);
    struct arena *a = arena_new(1024);
    struct thread *t = thread_new();
    for (size_t i = 0; i < n; i++) {
        struct thread_message m = { .name = (uint32_t)i + 1,
                                    .date = rows[i].date,
                                    .message_id = str_c(rows[i].id),
                                    .references = str_c(rows[i].references),
                                    .in_reply_to = str_c(rows[i].reply_to) };
        m.subject = sort_text(a, sort_base_subject(str_c(rows[i].subject), &base, &m.reply));
        assert_int_equal(thread_add(t, &m, &err), 0);
    }
    buf_clear(out);
    if (references)
        thread_put_references(t, out);
    else
        thread_put_subjects(t, out);
    thread_free(&t);
    arena_free(&a);
    buf_free(&base);
}

static void references_make_threads(void **state)
{
    static const struct {
        struct row rows[6];
        const char *want;
    } cases[] = {
        { { { 0 } }, "" },
        { { { "a", "<1@x>", NULL, NULL, 1 },
            { "b", "<2@x>", "<1@x>", NULL, 2 },
            { "c", "<3@x>", NULL, "see <2@x> there", 3 } },
          "(1 2 3)" },
        /* siblings by date */
        { { { "a", "<1@x>", NULL, NULL, 1 },
            { "b", "<2@x>", "<1@x>", NULL, 9 },
            { "c", "<3@x>", "<1@x>", NULL, 3 } },
          "(1 (3)(2))" },
        /* what is not here holds together what speaks of it, and goes where one alone does */
        { { { "a", "<1@x>", "<0@x>", NULL, 1 }, { "b", "<2@x>", "<0@x>", NULL, 2 } }, "((1)(2))" },
        { { { "a", "<1@x>", "<0@x> <9@x>", NULL, 1 } }, "(1)" },
        { { { "a", "<1@x>", NULL, NULL, 1 }, { "b", "<2@x>", "<1@x> <0@x>", NULL, 2 } }, "(1 2)" },
        /* the parent comes later, quoted in another way */
        { { { "b", "<2@x>", "<\"1\"@x>", NULL, 2 }, { "a", "<1@x>", NULL, NULL, 1 } }, "(2 1)" },
        /* the same id twice, no id, an id that is none */
        { { { "a", "<1@x>", NULL, NULL, 1 },
            { "b", "<1@x>", NULL, NULL, 2 },
            { "c", NULL, "<1@x>", NULL, 3 },
            { "d", "nonsense", "<> <@> <a b> <1@x", NULL, 4 } },
          "(1 3)(2)(4)" },
        /* each the other's child; itself */
        { { { "a", "<1@x>", "<2@x>", NULL, 1 },
            { "b", "<2@x>", "<1@x>", NULL, 2 },
            { "c", "<3@x>", "<3@x>", NULL, 3 } },
          "(2 1)(3)" },
        /* subjects: an answer goes to what it answers, equals stand side by side */
        { { { "Re: a", NULL, NULL, NULL, 1 }, { "a", NULL, NULL, NULL, 2 } }, "(2 1)" },
        { { { "a", NULL, NULL, NULL, 1 },
            { "a", NULL, NULL, NULL, 2 },
            { "Fwd: A", NULL, NULL, NULL, 3 },
            { "", NULL, NULL, NULL, 4 },
            { "", NULL, NULL, NULL, 5 } },
          "((1)(2)(3))(4)(5)" },
        { { { "a", "<1@x>", "<0@x>", NULL, 1 },
            { "a", "<2@x>", "<0@x>", NULL, 2 },
            { "Re: a", "<3@x>", "<8@x>", NULL, 3 },
            { "Re: a", "<4@x>", "<8@x>", NULL, 4 },
            { "a", "<5@x>", NULL, NULL, 5 } },
          "((1)(2)(3)(4)(5))" },
    };
    struct buf out = BUF_INIT(4096);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = 0;
        while (n < COUNT(cases[i].rows) && cases[i].rows[n].subject != NULL)
            n++;
        threads_of(cases[i].rows, n, true, &out);
        assert_str(buf_str(&out), cases[i].want);
    }
    buf_free(&out);
}

static void subjects_make_threads(void **state)
{
    static const struct row rows[] = {
        { "b", NULL, NULL, NULL, 5 },     { "a", NULL, NULL, NULL, 4 },
        { "Re: A", NULL, NULL, NULL, 3 }, { "c", NULL, NULL, NULL, 9 },
        { "a", NULL, NULL, NULL, 6 },     { "re: b", NULL, NULL, NULL, 7 },
    };
    struct buf out = BUF_INIT(4096);
    (void)state;
    threads_of(rows, COUNT(rows), false, &out);
    assert_str(buf_str(&out), "(3 (2)(5))(1 6)(4)");
    buf_free(&out);
}

/* Chains as long as the mailbox, both ways round: neither the stack nor the time knows. */
static void depth_costs_nothing(void **state)
{
    enum { N = 50000 };
    struct buf out = BUF_INIT(8 << 20);
    (void)state;
    for (int back = 0; back < 2; back++) {
        struct error err;
        struct thread *t = thread_new();
        for (uint32_t i = 0; i < N; i++) {
            uint32_t k = back != 0 ? N - i : i;
            char id[32], ref[32];
            snprintf(id, sizeof id, "<%u@x>", k);
            snprintf(ref, sizeof ref, "<%u@x>", k - 1);
            struct thread_message m = {
                .name = i + 1, .date = k, .message_id = str_c(id), .references = str_c(ref)
            };
            assert_int_equal(thread_add(t, &m, &err), 0);
        }
        buf_clear(&out);
        thread_put_references(t, &out);
        assert_int_equal(str_find(str_skip(buf_str(&out), 1), '('), out.len - 1);
        thread_free(&t);
    }
    buf_free(&out);
}

static void entries_are_sorted(void **state)
{
    struct arena *a = arena_new(1024);
    const struct sort_entry rows[] = {
        { 0, 3, 30, 100, STR(""), STR("B"), STR("X"), STR("") },
        { 1, 1, 10, 100, STR(""), STR("A"), STR("X"), STR("") },
        { 2, 2, 20, 50, STR("C"), STR("B"), STR("Y"), STR("") },
    };
    static const struct {
        struct sort_order order;
        size_t want[3];
    } cases[] = {
        { { { { SORT_ARRIVAL, false } }, 1 }, { 1, 2, 0 } },
        { { { { SORT_DATE, true } }, 1 }, { 0, 2, 1 } },
        { { { { SORT_SIZE, false } }, 1 }, { 2, 0, 1 } },
        { { { { SORT_SIZE, true } }, 1 }, { 0, 1, 2 } },
        { { { { SORT_SUBJECT, false }, { SORT_FROM, false } }, 2 }, { 1, 0, 2 } },
        { { { { SORT_FROM, true }, { SORT_CC, true } }, 2 }, { 2, 0, 1 } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sort_entry e[3];
        memcpy(e, rows, sizeof e);
        sort_run(&cases[i].order, e, 3);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(e[k].row, cases[i].want[k]);
    }
    assert_str(sort_mailbox(a, STR("\"Doe, J\" <jane@x.org>, b@c")), "JANE");
    assert_str(sort_mailbox(a, STR("friends: a@b;")), "FRIENDS");
    assert_str(sort_mailbox(a, STR("")), "");
    /* title case, decomposed */
    assert_str(sort_text(a, STR("\xc3\xa9_z")), "E\xcc\x81_Z");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_lose_what_was_added), cmocka_unit_test(references_make_threads),
        cmocka_unit_test(subjects_make_threads),        cmocka_unit_test(depth_costs_nothing),
        cmocka_unit_test(entries_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
