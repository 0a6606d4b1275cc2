/* SPDX-License-Identifier: MIT */
/* imap_token.h - IMAP lines as trees of atoms, strings, literals and lists, for client and
 * server (RFC 3501 §9, RFC 9051 §9). Incremental: any split of the input gives the same result.
 * Literals up to literal_keep bytes become nodes; larger ones are told when announced and handed
 * out in chunks as they arrive, so that a message of any size passes through a fixed buffer.
 * Must not know: sockets, what the words mean. */
#ifndef TMAIL_WIRE_IMAP_TOKEN_H
#define TMAIL_WIRE_IMAP_TOKEN_H

#include "base/buf.h"

enum wire_kind {
    WIRE_ATOM, /* also numbers, flags, "*", "+", tags; BODY[HEADER.FIELDS (X)]<0> is one atom */
    WIRE_QUOTED,
    WIRE_LITERAL,  /* s has the bytes */
    WIRE_STREAMED, /* a literal that went out in chunks; size says how large it was */
    WIRE_LIST,     /* ( ... ); child is the first element */
    WIRE_CODE,     /* [ ... ] of a status response; child is its first word */
    WIRE_TEXT /* free text to the end of the line: after OK NO BAD BYE PREAUTH [code], after "+" */
};
struct wire_node {
    enum wire_kind kind;
    struct str s;
    uint64_t size;
    const struct wire_node *child, *next;
};

enum wire_result {
    WIRE_OK,       /* one whole line */
    WIRE_MORE,     /* all input eaten, feed more */
    WIRE_BAD,      /* *err says what; the reader resumes behind the next CRLF */
    WIRE_ANNOUNCE, /* a literal larger than literal_keep, or (server) any: see wire_imap_literal */
    WIRE_CHUNK     /* bytes of the streamed literal */
};

enum {
    WIRE_LINE_MAX = 1 << 20, /* bytes of a line without its literals */
    WIRE_DEPTH_MAX = 100,
    WIRE_NODES_MAX = 1 << 20,
    WIRE_MEMORY_MAX = 64 << 20 /* all nodes and kept literals of one line */
};
struct wire_imap_limits {
    size_t line_max, depth_max, nodes_max, memory_max;
    size_t literal_keep;  /* larger literals are streamed */
    uint64_t literal_max; /* larger literals are WIRE_BAD */
};
struct wire_literal {
    uint64_t size;
    bool sync;   /* the sender waits for a continuation ("{n}", not "{n+}") */
    bool binary; /* "~{n}" */
};

/* WIRE_SERVER reads commands (every literal is announced), WIRE_CLIENT responses (status text is
 * free text). */
enum wire_side { WIRE_CLIENT, WIRE_SERVER };
struct wire_imap;
/* limits NULL: the defaults above, literal_keep 64 kB, literal_max 256 MB. */
struct wire_imap *wire_imap_new(enum wire_side side, const struct wire_imap_limits *limits);
void wire_imap_free(struct wire_imap **p);
/* Consumes from *in. After WIRE_OK *line is the tree, borrowed until the next call; after the
 * others what there is of it so far, lists still open (NULL: nothing). An empty line is
 * WIRE_OK with NULL. Lines may end in a bare LF. After WIRE_CHUNK use wire_imap_chunk. */
enum wire_result wire_imap_next(struct wire_imap *p, struct str *in, const struct wire_node **line,
                                struct error *err);
/* After WIRE_ANNOUNCE: the literal; then choose one of keep (becomes a node; memory_max still
 * holds) and refuse before the next call. Without a choice it is streamed. refuse drops the line:
 * at once for a sync literal (the sender will not send it), else with all that still comes of it.
 */
const struct wire_literal *wire_imap_literal(const struct wire_imap *p);
void wire_imap_keep(struct wire_imap *p);
void wire_imap_refuse(struct wire_imap *p);
/* After WIRE_CHUNK: the bytes, a view of the input; *last with the literal's end (an empty literal
 * gives one empty last chunk). */
struct str wire_imap_chunk(const struct wire_imap *p, bool *last);

/* Help for walking, NULL is fine everywhere: nth element of a list (or of the line), NULL past the
 * end; atom compared in any case; any string kind or atom; a number that is an atom. */
const struct wire_node *wire_nth(const struct wire_node *first, size_t n);
size_t wire_count(const struct wire_node *first);
bool wire_is(const struct wire_node *n, const char *atom);
bool wire_is_nil(const struct wire_node *n);
bool wire_is_string(const struct wire_node *n);
int wire_u32(const struct wire_node *n, uint32_t *value);
int wire_u64(const struct wire_node *n, uint64_t *value);

#endif
