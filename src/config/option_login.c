/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"
#include "config/option.h"
#include "base/banned.h"

enum { PIN_BASE64 = 44, PINS_MAX = 4096 };

/* With ~/ for the home; it must be readable. */
static int set_file(char **field, struct str v, struct error *err)
{
    const char *home = getenv("HOME");
    struct str below = v;
    free(*field);
    *field = str_lit(&below, "~/") == 0 && home != NULL ? xasprintf("%s/%.*s", home, STR_ARG(below))
                                                        : xmemdup0(v.p, v.n);
    if (access(*field, R_OK) == 0)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("the file %s cannot be read"), *field);
}

int option_tls_cert(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_file(&a->tls_cert, v, err);
}

int option_tls_key(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return set_file(&a->tls_key, v, err);
}

static bool is_pin(struct str pin)
{
    if (str_lit(&pin, "sha256//") != 0 || pin.n != PIN_BASE64 || pin.p[PIN_BASE64 - 1] != '=')
        return false;
    for (size_t i = 0; i < PIN_BASE64 - 1; i++)
        if (!ascii_is_alnum(pin.p[i]) && pin.p[i] != '+' && pin.p[i] != '/')
            return false;
    return true;
}

static int add_pin(struct buf *pins, struct str pin, struct error *err)
{
    if (!is_pin(pin))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("\"%.*s\" is no pin: sha256// and 44 characters, as tmail tells them of "
                           "a certificate that it does not trust"),
                         STR_ARG(pin));
    buf_addf(pins, "%s%.*s", pins->len > 0 ? ";" : "", STR_ARG(pin));
    return buf_check(pins, err);
}

/* libcurl takes what does not begin so for the name of a file, and the list without blanks. */
int option_tls_pin(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    struct buf pins = BUF_INIT(PINS_MAX);
    int rc = 0;
    (void)c;
    do {
        struct str pin = str_head(v, str_find(v, ';'));
        v = str_skip(v, pin.n + 1);
        rc = add_pin(&pins, str_trim(pin), err);
    } while (rc == 0 && str_trim(v).n > 0);
    if (rc == 0)
        option_set_text(&a->tls_pin, buf_str(&pins));
    buf_free(&pins);
    return rc;
}

int option_proxy(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    static const char *const schemes[] = { "socks5h://", "socks5://", "http://" };
    (void)c;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        struct str rest = v;
        if (str_ilit(&rest, schemes[i]) == 0 && rest.n > 0 && str_is_line(v)) {
            option_set_text(&a->proxy, v);
            return 0;
        }
    }
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("proxy takes socks5h://HOST:PORT, socks5://HOST:PORT or http://HOST:PORT"));
}

int option_tunnel(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    (void)c;
    return option_set_command(&a->tunnel, v, err);
}

int option_oauth_command(struct config *c, struct config_account *a, struct str v,
                         struct error *err)
{
    (void)c;
    return option_set_command(&a->oauth_command, v, err);
}

int option_login(struct config *c, struct config_account *a, struct str v, struct error *err)
{
    static const char *const ways[] = {
        "scram-sha-256-plus", "scram-sha-256", "scram-sha-1-plus",
        "scram-sha-1",        "plain",         "login",
        "cram-md5",           "apop",          "xoauth2",
        "oauthbearer",        "external",      "gssapi",
        "gs2-krb5",
    };
    (void)c;
    for (size_t i = 0; i < COUNT(ways); i++)
        if (str_ieqc(v, ways[i])) {
            option_set_text(&a->login, str_c(ways[i]));
            return 0;
        }
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("\"%.*s\" is no way to log in that tmail knows (plain, scram-sha-256, "
                       "xoauth2, external, gssapi ...); without the key the best is taken"),
                     STR_ARG(v));
}
