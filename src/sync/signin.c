/* SPDX-License-Identifier: MIT */
#include "sync/signin.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/tokens.h"
#include "base/banned.h"

void signin_init(struct signin *s, const struct config_account *cfg, const char *store,
                 struct net_cancel *cancel, struct log *log)
{
    *s = (struct signin){ .cfg = cfg, .store = store, .cancel = cancel, .log = log };
    oauth_token_init(&s->token);
}

void signin_clear(struct signin *s)
{
    oauth_token_wipe(&s->token);
}

bool signin_is_used(const struct config_account *cfg)
{
    return cfg->oauth.provider != NULL;
}

static struct oauth_client client_of(const struct signin *s)
{
    const struct config_oauth *o = &s->cfg->oauth;
    bool own = str_eqc(str_c(o->provider), "custom");
    return (struct oauth_client){ .provider = o->provider,
                                  .id = o->client_id,
                                  .secret = o->client_secret,
                                  .auth_url = o->auth_url,
                                  .token_url = o->token_url,
                                  .device_url = o->device_url,
                                  .scope = o->scope,
                                  .ca_file = own ? s->cfg->tls_ca : NULL,
                                  .proxy = s->cfg->proxy,
                                  .cancel = s->cancel,
                                  .log = s->log };
}

static struct tokens tokens_of(const struct signin *s)
{
    return (struct tokens){ .account = s->cfg->name,
                            .store = s->store,
                            .keep_command = s->cfg->oauth.keep_command,
                            .load_command = s->cfg->oauth.load_command };
}

/* Tokens without an end are taken until they are refused. */
static bool is_fresh(const struct oauth_token *t)
{
    return t->access.len > 0 &&
           (t->until == 0 || t->until - clock_wall_ms() / 1000 > SIGNIN_EARLY_S);
}

static int sign_in_again(const struct signin *s, const char *why, struct error *err)
{
    return error_set(err, ERR_AUTH, RETRY_NEVER,
                     _("login needed: %.200s; sign in with: tmail setup --sign-in %s"), why,
                     s->cfg->name);
}

/* What others may have renewed meanwhile. True: it will do. */
static bool take_stored(struct signin *s, struct oauth_token *stored)
{
    bool other = !str_eq(buf_str(&stored->access), buf_str(&s->token.access));
    bool good = is_fresh(stored) && (!s->refused || other);
    if (!s->unsaved) {
        struct oauth_token old = s->token;
        s->token = *stored;
        *stored = old;
    }
    return good && !s->unsaved;
}

/* That the new one cannot be kept does no harm yet: it is tried again with the next. */
static void keep(struct signin *s)
{
    struct tokens where = tokens_of(s);
    struct error why;
    s->unsaved = tokens_save(&where, &s->token, &why) != 0;
    if (s->unsaved)
        log_line(s->log, LOG_ERROR, "%s: the token is not kept: %s", s->cfg->name, why.text);
}

static int refresh(struct signin *s, struct error *err)
{
    struct oauth_client client = client_of(s);
    if (s->token.refresh.len == 0)
        return sign_in_again(s, _("the access token is over"), err);
    if (oauth_client_fill(&client, err) != 0)
        return -1;
    if (oauth_refresh(&client, &s->token, err) != 0) {
        struct error why = *err;
        return why.code == ERR_AUTH ? sign_in_again(s, why.text, err) : -1;
    }
    if (s->refused)
        s->renewed_at = clock_mono_ms();
    log_line(s->log, LOG_INFO, "%s: the access token was renewed", s->cfg->name);
    keep(s);
    return 0;
}

/* With the lock. */
static int renew(struct signin *s, struct error *err)
{
    struct tokens where = tokens_of(s);
    struct oauth_token stored;
    oauth_token_init(&stored);
    int rc = s->unsaved ? 0 : tokens_load(&where, &stored, err);
    if (rc == 1)
        rc = sign_in_again(s, _("nobody has signed in yet"), err);
    if (rc == 0 && !take_stored(s, &stored))
        rc = refresh(s, err);
    oauth_token_wipe(&stored);
    return rc;
}

/* Whatever else went wrong than the network, a person has to look. */
static int fail(struct error *err)
{
    if (err->code != ERR_NET && err->code != ERR_TLS && err->code != ERR_CANCELLED)
        err->code = ERR_AUTH;
    return -1;
}

int signin_token(struct signin *s, struct str *token, struct error *err)
{
    if (s->refused || !is_fresh(&s->token)) {
        struct tokens where = tokens_of(s);
        int lock = tokens_lock(&where, s->cancel, err);
        int rc = lock >= 0 ? renew(s, err) : -1;
        if (lock >= 0)
            close(lock);
        if (rc != 0)
            return fail(err);
        s->refused = false;
    }
    *token = buf_str(&s->token.access);
    return 0;
}

bool signin_refused(struct signin *s)
{
    if (s->token.access.len == 0 || s->refused ||
        (s->renewed_at != 0 && clock_mono_ms() - s->renewed_at < SIGNIN_AGAIN_MS))
        return false;
    s->refused = true;
    return true;
}
