/* SPDX-License-Identifier: MIT */
/* mboxforeign.h - mail that other programs put into a mailbox file is taken over: the file is written
 * anew with our lines in every message. A part of mbox, called under its locks; the rows are to be
 * read again afterwards.
 * Must not know: sessions. */
#ifndef TMAIL_SERVER_MBOXFOREIGN_H
#define TMAIL_SERVER_MBOXFOREIGN_H

#include "server/mbox.h"

/* What was known of the mailbox before; 0: nothing. fresh: a UIDVALIDITY that it never had. */
struct mboxforeign_known {
    uint32_t validity, last_uid, fresh;
};
/* UIDs found are kept where they ascend; else all are numbered from 1 under a fresh UIDVALIDITY. */
int mboxforeign_take_over(struct mbox *m, const struct mboxforeign_known *known,
                          struct error *err) MUST_CHECK;

#endif
