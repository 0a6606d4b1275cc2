/* SPDX-License-Identifier: MIT */
/* setup.h - the account wizard: asks what it cannot find, has the engine find and try servers, writes an
 * account into tmailrc.
 * Must not know: the screens. */
#ifndef TMAIL_CLI_SETUP_H
#define TMAIL_CLI_SETUP_H

#include <jansson.h>

#include "cli/cli.h"
#include "cli/muttrc.h"
#include "cli/signin.h"
#include "config/write.h"

enum { SETUP_KEYS_MAX = 12, SETUP_DEMO = 2, SETUP_SECRET_MAX = 64 << 10 };

/* What the wizard knows so far. Strings live in arena. */
struct setup {
    struct cli *c;
    int tty;
    bool directory;  /* Thunderbird's may be asked */
    const char *way; /* of signing in; NULL: what fits */
    struct arena *arena;
    struct str address, name; /* jane@example.org, Jane Roe */
    json_t *found; /* the finding of sync/find.h; made here where the person typed the servers */
    json_t *receive,
        *send;            /* the one server of each that is used; borrowed from found; NULL: none */
    bool password, oauth; /* all of them can be logged in to so */
    struct str pin;
    struct buf secret;           /* the password, or a token */
    bool token;                  /* it is one */
    bool kept;                   /* how it is had is among the keys already */
    const struct keeper *keeper; /* the program that is to keep the password; NULL: none */
    struct signin_got got;       /* of the person's sign-in; empty: there was none */
    struct muttrc mutt;          /* what is taken over; empty where there is none */
    struct buf account;          /* its name in tmailrc */
    struct write_key keys[SETUP_KEYS_MAX];
    size_t keys_n;
};
void setup_init(struct setup *s, struct cli *c);
void setup_clear(struct setup *s);
void setup_key(struct setup *s, const char *key, struct str value, bool secret);

/* The steps, in this order. Each gives 0, 1 when the person wants no more, or -1 with *err. */
/* Address and name; address may be NULL. */
int setup_who(struct setup *s, const char *address, struct error *err) MUST_CHECK;
/* Finds the servers, or asks for them. */
int setup_servers(struct setup *s, struct error *err) MUST_CHECK;
/* Asks for servers in place of those that were found and are of no use. */
int setup_type_servers(struct setup *s, struct error *err) MUST_CHECK;
/* Reaches them, and learns how to log in. */
int setup_look(struct setup *s, struct error *err) MUST_CHECK;
/* Logs in. */
int setup_login(struct setup *s, struct error *err) MUST_CHECK;
/* What a command prints first, appended. */
int setup_first_line(struct setup *s, struct str command, struct buf *out,
                     struct error *err) MUST_CHECK;
/* Where the password is to be kept; nothing is stored yet. */
int setup_keep(struct setup *s, struct error *err) MUST_CHECK;
/* What is stored elsewhere than in tmailrc, once the person has said yes to all of it; and taken away again. 1:
 * another place has to be found. */
int setup_store(struct setup *s, struct error *err) MUST_CHECK;
void setup_unstore(struct setup *s);
/* The name of the program that is to keep the password; NULL: none. */
const char *setup_keeper(const struct setup *s);
/* The keys of the account, but for the password's. */
void setup_keys(struct setup *s);

struct setup_options {
    const char *address; /* NULL: asked for */
    const char *muttrc;  /* a file to take over what it can give; NULL: none */
    const char *way;     /* of signing in (signin.h); NULL: what fits */
    const char *sign_in; /* this account alone signs in; NULL: none */
    bool no_directory;
};
/* All of it on the person's terminal, with its sentences. 0 written, 1 not wanted, -1. */
int setup_run(struct cli *c, const struct setup_options *o, struct error *err) MUST_CHECK;
/* Who starts tmail for the first time: 0 there is an account now, 1 they want to leave, SETUP_DEMO they want to see the
 * demonstration, -1. */
int setup_greet(struct cli *c, struct error *err) MUST_CHECK;

#endif
