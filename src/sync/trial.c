/* SPDX-License-Identifier: MIT */
#include "sync/trial.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "bus/jline.h"
#include "net/imap.h"
#include "net/pop3.h"
#include "net/sasl.h"
#include "net/smtp.h"
#include "sync/look.h"
#include "sync/rank.h"
#include "sync/reach.h"
#include "sync/spaces.h"
#include "wire/imap_name.h"
#include "base/banned.h"

enum { CANDIDATES_MAX = 16, LISTED_MAX = 10000, USERS_MAX = 2 };

struct trial {
    struct probe *p;
    struct arena *arena;
    struct reach reach;
    const char *pin;
    struct str address;
    struct net_login login; /* but for the user */
    struct str asked_as;    /* the user as the receiving side was given it */
    const char *logged_in;  /* and the one that it took */
};

/* ------------------------------------------------------------------ the question */

/* ERR_USAGE for what no server is; one in the clear must be on this machine. */
static int server_read(struct trial *t, const json_t *o, struct endpoint *ep, struct error *err)
{
    struct str proto = jline_text(o, "protocol"), tls = jline_text(o, "tls");
    int64_t port = jline_number(o, "port");
    *ep = (struct endpoint){ .host = json_string_value(json_object_get(o, "host")),
                             .port = (uint16_t)port,
                             .pin = t->pin };
    ep->proto = str_eqc(proto, "imap") ? NET_IMAP : str_eqc(proto, "pop3") ? NET_POP3 : NET_SMTP;
    ep->tls = str_eqc(tls, "starttls") ? TLS_STARTTLS
              : str_eqc(tls, "none")   ? TLS_NONE
                                       : TLS_DIRECT;
    if (ep->host == NULL || port <= 0 || port > UINT16_MAX ||
        (ep->tls == TLS_NONE && !find_is_here(str_c(ep->host))))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this is no server that can be tried"));
    return reach_endpoint(&t->reach, t->arena, ep, err);
}

static json_t *line(const char *say, const char *side, size_t index)
{
    json_t *o = json_object();
    jline_put(o, "say", str_c(say));
    jline_put(o, "side", str_c(side));
    json_object_set_new(o, "index", json_integer((json_int_t)index));
    return o;
}

/* ------------------------------------------------------------------ what it offers */

static void say_server(struct trial *t, const char *side, size_t index, const struct look *l)
{
    static const char *const mechs[] = {
        "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",  "LOGIN",
        "CRAM-MD5",           "OAUTHBEARER",      "XOAUTH2",       "EXTERNAL",    "GSSAPI",
    };
    json_t *o = line("server", side, index), *names = json_array();
    for (size_t i = 0; i < COUNT(mechs); i++)
        if ((net_mech(str_c(mechs[i])) & l->mechs) != 0)
            json_array_append_new(names, json_string(mechs[i]));
    json_object_set_new(o, "logins", names);
    jline_put_yes(o, "password", l->plain_login || (l->mechs & MECH_PASSWORDS) != 0);
    jline_put_yes(o, "oauth", (l->mechs & (MECH_OAUTHBEARER | MECH_XOAUTH2)) != 0);
    probe_say(t->p, o);
}

/* The key that was shown stands in the sentence, for the person. */
static struct str pin_of(const struct error *why)
{
    struct str text = str_c(why->text);
    text = str_skip(text, str_search(text, STR("\"sha256//")) + 1);
    return str_head(text, str_find(text, '"'));
}

static void say_failed(struct trial *t, const char *side, size_t index, const struct error *why)
{
    json_t *o = line("failed", side, index);
    jline_put_number(o, "code", why->code);
    jline_put(o, "text", str_c(why->text));
    if (why->code == ERR_TLS)
        jline_put(o, "pin", pin_of(why));
    probe_say(t->p, o);
}

static bool is_same_port(const json_t *a, const json_t *b)
{
    return str_ieq(jline_text(a, "host"), jline_text(b, "host")) &&
           jline_number(a, "port") == jline_number(b, "port");
}

/* The first that can be reached. What shows a certificate that nobody vouches for speaks TLS from the
 * start: it is not waited for in vain by another way, and its certificate is what is told. */
static int look_side(struct trial *t, const json_t *servers, const char *side, struct error *err)
{
    size_t n = json_array_size(servers);
    int rc = n > 0 ? -1 : 0;
    const json_t *before = NULL, *strange = NULL;
    for (size_t i = 0; i < n && i < CANDIDATES_MAX && rc != 0; i++) {
        const json_t *server = json_array_get(servers, i);
        struct endpoint ep;
        struct look l;
        struct error why;
        if (strange != NULL && is_same_port(server, strange))
            continue;
        rc = server_read(t, server, &ep, &why);
        if (rc == 0) {
            if (before == NULL || !is_same_port(server, before))
                probe_progress(t->p, _("asking %s:%u what it offers"), ep.host, ep.port);
            rc = look_at(&ep, TRIAL_CONNECT_MS, TRIAL_SILENCE_MS, probe_cancel(t->p),
                         probe_log(t->p), &l, &why);
        }
        before = server;
        if (rc == 0) {
            say_server(t, side, i, &l);
            break;
        }
        say_failed(t, side, i, &why);
        if (strange == NULL)
            *err = why;
        if (why.code == ERR_TLS && pin_of(&why).n > 0)
            strange = server;
    }
    return rc;
}

/* ------------------------------------------------------------------ logging in */

struct listing {
    struct spaces spaces;
    struct arena *arena;
    struct sync_listed *rows;
    size_t n;
};

static int on_list(void *arg, const struct imap_resp *r, struct error *err)
{
    struct listing *l = arg;
    (void)err;
    if (r->kind == IMAP_NAMESPACE)
        spaces_take(&l->spaces, r);
    if (r->kind != IMAP_LIST || r->list.name.n == 0 || r->list.name.n > WIRE_NAME_MAX ||
        l->n == LISTED_MAX)
        return 0;
    struct sync_listed *row = &l->rows[l->n++];
    *row = (struct sync_listed){ .wire = arena_str(l->arena, r->list.name),
                                 .delim = r->list.delim,
                                 .flags = (unsigned)r->list.flags };
    return 0;
}

/* Folders are worth telling; that they cannot be listed is no reason to refuse the login. */
static void list(struct trial *t, struct imap *i, json_t *o)
{
    uint64_t need = CAP_SPECIAL_USE | CAP_LIST_EXTENDED;
    bool special = (imap_caps(i) & need) == need;
    struct listing l = { .arena = t->arena };
    struct error ignored;
    l.rows = xcalloc(LISTED_MAX, sizeof *l.rows);
    if ((imap_caps(i) & CAP_NAMESPACE) != 0)
        imap_queue(i, STR("NAMESPACE"), &(struct imap_handler){ .resp = on_list, .arg = &l });
    (void)!imap_command(i,
                        special ? STR("LIST \"\" \"*\" RETURN (SPECIAL-USE)")
                                : STR("LIST \"\" \"*\""),
                        &(struct imap_handler){ .resp = on_list, .arg = &l }, &ignored);
    spaces_names(&l.spaces, l.arena, l.rows, l.n);
    roles_assign(l.rows, l.n);
    jline_put_number(o, "folders", (int64_t)l.n);
    for (size_t n = 0; n < l.n; n++) {
        const char *role = l.rows[n].role == ROLE_SENT     ? "sent"
                           : l.rows[n].role == ROLE_DRAFTS ? "drafts"
                           : l.rows[n].role == ROLE_TRASH  ? "trash"
                                                           : NULL;
        if (role != NULL)
            jline_put(o, role, l.rows[n].name);
    }
    free(l.rows);
}

static int login_imap(struct trial *t, const struct endpoint *ep, const struct net_login *login,
                      json_t *o, struct error *err)
{
    struct imap *i = imap_open(&(struct imap_options){ .endpoint = *ep,
                                                       .login = login,
                                                       .cancel = probe_cancel(t->p),
                                                       .log = probe_log(t->p),
                                                       .connect_ms = TRIAL_CONNECT_MS,
                                                       .wait_ms = TRIAL_SILENCE_MS },
                               err);
    if (i == NULL)
        return -1;
    bool proved = !imap_preauth(i); /* else nobody has looked at the secret */
    if (proved)
        list(t, i, o);
    imap_close(&i);
    return proved ? 0
                  : error_set(err, ERR_PROTO, RETRY_NEVER,
                              _("%s lets everybody in without a login: it is not the server of "
                                "one person's mail"),
                              ep->host);
}

static int login_pop3(struct trial *t, const struct endpoint *ep, const struct net_login *login,
                      struct error *err)
{
    struct pop3 *p = pop3_open(&(struct pop3_options){ .endpoint = *ep,
                                                       .login = login,
                                                       .cancel = probe_cancel(t->p),
                                                       .log = probe_log(t->p),
                                                       .connect_ms = TRIAL_CONNECT_MS,
                                                       .wait_ms = TRIAL_SILENCE_MS },
                               err);
    struct error ignored;
    if (p == NULL)
        return -1;
    (void)!pop3_quit(&p, &ignored); /* lets go of the mailbox */
    pop3_close(&p);
    return 0;
}

static int login_smtp(struct trial *t, const struct endpoint *ep, const struct net_login *login,
                      struct error *err)
{
    struct smtp *s = smtp_open(&(struct smtp_options){ .endpoint = *ep,
                                                       .login = login,
                                                       .cancel = probe_cancel(t->p),
                                                       .log = probe_log(t->p),
                                                       .connect_ms = TRIAL_CONNECT_MS,
                                                       .wait_ms = TRIAL_SILENCE_MS },
                               err);
    if (s == NULL)
        return -1;
    smtp_close(&s);
    return 0;
}

static int log_in(struct trial *t, const struct endpoint *ep, const char *user, json_t *o,
                  struct error *err)
{
    struct net_login login = t->login;
    login.user = user;
    probe_progress(t->p, _("logging in to %s as %s"), ep->host, user);
    return ep->proto == NET_IMAP   ? login_imap(t, ep, &login, o, err)
           : ep->proto == NET_POP3 ? login_pop3(t, ep, &login, err)
                                   : login_smtp(t, ep, &login, err);
}

/* The names that may be meant, best first. Each refused password counts towards a lock, so there are
 * two and no more. */
static size_t users(struct trial *t, const json_t *server, const char *out[USERS_MAX])
{
    struct str user = jline_text(server, "user");
    size_t at, n = 0;
    if (user.n == 0)
        user = t->address;
    if (t->logged_in != NULL && str_eq(user, t->asked_as))
        user = str_c(t->logged_in);
    else if (t->logged_in == NULL)
        t->asked_as = user;
    at = str_find(user, '@');
    out[n++] = arena_str(t->arena, user).p;
    if (t->login.kind != LOGIN_PASSWORD || jline_yes(server, "sure"))
        return n;
    if (t->logged_in != NULL && !str_eqc(user, t->logged_in))
        out[n++] = t->logged_in;
    else if (at < user.n && at > 0)
        out[n++] = arena_str(t->arena, str_head(user, at)).p;
    else if (at == user.n && t->address.n > 0)
        out[n++] = arena_str(t->arena, t->address).p;
    return n;
}

static int login_side(struct trial *t, const json_t *servers, const char *side, struct error *err)
{
    const json_t *server = json_array_get(servers, 0);
    const char *names[USERS_MAX];
    struct endpoint ep;
    struct error why;
    if (server == NULL)
        return 0;
    size_t n = users(t, server, names);
    int rc = server_read(t, server, &ep, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *o = line("logged-in", side, 0);
        if (log_in(t, &ep, names[i], o, i == 0 ? err : &why) == 0) {
            t->logged_in = names[i];
            jline_put(o, "user", str_c(names[i]));
            probe_say(t->p, o);
            return 0;
        }
        json_decref(o);
        if (err->code != ERR_AUTH || err->retry != RETRY_NEVER)
            rc = -1;
    }
    say_failed(t, side, 0, err);
    return -1;
}

int trial_run(struct probe *p, const json_t *question, struct error *err)
{
    const json_t *secret = json_object_get(question, "secret");
    const json_t *receive = json_object_get(question, "receive");
    const json_t *send = json_object_get(question, "send");
    struct trial t = { .p = p,
                       .arena = arena_new(4096),
                       .pin = json_string_value(json_object_get(question, "pin")),
                       .address = jline_text(question, "address"),
                       .login = { .secret = jline_text(question, "secret") } };
    struct error later;
    if (str_eqc(jline_text(question, "kind"), "token"))
        t.login.kind = LOGIN_TOKEN;
    reach_read(question, &t.reach);
    int rc = json_is_string(secret) ? login_side(&t, receive, "receive", err)
                                    : look_side(&t, receive, "receive", err);
    /* A password that one server refused is not shown to the next. */
    if (rc == 0 && json_is_string(secret))
        rc = login_side(&t, send, "send", err);
    else if (!json_is_string(secret) && look_side(&t, send, "send", rc == 0 ? err : &later) != 0)
        rc = -1;
    arena_free(&t.arena);
    return rc;
}
