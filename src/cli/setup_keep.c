/* SPDX-License-Identifier: MIT */
#include "cli/setup.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/tty.h"
#include "base/banned.h"

enum { STORE_MS = 120000, WAYS_MAX = 8, ANSWER_MAX = 4096 };

/* Programs that keep passwords: how one is stored (it comes on standard input), how it is had again, and
 * taken away. %s: the account's name. */
struct keeper {
    const char *program, *name;
    const char *needs; /* below $HOME; NULL: nothing */
    const char *store, *show, *drop;
    bool end; /* a line feed belongs behind what is stored */
};
static const struct keeper keepers[] = {
    { "secret-tool", N_("the desktop's keyring (secret-tool)"), NULL,
      "secret-tool store --label='tmail %s' service tmail account '%s'",
      "secret-tool lookup service tmail account '%s'",
      "secret-tool clear service tmail account '%s'", false },
    { "pass", N_("the password store (pass)"), ".password-store",
      "pass insert -m -f 'mail/tmail-%s'", "pass show 'mail/tmail-%s'",
      "pass rm -f 'mail/tmail-%s'", true },
    { "gopass", N_("the password store (gopass)"), ".local/share/gopass",
      "gopass insert -f 'mail/tmail-%s'", "gopass show -o 'mail/tmail-%s'",
      "gopass rm -f 'mail/tmail-%s'", false },
};

static bool is_in_path(const char *program)
{
    const char *path = getenv("PATH");
    struct str rest = str_c(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    bool found = false;
    while (rest.n > 0 && !found) {
        struct str dir = str_head(rest, str_find(rest, ':'));
        char *file = xasprintf("%.*s/%s", STR_ARG(dir), program);
        found = dir.n > 0 && access(file, X_OK) == 0;
        free(file);
        rest = str_skip(rest, dir.n + 1);
    }
    return found;
}

static bool is_usable(const struct keeper *k)
{
    const char *home = getenv("HOME");
    if (!is_in_path(k->program))
        return false;
    if (k->needs == NULL)
        return getenv("DBUS_SESSION_BUS_ADDRESS") != NULL;
    char *folder = xasprintf("%s/%s", home != NULL ? home : "", k->needs);
    bool there = access(folder, F_OK) == 0;
    free(folder);
    return there;
}

/* Every %s becomes the account's name, which has letters, digits and - alone. */
static struct str command_of(struct setup *s, const char *pattern)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct str rest = str_c(pattern);
    while (rest.n > 0) {
        size_t at = str_search(rest, STR("%s"));
        buf_add_str(&out, str_head(rest, at));
        if (at < rest.n)
            buf_add_str(&out, buf_str(&s->account));
        rest = str_skip(rest, at + 2);
    }
    struct str command = arena_str(s->arena, buf_str(&out));
    buf_free(&out);
    return command;
}

static int run(struct setup *s, struct str command, struct str input, struct buf *out,
               struct error *err)
{
    char **argv;
    if (child_split(s->arena, command, &argv, err) != 0)
        return -1;
    return child_run(argv, input, out, STDERR_FILENO, STORE_MS, err);
}

int setup_first_line(struct setup *s, struct str command, struct buf *out, struct error *err)
{
    struct buf all = BUF_INIT(SETUP_SECRET_MAX);
    int rc = run(s, command, STR(""), &all, err);
    struct str rest = buf_str(&all), line = STR("");
    (void)str_line(&rest, &line);
    buf_add_str(out, line);
    buf_wipe(&all);
    return rc == 0 ? buf_check(out, err) : rc;
}

/* What comes back must be what went in. */
static int check_command(struct setup *s, struct str command, struct error *err)
{
    struct buf line = BUF_INIT(SETUP_SECRET_MAX);
    int rc = setup_first_line(s, command, &line, err);
    if (rc == 0 && !str_eq(buf_str(&line), buf_str(&s->secret)))
        rc = error_set(err, ERR_AUTH, RETRY_NEVER, _("what it prints is not the password"));
    buf_wipe(&line);
    return rc;
}

const char *setup_keeper(const struct setup *s)
{
    return s->keeper != NULL ? _(s->keeper->name) : NULL;
}

static int keep_by(struct setup *s, const struct keeper *k, struct error *err)
{
    struct buf input = BUF_INIT(2 * TTY_LINE_MAX), out = BUF_INIT(SETUP_SECRET_MAX);
    buf_add_str(&input, buf_str(&s->secret));
    if (k->end)
        buf_addc(&input, '\n');
    int rc = run(s, command_of(s, k->store), buf_str(&input), &out, err);
    if (rc == 0)
        rc = check_command(s, command_of(s, k->show), err);
    if (rc != 0)
        error_prefix(err, "%s: ", k->program);
    buf_wipe(&input);
    buf_wipe(&out);
    return rc;
}

static int keep_by_command(struct setup *s, struct error *err)
{
    struct buf command = BUF_INIT(WRITE_VALUE_MAX);
    int rc = tty_ask(s->tty, str_c(_("The command that prints it:")), false, &command, err);
    if (rc == 0 && (command.len == 0 || !write_value_fits(buf_str(&command))))
        rc = error_set(err, ERR_USAGE, RETRY_NEVER,
                       _("a command without double quotes and backslashes is needed"));
    if (rc == 0)
        rc = check_command(s, buf_str(&command), err);
    if (rc == 0)
        setup_key(s, "password-command", arena_str(s->arena, buf_str(&command)), false);
    buf_free(&command);
    return rc;
}

static int keep_in_file(struct setup *s, struct error *err)
{
    if (!write_value_fits(buf_str(&s->secret)))
        return error_set(
            err, ERR_USAGE, RETRY_NEVER,
            _("a password with a double quote or a backslash cannot stand in tmailrc"));
    setup_key(s, "password", buf_str(&s->secret), true);
    return 0;
}

/* The ways there are, numbered for the person. */
enum way { WAY_KEEPER, WAY_FILE, WAY_COMMAND, WAY_ASK };
struct ways {
    struct {
        enum way way;
        const struct keeper *keeper;
    } rows[WAYS_MAX];
    size_t n;
};

static void way_add(struct setup *s, struct ways *w, enum way way, const struct keeper *k,
                    const char *text)
{
    w->rows[w->n].way = way;
    w->rows[w->n++].keeper = k;
    tty_say(s->tty, "  %zu  %s", w->n, text);
}

static void ways_show(struct setup *s, struct ways *w)
{
    *w = (struct ways){ 0 };
    tty_say(s->tty, _("Where should the password be kept?"));
    for (size_t i = 0; i < COUNT(keepers); i++)
        if (is_usable(&keepers[i]))
            way_add(s, w, WAY_KEEPER, &keepers[i], _(keepers[i].name));
    way_add(s, w, WAY_FILE, NULL, _("in tmailrc, which nobody else may read then"));
    way_add(s, w, WAY_COMMAND, NULL, _("another program has it: a command prints it"));
    way_add(s, w, WAY_ASK, NULL, _("nowhere: tmail asks for it each time"));
}

static int take_way(struct setup *s, const struct ways *w, size_t i, struct error *err)
{
    switch (w->rows[i].way) {
    case WAY_KEEPER:
        s->keeper = w->rows[i].keeper;
        setup_key(s, "password-command", command_of(s, s->keeper->show), false);
        return 0;
    case WAY_COMMAND:
        return keep_by_command(s, err);
    case WAY_FILE:
        return keep_in_file(s, err);
    default:
        return 0;
    }
}

int setup_keep(struct setup *s, struct error *err)
{
    s->keeper = NULL;
    while (!s->kept) {
        struct ways w;
        struct buf answer = BUF_INIT(TTY_LINE_MAX);
        uint32_t number = 0;
        ways_show(s, &w);
        int rc = tty_ask(s->tty, str_c(_("Number [1]:")), false, &answer, err);
        struct str typed = buf_str(&answer);
        if (rc == 0 && typed.n == 0)
            number = 1;
        else if (rc == 0 && (str_u32(&typed, &number) != 0 || typed.n > 0))
            number = 0;
        buf_free(&answer);
        if (rc != 0)
            return rc;
        if (number == 0 || number > w.n)
            continue;
        rc = take_way(s, &w, number - 1, err);
        if (rc >= 0)
            return rc;
        tty_say(s->tty, "%s", err->text);
    }
    return 0;
}

/* ------------------------------------------------------------------ once all is settled */

static struct signin_ask whose(const struct setup *s)
{
    return (struct signin_ask){ .account = buf_c(&s->account),
                                .store = s->c->store_path,
                                .tty = s->tty };
}

int setup_store(struct setup *s, struct error *err)
{
    struct signin_ask ask = whose(s);
    if (s->got.access.len > 0)
        return signin_keep(&ask, &s->got, err);
    if (s->keeper == NULL || keep_by(s, s->keeper, err) == 0)
        return 0;
    tty_say(s->tty, "%s", err->text);
    setup_unstore(s);
    return 1;
}

void setup_unstore(struct setup *s)
{
    struct signin_ask ask = whose(s);
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct error ignored;
    if (s->got.access.len > 0)
        signin_drop(&ask);
    if (s->keeper != NULL)
        (void)run(s, command_of(s, s->keeper->drop), STR(""), &out, &ignored);
    buf_free(&out);
}
