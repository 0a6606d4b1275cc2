/* SPDX-License-Identifier: MIT */
/* section.h - what FETCH may ask of a message: items, BODY[...]<...>, BINARY[...] and the bytes that
 * they name (RFC 3501 §6.4.5, RFC 3516). Pure; parts are those that mime/guard finds.
 * Must not know: mailboxes, sessions. */
#ifndef TMAIL_SERVER_SECTION_H
#define TMAIL_SERVER_SECTION_H

#include "mime/guard.h"
#include "mime/summary.h"

enum section_kind {
    SECTION_FLAGS,
    SECTION_UID,
    SECTION_DATE,
    SECTION_SIZE,
    SECTION_MODSEQ,   /* RFC 7162 §3.1.4.2 */
    SECTION_ENVELOPE, /* from here on: of the message's bytes */
    SECTION_HEADER,   /* of the message, or of a message within it */
    SECTION_FIELDS,
    SECTION_FIELDS_NOT,
    SECTION_ALL, /* from here on: of more than its header. Of a path: the part's content */
    SECTION_TEXT,
    SECTION_MIME,
    SECTION_BODY,
    SECTION_BODYSTRUCTURE,
    SECTION_BINARY,
    SECTION_BINARY_SIZE
};
enum { SECTION_PATH = GUARD_DEPTH_MAX };
struct section {
    enum section_kind kind;
    struct str name;          /* as it is answered, without BODY[ ] and <n> */
    struct str fields;        /* blank separated, of FIELDS */
    bool body, peek, partial; /* body: BODY[name] */
    uint32_t offset, count;
    uint32_t path[SECTION_PATH]; /* numbers of parts, from the outside */
    size_t path_n;
};

/* A message and, once they were needed, its parts. */
struct section_src {
    struct str message;
    struct arena *arena; /* NULL: not looked at yet */
    struct guard guard;
};

/* One item, as "BODY.PEEK[1.HEADER.FIELDS (A B)]<0.100>", "RFC822.SIZE". -1: not known. Views of
 * item. */
int section_read(struct str item, struct section *out);
/* True if the header is all that is needed of the message. */
bool section_is_header(const struct section *s);
/* Header with the empty line, and what comes after it. */
void section_split(struct str message, struct str *header, struct str *text);
/* A message that comes in pieces begins with a ceiling of SERVER_HEADER_MAX; asked after each
 * piece, this lifts it to SERVER_MESSAGE_MAX once the header has ended. One whose header does not
 * end is over its ceiling. */
void section_ceiling(struct buf *message);

void section_src_init(struct section_src *src, struct str message);
void section_src_clear(struct section_src *src);
/* Its parts, found at the first call. */
const struct guard *section_parts(struct section_src *src);
/* The bytes that a section names, before <partial>: a view of the message or of made, to which they
 * are appended where they do not stand in one piece. 0; 1: the message has no such part; 2: its
 * encoding is not known, what BINARY gets is as it stands. */
int section_find(const struct section *s, struct section_src *src, struct buf *made,
                 struct str *bytes);
/* The same of a message alone, appended to out. */
int section_bytes(const struct section *s, struct str message, struct buf *out);
/* The part of bytes that <partial> wants. */
struct str section_partial(const struct section *s, struct str bytes);
/* Takes the next field off *header, in time that its length takes; the value is unfolded into out,
 * which is cleared first. False at the end; lines that are no field are passed over. */
bool section_next_field(struct str *header, struct str *name, struct buf *value);
/* Value of the first field of this name, unfolded, appended. False when there is none. */
bool section_field(struct str header, const char *name, struct buf *out);
/* What a Content-Transfer-Encoding says; false for one that is not known. */
bool section_encoding(struct str field, enum mime_encoding *out);
/* The content of a part without its transfer encoding, appended. */
void section_decode(struct str content, enum mime_encoding encoding, struct buf *out);

#endif
