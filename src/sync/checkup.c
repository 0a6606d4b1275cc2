/* SPDX-License-Identifier: MIT */
#include "sync/checkup.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "sync/account.h"
#include "sync/checkup_in.h"
#include "base/banned.h"

enum { SECRET_MAX = 64 << 10, DAY_S = 86400 };

/* ------------------------------------------------------------------ what is said */

static void say(struct checkup *c, const char *level, struct str text, const struct error *why)
{
    json_t *o = json_object();
    jline_put(o, "say", STR("line"));
    jline_put(o, "level", str_c(level));
    jline_put(o, "about", str_c(c->about));
    jline_put(o, "text", text);
    if (why != NULL) {
        jline_put_number(o, "code", why->code);
        jline_put_yes(o, "later", why->retry == RETRY_LATER);
    }
    probe_say(c->p, o);
}

void checkup_say(struct checkup *c, const char *level, const char *fmt, ...)
{
    struct buf text = BUF_INIT(ERROR_TEXT_MAX * 4);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    say(c, level, buf_str(&text), NULL);
    buf_free(&text);
}

void checkup_wrong(struct checkup *c, const struct error *why)
{
    say(c, "wrong", str_c(why->text), why);
}

/* ------------------------------------------------------------------ who logs in */

static int secret_have(struct checkup *c, struct str *secret, struct error *err)
{
    int rc = 0;
    if (signin_is_used(c->cfg))
        return signin_token(&c->signin, secret, err);
    if (c->secret.len == 0)
        rc = config_secret(c->cfg, &c->secret, -1, err);
    if (rc == 1)
        rc = probe_ask(c->p, "secret",
                       arena_fmt(c->arena, _("Password of account %s:"), c->cfg->name), &c->secret,
                       err);
    if (rc == 0 && c->secret.len == 0)
        rc = error_set(
            err, ERR_AUTH, RETRY_NEVER,
            _("login needed: no password was given; set password-command for this account"));
    if (rc != 0 && err->code != ERR_CANCELLED && c->cfg->oauth_command == NULL)
        err->retry = RETRY_NEVER; /* a person has to look */
    *secret = buf_str(&c->secret);
    return rc;
}

int checkup_login(struct checkup *c, enum net_proto proto, struct net_login *login,
                  struct error *err)
{
    struct str secret = buf_str(&c->secret);
    account_login_fill(c->cfg, proto, secret, login);
    if (login->user == NULL || login->user[0] == '\0')
        return 1;
    if (login->kind != LOGIN_PASSWORD && login->kind != LOGIN_TOKEN)
        return 0;
    if (secret_have(c, &secret, err) != 0) {
        c->no_secret = true;
        return -1;
    }
    account_login_fill(c->cfg, proto, secret, login);
    return 0;
}

/* ------------------------------------------------------------------ the connection */

static void say_certificate(struct checkup *c, const char *host)
{
    const struct tls_facts *t = &c->facts.tls;
    int64_t days = (t->ends_at - clock_wall_ms() / 1000) / DAY_S;
    if (!t->trusted)
        checkup_say(c, "ok",
                    _("%s (%s); the key is one of tls-pin, whatever its certificate says (by %s, "
                      "until %s)"),
                    t->version, t->cipher, t->issuer, t->until);
    else if (days >= CHECKUP_DAYS || t->ends_at == 0)
        checkup_say(c, "ok",
                    P_("%s (%s); the certificate, by %s, holds for %lld more day, until %s",
                       "%s (%s); the certificate, by %s, holds for %lld more days, until %s", days),
                    t->version, t->cipher, t->issuer, (long long)days, t->until);
    else
        checkup_say(c, "note",
                    _("the certificate of %s, by %s, ends on %s: its operator must renew it; from "
                      "then on tmail does not connect any more"),
                    host, t->issuer, t->until);
}

void checkup_connection(struct checkup *c, const struct config_server *s)
{
    if (c->facts.tls.version[0] != '\0')
        say_certificate(c, s->host);
}

void checkup_clock(struct checkup *c, const char *host, int64_t told)
{
    int64_t ahead = clock_wall_ms() / 1000 - told;
    struct error why;
    if (told == 0)
        return;
    if (ahead <= CHECKUP_CLOCK_S && ahead >= -CHECKUP_CLOCK_S) {
        checkup_say(c, "ok", _("%s has the same time as this machine"), host);
        return;
    }
    (void)error_set(&why, ERR_SYS, RETRY_NEVER,
                    ahead > 0 ? _("the clock of this machine is %lld minutes ahead of that of %s: "
                                  "one of them is wrong (timedatectl shows ours)")
                              : _("the clock of this machine is %lld minutes behind that of %s: "
                                  "one of them is wrong (timedatectl shows ours)"),
                    (long long)(ahead > 0 ? ahead : -ahead) / 60, host);
    checkup_wrong(c, &why);
}

/* ------------------------------------------------------------------ the whole */

static int check_receiving(struct checkup *c, struct error *err)
{
    c->about = "receiving";
    switch (c->cfg->receive) {
    case RECEIVE_IMAP:
        return checkup_imap(c, err);
    case RECEIVE_POP3:
        return checkup_pop3(c, err);
    case RECEIVE_MAILDIR:
    case RECEIVE_MBOX:
        return checkup_spool(c, err);
    case RECEIVE_NONE:
        break;
    }
    checkup_say(c, "note", _("nothing is received: the key receive is not set"));
    return 0;
}

static int check_sending(struct checkup *c, struct error *err)
{
    c->about = "sending";
    switch (c->cfg->send) {
    case SEND_SMTP:
        return checkup_smtp(c, NET_SMTP, err);
    case SEND_LMTP:
        return checkup_smtp(c, NET_LMTP, err);
    case SEND_SENDMAIL:
        return checkup_command(c, err);
    case SEND_NONE:
        break;
    }
    checkup_say(c, "note", _("nothing can be sent: the key send is not set"));
    return 0;
}

static void check_both(struct checkup *c)
{
    struct error why = { 0 };
    if (check_receiving(c, &why) != 0)
        checkup_wrong(c, &why);
    c->refused = why.code == ERR_AUTH && c->facts.login[0] != '\0';
    c->facts = (struct net_facts){ 0 };
    if (why.code != ERR_CANCELLED && check_sending(c, &why) != 0)
        checkup_wrong(c, &why);
}

int checkup_run(struct probe *p, const json_t *question, struct error *err)
{
    const char *path = json_string_value(json_object_get(question, "config"));
    const char *store = json_string_value(json_object_get(question, "store"));
    struct checkup c = { .p = p, .about = "" };
    struct config config;
    if (path == NULL || store == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this question names no account"));
    if (config_load(&config, path, err) != 0)
        return -1;
    int rc = 0;
    c.cfg = config_account(&config, jline_text(question, "account"));
    if (c.cfg == NULL) {
        rc = error_set(err, ERR_USAGE, RETRY_NEVER, _("this question names no account"));
    } else {
        c.arena = arena_new(4096);
        buf_init(&c.secret, SECRET_MAX);
        signin_init(&c.signin, c.cfg, store, probe_cancel(p), probe_log(p));
        check_both(&c);
        signin_clear(&c.signin);
        buf_wipe(&c.secret);
        arena_free(&c.arena);
    }
    config_free(&config);
    return rc;
}
