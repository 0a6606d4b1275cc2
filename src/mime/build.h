/* SPDX-License-Identifier: MIT */
/* build.h - writes a complete message from an outline, straight from its sources through the
 * codecs (RFC 5322, 2045-2047, 2231). What it writes: CRLF, no line over 998 bytes, UTF-8 text
 * as quoted-printable or 7bit as fits, attachments as base64 (or uuencode on demand inside the
 * text), encoded words where a header needs them.
 * Must not know: files, the clock, random numbers: the outline brings them. */
#ifndef TMAIL_MIME_BUILD_H
#define TMAIL_MIME_BUILD_H

#include "base/buf.h"
#include "mime/field.h"

/* Gives the next bytes of a part: 1 with up to the chunk's ceiling in chunk, 0 at the end, -1. */
typedef int mime_read_fn(void *arg, struct buf *chunk, struct error *err);
/* Takes bytes of the finished message: 0 or -1. */
typedef int mime_sink_fn(void *arg, struct str bytes, struct error *err);

struct mime_field {
    struct str name, value; /* decoded UTF-8 */
};

struct mime_source {
    struct str name, type; /* file name, content type; type empty: by name */
    bool uuencode;         /* into the text part instead of a part of its own */
    bool message;          /* message/rfc822, taken as it is */
    mime_read_fn *read;
    void *arg;
};

struct mime_outline {
    struct str from, to, cc, bcc, reply_to; /* address lists, decoded text; bcc is never written */
    struct str subject, message_id, in_reply_to, references;
    struct str date;     /* RFC 5322 form */
    struct str boundary; /* unguessable, at most 60 token characters */
    struct mime_field *extra;
    size_t extra_n;
    struct str text; /* body, UTF-8, LF or CRLF */
    struct mime_source *parts;
    size_t parts_n;
};

/* Writes a complete CRLF message through sink. Refuses CR, LF or NUL in any field value or name
 * with ERR_USAGE, and an extra field that the outline or the structure has itself, before the first
 * byte. */
int mime_build(const struct mime_outline *m, mime_sink_fn *sink, void *arg,
               struct error *err) MUST_CHECK;

#endif
