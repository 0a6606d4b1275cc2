/* SPDX-License-Identifier: MIT */
/* rows.h - the messages of a mailbox as sessions see them, by ascending UID. Copies are cheap:
 * they share blocks of rows, which are counted and never change while two have them. That is the
 * one thing that threads have in common beside queues; a copy itself belongs to one thread.
 * Must not know: files, protocols. */
#ifndef TMAIL_SERVER_ROWS_H
#define TMAIL_SERVER_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct rows_block;

struct mailbox_row {
    uint32_t uid;
    unsigned flags; /* the five system flags of enum imap_flag */
    int64_t date;
    uint64_t size;   /* as served */
    uint64_t modseq; /* RFC 7162 */
    /* Blank separated; NULL: none. Within rows it is shared and counted: borrowed from there. */
    const char *keywords;
};

/* Zeroed it is empty. */
struct rows {
    struct rows_part {
        struct rows_block *block;
        size_t start;
    } * part;
    size_t parts_n, cap, n;
};

/* i < n; valid until the rows change. */
const struct mailbox_row *rows_at(const struct rows *r, size_t i);
/* First row whose UID is at least uid. */
size_t rows_lower(const struct rows *r, uint32_t uid);
/* Index of a UID, or n. */
size_t rows_find(const struct rows *r, uint32_t uid);
/* Behind the last; its UID is higher. Copies the keywords. */
void rows_push(struct rows *r, const struct mailbox_row *row);
void rows_set(struct rows *r, size_t i, unsigned flags, const char *keywords, uint64_t modseq);
/* Those of ascending UIDs that are there. */
void rows_remove(struct rows *r, const uint32_t *uids, size_t n);
/* What *to had is given up. */
void rows_share(struct rows *to, const struct rows *from);
void rows_clear(struct rows *r);

#endif
