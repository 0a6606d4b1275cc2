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
struct signin_got {
    struct buf access, refresh;
    int64_t until;
};
void signin_got_init(struct signin_got *got);
void signin_got_wipe(struct signin_got *got);
/* All of it. got: filled, and nothing is kept before signin_keep; NULL: all is kept. */
int signin_ask(const struct signin_ask *a, struct signin_got *got, struct error *err) MUST_CHECK;
int signin_keep(const struct signin_ask *a, const struct signin_got *got,
                struct error *err) MUST_CHECK;
/* Takes away what signin_keep kept. */
void signin_drop(const struct signin_ask *a);
/* For an account of the configuration. */
int signin_account(struct cli *c, const char *account, const char *way,
                   struct error *err) MUST_CHECK;

#endif
