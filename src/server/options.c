/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "net/dns.h"
#include "server/agent.h"
#include "server/limits.h"
#include "server/faults.h"
#include "server/names.h"
#include "server/relay.h"
#include "base/banned.h"

const char *const server_port_names[SERVER_PORTS] = {
    [PORT_SMTP] = "smtp",
    [PORT_SUBMISSION] = "submission",
    [PORT_SUBMISSIONS] = "submissions",
    [PORT_LMTP] = "lmtp",
    [PORT_POP3] = "pop3",
    [PORT_POP3S] = "pop3s",
    [PORT_IMAP] = "imap",
    [PORT_IMAPS] = "imaps",
};
static int set_text(char **where, const char *value)
{
    free(*where);
    *where = xstrdup(value);
    return 0;
}

static int text_take(struct server_options *o, const struct option_row *row, char *value,
                     struct error *err)
{
    (void)err;
    return set_text((char **)((char *)o + row->where), value);
}

int options_duration(const char *text, int64_t *seconds, struct error *err)
{
    enum { TEN_YEARS = 3650 * 86400 };
    static const struct {
        const char *unit;
        unsigned seconds;
    } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    struct str s = str_c(text);
    uint64_t n;
    if (str_u64(&s, &n) == 0)
        for (size_t i = 0; i < COUNT(units); i++)
            if (str_eqc(s, units[i].unit) && n <= TEN_YEARS / units[i].seconds) {
                *seconds = (int64_t)(n * units[i].seconds);
                return 0;
            }
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is no time (such as 90s, 15m, 4h, 5d)"),
                     text);
}

static int duration_take(struct server_options *o, const struct option_row *row, char *value,
                         struct error *err)
{
    return options_duration(value, (int64_t *)(void *)((char *)o + row->where), err);
}

/* "2" or "1.5" */
static int backoff_take(struct server_options *o, const struct option_row *row, char *value,
                        struct error *err)
{
    struct str s = str_c(value);
    uint64_t whole;
    uint64_t part = 0;
    (void)row;
    int rc = str_u64(&s, &whole);
    if (rc == 0 && str_lit(&s, ".") == 0) {
        size_t digits = s.n;
        rc = digits > 0 && digits <= 2 ? str_u64(&s, &part) : -1;
        part *= digits == 1 ? 10 : 1;
    }
    if (rc != 0 || s.n != 0 || whole < 1 || whole > 100)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--backoff needs a factor from 1 to 100"));
    o->backoff = (int)(whole * 100 + part);
    return 0;
}

static int switch_take(struct server_options *o, const struct option_row *row, char *value,
                       struct error *err)
{
    (void)value;
    (void)err;
    *(bool *)((char *)o + row->where) = true;
    return 0;
}

static int port_take(struct server_options *o, const struct option_row *row, char *value,
                     struct error *err)
{
    struct str s = str_c(value);
    uint64_t n;
    if (str_eqc(s, "none")) {
        o->ports[row->id] = PORT_OFF;
        return 0;
    }
    if (str_u64(&s, &n) != 0 || s.n != 0 || n > 65535)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is not a port (0 to 65535, or none)"),
                         value);
    o->ports[row->id] = (int)n;
    return 0;
}

static int quota_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    struct str s = str_c(value);
    (void)row;
    return str_u64(&s, &o->quota) == 0 && s.n == 0
               ? 0
               : error_set(err, ERR_USAGE, RETRY_NEVER, _("--quota %s is not a number of bytes"),
                           value);
}

static int limit_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    (void)row;
    o->limit_help = str_eqc(str_c(value), "help");
    return o->limit_help ? 0 : options_limit_set(&o->limits, value, err);
}

static int mx_port_take(struct server_options *o, const struct option_row *row, char *value,
                        struct error *err)
{
    struct str s = str_c(value);
    uint64_t n;
    (void)row;
    if (str_u64(&s, &n) != 0 || s.n != 0 || n < 1 || n > 65535)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is not a port (1 to 65535)"), value);
    o->mx_port = (int)n;
    return 0;
}

static int dns_take(struct server_options *o, const struct option_row *row, char *value,
                    struct error *err)
{
    (void)row;
    return dns_servers_check(value, err) != 0 ? -1 : set_text(&o->dns, value);
}

static int relay_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    struct relay_host host;
    (void)row;
    return relay_host_read(value, &host, err) != 0 ? -1 : set_text(&o->relay, value);
}

static int relay_login_take(struct server_options *o, const struct option_row *row, char *value,
                            struct error *err)
{
    struct str password = str_c(value), name;
    (void)row;
    if (o->relay_login.name != NULL || str_until(&password, ':', &name) != 0 || name.n == 0 ||
        !str_is_line(str_c(value)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--relay-login needs NAME:PASSWORD"));
    o->relay_login = (struct server_user){ .name = xmemdup0(name.p, name.n),
                                           .password = xmemdup0(password.p, password.n) };
    memset(value + name.n + 1, '*', password.n);
    return 0;
}

static int agent_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    (void)row;
    return agent_check(value, err) != 0 ? -1 : set_text(&o->agent, value);
}

static char *lowered(struct str s)
{
    char *copy = xmemdup0(s.p, s.n);
    for (char *c = copy; *c != '\0'; c++)
        *c = ascii_lower(*c);
    return copy;
}

enum { DOMAIN_MAX = 255 };

/* A name, in UTF-8 as well, or an address in brackets; no list of them. */
static bool domain_ok(struct str s)
{
    const struct str never = STR("@<>(),;\"'/\\");
    bool label = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == 0x7f || str_find(never, (char)c) < never.n || (c == '.' && !label))
            return false;
        label = c != '.';
    }
    return label && s.n <= DOMAIN_MAX;
}

static int domain_take(struct server_options *o, const struct option_row *row, char *value,
                       struct error *err)
{
    (void)row;
    if (o->domains_n == OPTIONS_DOMAINS_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--domain: %d are the most"),
                         (int)OPTIONS_DOMAINS_MAX);
    if (!domain_ok(str_c(value)))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("--domain \"%s\" is not the name of a domain (one for each --domain)"),
                         value);
    o->domains[o->domains_n++] = lowered(str_c(value));
    return 0;
}

/* NAME:SECRET, the secret out of the list of processes as far as that goes. */
static int user_add(struct server_user *users, size_t *n, size_t max, char *value)
{
    struct str password = str_c(value);
    struct str name;
    if (str_until(&password, ':', &name) != 0 || !name_level_ok(name) || *n == max)
        return -1;
    users[(*n)++] =
        (struct server_user){ .name = lowered(name), .password = xmemdup0(password.p, password.n) };
    memset(value + name.n + 1, '*', password.n);
    return 0;
}

static int user_take(struct server_options *o, const struct option_row *row, char *value,
                     struct error *err)
{
    (void)row;
    if (user_add(o->users, &o->users_n, OPTIONS_USERS_MAX, value) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--user needs NAME:PASSWORD"));
    return 0;
}

static int token_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    (void)row;
    if (user_add(o->tokens, &o->tokens_n, OPTIONS_TOKENS_MAX, value) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--oauth-token needs NAME:TOKEN"));
    return 0;
}

static int network_take(struct server_options *o, const struct option_row *row, char *value,
                        struct error *err)
{
    (void)row;
    if (o->relay_from_n == OPTIONS_NETWORKS_MAX ||
        network_read(value, &o->relay_from[o->relay_from_n]) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("--relay-from %s is not a network (192.0.2.0/24, 2001:db8::/32)"),
                         value);
    o->relay_from_n++;
    return 0;
}

static int allow_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    (void)row;
    if (o->allow_n == OPTIONS_ALLOW_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--allow %s cannot be used"), value);
    o->allow[o->allow_n++] = xstrdup(value);
    return 0;
}

static int fault_add(struct server_options *o, const char *spec, struct error *err)
{
    struct faults_rule rule;
    if (faults_rule_read(str_c(spec), &rule, err) != 0)
        return -1;
    if (o->faults_n == OPTIONS_FAULTS_MAX)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there are %d faults already"),
                         (int)OPTIONS_FAULTS_MAX);
    o->faults[o->faults_n++] = xstrdup(spec);
    return 0;
}

static int fault_take(struct server_options *o, const struct option_row *row, char *value,
                      struct error *err)
{
    (void)row;
    if (!str_eqc(str_c(value), "help"))
        return fault_add(o, value, err);
    o->fault_help = true;
    return 0;
}

static int personality_take(struct server_options *o, const struct option_row *row, char *value,
                            struct error *err)
{
    struct str name = str_c(value);
    const char *rule;
    (void)row;
    if (str_eqc(name, "help")) {
        o->personality_help = true;
        return 0;
    }
    if (faults_personality(name, 0) == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--personality %s: see --personality help"),
                         value);
    for (size_t i = 0; (rule = faults_personality(name, i)) != NULL; i++)
        if (fault_add(o, rule, err) != 0)
            return -1;
    return 0;
}

static int copy_take(struct server_options *o, const struct option_row *row, char *value,
                     struct error *err)
{
    (void)row;
    if (!name_level_ok(str_c(value)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--copy-to %s cannot be used"), value);
    return set_text(&o->copy_to, value);
}

#define TEXT(field) .set = text_take, .where = offsetof(struct server_options, field)
#define SWITCH(field) .set = switch_take, .where = offsetof(struct server_options, field)
#define DURATION(field) .set = duration_take, .where = offsetof(struct server_options, field)
#define PORT(number) "PORT", .set = port_take, .id = (number)

const struct option_row option_rows[] = {
    { "config", "FILE", N_("settings are in this file, too: [server], name = \"value\""),
      .line_only = true, TEXT(config) },
    { "root", "DIR", N_("where the mail is kept (default: ./tmaild)"), TEXT(root) },
    { "listen", "ADDR", N_("address to listen on (default: 127.0.0.1)"), TEXT(listen) },
    { "domain", "NAME", N_("accept mail for this domain; may be repeated"), .repeats = true,
      .set = domain_take },
    { "smtp", PORT(PORT_SMTP),
      .help = N_("25 for root, 2525 for others; 0: any free port; none: off") },
    { "submission", PORT(PORT_SUBMISSION), .help = N_("587 or 2587") },
    { "submissions", PORT(PORT_SUBMISSIONS),
      .help = N_("465 or 2465, TLS from the first byte on") },
    { "lmtp", PORT(PORT_LMTP), .help = N_("off unless given") },
    { "pop3", PORT(PORT_POP3), .help = N_("110 or 2110") },
    { "pop3s", PORT(PORT_POP3S), .help = N_("995 or 2995, TLS from the first byte on") },
    { "imap", PORT(PORT_IMAP), .help = N_("143 or 2143") },
    { "imaps", PORT(PORT_IMAPS), .help = N_("993 or 2993, TLS from the first byte on") },
    { "tls-cert", "FILE",
      N_("certificate and those of its CAs, PEM; none: no TLS;\nwithout it one is made in DIR/tls"),
      TEXT(tls_cert) },
    { "tls-key", "FILE", N_("its private key, PEM (default: the file of --tls-cert)"),
      TEXT(tls_key) },
    { "port-file", "FILE",
      N_("write \"name port\" lines once all are open; ports that\nare not given are any free ones "
         "then"),
      TEXT(port_file) },
    { "user", "NAME:PASSWORD", N_("an account; may be repeated"), .repeats = true, .secret = true,
      .set = user_take },
    { "oauth-token", "NAME:TOKEN", N_("a bearer token of an account; may be repeated"),
      .repeats = true, .secret = true, .set = token_take },
    { "relay-from", "NETWORK",
      N_("send mail on to elsewhere for these clients without a\nlogin; may be repeated (default: "
         "for nobody)"),
      .repeats = true, .set = network_take },
    { "quota", "BYTES", N_("how much mail an account may keep (default: any)"), .set = quota_take },
    { "vrfy", NULL, N_("VRFY tells who has an account"), SWITCH(vrfy) },
    { "agent", "WHAT",
      N_("who keeps the mail of accounts: mbox (the default),\nmaildir:PATH, command:WORDS, "
         "lmtp:HOST:PORT, lmtp:/PATH;\n{account} in PATH and WORDS is the account's name"),
      .set = agent_take },
    { "relay", "HOST:PORT",
      N_("mail for elsewhere goes to this server; smtp://HOST:PORT\nand smtps://HOST:PORT insist "
         "on "
         "TLS"),
      .set = relay_take },
    { "relay-login", "NAME:PASSWORD", N_("the login at that server"), .secret = true,
      .set = relay_login_take },
    { "relay-ca", "FILE", N_("a CA to trust for its certificate, besides the system's"),
      TEXT(relay_ca) },
    { "dns", "ADDR:PORT", N_("ask this DNS server instead of the system's"), .set = dns_take },
    { "mx-port", "PORT", N_("where mail servers listen (default: 25; for tests)"),
      .set = mx_port_take },
    { "retry", "TIME", N_("until the next try of what could not be sent (default: 15m)"),
      DURATION(retry_s) },
    { "backoff", "FACTOR", N_("each wait is so many times the one before (default: 1)"),
      .set = backoff_take },
    { "warn", "TIME", N_("until the sender hears that it takes long (default: 4h)"),
      DURATION(warn_s) },
    { "give-up", "TIME", N_("until the mail is returned to its sender (default: 5d)"),
      DURATION(give_up_s) },
    { "virtual-clock", NULL,
      N_("a clock for mail and queue that \"tmaild clock advance 4h\" moves,\nand nothing else "
         "(for "
         "tests)"),
      SWITCH(virtual_clock) },
    { "limit", "NAME=N", N_("may be repeated; --limit help lists them"), .repeats = true,
      .set = limit_take },
    { "log", "FILE", N_("write the log there instead of standard error"), TEXT(log) },
    { "run-as", "USER",
      N_("who to be once the ports are open (default for root with\nports below 1024: tmaild)"),
      TEXT(run_as) },
    { "allow", "DIR", N_("a folder beside DIR that may be used; may be repeated"), .repeats = true,
      .set = allow_take },
    { "no-confine", NULL, N_("may use all folders, as far as the user may"), SWITCH(no_confine) },
    { "trace", NULL, N_("log the dialogue of each connection"), SWITCH(trace) },
    { "accept-any", NULL, N_("any recipient exists, any login holds (for tests)"),
      SWITCH(accept_any) },
    { "fault", "RULE", N_("what goes wrong (for tests); --fault help lists it"),
      .set = fault_take },
    { "personality", "NAME", N_("the quirks of a known server; --personality help"),
      .set = personality_take },
    { "copy-to", "NAME", N_("an account that gets a copy of all mail (for tests)"),
      .set = copy_take },
    { "help", NULL, NULL, .line_only = true, SWITCH(help) },
    { "version", NULL, NULL, .line_only = true, SWITCH(version) },
};

const size_t option_rows_n = COUNT(option_rows);

static void users_free(struct server_user *users, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        explicit_bzero(users[i].password, strlen(users[i].password));
        free(users[i].password);
        free(users[i].name);
    }
}

void options_free(struct server_options *o)
{
    for (size_t i = 0; i < o->domains_n; i++)
        free(o->domains[i]);
    users_free(o->users, o->users_n);
    users_free(o->tokens, o->tokens_n);
    for (size_t i = 0; i < o->faults_n; i++)
        free(o->faults[i]);
    users_free(&o->relay_login, o->relay_login.name != NULL);
    for (size_t i = 0; i < o->allow_n; i++)
        free(o->allow[i]);
    free(o->run_as);
    free(o->config);
    free(o->root);
    free(o->listen);
    free(o->port_file);
    free(o->log);
    free(o->host);
    free(o->copy_to);
    free(o->tls_cert);
    free(o->tls_key);
    free(o->dns);
    free(o->relay);
    free(o->relay_ca);
    free(o->agent);
    *o = (struct server_options){ 0 };
}

bool options_may_relay(const struct server_options *o, const char *address)
{
    for (size_t i = 0; i < o->relay_from_n; i++)
        if (network_has(&o->relay_from[i], address))
            return true;
    return false;
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
