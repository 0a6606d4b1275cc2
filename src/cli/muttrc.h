/* SPDX-License-Identifier: MIT */
/* muttrc.h - what a muttrc says about the account: pure. Nothing that stands in it is executed, no other file
 * is read; what a command in backquotes would have given is known as the command.
 * Must not know: files, servers. */
#ifndef TMAIL_CLI_MUTTRC_H
#define TMAIL_CLI_MUTTRC_H

#include "base/buf.h"

enum { MUTTRC_FILE_MAX = 1 << 20, MUTTRC_VARIABLES_MAX = 1000, MUTTRC_VALUE_MAX = 4096 };

struct muttrc {
    struct str from, realname, imap_user, folder, spoolfile, smtp_url, pop_host, pop_user;
    struct str password;         /* of imap_pass, pop_pass or smtp_pass, as it stands there */
    struct str password_command; /* the same, in backquotes */
    struct str rest; /* commands and settings that were not used: each once, ", " between */
};
/* Strings live in a; empty: not set. Lines that make no sense are among the rest. */
void muttrc_read(struct arena *a, struct str text, struct muttrc *out);

/* A server out of a URL as mutt writes it: imaps://user@host:port/. */
struct muttrc_server {
    const char *protocol; /* "imap", "pop3", "smtp" */
    bool direct;          /* TLS from the start; else STARTTLS */
    struct str user, host;
    uint16_t port;
};
/* 0; 1 where it is no server (a local folder). */
int muttrc_server(struct arena *a, struct str url, struct muttrc_server *out);

#endif
