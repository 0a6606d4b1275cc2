/* SPDX-License-Identifier: MIT */
/* control.h - the socket ROOT/control over which `tmaild queue list` and its like speak to a server
 * that runs. A request is one line, its words with tabs between; the answer is "ok", then lines with
 * dots stuffed and "." at the end (as in POP3), or "error SENTENCE". Only the server's own user and
 * root are heard. A thread of its own accepts, and each request has one, so that a long one holds up
 * nobody.
 * Must not know: what the commands do. */
#ifndef TMAIL_SERVER_CONTROL_H
#define TMAIL_SERVER_CONTROL_H

#include "base/buf.h"
#include "base/log.h"

enum {
    CONTROL_LINE_MAX = 64 << 10,
    CONTROL_WORDS_MAX = 100,
    CONTROL_REQUESTS_MAX = 16, /* at a time */
    CONTROL_WAIT_MS = 30000    /* for the request, and for room to answer */
};

struct control_command {
    const char *name; /* its words, one blank between: "queue list" */
    /* On a thread of the request: words behind the name; what it has to say is appended to out. 0;
     * -1 with a sentence. NULL ends a list. */
    int (*run)(void *arg, const struct str *words, size_t n, struct buf *out, struct error *err);
};

struct control;
/* Binds ROOT/control, in the place of one that a dead server left; root is the open folder, kept. */
struct control *control_new(int root, struct log *log, struct error *err);
/* Commands up to the one without run; keeps both. Before control_start. */
void control_add(struct control *c, const struct control_command *commands, void *arg);
int control_start(struct control *c, struct error *err) MUST_CHECK;
/* Requests under way end first. */
void control_stop(struct control **c);

/* The other end: asks the server of root (a path) and appends its answer to out. ERR_NET when no
 * server runs there; its own sentence when it refuses. */
int control_ask(const char *root, const char *const *words, size_t n, struct buf *out,
                struct error *err) MUST_CHECK;

#endif
