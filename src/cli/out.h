/* SPDX-License-Identifier: MIT */
/* out.h - what commands print: text made harmless, and JSON with one object a line.
 * Must not know: what the values mean. */
#ifndef TMAIL_CLI_OUT_H
#define TMAIL_CLI_OUT_H

#include <jansson.h>

#include "base/buf.h"
#include "mime/summary.h"

/* Appends text for a terminal: valid UTF-8, control characters (C1 too) and direction overrides
 * shown as U+FFFD; LF and tab pass only where lines is true, else they become blanks. */
void out_clean(struct str text, bool lines, struct buf *out);
/* out_clean to standard output. */
void out_text(struct str text, bool lines);
/* Appends a line without control characters; what is wider than columns goes on below, from column indent on,
 * with the next word. Words are not cut. */
void out_wrap(struct str line, size_t indent, size_t columns, struct buf *out);
/* How wide the terminal at fd is; SIZE_MAX where it is none, or does not tell. */
size_t out_columns(int fd);
/* A JSON string of any bytes; what is no UTF-8 is replaced. */
json_t *out_json_text(struct str text);
/* Prints an object as one line and frees it. */
void out_json_line(json_t *o);
/* The date as RFC 3339 text. */
json_t *out_json_date(int64_t seconds);
/* Flags as words: "seen", "flagged" ... */
json_t *out_json_flags(unsigned flags);
json_t *out_json_addresses(struct str field);
/* Nothing more comes: an error in writing standard output is told, and is the exit status. */
int out_end(void);

#endif
