/* SPDX-License-Identifier: MIT */
/* folder.h - accounts and folders: names, roles, sync state, kept counts.
 * Must not know: the names' encoding on the wire. */
#ifndef TMAIL_CACHE_FOLDER_H
#define TMAIL_CACHE_FOLDER_H

#include "cache/db.h"

enum cache_role {
    ROLE_NONE,
    ROLE_INBOX,
    ROLE_DRAFTS,
    ROLE_SENT,
    ROLE_TRASH,
    ROLE_ARCHIVE,
    ROLE_JUNK,
    ROLE_ALL
};
enum cache_folder_flag {
    FOLDER_NOSELECT = 1,
    FOLDER_SUBSCRIBED = 2,
    FOLDER_GONE = 4,    /* dropped by the server; kept while local changes are pending */
    FOLDER_NEW = 8,     /* made here; the server does not know it yet */
    FOLDER_REMOVED = 16 /* deleted here, where nobody sees it any more; the server still has it */
};

struct cache_folder {
    int64_t id, account;
    struct str name; /* UTF-8, the server's hierarchy with '/' */
    struct str wire; /* as the server calls it, bytes */
    char delim;
    enum cache_role role;
    unsigned flags;
    uint32_t uidvalidity, uidnext;
    uint64_t highestmodseq;
    int64_t total, unread;
    int64_t synced_at; /* seconds; 0 never */
    /* What the server said when all that it had was in the store: messages, unread ones (-1: not
     * known); when all was last compared, in seconds; the days whose bodies were wanted then
     * (config.h), FOLDER_OFFLINE_NEVER before. */
    int64_t there, there_unseen, compared_at;
    int offline;
};
enum { FOLDER_OFFLINE_NEVER = -2 };

/* Number of the account of that name, made on first mention. */
int cache_account_id(struct cache *c, struct str name, int64_t *id, struct error *err) MUST_CHECK;
/* Inserts or updates by (account, name); counts and sync state are left alone. f->id is set. */
int cache_folder_put(struct cache *c, struct cache_folder *f, struct error *err) MUST_CHECK;
/* What lies in it stays. name must not be taken. */
int cache_folder_rename(struct cache *c, int64_t folder, struct str name,
                        struct error *err) MUST_CHECK;
/* Sync state only: uidvalidity, uidnext, highestmodseq, synced_at and what follows it. */
int cache_folder_state(struct cache *c, const struct cache_folder *f, struct error *err) MUST_CHECK;
/* The next uid of a folder that lies here alone, higher than all before it. 1: no such folder. */
int cache_folder_next_uid(struct cache *c, int64_t folder, uint32_t *uid,
                          struct error *err) MUST_CHECK;
/* Removes the folder and its placements; messages that lie nowhere else go with it. Moves into it
 * are undone, what was to come there and lies nowhere else comes to INBOX instead, what was moved out
 * of it is appended to its target from here. */
int cache_folder_drop(struct cache *c, int64_t folder, struct error *err) MUST_CHECK;
/* All folders of an account (0: of all accounts): INBOX first, then by role, then by name. */
int cache_folders(struct cache *c, struct arena *a, int64_t account, struct cache_folder **out,
                  size_t *n, struct error *err) MUST_CHECK;
/* 0; 1 when there is none. */
int cache_folder_get(struct cache *c, struct arena *a, int64_t folder, struct cache_folder *out,
                     struct error *err) MUST_CHECK;
int cache_folder_by_name(struct cache *c, struct arena *a, int64_t account, struct str name,
                         struct cache_folder *out, struct error *err) MUST_CHECK;
int cache_folder_by_role(struct cache *c, struct arena *a, int64_t account, enum cache_role role,
                         struct cache_folder *out, struct error *err) MUST_CHECK;
/* Bits that say what the account's server can; 0 before any were put. */
int cache_account_caps(struct cache *c, int64_t account, uint64_t *caps,
                       struct error *err) MUST_CHECK;
int cache_account_caps_put(struct cache *c, int64_t account, uint64_t caps,
                           struct error *err) MUST_CHECK;
/* Name of an account; empty when there is none. */
int cache_account_name(struct cache *c, struct arena *a, int64_t account, struct str *out,
                       struct error *err) MUST_CHECK;

#endif
