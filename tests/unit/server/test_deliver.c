/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include <unistd.h>

#include "base/file.h"
#include "server/deliver.h"
#include "server/limits.h"
#include "server/store.h"

struct world {
    struct server_options options;
    struct store *store;
    struct desk desk;
};

static int setup(void **state)
{
    struct error err;
    struct world *w = xcalloc(1, sizeof *w);
    char *argv[] = { "tmaild", "--accept-any", "--copy-to", "copy", NULL };
    assert_int_equal(options_read(&w->options, 4, argv, &err), 0);
    free(w->options.root);
    w->options.root = file_temp_dir("tmaild-test", &err);
    w->store = store_start(&w->options, NULL, &err);
    assert_non_null(w->store);
    assert_int_equal(desk_open(&w->desk, w->store, &err), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    desk_close(&w->desk);
    store_stop(&w->store);
    file_remove_tree(w->options.root);
    options_free(&w->options);
    free(w);
    return 0;
}

/* Something that is no file lies where the inbox should. */
static void box_break(struct world *w, const char *account)
{
    struct error err;
    char *path = xasprintf("%s/mail/%s/INBOX", w->options.root, account);
    assert_int_equal(file_mkdirs(path, &err), 0);
    free(path);
}

static void box_mend(struct world *w, const char *account)
{
    char *path = xasprintf("%s/mail/%s/INBOX", w->options.root, account);
    assert_int_equal(rmdir(path), 0);
    free(path);
}

static size_t count(struct world *w, const char *account)
{
    struct error err;
    struct mailbox *box = NULL;
    assert_int_equal(desk_mailbox(&w->desk, str_c(account), STR("INBOX"), true, &box, &err), 0);
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STATUS);
    assert_int_equal(mailbox_call(box, w->desk.answers, &j, &err), 0);
    size_t n = (size_t)j->status.messages;
    mailbox_job_free(&j);
    desk_mailbox_done(&w->desk, &box);
    return n;
}

/* A message of so many bytes to names, a blank between, "@" in front of one elsewhere; the codes. */
static int deliver(struct world *w, const char *names, size_t size, bool each, struct buf *codes)
{
    struct error err;
    struct spill message;
    struct deliver_rcpt rcpts[40] = { 0 };
    struct str rest = str_c(names);
    struct str name;
    struct deliver_mail mail = {
        .id = "id", .by = "test", .rcpts = rcpts, .path = 18, .each = each
    };
    spill_init(&message, w->desk.tmp_dir, 4 << 20);
    spill_add(&message, STR("Return-Path: <a>\r\n\r\n"));
    while (spill_size(&message) < size)
        spill_add(&message, STR("some words\r\n"));
    for (; str_word(&rest, &name); mail.n++) {
        rcpts[mail.n].address = xmemdup0(name.p, name.n);
        rcpts[mail.n].account = name.p[0] == '@' ? NULL : xmemdup0(name.p, name.n);
    }
    mail.message = &message;
    mail.sender = STR("a");
    int rc = deliver_do(&w->desk, &w->options, NULL, &mail, &err);
    for (size_t i = 0; i < mail.n; i++) {
        buf_addf(codes, "%s%u", i > 0 ? " " : "", rcpts[i].code);
        free(rcpts[i].address);
        free(rcpts[i].account);
    }
    assert_int_equal(spill_check(&message, &err), 0);
    assert_true(spill_size(&message) >= size);
    spill_clear(&message);
    return rc;
}

#define LARGE (SPILL_MEMORY + 1000)

static const struct {
    const char *broken;
    size_t size;
} rows[] = { { "bad", 100 }, { "worse", LARGE } };

static void all_or_none(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf codes = BUF_INIT(1000), names = BUF_INIT(1000);
        buf_addf(&names, "one two %s three", rows[i].broken);
        box_break(w, rows[i].broken);
        assert_int_equal(deliver(w, buf_c(&names), rows[i].size, false, &codes), -1);
        box_mend(w, rows[i].broken);
        assert_int_equal(count(w, "one") + count(w, "two") + count(w, "three"), 3 * i);
        assert_int_equal(count(w, rows[i].broken), 0);
        assert_int_equal(count(w, "copy"), i);
        buf_clear(&codes);
        assert_int_equal(deliver(w, buf_c(&names), rows[i].size, false, &codes), 0);
        assert_string_equal(buf_c(&codes), "250 250 250 250");
        assert_int_equal(count(w, "one") + count(w, "two") + count(w, "three"), 3 * (i + 1));
        assert_int_equal(count(w, rows[i].broken), 1);
        assert_int_equal(count(w, "copy"), i + 1);
        buf_free(&codes);
        buf_free(&names);
    }
}

static void each_for_itself(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf codes = BUF_INIT(1000), names = BUF_INIT(1000);
        buf_addf(&names, "one %s two @far", rows[i].broken);
        box_break(w, rows[i].broken);
        assert_int_equal(deliver(w, buf_c(&names), rows[i].size, true, &codes), 0);
        assert_string_equal(buf_c(&codes), "250 451 250 451");
        buf_clear(&codes);
        assert_int_equal(deliver(w, rows[i].broken, rows[i].size, true, &codes), -1);
        assert_string_equal(buf_c(&codes), "451");
        box_mend(w, rows[i].broken);
        assert_int_equal(count(w, "one"), i + 1);
        assert_int_equal(count(w, "two"), i + 1);
        assert_int_equal(count(w, rows[i].broken), 0);
        buf_free(&codes);
        buf_free(&names);
    }
}

/* There is no queue in this world. */
static void nobody_keeps_what_cannot_be_queued(void **state)
{
    struct world *w = *state;
    struct buf codes = BUF_INIT(1000);
    assert_int_equal(deliver(w, "one @far two", 100, false, &codes), -1);
    assert_int_equal(deliver(w, "@far", 100, false, &codes), -1);
    assert_int_equal(count(w, "one") + count(w, "two") + count(w, "copy"), 0);
    buf_free(&codes);
}

static void more_than_go_at_once(void **state)
{
    struct world *w = *state;
    struct buf codes = BUF_INIT(1000), names = BUF_INIT(1000);
    for (int i = 0; i < 2 * DELIVER_AT_ONCE + 3; i++)
        buf_addf(&names, "u%d ", i);
    assert_int_equal(deliver(w, buf_c(&names), 100, false, &codes), 0);
    assert_int_equal(count(w, "u0") + count(w, "u15") + count(w, "u16") + count(w, "u34"), 4);
    assert_int_equal(count(w, "copy"), 1);
    buf_free(&codes);
    buf_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_or_none, setup, teardown),
        cmocka_unit_test_setup_teardown(each_for_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_keeps_what_cannot_be_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_go_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
