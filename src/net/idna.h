/* SPDX-License-Identifier: MIT */
/* idna.h - domains of any script as the DNS has them: each label that is not ASCII becomes "xn--"
 * and its Punycode (RFC 5890, RFC 3492). The characters are taken as they are: an address is
 * expected in the normal form that RFC 6531 §3.3 wants.
 * Must not know: the DNS. */
#ifndef TMAIL_NET_IDNA_H
#define TMAIL_NET_IDNA_H

#include "base/buf.h"

/* Appends. -1 for what is not UTF-8, or for a label that is too long. */
int idna_to_ascii(struct str domain, struct buf *out) MUST_CHECK;

#endif
