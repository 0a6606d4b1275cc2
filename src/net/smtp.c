/* SPDX-License-Identifier: MIT */
#include "net/smtp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "wire/reply.h"
#include "wire/smtp_cmd.h"
#include "base/banned.h"

enum {
    SMTP_IN_MAX = 1 << 20, /* replies not yet read: many, when a long envelope is pipelined */
    SMTP_OUT_MAX = 16 << 20,
    SMTP_READ_SIZE = 64 << 10,
    SMTP_DOT_MS = 600000,
    SMTP_QUIT_MS = 500,
    SMTP_DOT_GRACE_MS = 150 /* a program that is told to stop still takes the answer that is coming:
                               else somebody must find out whether the message arrived */
};

enum smtp_ext {
    EXT_PIPELINING = 1,
    EXT_8BITMIME = 2,
    EXT_SMTPUTF8 = 4,
    EXT_SIZE = 8,
    EXT_AUTH_PLAIN = 16,
    EXT_AUTH_LOGIN = 32
};

struct smtp {
    struct stream *stream;
    struct log *log;
    struct buf in;
    char host[256];
    int wait_ms, dot_ms;
    unsigned ext;
    uint64_t size_max; /* 0: not told */
    bool secure, usable;
    bool open_mail; /* a transaction is begun on the server: RSET before the next */
};

/* A whole reply: its code and its lines' words. */
struct smtp_answer {
    unsigned code;
    char text[NET_WORDS_MAX];
};

/* The link is of no more use. Returns -1. */
static int broken(struct smtp *s)
{
    s->usable = false;
    return -1;
}

static int nonsense(struct smtp *s, struct error *err)
{
    error_set(err, ERR_PROTO, RETRY_LATER,
              _("%s does not speak SMTP as it should: the connection was closed"), s->host);
    return broken(s);
}

static bool is_yes(unsigned code)
{
    return code >= 200 && code < 300;
}

static void answer_line(struct buf *words, const struct wire_reply *r)
{
    if (words->len > 0)
        buf_addc(words, ' ');
    if (r->enhanced[0] != 0)
        buf_addf(words, "%u.%u.%u ", r->enhanced[0], r->enhanced[1], r->enhanced[2]);
    buf_add_str(words, r->text);
}

/* Takes the lines of one reply off in; each(arg, line) sees all of them. WIRE_MORE takes nothing.
 */
static enum wire_result answer_take(struct str *in, struct smtp_answer *a,
                                    void (*each)(void *arg, size_t n, const struct wire_reply *r),
                                    void *arg)
{
    struct buf words = BUF_INIT(4096);
    struct str rest = *in;
    struct wire_reply r = { 0 };
    enum wire_result rc = WIRE_OK;
    size_t n = 0;
    a->code = 0;
    while (n < WIRE_REPLY_LINES_MAX && (rc = wire_reply_next(&rest, &r)) == WIRE_OK) {
        if (n > 0 && r.code != a->code)
            rc = WIRE_BAD; /* RFC 5321 §4.2.1: the same code on every line */
        a->code = r.code;
        if (rc == WIRE_OK && each != NULL)
            each(arg, n, &r);
        answer_line(&words, &r);
        n++;
        if (rc != WIRE_OK || r.last)
            break;
    }
    if (rc == WIRE_OK && (n == 0 || !r.last))
        rc = WIRE_BAD; /* more lines than any reply has */
    if (rc == WIRE_OK)
        *in = rest;
    net_words(a->text, sizeof a->text, buf_str(&words));
    buf_free(&words);
    return rc;
}

/* Waits for one whole reply. -1: none came; the connection is of no more use. */
static int answer_wait(struct smtp *s, int wait_ms, struct smtp_answer *a,
                       void (*each)(void *arg, size_t n, const struct wire_reply *r), void *arg,
                       struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    for (;;) {
        struct str in = buf_str(&s->in);
        enum wire_result rc = answer_take(&in, a, each, arg);
        if (rc == WIRE_OK) {
            buf_consume(&s->in, s->in.len - in.n);
            log_line(s->log, LOG_DEBUG, "%s: %u %s", s->host, a->code, a->text);
            return 0;
        }
        if (rc == WIRE_BAD)
            return nonsense(s, err);
        int got = stream_read(s->stream, &s->in, clock_left_ms(deadline), err);
        if (got != 0) {
            stream_ended(s->stream, got, wait_ms, err);
            return broken(s);
        }
    }
}

static int answer_read(struct smtp *s, struct smtp_answer *a,
                       void (*each)(void *arg, size_t n, const struct wire_reply *r), void *arg,
                       struct error *err)
{
    return answer_wait(s, s->wait_ms, a, each, arg, err);
}

/* Nothing may have come ahead of what we are about to say: answers must follow their commands. */
static int nothing_waits(struct smtp *s, struct error *err)
{
    int got = s->in.len > 0 ? 0 : stream_read(s->stream, &s->in, 0, err);
    if (got == 2)
        return 0;
    struct str in = buf_str(&s->in);
    struct smtp_answer a;
    if (got == 0 && answer_take(&in, &a, NULL, NULL) == WIRE_OK && a.code == 421)
        error_set(err, ERR_NET, RETRY_LATER, _("%s closes the connection: %s"), s->host, a.text);
    else if (got == 0)
        return nonsense(s, err);
    else if (got == 1)
        stream_ended(s->stream, got, 0, err);
    return broken(s);
}

static int put(struct smtp *s, struct str bytes, struct error *err)
{
    if (nothing_waits(s, err) < 0 || stream_write(s->stream, bytes, &s->in, s->wait_ms, err) < 0)
        return broken(s);
    return 0;
}

static int command(struct smtp *s, struct str line, struct smtp_answer *a, struct error *err)
{
    if (put(s, line, err) < 0)
        return -1;
    return answer_read(s, a, NULL, NULL, err);
}

/* The words of EHLO's lines (RFC 5321 §4.1.1.1); the first is the server's name. */
static void ehlo_line(void *arg, size_t n, const struct wire_reply *r)
{
    struct smtp *s = arg;
    struct str rest = r->text, word;
    if (n == 0) {
        s->ext = 0;
        s->size_max = 0;
        return;
    }
    if (!str_word(&rest, &word))
        return;
    if (str_ieqc(word, "PIPELINING"))
        s->ext |= EXT_PIPELINING;
    else if (str_ieqc(word, "8BITMIME"))
        s->ext |= EXT_8BITMIME;
    else if (str_ieqc(word, "SMTPUTF8"))
        s->ext |= EXT_SMTPUTF8;
    else if (str_ieqc(word, "SIZE")) {
        s->ext |= EXT_SIZE;
        if (str_word(&rest, &word) && str_u64(&word, &s->size_max) < 0)
            s->size_max = 0;
    } else if (str_ieqc(word, "AUTH") || str_istarts(word, "AUTH=")) {
        while (str_word(&rest, &word)) {
            if (str_ieqc(word, "PLAIN"))
                s->ext |= EXT_AUTH_PLAIN;
            else if (str_ieqc(word, "LOGIN"))
                s->ext |= EXT_AUTH_LOGIN;
        }
    }
}

/* The answer to EHLO is the last one of those that libcurl read for us. False if there is none. */
static bool ehlo_said(struct smtp *s, struct str said)
{
    struct smtp_answer a = { 0 };
    unsigned code = 0;
    while (said.n > 0 && answer_take(&said, &a, ehlo_line, s) == WIRE_OK)
        code = a.code;
    return code == 250;
}

static int refused(struct smtp *s, const struct smtp_answer *a, struct error *err)
{
    return error_set(err, a->code == 421 ? ERR_NET : ERR_REFUSED,
                     a->code >= 500 ? RETRY_NEVER : RETRY_LATER, _("%s refuses: %u %s"), s->host,
                     a->code, a->text);
}

/* EHLO, or HELO for a server that has never heard of it. */
static int say_hello(struct smtp *s, const char *name, struct error *err)
{
    static const char *const verbs[] = { "EHLO", "HELO" };
    struct smtp_answer a = { 0 };
    for (size_t i = 0; i < COUNT(verbs); i++) {
        struct buf line = BUF_INIT(1000);
        buf_addf(&line, "%s %s\r\n", verbs[i], name);
        int rc = put(s, buf_str(&line), err);
        buf_free(&line);
        if (rc < 0 || answer_read(s, &a, ehlo_line, s, err) < 0)
            return -1;
        if (a.code == 250)
            return 0;
        if (a.code < 500)
            break;
    }
    return refused(s, &a, err);
}

/* One secret line; 334 asks for the next. */
static int login_line(struct smtp *s, const char *before, struct str secret, struct smtp_answer *a,
                      struct error *err)
{
    struct buf line = BUF_INIT(12288); /* RFC 4954 §4 */
    buf_adds(&line, before);
    buf_add_str(&line, secret);
    buf_adds(&line, "\r\n");
    int rc = buf_check(&line, err);
    if (rc == 0)
        rc = command(s, buf_str(&line), a, err);
    buf_wipe(&line);
    return rc;
}

static int login_by_plain(struct smtp *s, const struct net_login *l, struct smtp_answer *a,
                          struct error *err)
{
    struct buf secret = BUF_INIT(8192);
    int rc = login_plain(l, &secret, err);
    if (rc == 0)
        rc = login_line(s, "AUTH PLAIN ", buf_str(&secret), a, err);
    if (rc == 0 && a->code == 334) /* it has not looked at the initial response */
        rc = login_line(s, "", buf_str(&secret), a, err);
    buf_wipe(&secret);
    return rc;
}

static int login_by_login(struct smtp *s, const struct net_login *l, struct smtp_answer *a,
                          struct error *err)
{
    struct buf user = BUF_INIT(4096), password = BUF_INIT(8192);
    login_base64(str_c(l->user), &user);
    login_base64(l->password, &password);
    int rc = buf_check(&user, err) < 0 || buf_check(&password, err) < 0 ? -1 : 0;
    if (rc == 0)
        rc = command(s, STR("AUTH LOGIN\r\n"), a, err);
    if (rc == 0 && a->code == 334)
        rc = login_line(s, "", buf_str(&user), a, err);
    if (rc == 0 && a->code == 334)
        rc = login_line(s, "", buf_str(&password), a, err);
    buf_free(&user);
    buf_wipe(&password);
    return rc;
}

static int log_in(struct smtp *s, const struct net_login *l, struct error *err)
{
    struct smtp_answer a = { 0 };
    int rc;
    if (s->ext & EXT_AUTH_PLAIN)
        rc = login_by_plain(s, l, &a, err);
    else if (s->ext & EXT_AUTH_LOGIN)
        rc = login_by_login(s, l, &a, err);
    else
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%s offers no login that tmail knows (PLAIN, LOGIN)%s"), s->host,
                         s->secure ? "" : _(" in the clear"));
    if (rc < 0)
        return -1;
    if (a.code == 235)
        return 0;
    char words[NET_WORDS_MAX + 8];
    snprintf(words, sizeof words, "%u %s", a.code, a.text);
    return login_refused(s->host, a.code >= 400 && a.code < 500, words, err);
}

static int greet(struct smtp *s, const struct smtp_options *o, struct str said, struct error *err)
{
    const char *name = o->endpoint.ehlo_name ? o->endpoint.ehlo_name : "localhost";
    struct smtp_answer a = { 0 };
    if (!str_is_line(str_c(name)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this is no host name: %s"), name);
    if (o->endpoint.tls == TLS_STARTTLS)
        return ehlo_said(s, said) ? 0 : say_hello(s, name, err);
    if (answer_read(s, &a, NULL, NULL, err) < 0)
        return -1;
    if (a.code >= 400)
        return refused(s, &a, err);
    return a.code == 220 ? say_hello(s, name, err) : nonsense(s, err);
}

struct smtp *smtp_open(const struct smtp_options *o, struct error *err)
{
    struct buf said = BUF_INIT(64 << 10);
    struct smtp *s = xcalloc(1, sizeof *s);
    s->log = o->log;
    s->wait_ms = o->wait_ms;
    s->dot_ms = o->dot_ms > 0 ? o->dot_ms : SMTP_DOT_MS;
    s->usable = true;
    buf_init(&s->in, SMTP_IN_MAX);
    snprintf(s->host, sizeof s->host, "%s", o->endpoint.host);
    s->stream = stream_open(&o->endpoint, o->connect_ms, o->cancel, o->log, &said, &s->secure, err);
    if (s->stream == NULL || greet(s, o, buf_str(&said), err) < 0 ||
        (o->login != NULL && log_in(s, o->login, err) < 0))
        smtp_close(&s);
    buf_free(&said);
    return s;
}

/* What a transaction was answered so far. */
struct transaction {
    struct smtp_answer mail, data;
    size_t taken; /* recipients */
};

static bool has_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

static bool address_ok(const struct smtp *s, const char *address)
{
    return wire_smtp_addr_ok(str_c(address), (s->ext & EXT_SMTPUTF8) != 0);
}

static bool wants_utf8(const struct smtp_envelope *env)
{
    bool wants = has_8bit(str_c(env->sender));
    for (size_t i = 0; i < env->rcpts_n; i++)
        wants = wants || has_8bit(str_c(env->rcpts[i].address));
    return wants;
}

/* RFC 1870 §3, 6152 §2, 6531 §3.4: each parameter only where its extension is offered. */
static void mail_line(struct smtp *s, const struct smtp_envelope *env, struct buf *out)
{
    buf_addf(out, "MAIL FROM:<%s>", env->sender);
    if (s->ext & EXT_SIZE)
        buf_addf(out, " SIZE=%llu", (unsigned long long)env->size);
    if (env->eight_bit && (s->ext & EXT_8BITMIME))
        buf_adds(out, " BODY=8BITMIME");
    else if (env->eight_bit)
        log_line(s->log, LOG_INFO, "%s does not offer 8BITMIME: sent as it is", s->host);
    if ((s->ext & EXT_SMTPUTF8) && wants_utf8(env))
        buf_adds(out, " SMTPUTF8");
    buf_adds(out, "\r\n");
}

static int rcpt_answer(struct smtp *s, struct smtp_rcpt *r, struct transaction *t,
                       struct error *err)
{
    struct smtp_answer a = { 0 };
    if (answer_read(s, &a, NULL, NULL, err) < 0)
        return -1;
    r->code = a.code;
    net_words(r->text, sizeof r->text, str_c(a.text));
    if (a.code >= 300 && a.code < 400)
        return nonsense(s, err);
    t->taken += is_yes(a.code);
    return 0;
}

/* All in one write (RFC 2920 §3.1), then all the answers. */
static int envelope_pipelined(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                              struct error *err)
{
    struct buf out = BUF_INIT(SMTP_OUT_MAX);
    mail_line(s, env, &out);
    for (size_t i = 0; i < env->rcpts_n; i++)
        if (env->rcpts[i].code == 0)
            buf_addf(&out, "RCPT TO:<%s>\r\n", env->rcpts[i].address);
    buf_adds(&out, "DATA\r\n");
    int rc = buf_check(&out, err);
    if (rc == 0)
        rc = put(s, buf_str(&out), err);
    buf_free(&out);
    if (rc == 0)
        rc = answer_read(s, &t->mail, NULL, NULL, err);
    for (size_t i = 0; i < env->rcpts_n && rc == 0; i++)
        if (env->rcpts[i].code == 0)
            rc = rcpt_answer(s, &env->rcpts[i], t, err);
    if (rc == 0)
        rc = answer_read(s, &t->data, NULL, NULL, err);
    return rc;
}

static int envelope_stepwise(struct smtp *s, struct smtp_envelope *env, struct transaction *t,
                             struct error *err)
{
    struct buf line = BUF_INIT(4096);
    mail_line(s, env, &line);
    int rc = buf_check(&line, err);
    if (rc == 0)
        rc = command(s, buf_str(&line), &t->mail, err);
    for (size_t i = 0; i < env->rcpts_n && rc == 0 && is_yes(t->mail.code); i++) {
        if (env->rcpts[i].code != 0)
            continue;
        buf_clear(&line);
        buf_addf(&line, "RCPT TO:<%s>\r\n", env->rcpts[i].address);
        rc = put(s, buf_str(&line), err);
        if (rc == 0)
            rc = rcpt_answer(s, &env->rcpts[i], t, err);
    }
    buf_free(&line);
    if (rc == 0 && t->taken > 0)
        rc = command(s, STR("DATA\r\n"), &t->data, err);
    return rc;
}

/* A 4xx or 5xx as an outcome. */
static enum smtp_outcome refuse(struct smtp *s, struct smtp_envelope *env,
                                const struct smtp_answer *a, struct error *err)
{
    net_words(env->reply, sizeof env->reply, str_c(a->text));
    refused(s, a, err);
    if (a->code == 421)
        broken(s);
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
    error_set(err, for_good ? ERR_ADDRESS : ERR_REFUSED, for_good ? RETRY_NEVER : RETRY_LATER,
              _("%s refuses the recipient %s: %u %s"), s->host, why->address, why->code, why->text);
    return for_good ? SMTP_REJECTED : SMTP_UNSENT;
}

/* DATA was let through though nobody is to get anything: RFC 2920 §3.1 wants the dot alone. After a
 * refused MAIL that dot could make an empty message, so the connection goes. */
static void end_empty_data(struct smtp *s, const struct transaction *t)
{
    struct error err;
    struct smtp_answer a;
    if (t->data.code != 354)
        return;
    if (!is_yes(t->mail.code) || command(s, STR(".\r\n"), &a, &err) < 0)
        broken(s);
}

/* 0: 354 is there, the body may follow; otherwise -1 and *out. */
static int envelope(struct smtp *s, struct smtp_envelope *env, enum smtp_outcome *out,
                    struct error *err)
{
    struct transaction t = { 0 };
    s->open_mail = true;
    int rc = (s->ext & EXT_PIPELINING) ? envelope_pipelined(s, env, &t, err)
                                       : envelope_stepwise(s, env, &t, err);
    *out = SMTP_UNSENT;
    if (t.mail.code >= 400)
        *out = refuse(s, env, &t.mail, err);
    else if (rc < 0)
        return -1;
    else if (!is_yes(t.mail.code))
        nonsense(s, err);
    else if (t.taken == 0)
        *out = nobody(s, env, err);
    else if (t.data.code >= 400)
        *out = refuse(s, env, &t.data, err);
    else if (t.data.code != 354)
        nonsense(s, err);
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
    broken(s);
    if (answer_take(&in, &a, NULL, NULL) == WIRE_OK && a.code >= 400)
        return refuse(s, env, &a, err);
    return otherwise;
}

static enum smtp_outcome in_doubt(struct smtp *s, struct error *err)
{
    broken(s);
    error_set(err, ERR_DOUBT, RETRY_NEVER,
              _("the connection to %s broke before it said whether it took the message: nobody "
                "can know whether it arrived"),
              s->host);
    return SMTP_IN_DOUBT;
}

/* The last bytes and the dot, in one write: the peers lose 40 ms to Nagle here. */
static enum smtp_outcome send_end(struct smtp *s, struct smtp_envelope *env,
                                  const struct smtp_body *body, struct str bytes, struct error *err)
{
    struct smtp_answer a = { 0 };
    if (nothing_waits(s, err) < 0)
        return body_broken(s, env, SMTP_UNSENT, err);
    if (body->before_dot != NULL && body->before_dot(body->arg, err) < 0) {
        broken(s); /* inside DATA, the only way back is to go */
        return SMTP_UNSENT;
    }
    /* A write that fails has not handed over the last byte, so the server cannot have seen the dot.
     */
    if (stream_write(s->stream, bytes, &s->in, s->wait_ms, err) < 0)
        return body_broken(s, env, SMTP_UNSENT, err);
    if (s->in.len > 0) { /* it came before the dot was out and cannot be the dot's answer */
        in_doubt(s, err);
        return body_broken(s, env, SMTP_IN_DOUBT, err);
    }
    stream_grace(s->stream, SMTP_DOT_GRACE_MS);
    int rc = answer_wait(s, s->dot_ms, &a, NULL, NULL, err);
    stream_grace(s->stream, 0);
    if (rc < 0 || (a.code >= 300 && a.code < 400))
        return in_doubt(s, err);
    if (!is_yes(a.code))
        return refuse(s, env, &a, err);
    net_words(env->reply, sizeof env->reply, str_c(a.text));
    s->open_mail = false;
    return SMTP_SENT;
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
            broken(s);
            break;
        }
        if (raw.len == 0) {
            wire_stuff_end(&stuff, &out);
            outcome = send_end(s, env, body, buf_str(&out), err);
            break;
        }
        if (out.len > 0 && put(s, buf_str(&out), err) < 0) {
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

/* What no server needs to be asked: size, and addresses that no command line can carry. */
static int check_envelope(struct smtp *s, struct smtp_envelope *env, struct error *err)
{
    if (s->size_max > 0 && env->size > s->size_max)
        return error_set(err, ERR_REFUSED, RETRY_NEVER,
                         _("the message has %llu bytes, %s takes at most %llu"),
                         (unsigned long long)env->size, s->host, (unsigned long long)s->size_max);
    if (env->sender[0] != '\0' && !address_ok(s, env->sender))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("%s cannot take the sender %s"), s->host,
                         env->sender);
    size_t good = 0;
    for (size_t i = 0; i < env->rcpts_n; i++) {
        struct smtp_rcpt *r = &env->rcpts[i];
        bool ok = address_ok(s, r->address);
        r->code = ok ? 0 : 553;
        snprintf(r->text, sizeof r->text, "%s", ok ? "" : _("this address cannot be sent to"));
        good += ok;
    }
    if (good == 0) {
        nobody(s, env, err);
        return -1;
    }
    return 0;
}

enum smtp_outcome smtp_send(struct smtp *s, struct smtp_envelope *env, const struct smtp_body *body,
                            struct error *err)
{
    struct smtp_answer a = { 0 };
    enum smtp_outcome outcome = SMTP_UNSENT;
    env->reply[0] = '\0';
    if (!s->usable) {
        error_set(err, ERR_NET, RETRY_NOW, _("the connection to %s is closed"), s->host);
        return SMTP_UNSENT;
    }
    if (check_envelope(s, env, err) < 0)
        return SMTP_REJECTED;
    if (s->open_mail && command(s, STR("RSET\r\n"), &a, err) < 0)
        return SMTP_UNSENT;
    if (s->open_mail && !is_yes(a.code)) {
        nonsense(s, err);
        return SMTP_UNSENT;
    }
    if (envelope(s, env, &outcome, err) < 0)
        return outcome;
    return send_body(s, env, body, err);
}

bool smtp_secure(const struct smtp *s)
{
    return s->secure;
}

bool smtp_usable(const struct smtp *s)
{
    return s->usable;
}

void smtp_close(struct smtp **s)
{
    if (*s == NULL)
        return;
    struct error err;
    struct smtp_answer a;
    (*s)->wait_ms = SMTP_QUIT_MS;
    /* What QUIT is answered changes nothing; waiting for it lets the server close in peace. */
    if ((*s)->usable && (*s)->stream != NULL && command(*s, STR("QUIT\r\n"), &a, &err) < 0)
        log_line((*s)->log, LOG_DEBUG, "%s: QUIT: %s", (*s)->host, err.text);
    stream_close(&(*s)->stream);
    buf_free(&(*s)->in);
    free(*s);
    *s = NULL;
}
