/* SPDX-License-Identifier: MIT */
/* message.h - messages, where they lie, and the lists that a screen shows. A message is stored
 * once; a placement says (folder, uid, flags, modseq). A placement with uid 0 was made here and
 * waits for the server. A message lies in a folder at most once: a second copy of the same bytes
 * in one folder is a message of its own that shares the body. Lists are read by keyset on an
 * index that is exactly their order: never OFFSET. Counts are kept.
 * Must not know: MIME: columns come already extracted. */
#ifndef TMAIL_CACHE_MESSAGE_H
#define TMAIL_CACHE_MESSAGE_H

#include "cache/folder.h"

enum cache_flag {
    CACHE_SEEN = 1,
    CACHE_ANSWERED = 2,
    CACHE_FLAGGED = 4,
    CACHE_DELETED = 8,
    CACHE_DRAFT = 16,
    CACHE_FORWARDED = 64,
    CACHE_SERVER_FLAGS = 0x5F,
    CACHE_ATTACHMENT = 256, /* facts of the message, not of a placement */
    CACHE_BODY_HERE = 512
};

/* What the engine knows of a message. identity: SHA-256 of the bytes as stored when the body is
 * here, else the same as head. head: SHA-256 of the whole header block and of the size as decimal
 * digits; all zero when not known. It finds a message again after a move or a change of
 * UIDVALIDITY, and is never trusted otherwise. */
struct cache_message {
    int64_t account;
    unsigned char identity[32], head[32];
    int64_t body;     /* of cache_body_finish; 0: not here yet */
    int64_t date;     /* from its Date field, else received */
    int64_t received; /* INTERNALDATE */
    uint64_t size;
    unsigned flags; /* CACHE_ATTACHMENT */
    /* What the server calls it in any folder and after any move; empty: nothing. */
    struct str objectid;
    /* Decoded; from and to as address lists. */
    struct str from, to, subject, message_id, in_reply_to, references, preview;
    struct str summary; /* flat mime_summary */
};
struct cache_placement {
    int64_t folder;
    uint32_t uid;   /* 0: not on the server yet */
    unsigned flags; /* as the server has them */
    uint64_t modseq;
    struct str keywords; /* blank separated */
};

/* Inserts the message (or finds it by its bytes within the account; by the server's name for it,
 * unless the bytes say otherwise; by its head, where it waits for a uid or is in limbo) and places
 * it; joins it to its thread; keeps the counts. A placement with uid 0 of the same message in that folder is taken
 * over, so that what was moved or appended from here is not doubled. A header-only row of the same
 * (folder, uid) is completed in place. With uid 0 it is safe to repeat. *id is set. */
int cache_message_put(struct cache *c, const struct cache_message *m,
                      const struct cache_placement *where, int64_t *id,
                      struct error *err) MUST_CHECK;
/* Always a new message, whatever is here already; where->uid is not 0. Inside of src/cache, in the
 * caller's transaction. */
int message_put_new(struct cache *c, const struct cache_message *m,
                    const struct cache_placement *where, int64_t *id, struct error *err) MUST_CHECK;
/* One more placement of a message that is here. */
int cache_place(struct cache *c, int64_t message, const struct cache_placement *where,
                struct error *err) MUST_CHECK;
/* The server's flags of (folder, uid), with what the journal still has to say about them laid on
 * top. 1: no such placement. */
int cache_place_flags(struct cache *c, int64_t folder, uint32_t uid, unsigned flags,
                      struct str keywords, uint64_t modseq, struct error *err) MUST_CHECK;
/* The message that the server calls objectid lies at where, too. 1: no message is called so, or it
 * has a uid in that folder already. */
int cache_place_objectid(struct cache *c, int64_t account, struct str objectid,
                         const struct cache_placement *where, struct error *err) MUST_CHECK;
/* The server no longer has (folder, uid). The message goes when it lies nowhere else and nothing
 * pending needs it: what the person moved or copied from there is kept, and turned into an
 * OP_APPEND to its target when the body is here. */
int cache_place_gone(struct cache *c, int64_t folder, uint32_t uid, struct error *err) MUST_CHECK;
/* The same, but a message that lies nowhere else stays in limbo, with its body, until
 * cache_limbo_sweep: it may turn up in another folder. since: wall ms. */
int cache_place_left(struct cache *c, int64_t folder, uint32_t uid, int64_t since,
                     struct error *err) MUST_CHECK;
/* All messages of a folder that the server has no more, before it is dropped. */
int cache_folder_left(struct cache *c, int64_t folder, int64_t since, struct error *err) MUST_CHECK;
/* True when the store knows what the server calls any message of the account. */
int cache_objectid_any(struct cache *c, int64_t account, bool *any, struct error *err) MUST_CHECK;
/* True when something of the account is in limbo. */
int cache_limbo_any(struct cache *c, int64_t account, bool *any, struct error *err) MUST_CHECK;
/* What is in limbo since before that time goes, a hundred at most; 1: no more. */
int cache_limbo_sweep(struct cache *c, int64_t account, int64_t before,
                      struct error *err) MUST_CHECK;
/* The server gave a uid to the pending placement of message in folder. */
int cache_place_uid(struct cache *c, int64_t folder, int64_t message, uint32_t uid,
                    struct error *err) MUST_CHECK;
/* UIDVALIDITY changed: all uids of the folder are forgotten; the placements are matched again by
 * identity or head as they come. */
int cache_folder_unsettle(struct cache *c, int64_t folder, struct error *err) MUST_CHECK;
/* After a whole pass over the folder: drops what has no uid and no open operation that will give it
 * one. */
int cache_folder_settled(struct cache *c, int64_t folder, struct error *err) MUST_CHECK;

/* What the store believes the server has in a folder, ascending uid; for the plan. flags are the
 * server's, without the journal. What the person moved away or expunged here is in it until the
 * server has confirmed that. */
struct cache_known {
    uint32_t uid;
    unsigned flags;
    uint64_t modseq;
    int64_t message;
    bool body_here;
    uint64_t size;    /* of the message, as the server told */
    int64_t received; /* INTERNALDATE */
    struct str keywords;
};
int cache_known(struct cache *c, struct arena *a, int64_t folder, struct cache_known **out,
                size_t *n, struct error *err) MUST_CHECK;
/* The same of some uids only: ranges, ascending and apart. */
struct cache_range {
    uint32_t first, last;
};
int cache_known_in(struct cache *c, struct arena *a, int64_t folder,
                   const struct cache_range *ranges, size_t ranges_n, struct cache_known **out,
                   size_t *n, struct error *err) MUST_CHECK;
/* How many cache_known would give. */
int cache_known_count(struct cache *c, int64_t folder, uint64_t *n, struct error *err) MUST_CHECK;

/* Lists. */
enum cache_list_kind {
    LIST_FOLDER,
    LIST_INBOXES,      /* all accounts' INBOXes as one */
    LIST_CONVERSATION, /* of one thread, oldest first; as a message lies in folder if it does */
    LIST_DIFFERENT_THREADS, /* a folder's threads by their newest message, one row each */
    LIST_FOUND              /* messages that were found (find.h), as far as they are still there */
};
struct cache_key {
    int64_t date, id;
};
struct cache_hit {
    struct cache_key key; /* of the message */
    int64_t folder;       /* where it was found */
};
struct cache_query {
    enum cache_list_kind kind;
    int64_t folder; /* LIST_FOLDER, LIST_DIFFERENT_THREADS; may be 0 for LIST_CONVERSATION */
    int64_t thread; /* LIST_CONVERSATION */
    const struct cache_hit *hits; /* LIST_FOUND: newest first, each message once; borrowed */
    size_t hits_n;
};
enum cache_dir { CACHE_NEXT /* older, towards the end of the list */, CACHE_PREV };
struct cache_row {
    struct cache_key key;
    int64_t id; /* the message: what show and save take */
    int64_t folder, account, thread;
    uint32_t uid;
    unsigned flags; /* with the journal applied; CACHE_ATTACHMENT, CACHE_BODY_HERE too */
    int64_t date;
    uint64_t size;
    unsigned thread_n, thread_unread; /* LIST_DIFFERENT_THREADS */
    struct str from, to, subject, message_id, keywords;
    struct str parent; /* Message-ID of what it answers; empty when it answers nothing */
    struct str preview;
};
/* The next or previous *n rows after key (NULL: first or last page), in display order (newest
 * first; a conversation oldest first); strings live in a. *n becomes what there was. */
int cache_list(struct cache *c, struct arena *a, const struct cache_query *q,
               const struct cache_key *key, enum cache_dir dir, struct cache_row *rows, size_t *n,
               struct error *err) MUST_CHECK;
/* How many rows the list has, and how many are unread, from kept counts. LIST_FOUND: how many were
 * found; which are unread is not counted. */
int cache_list_count(struct cache *c, const struct cache_query *q, int64_t *total, int64_t *unread,
                     struct error *err) MUST_CHECK;
/* Rows before key in display order (0 for the first): for "37/1200"; bounded work, an estimate
 * further than 10,000 rows from both ends. */
int cache_list_position(struct cache *c, const struct cache_query *q, const struct cache_key *key,
                        int64_t *position, struct error *err) MUST_CHECK;
/* The next unread row after key (NULL: from the top). 1 when there is none. */
int cache_list_unread(struct cache *c, struct arena *a, const struct cache_query *q,
                      const struct cache_key *key, struct cache_row *row,
                      struct error *err) MUST_CHECK;
/* One row by message number, as it lies in folder (0: wherever). 1 when there is none. */
int cache_row_get(struct cache *c, struct arena *a, int64_t message, int64_t folder,
                  struct cache_row *row, struct error *err) MUST_CHECK;
/* The message's flat summary. 1 when there is none. */
int cache_summary(struct cache *c, struct arena *a, int64_t message, struct str *flat,
                  struct error *err) MUST_CHECK;
/* Message by Message-ID (with brackets). 1 when there is none. */
int cache_message_by_mid(struct cache *c, struct str message_id, int64_t *message,
                         struct error *err) MUST_CHECK;
/* The highest number that a message has; 0 when there is none. */
int cache_message_newest(struct cache *c, int64_t *message, struct error *err) MUST_CHECK;
/* Where a message lies on its server (what has a uid): up to *n places; *n becomes what there was.
 * What the person moved away here and the server still has counts too. */
struct cache_where {
    int64_t account, folder;
    uint32_t uid;
};
int cache_message_where(struct cache *c, int64_t message, struct cache_where *out, size_t *n,
                        struct error *err) MUST_CHECK;
/* Names of the folders that a message lies in. */
int cache_message_folders(struct cache *c, struct arena *a, int64_t message, struct str **names,
                          size_t *n, struct error *err) MUST_CHECK;

#endif
