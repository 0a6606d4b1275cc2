/* SPDX-License-Identifier: MIT */
#include "sync/account.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/say.h"
#include "base/banned.h"

void account_state(struct sync_account *w, const char *state, const char *text)
{
    say_event(w->events, &(struct bus_event){ .kind = EVENT_STATE,
                                              .account = str_c(w->cfg->name),
                                              .state = str_c(state),
                                              .text = str_c(text) });
}

void account_prefix(const struct sync_account *w, struct error *why)
{
    struct error prefix = { 0 };
    (void)error_set(&prefix, why->code, why->retry, _("account %s: "), w->cfg->name);
    if (!str_starts(str_c(why->text), prefix.text))
        (void)error_prefix(why, "%s", prefix.text);
}

void account_error(struct sync_account *w, const struct error *why)
{
    log_line(w->log, LOG_ERROR, "%s", why->text);
    say_event(w->events, &(struct bus_event){ .kind = EVENT_ERROR,
                                              .account = str_c(w->cfg->name),
                                              .text = str_c(why->text),
                                              .code = (int)why->code,
                                              .later = why->retry != RETRY_NEVER });
}

void account_folder_changed(struct sync_account *w, int64_t folder)
{
    say_event(w->events, &(struct bus_event){ .kind = EVENT_FOLDER, .id = folder });
}

void account_progress(struct sync_account *w, struct str folder, int64_t done, int64_t total,
                      uint64_t more)
{
    struct pace_at at = { .done = done, .total = total, .bytes = w->taken, .more = more };
    int64_t rate, left;
    if (!pace_note(&w->pace, clock_mono_ms(), &at, &rate, &left))
        return;
    say_event(w->events, &(struct bus_event){ .kind = EVENT_PROGRESS,
                                              .account = str_c(w->cfg->name),
                                              .folder = folder,
                                              .done = done,
                                              .total = total,
                                              .more = more < INT64_MAX ? (int64_t)more : 0,
                                              .rate = rate,
                                              .left = left });
}

static void password_wipe(struct sync_account *w)
{
    size_t max = w->password.max;
    buf_wipe(&w->password);
    buf_init(&w->password, max);
    w->password_known = false;
}

int account_password(struct sync_account *w, struct error *err)
{
    if (w->password_refused)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("login needed: the server refused the password"));
    if (w->password_known)
        return 0;
    password_wipe(w);
    int rc = config_secret(w->cfg, &w->password, -1, err);
    if (rc == 1 && w->may_ask)
        rc = w->ask(w->ask_arg, err);
    else if (rc == 1)
        rc = error_set(err, ERR_AUTH, RETRY_NEVER,
                       _("login needed: set password-command for this account"));
    if (rc == 0)
        w->password_known = true;
    else if (err->code != ERR_CANCELLED) {
        err->code =
            ERR_AUTH; /* whatever went wrong, a person has to look; a command that gets a token
                                 needs the network too, which may come back */
        err->retry = w->cfg->oauth_command != NULL ? RETRY_LATER : RETRY_NEVER;
    }
    return rc;
}

void account_password_refuse(struct sync_account *w)
{
    account_password_forget(w);
    w->password_refused = true;
}

void account_password_forget(struct sync_account *w)
{
    password_wipe(w);
    w->password_refused = w->out_refused = false;
}

static enum net_login_kind login_kind(const struct config_account *cfg)
{
    struct str m = str_c(cfg->login);
    if (str_eqc(m, "external"))
        return LOGIN_EXTERNAL;
    if (str_eqc(m, "gssapi") || str_eqc(m, "gs2-krb5"))
        return LOGIN_KERBEROS;
    if (cfg->oauth_command != NULL || signin_is_used(cfg) || str_eqc(m, "xoauth2") ||
        str_eqc(m, "oauthbearer"))
        return LOGIN_TOKEN;
    return LOGIN_PASSWORD;
}

static const struct config_server *server_of(const struct config_account *cfg, enum net_proto proto)
{
    return proto == NET_SMTP || proto == NET_LMTP ? &cfg->out : &cfg->in;
}

void account_login_fill(const struct config_account *cfg, enum net_proto proto, struct str secret,
                        struct net_login *out)
{
    *out = (struct net_login){ .user = server_of(cfg, proto)->user,
                               .secret = secret,
                               .kind = login_kind(cfg),
                               .mechanism = cfg->login };
}

bool account_token_again(struct sync_account *w, const struct error *err)
{
    return err->code == ERR_AUTH && err->retry == RETRY_NEVER && signin_is_used(w->cfg) &&
           signin_refused(&w->signin);
}

static int token(struct sync_account *w, struct str *out, struct error *err)
{
    if (w->password_refused)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("login needed: the server refuses the access token; sign in with: tmail "
                           "setup --sign-in %s"),
                         w->cfg->name);
    return signin_token(&w->signin, out, err);
}

int account_login(struct sync_account *w, enum net_proto proto, struct net_login *out,
                  struct error *err)
{
    enum net_login_kind kind = login_kind(w->cfg);
    bool needs_secret = kind == LOGIN_PASSWORD || kind == LOGIN_TOKEN;
    account_login_fill(w->cfg, proto, STR(""), out);
    if (out->user == NULL || out->user[0] == '\0')
        return 1;
    if (signin_is_used(w->cfg))
        return token(w, &out->secret, err);
    if (w->cfg->oauth_command != NULL)
        w->password_known =
            false; /* tokens are short-lived; the command knows when one has expired */
    if (needs_secret && account_password(w, err) != 0)
        return -1;
    if (needs_secret)
        out->secret = buf_str(&w->password);
    return 0;
}

struct endpoint account_endpoint(const struct config_account *cfg, enum net_proto proto)
{
    const struct config_server *s = server_of(cfg, proto);
    bool tunnelled = cfg->tunnel != NULL && (s == &cfg->in || strstr(cfg->tunnel, "%h") != NULL);
    struct endpoint ep = { .proto = proto,
                           .path = s->path,
                           .host = s->host,
                           .port = s->port,
                           .ca_file = cfg->tls_ca,
                           .pin = cfg->tls_pin,
                           .cert_file = cfg->tls_cert,
                           .key_file = cfg->tls_key,
                           .proxy = cfg->proxy,
                           .tunnel = tunnelled ? cfg->tunnel : NULL };
    switch (s->tls) {
    case CONFIG_TLS_DIRECT:
        ep.tls = TLS_DIRECT;
        break;
    case CONFIG_TLS_STARTTLS:
        ep.tls = tunnelled ? TLS_NONE : TLS_STARTTLS;
        ep.loopback_plain = s->loopback;
        break;
    case CONFIG_TLS_OFF:
        ep.tls = TLS_NONE;
        break;
    }
    return ep;
}
