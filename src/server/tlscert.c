/* SPDX-License-Identifier: MIT */
#include "server/tlscert.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { DAY_S = 24 * 60 * 60, SERIAL_BYTES = 16, NAME_MAX_BYTES = 253, CN_MAX_BYTES = 64 };

void tlscert_text_init(struct tlscert_text *t)
{
    buf_init(&t->ca, TLSCERT_TEXT_MAX);
    buf_init(&t->cert, TLSCERT_TEXT_MAX);
    buf_init(&t->key, TLSCERT_TEXT_MAX);
}

void tlscert_text_clear(struct tlscert_text *t)
{
    buf_free(&t->ca);
    buf_free(&t->cert);
    buf_wipe(&t->key);
}

/* ---- names ---- */

enum name_kind { NAME_NONE, NAME_HOST, NAME_ADDRESS };

/* RFC 5280 §4.2.1.6; address: 4 or 16 bytes of it */
static enum name_kind name_kind(const char *name, unsigned char address[16], int *address_n)
{
    struct str s = str_c(name);
    *address_n = inet_pton(AF_INET, name, address) == 1    ? 4
                 : inet_pton(AF_INET6, name, address) == 1 ? 16
                                                           : 0;
    if (*address_n > 0)
        return NAME_ADDRESS;
    if (s.n == 0 || s.n > NAME_MAX_BYTES || s.p[0] == '.' || s.p[0] == '-')
        return NAME_NONE;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
            return NAME_NONE;
    return NAME_HOST;
}

static int name_push(GENERAL_NAMES *all, const char *name)
{
    unsigned char address[16];
    int n;
    enum name_kind kind = name_kind(name, address, &n);
    if (kind == NAME_NONE)
        return 0;
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_STRING *value = kind == NAME_HOST ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    int rc = -1;
    if (g != NULL && value != NULL)
        rc = kind == NAME_HOST ? ASN1_STRING_set(value, name, (int)strlen(name))
                               : ASN1_STRING_set(value, address, n);
    if (rc == 1) {
        GENERAL_NAME_set0_value(g, kind == NAME_HOST ? GEN_DNS : GEN_IPADD, value);
        if (sk_GENERAL_NAME_push(all, g) > 0)
            return 0;
        value = NULL; /* the name's */
    }
    ASN1_STRING_free(value);
    GENERAL_NAME_free(g);
    return -1;
}

static int names_add(X509 *cert, const char *const *names, size_t names_n)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    int rc = all != NULL ? 0 : -1;
    for (size_t i = 0; i < names_n && rc == 0; i++)
        rc = name_push(all, names[i]);
    if (rc == 0 && X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, X509V3_ADD_APPEND) != 1)
        rc = -1;
    GENERAL_NAMES_free(all);
    return rc;
}

/* ---- certificates ---- */

static int extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int rc = e != NULL && X509_add_ext(cert, e, -1) == 1 ? 0 : -1;
    X509_EXTENSION_free(e);
    return rc;
}

static int serial_set(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return -1;
    bytes[0] &= 0x7F; /* RFC 5280 §4.1.2.2: positive */
    bytes[0] |= 0x40;
    BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
    int rc = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL ? 0 : -1;
    BN_free(n);
    return rc;
}

/* All that both have. */
static int cert_fill(X509 *cert, X509 *issuer, EVP_PKEY *key, const char *name, int64_t now)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    time_t start = (time_t)(now - DAY_S);
    if (X509_set_version(cert, X509_VERSION_3) != 1 || serial_set(cert) != 0 ||
        X509_time_adj_ex(X509_getm_notBefore(cert), 0, 0, &start) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), TLSCERT_DAYS, 0, &start) == NULL ||
        X509_set_pubkey(cert, key) != 1 ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                   -1, 0) != 1)
        return -1;
    return X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 ? 0 : -1;
}

static int ca_fill(X509 *ca, EVP_PKEY *key, const char *name, int64_t now)
{
    char text[CN_MAX_BYTES + 1] = "tmaild's own CA of ";
    struct str tail = str_head(str_c(name), CN_MAX_BYTES - strlen(text));
    memcpy(text + strlen(text), tail.p, tail.n);
    return cert_fill(ca, ca, key, text, now) != 0 ||
                   extension_add(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
                   extension_add(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
                   extension_add(ca, ca, NID_subject_key_identifier, "hash") ||
                   X509_sign(ca, key, EVP_sha256()) == 0
               ? -1
               : 0;
}

struct made {
    EVP_PKEY *ca_key, *key;
    X509 *ca, *cert;
};

static int usage_add(X509 *cert, X509 *ca)
{
    static const struct {
        int nid;
        const char *value;
    } list[] = { { NID_basic_constraints, "critical,CA:FALSE" },
                 { NID_key_usage, "critical,digitalSignature" },
                 { NID_ext_key_usage, "serverAuth" },
                 { NID_subject_key_identifier, "hash" },
                 { NID_authority_key_identifier, "keyid" } };
    for (size_t i = 0; i < COUNT(list); i++)
        if (extension_add(cert, ca, list[i].nid, list[i].value) != 0)
            return -1;
    return 0;
}

static int made_fill(struct made *m, const char *const *names, size_t names_n, int64_t now)
{
    unsigned char address[16];
    int n;
    const char *name = names_n > 0 && name_kind(names[0], address, &n) != NAME_NONE &&
                               strlen(names[0]) <= CN_MAX_BYTES
                           ? names[0]
                           : "localhost";
    m->ca_key = EVP_EC_gen("P-256");
    m->key = EVP_EC_gen("P-256");
    m->ca = X509_new();
    m->cert = X509_new();
    if (m->ca_key == NULL || m->key == NULL || m->ca == NULL || m->cert == NULL)
        return -1;
    return ca_fill(m->ca, m->ca_key, name, now) != 0 ||
                   cert_fill(m->cert, m->ca, m->key, name, now) != 0 ||
                   names_add(m->cert, names, names_n) != 0 || usage_add(m->cert, m->ca) != 0 ||
                   X509_sign(m->cert, m->ca_key, EVP_sha256()) == 0
               ? -1
               : 0;
}

static void bio_take(BIO *bio, struct buf *out)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    if (n > 0)
        buf_add(out, p, (size_t)n);
}

static int cert_write(X509 *cert, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = bio != NULL && PEM_write_bio_X509(bio, cert) == 1 ? 0 : -1;
    if (rc == 0)
        bio_take(bio, out);
    BIO_free(bio);
    return rc;
}

static int key_write(EVP_PKEY *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int rc =
        bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 ? 0 : -1;
    if (rc == 0)
        bio_take(bio, out);
    BIO_free(bio);
    return rc;
}

int tlscert_make(const char *const *names, size_t names_n, int64_t now, struct tlscert_text *out,
                 struct error *err)
{
    struct made m = { 0 };
    int rc = made_fill(&m, names, names_n, now);
    if (rc == 0 && (cert_write(m.cert, &out->cert) != 0 || cert_write(m.ca, &out->cert) != 0 ||
                    cert_write(m.ca, &out->ca) != 0 || key_write(m.key, &out->key) != 0))
        rc = -1;
    if (rc == 0 && buf_check(&out->cert, err) != 0)
        rc = -1;
    else if (rc != 0)
        error_set(err, ERR_TLS, RETRY_LATER, _("cannot make a certificate"));
    X509_free(m.ca);
    X509_free(m.cert);
    EVP_PKEY_free(m.ca_key);
    EVP_PKEY_free(m.key);
    return rc;
}

/* ---- one that is there ---- */

static bool cert_has(X509 *cert, const char *name)
{
    unsigned char address[16];
    int n;
    switch (name_kind(name, address, &n)) {
    case NAME_HOST:
        return X509_check_host(cert, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
    case NAME_ADDRESS:
        return X509_check_ip(cert, address, (size_t)n, 0) == 1;
    case NAME_NONE:
        break;
    }
    return true;
}

bool tlscert_fits(struct str cert, const char *const *names, size_t names_n, int64_t now)
{
    time_t from = (time_t)now;
    time_t until = (time_t)(now + (int64_t)TLSCERT_RENEW_DAYS * DAY_S);
    BIO *bio = BIO_new_mem_buf(cert.p, (int)cert.n);
    X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool ok = x != NULL && X509_cmp_time(X509_get0_notBefore(x), &from) < 0 &&
              X509_cmp_time(X509_get0_notAfter(x), &until) > 0;
    for (size_t i = 0; i < names_n && ok; i++)
        ok = cert_has(x, names[i]);
    X509_free(x);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}
