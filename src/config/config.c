/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/i18n.h"
#include "config/ini.h"
#include "config/option.h"
#include "base/banned.h"

enum { UNDO_SEND_S = 10, SYNC_INTERVAL_S = 300, KEEP_DAYS = 14 };

static void server_clear(struct config_server *s)
{
    free(s->user);
    free(s->host);
    free(s->path);
    free(s->inbox);
}

static void oauth_clear(struct config_oauth *o)
{
    if (o->client_secret != NULL)
        explicit_bzero(o->client_secret, strlen(o->client_secret));
    char *fields[] = { o->provider,   o->client_id, o->client_secret, o->auth_url,    o->token_url,
                       o->device_url, o->scope,     o->keep_command,  o->load_command };
    for (size_t i = 0; i < COUNT(fields); i++)
        free(fields[i]);
}

static void account_clear(struct config_account *a)
{
    oauth_clear(&a->oauth);
    free(a->name);
    free(a->address);
    free(a->signature);
    server_clear(&a->in);
    server_clear(&a->out);
    free(a->sendmail_command);
    free(a->password_command);
    if (a->password != NULL)
        explicit_bzero(a->password, strlen(a->password));
    free(a->password);
    free(a->tls_ca);
    free(a->tls_pin);
    free(a->tls_cert);
    free(a->tls_key);
    if (a->proxy != NULL)
        explicit_bzero(a->proxy, strlen(a->proxy));
    free(a->proxy);
    free(a->tunnel);
    free(a->oauth_command);
    free(a->login);
}

void config_free(struct config *c)
{
    for (size_t i = 0; i < c->accounts_n; i++)
        account_clear(&c->accounts[i]);
    free(c->accounts);
    for (size_t i = 0; i < c->keys_n; i++) {
        free(c->keys[i].view);
        free(c->keys[i].command);
        free(c->keys[i].keys);
    }
    free(c->keys);
    for (size_t i = 0; i < c->folders_n; i++)
        free(c->folders[i].pattern);
    free(c->folders);
    free(c->path);
    free(c->editor);
    *c = (struct config){ 0 };
}

const struct config_account *config_account(const struct config *c, struct str name)
{
    for (size_t i = 0; i < c->accounts_n; i++)
        if (str_ieqc(name, c->accounts[i].name))
            return &c->accounts[i];
    return NULL;
}

/* The bare address inside "Name <address>". */
static struct str bare_address(struct str s)
{
    size_t open = str_rfind(s, '<');
    if (open < s.n) {
        s = str_skip(s, open + 1);
        s = str_head(s, str_find(s, '>'));
    }
    return str_trim(s);
}

const struct config_account *config_account_of(const struct config *c, struct str address)
{
    address = bare_address(address);
    for (size_t i = 0; i < c->accounts_n; i++)
        if (str_ieq(address, bare_address(str_c(c->accounts[i].address))))
            return &c->accounts[i];
    return NULL;
}

static struct config_account *account_named(struct config *c, struct str name)
{
    for (size_t i = 0; i < c->accounts_n; i++)
        if (str_eqc(name, c->accounts[i].name))
            return &c->accounts[i];
    c->accounts = xrealloc(c->accounts, c->accounts_n + 1, sizeof *c->accounts);
    struct config_account *a = &c->accounts[c->accounts_n++];
    *a = (struct config_account){ .name = xmemdup0(name.p, name.n),
                                  .keep_days = KEEP_DAYS,
                                  .offline = OFFLINE_ALL };
    return a;
}

/* A section stands in the file once, so that the one whose keys come is the last. */
static void folder_begin(struct config *c, struct str pattern)
{
    if (c->folders_n > 0 && str_eqc(pattern, c->folders[c->folders_n - 1].pattern))
        return;
    c->folders = xrealloc(c->folders, c->folders_n + 1, sizeof *c->folders);
    c->folders[c->folders_n++] =
        (struct config_folder){ .pattern = xmemdup0(pattern.p, pattern.n) };
}

/* The pattern is in lower case, as all names of sections are. */
static bool pattern_matches(const char *p, struct str name)
{
    const char *star = NULL;
    size_t i = 0, back = 0;
    while (i < name.n) {
        if (*p == '*') {
            star = ++p;
            back = i;
        } else if (*p != '\0' && (*p == '?' || *p == ascii_lower(name.p[i]))) {
            p++;
            i++;
        } else if (star != NULL) {
            p = star;
            i = ++back;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

int config_offline(const struct config *c, const struct config_account *a, struct str folder)
{
    int offline = a->offline;
    char *whole = xasprintf("%s/%.*s", a->name, STR_ARG(folder));
    for (size_t i = 0; i < c->folders_n; i++)
        if (pattern_matches(c->folders[i].pattern, folder) ||
            pattern_matches(c->folders[i].pattern, str_c(whole)))
            offline = c->folders[i].offline;
    free(whole);
    return offline;
}

static int unknown_key(const struct lex_item *item, enum option_scope scope, struct error *err)
{
    const char *near = option_nearest(scope, item->key);
    if (near == NULL)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("unknown key \"%.*s\""),
                         STR_ARG(item->key));
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("unknown key \"%.*s\"; did you mean \"%s\"?"),
                     STR_ARG(item->key), near);
}

static void add_binding(struct config *c, struct str view, const struct lex_item *item)
{
    c->keys = xrealloc(c->keys, c->keys_n + 1, sizeof *c->keys);
    c->keys[c->keys_n++] =
        (struct config_binding){ xmemdup0(view.p, view.n), xmemdup0(item->key.p, item->key.n),
                                 xmemdup0(item->value.p, item->value.n) };
}

static int apply(struct config *c, const struct lex_item *item, struct error *err)
{
    struct str name = item->section;
    enum option_scope scope = OPTION_GLOBAL;
    struct config_account *account = NULL;
    if (str_lit(&name, "keys ") == 0) {
        add_binding(c, str_trim(name), item);
        return 0;
    }
    if (str_lit(&name, "account ") == 0 && str_trim(name).n > 0) {
        scope = OPTION_ACCOUNT;
        account = account_named(c, str_trim(name));
    } else if (str_lit(&name, "folder ") == 0 && str_trim(name).n > 0) {
        scope = OPTION_FOLDER;
        folder_begin(c, str_trim(name));
    } else if (!str_eqc(name, "tmail"))
        return error_set(
            err, ERR_CONFIG, RETRY_NEVER,
            _("keys stand below [tmail], [account NAME], [folder PATTERN] or [keys VIEW]"));
    const struct option *option = option_find(scope, item->key);
    return option != NULL ? option->set(c, account, item->value, err)
                          : unknown_key(item, scope, err);
}

static int need(const struct config_account *a, bool there, const char *key, struct error *err)
{
    if (there)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("account %s: the key \"%s\" is missing"),
                     a->name, key);
}

/* Keys that say nothing without another, or against it. */
static int check_login(const struct config_account *a, struct error *err)
{
    const char *what = NULL;
    if (a->tls_pin != NULL && a->tls_off)
        what = _("tls-pin and \"tls = off\" exclude each other");
    else if (a->tls_key != NULL && a->tls_cert == NULL)
        what = _("tls-key needs tls-cert");
    else if (str_eqc(str_c(a->login), "external") && a->tls_cert == NULL)
        what = _("\"login = external\" needs tls-cert");
    else if (a->tunnel != NULL && a->proxy != NULL)
        what = _("tunnel and proxy exclude each other");
    if (what == NULL)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("account %s: %s"), a->name, what);
}

static bool has_oauth_keys(const struct config_oauth *o)
{
    const char *const fields[] = {
        o->client_id,  o->client_secret, o->auth_url,     o->token_url,
        o->device_url, o->scope,         o->keep_command, o->load_command
    };
    for (size_t i = 0; i < COUNT(fields); i++)
        if (fields[i] != NULL)
            return true;
    return false;
}

/* What cannot be at a sign-in by tmail itself. That a client id is missing is said when one is needed. */
static int check_oauth(const struct config_account *a, struct error *err)
{
    const struct config_oauth *o = &a->oauth;
    const char *what = NULL;
    if (o->provider == NULL && has_oauth_keys(o))
        what = _("the keys oauth-... need the key oauth");
    else if (o->provider != NULL && a->oauth_command != NULL)
        what = _("oauth and oauth-command exclude each other");
    else if (o->provider != NULL && (a->password != NULL || a->password_command != NULL))
        what = _("oauth and a password exclude each other");
    else if ((o->keep_command == NULL) != (o->load_command == NULL))
        what = _("oauth-keep-command and oauth-load-command need each other");
    if (what == NULL)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("account %s: %s"), a->name, what);
}

static int check_account(struct config_account *a, struct error *err)
{
    if (need(a, a->address != NULL, "address", err) != 0)
        return -1;
    if (check_login(a, err) != 0 || check_oauth(a, err) != 0)
        return -1;
    if (a->tls_off)
        a->in.tls = a->out.tls = CONFIG_TLS_OFF; /* whatever the order of the keys was */
    if (a->send == SEND_LMTP && a->out.path == NULL && (!a->out.loopback || a->proxy != NULL) &&
        !a->tls_off)
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("account %s: lmtp:// goes in the clear: beyond this machine it needs "
                           "tls = off"),
                         a->name);
    if (a->receive != RECEIVE_NONE && a->in.user == NULL) {
        struct str bare = bare_address(str_c(a->address));
        a->in.user = xmemdup0(bare.p, bare.n);
    }
    return 0;
}

/* On IMAP mail stays where it is: whoever writes `no` there expects something else to happen. */
static int check_keep(const struct config *c, const struct lex_item *item, struct error *err)
{
    struct str name = item->section;
    if (!str_eqc(item->key, "keep-on-server") || str_lit(&name, "account ") != 0)
        return 0;
    const struct config_account *a = config_account(c, str_trim(name));
    if (a == NULL || a->receive == RECEIVE_POP3)
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("keep-on-server is for POP3 alone (receive = \"pop3s://...\")"));
}

static bool has_user(const char *url)
{
    return url != NULL && strchr(url, '@') != NULL;
}

/* A password in a file that others may read is no password. */
static int check_mode(const struct config *c, const char *path, struct error *err)
{
    struct stat st;
    bool has_password = false;
    for (size_t i = 0; i < c->accounts_n; i++)
        has_password |= c->accounts[i].password != NULL || has_user(c->accounts[i].proxy) ||
                        c->accounts[i].oauth.client_secret != NULL;
    if (!has_password || (stat(path, &st) == 0 && (st.st_mode & 077) == 0))
        return 0;
    return error_set(err, ERR_CONFIG, RETRY_NEVER,
                     _("%s has a password in it and can be read by others: chmod 600 it, or use "
                       "password-command"),
                     path);
}

static int load(struct config *c, const char *path, const struct lex_item *items, size_t n,
                struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (apply(c, &items[i], err) != 0)
            return ini_at_line(path, items[i].line, err);
    for (size_t i = 0; i < n; i++)
        if (check_keep(c, &items[i], err) != 0)
            return ini_at_line(path, items[i].line, err);
    for (size_t i = 0; i < c->accounts_n; i++)
        if (check_account(&c->accounts[i], err) != 0)
            return error_prefix(err, "%s: ", path);
    return check_mode(c, path, err);
}

int config_load(struct config *c, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(INI_FILE_MAX);
    struct arena *a = arena_new(4096);
    struct lex_item *items;
    size_t n;
    *c = (struct config){ .undo_send_s = UNDO_SEND_S, .sync_interval_s = SYNC_INTERVAL_S };
    int rc = ini_read(a, path, &text, &items, &n, err);
    if (rc == 0)
        rc = load(c, path, items, n, err);
    if (rc == 0)
        c->path = realpath(path, NULL);
    else
        config_free(c);
    buf_wipe(&text);
    arena_free(&a);
    return rc;
}
