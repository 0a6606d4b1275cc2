/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/i18n.h"
#include "cache/journal.h"
#include "cli/engine.h"
#include "base/banned.h"

enum { PLACES_MAX = 64 };

/* "+flagged", "-todo": into op. */
static int change_read(const char *text, struct cache_op *op, struct error *err)
{
    static const struct {
        const char *name;
        unsigned flag;
    } flags[] = {
        { "seen", CACHE_SEEN },
        { "read", CACHE_SEEN },
        { "answered", CACHE_ANSWERED },
        { "flagged", CACHE_FLAGGED },
        { "draft", CACHE_DRAFT },
        { "forwarded", CACHE_FORWARDED },
        { "$forwarded", CACHE_FORWARDED },
    };
    bool add = text[0] == '+';
    struct str word = str_c(text + 1);
    char *words = add ? op->words_add : op->words_del;
    for (size_t i = 0; i < COUNT(flags); i++)
        if (str_ieqc(word, flags[i].name)) {
            *(add ? &op->add : &op->del) |= flags[i].flag;
            return 0;
        }
    if (!cache_word_ok(word))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("\"%s\" cannot be a tag: it takes up to %d ASCII characters, no blanks "
                           "and none of ( ) { ] %% * \" \\"),
                         text + 1, CACHE_WORD_MAX);
    size_t used = strlen(words);
    if (used + 1 + word.n >= CACHE_WORDS_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("too many tags at once"));
    snprintf(words + used, CACHE_WORDS_MAX - used, "%s%.*s", used > 0 ? " " : "", STR_ARG(word));
    return 0;
}

/* Its files are kept with flags alone: a tag would be gone with the next look. */
static int check_tags(struct cli *c, struct arena *a, const struct cache_op *like, int64_t account,
                      struct error *err)
{
    struct str name;
    struct error ignored;
    if (like->words_add[0] == '\0' || cli_need_config(c, &ignored) != 0)
        return 0;
    if (cache_account_name(c->cache, a, account, &name, err) != 0)
        return -1;
    const struct config_account *cfg = config_account(&c->config, name);
    if (cfg == NULL || (cfg->receive != RECEIVE_MAILDIR && cfg->receive != RECEIVE_MBOX))
        return 0;
    return error_set(
        err, ERR_USAGE, RETRY_NEVER,
        cfg->receive == RECEIVE_MAILDIR
            ? _("account %.*s is a Maildir, which keeps flags but no tags")
            : _("account %.*s lies in mbox files, of which tmail keeps flags but no tags"),
        STR_ARG(name));
}

/* In each folder that the message lies in. 1: in none. */
static int message_mark(struct cli *c, const struct cache_op *like, const char *name,
                        struct error *err)
{
    struct arena *a = arena_new(1024);
    struct cache_folder *all;
    struct cache_op ops[PLACES_MAX];
    struct cache_row row;
    int64_t message;
    size_t n, places = 0;
    int rc = cli_message(c, name, &message, err);
    if (rc == 0)
        rc = cache_folders(c->cache, a, 0, &all, &n, err);
    for (size_t i = 0; rc == 0 && i < n && places < PLACES_MAX; i++) {
        int there = cache_row_get(c->cache, a, message, all[i].id, &row, err);
        rc = there < 0 ? -1 : 0;
        if (there != 0 || row.folder != all[i].id)
            continue;
        rc = check_tags(c, a, like, row.account, err);
        ops[places] = *like;
        ops[places].message = message;
        ops[places++].folder = all[i].id;
    }
    if (rc == 0)
        rc = places > 0 ? cache_journal_add_all(c->cache, ops, places, err) : 1;
    arena_free(&a);
    if (rc == 1)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("there is no message %s"), name);
    return rc;
}

int sub_mark(struct cli *c, int argc, char **argv)
{
    struct cache_op op = { .kind = OP_FLAGS };
    struct error err;
    int i = 1, rc = 0;
    for (; rc == 0 && i < argc && strcmp(argv[i], "--") != 0; i++) {
        if ((argv[i][0] != '+' && argv[i][0] != '-') || argv[i][1] == '\0')
            return cli_usage(cli_find(STR("mark")));
        rc = change_read(argv[i], &op, &err);
    }
    if (rc == 0 && (i == 1 || i + 1 >= argc))
        return cli_usage(cli_find(STR("mark")));
    if (rc == 0)
        rc = cli_need_cache(c, CACHE_WRITE, &err);
    while (rc == 0 && ++i < argc)
        rc = message_mark(c, &op, argv[i], &err);
    if (rc != 0)
        return cli_fail(&err);
    engine_wake(c);
    return EX_OK;
}
