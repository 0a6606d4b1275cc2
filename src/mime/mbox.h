/* SPDX-License-Identifier: MIT */
/* mbox.h - the grammar of mbox files: From_ lines, reversible quoting (mboxrd), the status lines
 * of a mailbox file. For tmaild, import and local accounts.
 * Must not know: files, locks. */
#ifndef TMAIL_MIME_MBOX_H
#define TMAIL_MIME_MBOX_H

#include "base/buf.h"

/* "From sender Www Mmm dd hh:mm:ss yyyy" at the start of a line (RFC 4155, and the looser forms in
 * the wild). */
bool mbox_is_from_line(struct str line);
/* The time (UTC) that "Www Mmm dd hh:mm:ss yyyy" in a From_ line says; otherwise where it says
 * anything else. */
int64_t mbox_from_date(struct str line, int64_t otherwise);
/* A From_ line for now (seconds, UTC), with LF. An empty sender is MAILER-DAEMON. */
void mbox_from_line(struct str sender, int64_t when, struct buf *out);
/* True for a line that quoting adds a '>' to: /^>*From / */
bool mbox_needs_quote(struct str line);
/* True for a line that was quoted and loses one '>': /^>+From / */
bool mbox_is_quoted(struct str line);

#endif
