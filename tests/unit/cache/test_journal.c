/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/folder_op.h"
#include "cache/sql.h"

struct stage {
    struct fixture f;
    int64_t inbox, archive, trash;
};

static struct fixture *stage_open(struct stage *s)
{
    fixture_open(&s->f);
    s->inbox = folder_make(&s->f, "INBOX", ROLE_INBOX);
    s->archive = folder_make(&s->f, "Archive", ROLE_ARCHIVE);
    s->trash = folder_make(&s->f, "Trash", ROLE_TRASH);
    return &s->f;
}

static int64_t add(struct fixture *f, enum cache_op_kind kind, int64_t message, int64_t folder,
                   int64_t target, unsigned plus, unsigned minus)
{
    struct cache_op op = { .kind = kind,
                           .message = message,
                           .folder = folder,
                           .target = target,
                           .add = plus,
                           .del = minus };
    int64_t id = 0;
    OK(cache_journal_add(f->c, &op, &id, &f->err));
    return id;
}

static int64_t move(struct fixture *f, int64_t message, int64_t folder, int64_t target)
{
    return add(f, OP_MOVE, message, folder, target, 0, 0);
}

static size_t due(struct fixture *f, struct cache_op *ops, size_t room)
{
    OK(cache_journal_due(f->c, f->account, 1000, ops, &room, &f->err));
    return room;
}

static void begin(struct fixture *f, int64_t op)
{
    assert_int_equal(cache_journal_begin(f->c, &op, 1, &f->err), 0);
}

static void finish(struct fixture *f, int64_t op, enum cache_fate fate, uint32_t uid)
{
    struct error why = { .code = ERR_REFUSED, .text = "no" };
    OK(cache_journal_close(f->c, op, fate, uid, 2000, &why, &f->err));
}

static int undo(struct fixture *f)
{
    int64_t folder, message;
    int rc = cache_journal_undo(f->c, &folder, &message, &f->err);
    OK(rc);
    return rc;
}

static int64_t open_ops(struct fixture *f)
{
    int64_t n, next;
    OK(cache_journal_pending(f->c, 0, &n, &next, &f->err));
    return n;
}

static void flags_show_at_once_and_survive_the_server(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    int64_t op = add(f, OP_FLAGS, m, s.inbox, 0, CACHE_SEEN | CACHE_FLAGGED, 0);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN | CACHE_FLAGGED);
    fixture_reopen(f);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].uid, 7);
    assert_int_equal(ops[0].account, f->account);
    OK(cache_place_flags(f->c, s.inbox, 7, CACHE_ANSWERED, STR(""), 5, &f->err));
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN | CACHE_FLAGGED | CACHE_ANSWERED);
    /* Turned back before it began: that half is cancelled. Who has read the operation as it was before
     * cannot begin it. */
    int64_t before = op;
    op = add(f, OP_FLAGS, m, s.inbox, 0, 0, CACHE_FLAGGED);
    assert_int_equal(cache_journal_begin(f->c, &before, 1, &f->err), 1);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].add, CACHE_SEEN);
    assert_int_equal(ops[0].del, 0);
    begin(f, op);
    /* Under way: what follows is an operation of its own and waits. */
    int64_t second = add(f, OP_FLAGS, m, s.inbox, 0, 0, CACHE_SEEN);
    assert_int_not_equal(second, op);
    assert_int_equal(due(f, ops, 4), 1);
    assert_true(ops[0].begun);
    finish(f, op, FATE_DONE, 0);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_ANSWERED);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].id, second);
    begin(f, second);
    finish(f, second, FATE_FAILED, 0);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN | CACHE_ANSWERED);
    struct cache_failure *failures;
    size_t n;
    OK(cache_journal_failures(f->c, f->a, &failures, &n, &f->err));
    assert_int_equal(n, 1);
    assert_str(failures[0].text, "no");
    OK(cache_journal_forget(f->c, 0, &f->err));
    OK(cache_journal_failures(f->c, f->a, &failures, &n, &f->err));
    assert_int_equal(n, 0);
    fixture_close(f);
}

static void a_flag_that_is_so_already_is_no_operation(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, CACHE_SEEN);
    assert_int_equal(add(f, OP_FLAGS, m, s.inbox, 0, CACHE_SEEN, CACHE_FLAGGED), 0);
    assert_int_equal(add(f, OP_FLAGS, 999, s.inbox, 0, CACHE_SEEN, 0), 0);
    assert_int_equal(open_ops(f), 0);
    assert_int_equal(undo(f), 1);
    fixture_close(f);
}

static void a_move_hides_the_source_and_keeps_its_uid_known(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    add(f, OP_FLAGS, m, s.inbox, 0, CACHE_SEEN, 0);
    int64_t op = move(f, m, s.inbox, s.archive);
    assert_int_equal(flags_in(f, m, s.inbox), -1);
    assert_int_equal(flags_in(f, m, s.archive), CACHE_SEEN);
    assert_int_equal(uid_in(f, m, s.archive), 0);
    assert_int_equal(known_n(f, s.inbox), 1);
    assert_int_equal(known_n(f, s.archive), 0);
    /* The flag goes first, to the uid where the message still is. */
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_FLAGS);
    assert_int_equal(ops[0].uid, 7);
    finish(f, ops[0].id, FATE_DONE, 0);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].id, op);
    assert_int_equal(ops[0].uid, 7);
    begin(f, op);
    finish(f, op, FATE_DONE, 70);
    assert_int_equal(known_n(f, s.inbox), 0);
    assert_int_equal(uid_in(f, m, s.archive), 70);
    assert_int_equal(open_ops(f), 0);
    fixture_close(f);
}

static void a_failed_move_comes_back(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, CACHE_SEEN);
    int64_t op = move(f, m, s.inbox, s.archive);
    add(f, OP_FLAGS, m, s.archive, 0, CACHE_FLAGGED, 0);
    begin(f, op);
    finish(f, op, FATE_FAILED, 0);
    assert_int_equal(flags_in(f, m, s.archive), -1);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN | CACHE_FLAGGED);
    assert_int_equal(uid_in(f, m, s.inbox), 7);
    struct cache_op ops[4];
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].folder, s.inbox);
    assert_int_equal(ops[0].uid, 7);
    fixture_close(f);
}

static void a_failed_move_hands_over_to_the_next(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    int64_t first = move(f, m, s.inbox, s.archive);
    begin(f, first);
    int64_t second = move(f, m, s.archive, s.trash);
    finish(f, first, FATE_FAILED, 0);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].id, second);
    assert_int_equal(ops[0].folder, s.inbox);
    assert_int_equal(ops[0].uid, 7);
    assert_int_equal(flags_in(f, m, s.trash), 0);
    finish(f, second, FATE_DONE, 9);
    assert_int_equal(uid_in(f, m, s.trash), 9);
    assert_int_equal(known_n(f, s.inbox) + known_n(f, s.archive), 0);
    fixture_close(f);
}

static void undo_of_a_move_not_begun_leaves_nothing(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, CACHE_SEEN);
    int64_t op = move(f, m, s.inbox, s.archive);
    fixture_reopen(f);
    assert_int_equal(undo(f), 0);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN);
    assert_int_equal(uid_in(f, m, s.inbox), 7);
    assert_int_equal(flags_in(f, m, s.archive), -1);
    assert_int_equal(open_ops(f), 0);
    /* An engine that had asked for it before must not send it. */
    assert_int_equal(cache_journal_begin(f->c, &op, 1, &f->err), 1);
    assert_int_equal(undo(f), 1);
    fixture_close(f);
}

/* The same when the move is under way, whatever it comes to, and when it is done. */
static void undo_of_a_move_begun_moves_back(void **state)
{
    (void)state;
    for (int variant = 0; variant < 3; variant++) {
        struct stage s;
        struct fixture *f = stage_open(&s);
        struct cache_op ops[4];
        int64_t m = put(f, 1, s.inbox, 7, 0);
        int64_t op = move(f, m, s.inbox, s.archive);
        begin(f, op);
        if (variant == 0)
            finish(f, op, FATE_DONE, 70);
        assert_int_equal(undo(f), 0);
        assert_int_equal(flags_in(f, m, s.inbox), 0);
        assert_int_equal(flags_in(f, m, s.archive), -1);
        if (variant == 1)
            finish(f, op, FATE_DONE, 70);
        else if (variant == 2)
            finish(f, op, FATE_FAILED, 0);
        if (variant == 2) {
            assert_int_equal(open_ops(f), 0);
            assert_int_equal(uid_in(f, m, s.inbox), 7);
            fixture_close(f);
            continue;
        }
        assert_int_equal(due(f, ops, 4), 1);
        assert_int_equal(ops[0].folder, s.archive);
        assert_int_equal(ops[0].target, s.inbox);
        assert_int_equal(ops[0].uid, 70);
        finish(f, ops[0].id, FATE_DONE, 8);
        assert_int_equal(uid_in(f, m, s.inbox), 8);
        assert_int_equal(known_n(f, s.archive), 0);
        fixture_close(f);
    }
}

static void steps_are_undone_whole_and_newest_first(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m[3];
    struct cache_op ops[3];
    for (int i = 0; i < 3; i++) {
        m[i] = put(f, i, s.inbox, (uint32_t)i + 1, 0);
        ops[i] = (struct cache_op){
            .kind = OP_MOVE, .message = m[i], .folder = s.inbox, .target = s.trash
        };
    }
    add(f, OP_FLAGS, m[1], s.inbox, 0, CACHE_FLAGGED, 0);
    OK(cache_journal_add_all(f->c, ops, 3, &f->err));
    struct cache_op quiet = {
        .kind = OP_FLAGS, .message = m[0], .folder = s.trash, .add = CACHE_SEEN, .quiet = true
    };
    OK(cache_journal_add_all(f->c, &quiet, 1, &f->err));
    fixture_reopen(f);
    assert_int_equal(undo(f), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(uid_in(f, m[i], s.inbox), i + 1);
    assert_int_equal(flags_in(f, m[0], s.inbox), CACHE_SEEN);
    assert_int_equal(flags_in(f, m[1], s.inbox), CACHE_FLAGGED);
    assert_int_equal(undo(f), 0);
    assert_int_equal(flags_in(f, m[1], s.inbox), 0);
    assert_int_equal(undo(f), 1);
    fixture_close(f);
}

static void an_expunge_can_be_undone_until_it_begins(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.trash, 7, CACHE_SEEN);
    add(f, OP_EXPUNGE, m, s.trash, 0, 0, 0);
    assert_int_equal(flags_in(f, m, s.trash), -1);
    assert_int_equal(known_n(f, s.trash), 1);
    assert_int_equal(undo(f), 0);
    assert_int_equal(uid_in(f, m, s.trash), 7);
    int64_t op = add(f, OP_EXPUNGE, m, s.trash, 0, 0, 0);
    begin(f, op);
    assert_int_equal(undo(f), 1);
    finish(f, op, FATE_DONE, 0);
    assert_int_equal(known_n(f, s.trash), 0);
    struct buf out = BUF_INIT(100);
    assert_int_equal(cache_body_read(f->c, m, 0, 10, &out, &f->err), -1);
    assert_int_equal(f->err.code, ERR_NOINPUT);
    buf_free(&out);
    fixture_close(f);
}

static void what_was_moved_is_recognised_where_it_arrives(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, 0);
    int64_t op = move(f, m, s.inbox, s.archive);
    begin(f, op); /* done on the server, the answer is lost */
    OK(cache_place_gone(f->c, s.inbox, 7, &f->err));
    assert_int_equal(known_n(f, s.inbox), 0);
    assert_int_equal(flags_in(f, m, s.archive), 0);
    assert_int_equal(put(f, 1, s.archive, 70, CACHE_FLAGGED), m);
    assert_int_equal(uid_in(f, m, s.archive), 70);
    assert_int_equal(flags_in(f, m, s.archive), CACHE_FLAGGED);
    finish(f, op, FATE_DONE, 70);
    struct cache_query q = { .kind = LIST_FOLDER, .folder = s.archive };
    int64_t total, unread;
    OK(cache_list_count(f->c, &q, &total, &unread, &f->err));
    assert_int_equal(total, 1);
    fixture_close(f);
}

/* Somebody else expunged what the person moved: it is brought to the target from here. */
static void a_lost_source_is_appended(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct stage s;
        struct fixture *f = stage_open(&s);
        struct cache_op ops[4];
        int64_t m = put(f, 1, s.inbox, 7, CACHE_SEEN);
        int64_t op = move(f, m, s.inbox, s.archive);
        if (later)
            begin(f, op);
        OK(cache_place_gone(f->c, s.inbox, 7, &f->err));
        if (later)
            OK(cache_journal_close(f->c, op, FATE_LATER, 0, 10, NULL, &f->err));
        assert_int_equal(due(f, ops, 4), 1);
        assert_int_equal(ops[0].kind, OP_APPEND);
        assert_int_equal(ops[0].target, s.archive);
        assert_int_equal(ops[0].add, CACHE_SEEN);
        assert_false(ops[0].begun);
        OK(cache_folder_settled(f->c, s.archive, &f->err));
        finish(f, op, FATE_DONE, 70);
        assert_int_equal(uid_in(f, m, s.archive), 70);
        fixture_close(f);
    }
}

static void an_append_keeps_its_message_whatever_happens(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.archive, 0, CACHE_SEEN);
    int64_t op = add(f, OP_APPEND, m, 0, s.archive, CACHE_SEEN, 0);
    assert_int_equal(put(f, 1, s.archive, 0, CACHE_SEEN), m); /* repeated after a crash */
    assert_int_equal(due(f, ops, 4), 1);
    begin(f, op);
    finish(f, op, FATE_FAILED, 0);
    OK(cache_folder_settled(f->c, s.archive, &f->err));
    assert_int_equal(uid_in(f, m, s.archive), 0);
    int64_t n, next;
    OK(cache_journal_pending(f->c, f->account, &n, &next, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(next, 2000 + CACHE_APPEND_AGAIN);
    finish(f, op, FATE_DONE, 0);
    assert_int_equal(put(f, 1, s.archive, 12, CACHE_SEEN), m);
    OK(cache_folder_settled(f->c, s.archive, &f->err));
    assert_int_equal(uid_in(f, m, s.archive), 12);
    fixture_close(f);
}

static void copies_are_made_and_undone(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    add(f, OP_COPY, m, s.inbox, s.archive, 0, 0);
    assert_int_equal(uid_in(f, m, s.archive), 0);
    assert_int_equal(undo(f), 0);
    assert_int_equal(uid_in(f, m, s.archive), -1);
    assert_int_equal(open_ops(f), 0);
    int64_t op = add(f, OP_COPY, m, s.inbox, s.archive, 0, 0);
    begin(f, op);
    finish(f, op, FATE_DONE, 9);
    assert_int_equal(uid_in(f, m, s.archive), 9);
    assert_int_equal(undo(f), 0);
    assert_int_equal(uid_in(f, m, s.archive), -1);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_EXPUNGE);
    assert_int_equal(ops[0].uid, 9);
    assert_int_equal(uid_in(f, m, s.inbox), 7);
    fixture_close(f);
}

/* Whether the server copied it before the link broke is found out by a search in the target. */
static void a_begun_copy_whose_source_goes_is_appended(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    begin(f, add(f, OP_COPY, m, s.inbox, s.archive, 0, 0));
    OK(cache_place_gone(f->c, s.inbox, 7, &f->err));
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_APPEND);
    assert_int_equal(ops[0].target, s.archive);
    assert_int_equal(uid_in(f, m, s.archive), 0);
    fixture_close(f);
}

/* What somebody else expunged comes to where it was moved first as it was shown then, although it was
 * moved on from there. */
static void a_lost_move_that_was_moved_on_keeps_its_flags(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, CACHE_SEEN | CACHE_FLAGGED);
    move(f, m, s.inbox, s.archive);
    move(f, m, s.archive, s.trash);
    OK(cache_place_gone(f->c, s.inbox, 7, &f->err));
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_APPEND);
    assert_int_equal(ops[0].add, CACHE_SEEN | CACHE_FLAGGED);
    fixture_close(f);
}

/* A copy and a move bring the same message to one folder: taking the move back leaves the copy. */
static void a_move_taken_back_leaves_what_a_copy_brought(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, 0);
    add(f, OP_COPY, m, s.inbox, s.trash, 0, 0);
    move(f, m, s.inbox, s.trash);
    add(f, OP_FLAGS, m, s.trash, 0, CACHE_FLAGGED, 0);
    move(f, m, s.trash, s.inbox);
    assert_int_equal(uid_in(f, m, s.inbox), 7);
    assert_int_equal(uid_in(f, m, s.trash), 0);
    assert_int_equal(flags_in(f, m, s.inbox), 0);
    assert_int_equal(flags_in(f, m, s.trash), CACHE_FLAGGED);
    fixture_close(f);
}

/* Moved on from where it waits, copied back there, and the copy taken back: what was before stays. */
static void a_copy_taken_back_leaves_what_moved_on(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m = put(f, 1, s.inbox, 7, 0);
    int64_t first = move(f, m, s.inbox, s.archive);
    move(f, m, s.archive, s.trash);
    add(f, OP_COPY, m, s.trash, s.archive, 0, 0);
    assert_int_equal(undo(f), 0);
    assert_int_equal(uid_in(f, m, s.archive), -1);
    assert_int_equal(uid_in(f, m, s.trash), 0);
    begin(f, first);
    finish(f, first, FATE_DONE, 9);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_MOVE);
    assert_int_equal(ops[0].uid, 9);
    fixture_close(f);
}

/* A flag change of what was moved away is not one of what comes to its place. */
static void flags_belong_to_what_lay_there(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, 0);
    add(f, OP_FLAGS, m, s.inbox, 0, CACHE_FLAGGED, 0);
    move(f, m, s.inbox, s.archive);
    add(f, OP_FLAGS, m, s.archive, 0, 0, CACHE_FLAGGED);
    move(f, m, s.archive, s.trash);
    move(f, m, s.trash, s.inbox);
    assert_int_equal(flags_in(f, m, s.inbox), 0);
    add(f, OP_FLAGS, m, s.inbox, 0, CACHE_SEEN, 0);
    assert_int_equal(flags_in(f, m, s.inbox), CACHE_SEEN);
    fixture_close(f);
}

/* What waits for a uid waits for a pass: nobody has to get up for it. */
static void an_operation_without_a_uid_has_no_time(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t n = 0, next = 0, m = put(f, 1, s.inbox, 7, 0);
    OK(cache_folder_unsettle(f->c, s.inbox, &f->err));
    add(f, OP_FLAGS, m, s.inbox, 0, CACHE_SEEN, 0);
    assert_int_equal(due(f, ops, 4), 0);
    OK(cache_journal_pending(f->c, f->account, &n, &next, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(next, 0);
    OK(cache_place_uid(f->c, s.inbox, m, 9, &f->err));
    OK(cache_journal_pending(f->c, f->account, &n, &next, &f->err));
    assert_int_equal(next, 1);
    fixture_close(f);
}

static void a_dropped_folder_loses_nothing_that_was_moved(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t out = put(f, 1, s.archive, 7, 0), in = put(f, 2, s.inbox, 8, 0);
    int64_t stays = put(f, 3, s.archive, 9, 0);
    begin(f, move(f, out, s.archive, s.trash));
    move(f, in, s.inbox, s.archive);
    add(f, OP_FLAGS, stays, s.archive, 0, CACHE_SEEN, 0);
    OK(cache_folder_drop(f->c, s.archive, &f->err));
    assert_int_equal(uid_in(f, in, s.inbox), 8);
    assert_int_equal(flags_in(f, stays, 0), -1);
    assert_int_equal(due(f, ops, 4), 1);
    assert_int_equal(ops[0].kind, OP_APPEND);
    assert_int_equal(ops[0].message, out);
    assert_int_equal(uid_in(f, out, s.trash), 0);
    fixture_close(f);
}

/* What was to come into a folder that could not be made, and lies nowhere else any more. */
static int64_t stranded(struct stage *s, int n, uint32_t uid, enum cache_op_kind kind, int64_t x)
{
    struct fixture *f = &s->f;
    int64_t m = put(f, n, s->inbox, uid, CACHE_SEEN);
    add(f, kind, m, s->inbox, x, 0, 0);
    OK(cache_place_gone(f->c, s->inbox, uid, &f->err));
    return m;
}

static int64_t folder_create(struct fixture *f)
{
    int64_t x = 0;
    OK(cache_folder_create(f->c, f->account, STR("X"), &x, &f->err));
    return x;
}

static void folder_refuse(struct fixture *f)
{
    struct cache_op ops[8];
    assert_int_equal(due(f, ops, 8), 1);
    assert_int_equal(ops[0].kind, OP_FOLDER_CREATE);
    begin(f, ops[0].id);
    finish(f, ops[0].id, FATE_FAILED, 0);
}

static void a_folder_that_was_refused_gives_its_mail_to_the_inbox(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[8];
    struct cache_failure *told;
    size_t n;
    int64_t x = folder_create(f);
    int64_t moved = stranded(&s, 1, 7, OP_MOVE, x), copied = stranded(&s, 2, 8, OP_COPY, x);
    int64_t onward = stranded(&s, 3, 9, OP_MOVE, x), removed = stranded(&s, 4, 10, OP_MOVE, x);
    int64_t there = put(f, 5, s.inbox, 11, 0);
    int64_t elsewhere = put(f, 6, s.archive, 12, 0);
    add(f, OP_FLAGS, moved, x, 0, CACHE_FLAGGED, CACHE_SEEN);
    move(f, onward, x, s.archive);
    add(f, OP_EXPUNGE, removed, x, 0, 0, 0);
    move(f, there, s.inbox, x);
    move(f, elsewhere, s.archive, x);
    move(f, elsewhere, x, s.trash);
    folder_refuse(f);
    assert_int_equal(flags_in(f, moved, s.inbox), CACHE_FLAGGED);
    assert_int_equal(uid_in(f, moved, s.inbox), 0);
    assert_int_equal(flags_in(f, copied, s.inbox), CACHE_SEEN);
    assert_int_equal(flags_in(f, onward, s.inbox), -1);
    assert_int_equal(flags_in(f, onward, s.archive), CACHE_SEEN);
    assert_int_equal(flags_in(f, removed, s.inbox), -1);
    assert_int_equal(uid_in(f, there, s.inbox), 11);
    assert_int_equal(uid_in(f, elsewhere, s.trash), 0);
    assert_int_equal(uid_in(f, elsewhere, s.archive), -1);
    assert_int_equal(due(f, ops, 8), 4);
    for (size_t i = 0; i < 4; i++) {
        bool inbox = ops[i].message == moved || ops[i].message == copied;
        assert_int_equal(ops[i].kind, ops[i].message == elsewhere ? OP_MOVE : OP_APPEND);
        assert_int_equal(ops[i].target, inbox                         ? s.inbox
                                        : ops[i].message == elsewhere ? s.trash
                                                                      : s.archive);
    }
    assert_int_equal(ops[0].message, moved);
    assert_int_equal(ops[0].add, CACHE_FLAGGED);
    OK(cache_journal_failures(f->c, f->a, &told, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(told[0].target, s.inbox);
    OK(cache_folder_settled(f->c, s.inbox, &f->err));
    finish(f, ops[0].id, FATE_DONE, 70);
    assert_int_equal(uid_in(f, moved, s.inbox), 70);
    fixture_close(f);
}

/* A copy is all that is left when the person has removed what it was made from. */
static void a_copy_that_could_not_be_made_outlives_what_was_removed(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t x = folder_create(f), m = put(f, 1, s.trash, 7, 0), kept = put(f, 2, s.trash, 8, 0);
    add(f, OP_COPY, m, s.trash, x, 0, 0);
    add(f, OP_EXPUNGE, m, s.trash, 0, 0, 0);
    add(f, OP_COPY, kept, s.trash, x, 0, 0);
    folder_refuse(f);
    assert_int_equal(uid_in(f, m, s.inbox), 0);
    assert_int_equal(uid_in(f, m, s.trash), -1);
    assert_int_equal(uid_in(f, kept, s.inbox), -1);
    assert_int_equal(uid_in(f, kept, s.trash), 8);
    fixture_close(f);
}

/* A server without MOVE: the target has it, the source is not removed yet. */
static int64_t half_moved(struct stage *s, int64_t *m, uint32_t uid)
{
    struct fixture *f = &s->f;
    *m = put(f, 1, s->inbox, 7, CACHE_SEEN);
    int64_t op = move(f, *m, s->inbox, s->archive);
    begin(f, op);
    OK(cache_journal_copied(f->c, &op, &uid, 1, &f->err));
    return op;
}

static void what_was_copied_is_remembered(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    struct cache_op ops[4];
    int64_t m, op = half_moved(&s, &m, 70);
    assert_int_equal(uid_in(f, m, s.archive), 70);
    assert_int_equal(uid_in(f, m, s.inbox), -1);
    finish(f, op, FATE_LATER, 0);
    fixture_reopen(f);
    size_t n = COUNT(ops);
    OK(cache_journal_due(f->c, f->account, 3000, ops, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(ops[0].copied && ops[0].begun);
    assert_int_equal(ops[0].uid, 7);
    finish(f, op, FATE_DONE, 0);
    assert_int_equal(uid_in(f, m, s.archive), 70);
    assert_int_equal(known_n(f, s.inbox), 0);
    fixture_close(f);
}

static void a_copy_stays_where_its_source_could_not_be_removed(void **state)
{
    (void)state;
    for (uint32_t uid = 0; uid <= 70; uid += 70) {
        struct stage s;
        struct fixture *f = stage_open(&s);
        int64_t m, op = half_moved(&s, &m, uid);
        int64_t onward = move(f, m, s.archive, s.trash);
        finish(f, op, FATE_FAILED, 0);
        assert_int_equal(uid_in(f, m, s.inbox), 7);
        assert_int_equal(uid_in(f, m, s.trash), 0);
        assert_int_equal(put(f, 1, s.archive, 70, CACHE_SEEN), m); /* a pass brings it */
        struct cache_op ops[4];
        assert_int_equal(due(f, ops, 4), 1);
        assert_int_equal(ops[0].id, onward);
        assert_int_equal(ops[0].folder, s.archive);
        assert_int_equal(ops[0].uid, 70);
        fixture_close(f);
    }
}

/* Somebody else removed the source meanwhile: all of the move is done, and nothing is appended. */
static void a_copy_whose_source_went_is_the_move(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct stage s;
        struct fixture *f = stage_open(&s);
        struct cache_op ops[4];
        int64_t m, op = half_moved(&s, &m, 70);
        if (how == 1)
            finish(f, op, FATE_LATER, 0);
        if (how == 2)
            OK(cache_folder_drop(f->c, s.inbox, &f->err));
        else
            OK(cache_place_gone(f->c, s.inbox, 7, &f->err));
        assert_int_equal(uid_in(f, m, s.archive), 70);
        assert_int_equal(due(f, ops, 4), 0);
        assert_int_equal(open_ops(f), 0);
        finish(f, op, FATE_DONE, 0);
        fixture_close(f);
    }
}

static void nothing_moves_between_accounts(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t m = put(f, 1, s.inbox, 7, 0), id = 0;
    OK(cache_account_id(f->c, STR("other"), &f->account, &f->err));
    struct cache_op op = { .kind = OP_MOVE,
                           .message = m,
                           .folder = s.inbox,
                           .target = folder_make(f, "INBOX", ROLE_INBOX) };
    assert_int_equal(cache_journal_add(f->c, &op, &id, &f->err), -1);
    assert_int_equal(f->err.code, ERR_USAGE);
    assert_int_equal(uid_in(f, m, s.inbox), 7);
    fixture_close(f);
}

static void a_new_uidvalidity_downloads_nothing_again(void **state)
{
    (void)state;
    struct stage s;
    struct fixture *f = stage_open(&s);
    int64_t a = put(f, 1, s.inbox, 7, 0), b = put(f, 2, s.inbox, 8, 0),
            c = put(f, 3, s.inbox, 9, 0);
    int64_t op = add(f, OP_FLAGS, a, s.inbox, 0, CACHE_SEEN, 0);
    move(f, c, s.inbox, s.archive);
    OK(cache_folder_unsettle(f->c, s.inbox, &f->err));
    assert_int_equal(known_n(f, s.inbox), 0);
    struct cache_op ops[4];
    assert_int_equal(due(f, ops, 4), 0);
    /* Headers alone come in first: they find what waits. */
    for (int n = 1; n <= 3; n += 2) {
        struct cache_message m = message_make(f, n, "ignored");
        struct cache_placement w = { .folder = s.inbox, .uid = (uint32_t)n + 100 };
        memcpy(m.identity, m.head, sizeof m.identity);
        m.body = 0;
        int64_t id = 0;
        OK(cache_message_put(f->c, &m, &w, &id, &f->err));
        assert_int_equal(id, n == 1 ? a : c);
    }
    OK(cache_folder_settled(f->c, s.inbox, &f->err));
    assert_int_equal(flags_in(f, b, s.inbox), -1);
    assert_int_equal(due(f, ops, 4), 2);
    assert_int_equal(ops[0].id, op);
    assert_int_equal(ops[0].uid, 101);
    assert_int_equal(ops[1].uid, 103);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_show_at_once_and_survive_the_server),
        cmocka_unit_test(a_flag_that_is_so_already_is_no_operation),
        cmocka_unit_test(a_move_hides_the_source_and_keeps_its_uid_known),
        cmocka_unit_test(a_failed_move_comes_back),
        cmocka_unit_test(a_failed_move_hands_over_to_the_next),
        cmocka_unit_test(undo_of_a_move_not_begun_leaves_nothing),
        cmocka_unit_test(undo_of_a_move_begun_moves_back),
        cmocka_unit_test(steps_are_undone_whole_and_newest_first),
        cmocka_unit_test(an_expunge_can_be_undone_until_it_begins),
        cmocka_unit_test(what_was_moved_is_recognised_where_it_arrives),
        cmocka_unit_test(a_lost_source_is_appended),
        cmocka_unit_test(an_append_keeps_its_message_whatever_happens),
        cmocka_unit_test(copies_are_made_and_undone),
        cmocka_unit_test(a_begun_copy_whose_source_goes_is_appended),
        cmocka_unit_test(a_lost_move_that_was_moved_on_keeps_its_flags),
        cmocka_unit_test(a_move_taken_back_leaves_what_a_copy_brought),
        cmocka_unit_test(a_copy_taken_back_leaves_what_moved_on),
        cmocka_unit_test(flags_belong_to_what_lay_there),
        cmocka_unit_test(an_operation_without_a_uid_has_no_time),
        cmocka_unit_test(a_dropped_folder_loses_nothing_that_was_moved),
        cmocka_unit_test(a_folder_that_was_refused_gives_its_mail_to_the_inbox),
        cmocka_unit_test(a_copy_that_could_not_be_made_outlives_what_was_removed),
        cmocka_unit_test(what_was_copied_is_remembered),
        cmocka_unit_test(a_copy_stays_where_its_source_could_not_be_removed),
        cmocka_unit_test(a_copy_whose_source_went_is_the_move),
        cmocka_unit_test(nothing_moves_between_accounts),
        cmocka_unit_test(a_new_uidvalidity_downloads_nothing_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
