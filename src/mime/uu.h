/* SPDX-License-Identifier: MIT */
/* uu.h - files inside plain text: where they begin and end, whether they are whole. Of uuencoded ones,
 * which can be decoded; yEnc and BinHex 4.0 are recognised and named.
 * Must not know: the message around the text. */
#ifndef TMAIL_MIME_UU_H
#define TMAIL_MIME_UU_H

#include "base/buf.h"

enum uu_kind { UU_FILE, UU_FILE_YENC, UU_FILE_BINHEX };

struct uu_file {
    enum uu_kind kind;
    size_t offset, length; /* of the begin line through the end line in the text */
    size_t decoded;        /* bytes of the file; of kinds that we do not decode, of its lines */
    struct str name;       /* a view of the text, for uu_file_name */
    bool damaged;          /* not decodable to the original: its text stays visible */
    bool unended;          /* the end line is missing or misspelt */
};

/* Finds "begin MODE NAME" ... "end" in text; at most max. A line cut of trailing blanks is filled
 * up to its length byte and is whole, where all lines but the last promise as much as the first:
 * lines that were wrapped anew do not. A file without end is whole if every line is and the last
 * one shows that nothing followed it. Linear time. */
size_t uu_find(struct str text, struct uu_file *out, size_t max);

/* Appends the file's name, as it came, of at most UU_NAME_MAX bytes. */
enum { UU_NAME_MAX = 4 << 10 };
void uu_file_name(const struct uu_file *file, struct buf *out);

/* The same of a text that comes in pieces of any size: found is told of each file, whose name lives
 * until it returns. last ends the text, and the next piece begins another. */
struct uu_reader;
struct uu_reader *uu_reader_new(void (*found)(void *arg, const struct uu_file *file), void *arg);
void uu_reader_feed(struct uu_reader *r, struct str bytes, bool last);
void uu_reader_free(struct uu_reader **r);

#endif
