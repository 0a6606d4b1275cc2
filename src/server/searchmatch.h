/* SPDX-License-Identifier: MIT */
/* searchmatch.h - whether a message is what a search looks for: by its row alone, or with its bytes,
 * of which encoded words, transfer encodings and charsets are undone. Text is compared without
 * regard to case, in the sense of Unicode.
 * Must not know: how messages are read, the grammar of SEARCH. */
#ifndef TMAIL_SERVER_SEARCHMATCH_H
#define TMAIL_SERVER_SEARCHMATCH_H

#include "server/mailbox.h"
#include "server/reader.h"
#include "server/searchkey.h"
#include "server/section.h"

enum search_verdict { SEARCH_NO, SEARCH_YES, SEARCH_UNKNOWN };

/* Bytes of one message after the other, and the room to work on them. */
struct search_message {
    struct section_src src;
    struct str header;
    enum search_depth depth; /* what of it is there */
    struct reader *reader;   /* may be NULL: charsets are not decoded */
    struct queue *answers;
    struct buf value, decoded, folded;
};

/* Keeps reader and answers. */
void search_message_init(struct search_message *m, struct reader *reader, struct queue *answers);
/* The next one, borrowed until the next. */
void search_message_set(struct search_message *m, struct str bytes, enum search_depth depth);
void search_message_clear(struct search_message *m);

/* m NULL: SEARCH_UNKNOWN where the row alone does not tell. */
enum search_verdict search_judge(const struct search_key *k, const struct mailbox_row *row,
                                 uint32_t number, struct search_message *m);

#endif
