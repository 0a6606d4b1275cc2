/* SPDX-License-Identifier: MIT */
/* sasl.h - how one connection logs in: SASL exchanges on libgsasl (PLAIN, LOGIN, CRAM-MD5,
 * SCRAM-SHA-256), XOAUTH2 and OAUTHBEARER with fixed tokens, and plain passwords; one exchange at
 * a time. Whoever asks gives the two questions to the accounts, so that it runs without a store.
 * Must not know: how SMTP, POP3 and IMAP word it. */
#ifndef TMAIL_SERVER_SASL_H
#define TMAIL_SERVER_SASL_H

#include "server/secret.h"

struct sasl;
struct server_options;

enum { SASL_LINE_MAX = 12288 }; /* RFC 4954 §4 */

struct sasl_setup {
    const struct server_options *options; /* kept: --accept-any, --oauth-token, the host's name */
    const char *service;                  /* "smtp", "imap", "pop" */
    const char *peer;                     /* kept: who is asking */
    void (*secret)(void *arg, struct str name, struct user_secret *out);
    enum accounts_keeps (*keeps)(void *arg);
    /* The slow check, with the limit on how many run at once; NULL: secret_holds. */
    bool (*holds)(void *arg, const struct user_secret *s, struct str password);
    /* A login has come to its end; delay_ms: how long the answer is to be held back. */
    void (*done)(void *arg, const char *peer, bool ok, int *delay_ms);
    void *arg;
};

enum sasl_step {
    SASL_MORE,   /* out is the challenge: base64, may be empty */
    SASL_OK,     /* sasl_account is logged in */
    SASL_NO,     /* refused: wrong name or password */
    SASL_BAD,    /* what the client sent is not what it should be */
    SASL_CANCEL, /* the client sent "*" */
    SASL_UNKNOWN /* no such mechanism, or not here */
};

/* Copies setup. */
struct sasl *sasl_new(const struct sasl_setup *setup);
/* Wipes what it knows. */
void sasl_free(struct sasl **s);

/* Appends the names of what is offered, before in front of each. Sessions ask only where passwords
 * may be sent: TLS is up, or both ends are on this host. */
void sasl_mechanisms(struct sasl *s, const char *before, struct buf *out);
/* Begins an exchange. initial: NULL, or the initial response in base64 ("=" is the empty one). The
 * challenge is appended to out. Whatever exchange was under way is forgotten. */
enum sasl_step sasl_start(struct sasl *s, struct str mechanism, const struct str *initial,
                          struct buf *out);
/* A line of the client's, while sasl_busy. */
enum sasl_step sasl_line(struct sasl *s, struct str line, struct buf *out);
/* Name and password as IMAP's LOGIN and POP3's PASS have them: SASL_OK or SASL_NO. */
enum sasl_step sasl_password(struct sasl *s, struct str name, struct str password);
/* POP3's APOP (RFC 1939 §7): digest is the hexadecimal MD5 of stamp and password. */
enum sasl_step sasl_apop(struct sasl *s, struct str name, struct str stamp, struct str digest);

/* True between SASL_MORE and the exchange's end. */
bool sasl_busy(const struct sasl *s);
/* Forgets the exchange (after STARTTLS, RSET...). */
void sasl_reset(struct sasl *s);
/* Who is logged in, after SASL_OK; empty before. */
struct str sasl_account(const struct sasl *s);
/* After SASL_OK and SASL_NO: how long the answer is to be held back. */
int sasl_delay_ms(const struct sasl *s);

/* Appends the bytes of a line of base64: 0, -1. */
int sasl_base64(struct str line, struct buf *out);

#endif
