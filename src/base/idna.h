/* SPDX-License-Identifier: MIT */
/* idna.h - domains of any script as the DNS has them: each label that is not ASCII becomes "xn--"
 * and its Punycode (RFC 5890, RFC 3492). The characters are taken as they are: an address is
 * expected in the normal form that RFC 6531 §3.3 wants.
 * Must not know: the DNS. */
#ifndef TMAIL_BASE_IDNA_H
#define TMAIL_BASE_IDNA_H

#include "base/buf.h"

/* Appends. -1 for what is not UTF-8, or for a label that is too long. */
int idna_to_ascii(struct str domain, struct buf *out) MUST_CHECK;
/* Appends the domain of an address as it goes out: as the DNS has it, so that no server need know
 * SMTPUTF8, unless the local part is not ASCII and it has to all the same, or it cannot be put so. */
void idna_mail_domain(struct str local, struct str domain, struct buf *out);

#endif
