/* SPDX-License-Identifier: MIT */
/* signin.h - signing in by OAuth2: the access token of an account, renewed shortly before its end, or when
 * the server refuses it; and the probe of kind "sign-in", by which the person signs in. Its question has
 * "account", "store" (tokens.h), "provider", and as they stand in the configuration "client-id",
 * "client-secret", "auth-url", "token-url", "device-url", "scope", "keep-command", "load-command", "ca",
 * "proxy"; "address" of the person; "way": "device", "browser" (it comes back to this machine), "paste" (the
 * person pastes where it went). Told:
 *   {"say": "visit", "text": ADDRESS, "code": CODE, "whole": ADDRESS}: code for the device's way alone, whole has
 *   it in it and may be missing;
 *   {"say": "signed-in", "token": ACCESS TOKEN}, after all is kept; with "later": true in the question nothing
 *   is, and "refresh" and "until" come too.
 * The probe of kind "tokens" keeps them then ("account", "store", "token", "refresh", "until"), or takes away
 * what it kept ("drop": true).
 * Must not know: mail servers. */
#ifndef TMAIL_SYNC_SIGNIN_H
#define TMAIL_SYNC_SIGNIN_H

#include "config/config.h"
#include "net/oauth.h"
#include "sync/probe.h"

enum {
    SIGNIN_KIND_MS = OAUTH_DEVICE_MAX_S * 1000,
    SIGNIN_TOKENS_MS = 120000,
    SIGNIN_EARLY_S = 90, /* before its end a token is renewed */
    SIGNIN_AGAIN_MS =
        60000, /* who refuses the token that took a refused one's place means the person */
    SIGNIN_PASTES_MAX = 5
};

/* Of one thread. */
struct signin {
    const struct config_account *cfg;
    const char *store;
    struct net_cancel *cancel;
    struct log *log;
    struct oauth_token token;
    bool refused, unsaved;
    int64_t renewed_at; /* because one was refused, monotonic ms; 0: never */
};
/* Keeps all four. */
void signin_init(struct signin *s, const struct config_account *cfg, const char *store,
                 struct net_cancel *cancel, struct log *log);
void signin_clear(struct signin *s);
/* Does this account sign in so? */
bool signin_is_used(const struct config_account *cfg);
/* A token that holds for a while, borrowed until the next call. ERR_AUTH with RETRY_NEVER: the person has to
 * sign in, the sentence says how. */
int signin_token(struct signin *s, struct str *token, struct error *err) MUST_CHECK;
/* The mail server refused it: true when it is worth trying with another, which signin_token gives now. */
bool signin_refused(struct signin *s);

int signin_run(struct probe *p, const json_t *question, struct error *err) MUST_CHECK;
int signin_tokens_run(struct probe *p, const json_t *question, struct error *err) MUST_CHECK;

#endif
