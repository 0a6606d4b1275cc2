/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/body.h"
#include "compose/draft.h"
#include "compose/edit.h"

static struct config_account accounts[] = {
    { .name = (char *)"home", .address = (char *)"Me <me@home.example>", .send = SEND_SMTP },
};
static const struct config cfg = { .accounts = accounts, .accounts_n = 1 };

struct fixture {
    char *dir, *store, *file;
    struct cache *cache;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct error err;
    f->dir = file_temp_dir("tmail-test-", &err);
    f->store = xasprintf("%s/mail.db", f->dir);
    f->file = xasprintf("%s/report.bin", f->dir);
    f->cache = cache_open(f->store, CACHE_WRITE, &err);
    *state = f;
    return f->cache != NULL && file_replace(f->file, STR("bytes\0\xFF\r\n.\nend"), 0600, &err) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cache_close(&f->cache);
    file_remove_tree(f->dir);
    free(f->dir);
    free(f->store);
    free(f->file);
    free(f);
    return 0;
}

static struct draft *written(struct fixture *f)
{
    struct error err;
    struct draft *d = draft_new(&cfg, &accounts[0]);
    draft_set(&d->to, STR("Ann <ann@a.example>"));
    draft_set(&d->bcc, STR("secret@s.example"));
    draft_set(&d->subject, STR("Gr\xC3\xBC\xC3\x9F"
                               "e"));
    draft_set(&d->text, STR("Hi\n.\nFrom here\n"));
    assert_int_equal(draft_attach(d, f->file, false, &err), 0);
    return d;
}

static void a_draft_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct draft *d = written(f), *back;
    draft_set(&d->in_reply_to, STR("<1@x>"));
    assert_int_equal(draft_save(d, f->cache, &err), 0);
    assert_true(d->id > 0);
    cache_close(&f->cache);
    f->cache = cache_open(f->store, CACHE_WRITE, &err);
    assert_int_equal(draft_load(f->cache, d->id, &back, &err), 0);
    assert_string_equal(back->to, d->to);
    assert_string_equal(back->bcc, d->bcc);
    assert_string_equal(back->subject, d->subject);
    assert_string_equal(back->text, d->text);
    assert_string_equal(back->in_reply_to, "<1@x>");
    assert_int_equal(back->attachments_n, 1);
    assert_string_equal(back->attachments[0].name, "report.bin");
    draft_free(&back);
    assert_int_equal(draft_load(f->cache, d->id + 1, &back, &err), 1);
    draft_free(&d);
}

static void an_edited_header_is_taken_over_or_refused_whole(void **state)
{
    (void)state;
    struct error err;
    struct draft *d = draft_new(&cfg, &accounts[0]);
    assert_int_equal(
        draft_from_text(
            d, STR("From: me@home.example\nTo: a@b.example\nsubject:  x \nX-Mine: 1\n\nbody\n"),
            &err),
        0);
    assert_string_equal(d->to, "a@b.example");
    assert_string_equal(d->subject, "x");
    assert_int_equal(d->headers_n, 1);
    assert_string_equal(d->text, "body\n");
    assert_int_equal(draft_from_text(d, STR("To: z@b.example\nno colon here\n\nbody2\n"), &err),
                     -1);
    assert_string_equal(d->to, "a@b.example");
    assert_string_equal(d->text, "body\n");
    assert_int_equal(
        draft_from_text(d, STR("To: z@b.example\nAttach: /nonexistent\n\nbody2\n"), &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    assert_int_equal(d->attachments_n, 0);
    struct buf text = BUF_INIT(10000);
    draft_to_text(d, &text);
    assert_string_equal(
        buf_c(&text),
        "From: me@home.example\nTo: a@b.example\nCc: \nSubject: x\nX-Mine: 1\n\nbody\n");
    buf_free(&text);
    draft_free(&d);
}

static int write_new_text(void *arg, char *const argv[], struct error *err)
{
    size_t last = 0;
    (void)arg;
    while (argv[last + 1] != NULL)
        last++;
    return file_replace(argv[last],
                        STR("From: me@home.example\nTo: n@n.example\nSubject: new\n\nnew\n"), 0600,
                        err);
}

static int write_above_the_header(void *arg, char *const argv[], struct error *err)
{
    size_t last = 0;
    (void)arg;
    while (argv[last + 1] != NULL)
        last++;
    return file_replace(argv[last], STR("typed here\nTo: n@n.example\n\nnew\n"), 0600, err);
}

static int change_nothing(void *arg, char *const argv[], struct error *err)
{
    (void)arg;
    (void)argv;
    (void)err;
    return 0;
}

static void an_editor_changes_the_kept_draft(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct draft *d = written(f), *back;
    setenv("VISUAL", "true 'with an argument'", 1);
    assert_int_equal(draft_edit(d, f->cache, &cfg, change_nothing, NULL, &err), 1);
    assert_int_equal(draft_edit(d, f->cache, &cfg, write_new_text, NULL, &err), 0);
    assert_int_equal(draft_load(f->cache, d->id, &back, &err), 0);
    assert_string_equal(back->subject, "new");
    assert_int_equal(back->attachments_n, 1);
    draft_free(&back);
    char *path = edit_file_path(d, f->cache);
    assert_int_equal(access(path, F_OK), -1);
    /* tmail was killed while the editor had the file open, and the person saved in it. */
    assert_int_equal(file_replace(path, STR("To: k@k.example\n\nkept\n"), 0600, &err), 0);
    assert_int_equal(draft_load(f->cache, d->id, &back, &err), 0);
    assert_string_equal(back->text, "kept\n");
    assert_int_equal(access(path, F_OK), -1);
    draft_free(&back);
    free(path);
    draft_free(&d);
}

static void what_cannot_be_read_back_is_edited_again(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct buf text = BUF_INIT(10000);
    struct draft *d = written(f), *back;
    setenv("VISUAL", "true", 1);
    assert_int_equal(draft_edit(d, f->cache, &cfg, write_above_the_header, NULL, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_int_equal(draft_edit(d, f->cache, &cfg, change_nothing, NULL, &err), -1);
    char *path = edit_file_path(d, f->cache);
    assert_int_equal(file_read(path, &text, &err), 0);
    assert_memory_equal(buf_c(&text), "typed here\n", 11);
    assert_int_equal(draft_load(f->cache, d->id, &back, &err), 0);
    assert_string_equal(back->subject, d->subject);
    draft_free(&back);
    assert_int_equal(draft_edit(d, f->cache, &cfg, write_new_text, NULL, &err), 0);
    assert_string_equal(d->text, "new\n");
    assert_int_equal(access(path, F_OK), -1);
    buf_free(&text);
    free(path);
    draft_free(&d);
}

static void review_speaks_up(void **state)
{
    struct fixture *f = *state;
    struct draft_remark r[8];
    struct draft *d = written(f);
    assert_int_equal(draft_review(d, &cfg, r, 8), 0);
    draft_set(&d->subject, STR(" "));
    assert_int_equal(draft_review(d, &cfg, r, 8), 1);
    assert_false(r[0].fatal);
    draft_set(&d->to, STR("nobody"));
    assert_int_equal(draft_review(d, &cfg, r, 8), 2);
    assert_true(r[0].fatal);
    draft_set(&d->to, STR("a@b.example"));
    draft_set(&d->text, STR("> see attached\nfine\n"));
    draft_detach(d, 0);
    assert_int_equal(draft_review(d, &cfg, r, 8), 1);
    draft_set(&d->text, STR("see Attached\n"));
    assert_int_equal(draft_review(d, &cfg, r, 8), 2);
    assert_int_equal(draft_review(d, &cfg, r, 1), 1);
    draft_free(&d);
}

static void queueing_freezes_bytes_and_people(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct arena *a = arena_new(0);
    struct outbox_entry e;
    struct buf raw = BUF_INIT(1 << 20);
    struct draft *d = written(f), *back;
    int64_t id, draft_id;
    assert_int_equal(draft_save(d, f->cache, &err), 0);
    draft_id = d->id;
    assert_int_equal(draft_queue(&d, f->cache, &cfg, 12345, &id, &err), 0);
    assert_null(d);
    struct draft_row *rows;
    size_t n;
    assert_int_equal(cache_draft_list(f->cache, a, &rows, &n, &err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(cache_outbox_get(f->cache, a, id, &e, &err), 0);
    assert_int_equal(e.not_before, 12345);
    assert_int_equal(e.rcpts_n, 2);
    assert_str(e.rcpts[1].address, "secret@s.example");
    assert_str(e.sender, "me@home.example");
    assert_int_equal(cache_body_read_id(f->cache, e.body, 0, 1 << 20, &raw, &err), 0);
    assert_int_equal(raw.len, e.size);
    assert_true(str_isearch(buf_str(&raw), STR("secret")) == raw.len);
    assert_true(str_search(buf_str(&raw), e.message_id) < raw.len);
    assert_true(str_search(buf_str(&raw), STR("Subject: =?")) < raw.len);
    /* Taken back, it is a draft again. */
    assert_int_equal(cache_outbox_cancel(f->cache, id, &err), 0);
    assert_int_equal(cache_draft_list(f->cache, a, &rows, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(draft_load(f->cache, draft_id, &back, &err), 0);
    assert_string_equal(back->bcc, "secret@s.example");
    draft_free(&back);
    buf_free(&raw);
    arena_free(&a);
}

/* Refused for good by one of two: a draft to that one, with the reason on top, which is never sent. */
static void what_was_refused_comes_back_with_its_reason(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct arena *a = arena_new(0);
    struct outbox_entry e;
    struct buf text = BUF_INIT(1 << 20);
    struct draft *d = written(f), *back;
    struct draft_remark r[8];
    struct draft_row *rows;
    size_t n;
    int64_t id;
    draft_set(&d->to, STR("Jane <jane@to.example>, joe@to.example"));
    assert_int_equal(draft_queue(&d, f->cache, &cfg, 12345, &id, &err), 0); /* never kept before */
    assert_int_equal(cache_outbox_get(f->cache, a, id, &e, &err), 0);
    e.state = OUTBOX_FAILED;
    e.reason = STR("refused for joe@to.example:\r\nno such user");
    assert_int_equal(e.rcpts_n, 3);
    e.rcpts[0].code = e.rcpts[2].code = 250;
    e.rcpts[1].code = 550;
    assert_int_equal(cache_outbox_update(f->cache, &e, &err), 0);
    assert_int_equal(cache_draft_list(f->cache, a, &rows, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(draft_recall(f->cache, rows[0].id, &back, &err), 0);
    assert_string_equal(back->to, "joe@to.example");
    assert_string_equal(back->bcc, "");
    draft_to_text(back, &text);
    assert_true(
        str_starts(buf_str(&text), "Not-Sent: refused for joe@to.example:  no such user\nFrom: "));
    assert_int_equal(draft_from_text(back, buf_str(&text), &err), 0);
    assert_true(draft_review(back, &cfg, r, 8) > 0);
    assert_false(r[0].fatal);
    assert_int_equal(cache_outbox_get(f->cache, a, id, &e, &err), 1);
    assert_int_equal(draft_queue(&back, f->cache, &cfg, 12345, &id, &err), 0);
    assert_int_equal(cache_outbox_get(f->cache, a, id, &e, &err), 0);
    assert_int_equal(e.rcpts_n, 1);
    buf_clear(&text);
    assert_int_equal(cache_body_read_id(f->cache, e.body, 0, 1 << 20, &text, &err), 0);
    assert_true(str_isearch(buf_str(&text), STR("not-sent")) == text.len);
    assert_int_equal(draft_take_back(f->cache, id, &back, &err), 0); /* before it went */
    assert_string_equal(back->to, "joe@to.example");
    draft_free(&back);
    assert_int_equal(draft_take_back(f->cache, id, &back, &err), 1);
    assert_null(back);
    buf_free(&text);
    arena_free(&a);
}

static void what_cannot_be_sent_stays_a_draft(void **state)
{
    struct fixture *f = *state;
    struct error err;
    int64_t id;
    struct draft *d = written(f);
    draft_set(&d->to, STR("a@b.example\r\nX: y"));
    assert_int_equal(draft_queue(&d, f->cache, &cfg, 0, &id, &err), -1);
    assert_int_equal(err.code, ERR_ADDRESS);
    draft_set(&d->to, STR("a@b.example"));
    draft_set(&d->subject, STR("x\r\nBcc: b@b.example"));
    assert_int_equal(draft_queue(&d, f->cache, &cfg, 0, &id, &err), -1);
    assert_non_null(d);
    draft_set(&d->subject, STR("x"));
    unlink(f->file);
    assert_int_equal(draft_queue(&d, f->cache, &cfg, 0, &id, &err), -1);
    assert_int_equal(err.code, ERR_NOINPUT);
    draft_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_draft_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test(an_edited_header_is_taken_over_or_refused_whole),
        cmocka_unit_test_setup_teardown(an_editor_changes_the_kept_draft, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_back_is_edited_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(review_speaks_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queueing_freezes_bytes_and_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_refused_comes_back_with_its_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_sent_stays_a_draft, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
