/* SPDX-License-Identifier: MIT */
/* people.h - address fields that a person typed: checked one by one, and put together again.
 * Must not know: drafts, accounts. */
#ifndef TMAIL_COMPOSE_PEOPLE_H
#define TMAIL_COMPOSE_PEOPLE_H

#include "mime/addr.h"

enum { PEOPLE_MAX = 1000 };

struct people {
    struct mime_addr *list;
    size_t n;
};

/* Appends the addresses of a typed list to p, each of which must be one whole address; the same
 * mailbox twice counts once. The list is allocated in a. ERR_ADDRESS names the piece that cannot be
 * used. */
int people_add_typed(struct arena *a, struct people *p, struct str field,
                     struct error *err) MUST_CHECK;
/* Appends the addresses of a received field, junk left out, groups flattened, the same mailbox
 * once. */
void people_add_field(struct arena *a, struct people *p, struct str field);
/* Takes an address out of the list, if it is there. */
void people_drop(struct people *p, const struct mime_addr *addr);
bool people_has(const struct people *p, const struct mime_addr *addr);
/* "Jane Roe <jane@example.org>, joe@example.org" */
void people_show(const struct people *p, struct buf *out);

#endif
