/* SPDX-License-Identifier: MIT */
#include "server/cmd.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "server/accounts.h"
#include "server/control.h"
#include "server/root.h"
#include "base/banned.h"

enum { WORDS_MAX = 64, OWN_MAX = 8 };

/* A command line taken apart: --root and --config are ours, wherever they stand. */
struct cmd {
    struct server_options options;
    const char *words[WORDS_MAX];
    size_t n;
    bool plain; /* --plain of `users` */
    const struct cmd_person *person;
};

static bool takes_next(const char *word)
{
    return str_eqc(str_c(word), "--root") || str_eqc(str_c(word), "--config");
}

static bool is_own(const char *word)
{
    return takes_next(word) || str_starts(str_c(word), "--root=") ||
           str_starts(str_c(word), "--config=");
}

static int words_take(struct cmd *c, int argc, char **argv, struct error *err)
{
    char *own[OWN_MAX] = { argv[0] };
    int own_n = 1;
    for (int i = 1; i < argc; i++) {
        int n = !is_own(argv[i]) ? 0 : takes_next(argv[i]) ? 2 : 1;
        if (n > argc - i || own_n + n >= OWN_MAX || c->n == WORDS_MAX)
            return error_set(err, ERR_USAGE, RETRY_NEVER, _("see tmaild --help"));
        if (n == 0)
            c->words[c->n++] = argv[i];
        for (int j = 0; j < n; j++)
            own[own_n++] = argv[i + j];
        i += n > 0 ? n - 1 : 0;
    }
    return options_read(&c->options, own_n, own, err);
}

/* ---- commands for the server ---- */

static int ask(struct cmd *c, struct buf *out, struct error *err)
{
    return control_ask(c->options.root, c->words, c->n, out, err);
}

/* Its answer comes before its end. */
static int stop(struct cmd *c, struct buf *out, struct error *err)
{
    return ask(c, out, err) == 0 ? root_wait_free(c->options.root, err) : -1;
}

/* ---- users ---- */

/* What root makes in somebody else's folder would not be theirs. */
static int owner_become(const char *root, struct error *err)
{
    struct stat st;
    if (stat(root, &st) != 0)
        return error_sys(err, _("cannot open %s"), root);
    if (geteuid() != 0 || st.st_uid == 0)
        return 0;
    if (setgroups(0, NULL) != 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
        return error_sys(err, _("cannot work for the owner of %s"), root);
    return 0;
}

static int secret_ask(struct cmd *c, struct user_secret *secret, struct error *err)
{
    struct buf password = BUF_INIT(SECRET_PASSWORD_MAX + 1);
    int rc = c->person->password(c->person->arg, &password, err);
    if (rc == 0)
        rc = buf_check(&password, err);
    if (rc == 0)
        rc = secret_make(buf_str(&password), c->plain, secret, err);
    buf_wipe(&password);
    return rc;
}

static int users_read(const char *path, struct buf *text, struct error *err)
{
    return access(path, F_OK) == 0 ? file_read(path, text, err) : 0;
}

static int users_change(struct cmd *c, enum accounts_change what, const char *path,
                        struct error *err)
{
    struct buf was = BUF_INIT(ACCOUNTS_FILE_MAX);
    struct buf is = BUF_INIT(ACCOUNTS_FILE_MAX);
    struct user_secret secret = { 0 };
    int rc = users_read(path, &was, err);
    /* Once without a password, so that nobody types one for nothing. */
    if (rc == 0)
        rc = accounts_change(buf_str(&was), what, str_c(c->words[2]), &secret, &is, err);
    if (rc == 0 && what != ACCOUNTS_REMOVE) {
        buf_clear(&is);
        rc = secret_ask(c, &secret, err);
        if (rc == 0)
            rc = accounts_change(buf_str(&was), what, str_c(c->words[2]), &secret, &is, err);
    }
    if (rc == 0)
        rc = buf_check(&is, err);
    if (rc == 0)
        rc = file_replace(path, buf_str(&is), 0600, err);
    secret_clear(&secret);
    buf_wipe(&was);
    buf_wipe(&is);
    return rc;
}

static int users_list(const char *path, struct buf *out, struct error *err)
{
    struct buf text = BUF_INIT(ACCOUNTS_FILE_MAX);
    int rc = users_read(path, &text, err);
    if (rc == 0)
        rc = accounts_names(buf_str(&text), out, err);
    buf_wipe(&text);
    return rc;
}

/* With the folder locked, so that no other command changes the file meanwhile. */
static int users_do(struct cmd *c, struct buf *out, struct error *err)
{
    static const struct {
        const char *name;
        enum accounts_change what;
    } rows[] = { { "add", ACCOUNTS_ADD },
                 { "password", ACCOUNTS_PASSWORD },
                 { "remove", ACCOUNTS_REMOVE } };
    char *path = xasprintf("%s/users", c->options.root);
    int rc = 0;
    if (c->n == 2 && str_eqc(str_c(c->words[1]), "list"))
        rc = users_list(path, out, err);
    for (size_t i = 0; i < COUNT(rows) && c->n == 3; i++)
        if (str_eqc(str_c(c->words[1]), rows[i].name))
            rc = users_change(c, rows[i].what, path, err);
    free(path);
    return rc;
}

static int users(struct cmd *c, struct buf *out, struct error *err)
{
    static const char *const reload[] = { "reload" };
    struct error unheard;
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (str_eqc(str_c(c->words[i]), "--plain"))
            c->plain = true;
        else
            c->words[kept++] = c->words[i];
    c->n = kept;
    if (file_mkdirs(c->options.root, err) != 0 || owner_become(c->options.root, err) != 0)
        return -1;
    int dir = open(c->options.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = dir >= 0 && flock(dir, LOCK_EX) == 0
                 ? users_do(c, out, err)
                 : error_sys(err, _("cannot lock %s"), c->options.root);
    if (dir >= 0)
        close(dir);
    bool changed = rc == 0 && c->n == 3;
    if (changed && control_ask(c->options.root, reload, 1, out, &unheard) != 0 &&
        unheard.code != ERR_NET) {
        *err = unheard;
        return -1;
    }
    return rc;
}

/* ---- what there is ---- */

static const struct command {
    const char *name;
    int (*run)(struct cmd *c, struct buf *out, struct error *err);
    const char *takes; /* NULL: nothing */
} commands[] = {
    { "users", users,
      N_("users takes: list, add [--plain] NAME, password [--plain] NAME, remove NAME") },
    { "queue", ask, N_("queue takes: list [--json], flush [ID], remove ID") },
    { "mail", ask,
      N_("mail takes: list [--json] [ACCOUNT[/FOLDER]], show [--json|--raw] ACCOUNT[/FOLDER] "
         "UID") },
    { "clock", ask, N_("clock takes: now, advance TIME (such as 90s, 15m, 4h, 5d)") },
    { "fault", ask,
      N_("fault takes: list, clear, add POINT=ACTION[:SELECTOR=VALUE]... (see tmaild --fault "
         "help)") },
    { "status", ask, NULL },
    { "reload", ask, NULL },
    { "stop", stop, NULL },
};
/* The words behind each, but for switches. */
static const struct {
    const char *command, *word, *switches; /* with a blank behind each */
    size_t min, max;
} shapes[] = {
    { "users", "list", "", 0, 0 },
    { "users", "add", "--plain ", 1, 1 },
    { "users", "password", "--plain ", 1, 1 },
    { "users", "remove", "", 1, 1 },
    { "queue", "list", "--json ", 0, 0 },
    { "queue", "flush", "", 0, 1 },
    { "queue", "remove", "", 1, 1 },
    { "mail", "list", "--json ", 0, 1 },
    { "mail", "show", "--json --raw ", 2, 2 },
    { "clock", "now", "", 0, 0 },
    { "clock", "advance", "", 1, 1 },
    { "fault", "list", "", 0, 0 },
    { "fault", "clear", "", 0, 0 },
    { "fault", "add", "", 1, 1 },
};

static bool is_switch(const char *switches, const char *word)
{
    struct str rest = str_c(switches);
    struct str one;
    while (str_until(&rest, ' ', &one) == 0)
        if (str_eqc(one, word))
            return true;
    return false;
}

static bool fits(const struct cmd *c, size_t shape)
{
    size_t words = 0;
    if (!str_eqc(str_c(c->words[0]), shapes[shape].command) ||
        !str_eqc(str_c(c->words[1]), shapes[shape].word))
        return false;
    for (size_t i = 2; i < c->n; i++)
        if (!is_switch(shapes[shape].switches, c->words[i])) {
            if (str_starts(str_c(c->words[i]), "--"))
                return false;
            words++;
        }
    return words >= shapes[shape].min && words <= shapes[shape].max;
}

static int words_check(const struct cmd *c, const struct command *command, struct error *err)
{
    if (command->takes == NULL)
        return c->n == 1 ? 0
                         : error_set(err, ERR_USAGE, RETRY_NEVER,
                                     _("%s takes nothing but --root DIR"), command->name);
    for (size_t i = 0; c->n > 1 && i < COUNT(shapes); i++)
        if (fits(c, i))
            return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, "%s", _(command->takes));
}

bool cmd_is(int argc, char **argv)
{
    int at = 1;
    while (at < argc && is_own(argv[at]))
        at += takes_next(argv[at]) ? 2 : 1;
    for (size_t i = 0; at < argc && i < COUNT(commands); i++)
        if (str_eqc(str_c(argv[at]), commands[i].name))
            return true;
    return false;
}

int cmd_run(int argc, char **argv, const struct cmd_person *person, struct buf *out,
            struct error *err)
{
    struct cmd c = { .person = person };
    int rc = words_take(&c, argc, argv, err);
    for (size_t i = 0; rc == 0 && i < COUNT(commands); i++)
        if (str_eqc(str_c(c.words[0]), commands[i].name)) {
            rc = words_check(&c, &commands[i], err);
            if (rc == 0)
                rc = commands[i].run(&c, out, err);
            break;
        }
    options_free(&c.options);
    return rc;
}
