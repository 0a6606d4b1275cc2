/* SPDX-License-Identifier: MIT */
/* The command line, the configuration file and the help, all from the same rows. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "config/ini.h"
#include "server/limits.h"
#include "server/options.h"
#include "server/relay.h"
#include "base/banned.h"

enum { PORT_NOT_GIVEN = -2, SMTP_PORT = 25, HELP_COLUMN = 24 };

/* Of root, and of everybody else. */
static const int default_ports[2][SERVER_PORTS] = {
    { 25, 587, 465, PORT_OFF, 110, 995, 143, 993 },
    { 2525, 2587, 2465, PORT_OFF, 2110, 2995, 2143, 2993 },
};
static void put_help(struct buf *out, const char *help)
{
    struct str rest = str_c(help);
    struct str line;
    while (str_until(&rest, '\n', &line) == 0)
        buf_addf(out, "%.*s\n%*s", STR_ARG(line), HELP_COLUMN, "");
    buf_addf(out, "%.*s\n", STR_ARG(rest));
}

void options_usage(struct buf *out)
{
    buf_adds(out,
             _("Usage: tmaild [OPTION]...\n"
               "       tmaild users|queue|mail|clock|fault|status|reload|stop ... [--root DIR]\n"
               "A mail server: SMTP, IMAP and POP3 on plain mbox files.\n\n"));
    for (size_t i = 0; i < option_rows_n; i++) {
        size_t start = out->len;
        if (option_rows[i].help == NULL)
            continue;
        buf_addf(out, "  --%s", option_rows[i].name);
        if (option_rows[i].argument != NULL)
            buf_addf(out, " %s", option_rows[i].argument);
        size_t used = out->len - start;
        buf_addf(out, "%*s", used < HELP_COLUMN ? HELP_COLUMN - (int)used : 2, "");
        put_help(out, _(option_rows[i].help));
    }
    buf_adds(out, "  --help, --version\n");
}

/* ---- the configuration file ---- */

static const struct option_row *row_named(struct str name)
{
    for (size_t i = 0; i < option_rows_n; i++)
        if (str_eqc(name, option_rows[i].name))
            return &option_rows[i];
    return NULL;
}

/* A key is the name of an option; user-1, user-2 are more of what may be repeated. */
static const struct option_row *row_of_key(struct str key, bool *numbered)
{
    struct str number = str_skip(key, str_rfind(key, '-') + 1);
    uint64_t n;
    const struct option_row *row = row_named(key);
    *numbered = false;
    if (row != NULL || str_u64(&number, &n) != 0 || number.n != 0)
        return row;
    row = row_named(str_head(key, str_rfind(key, '-')));
    *numbered = row != NULL && row->repeats;
    return *numbered ? row : NULL;
}

static int key_unknown(struct str key, struct error *err)
{
    const char *near = NULL;
    unsigned best = INI_FAR;
    for (size_t i = 0; i < option_rows_n; i++) {
        unsigned d = ini_distance(key, str_c(option_rows[i].name));
        if (option_rows[i].line_only || d >= best)
            continue;
        near = option_rows[i].name;
        best = d;
    }
    if (near == NULL)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("unknown key \"%.*s\""), STR_ARG(key));
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("unknown key \"%.*s\"; did you mean \"%s\"?"),
                     STR_ARG(key), near);
}

static int value_take(struct server_options *o, const struct option_row *row, struct str value,
                      struct error *err)
{
    char *copy = xmemdup0(value.p, value.n);
    int rc = row->set(o, row, copy, err);
    explicit_bzero(copy, value.n);
    free(copy);
    return rc;
}

static int switch_read(struct server_options *o, const struct option_row *row, struct str value,
                       struct error *err)
{
    if (str_ieqc(value, "yes"))
        return value_take(o, row, STR(""), err);
    return str_ieqc(value, "no")
               ? 0
               : error_set(err, ERR_CONFIG, RETRY_NEVER, _("\"%s\" is yes or no"), row->name);
}

static int list_read(struct server_options *o, const struct option_row *row, struct str value,
                     struct error *err)
{
    struct str one;
    while (str_until(&value, ',', &one) == 0)
        if (value_take(o, row, str_trim(one), err) != 0)
            return -1;
    return value_take(o, row, str_trim(value), err);
}

static bool is_private(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & 077) == 0;
}

static int item_take(struct server_options *o, const struct lex_item *item, const bool *given,
                     struct error *err)
{
    bool numbered;
    if (!str_eqc(item->section, "server"))
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("keys stand below [server]"));
    const struct option_row *row = row_of_key(item->key, &numbered);
    if (row == NULL || row->line_only)
        return key_unknown(item->key, err);
    if (row->secret && !is_private(o->config))
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("the file has a secret in it and can be read by others: chmod 600 it"));
    if (given[row - option_rows])
        return 0;
    if (row->argument == NULL)
        return switch_read(o, row, item->value, err);
    int rc = row->repeats && !numbered ? list_read(o, row, item->value, err)
                                       : value_take(o, row, item->value, err);
    if (rc == 0 && (o->limit_help || o->fault_help || o->personality_help))
        rc = error_set(err, ERR_CONFIG, RETRY_NEVER, _("help is for the command line"));
    return rc;
}

static int file_take(struct server_options *o, const bool *given, struct error *err)
{
    struct buf text = BUF_INIT(INI_FILE_MAX);
    struct arena *a = arena_new(4096);
    struct lex_item *items;
    size_t n = 0;
    int rc = ini_read(a, o->config, &text, &items, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if ((rc = item_take(o, &items[i], given, err)) != 0)
            ini_at_line(o->config, items[i].line, err);
    buf_wipe(&text);
    arena_free(&a);
    return rc;
}

/* ---- the command line ---- */

static void host_find(struct server_options *o)
{
    char host[256] = "";
    if (o->domains_n > 0)
        o->host = xstrdup(o->domains[0]);
    else if (gethostname(host, sizeof host - 1) == 0 && host[0] != '\0')
        o->host = xstrdup(host);
    else
        o->host = xstrdup("localhost");
    if (o->domains_n > 0)
        return;
    o->domains[o->domains_n++] = xstrdup(o->host);
    for (char *c = o->domains[0]; *c != '\0'; c++)
        *c = ascii_lower(*c);
}

/* Who started us decides, whoever we have become since: a reload must not find other ports. */
static void ports_find(struct server_options *o)
{
    const int *defaults = default_ports[getauxval(AT_EUID) != 0];
    for (int i = 0; i < SERVER_PORTS; i++)
        if (o->ports[i] == PORT_NOT_GIVEN)
            o->ports[i] = o->port_file != NULL && defaults[i] != PORT_OFF ? 0 : defaults[i];
}

/* Without o only which rows are given, and the file: nothing is wiped yet. */
static int line_read(struct server_options *o, int argc, char **argv, bool *given,
                     const char **config, struct error *err)
{
    struct option *list = xcalloc(option_rows_n + 1, sizeof *list);
    char none[] = "";
    int id = 0;
    int at;
    int rc = 0;
    for (size_t i = 0; i < option_rows_n; i++)
        list[i] = (struct option){ .name = option_rows[i].name,
                                   .has_arg = option_rows[i].argument != NULL };
    optind = 0; /* begins anew, what was permuted included */
    opterr = o != NULL;
    while (rc == 0 && (id = getopt_long(argc, argv, "", list, &at)) != -1) {
        if (id != 0) {
            rc = o == NULL ? 0 : error_set(err, ERR_USAGE, RETRY_NEVER, _("see tmaild --help"));
            continue;
        }
        given[at] = true;
        if (str_eqc(str_c(list[at].name), "config"))
            *config = optarg;
        if (o != NULL)
            rc = option_rows[at].set(o, &option_rows[at], optarg != NULL ? optarg : none, err);
    }
    free(list);
    if (rc != 0 || o == NULL || optind == argc)
        return rc;
    return error_set(err, ERR_USAGE, RETRY_NEVER,
                     _("%s is no option and no command of tmaild; see tmaild --help"),
                     argv[optind]);
}

int options_read(struct server_options *o, int argc, char **argv, struct error *err)
{
    const char *config = NULL;
    bool *given = xcalloc(option_rows_n, sizeof *given);
    *o = (struct server_options){ .root = xstrdup("tmaild"),
                                  .listen = xstrdup("127.0.0.1"),
                                  .mx_port = SMTP_PORT,
                                  .retry_s = QUEUE_RETRY_S,
                                  .warn_s = QUEUE_WARN_S,
                                  .give_up_s = QUEUE_GIVE_UP_S,
                                  .backoff = 100 };
    options_limits_default(&o->limits);
    for (int i = 0; i < SERVER_PORTS; i++)
        o->ports[i] = PORT_NOT_GIVEN;
    int rc = line_read(NULL, argc, argv, given, &config, err);
    given[row_named(STR("limit")) - option_rows] = false; /* each has a name of its own */
    if (rc == 0 && config != NULL) {
        o->config = xstrdup(config);
        rc = file_take(o, given, err);
    }
    if (rc == 0)
        rc = line_read(o, argc, argv, given, &config, err);
    free(given);
    if (rc != 0)
        return -1;
    ports_find(o);
    host_find(o);
    if (o->tls_key != NULL && (o->tls_cert == NULL || str_eqc(str_c(o->tls_cert), "none")))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--tls-key is for a --tls-cert"));
    return relay_check(o, err);
}
