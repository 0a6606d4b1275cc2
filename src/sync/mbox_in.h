/* SPDX-License-Identifier: MIT */
/* mbox_in.h - an open mbox file, for mbox.c, which opens and reads it, mboxdirs.c, which knows where it
 * lies, and mboxedit.c, which changes it.
 * Must not know: the store. */
#ifndef TMAIL_SYNC_MBOX_IN_H
#define TMAIL_SYNC_MBOX_IN_H

#include <sys/stat.h>

#include "sync/mbchange.h"
#include "sync/mbscan.h"
#include "sync/spoolkind.h"

enum {
    MBOX_HEADER_MAX = 1 << 20 /* of a message whose flags are changed */
};

/* What was found in a file when it was read last. */
struct mbseen {
    struct mbseen *next;
    char *wire;
    struct stat st; /* st_ino 0: nothing is known */
    bool settled;   /* a change after that look would have given it other times */
    struct mbrows rows;
};
struct mbox_added {
    unsigned char id[MBSCAN_ID];
};
struct spool_box {
    struct spool_home *home;
    char *redo, *leaf;
    int dir, fd;
    struct stat opened; /* as it was then */
    bool change, locked, dotlock, written;
    bool read;       /* seen has the rows of this opening */
    bool broken_off; /* a change waits for mbchange_replay: none may come before that */
    struct mbseen *seen;
    struct mbchange *adds; /* NULL: none wait */
    struct mbox_added *added;
    size_t added_n;
};

/* Brings seen->rows up to date with the file. */
int mbox_rows(struct spool_box *b, struct error *err) MUST_CHECK;
/* What the rows say is not so any more. */
void mbox_unknown(struct spool_box *b);
/* The row that an entry's name means; NULL. mbox_rows came before. */
struct mbrow *mbox_row(const struct spool_box *b, struct str name);
struct str mbox_name(struct arena *a, const unsigned char id[MBSCAN_ID], uint32_t n);
/* -1: it is none of those. */
int mbox_name_read(struct str name, unsigned char id[MBSCAN_ID], uint32_t *n) MUST_CHECK;
struct str mbox_place(struct arena *a, unsigned flags);
unsigned mbox_place_flags(const struct spool_entry *e);
/* error_sys, as what a file system refuses: for good or for now. */
int mbox_refused(const char *what, struct error *err);

/* NULL: such a folder cannot be; else freed with free(). */
char *mbox_path(const struct spool_home *h, struct str wire);

/* Of mbox_kind (mboxdirs.c). */
int mbox_folders(const struct spool_home *h, struct arena *a, struct sync_listed **out, size_t *n,
                 struct error *said, struct error *err) MUST_CHECK;
int mbox_make(const struct spool_home *h, struct arena *a, const struct sync_listed *have, size_t n,
              struct str name, struct str *wire, struct error *err) MUST_CHECK;
void mbox_watched(const struct spool_home *h,
                  void (*each)(void *arg, const char *dir, const char *leaf), void *arg);
bool mbox_counts(const char *leaf);

/* The same (mboxedit.c). */
int mbox_flags(struct spool_box *b, struct arena *a, struct spool_entry *e, unsigned flags,
               struct error *err) MUST_CHECK;
int mbox_remove(struct spool_box *b, const struct spool_entry *e, struct error *err) MUST_CHECK;
int mbox_append(struct spool_box *b, struct arena *a, const struct spool_new *m,
                struct spool_entry *e, struct error *err) MUST_CHECK;
int mbox_move(struct spool_box *from, struct spool_box *to, struct arena *a,
              const struct spool_again *again, struct spool_entry *e, struct error *err) MUST_CHECK;
int mbox_settle(struct spool_box *b, struct error *err) MUST_CHECK;
/* Writes new flags, and takes away what was removed. */
int mbox_edits(struct spool_box *b, struct error *err) MUST_CHECK;
/* What a change that was broken off would have brought, and is not there, comes behind the rest. */
int mbox_rescue(struct spool_box *b, struct mbchange_lost *lost, struct error *err) MUST_CHECK;

#endif
