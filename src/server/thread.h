/* SPDX-License-Identifier: MIT */
/* thread.h - threads of messages (RFC 5256 §3): ORDEREDSUBJECT and REFERENCES. Pure, iterative, in
 * n log n time; what messages say about each other is kept as digests, not as text.
 * Must not know: mailboxes, how headers are read. */
#ifndef TMAIL_SERVER_THREAD_H
#define TMAIL_SERVER_THREAD_H

#include "base/buf.h"

struct thread;
struct thread_message {
    uint32_t name; /* the number it is answered with */
    int64_t date;
    bool reply;         /* its subject is that of an answer or a forwarded one */
    struct str subject; /* base subject in the form of sort_text; copied */
    struct str message_id, references, in_reply_to; /* fields as they stand */
};

struct thread *thread_new(void);
void thread_free(struct thread **t);
/* The next one in the mailbox. ERR_LIMIT when there is too much to remember. */
int thread_add(struct thread *t, const struct thread_message *m, struct error *err) MUST_CHECK;
/* Appends "(1)(2 3)...", once for each t. */
void thread_put_subjects(struct thread *t, struct buf *out);
void thread_put_references(struct thread *t, struct buf *out);

#endif
