/* SPDX-License-Identifier: MIT */
/* section.h - what FETCH may ask of a message: items, BODY[...]<...> and the bytes that they
 * name (RFC 3501 §6.4.5). Pure.
 * Must not know: mailboxes, sessions. */
#ifndef TMAIL_SERVER_SECTION_H
#define TMAIL_SERVER_SECTION_H

#include "base/buf.h"

enum section_kind {
    SECTION_FLAGS,
    SECTION_UID,
    SECTION_DATE,
    SECTION_SIZE,
    SECTION_ENVELOPE,
    SECTION_ALL, /* from here on: bytes of the message */
    SECTION_HEADER,
    SECTION_FIELDS,
    SECTION_FIELDS_NOT,
    SECTION_TEXT,
    SECTION_FIRST, /* BODY[1]: of a message without parts its text */
    SECTION_MIME
};
struct section {
    enum section_kind kind;
    struct str name;          /* as it is answered, without BODY[ ] and <n> */
    struct str fields;        /* blank separated, of FIELDS */
    bool body, peek, partial; /* body: BODY[name] */
    uint32_t offset, count;
};

/* One item, as "BODY.PEEK[HEADER.FIELDS (A B)]<0.100>", "RFC822.SIZE". -1: not known. Views of
 * item. */
int section_read(struct str item, struct section *out);
/* Header with the empty line, and what comes after it. */
void section_split(struct str message, struct str *header, struct str *text);
/* A message that comes in pieces begins with a ceiling of SERVER_HEADER_MAX; asked after each
 * piece, this lifts it to SERVER_MESSAGE_MAX once the header has ended. One whose header does not
 * end is over its ceiling. */
void section_ceiling(struct buf *message);
/* Appends the bytes that a section names, before <partial>. */
void section_bytes(const struct section *s, struct str message, struct buf *out);
/* The part of bytes that <partial> wants. */
struct str section_partial(const struct section *s, struct str bytes);
/* Value of the first field of this name, unfolded, appended. False when there is none. */
bool section_field(struct str header, const char *name, struct buf *out);

#endif
