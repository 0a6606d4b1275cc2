/* SPDX-License-Identifier: MIT */
/* Whole sessions of tmaild's SMTP: any split gives the same answers and the same mail. */
#include "fuzz.h"

#include <stdlib.h>

#include "server/smtpd.h"
#include "base/banned.h"

struct world {
    struct server_options options;
    struct smtpd *session;
    struct buf kept, out, mail;
    enum session_step step;
};

static void fake_secret(void *arg, struct str name, struct user_secret *out)
{
    (void)arg;
    *out = (struct user_secret){
        .known = str_eqc(name, "xxx"), .has_plain = true, .by_plain = true, .plain = "pw"
    };
    if (out->known)
        memcpy(out->account, "xxx", 4);
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
    (void)ok;
    *delay_ms = 0;
}

static enum rcpt_kind rcpt(void *arg, struct str local, struct str domain, struct rcpt_list *out)
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

/* Refuses what has a dot too many, so that refusals are seen too. */
static int deliver(void *arg, struct deliver_mail *mail, struct error *err)
{
    struct world *w = arg;
    struct str bytes;
    FUZZ_CHECK(mail->n > 0);
    FUZZ_CHECK(spill_view(mail->message, &bytes));
    for (size_t i = 0; i < bytes.n; i++)
        FUZZ_CHECK(bytes.p[i] != '\n' || (i > 0 && bytes.p[i - 1] == '\r'));
    FUZZ_CHECK(str_starts(bytes, "Return-Path: <") &&
               str_ends(str_head(bytes, mail->path), ">\r\n"));
    buf_addf(&w->mail, "[%zu to ", mail->n);
    for (size_t i = 0; i < mail->n; i++)
        buf_addf(&w->mail, "%s %s %u ", mail->rcpts[i].address,
                 mail->rcpts[i].orcpt != NULL ? mail->rcpts[i].orcpt : "-", mail->rcpts[i].notify);
    buf_add_str(&w->mail, mail->sender);
    buf_addf(&w->mail, " %s %u %d %d ", mail->envid != NULL ? mail->envid : "-", mail->ret,
             mail->utf8, mail->eight_bit);
    buf_add_str(&w->mail, bytes);
    buf_addc(&w->mail, ']');
    if (str_search(bytes, STR("refuse me")) == bytes.n)
        return 0;
    return error_set(err, ERR_LIMIT, RETRY_LATER, "no room");
}

static bool rate(void *arg)
{
    (void)arg;
    return true;
}

static void refused(void *arg, const char *id, struct str sender, struct str to, unsigned code)
{
    (void)arg;
    (void)id;
    (void)sender;
    (void)to;
    (void)code;
}

static bool room(void *arg, uint64_t bytes)
{
    (void)arg;
    return bytes < 100000000;
}

static int64_t name(void *arg, char id[MAILID_MAX])
{
    (void)arg;
    memcpy(id, "m1", 3);
    return 1000000000;
}

static void feed(void *arg, struct str piece)
{
    struct world *w = arg;
    buf_add_str(&w->kept, piece);
    do {
        struct str in = buf_str(&w->kept);
        if (w->step != SESSION_CLOSE)
            w->step = smtpd_feed(w->session, &in, &w->out);
        buf_consume(&w->kept, w->kept.len - in.n);
    } while (w->step == SESSION_WAIT);
}

/* The queue's ids are random behind the time: they are all made the same. */
static void without_chance(struct str s, struct buf *out)
{
    struct str id = STR("0vrmig0");
    for (size_t n; (n = str_search(s, id)) < s.n;) {
        buf_add_str(out, str_head(s, n));
        for (s = str_skip(s, n); s.n > 0 && ascii_is_alnum(s.p[0]);)
            s = str_skip(s, 1);
    }
    buf_add_str(out, s);
}

static void session(struct str in, unsigned choice, enum fuzz_split split, struct buf *all)
{
    char user[] = "xxx:pw";
    char *argv[] = { "tmaild", "--domain", "wxs.nl", "--user", user, NULL };
    struct error err;
    struct world w = { .kept = BUF_INIT(1 << 20),
                       .out = BUF_INIT(1 << 22),
                       .mail = BUF_INIT(1 << 22) };
    struct smtpd_ops ops = { .rcpt = rcpt,
                             .rate = rate,
                             .deliver = deliver,
                             .refused = refused,
                             .room = room,
                             .name = name,
                             .arg = &w };
    FUZZ_CHECK(options_read(&w.options, 5, argv, &err) == 0);
    w.options.vrfy = (choice & 16) != 0;
    /* Nothing that has a challenge of chance is offered then. */
    struct server_options any = { .accept_any = true };
    struct smtpd_setup setup = {
        .options = &w.options,
        .ops = &ops,
        .sasl = { .options = &any, .secret = fake_secret, .keeps = fake_keeps, .done = fake_done },
        .peer = "127.0.0.1",
        .tmp_dir = -1,
        .submission = (choice & 1) != 0,
        .lmtp = (choice & 4) != 0,
        .relays = true,
        .trusted = (choice & 8) != 0,
        .loopback = (choice & 2) == 0
    };
    w.session = smtpd_new(&setup, &w.out);
    fuzz_feed(in, split, feed, &w);
    without_chance(buf_str(&w.out), all);
    without_chance(buf_str(&w.mail), all);
    smtpd_free(&w.session);
    options_free(&w.options);
    buf_free(&w.kept);
    buf_free(&w.out);
    buf_free(&w.mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    unsigned choice = fuzz_choice(&in);
    struct buf whole = BUF_INIT(1 << 23), cut = BUF_INIT(1 << 23);
    session(in, choice, FUZZ_WHOLE, &whole);
    session(in, choice, FUZZ_CUT, &cut);
    fuzz_same(buf_str(&whole), buf_str(&cut));
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
