/* SPDX-License-Identifier: MIT */
/* mboxrewrite.h - a mailbox file written anew beside the old one and put in its place. A part of
 * mbox, called under its locks; the rows are to be read again afterwards.
 * Must not know: sessions. */
#ifndef TMAIL_SERVER_MBOXREWRITE_H
#define TMAIL_SERVER_MBOXREWRITE_H

#include "server/mbox.h"

/* With the live rows only, their flags and keywords as they are in memory. */
int mboxrewrite_compact(struct mbox *m, struct error *err) MUST_CHECK;
/* With our lines in every message, those of other programs too. UIDs found are kept where they
 * ascend; else all are numbered from 1 under new_validity. */
int mboxrewrite_take_over(struct mbox *m, uint32_t new_validity, struct error *err) MUST_CHECK;

#endif
