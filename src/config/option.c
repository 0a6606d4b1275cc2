/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "config/ini.h"
#include "config/url.h"
#include "base/banned.h"

enum { UNDO_MAX_S = 600, INTERVAL_MIN_S = 30, DAY_S = 86400 };
enum { KEEP_MAX_DAYS = 3650, OFFLINE_MAX_DAYS = 36500 };

void option_set_text(char **field, struct str value)
{
    char *old = *field;
    *field = xmemdup0(value.p, value.n);
    free(old);
}

int option_set_command(char **field, struct str value, struct error *err)
{
    struct arena *a = arena_new(0);
    char **argv;
    int rc = child_split(a, value, &argv, err);
    arena_free(&a);
    if (rc == 0)
        option_set_text(field, value);
    return rc;
}

static int set_seconds(int64_t *field, struct str value, int64_t min, int64_t max,
                       struct error *err)
{
    struct str in = value;
    uint64_t v;
    if (str_u64(&in, &v) != 0 || (in.n > 0 && !str_eqc(in, "s")) || v > (uint64_t)max ||
        (int64_t)v < min)
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("\"%.*s\": seconds from %lld to %lld are possible here"), STR_ARG(value),
                         (long long)min, (long long)max);
    *field = (int64_t)v;
    return 0;
}

static int set_address(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    size_t at = str_rfind(v, '@');
    if (at == 0 || at + 1 >= v.n)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("\"%.*s\" is no e-mail address"),
                         STR_ARG(v));
    option_set_text(&a->address, v);
    return 0;
}

static int set_receive(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return config_url_receive(v, &a->receive, &a->in, err);
}

static int set_send(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    if (config_url_send(v, &a->send, &a->out, &a->sendmail_command, err) != 0)
        return -1;
    return a->send == SEND_SENDMAIL
               ? option_set_command(&a->sendmail_command, str_c(a->sendmail_command), err)
               : 0;
}

static int set_password_command(struct config *c, struct config_account *a, struct str v,
                                struct error *err)
{
    (void)c;
    return option_set_command(&a->password_command, v, err);
}

static int set_password(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    (void)err;
    option_set_text(&a->password, v);
    return 0;
}

/* Plain text needs `tls = off` spelled out; it is looked at when the whole account is known. */
static int set_tls(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    if (!str_ieqc(v, "off"))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("tls can only be \"off\"; without it TLS is required"));
    a->in.tls = a->out.tls = CONFIG_TLS_OFF;
    a->tls_off = true;
    return 0;
}

static int set_tls_ca(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    (void)err;
    option_set_text(&a->tls_ca, v);
    return 0;
}

/* It is for POP3 alone; that is looked at when the whole account is known. */
static int set_keep(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    struct str in = v;
    uint64_t days;
    (void)c;
    if (str_ieqc(v, "yes"))
        a->keep_days = -1;
    else if (str_ieqc(v, "no"))
        a->keep_days = 0;
    else if (str_u64(&in, &days) == 0 && str_eqc(in, "d") && days > 0 && days <= KEEP_MAX_DAYS)
        a->keep_days = (int)days;
    else
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("\"%.*s\": \"yes\", \"no\" and days from 1d to %dd are possible here"),
                         STR_ARG(v), KEEP_MAX_DAYS);
    return 0;
}

static int set_days(int *field, struct str v, struct error *err)
{
    struct str in = v;
    uint64_t days;
    if (str_ieqc(v, "all"))
        *field = OFFLINE_ALL;
    else if (str_ieqc(v, "headers"))
        *field = OFFLINE_HEADERS;
    else if (str_u64(&in, &days) == 0 && str_eqc(in, "d") && days > 0 && days <= OFFLINE_MAX_DAYS)
        *field = (int)days;
    else
        return error_set(
            err, ERR_CONFIG, RETRY_NEVER,
            _("\"%.*s\": \"all\", \"headers\" and days from 1d to %dd are possible here"),
            STR_ARG(v), OFFLINE_MAX_DAYS);
    return 0;
}

static int set_offline(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_days(&a->offline, v, err);
}

static int set_folder_offline(struct config *c, struct config_account *a, struct str v,
                              struct error *err)
{
    (void)a;
    return set_days(&c->folders[c->folders_n - 1].offline, v, err);
}

static int set_receipt(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    a->receipt = str_ieqc(v, "yes");
    if (a->receipt || str_ieqc(v, "no"))
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("receipt can be \"yes\" or \"no\""));
}

static int set_signature(struct config *c, struct config_account *a, struct str v,
                         struct error *err)
{
    const char *home = getenv("HOME");
    struct str below = v;
    (void)c;
    free(a->signature);
    a->signature = str_lit(&below, "~/") == 0 && home != NULL
                       ? xasprintf("%s/%.*s", home, STR_ARG(below))
                       : xmemdup0(v.p, v.n);
    if (access(a->signature, R_OK) == 0)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("the file %s cannot be read"), a->signature);
}

static int set_editor(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)a;
    return option_set_command(&c->editor, v, err);
}

static int set_undo_send(struct config *c, struct config_account *a, struct str v,
                         struct error *err)
{
    (void)a;
    return set_seconds(&c->undo_send_s, v, 0, UNDO_MAX_S, err);
}

static int set_log(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)a;
    c->log_debug = str_eqc(v, "debug");
    if (c->log_debug || str_eqc(v, "info"))
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("log takes \"info\" or \"debug\""));
}

static int set_interval(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)a;
    return set_seconds(&c->sync_interval_s, v, INTERVAL_MIN_S, DAY_S, err);
}

const struct option options[] = {
    { OPTION_GLOBAL, "editor", set_editor },
    { OPTION_GLOBAL, "undo-send", set_undo_send },
    { OPTION_GLOBAL, "sync-interval", set_interval },
    { OPTION_GLOBAL, "log", set_log },
    { OPTION_ACCOUNT, "address", set_address },
    { OPTION_ACCOUNT, "receive", set_receive },
    { OPTION_ACCOUNT, "send", set_send },
    { OPTION_ACCOUNT, "password-command", set_password_command },
    { OPTION_ACCOUNT, "password", set_password },
    { OPTION_ACCOUNT, "tls", set_tls },
    { OPTION_ACCOUNT, "tls-ca", set_tls_ca },
    { OPTION_ACCOUNT, "tls-pin", option_tls_pin },
    { OPTION_ACCOUNT, "tls-cert", option_tls_cert },
    { OPTION_ACCOUNT, "tls-key", option_tls_key },
    { OPTION_ACCOUNT, "proxy", option_proxy },
    { OPTION_ACCOUNT, "tunnel", option_tunnel },
    { OPTION_ACCOUNT, "oauth-command", option_oauth_command },
    { OPTION_ACCOUNT, "oauth", option_oauth },
    { OPTION_ACCOUNT, "oauth-client-id", option_oauth_id },
    { OPTION_ACCOUNT, "oauth-client-secret", option_oauth_secret },
    { OPTION_ACCOUNT, "oauth-auth-url", option_oauth_auth },
    { OPTION_ACCOUNT, "oauth-token-url", option_oauth_token },
    { OPTION_ACCOUNT, "oauth-device-url", option_oauth_device },
    { OPTION_ACCOUNT, "oauth-scope", option_oauth_scope },
    { OPTION_ACCOUNT, "oauth-keep-command", option_oauth_keep },
    { OPTION_ACCOUNT, "oauth-load-command", option_oauth_load },
    { OPTION_ACCOUNT, "login", option_login },
    { OPTION_ACCOUNT, "keep-on-server", set_keep },
    { OPTION_ACCOUNT, "offline", set_offline },
    { OPTION_ACCOUNT, "signature", set_signature },
    { OPTION_ACCOUNT, "receipt", set_receipt },
    { OPTION_FOLDER, "offline", set_folder_offline },
};
const size_t options_n = COUNT(options);

const struct option *option_find(enum option_scope scope, struct str name)
{
    for (size_t i = 0; i < options_n; i++)
        if (options[i].scope == scope && str_eqc(name, options[i].name))
            return &options[i];
    return NULL;
}

const char *option_nearest(enum option_scope scope, struct str name)
{
    const char *best = NULL;
    unsigned best_distance = INI_FAR;
    for (size_t i = 0; i < options_n; i++) {
        unsigned d = ini_distance(name, str_c(options[i].name));
        if (options[i].scope == scope && d < best_distance) {
            best = options[i].name;
            best_distance = d;
        }
    }
    return best;
}
