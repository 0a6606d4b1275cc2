/* SPDX-License-Identifier: MIT */
/* imap_cmd.h - writing IMAP: strings in the shortest legal form, flags, dates; used by tmail's
 * commands and tmaild's responses.
 * Must not know: sockets, tags in use. */
#ifndef TMAIL_WIRE_IMAP_CMD_H
#define TMAIL_WIRE_IMAP_CMD_H

#include "base/buf.h"

/* Atom, quoted string or non-synchronising literal, whichever is legal and shortest. False, with
 * nothing written, if a literal would be needed and literal_plus is false, or if s holds a NUL. */
bool wire_put_astring(struct buf *out, struct str s, bool literal_plus);
/* Atom or quoted string of UTF-8, as a side that takes it reads it (RFC 6855 §3, RFC 9051 §4.3).
 * False, with nothing written, for what is not UTF-8, has control characters or is too long. */
bool wire_put_utf8(struct buf *out, struct str s);
/* Quoted string or literal "{n}" as a server sends it; NIL for p == NULL. */
void wire_put_string(struct buf *out, struct str s);
/* "(\Seen \Flagged)" from enum imap_flag bits; extra keywords (blank separated) may be empty. */
void wire_put_flags(struct buf *out, unsigned flags, struct str keywords);
/* "17-Jul-1996 02:44:25 +0000" in quotes. */
void wire_put_date(struct buf *out, int64_t seconds);
/* True for a name that may be used as an atom. */
bool wire_is_atom(struct str s);

#endif
