/* SPDX-License-Identifier: MIT */
/* probe.h - an engine for one question (`tmail-sync --probe`): no store, no lock, no configuration
 * file. One JSON line with the question comes in: {"probe": KIND, ...}. Lines go out as there is
 * something to tell: {"say": "progress", "text": SENTENCE}, findings of the kind's own, questions
 * {"say": "ask", "id": N, "what": "text" | "secret" | "yes", "text": SENTENCE} that are answered with
 * {"answer": N, "text": ANSWER}, and {"say": "end", "code": enum error_code, "later": true, "text": SENTENCE}.
 * When the input ends, or a signal says so, all is broken off. The kind runs in a thread of its own;
 * the caller's thread reads, writes and keeps the time.
 * Must not know: what is asked. */
#ifndef TMAIL_SYNC_PROBE_H
#define TMAIL_SYNC_PROBE_H

#include <jansson.h>

#include "base/log.h"
#include "net/stream.h"

enum { PROBE_LINE_MAX = 1 << 20, PROBE_ASK_MS = 900000, PROBE_END_MS = 2000 };

struct probe;
struct probe_kind {
    const char *name;
    int wait_ms; /* for all of it; the time in which the person thinks does not count */
    /* question is borrowed. 0, or -1 with *err, which the end tells. */
    int (*run)(struct probe *p, const json_t *question, struct error *err);
};
extern const struct probe_kind probe_kinds[];
extern const size_t probe_kinds_n;

struct probe_setup {
    const struct probe_kind *kinds;
    size_t kinds_n;
    int in, out;
    int stop_fd; /* readable: break off */
    struct log *log;
};
/* Serves the one question. 0: the end was told, whatever it says; 1: a thread hangs in the system,
 * leave by _exit; -1: there was no question. */
int probe_serve(const struct probe_setup *setup, struct error *err) MUST_CHECK;

/* For the kinds. Takes line and says it. Any thread of the kind. */
void probe_say(struct probe *p, json_t *line);
/* "progress" with a sentence. Any thread of the kind. */
void probe_progress(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Asks the person and waits: what is "text", "secret" or "yes" (answered with "yes" or nothing). The
 * answer is appended; an empty one is an answer. -1 with ERR_CANCELLED. The kind's first thread alone. */
int probe_ask(struct probe *p, const char *what, const char *text, struct buf *answer,
              struct error *err) MUST_CHECK;
/* Set when all is broken off; for the streams. */
struct net_cancel *probe_cancel(const struct probe *p);
struct log *probe_log(const struct probe *p);

#endif
