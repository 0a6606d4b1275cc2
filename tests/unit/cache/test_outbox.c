/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

static int64_t queue(struct fixture *f, int n, int64_t not_before, int64_t draft)
{
    struct cache_message m = message_make(f, n, arena_fmt(f->a, "outgoing %d", n));
    struct outbox_rcpt to[] = { { .address = STR("a@t") }, { .address = STR("b@t") } };
    struct outbox_entry e = { .account = f->account,
                              .body = m.body,
                              .not_before = not_before,
                              .size = m.size,
                              .save_sent = true,
                              .sender = STR("me@t"),
                              .subject = STR("s"),
                              .message_id = m.message_id,
                              .rcpts = to,
                              .rcpts_n = 2 };
    int64_t id = 0;
    OK(cache_outbox_add(f->c, &e, draft, &id, &f->err));
    return id;
}

/* All that is due; the oldest of it. */
static int take(struct fixture *f, int64_t now, struct outbox_entry *e)
{
    int64_t ids[OUTBOX_BATCH];
    size_t n;
    int rc = cache_outbox_take(f->c, f->account, now, ids, &n, &f->err);
    if (rc == 0)
        OK(cache_outbox_get(f->c, f->a, ids[0], e, &f->err));
    return rc;
}

static enum outbox_state state_of(struct fixture *f, int64_t id)
{
    struct outbox_entry e;
    assert_int_equal(cache_outbox_get(f->c, f->a, id, &e, &f->err), 0);
    return e.state;
}

static void entries_are_taken_when_due_oldest_first(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    int64_t n, next;
    fixture_open(f);
    int64_t late = queue(f, 1, 300, 0), soon = queue(f, 2, 100, 0);
    OK(cache_outbox_pending(f->c, f->account, &n, &next, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(next, 100);
    assert_int_equal(take(f, 99, &e), 1);
    assert_int_equal(take(f, 100, &e), 0);
    assert_int_equal(e.id, soon);
    assert_int_equal(e.state, OUTBOX_SENDING);
    assert_int_equal(e.rcpts_n, 2);
    assert_str(e.rcpts[1].address, "b@t");
    assert_true(e.save_sent);
    assert_int_equal(take(f, 400, &e), 0);
    assert_int_equal(e.id, late);
    assert_int_equal(take(f, 400, &e), 1);
    fixture_close(f);
}

static void a_crash_asks_only_after_the_dot(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    fixture_open(f);
    int64_t a = queue(f, 1, 0, 0), b = queue(f, 2, 0, 0);
    OK(take(f, 1, &e));
    OK(cache_outbox_dot(f->c, b, 0, &f->err));
    fixture_reopen(f);
    OK(cache_outbox_recover(f->c, 0, 0, &f->err));
    assert_int_equal(state_of(f, a), OUTBOX_QUEUED);
    assert_int_equal(state_of(f, b), OUTBOX_DOUBT);
    assert_int_equal(cache_outbox_retry(f->c, a, 5, &f->err), 1);
    assert_int_equal(cache_outbox_retry(f->c, b, 5, &f->err), 0);
    assert_int_equal(state_of(f, b), OUTBOX_QUEUED);
    assert_int_equal(cache_outbox_dot(f->c, b, 0, &f->err), -1);
    fixture_close(f);
}

static void a_batch_is_taken_within_its_bytes(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry big;
    int64_t ids[OUTBOX_BATCH], first = 0;
    size_t n;
    fixture_open(f);
    for (int i = 0; i < OUTBOX_BATCH + 3; i++)
        first += queue(f, i + 1, 0, 0) * (i == 0);
    OK(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err));
    assert_int_equal(n, OUTBOX_BATCH);
    assert_int_equal(ids[0], first);
    OK(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err), 1);
    OK(cache_outbox_get(f->c, f->a, first, &big, &f->err));
    for (int i = 0; i < 3; i++) {
        big.state = OUTBOX_QUEUED;
        big.size = i == 0 ? 2 * OUTBOX_BATCH_BYTES : OUTBOX_BATCH_BYTES / 2;
        OK(cache_outbox_add(f->c, &big, 0, &first, &f->err));
    }
    OK(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err));
    assert_int_equal(n, 1);
    OK(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err));
    assert_int_equal(n, 2);
    fixture_close(f);
}

/* Of three that are on their way the first, or the first two, have their final dot marked. */
static void only_a_system_that_went_down_leaves_a_batch_in_doubt(void **state)
{
    (void)state;
    static const struct {
        int64_t marked, found;
        int dots, doubts;
    } rows[] = {
        { 7, 7, 1, 1 }, { 7, 7, 2, 2 }, { 7, 8, 1, 3 }, { 7, 8, 0, 0 },
        { 7, 0, 1, 3 }, { 0, 8, 1, 1 }, { 0, 8, 2, 2 }, { 0, 0, 2, 2 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture fx, *f = &fx;
        int64_t ids[OUTBOX_BATCH];
        size_t n;
        fixture_open(f);
        for (int k = 0; k < 3; k++)
            (void)queue(f, k + 1, 0, 0);
        OK(cache_outbox_take(f->c, f->account, 1, ids, &n, &f->err));
        assert_int_equal(n, 3);
        for (int k = 0; k < rows[i].dots; k++)
            OK(cache_outbox_dot(f->c, ids[k], rows[i].marked, &f->err));
        fixture_reopen(f);
        OK(cache_outbox_recover(f->c, 0, rows[i].found, &f->err));
        for (int k = 0; k < 3; k++)
            assert_int_equal(state_of(f, ids[k]),
                             k < rows[i].doubts ? OUTBOX_DOUBT : OUTBOX_QUEUED);
        fixture_close(f);
    }
}

static void what_is_sent_is_due_until_it_is_settled(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    int64_t ids[OUTBOX_BATCH], due, waiting;
    size_t n;
    fixture_open(f);
    int64_t id = queue(f, 1, 0, 0);
    OK(take(f, 1, &e));
    assert_int_equal(cache_outbox_unsettled(f->c, f->account, ids, &n, &f->err), 1);
    OK(cache_outbox_dot(f->c, id, 7, &f->err));
    OK(cache_outbox_sent(f->c, id, &f->err));
    fixture_reopen(f);
    OK(cache_outbox_recover(f->c, 0, 8, &f->err));
    assert_int_equal(state_of(f, id), OUTBOX_SENT);
    OK(cache_outbox_pending(f->c, f->account, &waiting, &due, &f->err));
    assert_int_equal(waiting, 1);
    assert_int_equal(due, 1);
    assert_int_equal(cache_outbox_cancel(f->c, id, &f->err), 1);
    OK(cache_outbox_unsettled(f->c, f->account, ids, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(ids[0], id);
    OK(cache_outbox_drop(f->c, id, &f->err));
    OK(cache_outbox_pending(f->c, f->account, &waiting, &due, &f->err));
    assert_int_equal(due, 0);
    fixture_close(f);
}

static void answers_are_kept_by_recipient(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    fixture_open(f);
    int64_t id = queue(f, 1, 0, 0);
    assert_int_equal(take(f, 1, &e), 0);
    e.state = OUTBOX_FAILED;
    e.reason = STR("550 no such user");
    e.rcpts[1].code = 550;
    e.rcpts[1].text = STR("no such user");
    OK(cache_outbox_update(f->c, &e, &f->err));
    struct outbox_entry *all;
    size_t n;
    OK(cache_outbox_list(f->c, f->a, &all, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(all[0].id, id);
    assert_str(all[0].reason, "550 no such user");
    assert_int_equal(all[0].rcpts[0].code, 0);
    assert_int_equal(all[0].rcpts[1].code, 550);
    assert_int_equal(all[0].attempts, 1);
    fixture_close(f);
}

static size_t drafts_n(struct fixture *f)
{
    struct draft_row *rows;
    size_t n;
    OK(cache_draft_list(f->c, f->a, &rows, &n, &f->err));
    return n;
}

static void a_draft_goes_with_its_mail_and_comes_back(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    struct str blob;
    uint64_t size;
    fixture_open(f);
    int64_t draft = 0, found = 0;
    OK(cache_draft_put(f->c, &draft, f->account, STR("s"), STR("a@t"), STR("text\0more"), 5,
                       &f->err));
    int64_t id = queue(f, 1, 100, draft);
    assert_int_equal(drafts_n(f), 0);
    assert_int_equal(cache_outbox_draft(f->c, id, &found, &f->err), 0);
    assert_int_equal(found, draft);
    assert_int_equal(cache_outbox_get(f->c, f->a, id, &e, &f->err), 0);
    assert_int_equal(cache_outbox_cancel(f->c, id, &f->err), 0);
    assert_int_equal(cache_outbox_cancel(f->c, id, &f->err), 1);
    assert_int_equal(cache_body_size(f->c, e.body, &size, &f->err), 1);
    fixture_reopen(f);
    assert_int_equal(drafts_n(f), 1);
    assert_int_equal(cache_draft_get(f->c, f->a, draft, &blob, &f->err), 0);
    assert_int_equal(blob.n, 9);
    id = queue(f, 1, 100, draft);
    assert_int_equal(take(f, 100, &e), 0);
    assert_int_equal(cache_outbox_cancel(f->c, id, &f->err), 1);
    OK(cache_outbox_drop(f->c, id, &f->err));
    assert_int_equal(cache_draft_get(f->c, f->a, draft, &blob, &f->err), 1);
    assert_int_equal(cache_outbox_get(f->c, f->a, id, &e, &f->err), 1);
    fixture_close(f);
}

static void the_sent_copy_keeps_the_bytes(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct outbox_entry e;
    uint64_t size = 0;
    fixture_open(f);
    int64_t sent = folder_make(f, "Sent", ROLE_SENT), id = queue(f, 1, 0, 0), message = 0;
    assert_int_equal(take(f, 1, &e), 0);
    struct cache_message m = message_make(f, 1, "outgoing 1");
    struct cache_placement w = { .folder = sent, .flags = CACHE_SEEN };
    assert_int_equal(m.body, e.body);
    OK(cache_message_put(f->c, &m, &w, &message, &f->err));
    OK(cache_outbox_drop(f->c, id, &f->err));
    assert_int_equal(cache_body_size(f->c, m.body, &size, &f->err), 0);
    fixture_close(f);
}

static void drafts_are_listed_newest_first(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct draft_row *rows;
    size_t n;
    fixture_open(f);
    int64_t a = 0, b = 0;
    OK(cache_draft_put(f->c, &a, f->account, STR("one"), STR(""), STR("x"), 1, &f->err));
    OK(cache_draft_put(f->c, &b, f->account, STR("two"), STR(""), STR("y"), 2, &f->err));
    OK(cache_draft_put(f->c, &a, f->account, STR("three"), STR("c@t"), STR("z"), 3, &f->err));
    OK(cache_draft_list(f->c, f->a, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].id, a);
    assert_str(rows[0].subject, "three");
    OK(cache_draft_drop(f->c, a, &f->err));
    assert_int_equal(drafts_n(f), 1);
    fixture_close(f);
}

/* What was refused for good is a draft again, above the others, and still an entry. */
static void what_was_refused_is_listed_with_its_reason(void **state)
{
    (void)state;
    struct fixture fx, *f = &fx;
    struct draft_row *rows;
    struct outbox_entry e;
    size_t n;
    int64_t a = 0, b = 0, entry = 0;
    fixture_open(f);
    OK(cache_draft_put(f->c, &a, f->account, STR("refused"), STR(""), STR("x"), 1, &f->err));
    OK(cache_draft_put(f->c, &b, f->account, STR("new"), STR(""), STR("y"), 2, &f->err));
    int64_t id = queue(f, 1, 10, a);
    assert_int_equal(drafts_n(f), 1);
    OK(cache_draft_entry(f->c, a, &entry, &f->err));
    assert_int_equal(entry, id);
    assert_int_equal(cache_draft_entry(f->c, b, &entry, &f->err), 1);
    OK(cache_outbox_get(f->c, f->a, id, &e, &f->err));
    e.state = OUTBOX_FAILED;
    e.reason = STR("nobody there");
    OK(cache_outbox_update(f->c, &e, &f->err));
    OK(cache_draft_list(f->c, f->a, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].id, a);
    assert_str(rows[0].reason, "nobody there");
    assert_int_equal(rows[1].reason.n, 0);
    OK(cache_draft_drop(f->c, a, &f->err));
    assert_int_equal(drafts_n(f), 1);
    assert_int_equal(cache_outbox_get(f->c, f->a, id, &e, &f->err), 1);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_taken_when_due_oldest_first),
        cmocka_unit_test(a_crash_asks_only_after_the_dot),
        cmocka_unit_test(a_batch_is_taken_within_its_bytes),
        cmocka_unit_test(only_a_system_that_went_down_leaves_a_batch_in_doubt),
        cmocka_unit_test(what_is_sent_is_due_until_it_is_settled),
        cmocka_unit_test(answers_are_kept_by_recipient),
        cmocka_unit_test(a_draft_goes_with_its_mail_and_comes_back),
        cmocka_unit_test(the_sent_copy_keeps_the_bytes),
        cmocka_unit_test(drafts_are_listed_newest_first),
        cmocka_unit_test(what_was_refused_is_listed_with_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
