/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/i18n.h"
#include "config/option.h"
#include "base/banned.h"

static int set_line(char **field, struct str v, struct error *err)
{
    if (!str_is_line(v))
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("this value must be one line"));
    free(*field);
    *field = xmemdup0(v.p, v.n);
    return 0;
}

/* https, or http to a program on this machine; who asks looks closer at it. */
static int set_url(char **field, struct str v, struct error *err)
{
    static const char *const begins[] = { "https://", "http://127.0.0.1", "http://localhost",
                                          "http://[::1]" };
    for (size_t i = 0; i < COUNT(begins); i++)
        if (str_istarts(v, begins[i]))
            return set_line(field, v, err);
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("\"%.*s\": an address to sign in at begins with https://"), STR_ARG(v));
}

int option_oauth(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    static const char *const names[] = { "google", "microsoft", "custom" };
    (void)c;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_ieqc(v, names[i]))
            return set_line(&a->oauth.provider, str_c(names[i]), err);
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("oauth can be \"google\", \"microsoft\" or \"custom\""));
}

int option_oauth_id(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_line(&a->oauth.client_id, v, err);
}

int option_oauth_secret(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_line(&a->oauth.client_secret, v, err);
}

int option_oauth_auth(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_url(&a->oauth.auth_url, v, err);
}

int option_oauth_token(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_url(&a->oauth.token_url, v, err);
}

int option_oauth_device(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_url(&a->oauth.device_url, v, err);
}

int option_oauth_scope(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_line(&a->oauth.scope, v, err);
}

int option_oauth_keep(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return option_set_command(&a->oauth.keep_command, v, err);
}

int option_oauth_load(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return option_set_command(&a->oauth.load_command, v, err);
}
