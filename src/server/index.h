/* SPDX-License-Identifier: MIT */
/* index.h - .NAME.index beside a mailbox file: its rows as they were when the server last had rest,
 * so that opening it need not read it, and the modification sequence with what is gone. A cache: it
 * is written without fsync, gives way to a mark before the first change that it does not have, and
 * whatever is wrong with it makes it as good as none. That what it says stands in the file is checked where
 * it is used (mbox.c).
 * Must not know: locks, sessions. A part of mbox. */
#ifndef TMAIL_SERVER_INDEX_H
#define TMAIL_SERVER_INDEX_H

#include "server/mbox.h"

/* Fills rows, end, dead, validity, uid_next, modseq, gone and seen, the file as it was then. False
 * when there is none that can be used; of a mark modseq is filled. */
bool index_read(struct mbox *m);
int index_write(const struct mbox *m, struct error *err) MUST_CHECK;
/* In its place a mark with a modseq alone: those that are given from now on are in no index. */
void index_mark(const struct mbox *m, uint64_t modseq);
/* The same from bytes, which become the rows: they are taken, or good for nothing any more. */
bool index_decode(struct mbox *m, struct buf *bytes);
void index_encode(const struct mbox *m, struct buf *out);

#endif
