/* SPDX-License-Identifier: MIT */
#include "server/sasl.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "mime/codec.h"
#include "server/names.h"
#include "server/options.h"
#include "base/banned.h"

enum mech { MECH_PLAIN, MECH_LOGIN, MECH_CRAM_MD5, MECH_SCRAM, MECH_XOAUTH2, MECH_OAUTHBEARER };
static const struct mech_row {
    const char *name;
    enum mech mech;
    bool gsasl;  /* libgsasl has it */
    bool greets; /* the server speaks first */
} mechs[] = {
    { "PLAIN", MECH_PLAIN, true, false },      { "LOGIN", MECH_LOGIN, false, false },
    { "CRAM-MD5", MECH_CRAM_MD5, true, true }, { "SCRAM-SHA-256", MECH_SCRAM, true, false },
    { "XOAUTH2", MECH_XOAUTH2, false, false }, { "OAUTHBEARER", MECH_OAUTHBEARER, false, false },
};
enum stage { STAGE_FIRST, STAGE_NAME, STAGE_PASSWORD, STAGE_LAST, STAGE_REFUSED };

struct sasl {
    struct sasl_setup setup;
    const struct mech_row *mech; /* NULL: no exchange */
    enum stage stage;
    Gsasl *lib;
    Gsasl_session *session;
    struct user_secret secret;
    bool asked, simple_ok; /* secret is that of this exchange; the password held */
    int delay_ms;
    struct buf name; /* LOGIN's */
    struct buf account;
};

struct sasl *sasl_new(const struct sasl_setup *setup)
{
    struct sasl *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    buf_init(&s->name, SASL_LINE_MAX);
    buf_init(&s->account, NAME_LEVEL_MAX + 1);
    return s;
}

void sasl_reset(struct sasl *s)
{
    if (s->session != NULL)
        gsasl_finish(s->session);
    if (s->lib != NULL)
        gsasl_done(s->lib);
    s->session = NULL;
    s->lib = NULL;
    s->mech = NULL;
    s->asked = s->simple_ok = false;
    s->delay_ms = 0;
    s->stage = STAGE_FIRST;
    secret_clear(&s->secret);
    buf_wipe(&s->name);
    buf_init(&s->name, SASL_LINE_MAX);
}

void sasl_free(struct sasl **s)
{
    if (*s == NULL)
        return;
    sasl_reset(*s);
    buf_wipe(&(*s)->name);
    buf_free(&(*s)->account);
    free(*s);
    *s = NULL;
}

bool sasl_busy(const struct sasl *s)
{
    return s->mech != NULL;
}

struct str sasl_account(const struct sasl *s)
{
    return buf_str(&s->account);
}

int sasl_delay_ms(const struct sasl *s)
{
    return s->delay_ms;
}

/* With --accept-any only what needs no secret, or clients would choose what fails. keeps: whose
 * passwords have to be kept at least for CRAM-MD5. */
static bool is_possible(struct sasl *s, const struct mech_row *m, enum accounts_keeps keeps)
{
    const struct server_options *o = s->setup.options;
    switch (m->mech) {
    case MECH_CRAM_MD5:
        return !o->accept_any && s->setup.keeps(s->setup.arg) >= keeps;
    case MECH_SCRAM:
        return !o->accept_any;
    case MECH_XOAUTH2:
    case MECH_OAUTHBEARER:
        return o->accept_any || o->tokens_n > 0;
    default:
        return true;
    }
}

void sasl_mechanisms(struct sasl *s, const char *before, struct buf *out)
{
    for (size_t i = 0; i < COUNT(mechs); i++)
        if (is_possible(s, &mechs[i], KEEPS_ALL)) {
            buf_adds(out, before);
            buf_adds(out, mechs[i].name);
        }
}

/* ---- how it ends ---- */

static void secret_ask(struct sasl *s, struct str name)
{
    if (s->asked)
        return;
    s->setup.secret(s->setup.arg, name, &s->secret);
    s->asked = true;
}

static enum sasl_step ended(struct sasl *s, enum sasl_step step)
{
    int delay_ms = 0;
    if (step == SASL_OK) {
        buf_clear(&s->account);
        buf_adds(&s->account, s->secret.account);
    }
    if (step == SASL_OK || step == SASL_NO)
        s->setup.done(s->setup.arg, s->setup.peer, step == SASL_OK, &delay_ms);
    sasl_reset(s);
    s->delay_ms = delay_ms;
    return step;
}

static bool password_holds(struct sasl *s, struct str name, struct str password)
{
    secret_ask(s, name);
    if (s->setup.options->accept_any)
        return s->secret.account[0] != '\0';
    return s->setup.holds != NULL ? s->setup.holds(s->setup.arg, &s->secret, password)
                                  : secret_holds(&s->secret, password);
}

enum sasl_step sasl_password(struct sasl *s, struct str name, struct str password)
{
    sasl_reset(s);
    return ended(s, password_holds(s, name, password) ? SASL_OK : SASL_NO);
}

static void md5_hex(struct str stamp, struct str password, char out[33])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c != NULL && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1 &&
              EVP_DigestUpdate(c, stamp.p, stamp.n) == 1 &&
              EVP_DigestUpdate(c, password.p, password.n) == 1 && EVP_DigestFinal_ex(c, sum, &n);
    for (unsigned i = 0; ok && i < 16; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[ok ? 32 : 0] = '\0';
    EVP_MD_CTX_free(c);
}

enum sasl_step sasl_apop(struct sasl *s, struct str name, struct str stamp, struct str digest)
{
    char want[33];
    sasl_reset(s);
    secret_ask(s, name);
    md5_hex(stamp, str_c(s->secret.plain), want);
    bool same = digest.n == 32 && secret_same(digest, str_c(want));
    explicit_bzero(want, sizeof want);
    return ended(s, same && s->secret.known && s->secret.has_plain ? SASL_OK : SASL_NO);
}

/* ---- what libgsasl asks ---- */

static void scram_property(Gsasl_session *session, Gsasl_property prop, const void *bytes, size_t n)
{
    struct buf text = BUF_INIT(256);
    secret_base64_put(bytes, n, &text);
    gsasl_property_set(session, prop, buf_c(&text));
    buf_wipe(&text);
}

static int scram_fill(struct sasl *s, Gsasl_session *session)
{
    const struct secret_scram *v = &s->secret.scram;
    char count[16];
    snprintf(count, sizeof count, "%u", (unsigned)v->iterations);
    gsasl_property_set(session, GSASL_SCRAM_ITER, count);
    scram_property(session, GSASL_SCRAM_SALT, v->salt, v->salt_n);
    scram_property(session, GSASL_SCRAM_STOREDKEY, v->stored, sizeof v->stored);
    scram_property(session, GSASL_SCRAM_SERVERKEY, v->server, sizeof v->server);
    return GSASL_OK;
}

/* RFC 4422 §3.4.1: nobody may act for another. */
static bool acts_for_another(Gsasl_session *session, const char *name)
{
    const char *other = gsasl_property_fast(session, GSASL_AUTHZID);
    return other != NULL && other[0] != '\0' && !str_eqc(str_c(name), other);
}

static int asked(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
    (void)lib;
    struct sasl *s = gsasl_session_hook_get(session);
    const char *name = gsasl_property_fast(session, GSASL_AUTHID);
    if (name == NULL)
        return GSASL_NO_CALLBACK;
    switch (prop) {
    case GSASL_VALIDATE_SIMPLE:
        s->simple_ok =
            password_holds(s, str_c(name), str_c(gsasl_property_fast(session, GSASL_PASSWORD))) &&
            !acts_for_another(session, name);
        return s->simple_ok ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
    case GSASL_PASSWORD:
        if (s->mech->mech != MECH_CRAM_MD5)
            return GSASL_NO_PASSWORD;
        secret_ask(s, str_c(name));
        gsasl_property_set(session, GSASL_PASSWORD, s->secret.has_plain ? s->secret.plain : "x");
        return GSASL_OK;
    case GSASL_SCRAM_ITER:
    case GSASL_SCRAM_SALT:
    case GSASL_SCRAM_STOREDKEY:
    case GSASL_SCRAM_SERVERKEY:
        secret_ask(s, str_c(name));
        return scram_fill(s, session);
    default:
        return GSASL_NO_CALLBACK;
    }
}

static bool lib_begin(struct sasl *s)
{
    if (gsasl_init(&s->lib) != GSASL_OK)
        return false;
    gsasl_callback_set(s->lib, asked);
    if (gsasl_server_start(s->lib, s->mech->name, &s->session) != GSASL_OK)
        return false;
    gsasl_session_hook_set(s->session, s);
    return true;
}

/* What is proved must also be allowed: a made-up record, or a password that is not kept. */
static bool lib_holds(struct sasl *s)
{
    switch (s->mech->mech) {
    case MECH_PLAIN:
        return s->simple_ok;
    case MECH_CRAM_MD5:
        return s->secret.known && s->secret.has_plain;
    default:
        return s->secret.known &&
               !acts_for_another(s->session, gsasl_property_fast(s->session, GSASL_AUTHID));
    }
}

static enum sasl_step lib_step(struct sasl *s, struct str bytes, struct buf *out)
{
    char *answer = NULL;
    size_t n = 0;
    int rc = gsasl_step(s->session, bytes.p, bytes.n, &answer, &n);
    if (n > 0 && (rc == GSASL_OK || rc == GSASL_NEEDS_MORE))
        secret_base64_put(answer, n, out);
    gsasl_free(answer);
    if (rc == GSASL_NEEDS_MORE)
        return SASL_MORE;
    if (rc == GSASL_OK && lib_holds(s)) {
        /* RFC 5802 §5: the server's proof is a challenge, its answer is empty. */
        if (n == 0)
            return ended(s, SASL_OK);
        s->stage = STAGE_LAST;
        return SASL_MORE;
    }
    if (rc == GSASL_MECHANISM_PARSE_ERROR || rc == GSASL_SASLPREP_ERROR)
        return ended(s, SASL_BAD);
    return ended(s, SASL_NO);
}

/* ---- LOGIN (draft-murchison-sasl-login-00) ---- */

static enum sasl_step login_step(struct sasl *s, struct str bytes, struct buf *out)
{
    if (!str_is_line(bytes))
        return ended(s, SASL_BAD);
    if (s->stage == STAGE_PASSWORD)
        return ended(s, password_holds(s, buf_str(&s->name), bytes) ? SASL_OK : SASL_NO);
    buf_add_str(&s->name, bytes);
    secret_base64_put("Password:", 9, out);
    s->stage = STAGE_PASSWORD;
    return SASL_MORE;
}

/* ---- bearer tokens ---- */

/* RFC 7628 §3.1: n,a=NAME, ^A; the name may be missing. */
static int bearer_header(struct str *bytes, struct str *name)
{
    struct str header;
    if (str_until(bytes, '\1', &header) != 0 ||
        (str_lit(&header, "n,") != 0 && str_lit(&header, "y,") != 0))
        return -1;
    return str_lit(&header, "a=") == 0 ? str_until(&header, ',', name) : 0;
}

/* Pairs: key=value ^A ... ^A. Google's form has the name among them. */
static int bearer_read(struct str bytes, bool google, struct str *name, struct str *token)
{
    struct str part;
    if (!google && bearer_header(&bytes, name) != 0)
        return -1;
    while (str_until(&bytes, '\1', &part) == 0 && part.n > 0) {
        if (google && str_ilit(&part, "user=") == 0)
            *name = part;
        else if (str_ilit(&part, "auth=") == 0) {
            if (str_ilit(&part, "Bearer ") != 0)
                return -1;
            *token = part;
        }
    }
    return token->n > 0 && bytes.n == 0 ? 0 : -1;
}

static bool token_holds(struct sasl *s, struct str name, struct str token)
{
    const struct server_options *o = s->setup.options;
    const char *owner = NULL;
    for (size_t i = 0; i < o->tokens_n; i++)
        if (secret_same(token, str_c(o->tokens[i].password)))
            owner = o->tokens[i].name;
    secret_ask(s, name.n > 0 || owner == NULL ? name : str_c(owner));
    if (o->accept_any)
        return s->secret.account[0] != '\0';
    return owner != NULL && s->secret.known && str_ieqc(str_c(s->secret.account), owner);
}

static enum sasl_step bearer_step(struct sasl *s, struct str bytes, struct buf *out)
{
    static const char google[] = "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}";
    static const char rfc[] = "{\"status\":\"invalid_token\",\"scope\":\"mail\"}";
    bool is_google = s->mech->mech == MECH_XOAUTH2;
    struct str name = STR("");
    struct str token = STR("");
    if (bearer_read(bytes, is_google, &name, &token) != 0)
        return ended(s, SASL_BAD);
    if (token_holds(s, name, token))
        return ended(s, SASL_OK);
    const char *why = is_google ? google : rfc;
    secret_base64_put(why, strlen(why), out);
    s->stage = STAGE_REFUSED;
    return SASL_MORE;
}

/* ---- the exchange ---- */

static enum sasl_step bytes_step(struct sasl *s, struct str bytes, struct buf *out)
{
    if (s->stage == STAGE_REFUSED)
        return ended(s, SASL_NO);
    if (s->stage == STAGE_LAST)
        return ended(s, bytes.n == 0 ? SASL_OK : SASL_BAD);
    /* RFC 5802 §6: a binding to the channel, which is not offered here. */
    if (s->mech->mech == MECH_SCRAM && str_starts(bytes, "p="))
        return ended(s, SASL_BAD);
    if (s->mech->gsasl)
        return bytes.n > 0 ? lib_step(s, bytes, out) : ended(s, SASL_BAD);
    return s->mech->mech == MECH_LOGIN ? login_step(s, bytes, out) : bearer_step(s, bytes, out);
}

static enum sasl_step greet(struct sasl *s, struct buf *out)
{
    if (s->mech->greets)
        return lib_step(s, STR(""), out);
    if (s->mech->mech == MECH_LOGIN)
        secret_base64_put("Username:", 9, out);
    return SASL_MORE;
}

enum sasl_step sasl_start(struct sasl *s, struct str mechanism, const struct str *initial,
                          struct buf *out)
{
    sasl_reset(s);
    for (size_t i = 0; i < COUNT(mechs); i++)
        if (str_ieqc(mechanism, mechs[i].name) && is_possible(s, &mechs[i], KEEPS_SOME))
            s->mech = &mechs[i];
    if (s->mech == NULL)
        return SASL_UNKNOWN;
    if (s->mech->gsasl && !lib_begin(s))
        return ended(s, SASL_UNKNOWN);
    if (initial == NULL)
        return greet(s, out);
    if (s->mech->greets) /* RFC 4422 §5: there is nothing that could be answered yet */
        return ended(s, SASL_BAD);
    return sasl_line(s, str_eqc(*initial, "=") ? STR("") : *initial, out);
}

enum sasl_step sasl_line(struct sasl *s, struct str line, struct buf *out)
{
    struct buf bytes = BUF_INIT(SASL_LINE_MAX);
    enum sasl_step step;
    if (str_eqc(line, "*"))
        return ended(s, SASL_CANCEL);
    if (line.n > SASL_LINE_MAX || sasl_base64(line, &bytes) != 0 || bytes.over)
        step = ended(s, SASL_BAD);
    else
        step = bytes_step(s, buf_str(&bytes), out);
    buf_wipe(&bytes);
    return step;
}

int sasl_base64(struct str line, struct buf *out)
{
    struct error ignored;
    struct codec *c = codec_new(CODEC_BASE64, NULL);
    int rc = codec_decode(c, line, true, out, &ignored);
    codec_free(&c);
    return rc == 0 ? 0 : -1;
}
