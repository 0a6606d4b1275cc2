/* SPDX-License-Identifier: MIT */
/* folder_op.h - folders that the person makes, renames, deletes, subscribes to: seen here at once,
 * and recorded in the journal for the server, in one durable transaction. Their operations have no
 * message; they go out in the order in which they were made, each after all older operations on
 * messages of its folder and before all newer ones (doc/journal.md).
 * Must not know: IMAP commands, the names' encoding on the wire. */
#ifndef TMAIL_CACHE_FOLDER_OP_H
#define TMAIL_CACHE_FOLDER_OP_H

#include "cache/journal.h"

enum { CACHE_FOLDER_NAME_MAX = 500 /* bytes */ };

/* A new folder; '/' in name (UTF-8) parts the levels. ERR_USAGE for a name that cannot be one, or
 * that is taken. */
int cache_folder_create(struct cache *c, int64_t account, struct str name, int64_t *folder,
                        struct error *err) MUST_CHECK;
/* With all folders below it. What lies in them stays. ERR_USAGE; not for INBOX. */
int cache_folder_move(struct cache *c, int64_t folder, struct str name,
                      struct error *err) MUST_CHECK;
/* ERR_USAGE for INBOX, for a folder with others below it, and, unless with_mail, for one with mail
 * in it: that goes with the folder. */
int cache_folder_delete(struct cache *c, int64_t folder, bool with_mail,
                        struct error *err) MUST_CHECK;
int cache_folder_subscribe(struct cache *c, int64_t folder, bool subscribed,
                           struct error *err) MUST_CHECK;
/* True while one of these waits: what the server lists is not what is here. */
int cache_folder_ops_open(struct cache *c, int64_t account, bool *open,
                          struct error *err) MUST_CHECK;
/* The server's name of a folder, after it has taken it. */
int cache_folder_wire(struct cache *c, int64_t folder, struct str wire,
                      struct error *err) MUST_CHECK;
/* Quota of an account as its server told last, in units of 1,024 bytes; -1: not known. */
int cache_quota_put(struct cache *c, int64_t account, int64_t used, int64_t limit,
                    struct error *err) MUST_CHECK;
int cache_quota_get(struct cache *c, int64_t account, int64_t *used, int64_t *limit,
                    struct error *err) MUST_CHECK;

/* Inside of src/cache, in the caller's transaction: the server did it, or would not. */
int folder_op_done(struct cache *c, const struct cache_op *op, struct error *err) MUST_CHECK;
int folder_op_failed(struct cache *c, const struct cache_op *op, struct error *err) MUST_CHECK;

#endif
