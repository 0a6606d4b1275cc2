/* SPDX-License-Identifier: MIT */
/* spool.h - mail on its way to others, on the disk: ROOT/queue/ID.msg has the message as it is
 * sent, ROOT/queue/ID.env who gets it and what became of it. A message is in the queue from the
 * rename of its .env on until that file is removed; whatever else lies there is what a crash left,
 * and is swept. Nothing is read or written through a link or a second name.
 * Must not know: when to try, how mail is sent. */
#ifndef TMAIL_SERVER_SPOOL_H
#define TMAIL_SERVER_SPOOL_H

#include "base/log.h"
#include "server/spill.h"

enum { SPOOL_ID_MAX = 32, SPOOL_ENV_MAX = 1 << 20 };

enum spool_state { SPOOL_WAITING, SPOOL_DONE, SPOOL_FAILED };
struct spool_rcpt {
    char *address;
    char *account; /* NULL: elsewhere; else delivered by the agent */
    char *orcpt;   /* xtext; NULL: not given */
    unsigned notify;
    enum spool_state state;
    bool told; /* the sender knows, or does not want to */
    /* Of the last attempt: */
    unsigned code;
    char *enhanced, *host, *why; /* NULL: none yet */
};
struct spool_env {
    char id[SPOOL_ID_MAX]; /* letters and digits */
    char *sender;          /* "": the null sender */
    char *envid;           /* xtext; NULL: not given */
    unsigned ret;
    bool utf8, eight_bit, warned;
    int64_t arrived_at, next_at;
    unsigned tries;
    uint64_t size; /* of the message */
    struct spool_rcpt *rcpts;
    size_t rcpts_n;
};
void spool_env_clear(struct spool_env *env);
/* One more recipient; takes copies. account and orcpt may be NULL. */
struct spool_rcpt *spool_env_add(struct spool_env *env, const char *address, const char *account,
                                 const char *orcpt, unsigned notify);
/* The text of an .env file and back; pure. -1: this is none. */
void spool_env_put(const struct spool_env *env, struct buf *out);
int spool_env_read(struct str text, struct spool_env *env, struct error *err) MUST_CHECK;

struct spool;
/* ROOT/queue, made if missing. Keeps log. */
struct spool *spool_open(int root, struct log *log, struct error *err);
void spool_close(struct spool **s);
/* Each message that is there, in no order; found takes what is in env. What is damaged is logged and
 * left alone; what a crash left is removed. */
typedef void spool_found_fn(void *arg, struct spool_env *env);
int spool_load(struct spool *s, spool_found_fn *found, void *arg, struct error *err) MUST_CHECK;
/* Durable on 0; nothing is left on -1. */
int spool_add(struct spool *s, const struct spool_env *env, const struct spill *message,
              struct error *err) MUST_CHECK;
/* What became of it meanwhile, durable on 0. */
int spool_update(struct spool *s, const struct spool_env *env, struct error *err) MUST_CHECK;
int spool_remove(struct spool *s, const char *id, struct error *err) MUST_CHECK;
/* The message for reading; a descriptor of the caller's own, or -1. */
int spool_message(const struct spool *s, const char *id, struct error *err);
/* Appends up to want bytes of it from at on; 0 bytes is the end. */
int spool_read(int message, uint64_t at, size_t want, struct buf *out,
               struct error *err) MUST_CHECK;

#endif
