/* SPDX-License-Identifier: MIT */
/* bodystructure.h - BODYSTRUCTURE and BODY of a message (RFC 3501 §7.4.2) from the parts that
 * mime/guard finds. Pure and iterative.
 * Must not know: mailboxes, sessions, charsets. */
#ifndef TMAIL_SERVER_BODYSTRUCTURE_H
#define TMAIL_SERVER_BODYSTRUCTURE_H

#include "server/section.h"

enum {
    STRUCTURE_EXTENDED = 1, /* with the extension data, as BODYSTRUCTURE has it */
    STRUCTURE_GLOBAL = 2 /* message/global in the shape of a message (RFC 9051), not of any part */
};
/* Appends it. One that would be longer than IMAP_STRUCTURE_MAX is told as one part of no known
 * type. */
void bodystructure_put(struct section_src *src, unsigned how, struct buf *out);

#endif
