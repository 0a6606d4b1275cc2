/* SPDX-License-Identifier: MIT */
#include "sync/head.h"

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/banned.h"

/* Where the scan stands: what would make the next line end the header block. */
enum { LINE_START, IN_LINE, CR_AT_START, BEHIND };

/* An EVP context in our own name. */
static EVP_MD_CTX *ctx_of(struct hash *h)
{
    return (EVP_MD_CTX *)h;
}

struct hash *hash_new(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    return (struct hash *)ctx;
}

void hash_add(struct hash *h, struct str bytes)
{
    EVP_DigestUpdate(ctx_of(h), bytes.p, bytes.n);
}

static void hash_drop(struct hash **h)
{
    EVP_MD_CTX_free(ctx_of(*h));
    *h = NULL;
}

void hash_end(struct hash **h, unsigned char out[32])
{
    EVP_DigestFinal_ex(ctx_of(*h), out, NULL);
    hash_drop(h);
}

void head_init(struct head *h)
{
    *h = (struct head){ .hash = hash_new(), .state = LINE_START };
}

/* How many of the bytes belong to the header block (RFC 5322 §2.1: it ends with an empty line). */
static size_t header_part(struct head *h, struct str in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '\n') {
            h->state = h->state == IN_LINE ? LINE_START : BEHIND;
            if (h->state == BEHIND)
                return i + 1;
        } else {
            h->state = in.p[i] == '\r' && h->state == LINE_START ? CR_AT_START : IN_LINE;
        }
    }
    return in.n;
}

void head_add(struct head *h, struct str bytes)
{
    h->size += bytes.n;
    if (h->state != BEHIND)
        hash_add(h->hash, str_head(bytes, header_part(h, bytes)));
}

void head_end(struct head *h, uint64_t size, unsigned char out[32])
{
    struct buf digits = BUF_INIT(32);
    buf_addf(&digits, "%llu", (unsigned long long)(size > 0 ? size : h->size));
    hash_add(h->hash, buf_str(&digits));
    hash_end(&h->hash, out);
    buf_free(&digits);
}

void head_drop(struct head *h)
{
    if (h->hash != NULL)
        hash_drop(&h->hash);
}
