/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>

#include "server/smtpd.h"

struct world {
    struct server_options options;
    struct smtpd_ops ops;
    unsigned delivered, fail;
    struct buf last;
    bool submission;
};

static void fake_secret(void *arg, struct str name, struct user_secret *out)
{
    (void)arg;
    *out = (struct user_secret){ .known = str_eqc(name, "xxx"),
                                 .has_plain = true,
                                 .by_plain = true,
                                 .account = "xxx",
                                 .plain = "pw" };
}

static enum accounts_keeps fake_keeps(void *arg)
{
    (void)arg;
    return KEEPS_NONE;
}

static void fake_done(void *arg, const char *peer, bool ok, int *delay_ms)
{
    (void)arg;
    (void)peer;
    *delay_ms = ok ? 0 : 7;
}

static enum rcpt_kind fake_rcpt(void *arg, struct str local, struct str domain,
                                struct rcpt_list *out)
{
    struct world *w = arg;
    struct buf account = BUF_INIT(4096);
    enum rcpt_kind kind = options_rcpt(&w->options, local, domain, &account);
    bool team = str_ieqc(local, "team") && kind == RCPT_UNKNOWN;
    if (kind == RCPT_LOCAL || team) {
        out->targets = xcalloc(2, sizeof *out->targets);
        out->targets[out->n++].account = xstrdup(team ? "xxx" : buf_c(&account));
        if (team)
            out->targets[out->n++].address = xstrdup("far@b.c");
    }
    buf_free(&account);
    return team ? RCPT_LOCAL : kind;
}

static int fake_deliver(void *arg, struct deliver_mail *mail, struct error *err)
{
    struct world *w = arg;
    if (w->fail != 0) {
        err->sys = (int)w->fail;
        return -1;
    }
    w->delivered++;
    buf_clear(&w->last);
    return spill_read(mail->message, 0, 1 << 20, &w->last, err);
}

static bool fake_rate(void *arg)
{
    (void)arg;
    return true;
}

static void fake_refused(void *arg, const char *id, struct str sender, struct str to, unsigned code)
{
    (void)arg;
    (void)id;
    (void)sender;
    (void)to;
    (void)code;
}

static bool fake_room(void *arg, uint64_t bytes)
{
    (void)arg;
    return bytes < 100000000;
}

static int64_t fake_name(void *arg, char id[MAILID_MAX])
{
    (void)arg;
    strcpy(id, "m1");
    return 1000000000;
}

static void world_init(struct world *w)
{
    char *argv[] = { "tmaild", "--domain", "wxs.nl", "--user", NULL, NULL };
    struct error err;
    char *user = xstrdup("xxx:pw");
    argv[4] = user;
    *w = (struct world){ 0 };
    assert_int_equal(options_read(&w->options, 5, argv, &err), 0);
    assert_string_equal(user, "xxx:**");
    free(user);
    buf_init(&w->last, 1 << 20);
    w->ops = (struct smtpd_ops){ .rcpt = fake_rcpt,
                                 .rate = fake_rate,
                                 .deliver = fake_deliver,
                                 .refused = fake_refused,
                                 .room = fake_room,
                                 .name = fake_name,
                                 .arg = w };
}

static void world_clear(struct world *w)
{
    options_free(&w->options);
    buf_free(&w->last);
}

/* Runs input in pieces of step bytes; the codes of the last line of each reply, blank separated. */
static void run(struct world *w, struct str input, size_t step, struct buf *codes)
{
    struct smtpd_setup setup = { .options = &w->options,
                                 .ops = &w->ops,
                                 .sasl = { .options = &w->options,
                                           .secret = fake_secret,
                                           .keeps = fake_keeps,
                                           .done = fake_done },
                                 .peer = "127.0.0.1",
                                 .tmp_dir = -1,
                                 .submission = w->submission,
                                 .loopback = true };
    struct buf out = BUF_INIT(1 << 20);
    struct buf in = BUF_INIT(1 << 20);
    struct smtpd *s = smtpd_new(&setup, &out);
    enum session_step r = SESSION_MORE;
    while ((input.n > 0 || r == SESSION_WAIT) && r != SESSION_CLOSE) {
        buf_add_str(&in, str_head(input, step));
        input = str_skip(input, step);
        struct str rest = buf_str(&in);
        r = smtpd_feed(s, &rest, &out);
        buf_consume(&in, in.len - rest.n);
    }
    struct str lines = buf_str(&out);
    struct str line;
    while (str_line(&lines, &line))
        if (line.n > 3 && line.p[3] == ' ')
            buf_addf(codes, "%s%.3s", codes->len > 0 ? " " : "", line.p);
    smtpd_free(&s);
    buf_free(&out);
    buf_free(&in);
}

#define HEAD "helo x\r\nmail from:<a@b.c>\r\nrcpt to:<xxx@wxs.nl>\r\ndata\r\n"
#define HEAD_LF "helo x\nmail from:a@b.c\nrcpt to:xxx@wxs.nl\ndata\n"
#define OK4 "220 250 250 250 354"

static const struct {
    const char *in, *codes;
    unsigned delivered;
} rows[] = {
    { HEAD "hi\r\n.\r\nquit\r\n", OK4 " 250 221", 1 },
    { HEAD_LF "hi\n.\nquit\n", OK4 " 250 221", 1 },
    { HEAD "a\n.\nb\r\n.\r\nquit\r\n", OK4 " 550", 0 },
    { HEAD "a\r.\rb\r\n.\r\nquit\r\n", OK4 " 550", 0 },
    { "mail from:a@b.c\r\n", "220 503", 0 },
    { "helo x\r\nrcpt to:xxx\r\ndata\r\n", "220 250 503 503", 0 },
    { "helo x\r\nmail from:<>\r\nrcpt to:<nobody@wxs.nl>\r\nrcpt to:<a@b.c>\r\ndata\r\n",
      "220 250 250 550 550 503", 0 },
    { "helo x\r\nmail from:<>\r\nrcpt to:<postmaster>\r\n", "220 250 250 250", 0 },
    { "helo x\r\nmail from:a@b\r\nmail from:a@b\r\nrset\r\nmail from:a@b\r\n",
      "220 250 250 503 250 250", 0 },
    { "ehlo x\r\nmail from:<a@b> size=99999999999\r\nmail from:<a@b> size=5 body=8bitmime\r\n",
      "220 250 552 250", 0 },
    { "ehlo x\r\nmail from:<a@b> foo=bar\r\n", "220 250 555", 0 },
    { "ehlo x\r\nauth plain AHh4eABwdw==\r\n", "220 250 235", 0 },
    { "noop\r\nnoop\nnoop\r\n", "220 250 500", 0 },
    { "helo\r\nvrfy x\r\nexpn y\r\nverb\r\nhelp\r\nfoo\r\n", "220 501 252 550 250 214 500", 0 },
};

static void dialogues_hold_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 1; step < 12; step++) {
            struct world w;
            struct buf codes = BUF_INIT(4096);
            world_init(&w);
            run(&w, str_c(rows[i].in), step, &codes);
            assert_string_equal(buf_c(&codes), rows[i].codes);
            assert_int_equal(w.delivered, rows[i].delivered);
            buf_free(&codes);
            world_clear(&w);
        }
}

static void logins(void **state)
{
    static const struct {
        const char *in, *codes;
    } auth[] = {
        { "ehlo x\r\nauth plain AHh4eABwdw==\r\nauth plain AHh4eABwdw==\r\n", "220 250 235 503" },
        { "ehlo x\r\nauth plain\r\nAHh4eABwdw==\r\n", "220 250 334 235" },
        { "ehlo x\r\nauth login\r\neHh4\r\ncHc=\r\n", "220 250 334 334 235" },
        { "ehlo x\r\nauth plain AHh4eAB3cm9uZw==\r\nnoop\r\n", "220 250 535 250" },
        { "ehlo x\r\nauth plain\r\n*\r\n", "220 250 334 501" },
        { "ehlo x\r\nauth plain AA==\r\nauth cram-md5\r\n", "220 250 501 504" },
        { "ehlo x\nauth plain AHh4eABwdw==\n", "220 250 503" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(auth); i++) {
        struct world w;
        struct buf codes = BUF_INIT(4096);
        world_init(&w);
        w.submission = true;
        run(&w, str_c(auth[i].in), 4096, &codes);
        assert_string_equal(buf_c(&codes), auth[i].codes);
        buf_free(&codes);
        world_clear(&w);
    }
}

static void what_cannot_be_delivered_is_not_taken(void **state)
{
    static const struct {
        unsigned fail;
        const char *codes;
    } fails[] = { { ENOSPC, OK4 " 452 250" }, { EIO, OK4 " 451 250" } };
    (void)state;
    for (size_t i = 0; i < COUNT(fails); i++) {
        struct world w;
        struct buf codes = BUF_INIT(4096);
        world_init(&w);
        w.fail = fails[i].fail;
        run(&w, STR(HEAD "x\r\n.\r\nnoop\r\n"), 4096, &codes);
        assert_string_equal(buf_c(&codes), fails[i].codes);
        buf_free(&codes);
        world_clear(&w);
    }
}

static void mail_in_circles_is_refused(void **state)
{
    struct world w;
    struct buf text = BUF_INIT(1 << 16);
    struct buf codes = BUF_INIT(4096);
    (void)state;
    world_init(&w);
    buf_adds(&text, HEAD);
    for (int i = 0; i < 51; i++)
        buf_adds(&text, "Received: x\r\n");
    buf_adds(&text, "\r\nx\r\n.\r\n");
    run(&w, buf_str(&text), 4096, &codes);
    assert_string_equal(buf_c(&codes), OK4 " 554");
    assert_int_equal(w.delivered, 0);
    buf_free(&text);
    buf_free(&codes);
    world_clear(&w);
}

/* Behind 3000 bytes without an end come these; the pieces end at different places of them. */
static void a_line_that_is_too_long_costs_itself_only(void **state)
{
    static const struct {
        const char *tail, *codes;
    } tails[] = {
        { "\r\nnoop\r\n", "220 250 500 250" },
        { "\rx\r\nnoop\r\n", "220 250 500" }, /* a bare CR: closed */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++)
        for (size_t step = 2990; step < 3020; step++) {
            struct world w;
            struct buf codes = BUF_INIT(4096), text = BUF_INIT(8192);
            world_init(&w);
            buf_adds(&text, "helo x\r\n");
            for (int n = 0; n < 3000; n++)
                buf_addc(&text, 'x');
            buf_adds(&text, tails[i].tail);
            run(&w, buf_str(&text), step, &codes);
            assert_string_equal(buf_c(&codes), tails[i].codes);
            buf_free(&codes);
            buf_free(&text);
            world_clear(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialogues_hold_at_every_split),
        cmocka_unit_test(logins),
        cmocka_unit_test(a_line_that_is_too_long_costs_itself_only),
        cmocka_unit_test(what_cannot_be_delivered_is_not_taken),
        cmocka_unit_test(mail_in_circles_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
