/* SPDX-License-Identifier: MIT */
/* db.h - the store: one SQLite file (WAL) with migrations, a statement cache and transactions.
 * DESIGN §5. One handle per thread. What a person made is committed with synchronous=FULL, what
 * came from a server with NORMAL. A function of src/cache that fails has undone all since the
 * outermost begin.
 * Must not know: MIME, IMAP: rows and bytes only. */
#ifndef TMAIL_CACHE_DB_H
#define TMAIL_CACHE_DB_H

#include "base/buf.h"

enum cache_mode {
    CACHE_READ, /* the screen: never writes, never waits for a writer */
    CACHE_WRITE /* the hand, the engine, scripts: creates and migrates */
};
enum { CACHE_SCHEMA = 6 };

struct cache;
/* Creates (0600, its folder 0700) or migrates; refuses a newer schema with ERR_STORE and leaves it
 * untouched. A file that is no database, cannot be read or is corrupt gives ERR_STORE with a
 * sentence that says what to do. CACHE_READ on a store that is not there: ERR_NOINPUT; with
 * RETRY_NOW it is there but older, and any CACHE_WRITE brings it up to date. */
struct cache *cache_open(const char *path, enum cache_mode mode, struct error *err);
void cache_close(struct cache **c);
/* Transactions nest by counting; only the outermost commits. durable: fsynced before commit
 * returns. */
int cache_begin(struct cache *c, bool durable, struct error *err) MUST_CHECK;
int cache_commit(struct cache *c, struct error *err) MUST_CHECK;
/* Undoes all since the outermost begin. */
void cache_rollback(struct cache *c);
/* Where the store lies, borrowed. */
const char *cache_path(const struct cache *c);
/* A number that changes when another handle has committed something (PRAGMA data_version). */
int64_t cache_version(struct cache *c);
/* SQLite looks through all of it (PRAGMA quick_check). 1: not within wait_ms; ERR_STORE where something is
 * broken. */
int cache_check(struct cache *c, int wait_ms, struct error *err) MUST_CHECK;
/* Folds the write-ahead log back and gives free room to the disk, as far as nobody is in the way;
 * only the engine calls it: when it has been busy, and before it ends. */
void cache_checkpoint(struct cache *c);

#endif
