/* SPDX-License-Identifier: MIT */
/* tokens.h - where the tokens of an account that signs in by OAuth2 are kept: by two commands of the
 * person's (a keyring), or in a file beside the store that nobody else can read.
 * Must not know: who gives tokens, who takes them. */
#ifndef TMAIL_SYNC_TOKENS_H
#define TMAIL_SYNC_TOKENS_H

#include "net/oauth.h"

enum { TOKENS_MAX = 3 * OAUTH_TOKEN_MAX, TOKENS_COMMAND_MS = 120000, TOKENS_LOCK_MS = 90000 };

/* Borrowed strings. */
struct tokens {
    const char *account, *store;             /* the file is beside the store */
    const char *keep_command, *load_command; /* both or neither */
};
/* The file's path, freed with free(). */
char *tokens_path(const struct tokens *t);
/* Only one at a time renews: whoever else wants to waits. A descriptor to close; -1 with ERR_CANCELLED,
 * ERR_SYS. cancel may be NULL. */
int tokens_lock(const struct tokens *t, struct net_cancel *cancel, struct error *err);
/* Fills *out. 0; 1: nothing is kept; -1: it cannot be had, or others could read the file (ERR_CONFIG). */
int tokens_load(const struct tokens *t, struct oauth_token *out, struct error *err) MUST_CHECK;
/* After 0 it survives a crash, as far as it is ours to say. */
int tokens_save(const struct tokens *t, const struct oauth_token *token,
                struct error *err) MUST_CHECK;
/* Takes the file away again, of an account that came to nothing. */
void tokens_drop(const struct tokens *t);

#endif
