/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

enum { DAY = 86400 };

struct letter {
    const char *mid, *subject, *in_reply_to, *references;
    int day;
};

static int64_t letter_put(struct fixture *f, const struct letter *l, int64_t folder, uint32_t uid)
{
    struct cache_message m = { .account = f->account,
                               .date = (int64_t)l->day * DAY,
                               .subject = str_c(l->subject),
                               .message_id = str_c(l->mid),
                               .in_reply_to = str_c(l->in_reply_to),
                               .references = str_c(l->references) };
    struct cache_placement w = { .folder = folder, .uid = uid };
    int64_t id = 0;
    m.identity[0] = (unsigned char)uid;
    m.identity[1] = 1;
    OK(cache_message_put(f->c, &m, &w, &id, &f->err));
    return id;
}

/* The next permutation in lexical order; false after the last. */
static bool permute(size_t *p, size_t n)
{
    size_t i = n - 1, j = n - 1;
    while (i > 0 && p[i - 1] >= p[i])
        i--;
    if (i == 0)
        return false;
    while (p[j] <= p[i - 1])
        j--;
    size_t swap = p[i - 1];
    p[i - 1] = p[j];
    p[j] = swap;
    for (j = n - 1; i < j; i++, j--) {
        swap = p[i];
        p[i] = p[j];
        p[j] = swap;
    }
    return true;
}

/* Puts the letters in the order p and says how many threads there are, by the kept list and by the
 * counts. */
static int64_t threads_of(struct fixture *f, const struct letter *letters, const size_t *p,
                          size_t n, int64_t folder)
{
    struct cache_query q = { .kind = LIST_DIFFERENT_THREADS, .folder = folder };
    struct cache_row rows[8];
    size_t rows_n = COUNT(rows), sum = 0;
    int64_t total, unread;
    for (size_t i = 0; i < n; i++)
        letter_put(f, &letters[p[i]], folder, (uint32_t)p[i] + 1);
    OK(cache_list_count(f->c, &q, &total, &unread, &f->err));
    OK(cache_list(f->c, f->a, &q, NULL, CACHE_NEXT, rows, &rows_n, &f->err));
    assert_int_equal(rows_n, total);
    assert_int_equal(unread, total);
    for (size_t i = 0; i < rows_n; i++) {
        struct cache_query one = { .kind = LIST_CONVERSATION, .thread = rows[i].thread };
        struct cache_row in[8];
        size_t in_n = COUNT(in);
        OK(cache_list(f->c, f->a, &one, NULL, CACHE_NEXT, in, &in_n, &f->err));
        assert_int_equal(in_n, rows[i].thread_n);
        for (size_t j = 1; j < in_n; j++)
            assert_true(in[j - 1].date <= in[j].date);
        assert_int_equal(in[in_n - 1].id, rows[i].id);
        sum += in_n;
    }
    assert_int_equal(sum, n);
    return total;
}

static void any_order_of_arrival_gives_the_same_threads(void **state)
{
    static const struct {
        const char *what;
        int threads;
        struct letter letters[5];
    } cases[] = {
        { "a chain by In-Reply-To alone",
          1,
          { { "<1@t>", "x", "", "", 1 },
            { "<2@t>", "Re: x", "<1@t>", "", 2 },
            { "<3@t>", "Re: x", "<2@t>", "", 3 },
            { "<4@t>", "Re: x", "<3@t>", "", 4 },
            { "<5@t>", "Re: x", "<4@t>", "", 5 } } },
        { "a tree by References, new subjects",
          1,
          { { "<1@t>", "a", "", "", 1 },
            { "<2@t>", "b", "", "<1@t>", 2 },
            { "<3@t>", "c", "", "<1@t> <2@t>", 3 },
            { "<4@t>", "d", "", "<1@t>", 4 },
            { "<5@t>", "e", "junk <4@t> (Jane)", "<1@t>\r\n <missing@t>", 5 } } },
        { "two that only know a third that never comes",
          2,
          { { "<1@t>", "a", "", "<gone@t>", 1 },
            { "<2@t>", "b", "<gone@t>", "", 2 },
            { "<3@t>", "c", "", "", 3 },
            { "<4@t>", "d", "", "<3@t>", 4 },
            { "<5@t>", "e", "", "<3@t>", 5 } } },
        { "loops and self-references",
          1,
          { { "<1@t>", "a", "<1@t>", "<1@t>", 1 },
            { "<2@t>", "b", "<3@t>", "<1@t> <2@t>", 2 },
            { "<3@t>", "c", "<2@t>", "<2@t> <3@t> <2@t>", 3 },
            { "<4@t>", "d", "<5@t>", "", 4 },
            { "<5@t>", "e", "<4@t>", "<1@t>", 5 } } },
        { "replies that name nothing: by subject",
          1,
          { { "<1@t>", "Lunch on  Friday", "", "", 1 },
            { "<2@t>", "Re: lunch on friday", "", "", 2 },
            { "", "AW: Re[2]: Lunch on Friday", "", "", 3 },
            { "<4@t>", "RE : Lunch on Friday", "<2@t>", "", 4 },
            { "<5@t>", "re: Fwd: Lunch on Friday", "", "", 50 } } },
        { "same subject, no reply: apart",
          5,
          { { "<1@t>", "Report", "", "", 1 },
            { "<2@t>", "Report", "", "", 2 },
            { "<3@t>", "Report", "", "", 3 },
            { "<4@t>", "Fwd: Report", "", "", 4 },
            { "<5@t>", "Re: Report", "", "", 90 } } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t p[5] = { 0, 1, 2, 3, 4 };
        struct fixture fx, *f = &fx;
        fixture_open(f);
        do {
            int64_t folder = folder_make(f, "INBOX", ROLE_INBOX);
            OK(cache_begin(f->c, false, &f->err));
            int64_t n = threads_of(f, cases[i].letters, p, 5, folder);
            if (n != cases[i].threads)
                fail_msg("%s: %d threads, order %zu%zu%zu%zu%zu", cases[i].what, (int)n, p[0], p[1],
                         p[2], p[3], p[4]);
            OK(cache_folder_drop(f->c, folder, &f->err));
            OK(cache_commit(f->c, &f->err));
        } while (permute(p, 5));
        fixture_close(f);
    }
}

/* A reply that says nothing about whom it answers goes to the newest of that subject before it. */
static void a_subject_joins_the_nearest(void **state)
{
    (void)state;
    static const struct letter letters[] = {
        { "<1@t>", "Meeting", "", "", 1 },
        { "<2@t>", "Meeting", "", "", 30 },
        { "<3@t>", "Re: Meeting", "", "", 31 },
    };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t folder = folder_make(f, "INBOX", ROLE_INBOX), id[3];
    struct cache_row rows[3];
    for (size_t i = 0; i < 3; i++)
        id[i] = letter_put(f, &letters[i], folder, (uint32_t)i + 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cache_row_get(f->c, f->a, id[i], folder, &rows[i], &f->err), 0);
    assert_int_not_equal(rows[0].thread, rows[1].thread);
    assert_int_equal(rows[1].thread, rows[2].thread);
    fixture_close(f);
}

static void a_message_is_found_by_its_id_and_names_its_parent(void **state)
{
    (void)state;
    static const struct letter letters[] = {
        { "<1@t>", "a", "", "", 1 },
        { "<2@t>", "b", "<0@t>", "<0@t> <1@t>", 2 },
    };
    struct fixture fx, *f = &fx;
    fixture_open(f);
    int64_t folder = folder_make(f, "INBOX", ROLE_INBOX), found = 0;
    struct cache_row row;
    letter_put(f, &letters[0], folder, 1);
    int64_t id = letter_put(f, &letters[1], folder, 2);
    assert_int_equal(cache_message_by_mid(f->c, STR(" <2@t>"), &found, &f->err), 0);
    assert_int_equal(found, id);
    assert_int_equal(cache_message_by_mid(f->c, STR("<0@t>"), &found, &f->err), 1);
    assert_int_equal(cache_row_get(f->c, f->a, id, 0, &row, &f->err), 0);
    assert_str(row.parent, "<1@t>");
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_arrival_gives_the_same_threads),
        cmocka_unit_test(a_subject_joins_the_nearest),
        cmocka_unit_test(a_message_is_found_by_its_id_and_names_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
