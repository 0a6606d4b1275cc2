/* SPDX-License-Identifier: MIT */
#include "cli/setup.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/out.h"
#include "cli/signin.h"
#include "cli/tty.h"
#include "base/banned.h"

void setup_init(struct setup *s, struct cli *c)
{
    *s = (struct setup){ .c = c, .tty = -1, .arena = arena_new(4096) };
    buf_init(&s->secret, SETUP_SECRET_MAX);
    signin_got_init(&s->got);
    buf_init(&s->account, WRITE_NAME_MAX + 16);
}

void setup_clear(struct setup *s)
{
    json_decref(s->found);
    buf_wipe(&s->secret);
    signin_got_wipe(&s->got);
    buf_free(&s->account);
    if (s->tty >= 0)
        close(s->tty);
    arena_free(&s->arena);
}

void setup_key(struct setup *s, const char *key, struct str value, bool secret)
{
    if (s->keys_n < SETUP_KEYS_MAX)
        s->keys[s->keys_n++] = (struct write_key){ key, value, secret };
}

/* ------------------------------------------------------------------ what is written */

static struct str url_of(struct setup *s, const json_t *server)
{
    static const struct {
        const char *protocol, *direct, *starttls;
        uint16_t direct_port, starttls_port;
    } rows[] = {
        { "imap", "imaps", "imap", 993, 143 },
        { "pop3", "pop3s", "pop3", 995, 110 },
        { "smtp", "smtps", "smtp", 465, 587 },
    };
    struct buf out = BUF_INIT(WRITE_VALUE_MAX);
    bool direct = str_eqc(jline_text(server, "tls"), "direct");
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_eqc(jline_text(server, "protocol"), rows[i].protocol))
            write_url(&out, direct ? rows[i].direct : rows[i].starttls, jline_text(server, "user"),
                      jline_text(server, "host"), (uint16_t)jline_number(server, "port"),
                      direct ? rows[i].direct_port : rows[i].starttls_port);
    struct str url = arena_str(s->arena, buf_str(&out));
    buf_free(&out);
    return url;
}

void setup_keys(struct setup *s)
{
    const char *address =
        s->name.n > 0 ? arena_fmt(s->arena, "%.*s <%.*s>", STR_ARG(s->name), STR_ARG(s->address))
                      : s->address.p;
    struct write_key known[SETUP_KEYS_MAX]; /* since the login; they are read last */
    size_t n = s->keys_n;
    memcpy(known, s->keys, n * sizeof *known);
    s->keys_n = 0;
    setup_key(s, "address", str_c(address), false);
    setup_key(s, "receive", url_of(s, s->receive), false);
    setup_key(s, "send", url_of(s, s->send), false);
    for (size_t i = 0; i < n; i++)
        setup_key(s, known[i].key, known[i].value, known[i].secret);
    setup_key(s, "tls-pin", s->pin, false);
}

/* Named after the provider's or the domain's first word. */
static int name_account(struct setup *s, struct error *err)
{
    struct str domain = str_skip(s->address, str_rfind(s->address, '@') + 1);
    struct config *c = &s->c->config;
    if (!s->c->config_loaded) {
        if (config_load(c, s->c->config_path, err) == 0)
            s->c->config_loaded = true;
        else if (err->code != ERR_NOINPUT || err->sys != ENOENT)
            return -1; /* a mistake in it: said now, not when all is typed */
    }
    write_name(s->c->config_loaded ? c : NULL, str_head(domain, str_find(domain, '.')),
               &s->account);
    return 0;
}

/* The configuration is another one now. */
static void forget_config(struct cli *c)
{
    if (c->config_loaded)
        config_free(&c->config);
    c->config_loaded = false;
}

static int ask_to_write(struct setup *s, struct error *err)
{
    struct buf text = BUF_INIT(64 << 10);
    const char *path = s->c->config_path, *keeper = setup_keeper(s);
    const char *question =
        keeper == NULL
            ? arena_fmt(s->arena, _("Write this into %s?"), path)
            : arena_fmt(s->arena, _("Write this into %s, and the password into %s?"), path, keeper);
    bool yes = false;
    write_section(&text, buf_c(&s->account), s->keys, s->keys_n, true);
    tty_say(s->tty, "\n%s", buf_c(&text));
    buf_free(&text);
    int rc = tty_ask_yes(s->tty, str_c(question), true, &yes, err);
    return rc == 0 && !yes ? 1 : rc;
}

/* Nothing is stored anywhere before the person has seen all of it and said yes. */
static int write_it(struct setup *s, struct error *err)
{
    size_t known = s->keys_n;
    int rc, stored = 1;
    do {
        s->keys_n = known;
        rc = setup_keep(s, err);
        if (rc == 0)
            rc = ask_to_write(s, err);
        if (rc == 0)
            stored = setup_store(s, err);
    } while (rc == 0 && stored == 1);
    if (rc != 0 || stored != 0)
        return rc != 0 ? rc : -1;
    rc = write_account(s->c->config_path, buf_c(&s->account), s->keys, s->keys_n, err);
    if (rc != 0) {
        setup_unstore(s);
        return rc;
    }
    forget_config(s->c);
    tty_say(s->tty, _("Done. tmail opens the mail; tmail --help says what else there is."));
    return 0;
}

/* ------------------------------------------------------------------ the whole */

static int steps(struct setup *s, const char *address, struct error *err)
{
    int rc = setup_who(s, address, err);
    if (rc == 0)
        rc = name_account(s, err);
    if (rc == 0)
        rc = setup_servers(s, err);
    if (rc == 0)
        rc = setup_look(s, err);
    if (rc == 0)
        rc = setup_login(s, err);
    if (rc == 0)
        setup_keys(s);
    return rc == 0 ? write_it(s, err) : rc;
}

/* What the person had in mutt. */
static int read_muttrc(struct setup *s, const char *path, struct error *err)
{
    struct buf text = BUF_INIT(MUTTRC_FILE_MAX);
    int rc = file_read(path, &text, err);
    if (rc == 0)
        muttrc_read(s->arena, buf_str(&text), &s->mutt);
    if (rc == 0 && s->mutt.rest.n > 0)
        tty_say(s->tty, _("Nothing in %s is executed. Not taken over: %.*s."), path,
                STR_ARG(s->mutt.rest));
    buf_wipe(&text);
    return rc;
}

int setup_run(struct cli *c, const struct setup_options *o, struct error *err)
{
    struct setup s;
    int rc = -1;
    if (c->offline)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("setup needs the network: leave out --offline"));
    setup_init(&s, c);
    s.directory = !o->no_directory;
    s.way = o->way;
    s.tty = tty_open();
    if (s.tty < 0)
        error_set(err, ERR_USAGE, RETRY_NEVER,
                  _("setup asks questions and needs a terminal; man tmailrc has the four lines"));
    else if (o->muttrc == NULL || read_muttrc(&s, o->muttrc, err) == 0)
        rc = steps(&s, o->address, err);
    if (rc == 1)
        tty_say(s.tty, _("Nothing was written."));
    setup_clear(&s);
    return rc;
}

int setup_greet(struct cli *c, struct error *err)
{
    struct buf answer = BUF_INIT(TTY_LINE_MAX);
    int tty = tty_open(), rc = -1;
    if (tty < 0) {
        error_sys(err, _("cannot read the terminal"));
    } else {
        tty_say(tty, _("Welcome to tmail. There is no account yet."));
        rc =
            tty_ask(tty, str_c(_("Your e-mail address, or Enter for a demonstration (^C leaves):")),
                    false, &answer, err);
        close(tty);
    }
    if (rc == 0)
        rc = answer.len == 0
                 ? SETUP_DEMO
                 : setup_run(c, &(struct setup_options){ .address = buf_c(&answer) }, err);
    buf_free(&answer);
    return rc;
}

static bool is_way(struct str s)
{
    return str_eqc(s, "device") || str_eqc(s, "browser") || str_eqc(s, "paste");
}

static int setup_command(struct cli *c, int argc, char **argv, struct error *err)
{
    static const struct option options[] = { { "no-directory", no_argument, NULL, 'd' },
                                             { "from-muttrc", required_argument, NULL, 'm' },
                                             { "sign-in", required_argument, NULL, 's' },
                                             { "way", required_argument, NULL, 'w' },
                                             { NULL, 0, NULL, 0 } };
    struct setup_options so = { 0 };
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'd')
            so.no_directory = true;
        else if (o == 'm')
            so.muttrc = optarg;
        else if (o == 's')
            so.sign_in = optarg;
        else if (o == 'w' && is_way(str_c(optarg)))
            so.way = optarg;
        else
            return -2;
    }
    if (argc - optind > 1 || (so.sign_in != NULL && argc > optind))
        return -2;
    if (so.sign_in != NULL)
        return signin_account(c, so.sign_in, so.way, err);
    so.address = argv[optind];
    return setup_run(c, &so, err);
}

int sub_setup(struct cli *c, int argc, char **argv)
{
    struct error err;
    int rc = setup_command(c, argc, argv, &err);
    if (rc == -2)
        return cli_usage(cli_find(STR("setup")));
    if (rc == 1)
        return CLI_NOTHING;
    return rc == 0 ? EX_OK : cli_fail(&err);
}
