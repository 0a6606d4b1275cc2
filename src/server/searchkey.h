/* SPDX-License-Identifier: MIT */
/* searchkey.h - the keys of SEARCH as a tree (RFC 3501 §6.4.4, RFC 9051 §6.4.4, RFC 5032, RFC 5182,
 * RFC 7162),
 * made once for all messages: sets sorted, texts in UTF-8 with case folded. Pure.
 * Must not know: mailboxes, how a message is read. */
#ifndef TMAIL_SERVER_SEARCHKEY_H
#define TMAIL_SERVER_SEARCHKEY_H

#include "base/buf.h"
#include "wire/imap_token.h"

enum search_kind {
    KEY_ALL,
    KEY_NONE,
    KEY_FLAG, /* one of flags is set */
    KEY_NOT_FLAG,
    KEY_KEYWORD,
    KEY_NOT_KEYWORD,
    KEY_SEQUENCE,
    KEY_UID,
    KEY_BEFORE,
    KEY_ON,
    KEY_SINCE,
    KEY_MODSEQ,
    KEY_LARGER,
    KEY_SMALLER,
    KEY_AND, /* of child and all that hang on it */
    KEY_OR,
    KEY_NOT,
    KEY_SENT_BEFORE, /* from here on: of the header */
    KEY_SENT_ON,
    KEY_SENT_SINCE,
    KEY_HEADER,
    KEY_BODY, /* from here on: of all of it */
    KEY_TEXT
};
/* What has to be read of a message to judge a key. */
enum search_depth { SEARCH_ROW, SEARCH_HEADER, SEARCH_MESSAGE };

struct search_range {
    uint32_t first, last;
};
struct search_key {
    enum search_kind kind;
    unsigned flags;
    struct str name; /* of a field, of a keyword */
    struct str text; /* folded */
    bool ascii;      /* text has nothing else */
    int64_t day;     /* first second of it; of BEFORE, ON, SINCE */
    uint64_t number;
    const struct search_range *ranges; /* ascending, apart from each other */
    size_t ranges_n;
    enum search_depth depth; /* of the key with all below it */
    bool modseq;             /* one of them asks for that */
    struct search_key *child, *other, *next;
};

/* What the words of a search refer to. */
struct search_context {
    uint32_t last_number, last_uid;   /* what * means */
    const struct search_range *saved; /* what $ means: UIDs */
    size_t saved_n;
    int64_t now;
    struct str charset; /* of the texts; empty: UTF-8 */
};

/* All keys from *n on, as one KEY_AND in a; NULL for what is none. Texts and names are views of the
 * nodes or live in a. */
struct search_key *search_keys_read(struct arena *a, const struct wire_node *n,
                                    const struct search_context *context);
/* True for a charset that texts may be in. */
bool search_charset(struct str charset);
bool search_ranges_have(const struct search_key *k, uint32_t n);

#endif
