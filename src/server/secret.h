/* SPDX-License-Identifier: MIT */
/* secret.h - what is kept of a password: a crypt(3) hash, a SCRAM-SHA-256 verifier (RFC 5802,
 * RFC 7677; its text is that of RFC 5803) and, for those who asked for it, the password itself.
 * Must not know: files, threads, protocols. */
#ifndef TMAIL_SERVER_SECRET_H
#define TMAIL_SERVER_SECRET_H

#include "base/buf.h"
#include "server/limits.h"

enum {
    SECRET_KEY_BYTES = 32, /* SHA-256 */
    SECRET_SALT_BYTES = 16,
    SECRET_SALT_MAX = 64,
    SECRET_PASSWORD_MAX = 255,
    SECRET_CRYPT_MAX = 383,
    /* RFC 7677 §4 wants at least 4096. The verifier must not be the weak point of the users file;
     * it is the client that works, once a login. */
    SECRET_ITERATIONS = 65536,
    SECRET_ITERATIONS_PLAIN = 4096, /* for --user, whose password is there to read anyway */
    SECRET_ITERATIONS_MAX = 10000000
};

struct secret_scram {
    uint32_t iterations;
    size_t salt_n;
    unsigned char salt[SECRET_SALT_MAX];
    unsigned char stored[SECRET_KEY_BYTES], server[SECRET_KEY_BYTES];
};

/* Whose passwords are kept. Where it is not everybody's, CRAM-MD5 and APOP can be used but are not
 * offered: a client would choose them for an account that cannot answer. */
enum accounts_keeps { KEEPS_NONE, KEEPS_SOME, KEEPS_ALL };

/* A plain value; secret_clear it, or it stays in memory. */
struct user_secret {
    bool known;     /* false: made up, at the same cost; nothing holds */
    bool has_plain; /* plain is the password */
    bool by_plain;  /* plain decides; crypt is there for its cost alone, or empty */
    char account[NAME_LEVEL_MAX + 1];
    char crypt[SECRET_CRYPT_MAX + 1];
    struct secret_scram scram;
    char plain[SECRET_PASSWORD_MAX + 1];
};

/* True for what may be a password: one line of 1 to SECRET_PASSWORD_MAX bytes, valid UTF-8. */
bool secret_password_ok(struct str password);
/* The verifier of a password. -1 with ERR_SYS when OpenSSL cannot. */
int secret_scram_make(struct str password, struct str salt, uint32_t iterations,
                      struct secret_scram *out, struct error *err) MUST_CHECK;
/* Appends "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey" (RFC 5803 §3, as PostgreSQL has
 * it). */
void secret_scram_put(const struct secret_scram *s, struct buf *out);
/* Reads that. 0; -1 for what it is not. */
int secret_scram_read(struct str text, struct secret_scram *out);
/* Appends n bytes as one run of base64. */
void secret_base64_put(const void *bytes, size_t n, struct buf *out);
/* A fresh hash and verifier, slow on purpose; account is left alone. -1: ERR_USAGE for a password
 * that cannot be one, ERR_SYS. */
int secret_make(struct str password, bool keep, struct user_secret *out,
                struct error *err) MUST_CHECK;
/* HMAC-SHA-256. -1 when OpenSSL cannot. */
int secret_hmac(struct str key, struct str data, unsigned char out[SECRET_KEY_BYTES]);
/* The slow comparison, of the same cost whatever is wrong. Not for the store's thread. */
bool secret_holds(const struct user_secret *s, struct str password);
/* Looks at every byte of given, whatever differs. */
bool secret_same(struct str given, struct str want);
void secret_clear(struct user_secret *s);

#endif
