/* SPDX-License-Identifier: MIT */
/* guard_tree.h - the parts that are open at a point of a message, and what becomes of them.
 * Must not know: how the bytes come; guard.h is what others include. */
#ifndef TMAIL_MIME_GUARD_TREE_H
#define TMAIL_MIME_GUARD_TREE_H

#include "mime/guard.h"

/* A container that is open; boundary is a multipart's. */
struct guard_open {
    struct guard_part part;
    struct buf boundary;
    bool digest, started, closed;
};

enum { GUARD_PART_FIELDS = 4 };

struct guard_tree {
    const struct guard_limits *limits;
    struct guard_sink sink;
    struct guard_part part; /* whose header is read, or the leaf whose content we are in */
    struct buf own[GUARD_PART_FIELDS];
    struct guard_open stack[GUARD_DEPTH_MAX + 1];
    size_t stack_n, parts_n;
    bool in_leaf;
    bool full; /* the last part that may be has begun: no boundary counts any more */
    bool over;
};

void guard_tree_init(struct guard_tree *t, const struct guard_limits *limits,
                     const struct guard_sink *sink);
/* Ready for another message. */
void guard_tree_reset(struct guard_tree *t);
void guard_tree_clear(struct guard_tree *t);

/* A part begins at pos, with its header. False: it is the opaque rest, all content. */
bool guard_tree_open(struct guard_tree *t, size_t pos) MUST_CHECK;
/* A field of that header; its value stays where it is until guard_tree_own. */
void guard_tree_field(struct guard_tree *t, const struct guard_field *field);
/* Copies what is kept of fields, because their bytes go. */
void guard_tree_own(struct guard_tree *t);
/* The header ends, its content is at pos. True: that is a message, which begins with a header. */
bool guard_tree_header_end(struct guard_tree *t, size_t pos) MUST_CHECK;
/* The open multipart whose boundary a line without its end is, counted from the outside; stack_n if none. *close: its last
 * one. */
size_t guard_tree_boundary(const struct guard_tree *t, struct str line, bool *close);
/* That boundary has come: what is inside ends at end. */
void guard_tree_separate(struct guard_tree *t, size_t level, bool close, size_t end);
/* True if content is told of. */
bool guard_tree_wants(const struct guard_tree *t);
/* The message ends at end. */
void guard_tree_end(struct guard_tree *t, size_t end);

#endif
