/* SPDX-License-Identifier: MIT */
/* tlscert.h - a self-made certificate: a CA whose key is forgotten at once, and one for the server
 * that it signed.
 * Must not know: files, what it is used for. */
#ifndef TMAIL_SERVER_TLSCERT_H
#define TMAIL_SERVER_TLSCERT_H

#include <stdint.h>

#include "base/buf.h"

enum { TLSCERT_DAYS = 825, TLSCERT_RENEW_DAYS = 30, TLSCERT_TEXT_MAX = 64 << 10 };

struct tlscert_text {
    struct buf ca, cert, key; /* PEM; cert is the server's and the CA's */
};
void tlscert_text_init(struct tlscert_text *t);
void tlscert_text_clear(struct tlscert_text *t);

/* P-256, for names (host names and addresses; what is neither is left out), from a day before now
 * for TLSCERT_DAYS. */
int tlscert_make(const char *const *names, size_t names_n, int64_t now, struct tlscert_text *out,
                 struct error *err) MUST_CHECK;
/* True when cert is good for all of names, and for some time yet. */
bool tlscert_fits(struct str cert, const char *const *names, size_t names_n, int64_t now);

#endif
