/* SPDX-License-Identifier: MIT */
/* uu.h - uuencoded files inside plain text: where they begin and end, whether they are whole.
 * Must not know: the message around the text. */
#ifndef TMAIL_MIME_UU_H
#define TMAIL_MIME_UU_H

#include "base/str.h"

struct uu_file {
    size_t offset, length; /* of the begin line through the end line in the text */
    size_t decoded;        /* bytes of the file */
    struct str name;       /* as on the begin line, a view of the text */
    bool damaged;          /* not decodable to the original: its text stays visible */
    bool unended;          /* the end line is missing or misspelt */
};

/* Finds "begin MODE NAME" ... "end" in text; at most max. A line cut of trailing blanks is filled
 * up to its length byte and is whole, where all lines but the last promise as much as the first:
 * lines that were wrapped anew do not. A file without end is whole if every line is and the last
 * one shows that nothing followed it. Linear time. */
size_t uu_find(struct str text, struct uu_file *out, size_t max);

/* The same of a text that comes in pieces of any size: found is told of each file, whose name lives
 * until it returns. last ends the text, and the next piece begins another. */
struct uu_reader;
struct uu_reader *uu_reader_new(void (*found)(void *arg, const struct uu_file *file), void *arg);
void uu_reader_feed(struct uu_reader *r, struct str bytes, bool last);
void uu_reader_free(struct uu_reader **r);

#endif
