/* SPDX-License-Identifier: MIT */
/* Every command in every state: what it is answered with. */
#include "unit/test.h"

#include <stdlib.h>

#include "server/smtpd.h"

enum kind { SMTP, SUBMISSION, FAR_SUBMISSION, LMTP };
struct world {
    struct server_options options;
    struct smtpd_ops ops;
    struct smtpd_setup setup;
    size_t delivered;
    unsigned code; /* of each second recipient */
    struct buf last;
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
    w->delivered += mail->n;
    for (size_t i = 0; i < mail->n; i++)
        mail->rcpts[i].code = i % 2 == 1 ? w->code : 250;
    buf_clear(&w->last);
    buf_addf(&w->last, "%s %u %d %d", mail->envid != NULL ? mail->envid : "-", mail->ret,
             mail->utf8, mail->eight_bit);
    for (size_t i = 0; i < mail->n; i++)
        buf_addf(&w->last, "|%s %s %s %u", mail->rcpts[i].address,
                 mail->rcpts[i].account != NULL ? mail->rcpts[i].account : "-",
                 mail->rcpts[i].orcpt != NULL ? mail->rcpts[i].orcpt : "-", mail->rcpts[i].notify);
    buf_addc(&w->last, '\n');
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

static void world_init(struct world *w, enum kind kind)
{
    char user[] = "xxx:pw", other[] = "yyy:pw";
    char *argv[] = { "tmaild", "--domain", "wxs.nl", "--user", user, "--user", other, NULL };
    struct error err;
    *w = (struct world){ .code = 250 };
    assert_int_equal(options_read(&w->options, 7, argv, &err), 0);
    buf_init(&w->last, 1 << 20);
    w->ops = (struct smtpd_ops){ .rcpt = fake_rcpt,
                                 .rate = fake_rate,
                                 .deliver = fake_deliver,
                                 .refused = fake_refused,
                                 .room = fake_room,
                                 .name = fake_name,
                                 .arg = w };
    w->setup = (struct smtpd_setup){ .options = &w->options,
                                     .ops = &w->ops,
                                     .sasl = { .options = &w->options,
                                               .secret = fake_secret,
                                               .keeps = fake_keeps,
                                               .done = fake_done },
                                     .peer = "127.0.0.1",
                                     .tmp_dir = -1,
                                     .submission = kind == SUBMISSION || kind == FAR_SUBMISSION,
                                     .lmtp = kind == LMTP,
                                     .relays = true,
                                     .loopback = kind != FAR_SUBMISSION };
}

static void world_clear(struct world *w)
{
    options_free(&w->options);
    buf_free(&w->last);
}

/* The codes of all replies to input, in pieces of step bytes; "!" once the session closes. */
static void run(struct world *w, struct str input, size_t step, struct buf *codes)
{
    struct buf out = BUF_INIT(1 << 20);
    struct buf in = BUF_INIT(1 << 20);
    struct smtpd *s = smtpd_new(&w->setup, &out);
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
    if (r == SESSION_CLOSE)
        buf_adds(codes, "!");
    smtpd_free(&s);
    buf_free(&out);
    buf_free(&in);
}

static void codes_are(struct world *w, const char *input, const char *want)
{
    struct str in = str_c(input);
    for (size_t step = 1; step <= in.n; step += step < 16 ? 1 : in.n) {
        struct buf codes = BUF_INIT(1 << 16);
        run(w, in, step, &codes);
        if (strcmp(buf_c(&codes), want) != 0)
            print_error("%s\n", input);
        assert_string_equal(buf_c(&codes), want);
        buf_free(&codes);
    }
}

static const char *const commands[] = {
    "HELO h",
    "EHLO h",
    "LHLO h",
    "MAIL FROM:<a@b.c>",
    "RCPT TO:<xxx@wxs.nl>",
    "DATA",
    "RSET",
    "NOOP",
    "QUIT",
    "HELP",
    "VRFY xxx",
    "EXPN x",
    "VERB",
    "AUTH PLAIN AHh4eABwdw==",
    "BDAT 0",
    "FOO",
    "HELP x",
    "BDAT 0 LAST",
    "MAIL FROM:a",
    "RCPT TO:<n@wxs.nl>",
    "RCPT TO:<a@b.c>",
};
static const struct {
    enum kind kind;
    const char *before, *first; /* what leads to the state and what that is answered with */
    const char *codes;
} states[] = {
    /* HELO EHLO LHLO MAIL RCPT DATA RSET NOOP QUIT HELP VRFY EXPN VERB AUTH BDAT FOO HELP BDAT MAIL
       RCPT RCPT */
    { SMTP, "", "220",
      "250 250 500 503 503 503 250 250 221! 214 252 550 250 503 503 500 504 503 503 503 503" },
    { SMTP, "HELO h\r\n", "220 250",
      "250 250 500 250 503 503 250 250 221! 214 252 550 250 503 503 500 504 503 250 503 503" },
    { SMTP, "EHLO h\r\n", "220 250",
      "250 250 500 250 503 503 250 250 221! 214 252 550 250 235 503 500 504 503 250 503 503" },
    { SMTP, "EHLO h\r\nMAIL FROM:<>\r\n", "220 250 250",
      "250 250 500 503 250 503 250 250 221! 214 252 550 250 503 503 500 504 503 503 550 550" },
    { SMTP, "EHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<xxx@wxs.nl>\r\n", "220 250 250 250",
      "250 250 500 503 250 354 250 250 221! 214 252 550 250 503 250 500 504 250 503 550 550" },
    { SMTP, "EHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<xxx@wxs.nl>\r\nBDAT 3\r\nabc",
      "220 250 250 250 250",
      "250 250 500 503 503 503 250 250 221! 214 252 550 250 503 250 500 504 250 503 503 503" },
    { SUBMISSION, "EHLO h\r\n", "220 250",
      "250 250 500 250 503 503 250 250 221! 214 252 550 250 235 503 500 504 503 250 503 503" },
    { SUBMISSION, "EHLO h\r\nAUTH PLAIN AHh4eABwdw==\r\n", "220 250 235",
      "250 250 500 250 503 503 250 250 221! 214 252 550 250 503 503 500 504 503 250 503 503" },
    { SUBMISSION, "EHLO h\r\nAUTH PLAIN AHh4eABwdw==\r\nMAIL FROM:<>\r\n", "220 250 235 250",
      "250 250 500 503 250 503 250 250 221! 214 252 550 250 503 503 500 504 503 503 550 250" },
    { FAR_SUBMISSION, "EHLO h\r\n", "220 250",
      "250 250 500 530 503 503 250 250 221! 214 252 550 250 538 503 500 504 503 530 503 503" },
    { LMTP, "", "220",
      "500 500 250 503 503 503 250 250 221! 214 252 550 250 503 503 500 504 503 503 503 503" },
    { LMTP, "LHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<xxx@wxs.nl>\r\n", "220 250 250 250",
      "500 500 250 503 250 354 250 250 221! 214 252 550 250 503 250 500 504 250 503 550 550" },
};

static void every_command_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        struct str codes = str_c(states[i].codes);
        for (size_t k = 0; k < COUNT(commands); k++) {
            struct world w;
            struct buf in = BUF_INIT(4096), want = BUF_INIT(4096);
            struct str code;
            world_init(&w, states[i].kind);
            assert_true(str_word(&codes, &code));
            buf_addf(&in, "%s%s\r\n", states[i].before, commands[k]);
            buf_addf(&want, "%s %.*s", states[i].first, STR_ARG(code));
            codes_are(&w, buf_c(&in), buf_c(&want));
            buf_free(&in);
            buf_free(&want);
            world_clear(&w);
        }
        assert_int_equal(codes.n, 0);
    }
}

#define MAIL "EHLO h\r\nMAIL FROM:<a@b.c>"
#define RCPT MAIL "\r\nRCPT TO:<xxx@wxs.nl>"

static void every_parameter(void **state)
{
    static const struct {
        const char *in, *codes;
    } rows[] = {
        { MAIL " SIZE=5\r\n", "220 250 250" },
        { MAIL " SIZE=\r\n", "220 250 501" },
        { MAIL " SIZE=x\r\n", "220 250 501" },
        { MAIL " SIZE=99999999999999999999999\r\n", "220 250 501" },
        { MAIL " SIZE=999999999999\r\n", "220 250 552" },
        { MAIL " SIZE=110000000\r\n", "220 250 452" },
        { MAIL " BODY=7BIT\r\n", "220 250 250" },
        { MAIL " body=8bitmime\r\n", "220 250 250" },
        { MAIL " BODY=BINARYMIME\r\n", "220 250 501" },
        { MAIL " AUTH=<>\r\n", "220 250 250" },
        { MAIL " AUTH=e+3Dmc2@example.com\r\n", "220 250 250" },
        { MAIL " AUTH==\r\n", "220 250 501" },
        { MAIL " SMTPUTF8\r\n", "220 250 250" },
        { MAIL " SMTPUTF8=1\r\n", "220 250 501" },
        { MAIL " RET=FULL ENVID=QQ314159\r\n", "220 250 250" },
        { MAIL " RET=HALF\r\n", "220 250 501" },
        { MAIL " RET=HDRS RET=HDRS\r\n", "220 250 501" },
        { MAIL " ENVID=a=b\r\n", "220 250 501" },
        { MAIL " ENVID=\r\n", "220 250 501" },
        { MAIL " ENVID=a ENVID=a\r\n", "220 250 501" },
        { MAIL " NOTIFY=NEVER\r\n", "220 250 555" },
        { MAIL " FOO\r\n", "220 250 555" },
        { MAIL " ENVID=a FOO\r\nMAIL FROM:<> ENVID=b\r\n", "220 250 555 250" },
        { RCPT " NOTIFY=NEVER\r\n", "220 250 250 250" },
        { RCPT " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@z\r\n", "220 250 250 250" },
        { RCPT " NOTIFY=NEVER,DELAY\r\n", "220 250 250 501" },
        { RCPT " NOTIFY=NEVER NOTIFY=NEVER\r\n", "220 250 250 501" },
        { RCPT " ORCPT=x@y\r\n", "220 250 250 501" },
        { RCPT " ORCPT=rfc822;x+0Ay\r\n", "220 250 250 501" },
        { RCPT " ORCPT=rfc822;x ORCPT=rfc822;x\r\n", "220 250 250 501" },
        { RCPT " SIZE=5\r\n", "220 250 250 555" },
        { "EHLO h\r\nMAIL FROM:<\xC3\xA9@b>\r\n", "220 250 553" },
        { "EHLO h\r\nMAIL FROM:<\xC3\xA9@b> SMTPUTF8\r\n", "220 250 250" },
        { "EHLO h\r\nMAIL FROM:<\xC3@b> SMTPUTF8\r\n", "220 250 553" },
        { MAIL "\r\nRCPT TO:<\xC3\xA9@wxs.nl>\r\n", "220 250 250 553" },
        { MAIL " SMTPUTF8\r\nRCPT TO:<\xC3\xA9@wxs.nl>\r\n", "220 250 250 550" },
        { "EHLO h\r\nMAIL FROM:<;id;>\r\n", "220 250 553" }, /* CVE-2020-7247 */
        { RCPT " ORCPT=utf-8;\xC3\xA9@b\r\n", "220 250 250 501" },
        { "HELP MAIL\r\nHELP starttls\r\nVRFY\r\nEXPN\r\nNOOP x\r\nDATA x\r\n",
          "220 214 214 501 501 250 501" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, SMTP);
        codes_are(&w, rows[i].in, rows[i].codes);
        world_clear(&w);
    }
}

static void what_was_said_is_handed_on(void **state)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        { RCPT "\r\nDATA\r\nx\r\n.\r\n", "- 0 0 0|xxx@wxs.nl xxx - 0\n" },
        { RCPT "\r\nDATA\r\n\xC3\xA9\r\n.\r\n", "- 0 0 1|xxx@wxs.nl xxx - 0\n" },
        { MAIL " BODY=8BITMIME RET=HDRS ENVID=a+2Bb SMTPUTF8\r\n"
               "RCPT TO:<xxx@wxs.nl> NOTIFY=DELAY ORCPT=rfc822;u+2Bv@w\r\n"
               "RCPT TO:<XXX@wxs.nl> NOTIFY=NEVER\r\nRCPT TO:<yyy@wxs.nl>\r\nBDAT 3 LAST\r\nx\r\n",
          "a+2Bb 2 1 1|xxx@wxs.nl xxx rfc822;u+2Bv@w 8|yyy@wxs.nl yyy - 0\n" },
        { MAIL " ENVID=x\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<yyy@wxs.nl>\r\nBDAT 0 LAST\r\n",
          "- 0 0 0|yyy@wxs.nl yyy - 0\n" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        struct buf codes = BUF_INIT(4096);
        world_init(&w, SMTP);
        run(&w, str_c(rows[i].in), 4096, &codes);
        assert_true(str_starts(buf_str(&w.last), rows[i].want));
        buf_free(&codes);
        world_clear(&w);
    }
}

#define BEGUN "220 250 250 250"

static void chunks(void **state)
{
    static const struct {
        const char *in, *codes, *body; /* NULL: nothing is delivered */
    } rows[] = {
        { RCPT "\r\nBDAT 5 LAST\r\nab\r\nc", BEGUN " 250", "\r\n\r\nab\r\nc\r\n" },
        { RCPT "\r\nBDAT 0\r\nBDAT 2\r\na\rBDAT 1\r\n\nBDAT 3 LAST\r\nb\r\nQUIT\r\n",
          BEGUN " 250 250 250 250 221!", "\r\n\r\na\r\nb\r\n" },
        { RCPT "\r\nBDAT 4\r\na\r\n.BDAT 6\r\n.\r\n.\r\nBDAT 0 LAST\r\n", BEGUN " 250 250 250",
          "\r\n\r\na\r\n..\r\n.\r\n" },
        { RCPT "\r\nBDAT 3\r\na\nbBDAT 0 LAST\r\nQUIT\r\n", BEGUN " 250 550!", NULL },
        { RCPT "\r\nBDAT 3 LAST\r\nab\r", BEGUN " 550!", NULL },
        { RCPT "\r\nBDAT 1\r\nxDATA\r\nBDAT 0 LAST\r\n", BEGUN " 250 503 250", "x\r\n" },
        { RCPT "\r\nBDAT 1\r\nxRCPT TO:<yyy@wxs.nl>\r\nBDAT 0 LAST\r\n", BEGUN " 250 503 250",
          "x\r\n" },
        { RCPT "\r\nBDAT 1\r\nxRSET\r\nBDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", BEGUN " 250 250 503 250",
          NULL },
        { "EHLO h\r\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "220 250 503 503 250",
          NULL },
        { MAIL "\r\nRCPT TO:<n@wxs.nl>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
          "220 250 250 550 503 250", NULL },
        { RCPT "\r\nBDAT 6 FIRST\r\nQUIT\r\nNOOP\r\n", BEGUN " 501 250", NULL },
        { RCPT "\r\nBDAT six\r\nQUIT\r\n", BEGUN " 501!", NULL },
        { RCPT "\r\nBDAT\r\nQUIT\r\n", BEGUN " 501!", NULL },
        { RCPT "\r\nBDAT 18446744073709551615 LAST\r\nQUIT\r\n", BEGUN, NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, SMTP);
        codes_are(&w, rows[i].in, rows[i].codes);
        assert_int_equal(w.delivered > 0, rows[i].body != NULL);
        if (rows[i].body != NULL)
            assert_true(str_ends(buf_str(&w.last), rows[i].body));
        world_clear(&w);
    }
}

#define LMTP_BEGUN "LHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<xxx@wxs.nl>\r\nRCPT TO:<n@wxs.nl>\r\n"
#define LMTP_TWO LMTP_BEGUN "RCPT TO:<yyy@wxs.nl>\r\n"

static void lmtp_answers_for_each(void **state)
{
    static const struct {
        const char *in;
        unsigned code;
        const char *codes;
    } rows[] = {
        { LMTP_TWO "DATA\r\nx\r\n.\r\nNOOP\r\n", 250, "220 250 250 250 550 250 354 250 250 250" },
        { LMTP_TWO "DATA\r\nx\r\n.\r\nNOOP\r\n", 452, "220 250 250 250 550 250 354 250 452 250" },
        { LMTP_TWO "BDAT 1\r\nxBDAT 0 LAST\r\n", 451, "220 250 250 250 550 250 250 250 451" },
        { LMTP_TWO "DATA\r\na\nb\r\n.\r\n", 250, "220 250 250 250 550 250 354 550 550!" },
        { LMTP_BEGUN "RCPT TO:<XXX@wxs.nl>\r\nDATA\r\nx\r\n.\r\n", 250,
          "220 250 250 250 550 250 354 250 250" },
        { "LHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<n@wxs.nl>\r\nDATA\r\n", 250, "220 250 250 550 503" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, LMTP);
        w.code = rows[i].code;
        codes_are(&w, rows[i].in, rows[i].codes);
        world_clear(&w);
    }
}

/* Two servers that disagree on where a message ends see two different mails. */
static void smuggled_mail_is_not_delivered(void **state)
{
    static const char *const ends[] = { "\n.\n",   "\n.\r\n", "\r.\r", "\r\n.\n",  "\r.\r\n",
                                        "\r\n.\r", "\n\r.\n", "\n.\r", "\r\r.\r\n" };
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct world w;
        struct buf in = BUF_INIT(4096);
        world_init(&w, SMTP);
        buf_addf(&in,
                 RCPT "\r\nDATA\r\nx%sMAIL FROM:<e@v.il>\r\nRCPT TO:<xxx@wxs.nl>\r\nDATA\r\n"
                      "y\r\n.\r\nQUIT\r\n",
                 ends[i]);
        codes_are(&w, buf_c(&in), BEGUN " 354 550!");
        assert_int_equal(w.delivered, 0);
        buf_free(&in);
        world_clear(&w);
    }
}

static void nobody_relays_unasked(void **state)
{
    static const char *const forms[] = {
        "<a@b.c>",
        "<a%b.c@wxs.nl>",
        "<b.c!a@wxs.nl>",
        "<@wxs.nl:a@b.c>",
        "<@wxs.nl,@x:a@b.c>",
        "<\"a@b.c\"@wxs.nl>",
        "<\"a%b.c\"@wxs.nl>",
        "<a@b.c@wxs.nl>",
        "<a%b.c>",
        "<b.c!a>",
        "<\"a@b.c\">",
        "<a@[192.0.2.1]>",
        "a@b.c",
        "<a@b.c%wxs.nl>",
        "<a@wxs.nl.b.c>",
        "<xxx@wxs.nl@b.c>",
        "<a@wxs.nl.>",
        "<a%b.c%wxs.nl@wxs.nl>",
    };
    static const char *const senders[] = { "<>", "<xxx@wxs.nl>", "<xxx>", "<a@b.c>" };
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++)
        for (size_t k = 0; k < COUNT(senders); k++) {
            struct world w;
            struct buf in = BUF_INIT(4096), codes = BUF_INIT(4096);
            world_init(&w, SMTP);
            buf_addf(&in, "EHLO h\r\nMAIL FROM:%s\r\nRCPT TO:%s\r\nDATA\r\n", senders[k], forms[i]);
            run(&w, buf_str(&in), 4096, &codes);
            assert_true(str_starts(buf_str(&codes), "220 250 250 55"));
            assert_true(str_ends(buf_str(&codes), " 503"));
            buf_free(&in);
            buf_free(&codes);
            world_clear(&w);
        }
}

static void aliases_are_followed(void **state)
{
    static const struct {
        const char *in, *codes, *want;
    } rows[] = {
        { MAIL "\r\nRCPT TO:<team@wxs.nl>\r\nBDAT 1 LAST\r\nx", BEGUN " 250",
          "- 0 0 0|team@wxs.nl xxx - 0|far@b.c - - 0\nReturn-Path: <a@b.c>\r\n"
          "Delivered-To: team@wxs.nl\r\nReceived" },
        { RCPT "\r\nRCPT TO:<team@wxs.nl>\r\nBDAT 1 LAST\r\nx", BEGUN " 250 250",
          "- 0 0 0|xxx@wxs.nl xxx - 0|far@b.c - - 0\nReturn-Path: <a@b.c>\r\nReceived" },
        { MAIL "\r\nRCPT TO:<team@wxs.nl>\r\nDATA\r\nDelivered-To: Team@wxs.nl\r\n\r\nx\r\n.\r\n",
          BEGUN " 354 554", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, SMTP);
        codes_are(&w, rows[i].in, rows[i].codes);
        assert_true(str_starts(buf_str(&w.last), rows[i].want));
        world_clear(&w);
    }
}

static void names_are_told_to_some(void **state)
{
    static const struct {
        bool vrfy, loopback;
        const char *in, *codes;
    } rows[] = {
        { false, false, "VRFY xxx\r\nVRFY n\r\nEXPN team\r\n", "220 252 252 550" },
        { true, false, "VRFY xxx\r\nVRFY <n>\r\nVRFY x@y\r\nVRFY ;\r\n", "220 250 550 252 553" },
        { false, true, "EXPN team\r\nEXPN <xxx@wxs.nl>\r\nEXPN n\r\nEXPN x@y\r\nEXPN <\r\n",
          "220 250 250 550 550 550" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, SMTP);
        w.options.vrfy = rows[i].vrfy;
        w.setup.loopback = rows[i].loopback;
        codes_are(&w, rows[i].in, rows[i].codes);
        world_clear(&w);
    }
}

static void who_may_relay(void **state)
{
    static const struct {
        bool trusted, relays;
        const char *in, *codes;
    } rows[] = {
        { false, true, "EHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\n", "220 250 250 550" },
        { true, true, "EHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\n", "220 250 250 250" },
        { true, false, "EHLO h\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\n", "220 250 250 550" },
        { true, true, "EHLO h\nMAIL FROM:<>\nRCPT TO:<a@b.c>\n", "220 250 250 550" },
        { false, true, "EHLO h\r\nAUTH PLAIN AHh4eABwdw==\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\n",
          "220 250 235 250 250" },
        { false, true, "EHLO h\nAUTH PLAIN AHh4eABwdw==\n", "220 250 503" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_init(&w, SUBMISSION);
        w.setup.trusted = rows[i].trusted;
        w.setup.relays = rows[i].relays;
        codes_are(&w, rows[i].in, rows[i].codes);
        world_clear(&w);
    }
}

static void received_names_the_protocol(void **state)
{
    static const struct {
        enum kind kind;
        const char *in, *with;
    } rows[] = {
        { SMTP, "HELO h\r\nMAIL FROM:<>\r\n", "SMTP" },
        { SMTP, "EHLO h\r\nMAIL FROM:<>\r\n", "ESMTP" },
        { SMTP, "EHLO h\r\nMAIL FROM:<> SMTPUTF8\r\n", "UTF8SMTP" },
        { SUBMISSION, "EHLO h\r\nAUTH PLAIN AHh4eABwdw==\r\nMAIL FROM:<>\r\n", "ESMTPA" },
        { SUBMISSION, "EHLO h\r\nAUTH PLAIN AHh4eABwdw==\r\nMAIL FROM:<> SMTPUTF8\r\n",
          "UTF8SMTPA" },
        { LMTP, "LHLO h\r\nMAIL FROM:<>\r\n", "LMTP" },
        { LMTP, "LHLO h\r\nMAIL FROM:<> SMTPUTF8\r\n", "UTF8LMTP" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        struct buf in = BUF_INIT(4096), codes = BUF_INIT(4096), want = BUF_INIT(100);
        world_init(&w, rows[i].kind);
        buf_addf(&in, "%sRCPT TO:<xxx@wxs.nl>\r\nDATA\r\nx\r\n.\r\n", rows[i].in);
        run(&w, buf_str(&in), 4096, &codes);
        buf_addf(&want, " with %s id ", rows[i].with);
        assert_true(str_search(buf_str(&w.last), buf_str(&want)) < w.last.len);
        buf_free(&in);
        buf_free(&codes);
        buf_free(&want);
        world_clear(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_in_every_state),
        cmocka_unit_test(every_parameter),
        cmocka_unit_test(what_was_said_is_handed_on),
        cmocka_unit_test(chunks),
        cmocka_unit_test(lmtp_answers_for_each),
        cmocka_unit_test(smuggled_mail_is_not_delivered),
        cmocka_unit_test(nobody_relays_unasked),
        cmocka_unit_test(who_may_relay),
        cmocka_unit_test(aliases_are_followed),
        cmocka_unit_test(names_are_told_to_some),
        cmocka_unit_test(received_names_the_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
