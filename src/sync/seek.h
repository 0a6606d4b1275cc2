/* SPDX-License-Identifier: MIT */
/* seek.h - what the server has already: searches before something is repeated.
 * Must not know: the journal. */
#ifndef TMAIL_SYNC_SEEK_H
#define TMAIL_SYNC_SEEK_H

#include "cache/message.h"
#include "sync/account.h"
#include "sync/link.h"

/* The answer to a UID SEARCH. Cleared by seek_clear. */
struct seek {
    struct link_answer answer;
    bool answered; /* it said which, if any */
    uint32_t *uids;
    size_t n, cap;
};
/* Runs cmd, a search in the open folder, into f, which is empty. -1 when the link failed. */
int seek_uids(struct sync_account *w, struct str cmd, struct seek *f, struct error *err) MUST_CHECK;
bool seek_has(const struct seek *f, uint32_t uid);
void seek_clear(struct seek *f);
/* A message's Message-ID, in a; empty when it has none. */
int seek_message_id(struct sync_account *w, struct arena *a, int64_t message, struct str *out,
                    struct error *err) MUST_CHECK;
/* What is looked for: a message of the store by its Message-ID and, unless head is NULL, by its header
 * and size (head.h), since others may bear that id. */
struct seek_message {
    int64_t message;
    struct str id; /* empty: it has none, and is not found */
    const unsigned char *head;
};
/* Opens target and puts the newest uid there that is such a message, and that the store does not
 * know as another, into *uid; 0 when there is none. */
int seek_equal(struct sync_account *w, struct arena *a, const struct cache_folder *target,
               const struct seek_message *what, uint32_t *uid, struct error *err) MUST_CHECK;
/* Whether the folder has messages that the store does not know. */
int seek_news(struct sync_account *w, int64_t folder, bool *news, struct error *err) MUST_CHECK;

#endif
