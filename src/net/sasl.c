/* SPDX-License-Identifier: MIT */
#include "net/sasl.h"

#include <gsasl.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "net/words.h"
#include "base/banned.h"

/* Strongest first. */
static const struct row {
    unsigned bit;
    const char *name;
    enum net_login_kind kind;
    bool lib;    /* libgsasl has it */
    bool greets; /* the server speaks first */
    bool binds;  /* to the channel */
    bool proves; /* the server has to prove itself too; nothing but SCRAM comes after it */
    bool clear;  /* at this place only where the link is in the clear */
} rows[] = {
    { MECH_SCRAM_SHA_256_PLUS, "SCRAM-SHA-256-PLUS", LOGIN_PASSWORD, true, false, true, true, 0 },
    { MECH_SCRAM_SHA_1_PLUS, "SCRAM-SHA-1-PLUS", LOGIN_PASSWORD, true, false, true, true, 0 },
    { MECH_SCRAM_SHA_256, "SCRAM-SHA-256", LOGIN_PASSWORD, true, false, false, true, 0 },
    { MECH_SCRAM_SHA_1, "SCRAM-SHA-1", LOGIN_PASSWORD, true, false, false, true, 0 },
    { MECH_CRAM_MD5, "CRAM-MD5", LOGIN_PASSWORD, true, true, false, false, true },
    { MECH_PLAIN, "PLAIN", LOGIN_PASSWORD, true, false, false, false, false },
    { MECH_LOGIN, "LOGIN", LOGIN_PASSWORD, false, true, false, false, false },
    { MECH_CRAM_MD5, "CRAM-MD5", LOGIN_PASSWORD, true, true, false, false, false },
    { MECH_OAUTHBEARER, "OAUTHBEARER", LOGIN_TOKEN, false, false, false, false, false },
    { MECH_XOAUTH2, "XOAUTH2", LOGIN_TOKEN, false, false, false, false, false },
    { MECH_EXTERNAL, "EXTERNAL", LOGIN_EXTERNAL, false, false, false, false, false },
    { MECH_GSSAPI, "GSSAPI", LOGIN_KERBEROS, true, false, false, true, false },
    { MECH_GS2_KRB5, "GS2-KRB5", LOGIN_KERBEROS, true, false, false, true, false },
};
enum { BOUND = 3, SCRAMS = 15 }; /* the first two bits, and four */

struct net_sasl {
    struct net_sasl_setup setup;
    const struct row *row;
    const struct row *forced; /* NULL: the best */
    unsigned tried;           /* refused before anything was shown */
    Gsasl *lib;
    Gsasl_session *session;
    unsigned steps;           /* answers given, the initial one too */
    bool sent, complete;      /* the initial response is out; our part is done */
    bool proved;              /* what depends on the secret is out */
    bool called_off;          /* why tells */
    bool resent;              /* the initial response, to a server that did not look at it */
    struct buf first;         /* the initial response, in base64 */
    char said[NET_WORDS_MAX]; /* what an error challenge or a server-final message said */
    struct error why;
};

unsigned net_mech(struct str name)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_ieqc(name, rows[i].name))
            return rows[i].bit;
    return 0;
}

const char *net_sasl_name(const struct net_sasl *s)
{
    return s->row->name;
}

/* ------------------------------------------------------------------ the choice */

static bool is_scram(const struct row *r)
{
    return (r->bit & SCRAMS) != 0;
}

static bool can_use(const struct net_sasl *s, const struct row *r)
{
    const struct net_sasl_setup *u = &s->setup;
    bool bound = u->secure && u->binding != NULL && u->binding->kind != TLS_BINDING_NONE;
    if (r->kind != u->login->kind || (s->tried & r->bit) || (r->clear && u->secure) ||
        (s->forced != NULL && s->forced->bit != r->bit))
        return false;
    return (u->offered & r->bit) && (!r->binds || bound) &&
           (!r->lib || gsasl_client_support_p(s->lib, r->name) != 0);
}

/* The next one down; false where there is none. After a SCRAM only a SCRAM, after a bound one only a
 * bound one. */
static bool choose(struct net_sasl *s)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (can_use(s, &rows[i]) && ((s->tried & SCRAMS) == 0 || is_scram(&rows[i])) &&
            ((s->tried & BOUND) == 0 || rows[i].binds)) {
            s->row = &rows[i];
            return true;
        }
    return false;
}

static int nothing_fits(const struct net_sasl *s, struct error *err)
{
    const struct net_sasl_setup *u = &s->setup;
    struct buf has = BUF_INIT(NET_WORDS_MAX);
    unsigned seen = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if ((u->offered & rows[i].bit & ~seen) != 0)
            buf_addf(&has, "%s%s", has.len > 0 ? ", " : "", rows[i].name);
        seen |= rows[i].bit;
    }
    bool tokens = (u->offered & (MECH_XOAUTH2 | MECH_OAUTHBEARER)) != 0;
    if (u->login->kind == LOGIN_PASSWORD && s->forced == NULL && tokens)
        error_set(err, ERR_AUTH, RETRY_NEVER,
                  _("%s takes no password, only a sign-in by OAuth 2 (%s): set oauth-command"),
                  u->host, buf_c(&has));
    else if (s->forced != NULL)
        error_set(err, ERR_AUTH, RETRY_NEVER,
                  _("%s does not offer %s, which the key login asks for (it has: %s)"), u->host,
                  s->forced->name, has.len > 0 ? buf_c(&has) : _("nothing that tmail knows"));
    else
        error_set(err, ERR_AUTH, RETRY_NEVER,
                  u->secure ? _("%s offers no login that tmail can use here (it has: %s)")
                            : _("%s offers no login that tmail can use in the clear (it has: %s)"),
                  u->host, has.len > 0 ? buf_c(&has) : _("nothing that tmail knows"));
    buf_free(&has);
    return -1;
}

/* Names that are no SASL mechanism are another protocol's business ("apop"). */
static const struct row *forced_row(const struct net_login *l)
{
    struct str name = str_c(l->mechanism);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_ieqc(name, rows[i].name))
            return &rows[i];
    return NULL;
}

struct net_sasl *net_sasl_new(const struct net_sasl_setup *setup, struct error *err)
{
    struct net_sasl *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    s->forced = forced_row(setup->login);
    buf_init(&s->first, NET_SASL_LINE_MAX);
    int rc = gsasl_init(&s->lib);
    if (rc != GSASL_OK)
        error_set(err, ERR_SYS, RETRY_LATER, _("cannot prepare the login: %s"), gsasl_strerror(rc));
    else if (!choose(s))
        rc = nothing_fits(s, err);
    if (rc != GSASL_OK)
        net_sasl_free(&s);
    else
        log_line(setup->log, LOG_DEBUG, "%s: login by %s", setup->host, s->row->name);
    return s;
}

/* libgsasl frees its copies as they are. */
static void session_end(struct net_sasl *s)
{
    static const Gsasl_property secrets[] = { GSASL_PASSWORD, GSASL_SCRAM_SALTED_PASSWORD };
    if (s->session == NULL)
        return;
    for (size_t i = 0; i < COUNT(secrets); i++) {
        const char *copy = gsasl_property_fast(s->session, secrets[i]);
        if (copy != NULL)
            explicit_bzero((void *)(uintptr_t)copy, strlen(copy));
    }
    gsasl_finish(s->session);
    s->session = NULL;
}

void net_sasl_again(struct net_sasl *s)
{
    session_end(s);
    buf_wipe(&s->first);
    buf_init(&s->first, NET_SASL_LINE_MAX);
    s->steps = 0;
    s->sent = s->complete = s->proved = s->called_off = s->resent = false;
    s->said[0] = '\0';
    s->why = (struct error){ 0 };
}

void net_sasl_free(struct net_sasl **s)
{
    if (*s == NULL)
        return;
    session_end(*s);
    if ((*s)->lib != NULL)
        gsasl_done((*s)->lib);
    buf_wipe(&(*s)->first);
    free(*s);
    *s = NULL;
}

/* ------------------------------------------------------------------ the exchange */

static void add_base64(struct buf *out, struct str raw)
{
    login_base64(raw, out);
}

static int unbase64(struct str line, struct buf *raw)
{
    char *bytes = NULL;
    size_t n = 0;
    line = str_trim(line);
    if (line.n == 0)
        return 0;
    if (gsasl_base64_from(line.p, line.n, &bytes, &n) != GSASL_OK)
        return -1;
    buf_add(raw, bytes, n);
    explicit_bzero(bytes, n);
    gsasl_free(bytes);
    return raw->over ? -1 : 0;
}

/* What goes wrong on our side of the exchange, as a sentence. */
static int lib_failed(const struct net_sasl *s, int rc, struct error *err)
{
    const char *host = s->setup.host;
    switch (rc) {
    case GSASL_SASLPREP_ERROR:
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("the user's name or password has a character that no login can carry"));
    case GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR:
    case GSASL_GSSAPI_IMPORT_NAME_ERROR:
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("there is no Kerberos ticket for %s: get one with kinit"), host);
    default:
        return error_set(err, ERR_AUTH, RETRY_NEVER, _("the login by %s at %s cannot go on: %s"),
                         s->row->name, host, gsasl_strerror(rc));
    }
}

/* For the bound mechanisms alone: libgsasl (2.2) makes no first message of an unbound one with it.
 */
static int set_binding(struct net_sasl *s)
{
    const struct tls_binding *b = s->setup.binding;
    if (!s->row->binds)
        return GSASL_OK;
    struct buf text = BUF_INIT(200);
    add_base64(&text, (struct str){ (const char *)b->bytes, b->n });
    int rc = gsasl_property_set(s->session,
                                b->kind == TLS_BINDING_EXPORTER ? GSASL_CB_TLS_EXPORTER
                                                                : GSASL_CB_TLS_UNIQUE,
                                buf_c(&text));
    buf_wipe(&text);
    return rc;
}

static int session_begin(struct net_sasl *s)
{
    const struct net_sasl_setup *u = &s->setup;
    struct str secret = u->login->secret;
    if (s->session != NULL)
        return GSASL_OK;
    int rc = gsasl_client_start(s->lib, s->row->name, &s->session);
    if (rc == GSASL_OK)
        rc = gsasl_property_set(s->session, GSASL_AUTHID, u->login->user);
    if (rc == GSASL_OK && u->login->kind == LOGIN_PASSWORD)
        rc = gsasl_property_set_raw(s->session, GSASL_PASSWORD, secret.n ? secret.p : "", secret.n);
    if (rc == GSASL_OK && u->login->kind == LOGIN_KERBEROS) {
        rc = gsasl_property_set(s->session, GSASL_SERVICE, u->service);
        if (rc == GSASL_OK)
            rc = gsasl_property_set(s->session, GSASL_HOSTNAME, u->host);
        if (rc == GSASL_OK)
            rc = gsasl_property_set(s->session, GSASL_AUTHZID, u->login->user);
    }
    return rc == GSASL_OK ? set_binding(s) : rc;
}

static int lib_step(struct net_sasl *s, struct str in, struct buf *raw, struct error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    int rc = session_begin(s);
    if (rc == GSASL_OK)
        rc = gsasl_step(s->session, in.n ? in.p : NULL, in.n, &bytes, &n);
    if (bytes != NULL) {
        buf_add(raw, bytes, n);
        explicit_bzero(bytes, n);
        gsasl_free(bytes);
    }
    s->complete = rc == GSASL_OK;
    if (rc == GSASL_AUTHENTICATION_ERROR && is_scram(s->row))
        return error_set(err, ERR_AUTH, RETRY_LATER,
                         _("%s cannot prove that it knows the password: somebody may be in "
                           "between; the login was broken off"),
                         s->setup.host);
    if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
        return lib_failed(s, rc, err);
    return 0;
}

/* RFC 7628 §3.1: host and port are what we connected to; XOAUTH2 has neither. A comma and "=" in a
 * name are written as RFC 5801 §4 has them. */
static void put_token(const struct net_sasl *s, struct buf *raw)
{
    const struct net_login *l = s->setup.login;
    if (s->row->bit == MECH_XOAUTH2)
        buf_addf(raw, "user=%s\1auth=Bearer ", l->user);
    else {
        buf_adds(raw, "n,a=");
        for (const char *p = l->user; *p != '\0'; p++) {
            if (*p == ',' || *p == '=')
                buf_adds(raw, *p == ',' ? "=2C" : "=3D");
            else
                buf_addc(raw, *p);
        }
        buf_addf(raw, ",\1host=%s\1port=%u\1auth=Bearer ", s->setup.host, s->setup.port);
    }
    buf_add_str(raw, l->secret);
    buf_adds(raw, "\1\1");
}

static int first_step(struct net_sasl *s, struct buf *raw, struct error *err)
{
    s->proved = !is_scram(s->row);
    if (s->row->lib)
        return lib_step(s, STR(""), raw, err);
    s->complete = true;
    if (s->row->kind == LOGIN_TOKEN)
        put_token(s, raw);
    return 0; /* EXTERNAL: the name stands in the certificate (RFC 4422 §A) */
}

/* Makes the initial response, once. */
static int first_make(struct net_sasl *s, struct error *err)
{
    struct buf raw = BUF_INIT(NET_SASL_LINE_MAX);
    if (s->sent)
        return 0;
    int rc = login_check(s->setup.login, err);
    if (rc == 0)
        rc = first_step(s, &raw, err);
    if (rc == 0) {
        add_base64(&s->first, buf_str(&raw));
        rc = raw.over ? buf_check(&raw, err) : buf_check(&s->first, err);
    }
    s->sent = rc == 0;
    buf_wipe(&raw);
    return rc;
}

int net_sasl_initial(struct net_sasl *s, struct buf *out, struct error *err)
{
    if (s->row->greets)
        return login_check(s->setup.login, err);
    if (first_make(s, err) < 0)
        return -1;
    s->steps++;
    if (s->first.len == 0)
        buf_addc(out, '=');
    buf_add_str(out, buf_str(&s->first));
    return buf_check(out, err);
}

/* "i=4096" of a server's first message: a hostile one may ask for years of work. */
static bool rounds_are_sane(struct str message)
{
    while (message.n > 0) {
        struct str part = str_head(message, str_find(message, ','));
        uint64_t rounds;
        message = str_skip(message, part.n + 1);
        if (str_lit(&part, "i=") == 0)
            return str_u64(&part, &rounds) == 0 && part.n == 0 && rounds <= NET_SASL_ROUNDS_MAX;
    }
    return true;
}

static int scram_step(struct net_sasl *s, struct str in, struct buf *raw, struct error *err)
{
    struct str text = in;
    if (str_lit(&text, "e=") == 0) {
        net_words(s->said, sizeof s->said, text);
        return error_set(err, ERR_AUTH, RETRY_NEVER, _("%s refuses the login: %s"), s->setup.host,
                         s->said);
    }
    if (!s->proved && !rounds_are_sane(in))
        return error_set(err, ERR_PROTO, RETRY_NEVER,
                         _("%s wants more work for a login than anybody would do"), s->setup.host);
    if (lib_step(s, in, raw, err) < 0)
        return -1;
    s->proved = true;
    return 0;
}

/* An error in JSON (RFC 7628 §3.2.2), or whatever the server says in its place. */
static void token_error(struct net_sasl *s, struct str in)
{
    json_t *doc = json_loadb(in.n ? in.p : "", in.n, 0, NULL);
    const char *status = json_string_value(json_object_get(doc, "status"));
    net_words(s->said, sizeof s->said, status != NULL ? str_c(status) : in);
    json_decref(doc);
}

static void own_step(struct net_sasl *s, struct str in, struct buf *raw)
{
    if (s->row->bit == MECH_LOGIN) {
        const struct net_login *l = s->setup.login;
        buf_add_str(raw, s->steps == 0 ? str_c(l->user) : s->steps == 1 ? l->secret : STR(""));
        s->complete = s->steps >= 1;
        s->proved = true;
    } else if (s->row->kind == LOGIN_TOKEN) {
        token_error(s, in);
        if (s->row->bit == MECH_OAUTHBEARER)
            buf_addc(raw, '\1'); /* RFC 7628 §3.2.3 */
    }
}

/* A challenge while the exchange is under way, decoded. */
static int next_step(struct net_sasl *s, struct str in, struct buf *raw, struct error *err)
{
    if (is_scram(s->row))
        return scram_step(s, in, raw, err);
    s->proved = true;
    if (s->row->lib)
        return lib_step(s, in, raw, err);
    own_step(s, in, raw);
    return 0;
}

/* True where the challenge only asks for the initial response. */
static bool wants_first(struct net_sasl *s, struct str in)
{
    if (s->row->greets)
        return false;
    bool first = s->steps == 0;
    bool unseen = s->steps == 1 && !s->resent && s->sent;
    bool words = s->row->bit == MECH_PLAIN || s->row->bit == MECH_EXTERNAL;
    s->resent = s->resent || unseen;
    return first || (unseen && (in.n == 0 || words));
}

static int answer(struct net_sasl *s, struct str challenge, struct buf *out, struct error *err)
{
    struct buf in = BUF_INIT(NET_SASL_LINE_MAX), raw = BUF_INIT(NET_SASL_LINE_MAX);
    bool readable = unbase64(challenge, &in) == 0;
    int rc = 0;
    if (wants_first(s, readable ? buf_str(&in) : challenge)) {
        rc = first_make(s, err);
        if (rc == 0)
            buf_add_str(out, buf_str(&s->first));
    } else if ((!readable && s->row->bit != MECH_LOGIN) ||
               (s->complete && s->row->kind != LOGIN_TOKEN))
        rc = error_set(err, ERR_AUTH, RETRY_LATER,
                       _("%s does not follow %s: the login was broken off"), s->setup.host,
                       s->row->name);
    else {
        rc = next_step(s, buf_str(&in), &raw, err);
        if (rc == 0)
            add_base64(out, buf_str(&raw));
    }
    buf_wipe(&in);
    buf_wipe(&raw);
    return rc == 0 ? buf_check(out, err) : rc;
}

int net_sasl_answer(struct net_sasl *s, struct str challenge, struct buf *out, struct error *err)
{
    if (s->called_off || s->steps >= NET_SASL_STEPS_MAX)
        return error_set(err, ERR_PROTO, RETRY_LATER,
                         _("%s does not come to the end of a login: the connection was closed"),
                         s->setup.host);
    size_t before = out->len;
    if ((s->row->greets && login_check(s->setup.login, &s->why) < 0) ||
        answer(s, challenge, out, &s->why) < 0) {
        buf_truncate(out, before);
        out->over = false;
        buf_addc(out, '*');
        s->called_off = true;
    }
    s->steps++;
    return 0;
}

bool net_sasl_is_over(const struct net_sasl *s)
{
    return s->complete && !s->called_off && s->row->kind != LOGIN_TOKEN;
}

/* ------------------------------------------------------------------ how it ends */

/* RFC 5802 §7: the server sees another channel than we do, or says that it knows no such one. */
static bool other_channel(const struct net_sasl *s)
{
    return s->row->binds && str_search(str_c(s->said), STR("channel-bind")) < strlen(s->said);
}

/* A refusal before anything was shown is none of the password's fault: the server does not know it
 * in that form. */
static bool next_one(struct net_sasl *s)
{
    if (!is_scram(s->row) || s->forced != NULL || s->proved || other_channel(s) ||
        (s->called_off && s->said[0] == '\0'))
        return false;
    s->tried |= s->row->bit;
    if (!choose(s))
        return false;
    net_sasl_again(s);
    log_line(s->setup.log, LOG_DEBUG, "%s: login by %s", s->setup.host, s->row->name);
    return true;
}

/* What the key login can name in place of a bound one. */
static void unbound(const struct net_sasl *s, struct buf *out)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (!rows[i].binds && rows[i].kind == LOGIN_PASSWORD && !rows[i].clear &&
            (s->setup.offered & rows[i].bit)) {
            for (const char *p = rows[i].name; *p != '\0'; p++)
                buf_addc(out, ascii_lower(*p));
            return;
        }
    buf_adds(out, "scram-sha-256");
}

/* No other way is tried by itself: to make us take one is what somebody in between would want. */
static int bound_refused(const struct net_sasl *s, const char *words, struct error *err)
{
    struct buf way = BUF_INIT(100);
    unbound(s, &way);
    if (other_channel(s))
        error_set(err, ERR_AUTH, RETRY_LATER,
                  _("%s does not see the encryption that this machine sees: somebody may be in "
                    "between; the login was broken off. If its operator says that TLS ends in "
                    "front of the server, set login = %s"),
                  s->setup.host, buf_c(&way));
    else
        error_set(err, ERR_AUTH, RETRY_NEVER,
                  _("%s refuses the login by %s: check user and password; if they are right, ask "
                    "its operator whether TLS ends in front of the server, and set login = %s if "
                    "it does (%s)"),
                  s->setup.host, s->row->name, buf_c(&way), words);
    buf_free(&way);
    return -1;
}

static int refused(const struct net_sasl *s, bool later, const char *words, struct error *err)
{
    const char *host = s->setup.host;
    if (later)
        return login_refused(host, true, words, err);
    switch (s->row->kind) {
    case LOGIN_TOKEN:
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%s does not take the token of the sign-in: sign in again (%s)"), host,
                         s->said[0] != '\0' ? s->said : words);
    case LOGIN_EXTERNAL:
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%s does not take the certificate of tls-cert for a login (%s)"), host,
                         words);
    case LOGIN_KERBEROS:
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%s does not take the Kerberos ticket for a login (%s)"), host, words);
    case LOGIN_PASSWORD:
        break;
    }
    if (s->row->binds)
        return bound_refused(s, words, err);
    if ((is_scram(s->row) || s->row->bit == MECH_CRAM_MD5) && (s->setup.offered & MECH_PLAIN))
        return error_set(
            err, ERR_AUTH, RETRY_NEVER,
            _("%s refuses the login by %s: check user and password; if they are right, "
              "the server may know them only by another way: login = plain (%s)"),
            host, s->row->name, words);
    return login_refused(host, false, words, err);
}

int net_sasl_end(struct net_sasl *s, bool yes, bool later, const char *words, struct error *err)
{
    if (yes && !s->called_off && (!s->row->proves || s->complete))
        return 0;
    if (yes && !s->called_off)
        return error_set(err, ERR_AUTH, RETRY_LATER,
                         _("%s says yes before it has proved that it knows the password: somebody "
                           "may be in between; the login was broken off"),
                         s->setup.host);
    if (!yes && !later && next_one(s))
        return 1;
    if (s->called_off && s->said[0] == '\0') {
        *err = s->why;
        return -1;
    }
    return refused(s, later, s->called_off ? s->said : words, err);
}
