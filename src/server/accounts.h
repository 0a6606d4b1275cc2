/* SPDX-License-Identifier: MIT */
/* accounts.h - who has an account and whose an address is: the users file, the aliases file and
 * the accounts of the command line, read once into tables that do not change.
 * Must not know: threads, sockets, protocols. */
#ifndef TMAIL_SERVER_ACCOUNTS_H
#define TMAIL_SERVER_ACCOUNTS_H

#include "server/options.h"
#include "server/secret.h"

enum {
    ACCOUNTS_FILE_MAX = 16 << 20,
    ACCOUNTS_MAX = 20000,
    ACCOUNTS_ALIASES_MAX = 20000,
    ACCOUNTS_LINE_MAX = 8000,
    ACCOUNTS_TARGETS_MAX = 1000, /* of one address, in the end */
    ACCOUNTS_ALIAS_DEPTH = 20
};

struct accounts;

/* Reads the files users and aliases in folder root (both may be missing) and --user of options,
 * which is kept. NULL with ERR_CONFIG "users, line 3: ...", ERR_SYS, ERR_LIMIT. */
struct accounts *accounts_load(const struct server_options *options, int root, struct error *err);
/* The same from texts. */
struct accounts *accounts_read(const struct server_options *options, struct str users,
                               struct str aliases, struct error *err);
void accounts_free(struct accounts **a);

/* What is kept of name's password; name may have @domain. Unknown names get what looks like
 * the others'. */
void accounts_secret(const struct accounts *a, struct str name, struct user_secret *out);
/* Whose passwords are kept. */
enum accounts_keeps accounts_keeps(const struct accounts *a);

/* One of both. */
struct rcpt_target {
    char *account; /* here */
    char *address; /* elsewhere */
};
struct rcpt_list {
    struct rcpt_target *targets;
    size_t n;
};
void rcpt_list_clear(struct rcpt_list *l);
/* Whose mail local@domain is, after aliases: RCPT_LOCAL with targets appended to out (each once).
 * RCPT_ELSEWHERE: the domain is not ours. Without an account, alias or catch-all: the part before
 * a '+'; postmaster is the first account's (RFC 5321 §4.5.1). */
enum rcpt_kind accounts_rcpt(const struct accounts *a, struct str local, struct str domain,
                             struct rcpt_list *out);

/* The users file as `tmaild users` changes it: text in, text out. */
enum accounts_change { ACCOUNTS_ADD, ACCOUNTS_PASSWORD, ACCOUNTS_REMOVE };
/* Appends text with the account changed: secret is for ADD and PASSWORD. -1 with ERR_USAGE when it
 * is there already or is not there. */
int accounts_change(struct str text, enum accounts_change what, struct str name,
                    const struct user_secret *secret, struct buf *out,
                    struct error *err) MUST_CHECK;
/* Appends the names of a users file, a line each: "name" or "name plain". */
int accounts_names(struct str text, struct buf *out, struct error *err) MUST_CHECK;

#endif
