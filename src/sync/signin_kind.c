/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "base/i18n.h"
#include "bus/jline.h"
#include "net/oauth_listen.h"
#include "sync/reach.h"
#include "sync/signin.h"
#include "sync/tokens.h"
#include "base/banned.h"

struct asking {
    struct probe *p;
    struct oauth_client client;
    struct tokens where;
    const char *address;
    struct oauth_token token;
    struct reach reach;
};

static const char *value(const json_t *question, const char *name)
{
    const char *s = json_string_value(json_object_get(question, name));
    return s != NULL && s[0] != '\0' ? s : NULL;
}

static int read_where(struct asking *a, const json_t *q, struct error *err)
{
    a->where = (struct tokens){ .account = value(q, "account"),
                                .store = value(q, "store"),
                                .keep_command = value(q, "keep-command"),
                                .load_command = value(q, "load-command") };
    if (a->where.account == NULL || a->where.store == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this question names no account"));
    return 0;
}

static int read_question(struct asking *a, const json_t *q, struct error *err)
{
    a->client = (struct oauth_client){ .provider = value(q, "provider"),
                                       .id = value(q, "client-id"),
                                       .secret = value(q, "client-secret"),
                                       .auth_url = value(q, "auth-url"),
                                       .token_url = value(q, "token-url"),
                                       .device_url = value(q, "device-url"),
                                       .scope = value(q, "scope"),
                                       .ca_file = value(q, "ca"),
                                       .proxy = value(q, "proxy"),
                                       .routes = a->reach.routes,
                                       .routes_n = a->reach.routes_n,
                                       .cancel = probe_cancel(a->p),
                                       .log = probe_log(a->p) };
    if (a->reach.ca_file != NULL)
        a->client.ca_file = a->reach.ca_file;
    a->address = value(q, "address");
    return read_where(a, q, err) == 0 ? oauth_client_fill(&a->client, err) : -1;
}

static void say_visit(struct asking *a, struct str url, struct str code, struct str whole)
{
    json_t *o = json_object();
    jline_put(o, "say", STR("visit"));
    jline_put(o, "text", url);
    jline_put(o, "code", code);
    jline_put(o, "whole", whole);
    probe_say(a->p, o);
}

static int by_device(struct asking *a, struct error *err)
{
    struct oauth_device d;
    int rc = -1;
    if (a->client.device_url == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("this provider has no sign-in by a code that is typed elsewhere"));
    oauth_device_init(&d);
    if (oauth_device_start(&a->client, &d, err) == 0) {
        say_visit(a, buf_str(&d.url), buf_str(&d.user_code), buf_str(&d.whole));
        rc = oauth_device_wait(&a->client, &d, &a->token, err);
    }
    oauth_device_wipe(&d);
    return rc;
}

static int paste(struct asking *a, const struct oauth_flow *f, struct buf *code, struct error *err)
{
    struct buf text = BUF_INIT(OAUTH_URL_MAX);
    int rc = -1;
    for (int i = 0; i < SIGNIN_PASTES_MAX && rc != 0; i++) {
        buf_clear(&text);
        buf_clear(code);
        rc =
            probe_ask(a->p, "text",
                      _("The browser will then fail to open a page of 127.0.0.1. Paste that page's "
                        "address here:"),
                      &text, err);
        if (rc != 0)
            break;
        if (text.len == 0) {
            rc = error_set(err, ERR_CANCELLED, RETRY_NEVER, _("nobody signed in"));
            break;
        }
        rc = oauth_paste_read(f, buf_str(&text), code, err);
        if (rc != 0 && err->code != ERR_USAGE)
            break;
        if (rc != 0)
            probe_progress(a->p, "%s", err->text);
    }
    buf_wipe(&text);
    return rc;
}

static int by_code(struct asking *a, bool pasted, struct error *err)
{
    struct oauth_flow flow;
    struct buf url = BUF_INIT(OAUTH_URL_MAX), code = BUF_INIT(OAUTH_TOKEN_MAX);
    uint16_t port;
    if (a->client.auth_url == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("there is no oauth-auth-url to sign in at by a browser"));
    int fd = oauth_listen_open(&port, err), rc = -1;
    if (fd < 0)
        return -1;
    oauth_flow_init(&flow, port);
    if (pasted) { /* nobody listens: the browser is on another machine */
        close(fd);
        fd = -1;
    }
    rc = oauth_auth_url(&a->client, &flow, a->address, &url, err);
    if (rc == 0) {
        say_visit(a, buf_str(&url), STR(""), STR(""));
        rc = pasted ? paste(a, &flow, &code, err)
                    : oauth_listen_wait(fd, &flow, a->client.cancel, SIGNIN_KIND_MS, &code, err);
    }
    if (rc == 0)
        rc = oauth_exchange(&a->client, &flow, buf_str(&code), &a->token, err);
    if (fd >= 0)
        close(fd);
    explicit_bzero(&flow, sizeof flow);
    buf_free(&url);
    buf_wipe(&code);
    return rc;
}

static int keep(struct asking *a, struct error *err)
{
    int lock = tokens_lock(&a->where, probe_cancel(a->p), err), rc = -1;
    if (lock < 0)
        return -1;
    rc = tokens_save(&a->where, &a->token, err);
    close(lock);
    return rc;
}

static void say_signed_in(struct asking *a, bool later)
{
    json_t *o = json_object();
    jline_put(o, "say", STR("signed-in"));
    jline_put(o, "token", buf_str(&a->token.access));
    if (later) {
        jline_put(o, "refresh", buf_str(&a->token.refresh));
        jline_put_number(o, "until", a->token.until);
    }
    probe_say(a->p, o);
    if (a->token.refresh.len == 0)
        probe_progress(a->p, "%s",
                       _("The provider gave nothing to renew the access token with: when it ends "
                         "you have to sign in again."));
}

int signin_run(struct probe *p, const json_t *question, struct error *err)
{
    struct asking a = { .p = p };
    struct str way = jline_text(question, "way");
    bool later = jline_yes(question, "later");
    oauth_token_init(&a.token);
    reach_read(question, &a.reach);
    int rc = read_question(&a, question, err);
    if (rc == 0)
        rc = str_eqc(way, "device") ? by_device(&a, err) : by_code(&a, str_eqc(way, "paste"), err);
    if (rc == 0 && !later)
        rc = keep(&a, err);
    if (rc == 0)
        say_signed_in(&a, later);
    oauth_token_wipe(&a.token);
    return rc;
}

int signin_tokens_run(struct probe *p, const json_t *question, struct error *err)
{
    struct asking a = { .p = p };
    oauth_token_init(&a.token);
    int rc = read_where(&a, question, err);
    if (rc == 0 && jline_yes(question, "drop")) {
        tokens_drop(&a.where);
    } else if (rc == 0) {
        buf_add_str(&a.token.access, jline_text(question, "token"));
        buf_add_str(&a.token.refresh, jline_text(question, "refresh"));
        a.token.until = jline_number(question, "until");
        rc = keep(&a, err);
    }
    oauth_token_wipe(&a.token);
    return rc;
}
