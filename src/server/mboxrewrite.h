/* SPDX-License-Identifier: MIT */
/* mboxrewrite.h - a mailbox file written anew beside the old one and put in its place. A part of
 * mbox.
 * Must not know: sessions, why it is written anew. */
#ifndef TMAIL_SERVER_MBOXREWRITE_H
#define TMAIL_SERVER_MBOXREWRITE_H

#include "server/mbox.h"

struct rewrite {
    int fd;
    char *name;
    struct buf out;
    uint64_t written; /* bytes, those in out included */
};
/* Where rows are copied from, and what the first of them says of the mailbox. */
struct rewrite_from {
    int fd;
    uint32_t validity, last_uid;
};

/* Makes the new file. */
int rewrite_begin(struct rewrite *r, const struct mbox *m, struct error *err) MUST_CHECK;
/* Writes what waits in out if that is more than above. */
int rewrite_flush(struct rewrite *r, size_t above, struct error *err) MUST_CHECK;
/* Appends a message with the UID, flags and keywords of the row, which has the new place after it. */
int rewrite_row(struct rewrite *r, const struct rewrite_from *from, struct mbox_row *row,
                struct error *err) MUST_CHECK;
/* The new file takes the place of the old, and its lock is ours before it has the name. Called with
 * the locks held. */
int rewrite_commit(struct rewrite *r, struct mbox *m, struct error *err) MUST_CHECK;
/* Removes it where it was not committed. */
void rewrite_end(struct rewrite *r, const struct mbox *m);
/* The sender in "From SENDER date". */
struct str rewrite_sender(struct str line);

#endif
