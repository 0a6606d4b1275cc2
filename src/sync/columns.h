/* SPDX-License-Identifier: MIT */
/* columns.h - what the decoder said of a message as the store's columns.
 * Must not know: where the message came from. */
#ifndef TMAIL_SYNC_COLUMNS_H
#define TMAIL_SYNC_COLUMNS_H

#include "cache/message.h"
#include "mime/summary.h"

/* Fills what comes from the summary; its own date only where it has one. The flat summary lives in
 * a, the other strings are those of s. */
void columns_fill(struct arena *a, const struct mime_summary *s, struct cache_message *m);

/* What a server says a message begins with (RFC 8970), as the decoder would have it: UTF-8 in one line of
 * at most MIME_PREVIEW_MAX bytes. Lives in a. */
struct str columns_preview(struct arena *a, struct str said);

#endif
