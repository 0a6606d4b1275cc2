/* SPDX-License-Identifier: MIT */
/* spooltext.h - the bytes of a message in a file of this machine, made what a server would send:
 * lines end in CRLF, so that a message is known by the same bytes wherever it lies.
 * Must not know: which file, whose. */
#ifndef TMAIL_SYNC_SPOOLTEXT_H
#define TMAIL_SYNC_SPOOLTEXT_H

#include "base/buf.h"

struct spooltext {
    int fd;
    int64_t at, n; /* the part of the file that is it; it may turn out to be shorter */
    bool headers_only;
    bool mbox; /* lines of the mailbox are left out of its header, and From_ lines lose their '>' */
};
typedef int spooltext_fn(void *arg, struct str bytes, bool last, struct error *err);
/* Hands the bytes to out piece by piece; the last piece may be empty. -1 when reading fails or out
 * says so. */
int spooltext_read(const struct spooltext *t, spooltext_fn *out, void *arg,
                   struct error *err) MUST_CHECK;

#endif
