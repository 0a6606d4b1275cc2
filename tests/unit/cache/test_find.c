/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/find.h"

struct mail {
    const char *folder, *from, *to, *subject, *keywords,
        *text; /* text NULL: its header alone is here */
    unsigned flags, facts;
    int day;
};
static const struct mail mails[] = {
    { "INBOX", "Anna <anna@x>", "joe@y", "Q3 plan", "todo", "the budget", CACHE_SEEN, 0, 1 },
    { "INBOX", "Bob <bob@x>", "joe@y",
      "\xC3\x9C"
      "ber alles",
      "", NULL, 0, 0, 2 },
    { "Lists/dev", "Carl <carl@x>", "dev@y", "Re: plan", "", NULL, CACHE_FLAGGED, 0, 3 },
    { "Lists/dev", "Anna <anna@x>", "dev@y", "picture", "", "pixels", 0, CACHE_ATTACHMENT, 4 },
};

/* What is found, and what may be, by number. */
static const struct {
    const char *query, *found, *maybe;
} rows[] = {
    { "plan", "02", "1" },
    { "subject:plan", "02", "" },
    { "from:ANNA", "03", "" },
    { "to:dev", "23", "" },
    { "\xC3\xBC"
      "ber",
      "1", "2" },
    { "budget", "0", "12" },
    { "-budget", "3", "12" },
    { "body:pixels", "3", "12" },
    { "from:bob budget", "", "1" },
    { "from:anna OR budget", "03", "12" },
    { "is:unread", "123", "" },
    { "is:flagged", "2", "" },
    { "tag:TODO", "0", "" },
    { "tag:tod", "", "" },
    { "has:attachment", "3", "12" },
    { "in:dev", "23", "" },
    { "in:Lists/dev is:flagged", "2", "" },
    { "-in:inbox", "23", "" },
    { "before:1970-01-04", "012", "" },
    { "since:1970-01-04", "3", "" },
    { "larger:9", "0", "" },
    { "nothing", "", "12" },
};

static int look(void *arg, const struct cache_row *row, const struct query *term,
                enum find_answer *answer, struct error *err)
{
    const int64_t *ids = arg;
    (void)err;
    for (size_t i = 0; i < COUNT(mails); i++)
        if (ids[i] == row->id && mails[i].text != NULL)
            *answer = strstr(mails[i].text, term->folded.p) != NULL ? FIND_YES : FIND_NO;
    return 0;
}

static void mails_put(struct fixture *f, int64_t ids[COUNT(mails)])
{
    for (size_t i = 0; i < COUNT(mails); i++) {
        const struct mail *l = &mails[i];
        struct cache_message m = { .account = f->account, .head[0] = (unsigned char)(i + 1) };
        if (l->text != NULL)
            m = message_make(f, (int)i, l->text);
        else
            m.identity[0] = (unsigned char)(i + 1);
        m.from = str_c(l->from);
        m.to = str_c(l->to);
        m.subject = str_c(l->subject);
        m.date = m.received = (l->day - 1) * 86400 + 100;
        m.size = l->text != NULL ? strlen(l->text) : 5;
        m.flags = l->facts;
        m.summary = STR("flat");
        struct cache_placement w = { .folder = folder_make(f, l->folder, ROLE_NONE),
                                     .uid = (uint32_t)i + 1,
                                     .flags = l->flags,
                                     .keywords = str_c(l->keywords) };
        OK(cache_message_put(f->c, &m, &w, &ids[i], &f->err));
    }
}

static char number(const int64_t ids[COUNT(mails)], int64_t id)
{
    char n = '0';
    while (ids[n - '0'] != id)
        n++;
    return n;
}

static void check_row(struct fixture *f, const int64_t ids[COUNT(mails)], size_t at)
{
    const struct find_look how = { look, (void *)ids };
    struct query *q = query_parse(f->a, str_c(rows[at].query), &f->err);
    assert_non_null(q);
    struct finder *finder = finder_new(f->c, q, &how);
    char found[8] = "", maybe[8] = "";
    size_t n;
    int rc;
    while ((rc = finder_step(finder, 0, &f->err)) == 0) /* a row at a time */
        ;
    assert_int_equal(rc, 1);
    struct cache_hit hits[8];
    const struct cache_hit *all = finder_hits(finder, &n);
    if (n > 0)
        memcpy(hits, all, n * sizeof *hits);
    n = find_sort(hits, n);
    for (size_t i = 0; i < n; i++)
        found[n - 1 - i] = number(ids, hits[i].key.id);
    finder_free(&finder);
    for (size_t i = 0, m = 0; i < COUNT(mails); i++) {
        struct cache_row row;
        enum find_answer a;
        OK(cache_row_get(f->c, f->a, ids[i], 0, &row, &f->err));
        OK(find_row(q, &row, str_c(mails[i].folder), &how, &a, &f->err));
        if (a == FIND_MAYBE)
            maybe[m++] = (char)('0' + i);
    }
    if (strcmp(found, rows[at].found) != 0 || strcmp(maybe, rows[at].maybe) != 0)
        fail_msg("%s: found %s, maybe %s", rows[at].query, found, maybe);
}

static void rows_are_found(void **state)
{
    struct fixture fx, *f = &fx;
    int64_t ids[COUNT(mails)];
    (void)state;
    fixture_open(f);
    mails_put(f, ids);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(f, ids, i);
    fixture_close(f);
}

/* The folder whose messages are not all here with their text, where that is needed. */
static void what_only_a_server_knows(void **state)
{
    static const struct {
        const char *query;
        size_t n;
    } asked[] = {
        { "budget", 2 },  { "from:anna", 1 },       { "in:INBOX budget", 1 },
        { "in:none", 0 }, { "in:INBOX is:new", 0 },
    };
    struct fixture fx, *f = &fx;
    struct cache_folder *all;
    int64_t ids[COUNT(mails)];
    size_t n;
    (void)state;
    fixture_open(f);
    mails_put(f, ids);
    OK(cache_folders(f->c, f->a, 0, &all, &n, &f->err));
    for (size_t i = 0; i < n; i++) { /* one message of the list is not known here */
        all[i].there = str_eqc(all[i].name, "INBOX") ? 2 : 3;
        OK(cache_folder_state(f->c, &all[i], &f->err));
    }
    for (size_t i = 0; i < COUNT(asked); i++) {
        struct query *q = query_parse(f->a, str_c(asked[i].query), &f->err);
        OK(find_elsewhere(f->c, f->a, 0, q, &all, &n, &f->err));
        if (n != asked[i].n)
            fail_msg("%s: %zu", asked[i].query, n);
    }
    fixture_close(f);
}

static void hits_are_a_list(void **state)
{
    struct fixture fx, *f = &fx;
    struct cache_row page[3];
    struct cache_hit hits[7];
    (void)state;
    fixture_open(f);
    int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), ids[7];
    for (int i = 0; i < 7; i++) {
        ids[i] = put(f, 10 + i, inbox, (uint32_t)i + 1, i < 2 ? 0 : CACHE_SEEN);
        hits[i] = (struct cache_hit){ { 1000010 + i, ids[i] }, inbox };
    }
    struct cache_query q = { .kind = LIST_FOUND, .hits = hits, .hits_n = find_sort(hits, 7) };
    assert_int_equal(q.hits_n, 7);
    OK(cache_place_gone(f->c, inbox, 4, &f->err)); /* the row in the middle */
    size_t n = 3;
    OK(cache_list(f->c, f->a, &q, NULL, CACHE_NEXT, page, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(page[0].id, ids[6]);
    OK(cache_list(f->c, f->a, &q, &page[2].key, CACHE_NEXT, page, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(page[0].id, ids[2]);
    assert_int_equal(page[2].id, ids[0]);
    OK(cache_list(f->c, f->a, &q, &page[1].key, CACHE_PREV, page, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(page[0].id, ids[5]);
    assert_int_equal(page[2].id, ids[2]);
    OK(cache_list(f->c, f->a, &q, NULL, CACHE_PREV, page, &n, &f->err));
    assert_int_equal(page[2].id, ids[0]);
    int64_t position, total, unread;
    OK(cache_list_position(f->c, &q, &page[2].key, &position, &f->err));
    assert_int_equal(position, 6);
    OK(cache_list_count(f->c, &q, &total, &unread, &f->err));
    assert_int_equal(total, 7);
    OK(cache_list_unread(f->c, f->a, &q, NULL, &page[0], &f->err));
    assert_int_equal(page[0].id, ids[1]);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(what_only_a_server_knows),
        cmocka_unit_test(hits_are_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
