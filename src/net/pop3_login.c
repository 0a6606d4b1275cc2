/* SPDX-License-Identifier: MIT */
#include "net/pop3_conn.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/sasl.h"
#include "base/banned.h"

enum {
    CAPA_LINES_MAX = 1000,
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
    p->has_sasl = p->user_pass = p->has_utf8 = p->has_lang = false;
    p->mechs = 0;
    p->caps = 0;
    return 0;
}

static void capa_sasl(struct pop3 *p, struct str mechanisms)
{
    struct str word;
    p->has_sasl = true;
    while (str_word(&mechanisms, &word))
        p->mechs |= net_mech(word);
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
    else if (str_ieqc(word, "UTF8"))
        p->has_utf8 = true;
    else if (str_ieqc(word, "LANG"))
        p->has_lang = true;
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

static bool is_stamp_char(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* "<left@right>" of a greeting, both sides dot-atoms: collisions of MD5 have bytes that none can
 * hold. */
static void stamp_take(struct pop3 *p, struct str text)
{
    size_t open = str_rfind(text, '<');
    struct str left, right;
    text = str_skip(text, open + 1);
    struct str rest = text;
    if (str_until(&rest, '@', &left) != 0 || str_until(&rest, '>', &right) != 0 || left.n == 0 ||
        right.n == 0 || left.n + right.n + sizeof "<@>" > sizeof p->stamp)
        return;
    for (size_t i = 0; i < left.n + 1 + right.n; i++)
        if (i != left.n && !is_stamp_char(text.p[i]))
            return;
    snprintf(p->stamp, sizeof p->stamp, "<%.*s@%.*s>", STR_ARG(left), STR_ARG(right));
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
            if (p->secure)
                stamp_take(p, r.text);
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
static int say_secret(struct pop3 *p, struct str secret, struct pop3_answer *a, struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX + 2);
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

/* AUTH with the initial response where the line is not too long for it. */
static int auth_begin(struct pop3 *p, struct net_sasl *sasl, struct pop3_answer *a,
                      struct error *err)
{
    struct buf first = BUF_INIT(NET_SASL_LINE_MAX), line = BUF_INIT(NET_SASL_LINE_MAX);
    int rc = net_sasl_initial(sasl, &first, err);
    buf_addf(&line, "AUTH %s", net_sasl_name(sasl));
    if (rc == 0 && line.len + first.len + 3 <= AUTH_LINE_MAX) {
        buf_adds(&line, first.len > 0 ? " " : "");
        buf_add_str(&line, buf_str(&first));
    } else
        net_sasl_again(sasl);
    if (rc == 0)
        rc = say_secret(p, buf_str(&line), a, err);
    buf_wipe(&line);
    buf_wipe(&first);
    return rc;
}

static int auth_answer(struct pop3 *p, struct net_sasl *sasl, struct pop3_answer *a,
                       struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX);
    int rc = net_sasl_answer(sasl, buf_str(&p->challenge), &line, err);
    if (rc == 0)
        rc = say_secret(p, buf_str(&line), a, err);
    buf_wipe(&line);
    return rc;
}

static int by_sasl(struct pop3 *p, struct net_sasl *sasl, struct error *err)
{
    struct pop3_answer a = { 0 };
    int rc = 1;
    while (rc > 0) {
        rc = auth_begin(p, sasl, &a, err);
        while (rc == 0 && a.kind == POP3_CONTINUE)
            rc = auth_answer(p, sasl, &a, err);
        if (rc == 0 && a.kind == POP3_ERR && a.code == SAID_NEVER)
            return pop3_refused(p, &a, err); /* RFC 3206 §4: another password would not help */
        if (rc == 0)
            rc = net_sasl_end(sasl, a.kind == POP3_OK, a.code == SAID_LATER, a.words, err);
    }
    return rc;
}

static int say_words(struct pop3 *p, const char *verb, struct str what, struct pop3_answer *a,
                     struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX);
    buf_addf(&line, "%s ", verb);
    buf_add_str(&line, what);
    int rc = buf_check(&line, err);
    if (rc == 0)
        rc = say_secret(p, buf_str(&line), a, err);
    buf_wipe(&line);
    return rc;
}

static int by_user(struct pop3 *p, const struct net_login *l, struct pop3_answer *a,
                   struct error *err)
{
    if (login_check(l, err) < 0 || say_words(p, "USER", str_c(l->user), a, err) < 0)
        return -1;
    return a->kind == POP3_OK ? say_words(p, "PASS", l->secret, a, err) : 0;
}

/* RFC 1939 §7. */
static int by_apop(struct pop3 *p, const struct net_login *l, struct pop3_answer *a,
                   struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf text = BUF_INIT(NET_SASL_LINE_MAX), line = BUF_INIT(NET_SASL_LINE_MAX);
    buf_adds(&text, p->stamp);
    buf_add_str(&text, l->secret);
    buf_addf(&line, "%s ", l->user);
    int rc = login_check(l, err);
    if (rc == 0 && EVP_Digest(buf_c(&text), text.len, digest, &n, EVP_md5(), NULL) != 1)
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("this computer has no MD5 for APOP"));
    for (unsigned i = 0; rc == 0 && i < n; i++)
        buf_addf(&line, "%02x", digest[i]);
    if (rc == 0)
        rc = say_words(p, "APOP", buf_str(&line), a, err);
    buf_wipe(&text);
    buf_wipe(&line);
    return rc;
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

enum way { WAY_SASL, WAY_USER, WAY_APOP };

/* A mechanism of SASL first; USER; APOP last, and only where nobody can have put a stamp of his
 * own in front of us (CVE-2007-1558). */
static enum way choose(const struct pop3 *p, const struct net_login *l)
{
    struct str named = str_c(l->mechanism);
    unsigned asked = net_mech(named);
    bool apop = str_ieqc(named, "apop");
    if (l->kind != LOGIN_PASSWORD || (p->mechs & asked) || (asked & ~(unsigned)MECH_LOGIN))
        return WAY_SASL;
    if (apop || (!may_try_user(p) && (p->mechs & MECH_PASSWORDS) == 0 && p->stamp[0] != '\0'))
        return WAY_APOP;
    if (asked == 0 && (p->mechs & MECH_PASSWORDS))
        return WAY_SASL;
    return may_try_user(p) ? WAY_USER : WAY_SASL;
}

static void note_login(struct pop3 *p, const char *name)
{
    if (p->facts != NULL)
        snprintf(p->facts->login, sizeof p->facts->login, "%s", name);
}

static int log_in(struct pop3 *p, const struct net_login *l, const struct endpoint *ep,
                  struct error *err)
{
    struct pop3_answer a = { 0 };
    struct net_sasl_setup setup = { .login = l,
                                    .host = p->host,
                                    .port = ep->port,
                                    .service = "pop",
                                    .offered = p->mechs,
                                    .secure = p->secure,
                                    .binding = stream_binding(p->stream),
                                    .log = p->log };
    enum way way = choose(p, l);
    if (p->facts != NULL)
        p->facts->mechs = p->mechs;
    if (way == WAY_SASL) {
        struct net_sasl *sasl = net_sasl_new(&setup, err);
        int rc = sasl != NULL ? by_sasl(p, sasl, err) : -1;
        if (sasl != NULL)
            note_login(p, net_sasl_name(sasl));
        net_sasl_free(&sasl);
        return rc;
    }
    if (way == WAY_APOP && p->stamp[0] == '\0')
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%s greets without the stamp that APOP needs, or not over TLS from the "
                           "start: remove login = apop"),
                         p->host);
    note_login(p, way == WAY_APOP ? "APOP" : "USER");
    int rc = way == WAY_APOP ? by_apop(p, l, &a, err) : by_user(p, l, &a, err);
    return rc < 0 ? -1 : login_answered(p, &a, err);
}

int pop3_log_in(struct pop3 *p, const struct net_login *l, const struct endpoint *ep,
                struct error *err)
{
    if (l == NULL)
        return error_set(err, ERR_AUTH, RETRY_NEVER, _("%s wants a login"), p->host);
    if (log_in(p, l, ep, err) < 0)
        return -1;
    return p->has_capa ? ask_capa(p, err) : 0;
}
