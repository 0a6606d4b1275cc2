/* SPDX-License-Identifier: MIT */
/* mboxforeign.h - mail that other programs put into a mailbox file is taken over: the file is written
 * anew with our lines in every message. A part of mbox, called under its locks; the rows are to be
 * read again afterwards.
 * Must not know: sessions. */
#ifndef TMAIL_SERVER_MBOXFOREIGN_H
#define TMAIL_SERVER_MBOXFOREIGN_H

#include "server/mbox.h"

/* UIDs found are kept where they ascend; else all are numbered from 1 under new_validity. */
int mboxforeign_take_over(struct mbox *m, uint32_t new_validity, struct error *err) MUST_CHECK;

#endif
