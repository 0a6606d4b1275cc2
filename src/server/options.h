/* SPDX-License-Identifier: MIT */
/* options.h - what the command line of tmaild says, and the questions about users and domains
 * that it answers. Never changes once the first thread runs.
 * Must not know: sockets, files. */
#ifndef TMAIL_SERVER_OPTIONS_H
#define TMAIL_SERVER_OPTIONS_H

#include "base/buf.h"

enum { PORT_OFF = -1, OPTIONS_USERS_MAX = 1000, OPTIONS_DOMAINS_MAX = 100 };
enum server_port { PORT_SMTP, PORT_SUBMISSION, PORT_IMAP, PORT_POP3, SERVER_PORTS };

struct server_user {
    char *name, *password;
};
struct server_options {
    char *root, *listen, *port_file, *log, *host, *copy_to; /* NULL: not given */
    char *domains[OPTIONS_DOMAINS_MAX];
    size_t domains_n;
    struct server_user users[OPTIONS_USERS_MAX];
    size_t users_n;
    int ports[SERVER_PORTS]; /* 0: any free one */
    bool accept_any, trace;
    bool help, version;
};

extern const char *const server_port_names[SERVER_PORTS];

/* Reads the command line over the defaults. 0; -1 with ERR_USAGE. Fresh *o in either case:
 * options_free it. */
int options_read(struct server_options *o, int argc, char **argv, struct error *err) MUST_CHECK;
void options_usage(struct buf *out);
void options_free(struct server_options *o);

bool options_domain_is_local(const struct server_options *o, struct str domain);
enum rcpt_kind { RCPT_LOCAL, RCPT_UNKNOWN, RCPT_BAD_NAME, RCPT_ELSEWHERE };
/* Who gets mail for local@domain; the account's name is appended to account for RCPT_LOCAL. */
enum rcpt_kind options_rcpt(const struct server_options *o, struct str local, struct str domain,
                            struct buf *account);
/* True if the login holds; the account's name is appended then. The name may have @domain. The time
 * taken tells nothing about which of the two was wrong. */
bool options_login(const struct server_options *o, struct str name, struct str password,
                   struct buf *account);

#endif
