/* SPDX-License-Identifier: MIT */
/* boxhead.h - one message in a mailbox file of ours: the From_ line, the lines that carry size, UID and flags.
 * What follows is boxtext.h's. Pure.
 *
 *   From sender Www Mmm dd hh:mm:ss yyyy
 *   X-Tmaild: STORED SIZE DATE MARKS      bytes in the file, bytes when served, seconds since 1970; n: the last line end is
 *                                         ours, x: expunged. Stands first, so that a torn message is known as ours.
 *   X-IMAPbase: UIDVALIDITY LASTUID       in the first message only
 *   X-UID, Status, X-Status, X-Keywords   as mutt, alpine, Dovecot and UW-IMAP know them, padded for overwriting in place
 *   ... the message: LF, From_ lines quoted reversibly; then one empty line
 *
 * Must not know: files. */
#ifndef TMAIL_SERVER_BOXHEAD_H
#define TMAIL_SERVER_BOXHEAD_H

#include "base/buf.h"

enum { BOXHEAD_MAX = 4096, BOXHEAD_KEYWORDS_WIDTH = 48 };

struct boxhead {
    uint64_t stored, size;
    int64_t date;
    bool newline_added, dead;
    bool first; /* has X-IMAPbase */
    uint32_t validity, last_uid, uid;
    unsigned flags; /* the five system flags of enum imap_flag */
    struct str keywords;
    size_t n;                 /* bytes of all this, up to the message */
    size_t dead_at, flags_at; /* offsets of the mark and of the "Status:" line */
    size_t keywords_width;
};

/* Appends the lines. Of h are used all but n and the offsets; keywords_width grows to what keywords need. */
void boxhead_put(const struct boxhead *h, struct str sender, struct buf *out);
/* Appends the lines from "Status:" to "X-Keywords:" alone, in exactly the width of h; false with nothing appended when
 * the keywords do not fit. */
bool boxhead_put_flags(const struct boxhead *h, struct buf *out);
/* Reads them at the start of in. 0; 1 when in ends inside of them; -1 when this is not a message of ours. */
int boxhead_read(struct str in, struct boxhead *h);
/* Offset of the ten digits of last_uid, of one that is first. */
size_t boxhead_last_uid_at(const struct boxhead *h);

#endif
