/* SPDX-License-Identifier: MIT */
/* flowed.h - text that says where its paragraphs flow (RFC 3676), and how deep a line is quoted.
 * Must not know: widths, screens. */
#ifndef TMAIL_MIME_FLOWED_H
#define TMAIL_MIME_FLOWED_H

#include "base/buf.h"

enum { FLOWED_DEPTH_MAX = 50 };

/* Appends text with one line (LF) for each paragraph and each fixed line, its quote marks written
 * as "> " for each level (at most FLOWED_DEPTH_MAX), space-stuffing taken off. delsp: the blank at
 * which a line flows is not part of the text. */
void flowed_unwrap(struct str text, bool delsp, struct buf *out);
/* Quote marks at the start of a line of ordinary text: ">> a", "> > a"; *rest is what follows them
 * and one blank. */
unsigned flowed_depth(struct str line, struct str *rest);

#endif
