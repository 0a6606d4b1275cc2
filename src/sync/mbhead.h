/* SPDX-License-Identifier: MIT */
/* mbhead.h - pure: the lines in the header of a message in an mbox file that belong to the mailbox
 * and not to the message. Status and X-Status have its flags, as mutt, Dovecot and UW-IMAP write
 * them; X-Keywords has $Forwarded.
 * Must not know: files. */
#ifndef TMAIL_SYNC_MBHEAD_H
#define TMAIL_SYNC_MBHEAD_H

#include "base/buf.h"

/* True for the first line of such a field. */
bool mbhead_is_own(struct str line);
/* Adds to flags (enum cache_flag) what the line says. */
void mbhead_flags_add(struct str line, unsigned *flags);
/* Appends the header block with these flags. Where the lines that are there have room for them
 * they are overwritten, and the length stays; else they are replaced by some that have it. head ends
 * where the body begins, with the empty line if there is one. */
void mbhead_set(struct str head, unsigned flags, struct buf *out);

#endif
