/* SPDX-License-Identifier: MIT */
#include "server/smtpd_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/limits.h"
#include "base/banned.h"

void smtpd_reply(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                 const char *text)
{
    if (code >= 500 && ++s->errors > s->setup.options->limits.errors) {
        wire_reply_put(out, 421, "4.7.0", true, "too many errors, closing connection");
        s->closing = true;
        return;
    }
    wire_reply_put(out, code, enhanced, true, text);
}

void smtpd_replyf(struct smtpd *s, struct buf *out, unsigned code, const char *enhanced,
                  const char *fmt, ...)
{
    struct buf text = BUF_INIT(WIRE_REPLY_LINE_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    smtpd_reply(s, out, code, enhanced, buf_c(&text));
    buf_free(&text);
}

static const char *host(const struct smtpd *s)
{
    return s->setup.options->host;
}

static void mail_init(struct smtpd *s)
{
    s->mail = (struct smtpd_mail){ .sender = BUF_INIT(SMTP_LINE_MAX) };
}

struct smtpd *smtpd_new(const struct smtpd_setup *setup, struct buf *out)
{
    struct smtpd *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    s->secure = setup->secure;
    buf_init(&s->helo, SMTP_LINE_MAX);
    buf_init(&s->tls, SMTP_LINE_MAX);
    buf_init(&s->account, SMTP_LINE_MAX);
    s->sasl = sasl_new(&s->setup.sasl);
    mail_init(s);
    smtpd_replyf(s, out, 220, NULL, "%s %s tmaild ready", host(s),
                 s->setup.lmtp ? "LMTP" : "ESMTP");
    return s;
}

void smtpd_mail_clear(struct smtpd *s)
{
    struct smtpd_mail *m = &s->mail;
    for (size_t i = 0; i < m->rcpts_n; i++) {
        free(m->rcpts[i].address);
        free(m->rcpts[i].account);
        free(m->rcpts[i].orcpt);
    }
    free(m->rcpts);
    free(m->told);
    free(m->envid);
    free(m->first_rcpt);
    free(m->forward);
    fixup_clear(&m->fixup);
    spill_clear(&m->spill);
    buf_free(&m->piece);
    buf_free(&m->sender);
    mail_init(s);
}

void smtpd_free(struct smtpd **s)
{
    if (*s == NULL)
        return;
    smtpd_mail_clear(*s);
    buf_free(&(*s)->helo);
    buf_free(&(*s)->tls);
    buf_free(&(*s)->account);
    sasl_free(&(*s)->sasl);
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

bool smtpd_secret(const struct smtpd *s, struct str line)
{
    return s->state == STATE_AUTH || str_istarts(str_trim(line), "AUTH");
}

static bool may_starttls(const struct smtpd *s)
{
    return s->setup.starttls && !s->secure && s->ends == ENDS_CRLF;
}

void smtpd_secured(struct smtpd *s, const struct session_tls *tls)
{
    smtpd_mail_clear(s);
    buf_clear(&s->helo);
    buf_clear(&s->tls);
    buf_addf(&s->tls, "%s with cipher %s", tls->version, tls->cipher);
    buf_clear(&s->account);
    sasl_reset(s->sasl);
    s->esmtp = s->starttls = s->authenticated = false;
    s->secure = true;
}

/* What EHLO is answered with; those of a session of bare LF are a person's. */
static void say_extensions(struct smtpd *s, struct buf *out)
{
    struct buf size = BUF_INIT(64);
    struct buf auth = BUF_INIT(256);
    buf_adds(&auth, "AUTH");
    if (smtpd_may_login(s))
        sasl_mechanisms(s->sasl, " ", &auth);
    buf_addf(&size, "SIZE %" PRIu64, s->setup.options->limits.message);
    const struct {
        const char *text;
        bool offered;
    } list[] = {
        { "PIPELINING", s->ends == ENDS_CRLF },
        { "CHUNKING", s->ends == ENDS_CRLF },
        { "STARTTLS", may_starttls(s) },
        { buf_c(&auth), smtpd_may_login(s) },
        { buf_c(&size), true },
        { "8BITMIME", true },
        { "SMTPUTF8", true },
        { "DSN", true },
        { "HELP", true },
    };
    for (size_t i = 0; i < COUNT(list); i++)
        if (list[i].offered)
            wire_reply_put(out, 250, NULL, false, list[i].text);
    wire_reply_put(out, 250, NULL, true, "ENHANCEDSTATUSCODES");
    buf_free(&size);
    buf_free(&auth);
}

static void on_helo(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    /* RFC 2033 §4.1: each protocol has its own */
    if ((c->verb == SMTP_LHLO) != s->setup.lmtp) {
        smtpd_reply(s, out, 500, "5.5.1",
                    s->setup.lmtp ? "this is LMTP, say LHLO" : "no LMTP here");
        return;
    }
    smtpd_mail_clear(s);
    buf_clear(&s->helo);
    buf_add_str(&s->helo, c->arg);
    s->esmtp = c->verb != SMTP_HELO;
    struct buf text = BUF_INIT(WIRE_REPLY_LINE_MAX);
    buf_addf(&text, "%s Hello %.*s, pleased to meet you", host(s), STR_ARG(c->arg));
    wire_reply_put(out, 250, NULL, !s->esmtp, buf_c(&text));
    buf_free(&text);
    if (s->esmtp)
        say_extensions(s, out);
}

static void on_help(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    static const struct {
        const char *verb, *text;
    } topics[] = {
        { "HELO", "HELO your.host: begin, without extensions" },
        { "EHLO", "EHLO your.host: begin; the answer lists the extensions" },
        { "LHLO", "LHLO your.host: the same for LMTP" },
        { "MAIL", "MAIL FROM:<sender> [SIZE= BODY= SMTPUTF8 RET= ENVID= AUTH=]" },
        { "RCPT", "RCPT TO:<recipient> [NOTIFY= ORCPT=]: once for each of them" },
        { "DATA", "DATA: the message follows; a dot alone on a line ends it" },
        { "BDAT", "BDAT number [LAST]: so many bytes of the message follow" },
        { "RSET", "RSET: forget the message that was begun" },
        { "NOOP", "NOOP: nothing" },
        { "QUIT", "QUIT: the end" },
        { "HELP", "HELP [command]" },
        { "VRFY", "VRFY name: is there somebody of this name?" },
        { "EXPN", "EXPN name: who is behind this alias?" },
        { "VERB", "VERB: understood, changes nothing" },
        { "AUTH", "AUTH mechanism [initial response]" },
        { "STARTTLS", "STARTTLS: go on encrypted" },
    };
    static const char *const all[] = { "This is tmaild. Commands:",
                                       "HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT",
                                       "HELP VRFY EXPN VERB AUTH STARTTLS" };
    for (size_t i = 0; i < COUNT(topics); i++)
        if (str_ieqc(c->arg, topics[i].verb)) {
            smtpd_reply(s, out, 214, "2.0.0", topics[i].text);
            return;
        }
    if (c->arg.n > 0)
        smtpd_reply(s, out, 504, "5.5.4", "there is no help on that");
    for (size_t i = 0; i < COUNT(all) && c->arg.n == 0; i++)
        wire_reply_put(out, 214, "2.0.0", i + 1 == COUNT(all), all[i]);
}

static void on_rset(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)c;
    smtpd_mail_clear(s);
    smtpd_reply(s, out, 250, "2.0.0", "Reset state");
}

static void on_noop(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)c;
    smtpd_reply(s, out, 250, "2.0.0", "OK");
}

static void on_quit(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)c;
    smtpd_replyf(s, out, 221, "2.0.0", "%s closing connection", host(s));
    s->closing = true;
}

static void on_verb(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)c;
    smtpd_reply(s, out, 250, "2.0.0", "Verbose mode");
}

static void on_bdat(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    smtpd_bdat(s, c, NULL, out);
}

/* RFC 3207 §4 */
static void on_starttls(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    if (c->arg.n > 0)
        smtpd_reply(s, out, 501, "5.5.4", "STARTTLS takes no arguments");
    else if (s->secure || s->authenticated)
        smtpd_reply(s, out, 503, "5.5.1", "not now");
    else if (!may_starttls(s))
        smtpd_reply(s, out, 502, "5.5.1", "no TLS here");
    else {
        smtpd_reply(s, out, 220, "2.0.0", "Go ahead");
        s->starttls = true;
    }
}

static void on_unknown(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    (void)c;
    smtpd_reply(s, out, 500, "5.5.1", "Command unrecognized");
}

/* A line that cannot be read. Where the number of a BDAT can be, its bytes are no commands. */
static void command_bad(struct smtpd *s, const struct smtp_cmd *c, const struct error *err,
                        struct buf *out)
{
    unsigned code = err->sys >= 500 && err->sys < 600 ? (unsigned)err->sys : 500;
    struct smtpd_refusal r = { code, code == 553 ? "5.1.3" : "5.5.2", err->text };
    if (c->verb == SMTP_BDAT && c->chunk > 0)
        smtpd_bdat(s, c, &(struct smtpd_refusal){ 501, "5.5.4", "BDAT number [LAST]" }, out);
    else
        smtpd_reply(s, out, r.code, r.enhanced, r.text);
    s->closing = s->closing || (c->verb == SMTP_BDAT && c->chunk == 0);
}

static void command(struct smtpd *s, struct str line, struct buf *out)
{
    static void (*const table[SMTP_UNKNOWN + 1])(struct smtpd *, const struct smtp_cmd *,
                                                 struct buf *) = {
        [SMTP_HELO] = on_helo,         [SMTP_EHLO] = on_helo,       [SMTP_LHLO] = on_helo,
        [SMTP_MAIL] = smtpd_mail,      [SMTP_RCPT] = smtpd_rcpt,    [SMTP_DATA] = smtpd_data,
        [SMTP_BDAT] = on_bdat,         [SMTP_RSET] = on_rset,       [SMTP_NOOP] = on_noop,
        [SMTP_QUIT] = on_quit,         [SMTP_HELP] = on_help,       [SMTP_VRFY] = smtpd_vrfy,
        [SMTP_EXPN] = smtpd_expn,      [SMTP_VERB] = on_verb,       [SMTP_AUTH] = smtpd_auth,
        [SMTP_STARTTLS] = on_starttls, [SMTP_UNKNOWN] = on_unknown,
    };
    struct smtp_cmd c;
    struct error err;
    if (wire_smtp_cmd(line, &c, &err) != 0)
        command_bad(s, &c, &err, out);
    else
        table[c.verb](s, &c, out);
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

/* RFC 4954 §4: of AUTH and of what follows it. */
static size_t line_max(const struct smtpd *s, struct str line)
{
    return s->state == STATE_AUTH || str_istarts(line, "AUTH ") ? SASL_LINE_MAX : SMTP_LINE_MAX;
}

static void line_do(struct smtpd *s, struct str line, struct buf *out)
{
    if (s->skipping || line.n > line_max(s, line)) {
        s->skipping = false;
        smtpd_reply(s, out, 500, "5.5.6", "Line too long");
    } else if (str_find(line, '\0') < line.n)
        smtpd_reply(s, out, 500, "5.5.2", "NUL in a command");
    else if (s->state == STATE_COMMAND)
        command(s, line, out);
    else
        smtpd_auth_line(s, line, out);
}

static enum session_step step_of(const struct smtpd *s)
{
    return s->closing                   ? SESSION_CLOSE
           : s->starttls                ? SESSION_STARTTLS
           : s->delay_ms > 0 || s->full ? SESSION_WAIT
                                        : SESSION_MORE;
}

enum session_step smtpd_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    struct str line;
    s->delay_ms = 0;
    s->full = false;
    while (step_of(s) == SESSION_MORE) {
        if (s->state == STATE_DATA || s->state == STATE_CHUNK) {
            if (!smtpd_data_feed(s, in, out))
                break;
            continue;
        }
        int rc = line_take(s, in, &line);
        if (rc == 1 && in->n > line_max(s, *in))
            line_skip(s, in);
        if (rc == 1)
            break;
        if (rc == 0)
            line_do(s, line, out);
        else {
            smtpd_reply(s, out, 500, "5.5.2", "bare CR or LF, closing connection");
            s->closing = true;
        }
        s->full = out->len > SERVER_OUT_FLUSH;
    }
    return step_of(s);
}

/* ---- for whoever drives it ---- */

static enum session_step op_feed(void *s, struct str *in, struct buf *out)
{
    return smtpd_feed(s, in, out);
}

static int op_delay_ms(const void *s)
{
    return smtpd_delay_ms(s);
}

static bool op_logged_in(const void *s)
{
    return smtpd_logged_in(s);
}

static struct str op_account(const void *s)
{
    const struct smtpd *session = s;
    return buf_str(&session->account);
}

static bool op_secret(const void *s, struct str line)
{
    return smtpd_secret(s, line);
}

static void op_secured(void *s, const struct session_tls *tls)
{
    smtpd_secured(s, tls);
}

static void op_goodbye(void *s, struct buf *out)
{
    buf_addf(out, "421 4.3.2 %s closing connection\r\n", host(s));
}

static void op_free(void **s)
{
    struct smtpd *session = *s;
    smtpd_free(&session);
    *s = NULL;
}

const struct session_ops smtpd_ops = {
    .feed = op_feed,
    .delay_ms = op_delay_ms,
    .logged_in = op_logged_in,
    .account = op_account,
    .secret = op_secret,
    .secured = op_secured,
    .goodbye = op_goodbye,
    .free = op_free,
};
