/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "server/mailq.h"
#include "server/store.h"

enum { TRIES_MAX = 1000, HOUR = 3600, DAY = 86400 };

/* A queue on a clock that the test moves; who is called later@, never@ or good@ gets what the name
 * says. */
struct lab {
    char *root;
    int dir;
    struct server_options options;
    struct store *store;
    struct vclock *clock;
    struct mailq_ops ops;
    struct mailq *queue;
    struct queue *answers;
    int64_t tried_at[TRIES_MAX]; /* since the beginning */
    size_t tries, rcpts, most_mails;
    char destination[64];
    struct queue *began, *go; /* what a try for slow@ says, and waits for */
};

static void *hands(void *arg, struct net_cancel *cancel, struct error *err)
{
    (void)cancel;
    (void)err;
    return arg;
}

static void no_hands(void **worker)
{
    *worker = NULL;
}

static void answer(struct relay_rcpt *r)
{
    if (str_starts(str_c(r->address), "later"))
        relay_result(r, RELAY_LATER, 450, "4.2.0", "mx.example", "not now");
    else if (str_starts(str_c(r->address), "never"))
        relay_result(r, RELAY_REFUSED, 550, "5.1.1", "mx.example", "nobody");
    else
        relay_result(r, RELAY_SENT, 250, "2.0.0", "mx.example", "taken");
}

static void message_free(struct msg *m)
{
    free(m);
}

static void tell(struct queue *q)
{
    struct msg *m = xcalloc(1, sizeof *m);
    m->drop = message_free;
    queue_put_now(q, m);
}

static void hold(struct lab *l, const struct relay_mail *m)
{
    if (!str_starts(str_c(m->rcpts[0].address), "slow") || m->rcpts[0].skip)
        return;
    tell(l->began);
    msg_drop(queue_take(l->go, -1));
}

/* Its message could not be read. */
static bool nobody_is_meant(const struct relay_mail *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (!m->rcpts[i].skip)
            return false;
    return true;
}

static int attempt(void *worker, const char *destination, struct relay_mail *mails, size_t n,
                   struct error *err)
{
    struct lab *l = worker;
    struct buf bytes = BUF_INIT(4096);
    assert_true(l->tries < TRIES_MAX);
    l->tried_at[l->tries++] = vclock_now(l->clock) - VCLOCK_BEGIN;
    l->most_mails = n > l->most_mails ? n : l->most_mails;
    strncpy(l->destination, destination != NULL ? destination : "(agent)",
            sizeof l->destination - 1);
    for (size_t i = 0; i < n; i++) {
        if (nobody_is_meant(&mails[i]))
            continue;
        assert_int_equal(mails[i].read(mails[i].arg, 0, 4096, &bytes, err), 0);
        assert_int_equal(bytes.len, mails[i].size);
        buf_clear(&bytes);
        hold(l, &mails[i]);
        for (size_t k = 0; k < mails[i].n; k++)
            if (!mails[i].rcpts[k].skip) {
                l->rcpts++;
                answer(&mails[i].rcpts[k]);
            }
    }
    buf_free(&bytes);
    return 0;
}

static void queue_begin(struct lab *l)
{
    struct error err;
    struct mailq_setup setup = {
        .options = &l->options, .store = l->store, .clock = l->clock, .ops = &l->ops, .root = l->dir
    };
    l->queue = mailq_start(&setup, &err);
    assert_non_null(l->queue);
}

static int lab_open_with(void **state, const char *option, const char *value)
{
    struct error err;
    struct lab *l = xcalloc(1, sizeof *l);
    l->root = file_temp_dir("mailq", &err);
    char user[] = "jane:pw";
    char *argv[] = { "tmaild",
                     "--root",
                     l->root,
                     "--domain",
                     "example.org",
                     "--user",
                     user,
                     "--virtual-clock",
                     (char *)(uintptr_t)option,
                     (char *)(uintptr_t)value,
                     NULL };
    assert_int_equal(options_read(&l->options, option != NULL ? 10 : 8, argv, &err), 0);
    l->dir = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l->store = store_start(&l->options, NULL, &err);
    l->clock = vclock_new(true);
    l->ops = (struct mailq_ops){ .open = hands, .close = no_hands, .attempt = attempt, .arg = l };
    l->answers = queue_new(1, &err);
    l->began = queue_new(10, &err);
    l->go = queue_new(10, &err);
    store_lend(l->store, l->clock, NULL);
    queue_begin(l);
    *state = l;
    return 0;
}

static int lab_open(void **state)
{
    return lab_open_with(state, NULL, NULL);
}

static int lab_open_backoff(void **state)
{
    return lab_open_with(state, "--backoff", "2");
}

static int lab_open_slow(void **state)
{
    return lab_open_with(state, "--retry", "6h");
}

static int lab_open_agent(void **state)
{
    return lab_open_with(state, "--agent", "command:/bin/true");
}

static int lab_close(void **state)
{
    struct lab *l = *state;
    mailq_stop(&l->queue);
    store_stop(&l->store);
    vclock_free(&l->clock);
    queue_free(&l->answers);
    queue_free(&l->began);
    queue_free(&l->go);
    close(l->dir);
    file_remove_tree(l->root);
    options_free(&l->options);
    free(l->root);
    free(l);
    return 0;
}

struct to {
    const char *address, *account;
    unsigned notify;
};

/* "queue list" and its like; the answer is in out. */
static int command(struct lab *l, const char *name, const char *word, struct buf *out)
{
    struct error err;
    struct str words[1] = { str_c(word) };
    for (const struct control_command *c = mailq_commands; c->run != NULL; c++)
        if (str_eq(str_c(c->name), str_c(name)))
            return c->run(l->queue, words, word != NULL, out, &err);
    fail();
    return -1;
}

static void advance(struct lab *l, const char *by)
{
    struct buf out = BUF_INIT(4096);
    assert_int_equal(command(l, "clock advance", by, &out), 0);
    buf_free(&out);
}

static void accept_only(struct lab *l, const char *id, const char *sender, const struct to *to,
                        size_t n)
{
    struct error err;
    struct spill message;
    struct spool_env env = { .sender = xstrdup(sender), .ret = SMTP_RET_FULL };
    strcpy(env.id, id);
    spill_init(&message, l->dir, 1 << 20);
    spill_add(&message, STR("Subject: the original\r\n\r\nits text\r\n"));
    env.size = spill_size(&message);
    for (size_t i = 0; i < n; i++)
        spool_env_add(&env, to[i].address, to[i].account, NULL, to[i].notify);
    assert_int_equal(mailq_accept(l->queue, l->answers, &env, &message, &err), 0);
    spill_clear(&message);
    spool_env_clear(&env);
}

/* Queued, and its first try over. */
static void queue(struct lab *l, const char *id, const char *sender, const struct to *to, size_t n)
{
    accept_only(l, id, sender, to, n);
    advance(l, "0s");
}

static size_t listed(struct lab *l)
{
    struct buf out = BUF_INIT(1 << 20);
    size_t lines = 0;
    assert_int_equal(command(l, "queue list", "--json", &out), 0);
    for (size_t i = 0; i < out.len; i++)
        lines += out.data[i] == '\n';
    buf_free(&out);
    return lines;
}

/* How often something stands in jane's inbox. */
static size_t told(const struct lab *l, const char *what)
{
    struct error err;
    struct buf text = BUF_INIT(1 << 20);
    char *path = xasprintf("%s/mail/jane/INBOX", l->root);
    size_t n = 0;
    if (access(path, F_OK) == 0)
        assert_int_equal(file_read(path, &text, &err), 0);
    for (struct str s = buf_str(&text); str_search(s, str_c(what)) < s.n; n++)
        s = str_skip(s, str_search(s, str_c(what)) + 1);
    free(path);
    buf_free(&text);
    return n;
}

#define ONE(address)                                                                               \
    (struct to[])                                                                                  \
    {                                                                                              \
        {                                                                                          \
            address, NULL, 0                                                                       \
        }                                                                                          \
    }

static void what_is_taken_is_gone(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("good@Elsewhere.Example"), 1);
    assert_int_equal(l->tries, 1);
    assert_string_equal(l->destination, "elsewhere.example");
    assert_int_equal(listed(l), 0);
    assert_int_equal(told(l, "Subject:"), 0);
}

static void what_is_refused_comes_back(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("never@b.example"), 1);
    assert_int_equal(listed(l), 0);
    assert_int_equal(told(l, "Action: failed"), 1);
    assert_int_equal(told(l, "Status: 5.1.1"), 1);
    assert_int_equal(told(l, "Diagnostic-Code: smtp; 550 nobody"), 1);
    assert_int_equal(told(l, "its text"), 1);
    assert_int_equal(told(l, "Return-Path: <>"), 1);
}

static void every_quarter_of_an_hour(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    advance(l, "3h");
    assert_int_equal(l->tries, 13);
    for (size_t i = 0; i < l->tries; i++)
        assert_int_equal(l->tried_at[i], (int)i * 15 * 60);
    assert_int_equal(told(l, "Action: delayed"), 0);
    advance(l, "1h");
    assert_int_equal(told(l, "Action: delayed"), 1);
    assert_int_equal(told(l, "Will-Retry-Until: Tue, 6 Jan 2026 00:00:00 +0000"), 1);
    advance(l, "4d");
    assert_int_equal(told(l, "Action: delayed"), 1);
    assert_int_equal(listed(l), 1);
    advance(l, "1d");
    assert_int_equal(listed(l), 0);
    assert_int_equal(told(l, "Action: failed"), 1);
    assert_int_equal(l->tries, 5 * 96 + 1);
    assert_int_equal(l->tried_at[l->tries - 1], 5 * DAY);
}

/* Each wait twice the one before, but for the times at which the sender is to be told something. */
static void the_waits_grow(void **state)
{
    static const int at[] = { 0, 900, 2700, 6300, 13500, 4 * HOUR };
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    advance(l, "4h");
    assert_int_equal(l->tries, COUNT(at));
    for (size_t i = 0; i < COUNT(at); i++)
        assert_int_equal(l->tried_at[i], at[i]);
    advance(l, "5d");
    assert_int_equal(listed(l), 0);
    assert_int_equal(l->tried_at[l->tries - 1], 5 * DAY);
}

static void each_recipient_has_a_fate(void **state)
{
    static const struct to to[] = { { "good@a.example", NULL, 0 },
                                    { "later@a.example", NULL, 0 },
                                    { "never@b.example", NULL, 0 },
                                    { "good@b.example", NULL, 0 } };
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", to, COUNT(to));
    assert_int_equal(l->tries, 2); /* two destinations */
    assert_int_equal(l->rcpts, 4);
    assert_int_equal(told(l, "Final-Recipient: rfc822; never@b.example"), 1);
    assert_int_equal(told(l, "good@"), 0);
    advance(l, "15m");
    assert_int_equal(l->rcpts, 5); /* the one that waits, and no other */
    assert_int_equal(told(l, "Final-Recipient: rfc822; never@b.example"), 1);
}

static void a_report_is_never_reported(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "", ONE("never@b.example"), 1);
    queue(l, "m2", "", ONE("later@b.example"), 1);
    advance(l, "6d");
    assert_int_equal(listed(l), 0);
    assert_int_equal(told(l, "Subject:"), 0);
}

/* The report goes out by the queue, is refused, and that is the end of it. */
static void a_report_to_elsewhere_is_mail(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "never@c.example", ONE("never@b.example"), 1);
    assert_int_equal(listed(l), 0);
    assert_int_equal(l->tries, 2);
    assert_string_equal(l->destination, "c.example");
    queue(l, "m2", "later@c.example", ONE("never@b.example"), 1);
    assert_int_equal(listed(l), 1);
}

/* The sender is an alias: everybody behind it is told, once. */
static void all_behind_an_alias_are_told(void **state)
{
    struct lab *l = *state;
    struct error err;
    char *path = xasprintf("%s/aliases", l->root);
    assert_int_equal(
        file_replace(path, STR("team: jane, good@x.example, good@y.example\n"), 0600, &err), 0);
    free(path);
    assert_int_equal(store_reload(l->store, &l->options, &err), 0);
    queue(l, "m1", "team@example.org", ONE("never@b.example"), 1);
    advance(l, "1h");
    assert_int_equal(told(l, "Action: failed"), 1);
    assert_int_equal(l->tries, 3); /* the mail, and the report to two others */
    assert_int_equal(listed(l), 0);
}

static void what_the_sender_wants_to_hear(void **state)
{
    static const struct {
        struct to to;
        size_t failed, delayed, relayed;
    } rows[] = {
        { { "good@b.example", NULL, SMTP_NOTIFY_SUCCESS }, 0, 0, 1 },
        { { "good@b.example", NULL, SMTP_NOTIFY_FAILURE }, 0, 0, 0 },
        { { "never@b.example", NULL, SMTP_NOTIFY_NEVER }, 0, 0, 0 },
        { { "never@b.example", NULL, SMTP_NOTIFY_SUCCESS }, 0, 0, 0 },
        { { "later@b.example", NULL, SMTP_NOTIFY_DELAY }, 0, 1, 0 },
        { { "later@b.example", NULL, SMTP_NOTIFY_FAILURE }, 1, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        void *lab;
        lab_open_slow(&lab);
        struct lab *l = lab;
        queue(l, "m1", "jane@example.org", &rows[i].to, 1);
        advance(l, "6d");
        assert_int_equal(told(l, "Action: failed"), rows[i].failed);
        assert_int_equal(told(l, "Action: delayed"), rows[i].delayed);
        assert_int_equal(told(l, "Action: relayed"), rows[i].relayed);
        assert_int_equal(listed(l), 0);
        lab_close(&lab);
    }
}

static void accounts_go_to_the_agent(void **state)
{
    static const struct to to[] = { { "jane@example.org", "jane", SMTP_NOTIFY_SUCCESS } };
    struct lab *l = *state;
    queue(l, "m1", "good@b.example", to, 1);
    assert_int_equal(l->tries, 2); /* the mail to the agent, the report to b.example */
    assert_string_equal(l->destination, "b.example");
    assert_int_equal(listed(l), 0);
}

static void flushed_and_removed(void **state)
{
    struct lab *l = *state;
    struct buf out = BUF_INIT(4096);
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    queue(l, "m2", "jane@example.org", ONE("later@c.example"), 1);
    assert_int_equal(l->tries, 2);
    assert_int_equal(command(l, "queue flush", "m1", &out), 0);
    advance(l, "0s");
    assert_int_equal(l->tries, 3);
    assert_int_equal(command(l, "queue flush", NULL, &out), 0);
    advance(l, "0s");
    assert_int_equal(l->tries, 5);
    assert_int_equal(command(l, "queue flush", "m3", &out), -1);
    assert_int_equal(command(l, "queue remove", "m3", &out), -1);
    assert_int_equal(command(l, "queue remove", NULL, &out), -1);
    assert_int_equal(command(l, "queue remove", "m1", &out), 0);
    assert_int_equal(listed(l), 1);
    assert_int_equal(command(l, "clock advance", "soon", &out), -1);
    buf_free(&out);
}

static void a_restart_goes_on(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    advance(l, "1h");
    assert_int_equal(l->tries, 5);
    mailq_stop(&l->queue);
    queue_begin(l);
    assert_int_equal(listed(l), 1);
    advance(l, "15m");
    assert_int_equal(l->tries, 6);
    advance(l, "5d");
    assert_int_equal(told(l, "Action: failed"), 1);
    assert_int_equal(told(l, "Action: delayed"), 1);
}

/* One under way ends, what it waits for elsewhere is not tried any more. */
static void removed_while_it_is_tried(void **state)
{
    static const struct to to[] = { { "slow@a.example", NULL, 0 }, { "good@b.example", NULL, 0 } };
    struct lab *l = *state;
    struct buf out = BUF_INIT(4096);
    accept_only(l, "m1", "jane@example.org", to, COUNT(to));
    msg_drop(queue_take(l->began, -1));
    assert_int_equal(command(l, "queue remove", "m1", &out), 0);
    assert_int_equal(listed(l), 1);
    tell(l->go);
    advance(l, "0s");
    assert_int_equal(listed(l), 0);
    assert_int_equal(l->tries, 1);
    buf_free(&out);
}

/* The one that holds us up must not be sent again, and the other is not forgotten. */
static void a_stop_in_the_middle(void **state)
{
    static const struct to to[] = { { "slow@a.example", NULL, 0 }, { "good@b.example", NULL, 0 } };
    struct lab *l = *state;
    struct buf out = BUF_INIT(4096);
    accept_only(l, "m1", "jane@example.org", to, COUNT(to));
    msg_drop(queue_take(l->began, -1));
    mailq_quit(l->queue);
    assert_int_equal(command(l, "clock advance", "1h", &out), -1);
    tell(l->go);
    mailq_stop(&l->queue);
    assert_int_equal(l->tries, 1);
    queue_begin(l);
    advance(l, "0s");
    assert_int_equal(l->tries, 2);
    assert_string_equal(l->destination, "b.example");
    assert_int_equal(listed(l), 0);
    buf_free(&out);
}

static void who_asks_too_late_is_answered(void **state)
{
    struct lab *l = *state;
    struct error err;
    struct buf out = BUF_INIT(4096);
    struct spill message;
    struct spool_env env = { .id = "m1", .sender = (char *)(uintptr_t) "" };
    mailq_quit(l->queue);
    spill_init(&message, l->dir, 1 << 20);
    spool_env_add(&env, "good@a.example", NULL, NULL, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(command(l, "queue list", NULL, &out), -1);
        assert_int_equal(mailq_accept(l->queue, l->answers, &env, &message, &err), -1);
        assert_int_equal(err.code, ERR_CANCELLED);
    }
    free(env.rcpts[0].address);
    free(env.rcpts);
    spill_clear(&message);
    buf_free(&out);
}

/* Somebody removed the message's file: its sender is told all the same, and the queue runs empty. */
static void a_message_that_is_lost(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    assert_int_equal(unlinkat(l->dir, "queue/m1.msg", 0), 0);
    advance(l, "5d");
    assert_int_equal(listed(l), 0);
    assert_int_equal(told(l, "Action: failed"), 1);
    assert_int_equal(told(l, "its text"), 0);
    assert_int_equal(l->tries, 22); /* one at the time of the warning */
}

/* No more than limits.queue; what was refused leaves nothing behind. */
static void no_more_than_there_is_room_for(void **state)
{
    struct lab *l = *state;
    struct error err;
    struct spill message;
    struct spool_env env = { .id = "m2", .sender = (char *)(uintptr_t) "" };
    l->options.limits.queue = 1;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    spill_init(&message, l->dir, 1 << 20);
    spool_env_add(&env, "good@a.example", NULL, NULL, 0);
    assert_int_equal(mailq_accept(l->queue, l->answers, &env, &message, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(faccessat(l->dir, "queue/m2.msg", F_OK, 0), -1);
    free(env.rcpts[0].address);
    free(env.rcpts);
    spill_clear(&message);
}

/* A limit that was lowered keeps new mail out, and nothing that was accepted back. */
static void a_lower_limit_strands_nothing(void **state)
{
    struct lab *l = *state;
    queue(l, "m1", "jane@example.org", ONE("later@b.example"), 1);
    queue(l, "m2", "jane@example.org", ONE("later@b.example"), 1);
    mailq_stop(&l->queue);
    l->options.limits.queue = 1;
    queue_begin(l);
    assert_int_equal(listed(l), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_open, lab_close)
    const struct CMUnitTest tests[] = {
        TEST(what_is_taken_is_gone),
        TEST(what_is_refused_comes_back),
        TEST(every_quarter_of_an_hour),
        cmocka_unit_test_setup_teardown(the_waits_grow, lab_open_backoff, lab_close),
        TEST(each_recipient_has_a_fate),
        TEST(a_report_is_never_reported),
        TEST(a_report_to_elsewhere_is_mail),
        TEST(all_behind_an_alias_are_told),
        cmocka_unit_test(what_the_sender_wants_to_hear),
        cmocka_unit_test_setup_teardown(accounts_go_to_the_agent, lab_open_agent, lab_close),
        TEST(flushed_and_removed),
        TEST(a_restart_goes_on),
        TEST(removed_while_it_is_tried),
        TEST(a_stop_in_the_middle),
        TEST(who_asks_too_late_is_answered),
        cmocka_unit_test_setup_teardown(a_message_that_is_lost, lab_open_slow, lab_close),
        TEST(no_more_than_there_is_room_for),
        TEST(a_lower_limit_strands_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
