/* SPDX-License-Identifier: MIT */
/* tls.h - what there is to know about the other side of a TLS connection: why it could not be
 * trusted, as one sentence that says what to do, its key's pin, and what binds a login to the
 * channel.
 * Must not know: sockets, libcurl. */
#ifndef TMAIL_NET_TLS_H
#define TMAIL_NET_TLS_H

#include <stdint.h>

#include "base/buf.h"

struct ssl_ctx_st;
struct ssl_st;

enum { TLS_PIN_SIZE = 64, TLS_NAMES_SIZE = 160, TLS_DAY_SIZE = 16 };

/* What was seen during a handshake. Starts zeroed. */
struct tls_peer {
    bool seen;                   /* it showed a certificate */
    long verify;                 /* OpenSSL's verdict on the chain, X509_V_OK when it holds */
    char pin[TLS_PIN_SIZE];      /* "sha256//BASE64" of its public key */
    char names[TLS_NAMES_SIZE];  /* that the certificate is for, fit for a sentence; cut */
    char issuer[TLS_NAMES_SIZE]; /* who signed it, as it says itself; the same */
    int64_t ends_at;             /* its last second, since 1970; 0: not known */
    char since[TLS_DAY_SIZE], until[TLS_DAY_SIZE]; /* "2026-11-26", of the one at fault */
    int alert;                                     /* fatal, that it sent; 0: none */
    struct ssl_st *ssl;                            /* valid while the handshake's connection is */
};
/* Has the connections of ctx look at the peer's certificate, and fill *p, which must live as long.
 * The chain is judged as without it. */
void tls_watch(struct ssl_ctx_st *ctx, struct tls_peer *p);

/* Fills *err with ERR_TLS for a chain or a name that does not hold. verify: OpenSSL's verdict,
 * X509_V_OK when the chain holds and the name is what does not fit; p may be unseen. Returns -1. */
int tls_distrust(const char *host, long verify, const struct tls_peer *p, struct error *err);
/* The same for a key that fits no pin. */
int tls_unpinned(const char *host, const struct tls_peer *p, struct error *err);
/* The same for a handshake that failed: why is what the library said, clear the URL scheme
 * ("imap") that speaks STARTTLS. */
int tls_failed(const char *host, unsigned port, const char *clear, const char *why,
               const struct tls_peer *p, struct error *err);
/* True where the other side broke off because it wants a certificate of ours, or does not take the
 * one we showed. */
bool tls_wants_certificate(const struct tls_peer *p);
/* ERR_TLS for that. Returns -1. */
int tls_stranger(const char *host, struct error *err);

/* What a login can be bound to: tls-exporter with TLS 1.3 (RFC 9266), tls-unique before it
 * (RFC 5929), where the handshake is one that it is safe with. */
enum tls_binding_kind { TLS_BINDING_NONE, TLS_BINDING_EXPORTER, TLS_BINDING_UNIQUE };
enum { TLS_BINDING_MAX = 64 };
struct tls_binding {
    enum tls_binding_kind kind;
    size_t n;
    unsigned char bytes[TLS_BINDING_MAX];
};
void tls_bind(const struct tls_peer *p, struct tls_binding *out);

/* What there is to tell of a connection that holds. */
struct tls_facts {
    char version[16], cipher[64]; /* "TLSv1.3"; "": in the clear */
    bool trusted;                 /* an authority vouches for it; else a pin does */
    char issuer[TLS_NAMES_SIZE], until[TLS_DAY_SIZE];
    int64_t ends_at;
};
void tls_tell(const struct tls_peer *p, struct tls_facts *out);

#endif
