/* SPDX-License-Identifier: MIT */
/* popname.h - names for the messages of a POP3 server that gives no unique-ids: made of their header
 * blocks and sizes, by TOP. Where there is no TOP either each visit gives new names, so that all comes
 * in again and is known by its bytes.
 * Must not know: the store, what is fetched. */
#ifndef TMAIL_SYNC_POPNAME_H
#define TMAIL_SYNC_POPNAME_H

#include "base/log.h"
#include "net/pop3.h"

/* All headers pass at each visit: with more messages than that it is no way to go on. */
enum { POPNAME_MAX = 20000 };
/* True when none of them has a unique-id. */
bool popname_needed(const struct pop3_entry *entries, size_t n);
/* Gives each a name that begins with LF, which no unique-id can; *out lives in a, in their order. A
 * message whose headers the server does not give has none. ERR_LIMIT for more than POPNAME_MAX. */
int popname_make(struct pop3 *p, struct arena *a, const struct pop3_entry *entries, size_t n,
                 struct pop3_entry **out, struct error *err) MUST_CHECK;

#endif
