/* SPDX-License-Identifier: MIT */
#include "sync/checkup.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "config/config.h"
#include "net/imap.h"
#include "net/pop3.h"
#include "net/smtp.h"
#include "sync/account.h"
#include "sync/signin.h"
#include "sync/spaces.h"
#include "wire/imap_name.h"
#include "base/banned.h"

enum { SECRET_MAX = 64 << 10 };

struct checkup {
    struct probe *p;
    const struct config_account *cfg;
    const char *about;
    struct buf secret;
    struct signin signin;
    struct arena *arena;
    struct spaces spaces;
    struct sync_listed *rows;
    size_t rows_n;
    int64_t newest; /* the newest message's date on the server, seconds; 0: none */
    struct imap_quota quota;
};

static void say(struct checkup *c, const char *level, const char *text, const struct error *why)
{
    json_t *o = json_object();
    jline_put(o, "say", STR("line"));
    jline_put(o, "level", str_c(level));
    jline_put(o, "about", str_c(c->about));
    jline_put(o, "text", str_c(text));
    if (why != NULL) {
        jline_put_number(o, "code", why->code);
        jline_put_yes(o, "later", why->retry == RETRY_LATER);
    }
    probe_say(c->p, o);
}

static void wrong(struct checkup *c, const struct error *why)
{
    say(c, "wrong", why->text, why);
}

/* ------------------------------------------------------------------ who logs in */

/* 0; 1: this server wants no login; -1. */
static int login_of(struct checkup *c, enum net_proto proto, struct net_login *login,
                    struct error *err)
{
    struct str secret = buf_str(&c->secret);
    account_login_fill(c->cfg, proto, secret, login);
    if (login->user == NULL || login->user[0] == '\0')
        return 1;
    if (login->kind != LOGIN_PASSWORD && login->kind != LOGIN_TOKEN)
        return 0;
    if (signin_is_used(c->cfg)) {
        if (signin_token(&c->signin, &secret, err) != 0)
            return -1;
    } else if (c->secret.len == 0) {
        int rc = config_secret(c->cfg, &c->secret, -1, err);
        if (rc == 1)
            rc = probe_ask(c->p, "secret",
                           arena_fmt(c->arena, _("Password of account %s:"), c->cfg->name),
                           &c->secret, err);
        if (rc != 0) {
            if (err->code != ERR_CANCELLED && c->cfg->oauth_command == NULL)
                err->retry = RETRY_NEVER; /* a person has to look */
            return -1;
        }
        secret = buf_str(&c->secret);
    }
    account_login_fill(c->cfg, proto, secret, login);
    return 0;
}

static void say_connected(struct checkup *c, const char *host, bool secure, bool logged_in)
{
    say(c, "ok",
        arena_fmt(c->arena,
                  logged_in ? _("%s is reached, and the login works") : _("%s is reached"), host),
        NULL);
    if (!secure)
        say(c, "note",
            arena_fmt(c->arena,
                      _("%s is spoken to without TLS: whoever is between reads along, unless it is "
                        "this machine"),
                      host),
            NULL);
}

/* ------------------------------------------------------------------ IMAP */

static const struct {
    uint64_t caps; /* one of them is enough */
    const char *without;
} wanted[] = {
    { CAP_IDLE | CAP_NOTIFY,
      N_("the server cannot say by itself that mail came (IDLE): tmail looks every few minutes") },
    { CAP_QRESYNC | CAP_CONDSTORE,
      N_("the server keeps no record of changes (CONDSTORE): flags of all messages are compared, "
         "which takes longer") },
    { CAP_UIDPLUS | CAP_IMAP4REV2, N_("the server does not tell where a message went (UIDPLUS): "
                                      "what was moved or saved is found "
                                      "again by its Message-ID") },
    { CAP_MOVE | CAP_IMAP4REV2,
      N_("the server cannot move (MOVE): messages are copied, then deleted") },
    { CAP_SPECIAL_USE | CAP_IMAP4REV2,
      N_("the server does not say which folder is for what (SPECIAL-USE): they are told by their "
         "names") },
};

static int on_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct checkup *c = arg;
    (void)err;
    if (r->kind == IMAP_LIST && r->list.name.n > 0 && r->list.name.n <= WIRE_NAME_MAX &&
        c->rows_n < CHECKUP_LISTED_MAX) {
        struct sync_listed *row = &c->rows[c->rows_n++];
        *row = (struct sync_listed){ .wire = arena_str(c->arena, r->list.name),
                                     .delim = r->list.delim,
                                     .flags = (unsigned)r->list.flags };
    } else if (r->kind == IMAP_FETCH && r->fetch.internal_date > c->newest) {
        c->newest = r->fetch.internal_date;
    } else if (r->kind == IMAP_NAMESPACE) {
        spaces_take(&c->spaces, r);
    } else if (r->kind == IMAP_QUOTA && r->quota.has_storage && r->quota.storage_limit > 0) {
        c->quota = r->quota;
    }
    return 0;
}

static void say_roles(struct checkup *c)
{
    static const struct {
        enum cache_role role;
        const char *found, *missing;
    } roles[] = {
        { ROLE_SENT, N_("what was sent is kept in %.*s"),
          N_("there is no folder for what was sent: create one called Sent") },
        { ROLE_DRAFTS, N_("drafts are kept in %.*s"),
          N_("there is no folder for drafts: create one called Drafts") },
        { ROLE_TRASH, N_("what is deleted goes to %.*s"),
          N_("there is no folder for what is deleted: create one called Trash") },
    };
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct str name = { 0 };
        for (size_t n = 0; n < c->rows_n; n++)
            if (c->rows[n].role == roles[i].role)
                name = c->rows[n].name;
        if (name.n > 0)
            say(c, "ok", arena_fmt(c->arena, _(roles[i].found), STR_ARG(name)), NULL);
        else
            say(c, "note", _(roles[i].missing), NULL);
    }
}

/* Mail that is stamped by the server cannot be younger than now. */
static void say_clock(struct checkup *c)
{
    int64_t ahead = c->newest - clock_wall_ms() / 1000;
    struct error why;
    if (ahead <= CHECKUP_CLOCK_S)
        return;
    (void)error_set(
        &why, ERR_SYS, RETRY_NEVER,
        _("the newest mail is %lld minutes in the future: the clock of this machine, or "
          "that of the server, is wrong (timedatectl shows ours)"),
        (long long)(ahead / 60));
    wrong(c, &why);
}

static void say_quota(struct checkup *c)
{
    const struct imap_quota *q = &c->quota;
    if (q->storage_limit == 0)
        return;
    double part = (double)q->storage * 100 / (double)q->storage_limit;
    unsigned percent = part < 1000 ? (unsigned)part : 1000; /* what a server says may be anything */
    say(c, percent >= CHECKUP_FULL ? "note" : "ok",
        arena_fmt(c->arena,
                  percent >= CHECKUP_FULL
                      ? _("the mailbox is %u%% full: delete something before mail is turned away")
                      : _("the mailbox is %u%% full"),
                  percent),
        NULL);
}

/* What may fail and is no reason to call the account broken. */
static void try_command(struct checkup *c, struct imap *i, struct str cmd)
{
    struct error why;
    if (imap_command(i, cmd, &(struct imap_handler){ .resp = on_resp, .arg = c }, &why) != 0)
        say(c, "note", why.text, NULL);
}

static void look_around(struct checkup *c, struct imap *i)
{
    uint64_t caps = imap_caps(i), special = CAP_SPECIAL_USE | CAP_LIST_EXTENDED;
    for (size_t n = 0; n < COUNT(wanted); n++)
        if ((caps & wanted[n].caps) == 0)
            say(c, "note", _(wanted[n].without), NULL);
    c->rows = xcalloc(CHECKUP_LISTED_MAX, sizeof *c->rows);
    if ((caps & CAP_NAMESPACE) != 0)
        imap_queue(i, STR("NAMESPACE"), &(struct imap_handler){ .resp = on_resp, .arg = c });
    try_command(c, i,
                (caps & special) == special ? STR("LIST \"\" \"*\" RETURN (SPECIAL-USE)")
                                            : STR("LIST \"\" \"*\""));
    spaces_names(&c->spaces, c->arena, c->rows, c->rows_n);
    roles_assign(c->rows, c->rows_n);
    say_roles(c);
    free(c->rows);
    c->rows = NULL;
    struct error ignored;
    struct imap_handler h = { .resp = on_resp, .arg = c };
    if (imap_command(i, STR("EXAMINE INBOX"), &h, &ignored) == 0)
        (void)!imap_command(i, STR("FETCH * (INTERNALDATE)"), &h, &ignored); /* it may be empty */
    say_clock(c);
    if ((caps & CAP_QUOTA) != 0)
        try_command(c, i, STR("GETQUOTAROOT INBOX"));
    say_quota(c);
}

static int check_imap(struct checkup *c, struct error *err)
{
    struct net_login login;
    if (login_of(c, NET_IMAP, &login, err) < 0)
        return -1;
    struct imap *i =
        imap_open(&(struct imap_options){ .endpoint = account_endpoint(c->cfg, NET_IMAP),
                                          .login = &login,
                                          .cancel = probe_cancel(c->p),
                                          .log = probe_log(c->p),
                                          .connect_ms = CHECKUP_CONNECT_MS,
                                          .wait_ms = CHECKUP_SILENCE_MS },
                  err);
    if (i == NULL)
        return -1;
    say_connected(c, c->cfg->in.host, imap_secure(i), true);
    look_around(c, i);
    imap_close(&i);
    return 0;
}

/* ------------------------------------------------------------------ the others */

static int check_pop3(struct checkup *c, struct error *err)
{
    struct net_login login;
    if (login_of(c, NET_POP3, &login, err) < 0)
        return -1;
    struct pop3 *p =
        pop3_open(&(struct pop3_options){ .endpoint = account_endpoint(c->cfg, NET_POP3),
                                          .login = &login,
                                          .cancel = probe_cancel(c->p),
                                          .log = probe_log(c->p),
                                          .connect_ms = CHECKUP_CONNECT_MS,
                                          .wait_ms = CHECKUP_SILENCE_MS },
                  err);
    if (p == NULL)
        return -1;
    say_connected(c, c->cfg->in.host, pop3_secure(p), true);
    if ((pop3_caps(p) & POP3_CAP_UIDL) == 0)
        say(c, "note",
            _("the server gives messages no names (UIDL): they are told apart by what is in them"),
            NULL);
    pop3_close(&p);
    return 0;
}

static int check_smtp(struct checkup *c, enum net_proto proto, struct error *err)
{
    struct net_login login;
    int anonymous = login_of(c, proto, &login, err);
    if (anonymous < 0)
        return -1;
    struct smtp *s = smtp_open(&(struct smtp_options){ .endpoint = account_endpoint(c->cfg, proto),
                                                       .login = anonymous ? NULL : &login,
                                                       .cancel = probe_cancel(c->p),
                                                       .log = probe_log(c->p),
                                                       .connect_ms = CHECKUP_CONNECT_MS,
                                                       .wait_ms = CHECKUP_SILENCE_MS },
                               err);
    if (s == NULL)
        return -1;
    say_connected(c, c->cfg->out.host, smtp_secure(s), anonymous == 0);
    if (smtp_size_max(s) > 0)
        say(c, "ok",
            arena_fmt(c->arena, _("messages of up to %llu MB are taken"),
                      (unsigned long long)(smtp_size_max(s) / 1000000)),
            NULL);
    if ((smtp_offers(s) & SMTP_EXT_SMTPUTF8) == 0)
        say(c, "note",
            _("the server takes no addresses with letters beyond ASCII in front of the @ "
              "(SMTPUTF8)"),
            NULL);
    smtp_close(&s);
    return 0;
}

static int check_receiving(struct checkup *c, struct error *err)
{
    c->about = "receiving";
    if (c->cfg->receive == RECEIVE_IMAP)
        return check_imap(c, err);
    return c->cfg->receive == RECEIVE_POP3 ? check_pop3(c, err) : 0;
}

static int check_sending(struct checkup *c, struct error *err)
{
    c->about = "sending";
    if (c->cfg->send == SEND_SMTP)
        return check_smtp(c, NET_SMTP, err);
    return c->cfg->send == SEND_LMTP ? check_smtp(c, NET_LMTP, err) : 0;
}

static void check_both(struct checkup *c)
{
    struct error why;
    if (check_receiving(c, &why) != 0) {
        wrong(c, &why);
        if (why.code == ERR_AUTH && c->cfg->receive != RECEIVE_NONE)
            return; /* what one server refused is not shown to the next */
    }
    if (check_sending(c, &why) != 0)
        wrong(c, &why);
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
