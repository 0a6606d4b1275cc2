/* SPDX-License-Identifier: MIT */
/* sasl.h - the client's side of a SASL exchange (RFC 4422), one for IMAP, POP3 and SMTP: which of
 * the mechanisms that a server offers is used, and what is answered to each challenge. PLAIN,
 * CRAM-MD5, SCRAM (RFC 5802, 7677, with the channel bindings of RFC 5929 and 9266) and Kerberos
 * by libgsasl; LOGIN, EXTERNAL, XOAUTH2 and OAUTHBEARER (RFC 7628) by us.
 * The order, strongest first: SCRAM bound to the channel, SCRAM; PLAIN and LOGIN, before CRAM-MD5
 * where TLS is up and behind it where it is not (what CRAM-MD5 shows can be guessed at, and its
 * servers must keep the password itself). A server that offered SCRAM and refused it is never
 * shown the password; one that refused a bound SCRAM, nothing that is not bound (RFC 5802 §6).
 * Must not know: how the protocols word it. */
#ifndef TMAIL_NET_SASL_H
#define TMAIL_NET_SASL_H

#include "base/log.h"
#include "net/login.h"
#include "net/tls.h"

enum net_mech {
    MECH_SCRAM_SHA_256_PLUS = 1 << 0,
    MECH_SCRAM_SHA_1_PLUS = 1 << 1,
    MECH_SCRAM_SHA_256 = 1 << 2,
    MECH_SCRAM_SHA_1 = 1 << 3,
    MECH_PLAIN = 1 << 4,
    MECH_LOGIN = 1 << 5,
    MECH_CRAM_MD5 = 1 << 6,
    MECH_OAUTHBEARER = 1 << 7,
    MECH_XOAUTH2 = 1 << 8,
    MECH_EXTERNAL = 1 << 9,
    MECH_GSSAPI = 1 << 10,
    MECH_GS2_KRB5 = 1 << 11
};
enum { MECH_PASSWORDS = (1 << 7) - 1 }; /* all that need a password */
enum {
    NET_SASL_LINE_MAX = 64 << 10, /* a challenge or an answer, tokens and tickets are long */
    NET_SASL_STEPS_MAX = 16,      /* challenges in one exchange */
    NET_SASL_ROUNDS_MAX = 1 << 20 /* SCRAM's iterations: past it nobody would wait for it */
};
/* The bit of a mechanism by its name in any case; 0: none that we know. */
unsigned net_mech(struct str name);

struct net_sasl_setup {
    const struct net_login *login;
    const char *host; /* of the server, as the person wrote it */
    uint16_t port;
    const char *service;               /* "imap", "pop", "smtp": for Kerberos */
    unsigned offered;                  /* set of enum net_mech */
    bool secure;                       /* TLS is up */
    const struct tls_binding *binding; /* NULL: none */
    struct log *log;
};
struct net_sasl;
/* Chooses a mechanism. Keeps what setup points to. NULL with ERR_AUTH (RETRY_NEVER) where the
 * server offers none that can be used, with a sentence that says what it has. */
struct net_sasl *net_sasl_new(const struct net_sasl_setup *setup, struct error *err);
/* Wipes what it knows. */
void net_sasl_free(struct net_sasl **s);
/* The one in use, "SCRAM-SHA-256". */
const char *net_sasl_name(const struct net_sasl *s);
/* Appends the initial response in base64 ("=" for an empty one); nothing where the server speaks
 * first. Call it only where it goes with the command. What is appended is secret: buf_wipe. -1
 * where the login cannot be made at all. */
int net_sasl_initial(struct net_sasl *s, struct buf *out, struct error *err) MUST_CHECK;
/* A challenge in base64, without what the protocol puts in front. Appends the line to answer,
 * secret too; "*" where the exchange has to be called off: net_sasl_end tells then why. -1
 * (ERR_PROTO) when the server does not come to an end. */
int net_sasl_answer(struct net_sasl *s, struct str challenge, struct buf *out,
                    struct error *err) MUST_CHECK;
/* True when what was given last is the last line of the exchange as far as it goes well: a server that
 * has to prove itself has done so. Never with a token: what a refused one is answered with needs an
 * answer. */
bool net_sasl_is_over(const struct net_sasl *s);
/* Begins the same mechanism anew (the server did not understand an initial response). */
void net_sasl_again(struct net_sasl *s);
/* The exchange came to its end with the server's yes or no: 0 logged in; 1: a further mechanism is
 * to be tried, net_sasl_name has changed; -1 with ERR_AUTH: refused (words are the server's; later:
 * it is none of the password's fault), or the server could not prove that it knows the password. */
int net_sasl_end(struct net_sasl *s, bool yes, bool later, const char *words, struct error *err);

#endif
