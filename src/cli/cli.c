/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/i18n.h"
#include "cli/out.h"
#include "base/banned.h"

const struct cli_command cli_commands[] = {
    { "sync", "[-a ACCOUNT] [-f FOLDER] [--watch] [--json]",
      N_("send what waits, fetch what is new"), sub_sync },
    { "list", "[-f FOLDER] [-n N] [--threads] [--json]", N_("the newest messages of a folder"),
      sub_list },
    { "search", "[-n N] [--json] QUERY...", N_("messages of all folders, on servers too"),
      sub_search },
    { "show", "ID [--raw|--text|--html|--headers|--part N] [--json]", N_("one message"), sub_show },
    { "save", "ID [--part N] [-d DIR] [--json]", N_("attachments to files; overwrites nothing"),
      sub_save },
    { "mark", "(+|-)FLAG|TAG... -- ID...", N_("flags and tags of messages"), sub_mark },
    { "folders",
      "[--json]\n"
      "      | create|subscribe|unsubscribe NAME [-a ACCOUNT]\n"
      "      | rename NAME NEW [-a ACCOUNT] | delete NAME [--with-mail] [-a ACCOUNT]",
      N_("all folders with their counts; or one is changed"), sub_folders },
    { "outbox", "[flush [--all]|cancel ID|retry ID|show ID] [--json]", N_("mail on its way out"),
      sub_outbox },
    { "setup",
      "[ADDRESS] [--from-muttrc FILE] [--no-directory]\n"
      "      | --sign-in ACCOUNT [--way device|browser|paste]",
      N_("a new account: finds its servers and tries them"), sub_setup },
    { "doctor", "[--json]", N_("what is wrong, and what to do next"), sub_doctor },
    { "encode", "--uu|--base64|--qp [NAME] < file", N_("the codecs on their own"), sub_encode },
    { "decode", "[--uu|--base64|--qp] < file", N_("the same, backwards"), sub_decode },
};
const size_t cli_commands_n = COUNT(cli_commands);

void cli_init(struct cli *c, const char *profile, const char *config)
{
    *c = (struct cli){ 0 };
    c->config_path = config != NULL ? xstrdup(config) : config_path_rc(profile);
    c->store_path = config_path_store(profile);
    c->log_path = config_path_log(profile);
}

void cli_clear(struct cli *c)
{
    decode_free(&c->decode);
    cache_close(&c->cache);
    if (c->config_loaded)
        config_free(&c->config);
    free(c->config_path);
    free(c->store_path);
    free(c->log_path);
}

const struct cli_command *cli_find(struct str name)
{
    for (size_t i = 0; i < cli_commands_n; i++)
        if (str_eqc(name, cli_commands[i].name))
            return &cli_commands[i];
    return NULL;
}

void cli_help(void)
{
    puts(_("tmail                    open the reader\n"
           "tmail -f FOLDER          open it there\n"
           "tmail ADDR...            on a terminal: write to them\n"
           "tmail -s SUBJECT [-a FILE]... [-c ADDR] [-b ADDR] [-r FROM] [--at TIME]\n"
           "      [--receipt] [--no-queue] [--] ADDR... < body\n"
           "                         send from a script\n"
           "tmail -t [-i] [-f SENDER] [--no-queue] [--] [ADDR]... < message\n"
           "                         as sendmail does; the same under the name sendmail\n"
           "tmail --demo             a mailbox to try everything on, gone at the end\n"
           "tmail --config FILE, --profile DIR, --offline\n"
           "                         before any of these: another configuration; another\n"
           "                         configuration and store; touch no network\n"
           "tmail --version, --help\n"));
    for (size_t i = 0; i < cli_commands_n; i++)
        printf("tmail %s %s\n                         %s\n", cli_commands[i].name,
               cli_commands[i].args, _(cli_commands[i].help));
}

int cli_main(struct cli *c, int argc, char **argv)
{
    const struct cli_command *command = argc > 0 ? cli_find(str_c(argv[0])) : NULL;
    if (command == NULL)
        return EX_USAGE;
    optind = 0; /* getopt starts anew for each command of a process */
    char *word = argv[0], *name = xasprintf("tmail %s", word);
    argv[0] = name; /* of whom it speaks */
    int code = command->run(c, argc, argv);
    argv[0] = word;
    free(name);
    return code;
}

int cli_usage(const struct cli_command *command)
{
    fprintf(stderr, _("usage: tmail %s %s\n"), command->name, command->args);
    return EX_USAGE;
}

int cli_exit_code(const struct error *err)
{
    static const int codes[] = {
        [ERR_NONE] = EX_OK,        [ERR_SYS] = EX_IOERR,          [ERR_LIMIT] = EX_DATAERR,
        [ERR_PARSE] = EX_DATAERR,  [ERR_NET] = EX_TEMPFAIL,       [ERR_TLS] = EX_PROTOCOL,
        [ERR_AUTH] = EX_NOPERM,    [ERR_PROTO] = EX_PROTOCOL,     [ERR_REFUSED] = EX_UNAVAILABLE,
        [ERR_STORE] = EX_IOERR,    [ERR_CANCELLED] = EX_TEMPFAIL, [ERR_USAGE] = EX_USAGE,
        [ERR_CONFIG] = EX_CONFIG,  [ERR_NOINPUT] = EX_NOINPUT,    [ERR_ADDRESS] = EX_NOUSER,
        [ERR_DOUBT] = EX_TEMPFAIL,
    };
    /* A mailbox that is in use, a server that cannot now: no refusal for good. */
    if (err->retry == RETRY_LATER && (err->code == ERR_AUTH || err->code == ERR_REFUSED))
        return EX_TEMPFAIL;
    return (size_t)err->code < COUNT(codes) ? codes[err->code] : EX_SOFTWARE;
}

int cli_fail(const struct error *err)
{
    struct buf line = BUF_INIT(4 * ERROR_TEXT_MAX), lines = BUF_INIT(16 * ERROR_TEXT_MAX);
    buf_adds(&line, "tmail: ");
    out_clean(str_c(err->text), false, &line);
    out_wrap(buf_str(&line), 0, out_columns(STDERR_FILENO), &lines);
    fprintf(stderr, "%s\n", buf_c(&lines));
    buf_free(&lines);
    buf_free(&line);
    return cli_exit_code(err);
}

int cli_need_config(struct cli *c, struct error *err)
{
    if (c->config_loaded)
        return 0;
    if (config_load(&c->config, c->config_path, err) != 0) {
        if (err->code == ERR_NOINPUT && err->sys == ENOENT)
            error_set(
                err, ERR_CONFIG, RETRY_NEVER,
                _("there is no configuration in %s: tmail setup ADDRESS makes one, man tmailrc has "
                  "its four lines, and tmail --demo shows all without"),
                c->config_path);
        return -1;
    }
    if (c->config.accounts_n == 0) {
        config_free(&c->config);
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("%s has no [account NAME]: tmail setup ADDRESS adds one"),
                         c->config_path);
    }
    c->config_loaded = true;
    return 0;
}

int cli_need_cache(struct cli *c, enum cache_mode mode, struct error *err)
{
    if (c->cache != NULL && (c->cache_mode == mode || mode == CACHE_READ))
        return 0;
    cache_close(&c->cache);
    c->cache = cache_open(c->store_path, mode, err);
    if (c->cache == NULL && err->code == ERR_NOINPUT && err->retry == RETRY_NOW) {
        mode = CACHE_WRITE; /* an older store: brought up to date now */
        c->cache = cache_open(c->store_path, mode, err);
    }
    c->cache_mode = mode;
    return c->cache != NULL ? 0 : -1;
}

int cli_need_decode(struct cli *c, struct error *err)
{
    if (c->decode == NULL)
        c->decode = decode_new(NULL, NULL, err);
    return c->decode != NULL ? 0 : -1;
}

int cli_message(struct cli *c, const char *text, int64_t *id, struct error *err)
{
    struct str s = str_c(text);
    uint64_t number;
    if (str_lit(&s, "mid:") == 0)
        return cache_message_by_mid(c->cache, s, id, err);
    if (str_u64(&s, &number) != 0 || s.n > 0 || number > INT64_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("\"%s\" is no message: it takes a number of `tmail list`, or "
                           "mid:<Message-ID>"),
                         text);
    *id = (int64_t)number;
    return 0;
}

static bool folder_is(struct cli *c, struct arena *a, const struct cache_folder *f, struct str name)
{
    static const char *const roles[] = {
        "", "INBOX", "Drafts", "Sent", "Trash", "Archive", "Junk"
    };
    struct str account;
    struct error ignored;
    if (str_ieq(f->name, name))
        return true;
    if ((size_t)f->role < COUNT(roles) && f->role != ROLE_NONE && str_ieqc(name, roles[f->role]))
        return true;
    return cache_account_name(c->cache, a, f->account, &account, &ignored) == 0 &&
           str_starts(name, account.p) && name.n == account.n + 1 + f->name.n &&
           name.p[account.n] == '/' && str_eq(str_skip(name, account.n + 1), f->name);
}

int cli_folder(struct cli *c, struct arena *a, const char *name, struct cache_folder *out,
               struct error *err)
{
    struct cache_folder *all;
    size_t n;
    if (cache_folders(c->cache, a, 0, &all, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (folder_is(c, a, &all[i], str_c(name))) {
            *out = all[i];
            return 0;
        }
    return 1;
}
