/* SPDX-License-Identifier: MIT */
#include "unit/cache/fixture.h"

#include "cache/folder_op.h"
#include "base/banned.h"

/* Names of all folders that are not deleted here, INBOX first. */
static const char *names(struct fixture *f)
{
    struct buf out = BUF_INIT(10000);
    struct cache_folder *list;
    size_t n;
    OK(cache_folders(f->c, f->a, f->account, &list, &n, &f->err));
    for (size_t i = 0; i < n; i++)
        if ((list[i].flags & FOLDER_REMOVED) == 0)
            buf_addf(&out, "%s%.*s", out.len > 0 ? "," : "", STR_ARG(list[i].name));
    const char *text = arena_fmt(f->a, "%s", buf_c(&out));
    buf_free(&out);
    return text;
}

static int64_t create(struct fixture *f, const char *name)
{
    int64_t id = 0;
    OK(cache_folder_create(f->c, f->account, str_c(name), &id, &f->err));
    return id;
}

static struct cache_folder get(struct fixture *f, int64_t folder)
{
    struct cache_folder out = { 0 };
    assert_int_equal(cache_folder_get(f->c, f->a, folder, &out, &f->err), 0);
    return out;
}

/* The one operation that is due is of that kind, and ends so. */
static void end(struct fixture *f, enum cache_op_kind kind, enum cache_fate fate)
{
    struct cache_op ops[8];
    struct error why = { .code = ERR_REFUSED, .text = "no" };
    size_t n = COUNT(ops);
    OK(cache_journal_due(f->c, f->account, 1000, ops, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(ops[0].kind, kind);
    assert_int_equal(ops[0].message, 0);
    assert_int_equal(cache_journal_begin(f->c, &ops[0].id, 1, &f->err), 0);
    OK(cache_journal_close(f->c, ops[0].id, fate, 0, 2000, &why, &f->err));
}

static bool waits(struct fixture *f)
{
    bool open = false;
    OK(cache_folder_ops_open(f->c, f->account, &open, &f->err));
    return open;
}

static void some_names_are_none(void **state)
{
    static const char *const bad[] = { "",     "/a",   "a/",   "a//b",  "a*",    "50%",
                                       "a\nb", "\x7F", "\xFF", "inbox", "INBOX", "Work" };
    static const char *const good[] = { "a", "a/b", "caf\xC3\xA9", "Work/sub", "INBOX/sub", "a b" };
    struct fixture fx, *f = &fx;
    char longest[CACHE_FOLDER_NAME_MAX + 1];
    int64_t id;
    (void)state;
    fixture_open(f);
    folder_make(f, "INBOX", ROLE_INBOX);
    folder_make(f, "Work", ROLE_NONE);
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (cache_folder_create(f->c, f->account, str_c(bad[i]), &id, &f->err) == 0)
            fail_msg("row %zu: %s", i, bad[i]);
        assert_int_equal(f->err.code, ERR_USAGE);
    }
    for (size_t i = 0; i < COUNT(good); i++)
        create(f, good[i]);
    memset(longest, 'x', sizeof longest);
    OK(cache_folder_create(f->c, f->account, (struct str){ longest, CACHE_FOLDER_NAME_MAX }, &id,
                           &f->err));
    assert_int_equal(cache_folder_create(f->c, f->account, (struct str){ longest, sizeof longest },
                                         &id, &f->err),
                     -1);
    fixture_close(f);
}

static void what_is_made_is_there_or_gone_again(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        struct fixture fx, *f = &fx;
        fixture_open(f);
        folder_make(f, "INBOX", ROLE_INBOX);
        assert_false(waits(f));
        int64_t id = create(f, "New");
        assert_int_equal(get(f, id).flags, FOLDER_NEW | FOLDER_SUBSCRIBED);
        assert_true(waits(f));
        end(f, OP_FOLDER_CREATE, done ? FATE_DONE : FATE_FAILED);
        assert_string_equal(names(f), done ? "INBOX,New" : "INBOX");
        if (done)
            assert_int_equal(get(f, id).flags, FOLDER_SUBSCRIBED);
        assert_false(waits(f));
        fixture_close(f);
    }
}

static void a_name_takes_what_lies_below_along(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        struct fixture fx, *f = &fx;
        fixture_open(f);
        int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), old = folder_make(f, "Old", ROLE_NONE);
        int64_t below = folder_make(f, "Old/a/b", ROLE_NONE);
        folder_make(f, "Older", ROLE_NONE);
        int64_t m = put(f, 1, below, 7, 0);
        assert_int_equal(cache_folder_move(f->c, inbox, STR("x"), &f->err), -1);
        assert_int_equal(cache_folder_move(f->c, old, STR("Older"), &f->err), -1);
        assert_int_equal(cache_folder_move(f->c, old, STR("Old/x"), &f->err), -1);
        assert_int_equal(cache_folder_move(f->c, 9999, STR("x"), &f->err), -1);
        OK(cache_folder_move(f->c, old, STR("New"), &f->err));
        assert_string_equal(names(f), "INBOX,New,New/a/b,Older");
        assert_true(str_eqc(get(f, old).wire, "Old")); /* until the server has it */
        end(f, OP_FOLDER_RENAME, done ? FATE_DONE : FATE_FAILED);
        assert_string_equal(names(f), done ? "INBOX,New,New/a/b,Older" : "INBOX,Old,Old/a/b,Older");
        assert_int_equal(uid_in(f, m, below), 7);
        OK(cache_folder_wire(f->c, old, STR("w"), &f->err));
        assert_true(str_eqc(get(f, old).wire, "w"));
        fixture_close(f);
    }
}

static void mail_goes_only_where_that_is_asked_for(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        struct fixture fx, *f = &fx;
        struct cache_op op;
        size_t n = 1;
        fixture_open(f);
        int64_t inbox = folder_make(f, "INBOX", ROLE_INBOX), old = folder_make(f, "Old", ROLE_NONE);
        int64_t m = put(f, 1, old, 7, CACHE_SEEN);
        int64_t below = create(f, "Old/below");
        end(f, OP_FOLDER_CREATE, FATE_DONE);
        assert_int_equal(cache_folder_delete(f->c, inbox, true, &f->err), -1);
        assert_int_equal(cache_folder_delete(f->c, old, true, &f->err), -1); /* one lies below */
        OK(cache_folder_delete(f->c, below, false, &f->err));
        end(f, OP_FOLDER_DELETE, FATE_DONE);
        assert_int_equal(cache_folder_delete(f->c, old, false, &f->err), -1);
        assert_string_equal(names(f), "INBOX,Old");
        OK(cache_folder_delete(f->c, old, true, &f->err));
        assert_string_equal(names(f), "INBOX");
        OK(cache_journal_due(f->c, f->account, 1000, &op, &n, &f->err));
        assert_true(n == 1 && op.add == 1); /* with mail */
        end(f, OP_FOLDER_DELETE, done ? FATE_DONE : FATE_FAILED);
        assert_string_equal(names(f), done ? "INBOX" : "INBOX,Old");
        assert_int_equal(flags_in(f, m, old), done ? -1 : CACHE_SEEN);
        fixture_close(f);
    }
}

static void subscriptions_come_back_when_refused(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++)
        for (int done = 0; done < 2; done++) {
            struct fixture fx, *f = &fx;
            fixture_open(f);
            int64_t id = folder_make(f, "Work", ROLE_NONE);
            OK(cache_folder_subscribe(f->c, id, on == 0, &f->err));
            end(f, on == 0 ? OP_FOLDER_SUBSCRIBE : OP_FOLDER_UNSUBSCRIBE, FATE_DONE);
            OK(cache_folder_subscribe(f->c, id, on == 1, &f->err));
            assert_int_equal((get(f, id).flags & FOLDER_SUBSCRIBED) != 0, on);
            end(f, on == 1 ? OP_FOLDER_SUBSCRIBE : OP_FOLDER_UNSUBSCRIBE,
                done ? FATE_DONE : FATE_FAILED);
            assert_int_equal((get(f, id).flags & FOLDER_SUBSCRIBED) != 0, done ? on : !on);
            fixture_close(f);
        }
}

static void a_quota_is_kept(void **state)
{
    struct fixture fx, *f = &fx;
    int64_t used, limit;
    (void)state;
    fixture_open(f);
    OK(cache_quota_get(f->c, f->account, &used, &limit, &f->err));
    assert_true(used == -1 && limit == -1);
    OK(cache_quota_put(f->c, f->account, 9, 10, &f->err));
    OK(cache_quota_get(f->c, f->account, &used, &limit, &f->err));
    assert_true(used == 9 && limit == 10);
    fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_names_are_none),
        cmocka_unit_test(what_is_made_is_there_or_gone_again),
        cmocka_unit_test(a_name_takes_what_lies_below_along),
        cmocka_unit_test(mail_goes_only_where_that_is_asked_for),
        cmocka_unit_test(subscriptions_come_back_when_refused),
        cmocka_unit_test(a_quota_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
