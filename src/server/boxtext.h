/* SPDX-License-Identifier: MIT */
/* boxtext.h - the text of a message as it stands in a mailbox file: LF, From_ lines quoted
 * reversibly, ended by LF; and back. Pure.
 * Must not know: files, the lines of ours in front of it. */
#ifndef TMAIL_SERVER_BOXTEXT_H
#define TMAIL_SERVER_BOXTEXT_H

#include <stdint.h>

#include "base/buf.h"

/* On the way into the file, in pieces of any size. Zeroed at first. */
struct boxtext {
    unsigned matched;        /* letters of "From " at the start of a line; beyond them: within it */
    bool cr;                 /* held back: a line end may follow */
    bool begun;              /* the line has bytes */
    bool newline_added;      /* after the end: the last line end is ours */
    uint64_t stored, served; /* bytes so far; served: with CRLF, unquoted */
};
/* Any line ends; appends to out (NULL: only counts). */
void boxtext_feed(struct boxtext *t, struct str piece, struct buf *out);
void boxtext_end(struct boxtext *t, struct buf *out);

/* The reverse of whole lines, always with CRLF. */
void boxtext_serve(struct str stored, bool newline_added, struct buf *out);
/* How many bytes that would be. */
uint64_t boxtext_served_size(struct str stored, bool newline_added);

#endif
