/* SPDX-License-Identifier: MIT */
/* client.h - keeps one tmail-decode, asks it, starts it again when it dies, and marks the message that killed it.
 * Every question ends: a worker that does not answer in DECODE_WAIT_MS is killed and counted as dead.
 * A struct decode belongs to one thread.
 * Must not know: GMime, libxml2, how the worker does it. */
#ifndef TMAIL_DECODE_CLIENT_H
#define TMAIL_DECODE_CLIENT_H

#include "mime/summary.h"

enum { DECODE_WAIT_MS = 20000, DECODE_TEXT_MAX = 16 << 20 };

/* Where a message's bytes come from: either bytes, or read (appends up to want bytes from offset; 0 bytes is the end). key names the message
 * for the mark ("sha256 of the bytes", or any stable name); may be empty when there is none. */
struct decode_src {
    struct str bytes;
    int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err);
    void *arg;
    struct str key;
};

struct decode;
/* worker_path NULL: the installed one, or the one beside the running program. marks_path: file of keys that killed a worker (one a
 * line, 0600), or NULL to remember them for this process only. Started at the first question. */
struct decode *decode_new(const char *worker_path, const char *marks_path, struct error *err);
void decode_free(struct decode **d);
/* Starts the worker without waiting for it, so that the first question finds it warm. */
void decode_warm(struct decode *d);

/* Summary of a whole message; lives in a. 0; 1: this message killed the worker, now or before: *out says so in damage, with what can be
 * known without parsing (raw size; the whole as one opaque part); -1. */
int decode_summary(struct decode *d, struct arena *a, struct decode_src raw,
                   struct mime_summary *out, struct error *err) MUST_CHECK;
/* The same in steps, several messages under way: begin names one, feed as the bytes pass, take the answers in order of their begins.
 * decode_take: 0 with *tag and *out; 1 when that message killed the worker (*tag and an opaque *out are set); 2 nothing yet after wait_ms; -1. */
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
/* Displayable UTF-8 lines, LF-terminated; no line wider than asked for except words that cannot be broken. Control characters may
 * remain: the one gate is at the screen (tui) and at stdout (cli). */
struct decode_text {
    struct str text;
    struct decode_span *spans;
    size_t spans_n;
    struct decode_link *links;
    size_t links_n;
    unsigned damage; /* enum mime_damage */
    unsigned trackers, pictures;
};

/* One leaf part as text at width columns. part gives the raw message; info says which bytes of it. A part that is not text gives ERR_USAGE.
 * width 0: not wrapped (for quoting in a reply, for scripts). 1: this message killed the worker. */
int decode_text(struct decode *d, struct arena *a, struct decode_src part,
                const struct mime_part_info *info, unsigned width, struct decode_text *out,
                struct error *err) MUST_CHECK;
/* A field's raw value, decoded and unfolded (RFC 2047), appended to out. */
int decode_header(struct decode *d, struct str raw, struct buf *out, struct error *err) MUST_CHECK;

#endif
