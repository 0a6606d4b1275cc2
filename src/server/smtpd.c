/* SPDX-License-Identifier: MIT */
#include "server/smtpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/fixup.h"
#include "server/limits.h"
#include "server/sasl.h"
#include "server/section.h"
#include "wire/reply.h"
#include "wire/smtp_cmd.h"
#include "base/banned.h"

enum { DATA_PIECE = 16 << 10 };
enum line_ends { ENDS_UNKNOWN, ENDS_LF, ENDS_CRLF };
enum smtpd_state { STATE_COMMAND, STATE_DATA, STATE_AUTH_PLAIN, STATE_AUTH_USER, STATE_AUTH_PASS };

struct smtpd {
    struct smtpd_setup setup;
    enum line_ends ends;
    enum smtpd_state state;
    struct buf helo, sender, auth_user;
    bool esmtp, authenticated, has_sender, closing, skipping, skipped_cr;
    char **accounts, *first_rcpt;
    size_t accounts_n;
    size_t rcpts_n;
    struct wire_unstuff unstuff;
    struct buf data;
    unsigned errors, tries;
    int delay_ms;
};

static void reply(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                  const char *text)
{
    if (code >= 500 && ++s->errors > SMTP_ERRORS_MAX) {
        wire_reply_put(out, 421, "4.7.0", true, "too many errors, closing connection");
        s->closing = true;
        return;
    }
    wire_reply_put(out, code, enhanced, true, text);
}

static void replyf(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void replyf(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                   const char *fmt, ...)
{
    struct buf text = BUF_INIT(WIRE_REPLY_LINE_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    reply(s, out, code, enhanced, buf_c(&text));
    buf_free(&text);
}

static const char *host(const struct smtpd *s)
{
    return s->setup.options->host;
}

struct smtpd *smtpd_new(const struct smtpd_setup *setup, struct buf *out)
{
    struct smtpd *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    buf_init(&s->helo, SMTP_LINE_MAX);
    buf_init(&s->sender, SMTP_LINE_MAX);
    buf_init(&s->auth_user, SMTP_LINE_MAX);
    buf_init(&s->data, SERVER_HEADER_MAX);
    replyf(s, out, 220, NULL, "%s ESMTP tmaild ready", host(s));
    return s;
}

/* RFC 5321 §4.1.1.5: nothing is left of a transaction. */
static void transaction_clear(struct smtpd *s)
{
    for (size_t i = 0; i < s->accounts_n; i++)
        free(s->accounts[i]);
    free(s->accounts);
    free(s->first_rcpt);
    s->accounts = NULL;
    s->first_rcpt = NULL;
    s->accounts_n = s->rcpts_n = 0;
    s->has_sender = false;
    buf_clear(&s->sender);
    buf_free(&s->data);
    buf_init(&s->data, SERVER_HEADER_MAX);
}

void smtpd_free(struct smtpd **s)
{
    if (*s == NULL)
        return;
    transaction_clear(*s);
    buf_free(&(*s)->helo);
    buf_free(&(*s)->sender);
    buf_free(&(*s)->auth_user);
    buf_free(&(*s)->data);
    free(*s);
    *s = NULL;
}

int smtpd_delay_ms(const struct smtpd *s)
{
    return s->delay_ms;
}

bool smtpd_logged_in(const struct smtpd *s)
{
    return s->authenticated;
}

bool smtpd_secret(const struct smtpd *s)
{
    return s->state != STATE_COMMAND && s->state != STATE_DATA;
}

static bool may_login(const struct smtpd *s)
{
    return s->setup.submission && s->setup.loopback && s->ends == ENDS_CRLF;
}

static void on_helo(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (c->arg.n == 0) {
        reply(s, out, 501, "5.5.4", "your name, please");
        return;
    }
    transaction_clear(s);
    buf_clear(&s->helo);
    buf_add_str(&s->helo, c->arg);
    s->esmtp = c->verb == SMTP_EHLO;
    if (!s->esmtp) {
        replyf(s, out, 250, NULL, "%s Hello %.*s, pleased to meet you", host(s), STR_ARG(c->arg));
        return;
    }
    struct buf text = BUF_INIT(WIRE_REPLY_LINE_MAX);
    buf_addf(&text, "%s Hello %.*s, pleased to meet you", host(s), STR_ARG(c->arg));
    wire_reply_put(out, 250, NULL, false, buf_c(&text));
    buf_clear(&text);
    if (s->ends == ENDS_CRLF)
        wire_reply_put(out, 250, NULL, false, "PIPELINING");
    if (may_login(s))
        wire_reply_put(out, 250, NULL, false, "AUTH PLAIN LOGIN");
    buf_addf(&text, "SIZE %d", (int)SERVER_MESSAGE_MAX);
    wire_reply_put(out, 250, NULL, false, buf_c(&text));
    wire_reply_put(out, 250, NULL, false, "8BITMIME");
    wire_reply_put(out, 250, NULL, false, "HELP");
    wire_reply_put(out, 250, NULL, true, "ENHANCEDSTATUSCODES");
    buf_free(&text);
}

/* Parameters of MAIL (RFC 1870 §6, RFC 6152 §2, RFC 4954 §5). False when one was answered with a
 * refusal. */
static bool mail_params_ok(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    for (size_t i = 0; i < c->params_n; i++) {
        struct str value = c->params[i].value;
        uint64_t size;
        if (str_ieqc(c->params[i].name, "SIZE")) {
            if (str_u64(&value, &size) != 0 || value.n != 0)
                reply(s, out, 501, "5.5.4", "SIZE needs a number");
            else if (size > SERVER_MESSAGE_MAX)
                reply(s, out, 552, "5.3.4", "message too large");
            else
                continue;
            return false;
        }
        if (!str_ieqc(c->params[i].name, "BODY") && !str_ieqc(c->params[i].name, "AUTH")) {
            reply(s, out, 555, "5.5.4", "parameter not known");
            return false;
        }
    }
    return true;
}

/* A name without a domain is one of ours, as people type it. */
static bool addr_ok(const struct smtp_cmd *c)
{
    struct buf whole = BUF_INIT(SMTP_LINE_MAX);
    buf_add_str(&whole, c->arg);
    if (c->domain.n == 0)
        buf_adds(&whole, "@localhost");
    bool ok = c->arg.n > 0 && !whole.over && wire_smtp_addr_ok(buf_str(&whole), true);
    buf_free(&whole);
    return ok;
}

static void on_mail(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (s->helo.len == 0)
        reply(s, out, 503, "5.5.1", "say HELO first");
    else if (s->has_sender)
        reply(s, out, 503, "5.5.1", "sender already given");
    else if (c->arg.n > 0 && !addr_ok(c))
        reply(s, out, 553, "5.1.7", "this sender address cannot be used");
    else if (mail_params_ok(s, c, out)) {
        s->has_sender = true;
        buf_add_str(&s->sender, c->arg);
        replyf(s, out, 250, "2.1.0", "%.*s... Sender ok", STR_ARG(c->arg));
    }
}

static void account_add(struct smtpd *s, const char *name)
{
    s->rcpts_n++;
    for (size_t i = 0; i < s->accounts_n; i++)
        if (str_eq(str_c(s->accounts[i]), str_c(name)))
            return;
    s->accounts = xrealloc(s->accounts, s->accounts_n + 1, sizeof *s->accounts);
    s->accounts[s->accounts_n++] = xstrdup(name);
}

static void rcpt_answer(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct buf account = BUF_INIT(SMTP_LINE_MAX);
    switch (options_rcpt(s->setup.options, c->local, c->domain, &account)) {
    case RCPT_LOCAL:
        account_add(s, buf_c(&account));
        if (s->first_rcpt == NULL)
            s->first_rcpt = xmemdup0(c->arg.p, c->arg.n);
        replyf(s, out, 250, "2.1.5", "%.*s... Recipient ok", STR_ARG(c->arg));
        break;
    case RCPT_UNKNOWN:
        replyf(s, out, 550, "5.1.1", "%.*s... User unknown", STR_ARG(c->arg));
        break;
    case RCPT_BAD_NAME:
        replyf(s, out, 553, "5.1.3", "%.*s... this name cannot be used", STR_ARG(c->arg));
        break;
    case RCPT_ELSEWHERE:
        replyf(s, out, 550, "5.7.1", "%.*s... Relaying denied", STR_ARG(c->arg));
        break;
    }
    buf_free(&account);
}

static void on_rcpt(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (!s->has_sender)
        reply(s, out, 503, "5.5.1", "MAIL first");
    else if (s->rcpts_n >= SMTP_RCPT_MAX)
        reply(s, out, 452, "4.5.3", "too many recipients");
    else if (!addr_ok(c))
        reply(s, out, 553, "5.1.3", "this address cannot be used");
    else if (c->params_n > 0)
        reply(s, out, 555, "5.5.4", "parameter not known");
    else
        rcpt_answer(s, c, out);
}

static void on_data(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (c->arg.n > 0)
        reply(s, out, 501, "5.5.4", "DATA stands alone");
    else if (!s->has_sender)
        reply(s, out, 503, "5.5.1", "MAIL first");
    else if (s->accounts_n == 0)
        reply(s, out, 503, "5.5.1", "RCPT first");
    else {
        reply(s, out, 354, NULL, "Enter mail, end with \".\" on a line by itself");
        s->unstuff = (struct wire_unstuff){ .lenient = s->ends == ENDS_LF };
        s->state = STATE_DATA;
    }
}

static void on_vrfy(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (c->arg.n == 0)
        reply(s, out, 501, "5.5.4", "whom?");
    else
        reply(s, out, 252, "2.5.2", "send some mail, I'll try my best");
}

static void on_help(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)s;
    (void)c;
    static const char *const lines[] = { "This is tmaild. Commands:",
                                         "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT",
                                         "HELP VRFY EXPN VERB AUTH" };
    for (size_t i = 0; i < COUNT(lines); i++)
        wire_reply_put(out, 214, "2.0.0", i + 1 == COUNT(lines), lines[i]);
}

/* ---- AUTH (RFC 4954) ---- */

static void login(struct smtpd *s, struct str name, struct str password, struct buf *out)
{
    s->state = STATE_COMMAND;
    if (s->setup.ops->login(s->setup.ops->arg, name, password, &s->delay_ms)) {
        s->authenticated = true;
        reply(s, out, 235, "2.7.0", "Authentication successful");
        return;
    }
    reply(s, out, 535, "5.7.8", "Authentication failed");
    s->closing = ++s->tries >= SERVER_LOGIN_TRIES;
}

static void login_plain(struct smtpd *s, struct str line, struct buf *out)
{
    struct buf text = BUF_INIT(SMTP_LINE_MAX);
    struct str name;
    struct str password;
    s->state = STATE_COMMAND;
    if (sasl_plain(line, &text, &name, &password) != 0)
        reply(s, out, 501, "5.5.2", "cannot read that");
    else
        login(s, name, password, out);
    buf_wipe(&text);
}

static void auth_line(struct smtpd *s, struct str line, struct buf *out)
{
    struct buf text = BUF_INIT(SMTP_LINE_MAX);
    enum smtpd_state state = s->state;
    s->state = STATE_COMMAND;
    if (str_eqc(line, "*"))
        reply(s, out, 501, "5.7.0", "Authentication cancelled");
    else if (state == STATE_AUTH_PLAIN)
        login_plain(s, line, out);
    else if (sasl_base64(line, &text) != 0 || str_find(buf_str(&text), '\0') < text.len)
        reply(s, out, 501, "5.5.2", "cannot read that");
    else if (state == STATE_AUTH_USER) {
        buf_clear(&s->auth_user);
        buf_add_str(&s->auth_user, buf_str(&text));
        s->state = STATE_AUTH_PASS;
        reply(s, out, 334, NULL, "UGFzc3dvcmQ6");
    } else
        login(s, buf_str(&s->auth_user), buf_str(&text), out);
    buf_wipe(&text);
}

static void on_auth(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    struct str rest = c->arg;
    struct str mechanism = { "", 0 };
    str_word(&rest, &mechanism);
    struct str initial = str_trim(rest);
    if (!s->setup.submission || s->ends != ENDS_CRLF)
        reply(s, out, 503, "5.5.1", "no login here");
    else if (!s->setup.loopback)
        reply(s, out, 538, "5.7.11", "Encryption required");
    else if (!s->esmtp || s->has_sender || s->authenticated)
        reply(s, out, 503, "5.5.1", "not now");
    else if (str_ieqc(mechanism, "PLAIN") && initial.n > 0)
        login_plain(s, initial, out);
    else if (str_ieqc(mechanism, "PLAIN")) {
        s->state = STATE_AUTH_PLAIN;
        wire_reply_put(out, 334, NULL, true, "");
    } else if (str_ieqc(mechanism, "LOGIN")) {
        s->state = STATE_AUTH_USER;
        if (initial.n > 0)
            auth_line(s, initial, out);
        else
            wire_reply_put(out, 334, NULL, true, "VXNlcm5hbWU6");
    } else
        reply(s, out, 504, "5.5.4", "this mechanism is not known");
}

static void command(struct smtpd *s, struct str line, struct buf *out)
{
    struct smtp_cmd c;
    struct error err;
    if (wire_smtp_cmd(line, &c, &err) != 0) {
        reply(s, out, err.sys >= 500 && err.sys < 600 ? (unsigned)err.sys : 500,
              err.sys == 553 ? "5.1.3" : "5.5.2", err.text);
        return;
    }
    switch (c.verb) {
    case SMTP_HELO:
    case SMTP_EHLO:
        on_helo(s, &c, out);
        break;
    case SMTP_MAIL:
        on_mail(s, &c, out);
        break;
    case SMTP_RCPT:
        on_rcpt(s, &c, out);
        break;
    case SMTP_DATA:
        on_data(s, &c, out);
        break;
    case SMTP_RSET:
        transaction_clear(s);
        reply(s, out, 250, "2.0.0", "Reset state");
        break;
    case SMTP_NOOP:
        reply(s, out, 250, "2.0.0", "OK");
        break;
    case SMTP_QUIT:
        replyf(s, out, 221, "2.0.0", "%s closing connection", host(s));
        s->closing = true;
        break;
    case SMTP_HELP:
        on_help(s, &c, out);
        break;
    case SMTP_VRFY:
        on_vrfy(s, &c, out);
        break;
    case SMTP_EXPN:
        reply(s, out, 550, "5.7.0", "there are no lists here");
        break;
    case SMTP_VERB:
        reply(s, out, 250, "2.0.0", "Verbose mode");
        break;
    case SMTP_AUTH:
        on_auth(s, &c, out);
        break;
    case SMTP_LHLO:
    case SMTP_BDAT:
    case SMTP_STARTTLS:
    case SMTP_UNKNOWN:
        reply(s, out, 500, "5.5.1", "Command unrecognized");
        break;
    }
}

/* ---- the message ---- */

static void id_make(int64_t now, char out[32])
{
    static const char letters[] = "0123456789abcdefghijkmnpqrstuvwx";
    unsigned char noise[6];
    size_t n = 0;
    clock_random(noise, sizeof noise);
    for (int shift = 30; shift >= 0; shift -= 5)
        out[n++] = letters[(now >> shift) & 31];
    for (size_t i = 0; i < sizeof noise; i++)
        out[n++] = letters[noise[i] & 31];
    out[n] = '\0';
}

static void deliver(struct smtpd *s, struct buf *out)
{
    struct error err = { 0 };
    char id[32];
    int64_t now = s->setup.ops->now(s->setup.ops->arg);
    struct buf whole = BUF_INIT((size_t)SERVER_MESSAGE_MAX + (1 << 20));
    id_make(now, id);
    struct fixup_env env = { .sender = buf_str(&s->sender),
                             .rcpt = str_c(s->first_rcpt),
                             .rcpts_n = s->rcpts_n,
                             .host = str_c(host(s)),
                             .helo = buf_str(&s->helo),
                             .peer = str_c(s->setup.peer),
                             .id = str_c(id),
                             .with = s->authenticated ? "ESMTPA"
                                     : s->esmtp       ? "ESMTP"
                                                      : "SMTP",
                             .now = now };
    fixup_message(&env, buf_str(&s->data), &whole);
    buf_free(&s->data);
    struct smtpd_mail mail = { .sender = buf_str(&s->sender),
                               .accounts = (const char *const *)s->accounts,
                               .accounts_n = s->accounts_n,
                               .bytes = buf_str(&whole),
                               .now = now };
    if (s->setup.ops->deliver(s->setup.ops->arg, &mail, &err) == 0)
        replyf(s, out, 250, "2.0.0", "%s Message accepted for delivery", id);
    else if (err.sys == ENOSPC || err.sys == EDQUOT)
        reply(s, out, 452, "4.3.1", "no room on the disk, try again later");
    else
        reply(s, out, 451, "4.3.0", "cannot deliver now, try again later");
    buf_free(&whole);
}

static void data_end(struct smtpd *s, struct buf *out)
{
    struct str header;
    struct str body;
    fixup_split(buf_str(&s->data), &header, &body);
    if (s->unstuff.bare) {
        /* SMTP smuggling: whoever sends this wants two servers to see two different messages. */
        reply(s, out, 550, "5.6.0", "bare CR or LF in the message");
        s->closing = true;
    } else if (s->data.over)
        reply(s, out, 552, "5.3.4", "message too large");
    else if (fixup_hops(header) > SMTP_RECEIVED_MAX)
        reply(s, out, 554, "5.4.6", "this mail goes round in circles");
    else
        deliver(s, out);
    transaction_clear(s);
    s->state = STATE_COMMAND;
}

/* Eats message bytes. False when more are needed. */
static bool data_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    /* In pieces, so that the end of the header is seen before more than a header may have is there.
     */
    struct str piece = str_head(*in, DATA_PIECE);
    size_t n = piece.n;
    enum wire_result r = wire_unstuff_next(&s->unstuff, &piece, &s->data);
    *in = str_skip(*in, n - piece.n);
    section_ceiling(&s->data);
    if (r == WIRE_MORE)
        return in->n > 0;
    s->unstuff.bare = s->unstuff.bare || r == WIRE_BAD;
    data_end(s, out);
    return true;
}

/* ---- lines ---- */

/* One line off *in without its end. 0; 1: not there yet; -1: a bare LF or CR in a session of CRLF.
 */
static int line_take(struct smtpd *s, struct str *in, struct str *line)
{
    size_t n = str_find(*in, '\n');
    if (n == in->n)
        return 1;
    *line = str_head(*in, n);
    *in = str_skip(*in, n + 1);
    bool crlf = n > 0 && line->p[n - 1] == '\r';
    if (crlf)
        line->n--;
    if (!crlf && s->ends == ENDS_CRLF)
        return -1;
    s->ends = crlf ? ENDS_CRLF : ENDS_LF;
    bool bare_cr = s->skipped_cr || str_find(*line, '\r') < line->n;
    s->skipped_cr = false;
    return bare_cr && crlf ? -1 : 0;
}

/* The start of a line that is too long already; a CR at its end may belong to the line's. */
static void line_skip(struct smtpd *s, struct str *in)
{
    struct str gone = str_head(*in, in->n - (in->p[in->n - 1] == '\r'));
    s->skipping = true;
    s->skipped_cr = s->skipped_cr || str_find(gone, '\r') < gone.n;
    *in = str_skip(*in, gone.n);
}

static void line_do(struct smtpd *s, struct str line, struct buf *out)
{
    if (s->skipping || line.n > SMTP_LINE_MAX) {
        s->skipping = false;
        reply(s, out, 500, "5.5.6", "Line too long");
    } else if (str_find(line, '\0') < line.n)
        reply(s, out, 500, "5.5.2", "NUL in a command");
    else if (s->state == STATE_COMMAND)
        command(s, line, out);
    else
        auth_line(s, line, out);
}

enum session_step smtpd_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    struct str line;
    s->delay_ms = 0;
    while (!s->closing && s->delay_ms == 0) {
        if (s->state == STATE_DATA) {
            if (in->n == 0 || !data_feed(s, in, out))
                break;
            continue;
        }
        int rc = line_take(s, in, &line);
        if (rc == 1 && in->n > SMTP_LINE_MAX)
            line_skip(s, in);
        if (rc == 1)
            break;
        if (rc == 0)
            line_do(s, line, out);
        else {
            reply(s, out, 500, "5.5.2", "bare CR or LF, closing connection");
            s->closing = true;
        }
    }
    return s->closing ? SESSION_CLOSE : s->delay_ms > 0 ? SESSION_WAIT : SESSION_MORE;
}
