/* SPDX-License-Identifier: MIT */
/* imap_conn.h - what the files of the IMAP client share: its state, what is queued, what has
 * come. imap_out.c has the bytes to be sent, imap_cmds.c the commands, imap_login.c greeting and
 * login, imap_wait.c IDLE and NOTIFY, imap.c what comes, and the rest.
 * Must not know: who uses the client. */
#ifndef TMAIL_NET_IMAP_CONN_H
#define TMAIL_NET_IMAP_CONN_H

#include "net/deflate.h"
#include "net/imap.h"

/* What a command is to those queued behind it. */
enum command_trait {
    TRAIT_NUMBERS = 1, /* names messages by sequence numbers */
    TRAIT_KEEPS = 2,   /* no EXPUNGE may come with its answers (RFC 3501 §7.4.1) */
    TRAIT_SELECTS = 4,
    TRAIT_CHANGES = 8,
    TRAIT_LITERAL_PLUS = 16, /* carries a literal that did not wait */
    TRAIT_COMPRESSES = 32,
    TRAIT_MOVES = 128,
    TRAIT_CLEAN = 64 /* of one that SELECTS: no mailbox stays open when it is refused */
};

struct command {
    struct command *next;
    char tag[16];
    uint64_t start; /* of the stream of bytes we send */
    unsigned traits;
    struct imap_handler h;
};

/* A piece of what is to be sent: bytes, or what read gives. */
struct segment {
    struct segment *next;
    struct buf bytes;
    size_t pos;
    const struct command *owner; /* of a literal and what follows it; NULL: bytes of any commands */
    bool wait_plus;              /* only after a continuation request */
    bool barrier;                /* only when what was queued before is answered */
    uint64_t from;               /* of the stream of bytes we send */
    bool begun; /* TLS wants a write repeated with the same bytes: nothing may be added now */
    uint64_t left, offset; /* of read */
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    void *read_arg;
};

enum { IMAP_LINES_MAX = 16 << 20 /* responses to one command */ };

/* What makes names of mailboxes UTF-8 (RFC 6855 §3, RFC 9051 §5.1). */
#define IMAP_UTF8_NAMES (CAP_UTF8_ACCEPT | CAP_IMAP4REV2)

enum plus_state { PLUS_NONE, PLUS_WANTED, PLUS_GOT };

struct imap {
    struct stream *stream;
    struct wire_imap *parser;
    struct log *log;
    struct buf in;
    struct command *commands, **commands_end; /* oldest first */
    struct segment *segments, **segments_end;
    uint64_t queued, sent; /* bytes, since the beginning */
    uint64_t behind;       /* what was queued before waits for nobody behind it: the last barrier */
    uint64_t lines, lines_max;
    unsigned next_tag;
    uint64_t caps, enable, enabled, append_limit;
    uint64_t enabling;   /* asked for, not answered yet */
    bool named;          /* a name was sent that is another one if enabling comes to nothing */
    bool garbled;        /* the link ends because of what the server said */
    bool misnamed;       /* and it came to nothing */
    struct buf names[6]; /* of a response */
    uint64_t *lies;
    uint64_t expected; /* capabilities after the login; 0: early is over, or never was */
    void (*early)(void *arg, struct imap *i);
    void *early_arg;
    struct deflater *deflater; /* NULL: the link is not deflated */
    struct buf raw, packed;    /* not inflated yet, deflated and not sent yet */
    enum plus_state plus;
    int wait_ms;
    bool secure, preauth, broken, closing, caps_known, event, unfit;
    bool may_be_open; /* a mailbox, when all that is queued is done */
    bool hello_due;   /* ID and ENABLE go out with the next command */
    bool hello_said;
    bool noticing;  /* after NOTIFY: STATUS and LIST are events too */
    bool unflushed; /* deflated bytes that the other side cannot read yet */
    struct imap_handler unsolicited;
    struct imap_handler challenge; /* resp gets the "+" of a login */
    struct imap_handler streaming; /* who gets the chunks of the literal under way */
    uint32_t streaming_seq;
    struct net_facts *facts; /* while it is being opened; NULL */
    char host[256];
};

/* The capabilities that r tells, without those that this server only claims to have. */
void imap_caps_set(struct imap *i, const struct imap_resp *r);
/* caps are none: not on this link, nor on the next. */
void imap_lie(struct imap *i, uint64_t caps);
/* What goes out with ENABLE. */
uint64_t imap_to_enable(const struct imap *i);
/* Names in r in the form that imap.h has, where they came in UTF-8; good until the next one. */
void imap_names_read(struct imap *i, struct imap_resp *r);
/* ERR_USAGE for what was queued and cannot be sent, ERR_NET for a link that is over. */
int imap_usable(struct imap *i, struct error *err);
/* Moves on in both directions, waiting where neither goes. */
int imap_step(struct imap *i, int wait_ms, struct error *err);
/* Reads and dispatches what is there: 0, 2 when there is nothing, -1. */
int imap_pump_in(struct imap *i, struct error *err);

/* Queues a command's tag, bytes to follow by imap_queue_bytes; h may be NULL; copied. */
struct command *imap_command_add(struct imap *i, const struct imap_handler *h);
/* Takes c out of the list, tells its owner and frees it. */
void imap_command_done(struct imap *i, struct command *c, const struct imap_resp *r);
/* owner: the command whose refusal takes these bytes away again; NULL: none. */
void imap_queue_bytes(struct imap *i, const struct command *owner, struct str bytes);
/* Bytes that may go only after a continuation request. */
void imap_queue_waiting(struct imap *i, const struct command *owner, struct str bytes);
/* Bytes that u gives, after a continuation request with wait_plus. */
void imap_queue_read(struct imap *i, const struct command *owner, const struct imap_upload *u,
                     bool wait_plus);
/* RFC 7888: a literal of this size need not wait here. */
bool imap_literal_plus(const struct imap *i, uint64_t size);
/* Sends what the link takes in one turn. *blocked: there is more, and the link is what it waits
 * for. */
int imap_pump_out(struct imap *i, bool *blocked, struct error *err);
/* Takes away what c had still to send: allowed where it was waiting to be asked for it. */
int imap_drop_unsent(struct imap *i, const struct command *c, struct error *err);
/* The connection is over: everybody who waits is told, once. What they queue now waits for the next
 * run, to fail there. Returns -1. */
int imap_break_off(struct imap *i);
/* ERR_PROTO; what goes to the log. Returns -1. */
int imap_protocol_error(struct imap *i, const char *what, struct error *err);
/* libcurl gave up: where the server said why it will not talk, *err is told with its words. */
void imap_not_greeted(struct imap *i, struct str said, struct error *err);
/* Reads the greeting (or takes it from said) and learns the capabilities. */
int imap_greet(struct imap *i, const struct imap_options *o, struct str said, struct error *err);
int imap_log_in(struct imap *i, const struct net_login *l, const struct endpoint *ep,
                struct error *err);

#endif
