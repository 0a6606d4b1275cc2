/* SPDX-License-Identifier: MIT */
/* mboxscan.h - the pass over a whole mailbox file that finds its messages. A part of mbox,
 * called under its locks.
 * Must not know: sessions. */
#ifndef TMAIL_SERVER_MBOXSCAN_H
#define TMAIL_SERVER_MBOXSCAN_H

#include "server/boxhead.h"
#include "server/mbox.h"

enum { MBOX_WINDOW_BYTES = 128 << 10 };

/* A part of the file in memory, moved forward as it is asked for. */
struct mbox_window {
    int fd;
    uint64_t at, size;
    size_t n;
    char data[MBOX_WINDOW_BYTES];
};
/* Of the first size bytes of fd; freed with free(). */
struct mbox_window *mboxscan_window(int fd, uint64_t size);
/* Up to n bytes from at on, borrowed until the next call; fewer only at the end of the file. */
int mboxscan_get(struct mbox_window *w, uint64_t at, size_t n, struct str *out,
                 struct error *err) MUST_CHECK;

/* Offset of the next From_ line behind at, or the end of the file. */
int mboxscan_next_from(struct mbox_window *w, uint64_t at, uint64_t *next,
                       struct error *err) MUST_CHECK;

enum mbox_found { FOUND_OURS, FOUND_FOREIGN, FOUND_TORN, FOUND_FAILED };
/* The message at at: ours only if the lengths in its head agree with where the next one begins. h's
 * keywords are borrowed from the window. */
enum mbox_found mboxscan_find(struct mbox_window *w, uint64_t at, struct boxhead *h,
                              struct error *err);
/* Where a message of ours ends, its separating empty line included. 0 if that is nonsense. */
uint64_t mboxscan_end(const struct boxhead *h, uint64_t at);

void mboxscan_row_add(struct mbox *m, const struct boxhead *h, uint64_t at);
/* Fills rows, end, dead, validity and uid_next from the file in one pass, or from end on when only
 * the tail is not known yet; cuts a torn tail. 0; 1 when there is mail of other programs in it (rows
 * are then undefined); -1. */
int mboxscan_read(struct mbox *m, bool tail, struct error *err) MUST_CHECK;
/* UIDVALIDITY and next UID of an empty file are kept beside it: there is no message to carry them.
 */
int mboxscan_note_write(const struct mbox *m, struct error *err) MUST_CHECK;
int mboxscan_note_read(struct mbox *m, struct error *err) MUST_CHECK;
void mboxscan_rows_free(struct mbox_row *rows, size_t n);

#endif
