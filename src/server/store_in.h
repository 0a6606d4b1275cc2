/* SPDX-License-Identifier: MIT */
/* store_in.h - how the store's own files ask its thread: a job goes there and comes back answered.
 * Must not know: anything that store.h must not. */
#ifndef TMAIL_SERVER_STORE_IN_H
#define TMAIL_SERVER_STORE_IN_H

#include "server/store.h"

enum store_kind {
    STORE_OPEN,
    STORE_DONE,
    STORE_LIST,
    STORE_ACCOUNTS,
    STORE_CHANGE,
    STORE_SECRET,
    STORE_LOGIN,
    STORE_RCPT,
    STORE_RATE,
    STORE_RELOAD,
    STORE_FAULTS
};
struct store_job {
    struct msg m; /* kind: enum store_kind */
    struct queue *answer;
    char *account, *folder, *to; /* a login: account is the peer; a recipient: its two parts */
    enum desk_change change;
    bool make; /* of a login: it held */
    const struct server_options *options;
    uint64_t per_minute;
    int (*faults)(struct faults *f, struct store_job *j);
    const struct faults_question *question; /* the asker's, as all below */
    struct faults_hits *hits;
    struct buf *text;
    struct user_secret *secret;
    struct rcpt_list *rcpts;
    struct mailbox *box;
    int rc, delay_ms;
    struct error err;
    struct folder_list list;
};

struct store_job *store_job_new(enum store_kind kind, struct str account, struct str folder,
                                struct str to);
void store_job_drop(struct msg *m);
/* Takes j and gives it back answered. The store outlives every desk, so that there is always an
 * answer. */
struct store_job *store_ask(struct desk *d, struct store_job *j);

#endif
