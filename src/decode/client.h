/* SPDX-License-Identifier: MIT */
/* client.h - keeps one tmail-decode, asks it, starts it again when it dies, and marks the
 * message that killed it: one over which it died of itself or hung, or was twice killed from
 * outside. Every question ends: a worker that makes no progress for
 * DECODE_WAIT_MS is killed and counted as dead. A struct decode belongs to one thread.
 * Must not know: GMime, libxml2, how the worker does it. */
#ifndef TMAIL_DECODE_CLIENT_H
#define TMAIL_DECODE_CLIENT_H

#include "mime/summary.h"

enum {
    DECODE_WAIT_MS = 20000,
    DECODE_TEXT_MAX = 16 << 20,
    DECODE_SERVERS_MAX = 32,
    DECODE_XML_MAX = 256 << 10,
    DECODE_AHEAD_MAX = 256,   /* messages begun and not yet taken */
    DECODE_KEEP_MAX = 6 << 20 /* bytes kept to give them again to a new worker */
};

/* Where a message's bytes come from: either bytes, or read (appends up to want bytes from offset;
 * 0 bytes is the end). key names the message for the mark ("sha256 of the bytes", or any stable
 * name of at most 180 bytes without blanks); may be empty when there is none. */
struct decode_src {
    struct str bytes;
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    void *arg;
    struct str key;
};

struct decode;
/* worker_path NULL: the one beside the running program, else the installed one. marks_path: file of
 * keys that killed a worker (one a line, 0600), or NULL to remember them for this process only. The
 * worker is started at the first question. NULL when the marks cannot be read. */
struct decode *decode_new(const char *worker_path, const char *marks_path, struct error *err);
void decode_free(struct decode **d);
/* Starts the worker without waiting for it, so that the first question finds it warm. */
void decode_warm(struct decode *d);
/* Another patience than DECODE_WAIT_MS. */
void decode_patience(struct decode *d, int wait_ms);

/* Summary of a whole message (or of a header block alone); lives in a. 0; 1: this message killed
 * the worker, now or before: *out says so in damage, with what can be known without parsing (the
 * whole as one opaque part); -1. May be asked while others are under way and wholly fed: their
 * answers wait. */
int decode_summary(struct decode *d, struct arena *a, struct decode_src raw,
                   struct mime_summary *out, struct error *err) MUST_CHECK;
/* The same in steps, several messages under way: begin names one, feed as the bytes pass, with last
 * at its end; only then the next is begun. The answers are taken in the order of the begins.
 * ERR_LIMIT with DECODE_AHEAD_MAX under way: take first. A message of which only a part will ever
 * come is ended by feeding last: its summary is of what was there. decode_take: 0 with *tag and
 * *out; 1 when that message has no answer because a worker died (*tag and an opaque *out are set);
 * 2 nothing yet after wait_ms (-1: for ever), or nothing is under way; -1. When a worker dies, the
 * message that it was on is marked, and the others are given to a new one from the copy that is
 * kept of them. Beyond DECODE_KEEP_MAX there is no copy: those are answered with 1 and are not
 * marked, so that decode_summary can ask again. */
int decode_begin(struct decode *d, uint64_t tag, struct str key, struct error *err) MUST_CHECK;
int decode_feed(struct decode *d, uint64_t tag, struct str bytes, bool last,
                struct error *err) MUST_CHECK;
int decode_take(struct decode *d, struct arena *a, int wait_ms, uint64_t *tag,
                struct mime_summary *out, struct error *err) MUST_CHECK;

enum decode_span_kind {
    SPAN_QUOTE, /* level 1..n */
    SPAN_SIGNATURE,
    SPAN_LINK, /* level: index into links */
    SPAN_EMPHASIS,
    SPAN_STRONG,
    SPAN_HEADING,
    SPAN_CODE,
    SPAN_NOTE, /* a remark of ours ("2 pictures not loaded"), not the sender's words */
    SPAN_DIFF_ADD,
    SPAN_DIFF_DEL,
    SPAN_DIFF_HUNK
};
struct decode_span {
    size_t start, length; /* bytes of text */
    enum decode_span_kind kind;
    unsigned level;
};
struct decode_link {
    struct str target, text;
    bool lies; /* the text names another host than the target */
};
/* Displayable UTF-8 lines, LF-terminated; no line wider than asked for except words that cannot be
 * broken. Control characters may remain: the one gate is at the screen (tui) and at stdout (cli).
 * Spans never cross the end of a line; SPAN_QUOTE covers a whole line with its prefix. */
struct decode_text {
    struct str text;
    struct decode_span *spans;
    size_t spans_n;
    struct decode_link *links;
    size_t links_n;
    unsigned damage; /* enum mime_damage */
    unsigned trackers, pictures;
};

/* One leaf part as text at width columns. part gives the raw message; info says which bytes of it.
 * A part that is not text gives ERR_USAGE. width 0: not wrapped (for quoting in a reply, for
 * scripts). At most DECODE_TEXT_MAX bytes of the part are read; damage says when that was not all.
 * 1: this part killed the worker, now or before (it is marked alone: the other parts can still be
 * read). */
int decode_text(struct decode *d, struct arena *a, struct decode_src part,
                const struct mime_part_info *info, unsigned width, struct decode_text *out,
                struct error *err) MUST_CHECK;
/* A field's raw value, decoded and unfolded (RFC 2047), appended to out. 1: it killed the worker.
 */
int decode_header(struct decode *d, struct str raw, struct buf *out, struct error *err) MUST_CHECK;

/* What an autoconfig document names. Values are as they stand there, trimmed; %EMAILADDRESS% and the like
 * are not replaced. */
struct decode_server {
    enum { DECODE_IMAP, DECODE_POP3, DECODE_SMTP } proto;
    enum { DECODE_PLAIN, DECODE_STARTTLS, DECODE_TLS } tls;
    uint16_t port;
    bool password, oauth; /* how it says one can log in */
    struct str host, user;
};
struct decode_servers {
    struct str name; /* of the provider; may be empty */
    struct decode_server *servers;
    size_t n;
};
/* The servers of a document of at most DECODE_XML_MAX bytes; live in a. ERR_PARSE for what is none; 1: it
 * killed the worker. */
int decode_servers(struct decode *d, struct arena *a, struct str xml, struct decode_servers *out,
                   struct error *err) MUST_CHECK;

#endif
