/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "server/names.h"
#include "base/banned.h"

const char *const server_port_names[SERVER_PORTS] = { "smtp", "submission", "imap", "pop3" };
static const int default_ports[SERVER_PORTS] = { 2525, 2587, 2143, 2110 };
enum { POP3_PORT_OF_ROOT = 110 };

enum option_id {
    OPT_ROOT = 256,
    OPT_LISTEN,
    OPT_DOMAIN,
    OPT_SMTP,
    OPT_SUBMISSION,
    OPT_IMAP,
    OPT_POP3,
    OPT_PORT_FILE,
    OPT_USER,
    OPT_ACCEPT_ANY,
    OPT_COPY_TO,
    OPT_LOG,
    OPT_TRACE,
    OPT_HELP,
    OPT_VERSION
};
static const struct option long_options[] = {
    { "root", required_argument, NULL, OPT_ROOT },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "domain", required_argument, NULL, OPT_DOMAIN },
    { "smtp", required_argument, NULL, OPT_SMTP },
    { "submission", required_argument, NULL, OPT_SUBMISSION },
    { "imap", required_argument, NULL, OPT_IMAP },
    { "pop3", required_argument, NULL, OPT_POP3 },
    { "port-file", required_argument, NULL, OPT_PORT_FILE },
    { "user", required_argument, NULL, OPT_USER },
    { "accept-any", no_argument, NULL, OPT_ACCEPT_ANY },
    { "copy-to", required_argument, NULL, OPT_COPY_TO },
    { "log", required_argument, NULL, OPT_LOG },
    { "trace", no_argument, NULL, OPT_TRACE },
    { "help", no_argument, NULL, OPT_HELP },
    { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

void options_usage(struct buf *out)
{
    buf_adds(out, _("Usage: tmaild [OPTION]...\n"
                    "A mail server: SMTP, IMAP and POP3 on plain mbox files.\n\n"
                    "  --root DIR            where the mail is kept (default: ./tmaild)\n"
                    "  --listen ADDR         address to listen on (default: 127.0.0.1)\n"
                    "  --domain NAME         accept mail for this domain; may be repeated\n"
                    "  --smtp PORT           default 2525; 0: any free port; none: off\n"
                    "  --submission PORT     default 2587\n"
                    "  --imap PORT           default 2143\n"
                    "  --pop3 PORT           default 110 for root, 2110 for others\n"
                    "  --port-file FILE      write \"name port\" lines once all are open\n"
                    "  --user NAME:PASSWORD  an account; may be repeated\n"
                    "  --accept-any          any recipient exists, any login holds (for tests)\n"
                    "  --copy-to NAME        an account that gets a copy of all mail (for tests)\n"
                    "  --log FILE            write the log there instead of standard error\n"
                    "  --trace               log the dialogue of each connection\n"
                    "  --help, --version\n"));
}

static int set_text(char **where, const char *value)
{
    free(*where);
    *where = xstrdup(value);
    return 0;
}

static int set_port(int *port, const char *value, struct error *err)
{
    struct str s = str_c(value);
    uint64_t n;
    if (str_eqc(s, "none")) {
        *port = PORT_OFF;
        return 0;
    }
    if (str_u64(&s, &n) != 0 || s.n != 0 || n > 65535)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is not a port (0 to 65535, or none)"),
                         value);
    *port = (int)n;
    return 0;
}

static char *lowered(struct str s)
{
    char *copy = xmemdup0(s.p, s.n);
    for (char *c = copy; *c != '\0'; c++)
        *c = ascii_lower(*c);
    return copy;
}

static int add_domain(struct server_options *o, const char *value, struct error *err)
{
    if (value[0] == '\0' || !str_is_line(str_c(value)) || o->domains_n == OPTIONS_DOMAINS_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--domain %s cannot be used"), value);
    o->domains[o->domains_n++] = lowered(str_c(value));
    return 0;
}

static int add_user(struct server_options *o, char *value, struct error *err)
{
    struct str password = str_c(value);
    struct str name;
    int rc = str_until(&password, ':', &name);
    /* Out of the list of processes, as far as that goes. */
    if (rc != 0 || !name_level_ok(name) || o->users_n == OPTIONS_USERS_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--user needs NAME:PASSWORD"));
    o->users[o->users_n++] =
        (struct server_user){ .name = lowered(name), .password = xmemdup0(password.p, password.n) };
    memset(value + name.n + 1, '*', password.n);
    return 0;
}

static int option_take(struct server_options *o, int id, struct error *err)
{
    switch (id) {
    case OPT_ROOT:
        return set_text(&o->root, optarg);
    case OPT_LISTEN:
        return set_text(&o->listen, optarg);
    case OPT_DOMAIN:
        return add_domain(o, optarg, err);
    case OPT_SMTP:
        return set_port(&o->ports[PORT_SMTP], optarg, err);
    case OPT_SUBMISSION:
        return set_port(&o->ports[PORT_SUBMISSION], optarg, err);
    case OPT_IMAP:
        return set_port(&o->ports[PORT_IMAP], optarg, err);
    case OPT_POP3:
        return set_port(&o->ports[PORT_POP3], optarg, err);
    case OPT_PORT_FILE:
        return set_text(&o->port_file, optarg);
    case OPT_USER:
        return add_user(o, optarg, err);
    case OPT_COPY_TO:
        if (!name_level_ok(str_c(optarg)))
            return error_set(err, ERR_USAGE, RETRY_NEVER, _("--copy-to %s cannot be used"), optarg);
        return set_text(&o->copy_to, optarg);
    case OPT_LOG:
        return set_text(&o->log, optarg);
    case OPT_ACCEPT_ANY:
        o->accept_any = true;
        return 0;
    case OPT_TRACE:
        o->trace = true;
        return 0;
    case OPT_HELP:
        o->help = true;
        return 0;
    case OPT_VERSION:
        o->version = true;
        return 0;
    default:
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("see tmaild --help"));
    }
}

static void host_find(struct server_options *o)
{
    char host[256] = "";
    if (o->domains_n > 0)
        set_text(&o->host, o->domains[0]);
    else if (gethostname(host, sizeof host - 1) == 0 && host[0] != '\0')
        set_text(&o->host, host);
    else
        set_text(&o->host, "localhost");
    if (o->domains_n == 0)
        o->domains[o->domains_n++] = lowered(str_c(o->host));
}

int options_read(struct server_options *o, int argc, char **argv, struct error *err)
{
    int id;
    *o = (struct server_options){ 0 };
    set_text(&o->root, "tmaild");
    set_text(&o->listen, "127.0.0.1");
    memcpy(o->ports, default_ports, sizeof o->ports);
    if (geteuid() == 0)
        o->ports[PORT_POP3] = POP3_PORT_OF_ROOT;
    optind = 1;
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        if (option_take(o, id, err) != 0)
            return -1;
    if (optind < argc)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is not an option of tmaild"),
                         argv[optind]);
    host_find(o);
    return 0;
}

void options_free(struct server_options *o)
{
    for (size_t i = 0; i < o->domains_n; i++)
        free(o->domains[i]);
    for (size_t i = 0; i < o->users_n; i++) {
        explicit_bzero(o->users[i].password, strlen(o->users[i].password));
        free(o->users[i].password);
        free(o->users[i].name);
    }
    free(o->root);
    free(o->listen);
    free(o->port_file);
    free(o->log);
    free(o->host);
    free(o->copy_to);
    *o = (struct server_options){ 0 };
}

bool options_domain_is_local(const struct server_options *o, struct str domain)
{
    if (o->accept_any || domain.n == 0 || str_ieqc(domain, "localhost") ||
        str_ieqc(domain, o->host))
        return true;
    for (size_t i = 0; i < o->domains_n; i++)
        if (str_ieqc(domain, o->domains[i]))
            return true;
    return false;
}

static const struct server_user *user_find(const struct server_options *o, struct str name)
{
    for (size_t i = 0; i < o->users_n; i++)
        if (str_ieqc(name, o->users[i].name))
            return &o->users[i];
    return NULL;
}

static void add_lowered(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, ascii_lower(s.p[i]));
}

enum rcpt_kind options_rcpt(const struct server_options *o, struct str local, struct str domain,
                            struct buf *account)
{
    if (!options_domain_is_local(o, domain))
        return RCPT_ELSEWHERE;
    if (!name_level_ok(local))
        return RCPT_BAD_NAME;
    const struct server_user *u = user_find(o, local);
    /* RFC 5321 §4.5.1: there is always somebody who reads postmaster's mail. */
    if (u == NULL && o->users_n > 0 && str_ieqc(local, "postmaster"))
        u = &o->users[0];
    if (u == NULL && !o->accept_any)
        return RCPT_UNKNOWN;
    add_lowered(account, u != NULL ? str_c(u->name) : local);
    return RCPT_LOCAL;
}

/* Looks at every byte of given, whatever differs. */
static bool same_secret(struct str given, struct str want)
{
    unsigned diff = given.n != want.n;
    for (size_t i = 0; i < given.n; i++)
        diff |= (unsigned char)given.p[i] ^ (unsigned char)want.p[want.n > 0 ? i % want.n : 0];
    return diff == 0 && want.n == given.n;
}

bool options_login(const struct server_options *o, struct str name, struct str password,
                   struct buf *account)
{
    size_t at = str_rfind(name, '@');
    if (at < name.n && options_domain_is_local(o, str_skip(name, at + 1)))
        name = str_head(name, at);
    const struct server_user *u = user_find(o, name);
    bool same = same_secret(password, u != NULL ? str_c(u->password) : STR("no such user"));
    if (!o->accept_any && (u == NULL || !same))
        return false;
    if (!name_level_ok(name))
        return false;
    add_lowered(account, name);
    return true;
}
