/* SPDX-License-Identifier: MIT */
/* pop.h - what a POP3 account has fetched: a row for each message that lies on the server, so that
 * it comes in once, and is deleted there only when it is safe here. A row stays when the person
 * removes its message here. When the server lists it no more it stays for a while without holding
 * anything back: a server that was rebuilt gives its messages other unique-ids, and they are known
 * again by their bytes.
 * Must not know: the protocol, how long mail is kept on the server. */
#ifndef TMAIL_CACHE_POP_H
#define TMAIL_CACHE_POP_H

#include "cache/message.h"

struct cache_pop {
    struct str uid;     /* what the plan calls it: the server's unique-id, with something behind
                           it where the server lists one twice */
    int64_t message;    /* 0: the person has removed it here */
    int64_t fetched_at; /* seconds; 0: its headers alone are here */
    int64_t gone_at;    /* seconds; since then the server did not list it; 0: it does */
    bool deleting;      /* DELE was about to be sent: it may be gone from the server */
};
/* A message that came in (as for cache_message_put) gets its row, and a place in
 * folder under the next local uid. A row whose message is gone from the server and had the same
 * bytes is taken over instead: what the person did with that message stands. Without effect for a
 * uid that the server has listed all along. */
int cache_pop_put(struct cache *c, const struct cache_message *m, int64_t folder, struct str uid,
                  struct error *err) MUST_CHECK;
/* All rows of the account, in the order of their uids' bytes; strings live in a. */
int cache_pop_all(struct cache *c, struct arena *a, int64_t account, struct cache_pop **out,
                  size_t *n, struct error *err) MUST_CHECK;
/* The server does not list them since gone_at. */
int cache_pop_gone(struct cache *c, int64_t account, const struct str *uids, size_t n,
                   int64_t gone_at, struct error *err) MUST_CHECK;
/* The rows were made with that server (a number for host, port and user). If they were made with
 * another one, its unique-ids say nothing here: all are gone, so that all is fetched once and known
 * again by its bytes. */
int cache_pop_server(struct cache *c, int64_t account, int64_t server, int64_t now,
                     struct error *err) MUST_CHECK;
/* *lies: the account was fetched by POP3 and has messages, which may lie nowhere else. */
int cache_pop_lies(struct cache *c, int64_t account, bool *lies, struct error *err) MUST_CHECK;
int cache_pop_forget(struct cache *c, int64_t account, const struct str *uids, size_t n,
                     struct error *err) MUST_CHECK;
/* Notes that they are about to be deleted on the server. After 0 this and all that was committed
 * before, by whomever, is on the disk. */
int cache_pop_deleting(struct cache *c, int64_t account, const struct str *uids, size_t n,
                       struct error *err) MUST_CHECK;
/* The server would not delete them: they lie there as before. */
int cache_pop_kept(struct cache *c, int64_t account, const struct str *uids, size_t n,
                   struct error *err) MUST_CHECK;

#endif
