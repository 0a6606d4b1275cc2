/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include "server/maillog.h"

static void check_line(struct log **l, const char *want)
{
    struct buf text = BUF_INIT(1 << 16);
    log_recent(*l, &text);
    struct str line = buf_str(&text);
    line = str_skip(line, str_search(line, STR("] ")) + 2);
    assert_str(line, want);
    buf_free(&text);
    log_close(l);
    *l = log_open(NULL, "t", LOG_INFO, &(struct error){ 0 });
}

static void lines_have_one_form(void **state)
{
    struct log *l = log_open(NULL, "t", LOG_INFO, &(struct error){ 0 });
    (void)state;
    maillog_accepted(l, "1a", STR("a@b"), "192.0.2.1", 5, 2);
    check_line(&l, "mail 1a accepted from=<a@b> by=[192.0.2.1] size=5 rcpts=2\n");
    maillog_accepted(l, "1a", STR(""), "localhost", 0, 1);
    check_line(&l, "mail 1a accepted from=<> by=[localhost] size=0 rcpts=1\n");
    maillog_delivered(l, "1a", STR("c@d"), "c");
    check_line(&l, "mail 1a delivered to=<c@d> account=c\n");
    maillog_queued(l, "1a", 3);
    check_line(&l, "mail 1a queued rcpts=3\n");
    maillog_attempt(l, "1a", MAILLOG_SENT, STR("e@f"), "mx.f", 250, STR("ok then"));
    check_line(&l, "mail 1a sent to=<e@f> via=[mx.f] code=250 said=\"ok then\"\n");
    maillog_attempt(l, "1a", MAILLOG_LATER, STR("e@f"), "", 0, STR(""));
    check_line(&l, "mail 1a later to=<e@f> via=[] code=0 said=\"\"\n");
    maillog_attempt(l, "1a", MAILLOG_FAILED, STR("e@f"), "mx.f", 550, STR("no"));
    check_line(&l, "mail 1a failed to=<e@f> via=[mx.f] code=550 said=\"no\"\n");
    maillog_reported(l, "1a", "1b");
    check_line(&l, "mail 1a reported by=1b\n");
    maillog_done(l, "1a", "removed");
    check_line(&l, "mail 1a done why=removed\n");
    log_close(&l);
}

/* Nothing that a client or a peer says looks like a field of ours. */
static void values_cannot_forge(void **state)
{
    struct log *l = log_open(NULL, "t", LOG_INFO, &(struct error){ 0 });
    (void)state;
    maillog_accepted(l, "1", STR("\"a> by=[x] b\"@c"), "1.2.3.4", 5, 1);
    check_line(&l,
               "mail 1 accepted from=<\\x22a\\x3e\\x20by=[x\\x5d\\x20b\\x22@c> by=[1.2.3.4] size=5 "
               "rcpts=1\n");
    maillog_attempt(l, "1", MAILLOG_LATER, STR("e@f"), "m] code=250", 451,
                    STR("x\" y\r\nmail 2 sent\x7f"));
    check_line(&l, "mail 1 later to=<e@f> via=[m\\x5d\\x20code=250] code=451 "
                   "said=\"x\\x22 y\\x0d\\x0amail 2 sent\\x7f\"\n");
    log_close(&l);
}

static void long_values_are_cut(void **state)
{
    char many[3000];
    struct log *l = log_open(NULL, "t", LOG_INFO, &(struct error){ 0 });
    struct buf text = BUF_INIT(1 << 16);
    (void)state;
    memset(many, '"', sizeof many);
    many[sizeof many - 1] = '\0';
    maillog_accepted(l, "1", (struct str){ many, sizeof many }, "x", 1, 1);
    maillog_attempt(l, "1", MAILLOG_LATER, (struct str){ many, sizeof many },
                    many + sizeof many - 1, 1, (struct str){ many, sizeof many });
    log_recent(l, &text);
    assert_true(str_search(buf_str(&text), STR("\\x22> by=[x] size=1 rcpts=1\n")) < text.len);
    assert_true(str_ends(buf_str(&text), "\\x22\"\n"));
    buf_free(&text);
    log_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_one_form),
        cmocka_unit_test(values_cannot_forge),
        cmocka_unit_test(long_values_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
