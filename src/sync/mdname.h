/* SPDX-License-Identifier: MIT */
/* mdname.h - pure: names in a Maildir. A file is called BASE:2,LETTERS; BASE is the message's for
 * ever, the letters are its flags in the order of their bytes. A Maildir++ folder is called
 * .LEVEL.LEVEL.
 * Must not know: files. */
#ifndef TMAIL_SYNC_MDNAME_H
#define TMAIL_SYNC_MDNAME_H

#include "base/buf.h"

enum { MDNAME_MAX = 255 }; /* bytes of a file's name */

/* How much of the name is BASE. */
size_t mdname_base(struct str file);
/* The flags (enum cache_flag) that the rest of the name says: D F P R S T; others are passed over.
 */
unsigned mdname_flags(struct str rest);
/* Appends the rest of a name for these flags, with the letters of the old one that are none of
 * ours. */
void mdname_rest(struct str old, unsigned flags, struct buf *out);
/* When the message was delivered, as BASE says; 0: it does not say. */
int64_t mdname_time(struct str base);
/* Appends the part of a new BASE that says which machine made it, without what may not be in it. */
void mdname_host(struct str host, struct buf *out);
/* Appends the Maildir++ name of a folder (UTF-8, '/' between levels). -1 where it has none. */
int mdname_folder(struct str name, struct buf *out) MUST_CHECK;

#endif
