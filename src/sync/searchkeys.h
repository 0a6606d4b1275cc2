/* SPDX-License-Identifier: MIT */
/* searchkeys.h - pure: what a person looks for as the criteria of an IMAP SEARCH (RFC 3501 §6.4.4).
 * They find at least all that the query means, and may find more: the rows of what was found are
 * judged again by the store.
 * Must not know: connections, folders. */
#ifndef TMAIL_SYNC_SEARCHKEYS_H
#define TMAIL_SYNC_SEARCHKEYS_H

#include "cache/query.h"

enum searchkeys_how {
    SEARCHKEYS_CHARSET, /* "CHARSET UTF-8" where a word is not ASCII */
    SEARCHKEYS_UTF8,    /* the link is UTF-8: it must not be said (RFC 6855 §3, RFC 9051) */
    SEARCHKEYS_ASCII    /* the server has no charset (BADCHARSET): of words their ASCII part */
};
/* Pieces of a command as imap_queue_pieces takes them: the second, fourth ... are strings. All in
 * a. *wide: a word is not ASCII. 0; 1: with SEARCHKEYS_ASCII nothing would be left to look for;
 * -1 with ERR_LIMIT. */
int searchkeys(struct arena *a, const struct query *q, enum searchkeys_how how, struct str **pieces,
               size_t *n, bool *wide, struct error *err) MUST_CHECK;

#endif
