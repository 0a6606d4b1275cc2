/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/child.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "mime/seven.h"
#include "sync/attempt.h"
#include "sync/judge.h"
#include "sync/link.h"
#include "wire/smtp_dsn.h"
#include "base/banned.h"

enum {
    SENDMAIL_MS = 120000,
    SENDMAIL_SAYS_MAX = 64 << 10,
    MESSAGE_MAX = 256 << 20,
    SEVEN_MAX = 32 << 20, /* a larger one goes to a server without 8BITMIME as it is */
    PIECE = 256 << 10
};

static bool is_ascii(const char *s)
{
    while (*s > 0)
        s++;
    return *s == 0;
}

/* RFC 3461 §4: of each recipient, the header alone, and what it is about. */
static void receipt_ask(struct attempt *t)
{
    struct buf xtext = BUF_INIT(1000);
    struct str id = t->entry.message_id;
    t->env.ret = SMTP_RET_HDRS;
    wire_xtext_put(&xtext, id.n > 2 && id.p[0] == '<' ? str_head(str_skip(id, 1), id.n - 2) : id);
    t->env.envid = arena_fmt(t->a, "%s", buf_c(&xtext));
    for (size_t i = 0; i < t->env.rcpts_n; i++) {
        struct smtp_rcpt *r = &t->env.rcpts[i];
        r->notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
        if (!is_ascii(r->address)) /* as "rfc822" addresses are */
            continue;
        buf_clear(&xtext);
        wire_xtext_put(&xtext, str_c(r->address));
        r->orcpt = arena_fmt(t->a, "rfc822;%s", buf_c(&xtext));
    }
    buf_free(&xtext);
}

struct attempt *attempt_new(struct round *r, struct arena *a, const struct outbox_entry *e)
{
    struct attempt *t = xcalloc(1, sizeof *t);
    *t = (struct attempt){
        .round = r, .a = a, .entry = *e, .piece = BUF_INIT(PIECE), .seven = BUF_INIT(4 * SEVEN_MAX)
    };
    t->which = arena_array(a, e->rcpts_n + 1, sizeof *t->which);
    size_t n = judge_open(e, t->which);
    t->env = (struct smtp_envelope){
        .sender = arena_fmt(a, "%.*s", STR_ARG(e->sender)),
        .rcpts = arena_array(a, n + 1, sizeof *t->env.rcpts),
        .rcpts_n = n,
        .size = e->size,
        .eight_bit = e->eight_bit,
    };
    for (size_t i = 0; i < n; i++)
        t->env.rcpts[i].address = arena_fmt(a, "%.*s", STR_ARG(e->rcpts[t->which[i]].address));
    if (e->receipt)
        receipt_ask(t);
    return t;
}

void attempt_free(struct attempt **t)
{
    if (*t == NULL)
        return;
    arena_free(&(*t)->a);
    buf_free(&(*t)->piece);
    buf_free(&(*t)->seven);
    free(*t);
    *t = NULL;
}

/* ------------------------------------------------------------------ the bytes */

/* The message is read several times, in smaller pieces than it is packed in. */
int attempt_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct attempt *t = arg;
    uint64_t end = t->piece_at + t->piece.len;
    if (offset >= t->entry.size)
        return 0;
    if (t->piece.len == 0 || offset < t->piece_at || offset >= end) {
        buf_clear(&t->piece);
        t->piece_at = offset / PIECE * PIECE;
        if (cache_body_read_id(t->round->w->cache, t->entry.body, t->piece_at, PIECE, &t->piece,
                               err) < 0) {
            buf_clear(&t->piece);
            return -1;
        }
        end = t->piece_at + t->piece.len;
    }
    if (offset >= end)
        return error_set(err, ERR_STORE, RETRY_NEVER, _("A message's text went away meanwhile"));
    struct str rest = str_skip(buf_str(&t->piece), (size_t)(offset - t->piece_at));
    buf_add_str(out, str_head(rest, want));
    return buf_check(out, err);
}

/* ------------------------------------------------------------------ SMTP */

/* The server where mail is fetched may well take it: only sending stops. */
static void login_was_refused(struct sync_account *w)
{
    if (w->cfg->receive == RECEIVE_NONE)
        account_password_refuse(w);
    else
        w->out_refused = true;
}

/* 0; -1; 1: the server refused the login. */
static int connect_once(struct round *r, struct error *err)
{
    struct sync_account *w = r->w;
    enum net_proto proto = w->cfg->send == SEND_LMTP ? NET_LMTP : NET_SMTP;
    struct net_login login;
    if (w->out_refused)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("login needed: the sending server refused the password"));
    int anonymous = account_login(w, proto, &login, err);
    if (anonymous < 0)
        return -1;
    struct smtp_options o = {
        .endpoint = account_endpoint(w->cfg, proto),
        .login = anonymous ? NULL : &login,
        .cancel = w->cancel,
        .log = w->log,
        .connect_ms = LINK_CONNECT_MS,
        .wait_ms = LINK_SILENCE_MS,
    };
    r->smtp = smtp_open(&o, err);
    if (r->smtp != NULL)
        return 0;
    return err->code == ERR_AUTH && err->retry == RETRY_NEVER ? 1 : -1;
}

static int smtp_connect(struct round *r, struct error *err)
{
    if (r->smtp != NULL && smtp_usable(r->smtp))
        return 0;
    smtp_close(&r->smtp);
    r->served = 0;
    int rc = connect_once(r, err);
    if (rc == 1 && account_token_again(r->w, err))
        rc = connect_once(r, err);
    if (rc == 1)
        login_was_refused(r->w);
    return rc == 0 ? 0 : -1;
}

/* The answer to the message before and the mark of this one are one transaction: there is little
 * between them on the wire. */
static int before_dot(void *arg, struct error *err)
{
    struct attempt *t = arg;
    struct cache *c = t->round->w->cache;
    (void)sys_fault(FAULT_EXIT, "outbox before dot");
    if (cache_begin(c, false, err) != 0)
        return -1;
    if (attempt_write(t->round, err) == 0 &&
        cache_outbox_dot(c, t->entry.id, t->round->boot, err) == 0)
        return cache_commit(c, err);
    cache_rollback(c);
    return -1;
}

static void meanwhile(void *arg)
{
    attempt_copy_prepare(arg);
}

static int whole_read(struct attempt *t, struct buf *out, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    int rc;
    do {
        buf_clear(&piece);
        rc = attempt_read(t, out->len, PIECE, &piece, err);
        buf_add_str(out, buf_str(&piece));
    } while (rc == 0 && piece.len > 0);
    buf_free(&piece);
    return rc == 0 ? buf_check(out, err) : -1;
}

/* RFC 6152 §3: to a server that does not say that it takes eight bits go seven, as far as that can be
 * done; where it cannot, the message goes as it is, as others send it. */
static int seven_make(struct attempt *t, struct error *err)
{
    struct round *r = t->round;
    struct buf raw = BUF_INIT(SEVEN_MAX);
    struct error why = { 0 };
    bool all = false;
    if (!t->env.eight_bit || (smtp_offers(r->smtp) & SMTP_EXT_8BITMIME) || t->seven.len > 0 ||
        t->entry.size > SEVEN_MAX)
        return 0;
    int rc = whole_read(t, &raw, err);
    if (rc == 0 && mime_seven(buf_str(&raw), &t->seven, &all, &why) != 0)
        buf_clear(&t->seven);
    buf_free(&raw);
    if (t->seven.len == 0)
        return rc;
    t->env.size = t->seven.len;
    t->env.eight_bit = !all;
    log_line(r->w->log, LOG_INFO, "%s: outbox %lld: encoded for a server without 8BITMIME",
             r->w->cfg->name, (long long)t->entry.id);
    return rc;
}

static int smtp_bytes(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    struct attempt *t = arg;
    if (t->seven.len == 0)
        return attempt_read(arg, offset, want, out, err);
    if (offset < t->seven.len)
        buf_add_str(out, str_head(str_skip(buf_str(&t->seven), (size_t)offset), want));
    return buf_check(out, err);
}

/* A connection that served others and is closed now has had its share of messages, or grew too old:
 * what certainly was not delivered goes over a new one. */
static enum smtp_outcome by_smtp(struct attempt *t, struct error *why)
{
    struct round *r = t->round;
    struct smtp_body body = { .read = smtp_bytes,
                              .before_dot = before_dot,
                              .meanwhile = meanwhile,
                              .next = t->next != NULL && t->next->env.rcpts_n > 0 ? &t->next->env
                                                                                  : NULL,
                              .arg = t };
    struct error ignored;
    for (;;) {
        error_clear(why);
        if (smtp_connect(r, why) != 0) {
            r->unreachable = *why;
            return SMTP_UNSENT;
        }
        if (seven_make(t, why) != 0)
            return SMTP_UNSENT;
        if (body.next != NULL && seven_make(t->next, &ignored) != 0)
            body.next = NULL;
        if (t->entry.receipt && !(smtp_offers(r->smtp) & SMTP_EXT_DSN))
            log_line(r->w->log, LOG_INFO, "%s: outbox %lld: the server sends no receipts",
                     r->w->cfg->name, (long long)t->entry.id);
        enum smtp_outcome outcome = smtp_send(r->smtp, &t->env, &body, why);
        r->served += outcome == SMTP_SENT;
        if (outcome != SMTP_UNSENT || smtp_usable(r->smtp))
            return outcome;
        if (r->served == 0 || net_cancel_is_set(r->w->cancel)) {
            r->unreachable = *why;
            return SMTP_UNSENT;
        }
        log_line(r->w->log, LOG_INFO, "%s: a new connection after %u messages: %s", r->w->cfg->name,
                 r->served, why->text);
    }
}

/* ------------------------------------------------------------------ the sendmail command */

/* The whole message with the line ends of this system, as such commands expect it. */
static int message_text(struct attempt *t, struct buf *out, struct error *err)
{
    struct buf piece = BUF_INIT(PIECE);
    uint64_t at = 0;
    int rc;
    do {
        buf_clear(&piece);
        rc = attempt_read(t, at, PIECE, &piece, err);
        at += piece.len;
        for (size_t i = 0; i < piece.len; i++) {
            if (piece.data[i] == '\n' && out->len > 0 && out->data[out->len - 1] == '\r')
                buf_truncate(out, out->len - 1);
            buf_addc(out, piece.data[i]);
        }
    } while (rc == 0 && piece.len > 0);
    buf_free(&piece);
    return rc == 0 ? buf_check(out, err) : -1;
}

/* COMMAND -i -f SENDER -- RECIPIENT..., without a shell; the addresses come last and cannot be
 * taken for options. */
static int command_words(struct attempt *t, char ***argv, struct error *err)
{
    struct sync_account *w = t->round->w;
    char **words;
    size_t n = 0;
    if (child_split(t->a, str_c(w->cfg->sendmail_command), &words, err) != 0)
        return -1;
    while (words[n] != NULL)
        n++;
    char **all = arena_array(t->a, n + 5 + t->env.rcpts_n, sizeof *all);
    memcpy(all, words, n * sizeof *all);
    all[n++] = arena_fmt(t->a, "-i");
    all[n++] = arena_fmt(t->a, "-f");
    all[n++] = arena_fmt(t->a, "%s", t->env.sender);
    all[n++] = arena_fmt(t->a, "--");
    for (size_t i = 0; i < t->env.rcpts_n; i++)
        all[n++] = arena_fmt(t->a, "%s", t->env.rcpts[i].address);
    *argv = all;
    return 0;
}

static enum smtp_outcome command_run(struct attempt *t, char *const *argv, struct str text,
                                     struct error *why)
{
    struct buf says = BUF_INIT(SENDMAIL_SAYS_MAX);
    struct child_job job = { .argv = argv, .input = text, .err_fd = -1, .wait_ms = SENDMAIL_MS };
    if (before_dot(t, why) != 0)
        return SMTP_UNSENT;
    int rc = child_job(&job, &says, why);
    buf_free(&says);
    enum smtp_outcome outcome = judge_command(&job);
    for (size_t i = 0; outcome == SMTP_SENT && i < t->env.rcpts_n; i++)
        t->env.rcpts[i].code = 250;
    if (rc == 0 && outcome != SMTP_SENT)
        (void)error_set(why, ERR_SYS, RETRY_LATER,
                        _("the command %s ended before it had read all of the message"), argv[0]);
    return outcome;
}

static enum smtp_outcome by_command(struct attempt *t, struct error *why)
{
    struct buf text = BUF_INIT(MESSAGE_MAX);
    char **argv;
    enum smtp_outcome outcome = SMTP_UNSENT;
    if (message_text(t, &text, why) == 0 && command_words(t, &argv, why) == 0)
        outcome = command_run(t, argv, buf_str(&text), why);
    buf_free(&text);
    return outcome;
}

enum smtp_outcome attempt_send(struct attempt *t, struct error *why)
{
    if (t->env.rcpts_n == 0)
        return SMTP_SENT;
    if (t->round->unreachable.code != ERR_NONE) {
        *why = t->round->unreachable;
        return SMTP_UNSENT;
    }
    switch (t->round->w->cfg->send) {
    case SEND_SMTP:
    case SEND_LMTP:
        return by_smtp(t, why);
    case SEND_SENDMAIL:
        return by_command(t, why);
    case SEND_NONE:
        break;
    }
    (void)error_set(why, ERR_CONFIG, RETRY_NEVER, _("no server to send with is configured"));
    return SMTP_REJECTED;
}
