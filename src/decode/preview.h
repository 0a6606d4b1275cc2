/* SPDX-License-Identifier: MIT */
/* preview.h - the first line or two of a text part, for lists; quick rather than perfect.
 * Must not know: screens, libxml2. */
#ifndef TMAIL_DECODE_PREVIEW_H
#define TMAIL_DECODE_PREVIEW_H

#include "mime/summary.h"

/* How many bytes of a text part's encoded content are looked at. */
enum { PREVIEW_BYTES_MAX = 64 << 10 };
size_t preview_bytes(const struct mime_part_info *part);
/* At most MIME_PREVIEW_MAX bytes of UTF-8 without line ends, in a. Quoted lines are passed over. head is the front of the content.
 */
struct str preview_of(struct arena *a, struct str head, const struct mime_part_info *part);
/* The text of some HTML without its tags: what is left when it cannot be parsed. */
void preview_html(struct str html, struct buf *out);

/* The decoded bytes of a part's encoded content, appended; 1 when it was damaged. */
int part_decode(struct str content, enum mime_encoding encoding, struct buf *out);

#endif
