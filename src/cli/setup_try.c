/* SPDX-License-Identifier: MIT */
#include "cli/setup.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/probe.h"
#include "cli/signin.h"
#include "cli/tty.h"
#include "base/banned.h"

enum { PASSWORDS_MAX = 3 };

/* What the trial said. */
struct trial {
    struct setup *s;
    json_t *receive, *send; /* its "server" lines */
    json_t *failed;         /* the last one that could not be trusted */
    struct str receive_user, send_user;
    int64_t folders;
    struct str sent;
};

static bool is_receive(const json_t *line)
{
    return str_eqc(jline_text(line, "side"), "receive");
}

static void keep(json_t **to, const json_t *line)
{
    json_decref(*to);
    *to = json_deep_copy(line);
}

static void see_logged_in(struct trial *t, const json_t *line)
{
    struct str user = arena_str(t->s->arena, jline_text(line, "user"));
    if (!is_receive(line)) {
        t->send_user = user;
        return;
    }
    t->receive_user = user;
    t->folders = jline_number(line, "folders");
    t->sent = arena_str(t->s->arena, jline_text(line, "sent"));
}

static void see(void *arg, const json_t *line)
{
    struct trial *t = arg;
    struct str say = jline_text(line, "say");
    if (str_eqc(say, "progress"))
        tty_say(t->s->tty, "  %.*s", STR_ARG(jline_text(line, "text")));
    else if (str_eqc(say, "server"))
        keep(is_receive(line) ? &t->receive : &t->send, line);
    else if (str_eqc(say, "logged-in"))
        see_logged_in(t, line);
    else if (str_eqc(say, "failed") && jline_text(line, "pin").n > 0)
        keep(&t->failed, line);
}

static void trial_clear(struct trial *t)
{
    json_decref(t->receive);
    json_decref(t->send);
    json_decref(t->failed);
    *t = (struct trial){ .s = t->s };
}

static json_t *question(const struct setup *s, json_t *receive, json_t *send)
{
    json_t *q = json_object();
    jline_put(q, "probe", STR("try"));
    jline_put(q, "address", s->address);
    jline_put(q, "pin", s->pin);
    json_object_set(q, "receive", receive);
    json_object_set(q, "send", send);
    return q;
}

static int look(struct setup *s, struct trial *t, struct error *err)
{
    return cli_probe_run(question(s, json_object_get(s->found, "receive"),
                                  json_object_get(s->found, "send")),
                         NULL, s->tty, see, t, err);
}

static json_t *used(const struct setup *s, const char *side, const json_t *line)
{
    return json_array_get(json_object_get(s->found, side), (size_t)jline_number(line, "index"));
}

static bool is_here(const json_t *server)
{
    struct str host = jline_text(server, "host");
    return str_eqc(host, "127.0.0.1") || str_eqc(host, "::1") || str_ieqc(host, "localhost");
}

/* A program on this machine signs for itself: its key is believed from now on, if the person says so. A
 * server elsewhere that nobody signed for is none of this. */
static int ask_pin(struct setup *s, struct trial *t, struct error *err)
{
    const char *side = is_receive(t->failed) ? "receive" : "send";
    bool yes = false;
    if (s->pin.n > 0 || t->failed == NULL || !is_here(used(s, side, t->failed)))
        return -1;
    struct str pin = arena_str(s->arena, jline_text(t->failed, "pin"));
    const char *text = arena_fmt(s->arena,
                                 _("The program on this machine shows a certificate of its own, "
                                   "with the key %.*s. Trust this key "
                                   "from now on?"),
                                 STR_ARG(pin));
    int rc = tty_ask_yes(s->tty, str_c(text), true, &yes, err);
    if (rc != 0 || !yes)
        return rc != 0 ? rc : 1;
    s->pin = pin;
    trial_clear(t);
    return look(s, t, err);
}

static void say_server(const struct setup *s, const char *what, const json_t *server)
{
    bool clear = str_eqc(jline_text(server, "tls"), "none");
    tty_say(s->tty,
            clear ? _("  %s: %.*s, port %lld, %.*s") : _("  %s: %.*s, port %lld, %.*s over TLS"),
            what, STR_ARG(jline_text(server, "host")), (long long)jline_number(server, "port"),
            STR_ARG(jline_text(server, "protocol")));
}

static void say_found(const struct setup *s)
{
    struct str provider = jline_text(s->found, "provider"), hint = jline_text(s->found, "hint");
    if (provider.n > 0)
        tty_say(s->tty, _("This is %.*s."), STR_ARG(provider));
    say_server(s, _("receiving"), s->receive);
    say_server(s, _("sending"), s->send);
    if (hint.n > 0)
        tty_say(s->tty, "%.*s.", STR_ARG(hint));
}

/* One that cannot be reached, or is none: the person may know better. */
static int look_by_hand(struct setup *s, struct trial *t, struct error *err)
{
    bool yes = false;
    tty_say(s->tty, "%s", err->text);
    int rc = tty_ask_yes(s->tty, str_c(_("Do you want to name the servers yourself?")), false, &yes,
                         err);
    if (rc != 0 || !yes)
        return rc != 0 ? rc : 1;
    rc = setup_type_servers(s, err);
    trial_clear(t);
    return rc == 0 ? look(s, t, err) : rc;
}

int setup_look(struct setup *s, struct error *err)
{
    struct trial t = { .s = s };
    int rc = look(s, &t, err);
    if (rc != 0 && err->code == ERR_TLS)
        rc = ask_pin(s, &t, err);
    else if (rc != 0 && (err->code == ERR_NET || err->code == ERR_PROTO))
        rc = look_by_hand(s, &t, err);
    if (rc == 0) {
        s->receive = used(s, "receive", t.receive);
        s->send = used(s, "send", t.send);
        s->password = jline_yes(t.receive, "password");
        s->oauth = jline_yes(t.receive, "oauth");
        say_found(s);
    }
    trial_clear(&t);
    return rc;
}

/* ------------------------------------------------------------------ logging in */

static json_t *only(json_t *server)
{
    json_t *list = json_array();
    json_array_append(list, server);
    return list;
}

static int log_in(struct setup *s, struct trial *t, struct error *err)
{
    json_t *receive = only(s->receive), *send = only(s->send);
    json_t *q = question(s, receive, send);
    json_object_set_new(q, "secret",
                        json_stringn(s->secret.len ? s->secret.data : "", s->secret.len));
    if (s->token)
        jline_put(q, "kind", STR("token"));
    json_decref(receive);
    json_decref(send);
    return cli_probe_run(q, NULL, s->tty, see, t, err);
}

static void say_logged_in(const struct setup *s, const struct trial *t)
{
    if (t->folders > 0)
        tty_say(s->tty,
                P_("Logged in. There is %lld folder.", "Logged in. There are %lld folders.",
                   t->folders),
                (long long)t->folders);
    else
        tty_say(s->tty, _("Logged in."));
    if (t->sent.n > 0)
        tty_say(s->tty, _("What you send is kept in %.*s."), STR_ARG(t->sent));
}

/* With what is in s->secret. */
static int try_secret(struct setup *s, struct error *err)
{
    struct trial t = { .s = s };
    int rc = log_in(s, &t, err);
    if (rc == 0) {
        jline_put(s->receive, "user", t.receive_user);
        jline_put(s->send, "user", t.send_user);
        say_logged_in(s, &t);
    }
    trial_clear(&t);
    return rc;
}

/* One password: 0, 1, -1; -1 with ERR_AUTH may be asked again. */
static int try_password(struct setup *s, struct error *err)
{
    const char *text = arena_fmt(s->arena, _("Password of %.*s at %.*s (not shown):"),
                                 STR_ARG(s->address), STR_ARG(jline_text(s->receive, "host")));
    s->token = false;
    buf_wipe(&s->secret);
    buf_init(&s->secret, TTY_LINE_MAX);
    int rc = tty_ask(s->tty, str_c(text), true, &s->secret, err);
    if (rc == 0 && s->secret.len == 0)
        rc = 1;
    return rc == 0 ? try_secret(s, err) : rc;
}

/* A token of OAuth2, got by another program. */
static int try_token(struct setup *s, struct error *err)
{
    struct buf command = BUF_INIT(WRITE_VALUE_MAX);
    int rc =
        tty_ask(s->tty, str_c(_("The command that prints an access token:")), false, &command, err);
    s->token = true;
    buf_wipe(&s->secret);
    buf_init(&s->secret, SETUP_SECRET_MAX);
    if (rc == 0 && command.len == 0)
        rc = 1;
    if (rc == 0)
        rc = setup_first_line(s, buf_str(&command), &s->secret, err);
    if (rc == 0)
        rc = try_secret(s, err);
    if (rc == 0)
        setup_key(s, "oauth-command", arena_str(s->arena, buf_str(&command)), false);
    s->kept = rc == 0;
    buf_free(&command);
    return rc;
}

/* What the person types, or an empty string. */
static int ask_line(struct setup *s, const char *question, char **out, struct error *err)
{
    struct buf line = BUF_INIT(TTY_LINE_MAX);
    int rc = tty_ask(s->tty, str_c(question), false, &line, err);
    *out = arena_fmt(s->arena, "%s", buf_c(&line));
    buf_wipe(&line);
    return rc;
}

/* With the provider's name and a client id that the person has: 0; 1 where they have none; -1. */
static int try_sign_in(struct setup *s, struct error *err)
{
    struct str provider = jline_text(s->found, "oauth");
    struct config_oauth o = { .provider = arena_fmt(s->arena, "%.*s", STR_ARG(provider)) };
    bool google = str_eqc(provider, "google");
    int rc = provider.n > 0 ? ask_line(s,
                                       _("To sign in tmail needs a client id that is registered "
                                         "with the provider (man tmailrc, oauth-client-id). Client "
                                         "id (Enter: none):"),
                                       &o.client_id, err)
                            : 1;
    if (rc == 0 && o.client_id[0] == '\0')
        rc = 1;
    if (rc == 0 && google)
        rc = ask_line(s, _("Client secret (Enter: none):"), &o.client_secret, err);
    if (rc != 0)
        return rc;
    struct signin_ask ask = { .account = buf_c(&s->account),
                              .store = s->c->store_path,
                              .oauth = &o,
                              .address = s->address,
                              .way = s->way,
                              .tty = s->tty };
    s->token = true;
    buf_wipe(&s->secret);
    buf_init(&s->secret, SETUP_SECRET_MAX);
    rc = signin_ask(&ask, &s->got, err);
    if (rc == 0) {
        buf_add_str(&s->secret, buf_str(&s->got.access));
        rc = try_secret(s, err);
    }
    if (rc != 0) {
        signin_got_wipe(&s->got); /* another way may be found */
        signin_got_init(&s->got);
    }
    if (rc == 0) {
        setup_key(s, "oauth", str_c(o.provider), false);
        setup_key(s, "oauth-client-id", str_c(o.client_id), false);
    }
    if (rc == 0 && google && o.client_secret[0] != '\0')
        setup_key(s, "oauth-client-secret", str_c(o.client_secret), true);
    s->kept = rc == 0;
    return rc;
}

/* The password of a muttrc, or that of its command, which is not run unasked. 1: there is none. */
static int try_mutt(struct setup *s, struct error *err)
{
    struct str command = s->mutt.password_command;
    const char *text =
        arena_fmt(s->arena, _("The muttrc has the password from the command \"%.*s\". Run it?"),
                  STR_ARG(command));
    bool plain = s->mutt.password.n > 0, yes = false;
    int rc = 1;
    if (plain)
        text = arena_fmt(s->arena, _("Show the password of the muttrc to %.*s and %.*s?"),
                         STR_ARG(jline_text(s->receive, "host")),
                         STR_ARG(jline_text(s->send, "host")));
    if (plain || (command.n > 0 && write_value_fits(command))) {
        rc = tty_ask_yes(s->tty, str_c(text), true, &yes, err);
        if (rc == 0 && !yes)
            rc = 1;
    }
    if (rc == 0 && plain)
        buf_add_str(&s->secret, s->mutt.password);
    else if (rc == 0)
        rc = setup_first_line(s, command, &s->secret, err);
    if (rc == 0)
        rc = try_secret(s, err);
    if (rc == 0 && !plain)
        setup_key(s, "password-command", command, false);
    s->kept = rc == 0 && !plain;
    return rc;
}

/* What does not work is told, and the person is asked. */
static int by_mutt(struct setup *s, struct error *err)
{
    int rc = s->password ? try_mutt(s, err) : 1;
    if (rc >= 0 || err->code == ERR_CANCELLED)
        return rc;
    tty_say(s->tty, "%s", err->text);
    return 1;
}

int setup_login(struct setup *s, struct error *err)
{
    int rc = by_mutt(s, err);
    if (rc != 1)
        return rc;
    bool by_token = str_eqc(jline_text(s->found, "sign-in"), "oauth") || (!s->password && s->oauth);
    if (!by_token && !s->password)
        return error_set(err, ERR_AUTH, RETRY_NEVER,
                         _("%.*s takes no passwords, and no access tokens either"),
                         STR_ARG(jline_text(s->receive, "host")));
    for (int i = 0; i < PASSWORDS_MAX; i++) {
        rc = by_token ? try_sign_in(s, err) : try_password(s, err);
        if (rc == 1) /* no client id: a command has a token; no password: perhaps a client id */
            rc = by_token ? try_token(s, err) : try_sign_in(s, err);
        if (rc >= 0 || (err->code != ERR_AUTH && !by_token))
            return rc;
        tty_say(s->tty, "%s", err->text);
    }
    return rc;
}
