/* SPDX-License-Identifier: MIT */
/* guard.h - the skeleton of a message, found in one pass over the raw bytes before a library
 * sees any of them: header fields, parts, where each begins and ends (RFC 5322 §2, RFC 2046
 * §5.1). Iterative, linear in time, with ceilings on everything that a sender can make grow.
 * GMime is then given single field values of bounded length, never a tree or an address list:
 * its parser recurses with both. A message may come in pieces, and none of it is kept but a line
 * or a field at hand.
 * Must not know: charsets, GMime. */
#ifndef TMAIL_MIME_GUARD_H
#define TMAIL_MIME_GUARD_H

#include "base/buf.h"

struct guard_limits {
    size_t header_bytes, fields; /* of one header block; what is beyond is skipped */
    size_t parts;                /* the last of them is the opaque rest */
    unsigned depth; /* a container below it is an opaque leaf; at most GUARD_DEPTH_MAX */
    /* Only an empty line ends a header (what IMAP calls HEADER), not a line that is no field. */
    bool blank_ends;
};
enum {
    GUARD_DEPTH_MAX = 64,
    GUARD_VALUE_MAX = 64 << 10,   /* bytes of a field's value; what is beyond is skipped */
    GUARD_NAME_MAX = 64 << 10,    /* a longer name is none */
    GUARD_BOUNDARY_MAX = 16 << 10 /* a longer line is no boundary */
};
extern const struct guard_limits guard_limits_default;

/* value is raw: with folds, without its last line end. */
struct guard_field {
    struct str name, value;
    bool cut; /* value is only the front */
};

enum guard_kind { GUARD_LEAF, GUARD_MULTIPART, GUARD_MESSAGE };

struct guard_part {
    size_t header, offset, end; /* of its header, its content, behind its content */
    struct str type;            /* "text/plain" as written; empty when there is none */
    struct str content_type, encoding, disposition, id; /* raw field values */
    enum guard_kind kind;
    unsigned depth;
    bool unclosed; /* its boundary, or its end, never came */
    bool opaque;   /* not looked into because of a limit */
    bool digest;   /* a child of multipart/digest: a message where it does not say otherwise */
};

struct guard {
    struct guard_field *fields; /* of the message's own header */
    size_t fields_n;
    struct guard_part *parts; /* in document order, the message itself first */
    size_t parts_n;
    bool over; /* a limit was passed */
};

/* Arrays live in a, strings point into raw. Never fails: every byte sequence is a message. */
void guard_scan(struct arena *a, struct str raw, const struct guard_limits *limits,
                struct guard *out);
/* Value of a parameter of a structured field ("boundary"), without quotes; empty when absent. */
struct str guard_param(struct arena *a, struct str value, const char *name);

/* What is told of a message as it passes. Strings live until the call returns; those of a message
 * that was given in one piece point into that. */
struct guard_sink {
    /* Of the message's own header. */
    void (*field)(void *arg, const struct guard_field *field);
    /* A part's header has passed; in document order. Its end is not known, and a multipart of which
     * no part comes turns out to be a leaf. */
    void (*begin)(void *arg, const struct guard_part *part);
    /* The next bytes of the content of the part that began last, as long as it is a leaf or may
     * turn out to be one. */
    void (*content)(void *arg, struct str bytes);
    /* All is known of the part of this depth that began last, and its strings are gone. */
    void (*end)(void *arg, const struct guard_part *part);
    void *arg;
};

struct guard_reader;
/* Keeps limits. */
struct guard_reader *guard_reader_new(const struct guard_limits *limits,
                                      const struct guard_sink *sink);
/* The next bytes of a message, in pieces of any size. last ends it, and the next piece begins
 * another. */
void guard_reader_feed(struct guard_reader *r, struct str bytes, bool last);
/* True if a limit was passed by the message at hand, or by the last one. */
bool guard_reader_over(const struct guard_reader *r);
void guard_reader_free(struct guard_reader **r);

#endif
