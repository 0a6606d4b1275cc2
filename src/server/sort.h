/* SPDX-License-Identifier: MIT */
/* sort.h - the order that SORT asks for, and what THREAD shares with it: base subjects and sent dates
 * (RFC 5256). Pure.
 * Must not know: mailboxes, how headers are read or decoded. */
#ifndef TMAIL_SERVER_SORT_H
#define TMAIL_SERVER_SORT_H

#include "base/buf.h"
#include "wire/imap_token.h"

enum sort_by {
    SORT_ARRIVAL,
    SORT_SIZE,
    SORT_DATE, /* from here on: of the header */
    SORT_CC,
    SORT_FROM,
    SORT_SUBJECT,
    SORT_TO
};
enum { SORT_KEYS_MAX = 16 };
struct sort_order {
    struct {
        enum sort_by by;
        bool reverse;
    } keys[SORT_KEYS_MAX];
    size_t n;
};
/* Texts are in the form of sort_text. */
struct sort_entry {
    size_t row; /* decides between equals */
    int64_t arrival, date;
    uint64_t size;
    struct str cc, from, subject, to;
};

/* The list of criteria; -1 for what is none. */
int sort_order_read(const struct wire_node *list, struct sort_order *out);
bool sort_wants(const struct sort_order *order, enum sort_by by);
void sort_run(const struct sort_order *order, struct sort_entry *entries, size_t n);

/* What texts are compared in (RFC 5051, i;unicode-casemap), in a, cut to what is worth comparing. */
struct str sort_text(struct arena *a, struct str utf8);
/* The mailbox of the first address of a field as it stands, in the form of sort_text. */
struct str sort_mailbox(struct arena *a, struct str field);
/* RFC 5256 §2.1: the subject without what replies and forwarding add, of a decoded field on one line;
 * a view of out, which is cleared first. *reply: something of that was there. */
struct str sort_base_subject(struct str decoded, struct buf *out, bool *reply);

#endif
