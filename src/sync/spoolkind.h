/* SPDX-License-Identifier: MIT */
/* spoolkind.h - what a local account asks of the files in which its mail lies. Where a function says so 1 means that what it is about is not there (any more).
 * Must not know: the store. */
#ifndef TMAIL_SYNC_SPOOLKIND_H
#define TMAIL_SYNC_SPOOLKIND_H

#include "sync/roles.h"
#include "sync/spooltext.h"

enum {
    SPOOL_ENTRIES_MAX = 4 << 20, /* messages in one folder */
    SPOOL_FOLDERS_MAX = 10000,
    SPOOL_DEPTH_MAX = 16 /* folders in folders */
};

/* Where the mail of an account lies, and what is kept of it between two looks. */
struct spool_home {
    const char *root;
    const char *inbox;       /* an mbox file that is not in root; NULL: there is none */
    char *aside;             /* begins the names of files of ours, beside the store */
    bool (*stop)(void *arg); /* true: nothing is waited for any more; NULL: never */
    void *arg;
    struct mbseen *seen; /* mbox files as they were */
};
/* Whether an operation that may have been begun before has done its work. */
struct spool_again {
    bool maybe;
    bool (*known)(void *arg,
                  struct str name); /* the store has a message of that name in the target */
    void *arg;
};
/* A message as it lies there. */
struct spool_entry {
    struct str name;  /* the same until it is gone, unique in the folder */
    struct str place; /* where, and with which flags: another one when either changes */
    unsigned flags;   /* enum cache_flag */
    int64_t order;    /* of its coming */
};
struct spool_text {
    struct spooltext text;
    int64_t received; /* seconds */
};
/* A message that is made here. */
struct spool_new {
    struct str key; /* 16 bytes; the same when it is tried again, so that nothing is doubled */
    int64_t received;
    unsigned flags;
    struct str sender; /* an address, or empty */
    struct spool_again again;
    int (*next)(void *arg, struct buf *out, struct error *err); /* appends bytes; 1: no more */
    void *arg;
};
struct spool_box;

struct spool_kind {
    /* All folders, each with wire, delim and name; INBOX is one of them. said: what is
     * passed over, and why; one sentence. */
    int (*folders)(const struct spool_home *h, struct arena *a, struct sync_listed **out, size_t *n,
                   struct error *said, struct error *err);
    /* Makes a folder; *wire, in a, is what it is called. have: those that are there. */
    int (*make)(const struct spool_home *h, struct arena *a, const struct sync_listed *have,
                size_t n, struct str name, struct str *wire, struct error *err);
    /* To look at it, or to change it: then other programs are kept out until it is closed. 1: there
     * is no such folder. Keeps nothing. */
    int (*open)(struct spool_home *h, struct str wire, bool change, struct spool_box **out,
                struct error *err);
    /* What the folder is like; 0: too young to tell. Another number, another content. */
    uint64_t (*print)(struct spool_box *b);
    /* All messages, in any order; they live in a. */
    int (*list)(struct spool_box *b, struct arena *a, struct spool_entry **out, size_t *n,
                struct error *err);
    /* The flags that its place says. */
    unsigned (*flags_of)(const struct spool_entry *e);
    /* Its bytes; text_close. 1. */
    int (*text)(struct spool_box *b, const struct spool_entry *e, struct spool_text *out,
                struct error *err);
    void (*text_close)(struct spool_box *b, struct spool_text *t);
    /* The following need a box that was opened for changes, and hold when it is closed. 1 each;
     * e->place, in a, becomes the new one. */
    int (*flags)(struct spool_box *b, struct arena *a, struct spool_entry *e, unsigned flags,
                 struct error *err);
    int (*remove)(struct spool_box *b, const struct spool_entry *e, struct error *err);
    /* *e is what it became, in a. The message may be there from an earlier attempt. */
    int (*append)(struct spool_box *b, struct arena *a, const struct spool_new *m,
                  struct spool_entry *e, struct error *err);
    /* From one to the other; an earlier attempt may have done it. 1. With move_copies it stays in
     * from until it is removed there. */
    int (*move)(struct spool_box *from, struct spool_box *to, struct arena *a,
                const struct spool_again *again, struct spool_entry *e, struct error *err);
    /* NULL, or what was appended is on the disk; -1: nothing of it is. Then come removals. */
    int (*settle)(struct spool_box *b, struct error *err);
    /* NULL, or false when the folder may have changed since it was listed: texts may be torn. */
    bool (*same)(struct spool_box *b);
    /* NULL, or lets other programs at it for a moment, between two texts. 1: they changed it. */
    int (*breathe)(struct spool_box *b, struct error *err);
    /* Ends it; 0: what was changed is on the disk, -1: it may not be, or with move_copies it is not
     * (yet). Sets *b to NULL in any case. */
    int (*close)(struct spool_box **b, struct error *err);
    /* Calls each with the folders whose changes are to be told, and with the name in them that
     * counts, or NULL. */
    void (*watched)(const struct spool_home *h,
                    void (*each)(void *arg, const char *dir, const char *leaf), void *arg);
    /* NULL, or false for names in such a folder whose changes say nothing. */
    bool (*counts)(const char *leaf);
    /* NULL, or frees what is kept. */
    void (*forget)(struct spool_home *h);
    bool move_copies;
};
extern const struct spool_kind maildir_kind, mbox_kind;

#endif
