/* SPDX-License-Identifier: MIT */
#include "cli/signin.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/probe.h"
#include "cli/tty.h"
#include "base/banned.h"

enum { BROWSER_WORDS_MAX = CHILD_WORDS_MAX + 2, SIGNIN_TOKEN_MAX = 64 << 10 };

struct seen {
    const struct signin_ask *ask;
    struct signin_got *got;
    int say; /* where sentences go */
};

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

static bool has_display(void)
{
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* $BROWSER is a list with colons; its first is taken, in words, never by a shell. */
static void open_browser(struct str url)
{
    struct arena *arena = arena_new(4096);
    const char *browser = getenv("BROWSER");
    struct str first = str_c(is_set("BROWSER") ? browser : "xdg-open");
    struct error ignored;
    char **words, *argv[BROWSER_WORDS_MAX];
    size_t n = 0;
    if (child_split(arena, str_head(first, str_find(first, ':')), &words, &ignored) == 0) {
        for (; words[n] != NULL && n < CHILD_WORDS_MAX; n++)
            argv[n] = words[n];
        argv[n++] = xmemdup0(url.p, url.n);
        argv[n] = NULL;
        (void)child_start(argv, &(struct child_io){ -1, -1, -1, true, NULL }, &ignored);
        free(argv[n - 1]);
    }
    arena_free(&arena);
}

static void visit(struct seen *s, const json_t *line)
{
    struct str url = jline_text(line, "text"), code = jline_text(line, "code");
    struct str whole = jline_text(line, "whole");
    bool by_device = code.n > 0;
    tty_say(s->say, "%s", _("Open this address in a browser and sign in:"));
    tty_say(s->say, "  %.*s", STR_ARG(url));
    if (by_device)
        tty_say(s->say, _("The code that it asks for: %.*s"), STR_ARG(code));
    if (has_display())
        open_browser(whole.n > 0 ? whole : url);
    if (by_device)
        tty_say(s->say, "%s", _("Waiting until you have done it (^C gives up) ..."));
}

static void see(void *arg, const json_t *line)
{
    struct seen *s = arg;
    struct str say = jline_text(line, "say");
    if (str_eqc(say, "progress"))
        tty_say(s->say, "%.*s", STR_ARG(jline_text(line, "text")));
    else if (str_eqc(say, "visit"))
        visit(s, line);
    else if (str_eqc(say, "signed-in") && s->got != NULL) {
        buf_add_str(&s->got->access, jline_text(line, "token"));
        buf_add_str(&s->got->refresh, jline_text(line, "refresh"));
        s->got->until = jline_number(line, "until");
    }
}

/* Google knows no device grant for mail; where the browser is on another machine the person pastes. */
static const char *way_of(const struct signin_ask *a)
{
    const struct config_oauth *o = a->oauth;
    if (a->way != NULL)
        return a->way;
    if (str_eqc(str_c(o->provider), "microsoft") || o->device_url != NULL)
        return "device";
    return has_display() ? "browser" : "paste";
}

static json_t *question_of(const struct signin_ask *a)
{
    const struct config_oauth *o = a->oauth;
    const struct {
        const char *name, *value;
    } rows[] = {
        { "probe", "sign-in" },
        { "account", a->account },
        { "store", a->store },
        { "way", way_of(a) },
        { "provider", o->provider },
        { "client-id", o->client_id },
        { "client-secret", o->client_secret },
        { "auth-url", o->auth_url },
        { "token-url", o->token_url },
        { "device-url", o->device_url },
        { "scope", o->scope },
        { "keep-command", o->keep_command },
        { "load-command", o->load_command },
        { "ca", str_eqc(str_c(o->provider), "custom") ? a->ca : NULL },
        { "proxy", a->proxy },
    };
    json_t *q = json_object();
    for (size_t i = 0; i < COUNT(rows); i++)
        jline_put(q, rows[i].name, str_c(rows[i].value));
    jline_put(q, "address", a->address);
    return q;
}

void signin_got_init(struct signin_got *got)
{
    got->until = 0;
    buf_init(&got->access, SIGNIN_TOKEN_MAX);
    buf_init(&got->refresh, SIGNIN_TOKEN_MAX);
}

void signin_got_wipe(struct signin_got *got)
{
    buf_wipe(&got->access);
    buf_wipe(&got->refresh);
}

int signin_ask(const struct signin_ask *a, struct signin_got *got, struct error *err)
{
    struct seen s = { .ask = a, .got = got, .say = a->tty >= 0 ? a->tty : STDERR_FILENO };
    json_t *q = question_of(a);
    jline_put_yes(q, "later", got != NULL);
    if (cli_probe_run(q, NULL, a->tty, see, &s, err) != 0)
        return -1;
    tty_say(s.say, "%s", _("Signed in."));
    if (got != NULL && (got->access.over || got->refresh.over))
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("the provider's tokens are too long"));
    return 0;
}

static json_t *tokens_question(const struct signin_ask *a)
{
    json_t *q = json_object();
    jline_put(q, "probe", STR("tokens"));
    jline_put(q, "account", str_c(a->account));
    jline_put(q, "store", str_c(a->store));
    return q;
}

int signin_keep(const struct signin_ask *a, const struct signin_got *got, struct error *err)
{
    json_t *q = tokens_question(a);
    jline_put(q, "token", buf_str(&got->access));
    jline_put(q, "refresh", buf_str(&got->refresh));
    jline_put_number(q, "until", got->until);
    return cli_probe_run(q, NULL, a->tty, NULL, NULL, err);
}

void signin_drop(const struct signin_ask *a)
{
    struct error ignored;
    json_t *q = tokens_question(a);
    jline_put_yes(q, "drop", true);
    (void)!cli_probe_run(q, NULL, a->tty, NULL, NULL, &ignored);
}

/* ------------------------------------------------------------------ of the configuration */

static struct str bare_address(const char *address)
{
    struct str s = str_c(address);
    size_t open = str_rfind(s, '<');
    if (open < s.n) {
        s = str_skip(s, open + 1);
        s = str_head(s, str_find(s, '>'));
    }
    return str_trim(s);
}

int signin_account(struct cli *c, const char *account, const char *way, struct error *err)
{
    if (cli_need_config(c, err) != 0)
        return -1;
    const struct config_account *a = config_account(&c->config, str_c(account));
    if (a == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no account \"%s\""), account);
    if (a->oauth.provider == NULL)
        return error_set(
            err, ERR_USAGE, RETRY_NEVER,
            _("account %s does not sign in by OAuth2: its section lacks the key oauth"), account);
    struct signin_ask ask = { .account = a->name,
                              .store = c->store_path,
                              .oauth = &a->oauth,
                              .ca = a->tls_ca,
                              .proxy = a->proxy,
                              .address = bare_address(a->address),
                              .way = way,
                              .tty = tty_open() };
    int rc = signin_ask(&ask, NULL, err);
    if (ask.tty >= 0)
        close(ask.tty);
    return rc;
}
