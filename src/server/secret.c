/* SPDX-License-Identifier: MIT */
#include "server/secret.h"

#include <crypt.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "server/sasl.h"
#include "base/banned.h"

static const char scram_name[] = "SCRAM-SHA-256";

bool secret_password_ok(struct str password)
{
    return password.n > 0 && password.n <= SECRET_PASSWORD_MAX && str_is_line(password) &&
           utf8_valid(password);
}

int secret_hmac(struct str key, struct str data, unsigned char out[SECRET_KEY_BYTES])
{
    unsigned n = SECRET_KEY_BYTES;
    return HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)data.p, data.n, out, &n) !=
                   NULL
               ? 0
               : -1;
}

/* RFC 5802 §2.2: SASLprep, or the password as it is where that refuses it. */
static void prepared(struct str password, struct buf *out)
{
    char *given = xmemdup0(password.p, password.n);
    char *better = NULL;
    if (gsasl_saslprep(given, GSASL_ALLOW_UNASSIGNED, &better, NULL) == GSASL_OK)
        buf_adds(out, better);
    else
        buf_add_str(out, password);
    if (better != NULL)
        explicit_bzero(better, strlen(better));
    explicit_bzero(given, password.n);
    gsasl_free(better);
    free(given);
}

/* RFC 5802 §3. */
static int keys_make(const unsigned char salted[SECRET_KEY_BYTES], struct secret_scram *out)
{
    struct str key = { (const char *)salted, SECRET_KEY_BYTES };
    unsigned char client[SECRET_KEY_BYTES];
    int rc = secret_hmac(key, STR("Client Key"), client) == 0 &&
                     EVP_Digest(client, sizeof client, out->stored, NULL, EVP_sha256(), NULL) == 1
                 ? secret_hmac(key, STR("Server Key"), out->server)
                 : -1;
    explicit_bzero(client, sizeof client);
    return rc;
}

int secret_scram_make(struct str password, struct str salt, uint32_t iterations,
                      struct secret_scram *out, struct error *err)
{
    unsigned char salted[SECRET_KEY_BYTES];
    struct buf text = BUF_INIT(4 * SECRET_PASSWORD_MAX + 64);
    *out = (struct secret_scram){ .iterations = iterations, .salt_n = salt.n };
    prepared(password, &text);
    int rc = salt.n > 0 && salt.n <= sizeof out->salt &&
                     PKCS5_PBKDF2_HMAC(buf_c(&text), (int)text.len, (const unsigned char *)salt.p,
                                       (int)salt.n, (int)iterations, EVP_sha256(), sizeof salted,
                                       salted) == 1
                 ? keys_make(salted, out)
                 : -1;
    if (rc == 0)
        memcpy(out->salt, salt.p, salt.n);
    explicit_bzero(salted, sizeof salted);
    buf_wipe(&text);
    return rc == 0 ? 0 : error_set(err, ERR_SYS, RETRY_NEVER, _("cannot hash a password"));
}

void secret_base64_put(const void *bytes, size_t n, struct buf *out)
{
    size_t want = (n + 2) / 3 * 4;
    char *room = buf_room(out, want + 1);
    if (room == NULL)
        return;
    EVP_EncodeBlock((unsigned char *)room, bytes, (int)n);
    buf_grown(out, want);
}

void secret_scram_put(const struct secret_scram *s, struct buf *out)
{
    buf_addf(out, "%s$%u:", scram_name, (unsigned)s->iterations);
    secret_base64_put(s->salt, s->salt_n, out);
    buf_addc(out, '$');
    secret_base64_put(s->stored, sizeof s->stored, out);
    buf_addc(out, ':');
    secret_base64_put(s->server, sizeof s->server, out);
}

/* n: room in out, then what was found. */
static int base64_into(struct str text, unsigned char *out, size_t *n)
{
    struct buf bytes = BUF_INIT(256);
    int rc = text.n > 0 && sasl_base64(text, &bytes) == 0 && !bytes.over && bytes.len > 0 &&
                     bytes.len <= *n
                 ? 0
                 : -1;
    if (rc == 0) {
        memcpy(out, bytes.data, bytes.len);
        *n = bytes.len;
    }
    buf_wipe(&bytes);
    return rc;
}

int secret_scram_read(struct str text, struct secret_scram *out)
{
    struct str salt;
    struct str stored;
    size_t stored_n = sizeof out->stored;
    size_t server_n = sizeof out->server;
    *out = (struct secret_scram){ .salt_n = sizeof out->salt };
    if (str_lit(&text, scram_name) != 0 || str_lit(&text, "$") != 0 ||
        str_u32(&text, &out->iterations) != 0 || str_lit(&text, ":") != 0 ||
        str_until(&text, '$', &salt) != 0 || str_until(&text, ':', &stored) != 0 ||
        base64_into(salt, out->salt, &out->salt_n) != 0 ||
        base64_into(stored, out->stored, &stored_n) != 0 ||
        base64_into(text, out->server, &server_n) != 0)
        return -1;
    return stored_n == SECRET_KEY_BYTES && server_n == SECRET_KEY_BYTES && out->iterations > 0 &&
                   out->iterations <= SECRET_ITERATIONS_MAX
               ? 0
               : -1;
}

static bool hash_make(struct str password, const char *setting, char *out, size_t max)
{
    struct crypt_data *data = xcalloc(1, sizeof *data);
    char *text = xmemdup0(password.p, password.n);
    const char *hash = crypt_rn(text, setting, data, sizeof *data);
    size_t n = hash != NULL ? strlen(hash) : 0;
    bool ok = n > 0 && n <= max;
    if (ok)
        memcpy(out, hash, n + 1);
    explicit_bzero(text, password.n);
    explicit_bzero(data, sizeof *data);
    free(text);
    free(data);
    return ok;
}

int secret_make(struct str password, bool keep, struct user_secret *out, struct error *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    char salt[SECRET_SALT_BYTES];
    char random[32];
    if (!secret_password_ok(password))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("a password is one line of 1 to %d bytes, in UTF-8"),
                         (int)SECRET_PASSWORD_MAX);
    clock_random(salt, sizeof salt);
    clock_random(random, sizeof random);
    if (crypt_gensalt_rn("$y$", 0, random, sizeof random, setting, sizeof setting) == NULL ||
        !hash_make(password, setting, out->crypt, SECRET_CRYPT_MAX))
        return error_set(err, ERR_SYS, RETRY_NEVER, _("cannot hash a password"));
    out->known = true;
    out->has_plain = keep;
    out->by_plain = false;
    out->plain[0] = '\0';
    if (keep) {
        memcpy(out->plain, password.p, password.n);
        out->plain[password.n] = '\0';
    }
    return secret_scram_make(password, (struct str){ salt, sizeof salt }, SECRET_ITERATIONS,
                             &out->scram, err);
}

bool secret_same(struct str given, struct str want)
{
    unsigned diff = given.n != want.n;
    for (size_t i = 0; i < given.n; i++)
        diff |= (unsigned char)given.p[i] ^ (unsigned char)want.p[want.n > 0 ? i % want.n : 0];
    return diff == 0;
}

bool secret_holds(const struct user_secret *s, struct str password)
{
    char hash[SECRET_CRYPT_MAX + 1] = "";
    bool fit = secret_password_ok(password);
    bool plain = secret_same(password, str_c(s->plain)) && s->by_plain;
    bool hashed = s->crypt[0] != '\0' &&
                  hash_make(fit ? password : STR("x"), s->crypt, hash, SECRET_CRYPT_MAX) &&
                  secret_same(str_c(hash), str_c(s->crypt)) && !s->by_plain;
    explicit_bzero(hash, sizeof hash);
    return s->known && fit && (plain || hashed);
}

void secret_clear(struct user_secret *s)
{
    explicit_bzero(s, sizeof *s);
}
