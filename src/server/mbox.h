/* SPDX-License-Identifier: MIT */
/* mbox.h - a mailbox file: what is in it, reading, adding, flags, expunging; UIDs and flags live
 * in the file itself. A message is added at the end and is there when it is on the disk; what a
 * crash left half is cut at the next open. Expunging marks; mbox_compact makes a new file. Mail
 * that other programs added is taken over when it is seen. Belongs to one thread. Every use
 * stands between mbox_begin and mbox_end, which hold the locks. What a row says of the file is
 * checked there before it is used: it may come from the index.
 * Must not know: sessions, other threads. */
#ifndef TMAIL_SERVER_MBOX_H
#define TMAIL_SERVER_MBOX_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"

struct log;
struct spill;

struct mbox_row {
    uint32_t uid;
    uint16_t flags;        /* the five system flags of enum imap_flag */
    uint8_t newline_added; /* the last line end is ours */
    uint8_t unused;
    int64_t date;
    uint64_t size;   /* as served, with CRLF */
    char *keywords;  /* blank separated; NULL: none */
    uint64_t modseq; /* of the last change (RFC 7162) */
    uint64_t at;     /* of the From_ line */
    uint64_t stored;
    uint16_t head_n, dead_at, flags_at, keywords_width; /* up to BOXHEAD_MAX */
};
/* One that was expunged; kept in the order of modseq, as many as MBOX_GONE_MAX. */
struct mbox_gone {
    uint32_t uid;
    uint64_t modseq;
};

struct mbox {
    int dir, fd;
    char *leaf;
    struct log *log;
    uint32_t validity, uid_next;
    struct mbox_row *rows; /* ascending UIDs */
    size_t n, cap;
    struct mbox_row *old; /* between a begin that found another file and its end: the rows before */
    size_t old_n;
    uint64_t end, dead; /* bytes of the file; of expunged messages in it */
    uint64_t modseq;    /* the highest; never goes back, see mboxseq.h */
    uint64_t reserved;  /* those up to here may be given after a crash no more */
    struct mbox_gone *gone;
    size_t gone_n, gone_cap;
    uint64_t gone_since; /* what was expunged up to this modseq is forgotten */
    unsigned generation; /* of the file: another when the rows are somewhere else in it */
    bool stamped;        /* this begin has its modseq */
    bool known;          /* validity and uid_next are those that were given last, not those found */
    bool unsaved;        /* the index does not have what we have */
    struct stat seen;
    bool dotlock;
    bool stale; /* the rows are not those of the file: it is read again before anything else */
};

struct mbox_new {
    const struct spill *message; /* any line ends; served with CRLF */
    struct str sender;
    unsigned flags;
    const char *keywords; /* or NULL */
    int64_t date;
};

/* Opens leaf in the folder dir (of which a copy is kept), making it when it is not there; validity
 * is the UIDVALIDITY of a new file. NULL on failure. */
struct mbox *mbox_open(int dir, const char *leaf, uint32_t validity, struct log *log,
                       struct error *err);
void mbox_close(struct mbox **m);
/* Locks, and reads again when the file is not as we left it: then 1, and old has the rows before.
 * 0; -1. */
int mbox_begin(struct mbox *m, bool write, struct error *err) MUST_CHECK;
void mbox_end(struct mbox *m);
/* Index of a UID, or n. */
size_t mbox_find(const struct mbox *m, uint32_t uid);
/* Adds one message, durable with mbox_sync; after -1 the file is as it was (err->sys has ENOSPC for
 * a full disk). */
int mbox_append(struct mbox *m, const struct mbox_new *new, uint32_t *uid,
                struct error *err) MUST_CHECK;
/* Appends the message as it is served. */
int mbox_read(struct mbox *m, size_t row, struct buf *out, struct error *err) MUST_CHECK;
/* The same in pieces of whole lines. *from: 0 at first; then what the next one wants, 0 behind the
 * last. */
int mbox_read_piece(struct mbox *m, size_t row, uint64_t *from, struct buf *out,
                    struct error *err) MUST_CHECK;
/* Appends its header with the empty line; what of it lies behind SERVER_HEADER_MAX is left out. */
int mbox_read_head(struct mbox *m, size_t row, struct buf *out, struct error *err) MUST_CHECK;
/* New flags and keywords of a row; durable with mbox_sync. */
int mbox_set(struct mbox *m, size_t row, unsigned flags, const char *keywords,
             struct error *err) MUST_CHECK;
/* Marks rows (ascending) as expunged and forgets them; durable with mbox_sync. After -1 the first
 * *done of them are. */
int mbox_kill(struct mbox *m, const size_t *rows, size_t n, size_t *done,
              struct error *err) MUST_CHECK;
/* Takes the last rows back that were added since there were n of them and the file had end bytes,
 * as if they had never been. */
int mbox_take_back(struct mbox *m, size_t n, uint64_t end, uint32_t uid_next,
                   struct error *err) MUST_CHECK;
/* Writes the index if it does not have all that is known; for quiet times, outside of begin and
 * end. */
void mbox_save(struct mbox *m);
int mbox_sync(struct mbox *m, struct error *err) MUST_CHECK;
/* A new file without the expunged messages, in place of the old. */
int mbox_compact(struct mbox *m, struct error *err) MUST_CHECK;

#endif
