/* SPDX-License-Identifier: MIT */
/* options.h - what the command line of tmaild says, and the questions about users and domains
 * that it answers. Never changes once the first thread runs.
 * Must not know: sockets, files. */
#ifndef TMAIL_SERVER_OPTIONS_H
#define TMAIL_SERVER_OPTIONS_H

#include <stdint.h>

#include "base/buf.h"
#include "server/network.h"

enum {
    PORT_OFF = -1,
    OPTIONS_USERS_MAX = 1000,
    OPTIONS_TOKENS_MAX = 100,
    OPTIONS_FAULTS_MAX = 200,
    OPTIONS_DOMAINS_MAX = 100,
    OPTIONS_ALLOW_MAX = 20,
    OPTIONS_NETWORKS_MAX = 100
};
/* Those whose name ends in s are TLS from the first byte on; LMTP is off unless asked for. */
enum server_port {
    PORT_SMTP,
    PORT_SUBMISSION,
    PORT_SUBMISSIONS,
    PORT_LMTP,
    PORT_POP3,
    PORT_POP3S,
    PORT_IMAP,
    PORT_IMAPS,
    SERVER_PORTS
};
/* What --limit sets; the table in options_limit.c has names, defaults and bounds. */
struct server_limits {
    uint64_t connections, per_address; /* per_address: of one address that is not the loopback */
    uint64_t message;                  /* bytes */
    uint64_t recipients;
    uint64_t rate;   /* messages of a client in a minute; 0: any number */
    uint64_t errors; /* of a session before it is ended */
    uint64_t login_s, command_s, idle_s, write_s;
    uint64_t connect_s, reply_s, dot_s, dns_s, agent_s; /* of our own connections to others */
    uint64_t queue;                                     /* messages in it */
    uint64_t queue_workers; /* attempts at a time; to one destination: */
    uint64_t destination;
};

struct server_user {
    char *name, *password;
};
struct server_options {
    char *config, *root, *listen, *port_file, *log, *host, *copy_to; /* NULL: not given */
    char *tls_cert, *tls_key;                                        /* tls_cert "none": no TLS */
    char *domains[OPTIONS_DOMAINS_MAX];
    size_t domains_n;
    struct server_user users[OPTIONS_USERS_MAX];
    size_t users_n;
    struct server_user tokens[OPTIONS_TOKENS_MAX]; /* the password is a bearer token */
    size_t tokens_n;
    char *faults[OPTIONS_FAULTS_MAX]; /* rules that faults_rule_read takes */
    size_t faults_n;
    int ports[SERVER_PORTS]; /* 0: any free one */
    struct server_limits limits;
    uint64_t quota; /* bytes of mail of an account; 0: any number */
    struct network relay_from[OPTIONS_NETWORKS_MAX];
    size_t relay_from_n;
    char *dns, *relay, *relay_ca, *agent; /* relay.h, agent.h; NULL: not given */
    struct server_user relay_login;       /* at the smart host; name NULL: none */
    int mx_port;
    int64_t retry_s, warn_s, give_up_s; /* of the queue */
    int backoff;                        /* in hundredths */
    bool virtual_clock;
    bool accept_any, trace, vrfy;
    char *run_as, *allow[OPTIONS_ALLOW_MAX]; /* allow: folders beside the root */
    size_t allow_n;
    bool no_confine;
    bool help, limit_help, fault_help, personality_help, version;
};

extern const char *const server_port_names[SERVER_PORTS];

/* One row for each option of the command line and the file; in the table of options.c. */
struct option_row {
    const char *name, *argument; /* argument NULL: a switch */
    const char *help;            /* lines after the first are indented by options_usage */
    /* value is the argument, "" for a switch; secrets may be overwritten in it. 0; -1 with ERR_USAGE.
     */
    int (*set)(struct server_options *o, const struct option_row *row, char *value,
               struct error *err);
    size_t where; /* offset in struct server_options, for the setters that many share */
    int id;       /* a number that the setter knows */
    bool repeats, secret, line_only; /* secret: not in a file that others may read */
};
extern const struct option_row option_rows[];
extern const size_t option_rows_n;

/* The defaults, --limit NAME=N, and what --limit help would list: "name default help" lines. */
void options_limits_default(struct server_limits *l);
int options_limit_set(struct server_limits *l, const char *value, struct error *err) MUST_CHECK;
void options_limits_usage(struct buf *out);

/* "90s", "15m", "4h", "5d", or seconds. */
int options_duration(const char *text, int64_t *seconds, struct error *err) MUST_CHECK;
/* Reads the command line, which wins, and the file of its --config over the defaults. 0; -1 with
 * ERR_USAGE, ERR_CONFIG with file and line, ERR_NOINPUT. Fresh *o in either case: options_free it. */
int options_read(struct server_options *o, int argc, char **argv, struct error *err) MUST_CHECK;
void options_usage(struct buf *out);
void options_free(struct server_options *o);

/* True if whoever has this address may send mail to elsewhere without a login (--relay-from). */
bool options_may_relay(const struct server_options *o, const char *address);
bool options_domain_is_local(const struct server_options *o, struct str domain);
enum rcpt_kind { RCPT_LOCAL, RCPT_UNKNOWN, RCPT_BAD_NAME, RCPT_ELSEWHERE };
/* Who gets mail for local@domain; the account's name is appended to account for RCPT_LOCAL. */
enum rcpt_kind options_rcpt(const struct server_options *o, struct str local, struct str domain,
                            struct buf *account);

#endif
