/* SPDX-License-Identifier: MIT */
/* names.h - attachment names made safe for a folder of ours.
 * Must not know: the folder. */
#ifndef TMAIL_MIME_NAMES_H
#define TMAIL_MIME_NAMES_H

#include "base/buf.h"

enum { MIME_NAME_MAX = 200 };

/* Base name only; no control, bidi or path characters, no leading dot or dash, no trailing dot or
 * blank, valid UTF-8, at most MIME_NAME_MAX bytes with the extension kept; "attachment" (with an
 * extension from type where known) when nothing is left. */
void mime_name_safe(struct str name, struct str type, struct buf *out);
/* The name's nth variant for a file that exists: "a.pdf" → "a-2.pdf". n >= 2. */
void mime_name_variant(struct str name, unsigned n, struct buf *out);
/* Content type by extension ("report.pdf" → application/pdf); application/octet-stream when
 * unknown. */
struct str mime_type_of_name(struct str name);

#endif
