/* SPDX-License-Identifier: MIT */
/* oauth.h - signing in by OAuth 2.0: the device grant (RFC 8628), the authorization code with PKCE and a
 * redirect to this machine (RFC 6749 §4.1, RFC 7636, RFC 8252), and refreshing (RFC 6749 §6). https alone,
 * but for a server on this machine; no redirects are followed, nothing that is secret is logged.
 * Must not know: where tokens are kept, how the person is asked. */
#ifndef TMAIL_NET_OAUTH_H
#define TMAIL_NET_OAUTH_H

#include "base/log.h"
#include "net/cancel.h"
#include "base/buf.h"

enum {
    OAUTH_ANSWER_MAX = 64 << 10,
    OAUTH_TOKEN_MAX = 32 << 10,
    OAUTH_URL_MAX = 8 << 10,
    OAUTH_WORDS_MAX = 200,     /* of a server's description of an error */
    OAUTH_INTERVAL_S = 5,      /* RFC 8628 §3.2, §3.5 */
    OAUTH_INTERVAL_MAX_S = 60, /* who wants more is asked no less often */
    OAUTH_DEVICE_MAX_S = 1800,
    OAUTH_VERIFIER = 43, /* characters, of 32 random bytes (RFC 7636 §4.1) */
    OAUTH_REQUEST_MS = 30000
};

/* Who we are, and where to ask. Borrowed strings; NULL: none. */
struct oauth_client {
    const char *provider; /* "google", "microsoft"; "custom": the addresses are given */
    const char *id, *secret;
    const char *auth_url, *token_url, *device_url, *scope;
    const char *ca_file, *proxy;
    const char *const *routes; /* HOST:PORT:ADDRESS:PORT, where a test sends us; routes_n of them */
    size_t routes_n;
    struct net_cancel *cancel;
    struct log *log;
};
/* A token and what renews it. */
struct oauth_token {
    struct buf access, refresh;
    int64_t until; /* seconds since 1970; 0: not told */
};
void oauth_token_init(struct oauth_token *t);
void oauth_token_wipe(struct oauth_token *t);

/* Is it a name for `oauth`? */
bool oauth_is_provider(struct str name);
/* Fills in what the provider's table knows and the person did not say. ERR_CONFIG with what is to be
 * done where something is missing: a program must be registered with a provider before it may ask. */
int oauth_client_fill(struct oauth_client *c, struct error *err) MUST_CHECK;
/* https, or http to this machine; no user in it. ERR_CONFIG. */
int oauth_url_check(const char *url, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------ device grant */

struct oauth_device {
    struct buf device_code;           /* secret */
    struct buf user_code, url, whole; /* whole: the address with the code in it; may be empty */
    int interval_s, expires_s;
};
void oauth_device_init(struct oauth_device *d);
void oauth_device_wipe(struct oauth_device *d);
int oauth_device_start(const struct oauth_client *c, struct oauth_device *d,
                       struct error *err) MUST_CHECK;
/* Asks until the person has said yes or no, or the code is too old. ERR_AUTH, ERR_CANCELLED ... */
int oauth_device_wait(const struct oauth_client *c, const struct oauth_device *d,
                      struct oauth_token *t, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------ authorization code */

struct oauth_flow {
    char verifier[OAUTH_VERIFIER + 1], state[OAUTH_VERIFIER + 1];
    char redirect[64]; /* http://127.0.0.1:PORT */
};
/* Fresh random values. */
void oauth_flow_init(struct oauth_flow *f, uint16_t port);
/* Appends the S256 challenge of a verifier (RFC 7636 §4.2). */
void oauth_challenge(const char *verifier, struct buf *out);
/* Appends the address for the person's browser; hint: their mail address, or NULL. */
int oauth_auth_url(const struct oauth_client *c, const struct oauth_flow *f, const char *hint,
                   struct buf *out, struct error *err) MUST_CHECK;
/* The code out of the query of a redirect ("code=...&state=..."). 0; 1: it is none of ours (another
 * state, or nothing of the kind); -1: it is ours and says no (ERR_AUTH). */
int oauth_query_read(const struct oauth_flow *f, struct str query, struct buf *code,
                     struct error *err) MUST_CHECK;
/* The code out of what the person pasted: the address, or the bare code. ERR_USAGE when it is neither. */
int oauth_paste_read(const struct oauth_flow *f, struct str text, struct buf *code,
                     struct error *err) MUST_CHECK;
int oauth_exchange(const struct oauth_client *c, const struct oauth_flow *f, struct str code,
                   struct oauth_token *t, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------ renewing */

/* A new access token; a new refresh token, where the server gives one, takes the old one's place.
 * ERR_AUTH with RETRY_NEVER: the person must sign in again. */
int oauth_refresh(const struct oauth_client *c, struct oauth_token *t,
                  struct error *err) MUST_CHECK;

#endif
