/* SPDX-License-Identifier: MIT */
#include "net/oauth.h"

#include <poll.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/oauth_http.h"
#include "base/banned.h"

#define MICROSOFT "https://login.microsoftonline.com/common/oauth2/v2.0/"
#define OUTLOOK "https://outlook.office.com/"

struct oauth_provider {
    const char *name, *auth_url, *token_url, *device_url, *scope, *where;
};
/* Google's device grant does not know the scope of mail: there is no address for it. */
static const struct oauth_provider providers[] = {
    { "google", "https://accounts.google.com/o/oauth2/v2/auth",
      "https://oauth2.googleapis.com/token", NULL, "https://mail.google.com/",
      N_("make a client of the type \"Desktop app\" at "
         "https://console.cloud.google.com/auth/clients "
         "and write its id and secret into oauth-client-id and oauth-client-secret") },
    { "microsoft", MICROSOFT "authorize", MICROSOFT "token", MICROSOFT "devicecode",
      OUTLOOK "IMAP.AccessAsUser.All " OUTLOOK "POP.AccessAsUser.All " OUTLOOK
              "SMTP.Send offline_access",
      N_("register a public client at https://entra.microsoft.com (App registrations, \"Allow "
         "public "
         "client flows\") and write its application id into oauth-client-id") },
    { "custom", NULL, NULL, NULL, NULL,
      N_("register a client with the provider and write its id into oauth-client-id") },
};

static const struct oauth_provider *provider_of(const char *name)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (str_eqc(str_c(name), providers[i].name))
            return &providers[i];
    return NULL;
}

bool oauth_is_provider(struct str name)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (str_eqc(name, providers[i].name))
            return true;
    return false;
}

static void otherwise(const char **field, const char *value)
{
    if (*field == NULL)
        *field = value;
}

int oauth_client_fill(struct oauth_client *c, struct error *err)
{
    const struct oauth_provider *p = provider_of(c->provider);
    if (p == NULL)
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("oauth names no provider that tmail knows"));
    otherwise(&c->auth_url, p->auth_url);
    otherwise(&c->token_url, p->token_url);
    otherwise(&c->device_url, p->device_url);
    otherwise(&c->scope, p->scope);
    if (c->id == NULL || c->id[0] == '\0')
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("signing in needs a client id, and tmail has none of its own: %s"),
                         _(p->where));
    if (c->token_url == NULL || (c->auth_url == NULL && c->device_url == NULL))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("\"oauth = custom\" needs oauth-token-url, and oauth-auth-url or "
                           "oauth-device-url"));
    return 0;
}

/* ------------------------------------------------------------------ tokens */

void oauth_token_init(struct oauth_token *t)
{
    buf_init(&t->access, OAUTH_TOKEN_MAX);
    buf_init(&t->refresh, OAUTH_TOKEN_MAX);
    t->until = 0;
}

void oauth_token_wipe(struct oauth_token *t)
{
    buf_wipe(&t->access);
    buf_wipe(&t->refresh);
    oauth_token_init(t);
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s != NULL ? s : "";
}

/* Some servers write numbers as strings. */
static int64_t number_of(const json_t *o, const char *name, int64_t otherwise_n, int64_t max)
{
    const json_t *v = json_object_get(o, name);
    uint64_t n = 0;
    struct str s = str_c(json_string_value(v));
    if (json_is_number(v)) {
        double d = json_number_value(v);
        n = d > 0 && d < 1e15 ? (uint64_t)d : 0;
    } else if (str_u64(&s, &n) != 0 || s.n > 0)
        n = 0;
    return n == 0 ? otherwise_n : n > (uint64_t)max ? max : (int64_t)n;
}

static int too_long(struct error *err)
{
    return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the server's token is too long"));
}

/* RFC 6749 §5.1. A refresh token that is not given anew stays. */
static int take_token(const json_t *o, struct oauth_token *t, struct error *err)
{
    enum { YEAR_S = 366 * 86400 };
    const char *access = text_of(o, "access_token"), *refresh = text_of(o, "refresh_token");
    const char *type = text_of(o, "token_type");
    int64_t lives = number_of(o, "expires_in", 0, YEAR_S);
    if (access[0] == '\0' || !str_is_line(str_c(access)))
        return error_set(err, ERR_PROTO, RETRY_LATER, _("the server gives no access token"));
    if (type[0] != '\0' && !str_ieqc(str_c(type), "bearer"))
        return error_set(err, ERR_PROTO, RETRY_NEVER,
                         _("the server gives a token of a kind that mail servers do not take"));
    buf_wipe(&t->access);
    buf_init(&t->access, OAUTH_TOKEN_MAX);
    buf_adds(&t->access, access);
    if (refresh[0] != '\0') {
        buf_wipe(&t->refresh);
        buf_init(&t->refresh, OAUTH_TOKEN_MAX);
        buf_adds(&t->refresh, refresh);
    }
    t->until = lives > 0 ? clock_wall_ms() / 1000 + lives : 0;
    return t->access.over || t->refresh.over ? too_long(err) : 0;
}

/* ------------------------------------------------------------------ refusals in words */

static const struct {
    const char *name, *words;
    enum error_code code;
    enum error_retry retry;
} refusals[] = {
    { "invalid_grant", N_("what was granted holds no more"), ERR_AUTH, RETRY_NEVER },
    { "access_denied", N_("it was not allowed"), ERR_AUTH, RETRY_NEVER },
    { "authorization_declined", N_("it was not allowed"), ERR_AUTH, RETRY_NEVER },
    { "expired_token", N_("the code was not used in time"), ERR_AUTH, RETRY_NEVER },
    { "invalid_client", N_("oauth-client-id or oauth-client-secret is wrong"), ERR_AUTH,
      RETRY_NEVER },
    { "unauthorized_client", N_("this client id may not sign in so"), ERR_AUTH, RETRY_NEVER },
    { "unsupported_grant_type", N_("the server does not know this way of signing in"), ERR_AUTH,
      RETRY_NEVER },
    { "invalid_scope", N_("this client id may not ask for mail (oauth-scope)"), ERR_AUTH,
      RETRY_NEVER },
    { "interaction_required", N_("the provider wants to see you again"), ERR_AUTH, RETRY_NEVER },
    { "consent_required", N_("the provider wants to see you again"), ERR_AUTH, RETRY_NEVER },
    { "temporarily_unavailable", N_("the server has no time now"), ERR_NET, RETRY_LATER },
    { "server_error", N_("the server has trouble"), ERR_NET, RETRY_LATER },
};

/* A stranger's words: printable ASCII and what is UTF-8 beyond it, on one line. */
static void add_words(struct buf *out, const char *words)
{
    struct str s = str_head(str_c(words), OAUTH_WORDS_MAX);
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

static int refused(const char *error, const char *description, struct error *err)
{
    struct buf words = BUF_INIT(2 * OAUTH_WORDS_MAX);
    const char *ours = NULL;
    enum error_code code = ERR_REFUSED;
    enum error_retry retry = RETRY_NEVER;
    for (size_t i = 0; i < COUNT(refusals); i++)
        if (str_eqc(str_c(error), refusals[i].name)) {
            ours = _(refusals[i].words);
            code = refusals[i].code;
            retry = refusals[i].retry;
        }
    if (ours == NULL)
        ours = _("the server refuses it");
    add_words(&words, description[0] != '\0' ? description : error);
    (void)error_set(err, code, retry, "%s (%s)", ours, buf_c(&words));
    buf_free(&words);
    return -1;
}

static int refused_by(const json_t *o, long status, struct error *err)
{
    const char *error = text_of(o, "error");
    if (error[0] == '\0')
        return error_set(err, status >= OAUTH_SERVER_ERROR ? ERR_NET : ERR_PROTO, RETRY_LATER,
                         _("the server answers %ld and does not say why"), status);
    return refused(error, text_of(o, "error_description"), err);
}

/* Posts form, wiped, to the token's address. */
static int ask_token(const struct oauth_client *c, struct buf *form, struct oauth_token *t,
                     struct error *err)
{
    long status = 0;
    json_t *o = NULL;
    oauth_form_add(form, "client_id", c->id);
    oauth_form_add(form, "client_secret", c->secret);
    if (buf_check(form, err) == 0)
        o = oauth_post(c, c->token_url, buf_str(form), &status, err);
    buf_wipe(form);
    if (o == NULL)
        return -1;
    int rc = status == OAUTH_OK ? take_token(o, t, err) : refused_by(o, status, err);
    oauth_answer_free(&o);
    return rc;
}

/* ------------------------------------------------------------------ device grant */

void oauth_device_init(struct oauth_device *d)
{
    *d = (struct oauth_device){ .interval_s = OAUTH_INTERVAL_S };
    buf_init(&d->device_code, OAUTH_TOKEN_MAX);
    buf_init(&d->user_code, OAUTH_WORDS_MAX);
    buf_init(&d->url, OAUTH_URL_MAX);
    buf_init(&d->whole, OAUTH_URL_MAX);
}

void oauth_device_wipe(struct oauth_device *d)
{
    buf_wipe(&d->device_code);
    buf_wipe(&d->user_code);
    buf_wipe(&d->url);
    buf_wipe(&d->whole);
}

/* An address for a browser that a server gave: nothing but a web page. */
static void take_url(struct buf *out, const char *url)
{
    struct error ignored;
    if (url[0] != '\0' && str_is_line(str_c(url)) && oauth_url_check(url, &ignored) == 0)
        buf_adds(out, url);
}

/* RFC 8628 §3.2; verification_url is an old name of it. */
static int take_device(const json_t *o, struct oauth_device *d, struct error *err)
{
    const char *url = text_of(o, "verification_uri");
    buf_adds(&d->device_code, text_of(o, "device_code"));
    add_words(&d->user_code, text_of(o, "user_code"));
    take_url(&d->url, url[0] != '\0' ? url : text_of(o, "verification_url"));
    take_url(&d->whole, text_of(o, "verification_uri_complete"));
    d->interval_s = (int)number_of(o, "interval", OAUTH_INTERVAL_S, OAUTH_INTERVAL_MAX_S);
    d->expires_s = (int)number_of(o, "expires_in", OAUTH_DEVICE_MAX_S, OAUTH_DEVICE_MAX_S);
    bool over = d->device_code.over || d->user_code.over || d->url.over || d->whole.over;
    if (d->device_code.len == 0 || d->user_code.len == 0 || d->url.len == 0 || over)
        return error_set(err, ERR_PROTO, RETRY_NEVER,
                         _("the server's answer has no code or no address in it"));
    return 0;
}

int oauth_device_start(const struct oauth_client *c, struct oauth_device *d, struct error *err)
{
    struct buf form = BUF_INIT(OAUTH_URL_MAX);
    long status = 0;
    oauth_form_add(&form, "client_id", c->id);
    oauth_form_add(&form, "scope", c->scope);
    json_t *o = oauth_post(c, c->device_url, buf_str(&form), &status, err);
    buf_free(&form);
    if (o == NULL)
        return -1;
    int rc = status == OAUTH_OK ? take_device(o, d, err) : refused_by(o, status, err);
    oauth_answer_free(&o);
    return rc;
}

static int pause_s(const struct oauth_client *c, int64_t deadline, int seconds, struct error *err)
{
    int64_t until = clock_mono_ms() + (int64_t)seconds * 1000;
    struct pollfd fd = { .fd = net_cancel_fd(c->cancel), .events = POLLIN };
    (void)poll(&fd, 1, clock_left_ms(until));
    if (c->cancel != NULL && net_cancel_is_set(c->cancel))
        return error_set(err, ERR_CANCELLED, RETRY_NEVER, _("broken off"));
    return clock_mono_ms() < deadline ? 0 : refused("expired_token", "", err);
}

/* One question. 0; 1: ask again after *interval_s; -1. */
static int device_ask(const struct oauth_client *c, const struct oauth_device *d, int *interval_s,
                      struct oauth_token *t, struct error *err)
{
    struct buf form = BUF_INIT(2 * OAUTH_TOKEN_MAX);
    long status = 0;
    json_t *o;
    int rc = -1;
    oauth_form_add(&form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    oauth_form_add(&form, "device_code", buf_c(&d->device_code));
    oauth_form_add(&form, "client_id", c->id);
    oauth_form_add(&form, "client_secret", c->secret);
    o = oauth_post(c, c->token_url, buf_str(&form), &status, err);
    buf_wipe(&form);
    if (o == NULL) { /* RFC 8628 §3.5: less often where the connection fails */
        *interval_s = *interval_s * 2 < OAUTH_INTERVAL_MAX_S ? *interval_s * 2 : *interval_s;
        return err->code == ERR_NET ? 1 : -1;
    }
    const char *error = text_of(o, "error");
    if (status == OAUTH_OK)
        rc = take_token(o, t, err);
    else if (str_eqc(str_c(error), "authorization_pending"))
        rc = 1;
    else if (str_eqc(str_c(error), "slow_down")) {
        *interval_s += OAUTH_INTERVAL_S;
        rc = 1;
    } else
        rc = refused_by(o, status, err);
    oauth_answer_free(&o);
    return rc;
}

int oauth_device_wait(const struct oauth_client *c, const struct oauth_device *d,
                      struct oauth_token *t, struct error *err)
{
    int64_t deadline = clock_mono_ms() + (int64_t)d->expires_s * 1000;
    int interval_s = d->interval_s, rc;
    do {
        rc = pause_s(c, deadline, interval_s, err);
        if (rc == 0)
            rc = device_ask(c, d, &interval_s, t, err);
    } while (rc == 1);
    return rc;
}

/* ------------------------------------------------------------------ code and renewal */

int oauth_query_read(const struct oauth_flow *f, struct str query, struct buf *code,
                     struct error *err)
{
    struct buf state = BUF_INIT(OAUTH_WORDS_MAX), error = BUF_INIT(OAUTH_WORDS_MAX),
               words = BUF_INIT(OAUTH_URL_MAX);
    int rc = 1;
    if (oauth_form_get(query, "state", &state) && str_eqc(buf_str(&state), f->state)) {
        if (oauth_form_get(query, "error", &error)) {
            (void)oauth_form_get(query, "error_description", &words);
            rc = refused(buf_c(&error), buf_c(&words), err);
        } else if (oauth_form_get(query, "code", code) && code->len > 0) {
            rc = 0;
        }
    }
    if (rc != 0)
        buf_clear(code);
    buf_free(&state);
    buf_free(&error);
    buf_free(&words);
    return rc;
}

int oauth_paste_read(const struct oauth_flow *f, struct str text, struct buf *code,
                     struct error *err)
{
    text = str_trim(text);
    size_t mark = str_find(text, '?');
    if (mark < text.n) {
        struct str query = str_skip(text, mark + 1);
        int rc = oauth_query_read(f, str_head(query, str_find(query, '#')), code, err);
        return rc != 1
                   ? rc
                   : error_set(err, ERR_USAGE, RETRY_NEVER,
                               _("this address is not the one of this sign-in: there is no code "
                                 "in it, or it belongs to another try"));
    }
    bool bare = text.n > 0 && str_find(text, ' ') == text.n && str_find(text, ':') == text.n;
    for (size_t i = 0; i < text.n; i++)
        bare = bare && text.p[i] > ' ' && text.p[i] <= '~';
    if (bare)
        buf_add_str(code, text);
    if (!bare || code->over)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("this is neither the address nor the code"));
    return 0;
}

int oauth_exchange(const struct oauth_client *c, const struct oauth_flow *f, struct str code,
                   struct oauth_token *t, struct error *err)
{
    struct buf form = BUF_INIT(2 * OAUTH_TOKEN_MAX), c_code = BUF_INIT(OAUTH_TOKEN_MAX);
    buf_add_str(&c_code, code);
    oauth_form_add(&form, "grant_type", "authorization_code");
    oauth_form_add(&form, "code", buf_c(&c_code));
    oauth_form_add(&form, "redirect_uri", f->redirect);
    oauth_form_add(&form, "code_verifier", f->verifier);
    buf_wipe(&c_code);
    return ask_token(c, &form, t, err);
}

int oauth_refresh(const struct oauth_client *c, struct oauth_token *t, struct error *err)
{
    struct buf form = BUF_INIT(2 * OAUTH_TOKEN_MAX);
    oauth_form_add(&form, "grant_type", "refresh_token");
    oauth_form_add(&form, "refresh_token", buf_c(&t->refresh));
    return ask_token(c, &form, t, err);
}
