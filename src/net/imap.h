/* SPDX-License-Identifier: MIT */
/* imap.h - the IMAP client: a queue of commands, written together, answered in any order the RFC
 * allows. IMAP4rev1 with what the server has of LITERAL+, IDLE, SASL-IR; extensions are the
 * caller's to use as imap_caps tells. Server text is never trusted nor shown as ours.
 * Must not know: folders of the store, what to fetch and why. */
#ifndef TMAIL_NET_IMAP_H
#define TMAIL_NET_IMAP_H

#include "net/login.h"
#include "net/stream.h"
#include "wire/imap_resp.h"

struct imap_options {
    struct endpoint endpoint;
    const struct net_login *login;
    struct net_cancel *cancel; /* may be NULL */
    struct log *log;
    int connect_ms, wait_ms; /* to be connected; longest silence while answers are due */
};
struct imap;
/* Connects, checks the greeting (PREAUTH in the clear with TLS required is refused), logs in, knows
 * the capabilities. Keeps cancel and log; login is used here alone. NULL with ERR_NET, ERR_TLS,
 * ERR_AUTH (with the server's reason; RETRY_LATER where it is a temporary one), ERR_PROTO,
 * ERR_REFUSED. */
struct imap *imap_open(const struct imap_options *o, struct error *err);
uint64_t imap_caps(const struct imap *i);
bool imap_secure(const struct imap *i);

/* Untagged responses while the command is the oldest unanswered one, whatever they are; where it
 * has no resp they go to the default handler. Return -1 to break off (the connection is closed).
 * chunk: bytes of a streamed literal: of any BODY[...] when the handler has chunk; its FETCH line
 * comes after the last chunk with a WIRE_STREAMED node. Without chunk, literals up to 1 MB become
 * nodes, longer ones are dropped (WIRE_STREAMED, its size told); so is what is longer than chunk_max
 * where that is not 0. Handlers may queue commands; they must not run or
 * close. */
struct imap_handler {
    int (*resp)(void *arg, const struct imap_resp *r, struct error *err);
    int (*chunk)(void *arg, uint32_t seq, struct str bytes, bool last, struct error *err);
    uint64_t chunk_max;
    /* The tagged answer, with its code; refused ones too. Called exactly once for each command,
     * also when the connection breaks (r NULL). */
    void (*done)(void *arg, const struct imap_resp *r);
    void *arg;
};
/* For what comes unasked (EXISTS, EXPUNGE, FETCH, VANISHED ...); ALERTs always come here as well.
 */
void imap_on_unsolicited(struct imap *i,
                         int (*resp)(void *arg, const struct imap_resp *r, struct error *err),
                         void *arg);

/* Queues a command line without tag and CRLF ("UID FETCH 1:* (FLAGS)"), strings in it quoted, no
 * literals: a CR, LF or NUL makes imap_run fail. h may be NULL; copied. Commands that must not be
 * on their way while a SELECT is are the caller's business: run between them. */
void imap_queue(struct imap *i, struct str cmd, const struct imap_handler *h);
void imap_queuef(struct imap *i, const struct imap_handler *h, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Queues APPEND of size bytes that read gives (appends up to want bytes at offset); LITERAL+ or a
 * wait for "+", as the server has it. mailbox in UTF-8; date in seconds, 0: the server's clock.
 * read is called until done is. */
void imap_queue_append(struct imap *i, struct str mailbox, unsigned flags, int64_t date,
                       uint64_t size,
                       int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                   struct error *err),
                       void *read_arg, const struct imap_handler *h);
/* A mailbox name (UTF-8) as an astring of a command, in modified UTF-7. ERR_USAGE. */
int imap_put_mailbox(struct buf *out, struct str name, struct error *err) MUST_CHECK;
/* Writes all that is queued in one go and dispatches until all of it is done, what handlers queue
 * meanwhile too. A NO or BAD is not an error here: done tells. -1 when the connection is no longer
 * usable. */
int imap_run(struct imap *i, struct error *err) MUST_CHECK;
/* One command with one handler, run to its end: ERR_REFUSED for NO (text in *err), ERR_PROTO for
 * BAD. */
int imap_command(struct imap *i, struct str cmd, const struct imap_handler *h,
                 struct error *err) MUST_CHECK;
/* IDLE in the selected mailbox until EXISTS, EXPUNGE, FETCH or VANISHED came to the default handler
 * (0), wake_fd is readable (1), or 28 minutes passed (2). -1 when broken, or ERR_REFUSED where the
 * server has no IDLE (the connection holds). Nothing may be queued. */
int imap_idle(struct imap *i, int wake_fd, struct error *err) MUST_CHECK;
/* LOGOUT, as far as it goes in half a second, and close. */
void imap_close(struct imap **i);

#endif
