/* SPDX-License-Identifier: MIT */
#include "base/i18n.h"
#include "net/pop3.h"
#include "net/sasl.h"
#include "net/smtp.h"
#include "sync/account.h"
#include "sync/checkup_in.h"
#include "base/banned.h"

enum { MB = 1000000 };

static void say_clear(struct checkup *c, const struct config_server *s, bool secure, bool tunnelled)
{
    if (!secure && !s->loopback && s->path == NULL && !tunnelled)
        checkup_say(c, "note", _("%s is spoken to without TLS: whoever is between reads along"),
                    s->host);
}

/* ------------------------------------------------------------------ POP3 */

int checkup_pop3(struct checkup *c, struct error *err)
{
    struct net_login login;
    const struct pop3_entry *entries;
    size_t n = 0;
    if (checkup_login(c, NET_POP3, &login, err) < 0)
        return -1;
    probe_progress(c->p, _("asking %s ..."), c->cfg->in.host);
    struct pop3 *p =
        pop3_open(&(struct pop3_options){ .endpoint = account_endpoint(c->cfg, NET_POP3),
                                          .login = &login,
                                          .cancel = probe_cancel(c->p),
                                          .log = probe_log(c->p),
                                          .connect_ms = CHECKUP_CONNECT_MS,
                                          .wait_ms = CHECKUP_SILENCE_MS,
                                          .facts = &c->facts },
                  err);
    checkup_connection(c, &c->cfg->in);
    if (p == NULL)
        return -1;
    checkup_say(c, "ok", _("%s is reached, and the login works (%s)"), c->cfg->in.host,
                c->facts.login);
    say_clear(c, &c->cfg->in, pop3_secure(p), c->cfg->tunnel != NULL);
    int rc = pop3_list(p, &entries, &n, err);
    if (rc == 0)
        checkup_say(c, "ok", P_("%zu message lies there", "%zu messages lie there", n), n);
    if ((pop3_caps(p) & POP3_CAP_UIDL) == 0)
        checkup_say(c, "note",
                    _("the server gives messages no names (UIDL): they are told apart by what is "
                      "in them"));
    if ((pop3_caps(p) & POP3_CAP_PIPELINING) == 0)
        checkup_say(c, "note",
                    _("the server wants to be asked for one message after the other (PIPELINING), "
                      "which takes longer"));
    checkup_say(c, "ok", _("what was sent is kept on this machine alone"));
    pop3_close(&p);
    return rc;
}

/* ------------------------------------------------------------------ SMTP and LMTP */

static bool same_user(const struct config_account *cfg)
{
    return cfg->in.user != NULL && cfg->out.user != NULL &&
           str_eqc(str_c(cfg->in.user), cfg->out.user);
}

/* A password that one server has just refused is not shown to the next as the same person's: many providers
 * have one account behind both, and count. A token locks nothing. */
static bool may_lock(const struct checkup *c, const struct net_login *login)
{
    return c->refused && login->kind == LOGIN_PASSWORD && same_user(c->cfg);
}

/* Would it log in? */
static int untried(struct checkup *c, const struct net_login *login, bool secure, struct error *err)
{
    struct net_sasl_setup setup = { .login = login,
                                    .host = c->cfg->out.host,
                                    .port = c->cfg->out.port,
                                    .service = "smtp",
                                    .offered = c->facts.mechs,
                                    .secure = secure };
    struct net_sasl *sasl = net_sasl_new(&setup, err);
    if (sasl == NULL)
        return -1;
    checkup_say(c, "note",
                c->no_secret
                    ? _("no login is tried, because there is no password; the server takes one "
                        "(%s)")
                    : _("no login is tried (%s): the same user and password were just refused, "
                        "and some providers lock an account after a few of these"),
                net_sasl_name(sasl));
    net_sasl_free(&sasl);
    return 0;
}

static void say_abilities(struct checkup *c, const struct smtp *s)
{
    static const struct {
        enum smtp_ext ext;
        const char *without;
    } rows[] = {
        { SMTP_EXT_8BITMIME, N_("the server does not say that it takes letters beyond ASCII in a "
                                "text (8BITMIME): tmail writes texts so that this is not needed") },
        { SMTP_EXT_SMTPUTF8, N_("the server takes no addresses with letters beyond ASCII in front "
                                "of the @ (SMTPUTF8)") },
        { SMTP_EXT_PIPELINING, N_("the server wants to be told one thing after the other "
                                  "(PIPELINING), which takes longer") },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if ((smtp_offers(s) & rows[i].ext) == 0)
            checkup_say(c, "note", "%s", _(rows[i].without));
    if (c->cfg->receipt && (smtp_offers(s) & SMTP_EXT_DSN) == 0)
        checkup_say(c, "note", _("receipt = yes, but the server sends no receipts (DSN)"));
    if (smtp_size_max(s) > 0)
        checkup_say(c, "ok", _("messages of up to %llu MB are taken"),
                    (unsigned long long)(smtp_size_max(s) / MB));
}

/* Who is to log in here: 0; 1: nobody, as the configuration has it; 2: nobody now; -1. */
static int who(struct checkup *c, enum net_proto proto, struct net_login *login, struct error *err)
{
    account_login_fill(c->cfg, proto, STR(""), login);
    if (login->user == NULL || login->user[0] == '\0')
        return 1;
    if (c->no_secret || may_lock(c, login))
        return 2;
    return checkup_login(c, proto, login, err);
}

int checkup_smtp(struct checkup *c, enum net_proto proto, struct error *err)
{
    const struct config_server *out = &c->cfg->out;
    const char *host = out->path != NULL ? out->path : out->host;
    struct endpoint ep = account_endpoint(c->cfg, proto);
    struct net_login login;
    int without = who(c, proto, &login, err), rc = 0;
    if (without < 0)
        return -1;
    probe_progress(c->p, _("asking %s ..."), host);
    struct smtp *s = smtp_open(&(struct smtp_options){ .endpoint = ep,
                                                       .login = without == 0 ? &login : NULL,
                                                       .cancel = probe_cancel(c->p),
                                                       .log = probe_log(c->p),
                                                       .connect_ms = CHECKUP_CONNECT_MS,
                                                       .wait_ms = CHECKUP_SILENCE_MS,
                                                       .facts = &c->facts },
                               err);
    checkup_connection(c, out);
    if (s == NULL)
        return -1;
    if (without == 0)
        checkup_say(c, "ok", _("%s is reached, and the login works (%s)"), host, c->facts.login);
    else
        checkup_say(c, "ok", _("%s is reached"), host);
    if (without == 1 && c->facts.mechs != 0 && !out->loopback)
        checkup_say(c, "note",
                    _("%s has logins, and send names no user: what goes elsewhere may be refused "
                      "(send = \"smtps://USER@%s\")"),
                    host, host);
    say_clear(c, out, smtp_secure(s), ep.tunnel != NULL);
    if (without == 2)
        rc = untried(c, &login, smtp_secure(s), err);
    say_abilities(c, s);
    checkup_clock(c, host, c->facts.clock);
    smtp_close(&s);
    return rc;
}
