/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "server/rows.h"
#include "server/view.h"
#include "wire/imap_resp.h"

enum { STEPS = 4000, COPIES = 4, ROWS_MOST = 2000 };

/* What rows must be: a plain list. */
struct plain {
    uint32_t uid[ROWS_MOST];
    unsigned flags[ROWS_MOST];
    size_t n;
};

static const char *const words[] = { NULL, "one", "two three", "one" };

static void check_same(const struct rows *r, const struct plain *p)
{
    assert_int_equal(r->n, p->n);
    for (size_t i = 0; i < p->n; i++) {
        const struct mailbox_row *row = rows_at(r, i);
        assert_int_equal(row->uid, p->uid[i]);
        assert_int_equal(row->flags, p->flags[i]);
        assert_true(str_eq(str_c(row->keywords), str_c(words[p->flags[i] % COUNT(words)])));
        assert_int_equal(rows_find(r, p->uid[i]), i);
        assert_int_equal(rows_lower(r, p->uid[i]), i);
    }
    assert_int_equal(rows_find(r, UINT32_MAX), r->n);
}

static void push(struct rows *r, struct plain *p, uint32_t uid, unsigned flags)
{
    struct mailbox_row row = { .uid = uid,
                               .flags = flags,
                               .keywords = words[flags % COUNT(words)] };
    if (p->n == ROWS_MOST)
        return;
    rows_push(r, &row);
    p->uid[p->n] = uid;
    p->flags[p->n++] = flags;
}

static void take_out(struct rows *r, struct plain *p, unsigned dice)
{
    uint32_t gone[ROWS_MOST + 1];
    size_t n = 0;
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if ((i + dice) % 7 == 0 || dice % 50 == 0)
            gone[n++] = p->uid[i];
        else {
            p->uid[kept] = p->uid[i];
            p->flags[kept++] = p->flags[i];
        }
    gone[n++] = UINT32_MAX; /* one that is not there */
    p->n = kept;
    rows_remove(r, gone, n);
}

static void copies_do_not_see_each_other(void **state)
{
    (void)state;
    struct rows r[COPIES] = { { 0 } };
    struct plain *p = xcalloc(COPIES, sizeof *p);
    uint32_t uid = 1;
    srand(1);
    for (int step = 0; step < STEPS; step++) {
        unsigned dice = (unsigned)rand();
        size_t a = dice % COPIES;
        size_t b = dice / 8 % COPIES;
        uid++;
        if (dice / 100 % 40 == 0)
            take_out(&r[a], &p[a], dice / 4000);
        else if (dice / 100 % 40 < 3 && a != b) {
            rows_share(&r[a], &r[b]);
            p[a] = p[b];
        } else if (dice / 100 % 40 < 20 && p[a].n > 0) {
            size_t i = dice / 5 % p[a].n;
            p[a].flags[i] = dice % 32;
            rows_set(&r[a], i, dice % 32, words[dice % 32 % COUNT(words)], 1);
        } else
            push(&r[a], &p[a], uid, dice % 32);
        if (step % 100 == 0)
            for (size_t i = 0; i < COPIES; i++)
                check_same(&r[i], &p[i]);
    }
    for (size_t i = 0; i < COPIES; i++)
        rows_clear(&r[i]);
    free(p);
}

/* ---- what a session believes ---- */

static void event_drop(struct msg *m)
{
    struct mailbox_event *e = (struct mailbox_event *)m;
    rows_clear(&e->rows);
    free(e->uids);
    free(e);
}

static struct mailbox_event *event(enum mailbox_event_kind kind, uint32_t uid,
                                   const struct rows *now)
{
    struct mailbox_event *e = xcalloc(1, sizeof *e);
    e->m.kind = (int)kind;
    e->m.drop = event_drop;
    e->uids = xcalloc(1, sizeof *e->uids);
    e->uids[0] = uid;
    e->n = 1;
    e->modseq = 9;
    rows_share(&e->rows, now);
    return e;
}

/* Five messages in a mailbox, and a session that has them. */
static void world_open(struct rows *box, struct view *v)
{
    struct mailbox_job j = { .modseq = 1 };
    *box = (struct rows){ 0 };
    for (uint32_t uid = 1; uid <= 5; uid++)
        rows_push(box, &(struct mailbox_row){ .uid = uid, .modseq = 1 });
    rows_share(&j.rows, box);
    view_init(v, &j);
}

static void check_told(struct view *v, bool expunges, const char *want)
{
    struct buf out = BUF_INIT(1 << 16);
    view_tell(v, expunges, &out);
    assert_string_equal(buf_c(&out), want);
    buf_free(&out);
}

static void numbers_stay_until_they_may_change(void **state)
{
    (void)state;
    struct rows box;
    struct view v;
    world_open(&box, &v);
    rows_remove(&box, (uint32_t[]){ 2 }, 1);
    view_apply(&v, event(EVENT_GONE, 2, &box));
    rows_push(&box, &(struct mailbox_row){ .uid = 6 });
    view_apply(&v, event(EVENT_NEW, 6, &box));
    rows_set(&box, rows_find(&box, 4), IMAP_SEEN, NULL, 9);
    view_apply(&v, event(EVENT_FLAGS, 4, &box));
    assert_int_equal(view_n(&v), 6);
    assert_true(view_is_gone(&v, 1));
    check_told(&v, false, "* 6 EXISTS\r\n* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n");
    check_told(&v, true, "* 2 EXPUNGE\r\n");
    assert_int_equal(view_n(&v), 5);
    assert_int_equal(view_row(&v, 1)->uid, 3);
    assert_int_equal(view_row(&v, 4)->uid, 6);
    check_told(&v, true, "");
    view_clear(&v);
    rows_clear(&box);
}

static void what_was_never_told_is_not_taken_back(void **state)
{
    (void)state;
    struct rows box;
    struct view v;
    world_open(&box, &v);
    v.vanished = v.with_modseq = true;
    rows_push(&box, &(struct mailbox_row){ .uid = 8 });
    view_apply(&v, event(EVENT_NEW, 8, &box));
    rows_push(&box, &(struct mailbox_row){ .uid = 9, .modseq = 7 });
    view_apply(&v, event(EVENT_NEW, 9, &box));
    rows_remove(&box, (uint32_t[]){ 1, 3, 8 }, 3);
    view_apply(&v, event(EVENT_GONE, 1, &box));
    view_apply(&v, event(EVENT_GONE, 3, &box));
    view_apply(&v, event(EVENT_GONE, 8, &box));
    rows_set(&box, rows_find(&box, 9), IMAP_FLAGGED, "k", 9);
    view_apply(&v, event(EVENT_FLAGS, 9, &box));
    check_told(
        &v, true,
        "* VANISHED 1,3\r\n* 4 EXISTS\r\n* 4 FETCH (UID 9 FLAGS (\\Flagged k) MODSEQ (9))\r\n");
    assert_int_equal(v.modseq, 9);
    view_clear(&v);
    rows_clear(&box);
}

static void sets_choose_rows(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        bool by_uid;
        int rc;
        const char *want;
    } table[] = {
        { "1:*", false, 0, "01234" },  { "*:4", false, 0, "34" },  { "5,1,1:2", false, 0, "014" },
        { "6", false, -1, "" },        { "1,,2", false, -1, "" },  { "3:9", true, 0, "234" },
        { "6:9", true, 0, "" },        { "9:*", true, 0, "4" },    { "*", true, 0, "4" },
        { "4294967295", true, 0, "" }, { "2:3,3", true, 0, "12" },
    };
    struct rows box;
    struct view v;
    world_open(&box, &v);
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t *rows;
        size_t n;
        assert_int_equal(view_select(&v, str_c(table[i].set), table[i].by_uid, &rows, &n),
                         table[i].rc);
        assert_int_equal(n, strlen(table[i].want));
        for (size_t k = 0; k < n; k++)
            assert_int_equal(rows[k], table[i].want[k] - '0');
        free(rows);
    }
    view_clear(&v);
    rows_clear(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_do_not_see_each_other),
        cmocka_unit_test(numbers_stay_until_they_may_change),
        cmocka_unit_test(what_was_never_told_is_not_taken_back),
        cmocka_unit_test(sets_choose_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
