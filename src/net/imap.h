/* SPDX-License-Identifier: MIT */
/* imap.h - the IMAP client: a queue of commands, written together, answered in any order the RFC
 * allows. IMAP4rev1 and rev2 with what the server has of LITERAL+ and LITERAL-, ID, ENABLE, IDLE,
 * NOTIFY, COMPRESS, SASL-IR; other extensions are the caller's to use as imap_caps tells. Server
 * text is never trusted nor shown as ours.
 * Must not know: folders of the store, what to fetch and why. */
#ifndef TMAIL_NET_IMAP_H
#define TMAIL_NET_IMAP_H

#include "net/facts.h"
#include "net/login.h"
#include "net/stream.h"
#include "wire/imap_resp.h"

struct imap;
struct imap_options {
    struct endpoint endpoint;
    const struct net_login *login;
    struct net_cancel *cancel; /* may be NULL */
    struct log *log;
    int connect_ms, wait_ms; /* to be connected; longest silence while answers are due */
    /* Of CAP_QRESYNC, CAP_CONDSTORE, CAP_UTF8_ACCEPT, CAP_IMAP4REV2: what to ENABLE where it is offered
     * (RFC 5161). Sent with the first command after the login, as ID is (RFC 2971; name and version
     * alone), so that neither costs a round trip. */
    uint64_t enable;
    /* Kept; NULL: none. Capabilities that this server offers and does not have: imap_caps leaves
     * them out, and what proves to be none is added, so that the next connection does without
     * (LITERAL+, LITERAL-, MOVE, IDLE, NOTIFY, COMPRESS, ENABLE, ID, SASL-IR). */
    uint64_t *lies;
    /* What the server could after the last login (imap_caps); 0: not known. The first commands go with
     * the last line of the login (but for one by a token): early queues them, with imap_caps as
     * expected. They are refused with the login. May be NULL. */
    uint64_t expected;
    void (*early)(void *arg, struct imap *i);
    void *early_arg;
    struct net_facts *facts; /* NULL: nobody asks */
};
/* Connects, checks the greeting (PREAUTH in the clear with TLS required is refused), logs in, knows
 * the capabilities. Keeps cancel and log; login is used here alone. NULL with ERR_NET, ERR_TLS,
 * ERR_AUTH (with the server's reason; RETRY_LATER where it is a temporary one), ERR_PROTO,
 * ERR_REFUSED. */
struct imap *imap_open(const struct imap_options *o, struct error *err);
uint64_t imap_caps(const struct imap *i);
/* What the server said is enabled; known once the first command was answered. */
uint64_t imap_enabled(const struct imap *i);
/* The largest message that APPEND may carry, from the capability; 0: not said (RFC 7889). */
uint64_t imap_append_limit(const struct imap *i);
/* True where names of mailboxes are UTF-8 on this link: UTF8=ACCEPT or IMAP4rev2 is enabled (or was
 * asked for and not answered yet), or the server speaks IMAP4rev2 alone. With UTF8=ACCEPT enabled
 * SEARCH takes no CHARSET (RFC 6855 §3). */
bool imap_utf8(const struct imap *i);
bool imap_secure(const struct imap *i);
/* The server let us in without a login (RFC 3501 §7.1.4). */
bool imap_preauth(const struct imap *i);
/* COMPRESS=DEFLATE (RFC 4978): from here on both directions are deflated. Nothing may be queued.
 * ERR_REFUSED where the server will not (the link holds). */
int imap_compress(struct imap *i, struct error *err) MUST_CHECK;
bool imap_compressed(const struct imap *i);

/* True for a refusal that says nothing about what was asked for: the server has trouble, or too much to
 * do. login: of a login, where less is believed, since it may be the password after all. */
bool imap_passes(enum imap_code code, struct str text, bool login);

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
 * literals: a CR, LF or NUL makes imap_run fail. h may be NULL; copied. Commands go out together,
 * except that RFC 3501 §5.5 and prudence let some wait for the answers to all before them: one with
 * message sequence numbers behind what may renumber, one that changes a mailbox behind a SELECT
 * whose end is not known. */
void imap_queue(struct imap *i, struct str cmd, const struct imap_handler *h);
void imap_queuef(struct imap *i, const struct imap_handler *h, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of pieces: the second, fourth ... are strings of any bytes (no NUL), sent as literals:
 * {"UID SEARCH CHARSET UTF-8 SUBJECT ", "caf\xC3\xA9", " UNSEEN"}. */
void imap_queue_pieces(struct imap *i, const struct str *pieces, size_t n,
                       const struct imap_handler *h);
/* What is queued from here on goes out when all before it is answered. */
void imap_barrier(struct imap *i);

/* A message for APPEND: size bytes that read gives (appends up to want bytes at offset; called until
 * done is). date in seconds, 0: the server's clock. */
struct imap_upload {
    unsigned flags;      /* enum imap_flag */
    struct str keywords; /* blank separated */
    int64_t date;
    uint64_t size;
    bool
        utf8; /* its header has 8-bit characters: told where UTF8=ACCEPT is enabled (RFC 6855 §4) */
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    void *read_arg;
};
/* Queues APPEND with LITERAL+ or a wait for "+", as the server has it. Borrows u. */
void imap_queue_upload(struct imap *i, struct str mailbox, const struct imap_upload *u,
                       const struct imap_handler *h);
/* The same with what most need. */
void imap_queue_append(struct imap *i, struct str mailbox, unsigned flags, int64_t date,
                       uint64_t size,
                       int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                   struct error *err),
                       void *read_arg, const struct imap_handler *h);

/* Names of mailboxes. Responses (LIST, STATUS, NAMESPACE) tell them, and commands take them, in one
 * form, whatever the link: in modified UTF-7 (RFC 3501 §5.1.3); a name that the server has in no
 * sound form stands as it sent it. What was heard on one link can be said on another, byte for
 * byte. */
/* The name as an astring of a command on this link. ERR_REFUSED for one that no command can
 * carry. */
int imap_put_name(struct imap *i, struct buf *out, struct str name, struct error *err) MUST_CHECK;
/* False for an empty name, control characters, more than a command may carry. */
bool imap_name_goes(struct str name);
/* Appends it as UTF-8 for people; and the name of what a person calls so (ERR_REFUSED). */
void imap_name_text(struct str name, struct buf *out);
int imap_name_make(struct str text, struct buf *out, struct error *err) MUST_CHECK;

/* "UID SEARCH" of criteria in the selected mailbox (pieces as in imap_queue_pieces, without these two
 * words; ESEARCH where offered), run to its end: the UIDs as a set appended to *set, empty when
 * nothing was found. ERR_REFUSED (BADCHARSET, too hard), ERR_PROTO, ERR_LIMIT. */
enum { IMAP_FOUND_MAX = 1 << 20 }; /* UIDs, and bytes of their set */
int imap_search(struct imap *i, const struct str *pieces, size_t n, struct buf *set,
                struct error *err) MUST_CHECK;
/* No mailbox is selected any more, nothing expunged: UNSELECT (RFC 3691), else EXAMINE and CLOSE of
 * what is selected (mailbox, as in a command). Queued; h may be NULL. */
void imap_queue_unselect(struct imap *i, struct str mailbox, const struct imap_handler *h);
/* Writes all that is queued in one go and dispatches until all of it is done, what handlers queue
 * meanwhile too. A NO or BAD is not an error here: done tells. -1 when the connection is no longer
 * usable. */
int imap_run(struct imap *i, struct error *err) MUST_CHECK;
/* One command with one handler, run to its end: ERR_REFUSED for NO (text in *err), ERR_PROTO for
 * BAD. */
int imap_command(struct imap *i, struct str cmd, const struct imap_handler *h,
                 struct error *err) MUST_CHECK;
/* The same of pieces, as imap_queue_pieces. */
int imap_command_pieces(struct imap *i, const struct str *pieces, size_t n,
                        const struct imap_handler *h, struct error *err) MUST_CHECK;
/* IDLE in the selected mailbox until EXISTS, EXPUNGE, FETCH or VANISHED came to the default handler
 * (0), wake_fd is readable (1), or 28 minutes passed (2). After imap_notify also until STATUS, LIST
 * or NOTIFICATIONOVERFLOW came. -1 when broken, or ERR_REFUSED where the server has no IDLE (the
 * connection holds). Nothing may be queued. */
int imap_idle(struct imap *i, int wake_fd, struct error *err) MUST_CHECK;
/* NOTIFY (RFC 5465): from here on the server says by itself what happens, without IDLE: by STATUS
 * for each mailbox that changed (any of MESSAGES, UIDNEXT, UIDVALIDITY, UNSEEN and, where CONDSTORE
 * is there, HIGHESTMODSEQ: what did not change may be left out), by LIST where a mailbox came, went
 * (\NonExistent) or was renamed (old_name). All of that comes to the default handler; the STATUS of
 * every watched mailbox comes first, before this returns. spec: what stands behind "NOTIFY SET
 * STATUS "; NULL: the events of all personal mailboxes. Let no mailbox be selected: with one, its
 * own events come as in IDLE, and Dovecot 2.3 forgets some of them unless imap_idle does the
 * waiting. After NOTIFICATIONOVERFLOW the server is silent: ask again, or poll. ERR_REFUSED: it
 * will not (the connection holds). */
int imap_notify(struct imap *i, const char *spec, struct error *err) MUST_CHECK;
/* After imap_notify: waits as imap_idle does, and sends nothing; wait_ms: at most, of which a NOOP
 * should follow within 29 minutes. */
int imap_listen(struct imap *i, int wake_fd, int wait_ms, struct error *err) MUST_CHECK;
/* LOGOUT, as far as it goes in half a second, and close. */
void imap_close(struct imap **i);

#endif
