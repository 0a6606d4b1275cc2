/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/idna.h"
#include "net/smtp_conn.h"
#include "net/status.h"
#include "wire/smtp_dsn.h"
#include "base/banned.h"

enum {
    SMTP_OUT_MAX = 16 << 20,
    ADDRESS_MAX = 2000, /* with a domain that grew; what is sound is shorter */
    SMTP_READ_SIZE = 64 << 10,
    SMTP_DOT_GRACE_MS = 150 /* a program that is told to stop still takes the answer that is coming:
                               else somebody must find out whether the message arrived */
};

/* What a transaction was answered so far. */
struct transaction {
    struct smtp_answer mail, data;
    size_t taken; /* recipients */
};

/* An address as it goes over the wire. */
static void address_put(const char *address, struct buf *out)
{
    struct str whole = str_c(address);
    size_t at = str_rfind(whole, '@');
    buf_add_str(out, str_head(whole, at));
    if (at == whole.n)
        return;
    buf_addc(out, '@');
    idna_mail_domain(str_head(whole, at), str_skip(whole, at + 1), out);
}

static bool address_ok(const char *address, bool utf8)
{
    struct buf out = BUF_INIT(ADDRESS_MAX);
    address_put(address, &out);
    bool ok = !out.over && wire_smtp_addr_ok(buf_str(&out), utf8);
    buf_free(&out);
    return ok;
}

static bool needs_utf8(const char *address)
{
    return address[0] != '\0' && !address_ok(address, false) && address_ok(address, true);
}

static bool wants_utf8(const struct smtp_envelope *env)
{
    bool wants = env->utf8 || needs_utf8(env->sender);
    for (size_t i = 0; i < env->rcpts_n && !wants; i++)
        wants = env->rcpts[i].code == 0 && needs_utf8(env->rcpts[i].address);
    return wants;
}

/* RFC 1870 §3, 6152 §2, 6531 §3.4: each parameter only where its extension is offered. */
static void mail_line(struct smtp *s, const struct smtp_envelope *env, struct buf *out)
{
    buf_adds(out, "MAIL FROM:<");
    address_put(env->sender, out);
    buf_addc(out, '>');
    if (s->ext & SMTP_EXT_SIZE)
        buf_addf(out, " SIZE=%llu", (unsigned long long)env->size);
    if (env->eight_bit && (s->ext & SMTP_EXT_8BITMIME))
        buf_adds(out, " BODY=8BITMIME");
    else if (env->eight_bit)
        log_line(s->log, LOG_INFO, "%s does not offer 8BITMIME: sent as it is", s->host);
    if ((s->ext & SMTP_EXT_SMTPUTF8) && wants_utf8(env))
        buf_adds(out, " SMTPUTF8");
    if ((s->ext & SMTP_EXT_DSN) && env->ret != SMTP_RET_NONE)
        buf_addf(out, " RET=%s", env->ret == SMTP_RET_FULL ? "FULL" : "HDRS");
    if ((s->ext & SMTP_EXT_DSN) && env->envid != NULL && wire_envid_ok(str_c(env->envid)))
        buf_addf(out, " ENVID=%s", env->envid);
    buf_adds(out, "\r\n");
}

static void rcpt_line(const struct smtp *s, const struct smtp_rcpt *r, struct buf *out)
{
    bool utf8 = (s->ext & SMTP_EXT_SMTPUTF8) != 0;
    buf_adds(out, "RCPT TO:<");
    address_put(r->address, out);
    buf_addc(out, '>');
    if ((s->ext & SMTP_EXT_DSN) && r->notify != 0) {
        buf_adds(out, " NOTIFY=");
        wire_notify_put(out, r->notify);
    }
    if ((s->ext & SMTP_EXT_DSN) && r->orcpt != NULL && wire_orcpt_ok(str_c(r->orcpt), utf8))
        buf_addf(out, " ORCPT=%s", r->orcpt);
    buf_adds(out, "\r\n");
}

static void rcpt_says(struct smtp_rcpt *r, const struct smtp_answer *a)
{
    r->code = a->code;
    memcpy(r->enhanced, a->enhanced, sizeof r->enhanced);
    net_words(r->text, sizeof r->text, str_c(a->text));
}

static int rcpt_answer(struct smtp *s, struct smtp_rcpt *r, struct transaction *t,
                       struct error *err)
{
    struct smtp_answer a = { 0 };
    if (smtp_answer_read(s, &a, err) < 0)
        return -1;
    rcpt_says(r, &a);
    r->taken = smtp_is_yes(a.code);
    if (a.code >= 300 && a.code < 400)
        return smtp_nonsense(s, err);
    t->taken += smtp_is_yes(a.code);
    return 0;
}

/* All of an envelope, to go out in one write (RFC 2920 §3.1). */
static int envelope_lines(struct smtp *s, const struct smtp_envelope *env, struct buf *out,
                          struct error *err)
{
    mail_line(s, env, out);
    for (size_t i = 0; i < env->rcpts_n; i++)
        if (env->rcpts[i].code == 0)
            rcpt_line(s, &env->rcpts[i], out);
    buf_adds(out, "DATA\r\n");
    return buf_check(out, err);
}

static int envelope_answers(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                            struct error *err)
{
    int rc = smtp_answer_read(s, &t->mail, err);
    for (size_t i = 0; i < env->rcpts_n && rc == 0; i++)
        if (env->rcpts[i].code == 0)
            rc = rcpt_answer(s, &env->rcpts[i], t, err);
    return rc == 0 ? smtp_answer_read(s, &t->data, err) : rc;
}

static int envelope_pipelined(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                              struct error *err)
{
    struct buf out = BUF_INIT(SMTP_OUT_MAX);
    int rc = envelope_lines(s, env, &out, err);
    if (rc == 0)
        rc = smtp_say(s, buf_str(&out), err);
    buf_free(&out);
    return rc == 0 ? envelope_answers(s, env, t, err) : rc;
}

static int envelope_stepwise(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                             struct error *err)
{
    struct buf line = BUF_INIT(4096);
    mail_line(s, env, &line);
    int rc = buf_check(&line, err);
    if (rc == 0)
        rc = smtp_command(s, buf_str(&line), &t->mail, err);
    for (size_t i = 0; i < env->rcpts_n && rc == 0 && smtp_is_yes(t->mail.code); i++) {
        if (env->rcpts[i].code != 0)
            continue;
        buf_clear(&line);
        rcpt_line(s, &env->rcpts[i], &line);
        rc = smtp_say(s, buf_str(&line), err);
        if (rc == 0)
            rc = rcpt_answer(s, &env->rcpts[i], t, err);
    }
    buf_free(&line);
    if (rc == 0 && t->taken > 0)
        rc = smtp_command(s, STR("DATA\r\n"), &t->data, err);
    return rc;
}

static void mail_says(struct smtp_envelope *env, const struct smtp_answer *a)
{
    env->reply_code = a->code;
    memcpy(env->reply_enhanced, a->enhanced, sizeof env->reply_enhanced);
    net_words(env->reply, sizeof env->reply, str_c(a->text));
}

/* A 4xx or 5xx as an outcome. */
static enum smtp_outcome refuse(struct smtp *s, struct smtp_envelope *env,
                                const struct smtp_answer *a, struct error *err)
{
    mail_says(env, a);
    smtp_refused(s, a, err);
    if (a->code == 421)
        smtp_broken(s);
    return a->code >= 500 ? SMTP_REJECTED : SMTP_UNSENT;
}

/* Nobody was taken: for good only if none of them may be taken later. */
static enum smtp_outcome nobody(struct smtp *s, const struct smtp_envelope *env, struct error *err)
{
    const struct smtp_rcpt *why = NULL;
    for (size_t i = 0; i < env->rcpts_n; i++)
        if (why == NULL || (why->code >= 500 && env->rcpts[i].code < 500))
            why = &env->rcpts[i];
    if (why == NULL) {
        error_set(err, ERR_USAGE, RETRY_NEVER, _("the message has no recipient"));
        return SMTP_REJECTED;
    }
    bool for_good = why->code >= 500;
    struct buf words = BUF_INIT(2 * (size_t)NET_WORDS_MAX);
    status_put(why->code, str_c(why->enhanced), str_c(why->text), &words);
    error_set(err, for_good ? ERR_ADDRESS : ERR_REFUSED, for_good ? RETRY_NEVER : RETRY_LATER,
              _("%s refuses the recipient %s: %s"), s->host, why->address, buf_c(&words));
    buf_free(&words);
    return for_good ? SMTP_REJECTED : SMTP_UNSENT;
}

/* What no server needs to be asked: size, and addresses that no command line can carry. */
static int check_envelope(struct smtp *s, struct smtp_envelope *env, struct error *err)
{
    if (s->size_max > 0 && env->size > s->size_max)
        return error_set(err, ERR_REFUSED, RETRY_NEVER,
                         _("the message has %llu bytes, %s takes at most %llu"),
                         (unsigned long long)env->size, s->host, (unsigned long long)s->size_max);
    bool utf8 = (s->ext & SMTP_EXT_SMTPUTF8) != 0;
    if (env->sender[0] != '\0' && !address_ok(env->sender, utf8))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         needs_utf8(env->sender)
                             ? _("%s takes no addresses with letters beyond ASCII: %s")
                             : _("%s cannot take the sender %s"),
                         s->host, env->sender);
    size_t good = 0;
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct smtp_rcpt *r = &env->rcpts[i];
        bool ok = address_ok(r->address, utf8);
        bool letters = !ok && needs_utf8(r->address);
        const char *why = letters ? _("the server takes no addresses with letters beyond ASCII")
                                  : _("this address cannot be sent to");
        r->code = ok ? 0 : 553;
        r->taken = false;
        snprintf(r->enhanced, sizeof r->enhanced, "%s", ok ? "" : letters ? "5.6.7" : "5.1.3");
        snprintf(r->text, sizeof r->text, "%s", ok ? "" : why);
        good += ok;
    }
    if (good == 0) {
        nobody(s, env, err);
        return -1;
    }
    return 0;
}

/* DATA was let through though nobody is to get anything: RFC 2920 §3.1 wants the dot alone. After a
 * refused MAIL that dot could make an empty message, so the connection goes. */
static void end_empty_data(struct smtp *s, const struct transaction *t)
{
    struct error err;
    struct smtp_answer a;
    if (t->data.code != 354)
        return;
    if (!smtp_is_yes(t->mail.code) || smtp_command(s, STR(".\r\n"), &a, &err) < 0)
        smtp_broken(s);
}

static int reset(struct smtp *s, struct error *err)
{
    struct smtp_answer a = { 0 };
    if (smtp_command(s, STR("RSET\r\n"), &a, err) < 0)
        return -1;
    if (!smtp_is_yes(a.code))
        return smtp_nonsense(s, err);
    s->open_mail = false;
    return 0;
}

/* The answers to commands that went out behind the message before. A server that still had that one
 * in hand then (503) is asked again, and no more in that way: it is no fault of this message. */
static int envelope_ahead(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                          struct error *err)
{
    s->ahead = NULL;
    if (envelope_answers(s, env, t, err) < 0)
        return -1;
    if (t->mail.code != 503)
        return 0;
    log_line(s->log, LOG_INFO, "%s: commands behind a message are not pipelined any more", s->host);
    s->no_ahead = true;
    bool inside = t->data.code == 354; /* nothing but a message would be heard there */
    *t = (struct transaction){ 0 };
    if (inside)
        return smtp_nonsense(s, err);
    if (check_envelope(s, env, err) < 0 || reset(s, err) < 0)
        return -1;
    s->open_mail = true;
    return envelope_pipelined(s, env, t, err);
}

static int envelope_ask(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                        struct error *err)
{
    bool ahead = s->ahead == env;
    if (!ahead && s->open_mail && reset(s, err) < 0)
        return -1;
    s->open_mail = true;
    if (ahead)
        return envelope_ahead(s, env, t, err);
    return (s->ext & SMTP_EXT_PIPELINING) ? envelope_pipelined(s, env, t, err)
                                          : envelope_stepwise(s, env, t, err);
}

/* 0: 354 is there, the body may follow; otherwise -1 and *out. */
static int envelope(struct smtp *s, struct smtp_envelope *env, enum smtp_outcome *out,
                    struct error *err)
{
    struct transaction t = { 0 };
    int rc = envelope_ask(s, env, &t, err);
    *out = SMTP_UNSENT;
    if (t.mail.code >= 400)
        *out = refuse(s, env, &t.mail, err);
    else if (rc < 0)
        return -1;
    else if (!smtp_is_yes(t.mail.code))
        smtp_nonsense(s, err);
    else if (t.taken == 0)
        *out = nobody(s, env, err);
    else if (t.data.code >= 400)
        *out = refuse(s, env, &t.data, err);
    else if (t.data.code != 354)
        smtp_nonsense(s, err);
    else
        return 0;
    end_empty_data(s, &t);
    return -1;
}

/* The link broke, or words came, while the body was on its way and its end had not been sent: what
 * the server says then may only be a refusal. */
static enum smtp_outcome body_broken(struct smtp *s, struct smtp_envelope *env,
                                     enum smtp_outcome otherwise, struct error *err)
{
    struct error more;
    struct smtp_answer a;
    if (stream_read(s->stream, &s->in, 0, &more) < 0)
        log_line(s->log, LOG_DEBUG, "%s: %s", s->host, more.text);
    struct str in = buf_str(&s->in);
    smtp_broken(s);
    if (smtp_answer_take(&in, &a, NULL, NULL) == WIRE_OK && a.code >= 400)
        return refuse(s, env, &a, err);
    return otherwise;
}

static enum smtp_outcome in_doubt(struct smtp *s, struct error *err)
{
    smtp_broken(s);
    error_set(err, ERR_DOUBT, RETRY_NEVER,
              _("the connection to %s broke before it said whether it took the message: nobody "
                "can know whether it arrived"),
              s->host);
    return SMTP_IN_DOUBT;
}

/* RFC 2033 §4.2: a reply for each recipient that was taken, in their order. */
static enum smtp_outcome lmtp_answers(struct smtp *s, struct smtp_envelope *env, struct error *err)
{
    struct smtp_answer a = { 0 };
    size_t sent = 0;
    for (size_t i = 0; i < env->rcpts_n; i++)
        if (env->rcpts[i].taken)
            env->rcpts[i].code = 0;
    for (size_t i = 0; i < env->rcpts_n; i++) {
        if (!env->rcpts[i].taken)
            continue;
        if (smtp_answer_wait(s, s->dot_ms, &a, err) < 0 || (a.code >= 300 && a.code < 400))
            return in_doubt(s, err);
        rcpt_says(&env->rcpts[i], &a);
        sent += smtp_is_yes(a.code);
    }
    s->open_mail = false;
    return sent > 0 ? SMTP_SENT : nobody(s, env, err);
}

static enum smtp_outcome dot_answer(struct smtp *s, struct smtp_envelope *env, struct error *err)
{
    struct smtp_answer a = { 0 };
    if (smtp_answer_wait(s, s->dot_ms, &a, err) < 0 || (a.code >= 300 && a.code < 400))
        return in_doubt(s, err);
    if (!smtp_is_yes(a.code))
        return refuse(s, env, &a, err);
    mail_says(env, &a);
    s->open_mail = false;
    return SMTP_SENT;
}

/* The dot is out, and its answer the first that may come. What goes wrong with these commands says
 * nothing about the message that is being sent; it is heard when their answers are read. */
static void next_ahead(struct smtp *s, struct smtp_envelope *next)
{
    struct error err = { 0 };
    struct buf out = BUF_INIT(SMTP_OUT_MAX);
    bool can = (s->ext & SMTP_EXT_PIPELINING) && !s->no_ahead && s->usable;
    if (next == NULL || !can || check_envelope(s, next, &err) < 0)
        return;
    if (envelope_lines(s, next, &out, &err) == 0) {
        s->ahead = next;
        if (smtp_write(s, buf_str(&out), &err) < 0)
            log_line(s->log, LOG_DEBUG, "%s: %s", s->host, err.text);
    }
    buf_free(&out);
}

/* The last bytes and the dot, in one write: the peers lose 40 ms to Nagle here. */
static enum smtp_outcome send_end(struct smtp *s, struct smtp_envelope *env,
                                  const struct smtp_body *body, struct str bytes, struct error *err)
{
    if (smtp_nothing_waits(s, err) < 0)
        return body_broken(s, env, SMTP_UNSENT, err);
    if (body->before_dot != NULL && body->before_dot(body->arg, err) < 0) {
        smtp_broken(s); /* inside DATA, the only way back is to go */
        return SMTP_UNSENT;
    }
    /* A write that fails has not handed over the last byte, so the server cannot have seen the dot.
     */
    if (smtp_write(s, bytes, err) < 0)
        return body_broken(s, env, SMTP_UNSENT, err);
    if (s->in.len > 0) { /* it came before the dot was out and cannot be the dot's answer */
        in_doubt(s, err);
        return body_broken(s, env, SMTP_IN_DOUBT, err);
    }
    stream_grace(s->stream, SMTP_DOT_GRACE_MS);
    next_ahead(s, body->next);
    if (body->meanwhile != NULL)
        body->meanwhile(body->arg);
    enum smtp_outcome outcome = s->lmtp ? lmtp_answers(s, env, err) : dot_answer(s, env, err);
    stream_grace(s->stream, 0);
    return outcome;
}

static enum smtp_outcome send_body(struct smtp *s, struct smtp_envelope *env,
                                   const struct smtp_body *body, struct error *err)
{
    struct buf raw = BUF_INIT(SMTP_READ_SIZE), out = BUF_INIT(3 * SMTP_READ_SIZE);
    struct wire_stuff stuff = { 0 };
    enum smtp_outcome outcome = SMTP_UNSENT;
    uint64_t offset = 0;
    for (;;) {
        buf_clear(&raw);
        if (body->read(body->arg, offset, SMTP_READ_SIZE, &raw, err) < 0) {
            smtp_broken(s);
            break;
        }
        if (raw.len == 0) {
            wire_stuff_end(&stuff, &out);
            outcome = send_end(s, env, body, buf_str(&out), err);
            break;
        }
        if (out.len > 0 && smtp_put(s, buf_str(&out), err) < 0) {
            outcome = body_broken(s, env, SMTP_UNSENT, err);
            break;
        }
        buf_clear(&out);
        wire_stuff_add(&stuff, buf_str(&raw), &out);
        offset += raw.len;
    }
    buf_free(&raw);
    buf_free(&out);
    return outcome;
}

enum smtp_outcome smtp_send(struct smtp *s, struct smtp_envelope *env, const struct smtp_body *body,
                            struct error *err)
{
    enum smtp_outcome outcome = SMTP_UNSENT;
    env->reply[0] = env->reply_enhanced[0] = '\0';
    env->reply_code = 0;
    if (s->ahead != NULL && s->ahead != env)
        smtp_broken(s);
    if (!s->usable) {
        error_set(err, ERR_NET, RETRY_NOW, _("the connection to %s is closed"), s->host);
        return SMTP_UNSENT;
    }
    if (check_envelope(s, env, err) < 0)
        return SMTP_REJECTED;
    if (envelope(s, env, &outcome, err) < 0)
        return outcome;
    return send_body(s, env, body, err);
}
