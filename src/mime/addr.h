/* SPDX-License-Identifier: MIT */
/* addr.h - address lists and groups, read without recursion (RFC 5322 §3.4, and what programs
 * really write).
 * Must not know: who these people are. */
#ifndef TMAIL_MIME_ADDR_H
#define TMAIL_MIME_ADDR_H

#include "base/buf.h"

/* name is decoded, without quotes and comments; a group start has the group's name, a group end
 * nothing else. */
struct mime_addr {
    struct str name, local, domain;
    bool group_start, group_end;
};

enum { MIME_ADDR_MAX = 2000 };

/* Addresses of a decoded field, in a; junk between commas is skipped; at most max (≤
 * MIME_ADDR_MAX) into out. Linear time. */
size_t mime_addr_list(struct arena *a, struct str field, struct mime_addr *out, size_t max);
/* Reads exactly one address that a person typed ("Jane <jane@x.org>", "jane@x.org"). ERR_ADDRESS
 * with a sentence otherwise: control characters, no @, two addresses, more than 64 + 255 bytes. A
 * bare local part passes when domain is given. */
int mime_addr_one(struct arena *a, struct str text, struct str default_domain,
                  struct mime_addr *out, struct error *err) MUST_CHECK;
/* "local@domain", quoted where RFC 5321 asks for it. */
void mime_addr_spec(const struct mime_addr *addr, struct buf *out);
/* "Name <local@domain>" in UTF-8 with the name quoted where needed; for screens, drafts and JSON.
 */
void mime_addr_show(const struct mime_addr *addr, struct buf *out);
/* Same mailbox: local part byte for byte, domain in any case. */
bool mime_addr_same(const struct mime_addr *a, const struct mime_addr *b);

#endif
