/* SPDX-License-Identifier: MIT */
/* summary.h - what a message is for a list, a reader and a reply: decoded fields and the part
 * structure with offsets. tmail-decode answers with it, the store keeps it as one flat blob;
 * opening a message parses nothing. All text is valid UTF-8 (decoded RFC 2047/2231, unfolded),
 * may still hold control characters, and is NOT safe for a terminal.
 * Must not know: GMime, SQLite, the screen. */
#ifndef TMAIL_MIME_SUMMARY_H
#define TMAIL_MIME_SUMMARY_H

#include "base/buf.h"

enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QP, MIME_BASE64, MIME_UUENCODE };

enum mime_part_flag {
    MIME_PART_ATTACHMENT = 1 << 0, /* Content-Disposition: attachment, or a named non-text leaf */
    MIME_PART_INLINE = 1 << 1,
    MIME_PART_UU =
        1 << 2, /* uuencoded text inside a text part: offset/length are of its begin..end lines */
    MIME_PART_DAMAGED = 1 << 3, /* offered, but not whole */
    MIME_PART_FLOWED = 1 << 4,  /* format=flowed */
    MIME_PART_DELSP = 1 << 5,
    MIME_PART_CONTAINER =
        1 << 6, /* multipart/... or message/rfc822: has children, no content of its own */
    MIME_PART_UNENDED = 1 << 7 /* uuencoded and whole, but its end line is missing or misspelt */
};

/* One part, in document order. offset and length are of the encoded content in the raw message,
 * without the part's own header; header_offset is where that header begins. Children follow their
 * parent with depth + 1. */
struct mime_part_info {
    uint64_t header_offset, offset, length;
    uint64_t decoded; /* bytes after decoding, as well as known without decoding: an estimate */
    struct str type;  /* "text/plain", lower case */
    struct str charset, name, id;
    enum mime_encoding encoding;
    unsigned depth, flags;
};

enum mime_damage {
    MIME_DAMAGE_LIMIT = 1 << 0,    /* a limit of the guard was passed: something was left out */
    MIME_DAMAGE_CHARSET = 1 << 1,  /* bytes that their charset does not have */
    MIME_DAMAGE_ENCODING = 1 << 2, /* broken base64 and the like */
    MIME_DAMAGE_BOUNDARY = 1 << 3, /* a boundary that never came */
    MIME_DAMAGE_OPAQUE = 1 << 4    /* the decoder died of it before: shown raw only */
};

/* Address fields hold the decoded field text: read them with mime_addr_list. Absent fields are
 * empty. */
struct mime_summary {
    struct str subject, from, sender, reply_to, to, cc, bcc;
    struct str message_id, in_reply_to,
        references; /* with their angle brackets, separated by blanks */
    struct str followup_to, list_id, list_post, auth_results;
    struct str preview; /* the first line or two of the text, blanks folded, at most
                           MIME_PREVIEW_MAX bytes */
    int64_t date;       /* seconds since 1970; 0 when missing or unreadable */
    struct mime_part_info *parts;
    size_t parts_n;
    unsigned damage;
};

enum { MIME_PREVIEW_MAX = 240, MIME_PARTS_MAX = 5000, MIME_FLAT_MAX = 4 << 20 };

/* Appends the flat form (versioned, little-endian, lengths first). */
void mime_summary_flatten(const struct mime_summary *s, struct buf *out);
/* Reads it back; strings point into flat, parts live in a. ERR_PARSE for anything else than what
 * flatten wrote. */
int mime_summary_read(struct arena *a, struct str flat, struct mime_summary *out,
                      struct error *err) MUST_CHECK;
/* The part to show first: text/plain, else text/html, preferring what is no attachment; parts_n
 * when there is no text. */
size_t mime_summary_text_part(const struct mime_summary *s);
/* The same while parts become known, in their order: picks from what was seen so far. */
struct mime_text_pick {
    size_t seen, best; /* best: SIZE_MAX as long as there is no text */
    unsigned rank, message_depth;
};
void mime_text_pick_init(struct mime_text_pick *p);
/* True if this one is better than all before. */
bool mime_text_pick_see(struct mime_text_pick *p, const struct mime_part_info *part);
/* True for what a list marks as an attachment: an attachment part, an embedded message, an inline
 * uuencoded file. */
bool mime_part_is_attachment(const struct mime_part_info *part);
/* What a person must know of a part before it is used, in their language; empty when all is well. */
const char *mime_part_note(const struct mime_part_info *part);
bool mime_summary_has_attachments(const struct mime_summary *s);

#endif
