/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/i18n.h"
#include "cache/folder_op.h"
#include "cli/engine.h"
#include "cli/out.h"
#include "base/banned.h"

struct folders {
    bool json, with_mail;
    const char *account;
    int64_t account_id;
};

/* ------------------------------------------------------------------ the list */

static json_t *folder_json(struct str account, const struct cache_folder *f, int64_t used,
                           int64_t limit)
{
    static const char *const roles[] = { "",      "inbox",   "drafts", "sent",
                                         "trash", "archive", "junk",   "all" };
    json_t *o = json_object();
    json_object_set_new(o, "account", out_json_text(account));
    json_object_set_new(o, "name", out_json_text(f->name));
    json_object_set_new(o, "role",
                        json_string((size_t)f->role < COUNT(roles) ? roles[f->role] : ""));
    json_object_set_new(o, "total", json_integer(f->total));
    json_object_set_new(o, "unread", json_integer(f->unread));
    json_object_set_new(o, "subscribed", json_boolean(f->flags & FOLDER_SUBSCRIBED));
    if (f->role == ROLE_INBOX && limit > 0) {
        json_object_set_new(o, "quota_used", json_integer(used * 1024));
        json_object_set_new(o, "quota_limit", json_integer(limit * 1024));
    }
    return o;
}

static void folder_print(struct str account, const struct cache_folder *f, int64_t used,
                         int64_t limit)
{
    printf("%7lld %7lld  ", (long long)f->unread, (long long)f->total);
    out_text(account, false);
    putchar('/');
    out_text(f->name, false);
    if (f->role == ROLE_INBOX && limit > 0) {
        fputs("  ", stdout);
        printf(_("(%lld of %lld MB used on the server)"), (long long)(used / 1024),
               (long long)(limit / 1024));
    }
    putchar('\n');
}

static int folders_list(struct cli *c, const struct folders *o, struct error *err)
{
    struct arena *a = arena_new(16 << 10);
    struct cache_folder *all = NULL;
    size_t n = 0;
    int rc = cli_need_cache(c, CACHE_READ, err);
    if (rc == 0)
        rc = cache_folders(c->cache, a, 0, &all, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct str account;
        int64_t used, limit;
        rc = cache_account_name(c->cache, a, all[i].account, &account, err);
        if (rc == 0)
            rc = cache_quota_get(c->cache, all[i].account, &used, &limit, err);
        if (rc == 0 && o->json)
            out_json_line(folder_json(account, &all[i], used, limit));
        else if (rc == 0)
            folder_print(account, &all[i], used, limit);
    }
    arena_free(&a);
    return rc != 0 ? -1 : n == 0;
}

/* ------------------------------------------------------------------ what is done with one */

static int account_find(struct cli *c, struct folders *o, struct error *err)
{
    if (cli_need_config(c, err) != 0 || cli_need_cache(c, CACHE_WRITE, err) != 0)
        return -1;
    const struct config_account *cfg =
        o->account != NULL ? config_account(&c->config, str_c(o->account)) : c->config.accounts;
    if (cfg == NULL || c->config.accounts_n == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no account \"%s\""),
                         o->account != NULL ? o->account : "");
    if (cfg->receive != RECEIVE_IMAP && cfg->receive != RECEIVE_POP3)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("the folders of account %s lie in files of this machine: make, rename "
                           "and delete them there"),
                         cfg->name);
    return cache_account_id(c->cache, str_c(cfg->name), &o->account_id, err);
}

/* With -a, one of that account; else as everywhere. */
static int folder_find(struct cli *c, struct arena *a, const struct folders *o, const char *name,
                       struct cache_folder *f, struct error *err)
{
    int rc = o->account != NULL
                 ? cache_folder_by_name(c->cache, a, o->account_id, str_c(name), f, err)
                 : cli_folder(c, a, name, f, err);
    if (rc == 1)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("there is no folder \"%s\""), name);
    return rc;
}

static int folder_change(struct cli *c, struct folders *o, char **words, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    struct str verb = str_c(words[0]);
    int64_t id;
    int rc = account_find(c, o, err);
    if (rc == 0 && str_eqc(verb, "create"))
        rc = cache_folder_create(c->cache, o->account_id, str_c(words[1]), &id, err);
    else if (rc == 0 && (rc = folder_find(c, a, o, words[1], &f, err)) == 0) {
        if (str_eqc(verb, "rename"))
            rc = cache_folder_move(c->cache, f.id, str_c(words[2]), err);
        else if (str_eqc(verb, "delete"))
            rc = cache_folder_delete(c->cache, f.id, o->with_mail, err);
        else
            rc = cache_folder_subscribe(c->cache, f.id, str_eqc(verb, "subscribe"), err);
    }
    arena_free(&a);
    return rc;
}

/* How many words behind a verb; 0: no such verb. */
static int verb_words(const char *verb)
{
    static const char *const verbs[] = { "create", "delete", "subscribe", "unsubscribe" };
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (strcmp(verb, verbs[i]) == 0)
            return 1;
    return strcmp(verb, "rename") == 0 ? 2 : 0;
}

int sub_folders(struct cli *c, int argc, char **argv)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' },
                                             { "with-mail", no_argument, NULL, 'm' },
                                             { NULL, 0, NULL, 0 } };
    struct folders o = { 0 };
    struct error err;
    int opt;
    while ((opt = getopt_long(argc, argv, "a:", options, NULL)) != -1) {
        if (opt == 'j')
            o.json = true;
        else if (opt == 'm')
            o.with_mail = true;
        else if (opt == 'a')
            o.account = optarg;
        else
            return cli_usage(cli_find(STR("folders")));
    }
    int words = optind < argc ? verb_words(argv[optind]) : -1;
    if (words == 0 || (words > 0 && argc - optind != 1 + words))
        return cli_usage(cli_find(STR("folders")));
    int rc = words < 0 ? folders_list(c, &o, &err) : folder_change(c, &o, argv + optind, &err);
    if (rc < 0)
        return cli_fail(&err);
    if (words > 0) {
        engine_wake(c);
        return EX_OK;
    }
    int code = out_end();
    return rc == 1 && code == EX_OK ? CLI_NOTHING : code;
}
