/* SPDX-License-Identifier: MIT */
/* mbscan.h - what lies in an mbox file: the pass that finds its messages, and a quick one that says
 * whether those found before are still there. A message is known by its bytes without the lines of
 * the mailbox (mbhead.h) and without the empty lines at its end, which programs add and take away.
 * Must not know: locks, the store. */
#ifndef TMAIL_SYNC_MBSCAN_H
#define TMAIL_SYNC_MBSCAN_H

#include "base/buf.h"

enum { MBSCAN_ID = 16 };

struct mbrow {
    uint64_t at;    /* of its From_ line */
    uint64_t head;  /* behind it */
    uint64_t body;  /* behind the empty line */
    uint64_t end;   /* without the empty line that separates */
    uint64_t next;  /* the next From_ line, or the end of the file */
    uint64_t print; /* of the bytes from at to body */
    unsigned char id[MBSCAN_ID];
    unsigned flags; /* enum cache_flag */
    uint32_t n;     /* so many with the same id stand before it */
    bool internal;  /* it is none, but a program's notes on the mailbox */
    /* What is to become of it when the file is written. */
    bool edited, gone;
    unsigned wanted; /* flags */
};
struct mbrows {
    struct mbrow *rows; /* in the order of the file */
    uint32_t *by_id;    /* their numbers in the order of id and n; mbscan_sort */
    size_t n, cap;
};
/* Adds the messages from that place on, where a From_ line must be, to the end at size. ERR_REFUSED
 * when it is no mbox. */
int mbscan(int fd, uint64_t from, uint64_t size, struct mbrows *out, struct error *err) MUST_CHECK;
/* Fills in by_id, and n of all rows. */
void mbscan_sort(struct mbrows *r);
/* The n-th of that id; NULL: there is none. */
struct mbrow *mbscan_find(const struct mbrows *r, const unsigned char id[MBSCAN_ID], uint32_t n);
/* True if From_ line and header of all rows stand in the file as they did. */
bool mbscan_same(int fd, const struct mbrow *rows, size_t n);
/* The print of a From_ line with the header behind it. */
uint64_t mbscan_print(struct str head);
void mbrows_clear(struct mbrows *r);

/* The id of a message whose lines come one after the other. */
struct mbid;
struct mbid *mbid_new(void);
/* A line with its end, or a piece of one that follows its beginning. */
void mbid_add(struct mbid *m, struct str piece, bool begins);
bool mbid_in_head(const struct mbid *m);
/* Ends and frees it; out may be NULL. */
void mbid_end(struct mbid **m, unsigned char *out);

#endif
