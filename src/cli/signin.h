/* SPDX-License-Identifier: MIT */
/* signin.h - the person signs in by OAuth2: told where to go, their browser opened where there is a
 * display, the rest done by the engine (sync/signin.h).
 * Must not know: tokens, but to hand one on. */
#ifndef TMAIL_CLI_SIGNIN_H
#define TMAIL_CLI_SIGNIN_H

#include <jansson.h>

#include "cli/cli.h"

struct signin_ask {
    const char *account, *store;
    const struct config_oauth *oauth;
    const char *ca, *proxy; /* NULL: none */
    struct str address;     /* empty: not told to the provider */
    const char *way;        /* "device", "browser", "paste"; NULL: what fits here */
    int tty;                /* -1: none */
};
/* All of it. token: the access token is appended; may be NULL. */
int signin_ask(const struct signin_ask *a, struct buf *token, struct error *err) MUST_CHECK;
/* For an account of the configuration. */
int signin_account(struct cli *c, const char *account, const char *way,
                   struct error *err) MUST_CHECK;

#endif
