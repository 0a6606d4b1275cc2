/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/sasl.h"
#include "net/words.h"
#include "wire/imap_cmd.h"
#include "base/banned.h"

struct greeting {
    struct imap *imap;
    enum imap_kind kind;
    bool seen;
    char words[NET_WORDS_MAX];
};

static int greeting_line(struct greeting *g, const struct wire_node *line, struct error *err)
{
    struct imap_resp r;
    if (line == NULL && g->seen) /* some servers set an empty line behind others */
        return 0;
    if (wire_imap_resp(line, &r, err) < 0)
        return -1;
    if (r.kind == IMAP_CAPABILITY || r.code == CODE_CAPABILITY)
        imap_caps_set(g->imap, &r);
    if (!g->seen) {
        g->kind = r.tag.n > 0 ? IMAP_OTHER : r.kind;
        net_words(g->words, sizeof g->words, r.text);
    }
    g->seen = true;
    return 0;
}

/* Lines that libcurl read for us. */
static int greeting_said(struct greeting *g, struct str said, struct error *err)
{
    struct wire_imap *p = wire_imap_new(WIRE_CLIENT, NULL);
    const struct wire_node *line = NULL;
    enum wire_result rc = WIRE_OK;
    int bad = 0;
    while (bad == 0 && (rc = wire_imap_next(p, &said, &line, err)) == WIRE_OK)
        bad = greeting_line(g, line, err);
    wire_imap_free(&p);
    return bad < 0 || rc != WIRE_MORE ? imap_protocol_error(g->imap, "greeting", err) : 0;
}

static int greeting_read(struct greeting *g, int wait_ms, struct error *err)
{
    struct imap *i = g->imap;
    int64_t deadline = clock_mono_ms() + wait_ms;
    const struct wire_node *line = NULL;
    for (;;) {
        int rc = stream_read(i->stream, &i->in, clock_left_ms(deadline), err);
        if (rc != 0)
            return stream_ended(i->stream, rc, wait_ms, err);
        struct str in = buf_str(&i->in);
        enum wire_result got = wire_imap_next(i->parser, &in, &line, err);
        if (got == WIRE_OK && in.n > 0)
            return imap_protocol_error(i, "words behind the greeting", err);
        if (got == WIRE_OK && greeting_line(g, line, err) == 0) {
            buf_clear(&i->in);
            return 0;
        }
        if (got != WIRE_MORE)
            return imap_protocol_error(i, "greeting", err);
        buf_clear(&i->in);
    }
}

static int greeting_refused(const struct greeting *g, struct error *err)
{
    return error_set(err, ERR_REFUSED, RETRY_LATER, _("%s refuses the connection: %s"),
                     g->imap->host, g->words);
}

void imap_not_greeted(struct imap *i, struct str said, struct error *err)
{
    struct greeting g = { .imap = i, .kind = IMAP_OTHER };
    struct error ignored = { 0 };
    if (err->code == ERR_PROTO && greeting_said(&g, said, &ignored) == 0 && g.kind == IMAP_BYE)
        (void)greeting_refused(&g, err);
}

static int greeting_check(const struct greeting *g, struct error *err)
{
    struct imap *i = g->imap;
    if (g->kind == IMAP_BYE)
        return greeting_refused(g, err);
    i->preauth = g->kind == IMAP_PREAUTH;
    if (g->kind != IMAP_OK && !i->preauth)
        return imap_protocol_error(i, "no greeting", err);
    return 0;
}

int imap_greet(struct imap *i, const struct imap_options *o, struct str said, struct error *err)
{
    struct greeting g = { .imap = i, .kind = IMAP_OTHER };
    if (o->endpoint.tls == TLS_STARTTLS) {
        if (greeting_said(&g, said, err) < 0)
            return -1;
        if (!i->secure && greeting_check(&g, err) < 0)
            return -1; /* with TLS the greeting is forgotten; libcurl has refused PREAUTH */
    } else if (greeting_read(&g, o->connect_ms, err) < 0 || greeting_check(&g, err) < 0)
        return -1;
    return i->caps_known ? 0 : imap_command(i, STR("CAPABILITY"), NULL, err);
}

struct login {
    struct imap *imap;
    struct net_sasl *sasl;
    enum imap_kind kind;
    enum imap_code code;
    char words[NET_WORDS_MAX];
};

static void login_done(void *arg, const struct imap_resp *r)
{
    struct login *l = arg;
    if (r == NULL)
        return;
    l->kind = r->kind;
    l->code = r->code;
    if (r->kind == IMAP_OK)
        l->imap->lines_max = IMAP_LINES_MAX; /* what comes next may answer the first commands */
    net_words(l->words, sizeof l->words, r->text);
}

/* The first commands, in the same write as the last line of a login (RFC 3501 §2.2.1 lets none of them
 * go before). What a server answers to them when the login has failed says nothing about it. */
static void early_queue(struct imap *i)
{
    uint64_t now = i->caps;
    if (i->expected == 0)
        return;
    i->caps = i->expected & ~(i->lies != NULL ? *i->lies : 0);
    i->expected = 0;
    i->hello_due = true;
    i->early(i->early_arg, i);
    i->hello_due = false;
    i->caps = now;
}

/* An argument in quotes or, where it has what quotes cannot hold, as a literal. */
static void queue_argument(struct imap *i, const struct command *c, struct str s)
{
    struct buf out = BUF_INIT(20000);
    buf_addc(&out, ' ');
    if (wire_put_astring(&out, s, imap_literal_plus(i, s.n)))
        imap_queue_bytes(i, c, buf_str(&out));
    else {
        buf_addf(&out, "{%zu}\r\n", s.n);
        imap_queue_bytes(i, c, buf_str(&out));
        imap_queue_waiting(i, c, s);
    }
    i->unfit = i->unfit || out.over;
    buf_wipe(&out);
}

static int queue_login(struct imap *i, const struct net_login *l, const struct imap_handler *h,
                       struct error *err)
{
    if (login_check(l, err) < 0)
        return -1;
    struct command *c = imap_command_add(i, h);
    imap_queue_bytes(i, c, str_c(c->tag));
    imap_queue_bytes(i, c, STR(" LOGIN"));
    queue_argument(i, c, str_c(l->user));
    queue_argument(i, c, l->secret);
    imap_queue_bytes(i, c, STR("\r\n"));
    return 0;
}

static bool has_words(struct str text, const char *words)
{
    for (; text.n > 0; text = str_skip(text, 1))
        if (str_istarts(text, words))
            return true;
    return false;
}

/* Gmail, Yahoo and Outlook have no codes for it. */
bool imap_passes(enum imap_code code, struct str text, bool login)
{
    static const struct {
        const char *words;
        bool login;
    } rows[] = {
        { "too many simultaneous", true },
        { "too many connections", true },
        { "number of connections", true },
        { "bandwidth", true },
        { "temporar", true },
        { "try again later", true },
        { "not connected", false },
        { "server error", false },
        { "throttl", false },
        { "busy", false },
    };
    if (code == CODE_UNAVAILABLE || code == CODE_LIMIT || code == CODE_INUSE ||
        code == CODE_SERVERBUG)
        return true;
    if (code == CODE_AUTHENTICATIONFAILED)
        return false;
    for (size_t k = 0; k < COUNT(rows); k++)
        if ((rows[k].login || !login) && has_words(text, rows[k].words))
            return true;
    return false;
}

static void note_login(struct imap *i, const char *name)
{
    if (i->facts != NULL)
        snprintf(i->facts->login, sizeof i->facts->login, "%s", name);
}

/* The command LOGIN, for servers without SASL. */
static int by_command(struct imap *i, const struct net_login *l, struct error *err)
{
    struct login answer = { .imap = i, .kind = IMAP_OTHER };
    struct imap_handler h = { .done = login_done, .arg = &answer };
    if (queue_login(i, l, &h, err) < 0)
        return -1;
    early_queue(i);
    note_login(i, "LOGIN");
    if (imap_run(i, err) < 0)
        return -1;
    if (answer.kind == IMAP_OK)
        return 0;
    return login_refused(i->host, imap_passes(answer.code, str_c(answer.words), true), answer.words,
                         err);
}

/* A challenge is answered as soon as it has come. */
static int on_challenge(void *arg, const struct imap_resp *r, struct error *err)
{
    struct login *l = arg;
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX + 2);
    int rc = net_sasl_answer(l->sasl, r->text, &line, err);
    if (rc == 0) {
        buf_adds(&line, "\r\n");
        imap_queue_bytes(l->imap, NULL, buf_str(&line));
        if (net_sasl_is_over(l->sasl))
            early_queue(l->imap);
    }
    buf_wipe(&line);
    return rc;
}

/* AUTHENTICATE, with the initial response at once where SASL-IR (RFC 4959) is offered. */
static int queue_authenticate(struct imap *i, struct net_sasl *sasl, bool at_once,
                              const struct imap_handler *h, struct error *err)
{
    struct buf line = BUF_INIT(NET_SASL_LINE_MAX + 100), first = BUF_INIT(NET_SASL_LINE_MAX);
    int rc = at_once ? net_sasl_initial(sasl, &first, err) : 0;
    if (rc == 0) {
        struct command *c = imap_command_add(i, h);
        buf_addf(&line, "%s AUTHENTICATE %s%s", c->tag, net_sasl_name(sasl),
                 first.len > 0 ? " " : "");
        buf_add_str(&line, buf_str(&first));
        buf_adds(&line, "\r\n");
        imap_queue_bytes(i, NULL, buf_str(&line));
    }
    buf_wipe(&line);
    buf_wipe(&first);
    return rc;
}

static int authenticate(struct imap *i, struct login *l, bool at_once, struct error *err)
{
    struct imap_handler h = { .done = login_done, .arg = l };
    l->kind = IMAP_OTHER;
    i->challenge = (struct imap_handler){ .resp = on_challenge, .arg = l };
    int rc = queue_authenticate(i, l->sasl, at_once, &h, err);
    if (rc == 0 && at_once && net_sasl_is_over(l->sasl))
        early_queue(i);
    if (rc == 0)
        rc = imap_run(i, err);
    i->challenge = (struct imap_handler){ 0 };
    return rc;
}

static int by_sasl(struct imap *i, struct net_sasl *sasl, struct error *err)
{
    struct login l = { .imap = i, .sasl = sasl };
    bool at_once = (i->caps & CAP_SASL_IR) != 0;
    int rc = 1;
    while (rc > 0) {
        if (authenticate(i, &l, at_once, err) < 0)
            return -1;
        if (l.kind == IMAP_BAD && at_once) { /* SASL-IR is offered, and not understood */
            at_once = false;
            imap_lie(i, CAP_SASL_IR);
            net_sasl_again(sasl);
            continue;
        }
        rc = net_sasl_end(sasl, l.kind == IMAP_OK, imap_passes(l.code, str_c(l.words), true),
                          l.words, err);
    }
    return rc;
}

static unsigned mechanisms(const struct imap *i)
{
    static const struct {
        uint64_t cap;
        unsigned mech;
    } known[] = {
        { CAP_AUTH_PLAIN, MECH_PLAIN },
        { CAP_AUTH_LOGIN, MECH_LOGIN },
        { CAP_AUTH_CRAM_MD5, MECH_CRAM_MD5 },
        { CAP_AUTH_SCRAM_SHA_1, MECH_SCRAM_SHA_1 },
        { CAP_AUTH_SCRAM_SHA_1_PLUS, MECH_SCRAM_SHA_1_PLUS },
        { CAP_AUTH_SCRAM_SHA_256, MECH_SCRAM_SHA_256 },
        { CAP_AUTH_SCRAM_SHA_256_PLUS, MECH_SCRAM_SHA_256_PLUS },
        { CAP_AUTH_XOAUTH2, MECH_XOAUTH2 },
        { CAP_AUTH_OAUTHBEARER, MECH_OAUTHBEARER },
        { CAP_AUTH_EXTERNAL, MECH_EXTERNAL },
        { CAP_AUTH_GSSAPI, MECH_GSSAPI },
    };
    unsigned set = 0;
    for (size_t k = 0; k < COUNT(known); k++)
        if (i->caps & known[k].cap)
            set |= known[k].mech;
    return set;
}

/* RFC 3501 §6.2.3: where it is not forbidden, the command is there for the password. */
static bool may_command(const struct imap *i, const struct net_login *l, unsigned offered)
{
    unsigned asked = net_mech(str_c(l->mechanism));
    bool named = asked == MECH_LOGIN && !(offered & MECH_LOGIN);
    return l->kind == LOGIN_PASSWORD && !(i->caps & CAP_LOGINDISABLED) &&
           (named || (asked == 0 && (offered & MECH_PASSWORDS) == 0));
}

int imap_log_in(struct imap *i, const struct net_login *l, const struct endpoint *ep,
                struct error *err)
{
    int rc;
    uint64_t lies = i->lies != NULL ? *i->lies : 0;
    i->caps_known = false; /* there may be others now */
    if (i->facts != NULL)
        i->facts->mechs = mechanisms(i);
    if (l == NULL)
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("%s wants a login"), i->host);
    else if (may_command(i, l, mechanisms(i)))
        rc = by_command(i, l, err);
    else {
        struct net_sasl_setup setup = { .login = l,
                                        .host = i->host,
                                        .port = ep->port,
                                        .service = "imap",
                                        .offered = mechanisms(i),
                                        .secure = i->secure,
                                        .binding = stream_binding(i->stream),
                                        .log = i->log };
        struct net_sasl *sasl = net_sasl_new(&setup, err);
        rc = sasl != NULL ? by_sasl(i, sasl, err) : -1;
        if (sasl != NULL)
            note_login(i, net_sasl_name(sasl));
        net_sasl_free(&sasl);
    }
    if (rc < 0 && i->lies != NULL)
        *i->lies = lies;
    return rc < 0 ? imap_break_off(i) : 0; /* many servers let LOGOUT wait for its answer now */
}
