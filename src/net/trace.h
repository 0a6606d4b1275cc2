/* SPDX-License-Identifier: MIT */
/* trace.h - the dialogues in the log at its debug level, a line each and cut where it is long:
 * "imap.example.org > A3 SELECT INBOX", "imap.example.org < A3 OK". Messages are told by their size,
 * secrets not at all: what belongs to a login is never given to it.
 * Must not know: what the lines mean. */
#ifndef TMAIL_NET_TRACE_H
#define TMAIL_NET_TRACE_H

#include "base/log.h"
#include "wire/imap_token.h"

enum { TRACE_LINE_MAX = 300 };

/* Lines that go out, with or without the CRLF of the last. */
void trace_out(struct log *log, const char *host, struct str lines);
/* The first word of a command whose rest is nobody's business, where it looks like one. */
void trace_verb(struct log *log, const char *host, struct str line);
/* A line that came in. */
void trace_in(struct log *log, const char *host, struct str line);
/* The same of IMAP, as it was taken apart; literals as {size}. */
void trace_in_imap(struct log *log, const char *host, const struct wire_node *line);

#endif
