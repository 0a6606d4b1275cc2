/* SPDX-License-Identifier: MIT */
/* mboxseq.h - the modification sequence of a mailbox (RFC 7162): which change came when, and what
 * is gone. It is known from the index alone; the numbers are microseconds of the clock where that
 * is ahead, so that after the loss of the index they start above all that were ever given, and
 * clients that ask what changed hear of everything.
 * Must not know: the bytes of the file, sessions. */
#ifndef TMAIL_SERVER_MBOXSEQ_H
#define TMAIL_SERVER_MBOXSEQ_H

#include "server/mbox.h"

/* Something is about to be known that the index does not have. */
void mboxseq_unsaved(struct mbox *m);
/* The number of the changes between one mbox_begin and its mbox_end. */
uint64_t mboxseq_stamp(struct mbox *m);
/* What no number that was given for this file is above: by the clock, the file's own times, and what
 * a mark in place of the index left in modseq. */
uint64_t mboxseq_floor(const struct mbox *m);
/* These UIDs went with this number. */
void mboxseq_gone(struct mbox *m, const uint32_t *uids, size_t n, uint64_t modseq);
/* After the rows were read anew: those that are as in old keep their number, the others and what is
 * missing get a new one. */
void mboxseq_merge(struct mbox *m);
/* UIDs that went after since, ascending, each once, freed with free(); false when older ones are
 * forgotten. */
bool mboxseq_gone_since(const struct mbox *m, uint64_t since, uint32_t **uids, size_t *n);

#endif
