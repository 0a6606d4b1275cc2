/* SPDX-License-Identifier: MIT */
#include "net/pop3_conn.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

enum {
    CAPA_LINES_MAX = 1000,
    LOGIN_LINE_MAX = 12288,
    AUTH_LINE_MAX = 255 /* RFC 5034 §4: with an initial response no longer than this */
};

struct capa {
    struct pop3 *pop3;
    struct pop3_answer answer;
    unsigned lines;
};

static void capa_put(void *arg, size_t i, struct buf *out)
{
    (void)arg;
    (void)i;
    buf_adds(out, "CAPA\r\n");
}

/* What was said before is forgotten: RFC 2449 §5, and SECURITY.md §1c. */
static int capa_reply(void *arg, size_t i, const struct wire_pop3_reply *r,
                      enum pop3_follow *follow, struct error *err)
{
    struct capa *c = arg;
    struct pop3 *p = c->pop3;
    (void)i;
    (void)err;
    pop3_answer_keep(&c->answer, r);
    *follow = r->kind == POP3_OK ? FOLLOW_LINES : FOLLOW_NOTHING;
    if (r->kind != POP3_OK)
        return 0;
    p->has_capa = true;
    p->has_sasl = p->auth_plain = p->user_pass = false;
    p->caps = 0;
    return 0;
}

static void capa_sasl(struct pop3 *p, struct str mechanisms)
{
    struct str word;
    p->has_sasl = true;
    while (str_word(&mechanisms, &word))
        p->auth_plain = p->auth_plain || str_ieqc(word, "PLAIN");
}

static int capa_line(void *arg, size_t i, struct str line, struct error *err)
{
    struct capa *c = arg;
    struct pop3 *p = c->pop3;
    struct str word;
    (void)i;
    if (++c->lines > CAPA_LINES_MAX)
        return error_set(err, ERR_LIMIT, RETRY_LATER, _("%s says more than tmail can take"),
                         p->host);
    if (!str_word(&line, &word))
        return 0;
    if (str_ieqc(word, "TOP"))
        p->caps |= POP3_CAP_TOP;
    else if (str_ieqc(word, "UIDL"))
        p->caps |= POP3_CAP_UIDL;
    else if (str_ieqc(word, "PIPELINING"))
        p->caps |= POP3_CAP_PIPELINING;
    else if (str_ieqc(word, "USER"))
        p->user_pass = true;
    else if (str_ieqc(word, "SASL"))
        capa_sasl(p, line);
    return 0;
}

/* A server that has never heard of CAPA is asked once, and by TOP and UIDL themselves. */
static int ask_capa(struct pop3 *p, struct error *err)
{
    struct capa c = { .pop3 = p };
    struct pop3_job job = {
        .n = 1, .put = capa_put, .reply = capa_reply, .line = capa_line, .arg = &c
    };
    size_t done;
    return pop3_run(p, &job, &done, err);
}

/* The capabilities are the last of what libcurl read for us; false if they are not whole. In the
 * clear the greeting stands before them, which libcurl has looked at. */
static bool capa_said(struct pop3 *p, struct str said, struct error *err)
{
    struct capa c = { .pop3 = p };
    struct wire_pop3_reply r;
    enum pop3_follow follow = FOLLOW_NOTHING;
    struct str line;
    bool end = false;
    if (!p->secure && wire_pop3_reply_next(&said, &r) != WIRE_OK)
        return false;
    if (wire_pop3_reply_next(&said, &r) != WIRE_OK || capa_reply(&c, 0, &r, &follow, err) < 0 ||
        follow != FOLLOW_LINES)
        return false;
    while (!end)
        if (wire_pop3_line_next(&said, &line, &end) != WIRE_OK ||
            (!end && capa_line(&c, 0, line, err) < 0))
            return false;
    return said.n == 0;
}

static int greeting_read(struct pop3 *p, int wait_ms, struct pop3_answer *a, struct error *err)
{
    int64_t deadline = clock_mono_ms() + wait_ms;
    for (;;) {
        struct str in = buf_str(&p->in);
        struct wire_pop3_reply r;
        enum wire_result got = wire_pop3_reply_next(&in, &r);
        if (got == WIRE_OK && r.kind != POP3_CONTINUE) {
            pop3_answer_keep(a, &r);
            buf_consume(&p->in, p->in.len - in.n);
            return 0;
        }
        if (got != WIRE_MORE)
            return pop3_nonsense(p, "greeting", err);
        int rc = stream_read(p->stream, &p->in, clock_left_ms(deadline), err);
        if (rc != 0)
            return stream_ended(p->stream, rc, wait_ms, err);
    }
}

static int greeting_refused(const struct pop3 *p, const struct pop3_answer *a, struct error *err)
{
    return error_set(err, ERR_REFUSED, a->code == SAID_NEVER ? RETRY_NEVER : RETRY_LATER,
                     _("%s refuses the connection: %s"), p->host, a->words);
}

void pop3_not_greeted(const struct pop3 *p, struct str said, struct error *err)
{
    struct wire_pop3_reply r;
    struct pop3_answer a;
    if (err->code != ERR_PROTO || wire_pop3_reply_next(&said, &r) != WIRE_OK || r.kind != POP3_ERR)
        return;
    pop3_answer_keep(&a, &r);
    (void)greeting_refused(p, &a, err);
}

int pop3_greet(struct pop3 *p, const struct pop3_options *o, struct str said, struct error *err)
{
    struct pop3_answer a;
    p->caps = POP3_CAP_TOP | POP3_CAP_UIDL; /* until CAPA says otherwise they are tried */
    if (o->endpoint.tls == TLS_STARTTLS)
        return capa_said(p, said, err) ? 0 : ask_capa(p, err);
    if (greeting_read(p, o->connect_ms, &a, err) < 0)
        return -1;
    if (a.kind != POP3_OK)
        return greeting_refused(p, &a, err);
    return ask_capa(p, err);
}

/* One line with a secret in it. */
static int say_secret(struct pop3 *p, const char *before, struct str secret, struct pop3_answer *a,
                      struct error *err)
{
    struct buf line = BUF_INIT(LOGIN_LINE_MAX);
    buf_adds(&line, before);
    buf_add_str(&line, secret);
    buf_adds(&line, "\r\n");
    int rc = buf_check(&line, err);
    if (rc == 0)
        rc = pop3_command(p, buf_str(&line), a, err);
    size_t max = p->out.max;
    buf_wipe(&line);
    buf_wipe(&p->out);
    buf_init(&p->out, max);
    p->out_pos = 0;
    return rc;
}

static int by_plain(struct pop3 *p, const struct net_login *l, struct pop3_answer *a,
                    struct error *err)
{
    struct buf secret = BUF_INIT(8192);
    int rc = login_plain(l, &secret, err);
    bool at_once = sizeof "AUTH PLAIN \r\n" - 1 + secret.len <= AUTH_LINE_MAX;
    if (rc == 0 && at_once)
        rc = say_secret(p, "AUTH PLAIN ", buf_str(&secret), a, err);
    else if (rc == 0)
        rc = pop3_command(p, STR("AUTH PLAIN\r\n"), a, err);
    if (rc == 0 && a->kind == POP3_CONTINUE) /* it has not looked at the initial response */
        rc = say_secret(p, "", buf_str(&secret), a, err);
    buf_wipe(&secret);
    return rc;
}

static int by_user(struct pop3 *p, const struct net_login *l, struct pop3_answer *a,
                   struct error *err)
{
    if (login_check(l, err) < 0 || say_secret(p, "USER ", str_c(l->user), a, err) < 0)
        return -1;
    return a->kind == POP3_OK ? say_secret(p, "PASS ", l->secret, a, err) : 0;
}

static int login_answered(struct pop3 *p, const struct pop3_answer *a, struct error *err)
{
    if (a->kind == POP3_OK)
        return 0;
    if (a->kind != POP3_ERR)
        return pop3_nonsense(p, "a challenge without end", err);
    if (a->code == SAID_NEVER) /* RFC 3206 §4: another password would not help */
        return pop3_refused(p, a, err);
    return login_refused(p->host, a->code == SAID_LATER, a->words, err);
}

/* Where CAPA names neither SASL nor USER, USER is tried, but not in the clear: RFC 2595 §4 has
 * servers hide it there because a password must not pass. */
static bool may_try_user(const struct pop3 *p)
{
    return !p->has_capa || p->user_pass || (p->secure && !p->has_sasl);
}

int pop3_log_in(struct pop3 *p, const struct net_login *l, struct error *err)
{
    struct pop3_answer a = { 0 };
    int rc;
    if (l == NULL)
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("%s wants a login"), p->host);
    else if (p->auth_plain)
        rc = by_plain(p, l, &a, err);
    else if (may_try_user(p))
        rc = by_user(p, l, &a, err);
    else
        rc = error_set(err, ERR_AUTH, RETRY_NEVER,
                       _("%s offers no login that tmail knows (PLAIN, USER)%s"), p->host,
                       p->secure ? "" : _(" in the clear"));
    if (rc < 0 || login_answered(p, &a, err) < 0)
        return -1;
    return p->has_capa ? ask_capa(p, err) : 0;
}
