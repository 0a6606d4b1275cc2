/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/demo.h"
#include "cli/demo_show.h"
#include "cli/out.h"
#include "cli/send.h"
#include "cli/setup.h"
#include "ui/main.h"
#include "config.h"
#include "base/banned.h"

/* What stands before everything else on the command line. */
struct globals {
    const char *profile, *config, *folder;
    bool offline, demo, version, help;
};

/* "--name VALUE" or "--name=VALUE" at argv[*i]: its value, with *i moved past it; NULL when it is
 * another option. */
static const char *option_value(int argc, char **argv, int *i, const char *name)
{
    struct str s = str_c(argv[*i]);
    if (str_lit(&s, name) != 0)
        return NULL;
    if (str_lit(&s, "=") == 0)
        return s.p;
    if (s.n > 0 || *i + 1 >= argc)
        return NULL;
    return argv[++*i];
}

/* Reads the options that are the same for all modes; the index of the first other word. */
static int globals_read(struct globals *g, int argc, char **argv)
{
    int i = 1;
    for (; i < argc; i++) {
        const char *value;
        if ((value = option_value(argc, argv, &i, "--profile")) != NULL)
            g->profile = value;
        else if ((value = option_value(argc, argv, &i, "--config")) != NULL)
            g->config = value;
        else if (strcmp(argv[i], "--offline") == 0)
            g->offline = true;
        else if (strcmp(argv[i], "--demo") == 0)
            g->demo = true;
        else if (strcmp(argv[i], "--version") == 0)
            g->version = true;
        else if (strcmp(argv[i], "--help") == 0)
            g->help = true;
        else
            break;
    }
    return i;
}

static int usage(void)
{
    fprintf(stderr, "%s\n", _("tmail: these words make no sense together; see tmail --help"));
    return EX_USAGE;
}

/* The screens, on the configuration and the store of c; compose: addresses to write to at once, or
 * NULL. */
static int reader(struct cli *c, const char *folder, const char *compose)
{
    struct error err;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        error_set(&err, ERR_USAGE, RETRY_NEVER, _("the reader needs a terminal; see tmail --help"));
        return cli_fail(&err);
    }
    if (cli_need_config(c, &err) != 0)
        return cli_fail(&err);
    struct error ignored;
    struct log *log = log_open(c->log_path, "tmail", LOG_INFO, &ignored);
    struct ui_start start = { .config = &c->config,
                              .store = c->store_path,
                              .log_path = c->log_path,
                              .log = log,
                              .folder = folder,
                              .compose = compose,
                              .offline = c->offline,
                              .version = PACKAGE_VERSION };
    int code = ui_main(&start, &err);
    log_close(&log);
    return code == EX_OK ? code : cli_fail(&err);
}

static int demo(const struct globals *g)
{
    struct error err;
    struct cli c;
    struct demo *d = demo_start(&err);
    if (d == NULL)
        return cli_fail(&err);
    cli_init(&c, demo_profile(d), NULL);
    c.offline = g->offline;
    int code =
        isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? reader(&c, NULL, NULL) : demo_show(&c);
    cli_clear(&c);
    demo_stop(&d);
    return code;
}

/* Nobody has written a configuration yet: the wizard, or the demonstration. */
static int first_time(struct cli *c, const struct globals *g)
{
    struct error err;
    int rc = setup_greet(c, &err);
    if (rc == SETUP_DEMO)
        return demo(g);
    if (rc == 0)
        return reader(c, NULL, NULL);
    return rc < 0 ? cli_fail(&err) : CLI_NOTHING;
}

static bool is_first_time(const struct cli *c)
{
    return access(c->config_path, F_OK) != 0 && errno == ENOENT && isatty(STDIN_FILENO) &&
           isatty(STDOUT_FILENO);
}

/* On a terminal, nothing but addresses: somebody wants to write, not to type a body into a pipe. */
static bool are_addresses(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-' || strchr(argv[i], '@') == NULL || !str_is_line(str_c(argv[i])))
            return false;
    return argc > 1 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* A word on a terminal that is no address was meant to be a command. */
static bool is_mistyped(char **argv)
{
    return argv[1][0] != '-' && strchr(argv[1], '@') == NULL && isatty(STDIN_FILENO);
}

static int no_command(const char *word)
{
    struct error err;
    error_set(&err, ERR_USAGE, RETRY_NEVER, _("there is no command \"%s\"; see tmail --help"),
              word);
    return cli_fail(&err);
}

static int writer(struct cli *c, int argc, char **argv)
{
    struct buf to = BUF_INIT(1 << 20);
    for (int i = 1; i < argc; i++)
        buf_addf(&to, "%s%s", i > 1 ? ", " : "", argv[i]);
    int code = reader(c, NULL, buf_c(&to));
    buf_free(&to);
    return code;
}

/* tmail -f FOLDER, tmail ADDR..., tmail -s ... ADDR..., or the reader. */
static int without_word(struct cli *c, const struct globals *g, int argc, char **argv)
{
    if (cli_is_sendmail(argc, argv))
        return cli_sendmail(c, argc, argv);
    if (argc == 1)
        return is_first_time(c) ? first_time(c, g) : reader(c, NULL, NULL);
    if (strcmp(argv[1], "-f") == 0)
        return argc == 3 ? reader(c, argv[2], NULL) : usage();
    if (are_addresses(argc, argv))
        return writer(c, argc, argv);
    if (is_mistyped(argv))
        return no_command(argv[1]);
    return cli_send(c, argc, argv);
}

int main(int argc, char **argv)
{
    struct globals g = { 0 };
    struct cli c;
    setlocale(LC_ALL, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8"); /* what a bare system has, and what its terminal speaks */
    bindtextdomain(PACKAGE, LOCALEDIR);
    textdomain(PACKAGE);
    signal(SIGPIPE, SIG_IGN);
    int first = globals_read(&g, argc, argv);
    if (g.version) {
        puts("tmail " PACKAGE_VERSION);
        return out_end();
    }
    if (g.help) {
        cli_help();
        return out_end();
    }
    if (g.demo && first < argc) {
        fprintf(stderr, "%s\n", _("tmail: --demo takes no other words: try tmail --demo alone"));
        return EX_USAGE;
    }
    if (g.demo)
        return demo(&g);
    cli_init(&c, g.profile, g.config);
    c.offline = g.offline;
    argv[first - 1] = argv[0];
    int code = first < argc && cli_find(str_c(argv[first])) != NULL
                   ? cli_main(&c, argc - first, argv + first)
                   : without_word(&c, &g, argc - first + 1, argv + first - 1);
    cli_clear(&c);
    return code;
}
